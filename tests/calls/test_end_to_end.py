"""The whole story in simulated time, and what becomes of it when something is wrong."""

import pytest

from firmware_sim.clock import seconds
from firmware_sim.t4.page import difference
from rig.bench import ExpectationError
from rig.report.record import Status
from rig.scenarios import end_to_end
from rig.service.convert import pages_of_pdf

from .conftest import DOCUMENTS

SUCCESS, ABORT, ERROR, CONVERT_FAILED = range(4)
TWO_PAGES = DOCUMENTS / "two_pages.pdf"


def submit(bench, number="201", path=TWO_PAGES):
    return bench.service.submit(path.read_bytes(), path.name, number)


def printed(bench):
    return bench.machine("fax-machine-1").printed()


def test_every_check_passes_and_pages_are_equal(bench, material):
    story = end_to_end.play(bench, material)
    assert [check.name for check in story.checks if not check.ok] == []
    assert [pair.difference for pair in story.pages] == ["", "", ""]
    assert len(story.ladders) == 2
    assert story.job.result == story.reply.result == SUCCESS


def test_the_same_seed_gives_the_same_trace(bench_of, material, tmp_path):
    traces = []
    for _ in range(2):
        bench = bench_of(tmp_path, seed=7)
        end_to_end.play(bench, material)
        traces.append(bench.log.since())
    assert traces[0] == traces[1]
    assert len(traces[0]) > 50


def test_a_page_that_differs_is_a_failure(bench, material, monkeypatch):
    """The verdict must be able to fail: one pixel is changed on its way out of the tray."""
    machine = bench.machine("fax-machine-1")
    true_tray = type(machine).printed

    def with_a_wrong_pixel(self):
        pages = list(true_tray(self))
        if pages:
            rows = bytearray(pages[0].rows)
            rows[4000] ^= 1
            pages[0] = type(pages[0])(pages[0].width_px, bytes(rows), pages[0].resolution)
        return tuple(pages)

    monkeypatch.setattr(type(machine), "printed", with_a_wrong_pixel)
    story = end_to_end.play(bench, material)
    verdict = {check.name: check for check in story.checks}
    assert verdict[end_to_end.SAME_OUT].status is Status.FAIL
    assert "page 1 1 of" in verdict[end_to_end.SAME_OUT].detail
    assert verdict[end_to_end.SAME_BACK].ok


def test_a_number_that_no_one_has_ends_at_once(bench):
    job = bench.expect_job(submit(bench, "999").id, within=seconds(30))
    assert (job.result, job.cause, job.attempts) == (ERROR, "no_such_number", 1)
    assert "check the number" in job.text


def test_a_busy_machine_is_tried_again_and_then_given_up(bench):
    bench.machine("fax-machine-1").off_hook()
    job = bench.expect_job(submit(bench).id, within=seconds(31 * 60))
    assert (job.result, job.cause) == (ABORT, "busy")
    assert job.attempts > 3
    assert "busy" in job.text
    assert bench.now_us <= seconds(30 * 60)
    assert printed(bench) == ()


def test_a_machine_that_becomes_free_gets_the_fax_once(bench):
    machine = bench.machine("fax-machine-1")
    machine.off_hook()
    job = submit(bench)
    bench.expect("attempt ended", within=seconds(30), job=job.id, cause="busy")
    machine.on_hook()
    ended = bench.expect_job(job.id, within=seconds(300))
    assert (ended.result, ended.attempts) == (SUCCESS, 2)
    bench.expect("fax ended", source="fax-machine-1", within=seconds(10))
    assert len(printed(bench)) == 2


def test_a_dropped_call_goes_on_after_the_last_confirmed_page(bench):
    """The far end hangs up in its second page: the retry sends that one alone, so each page is printed once."""
    job = submit(bench)
    sent = bench.expect("page sent", source="fax-interface-1", within=seconds(60))
    assert sent.detail["page"] == 1
    bench.machine("fax-machine-1").on_hook()
    first = bench.expect("attempt ended", within=seconds(30), job=job.id)
    retried = bench.log.mark
    assert (first.detail["cause"], first.detail["pages_confirmed"]) == ("line_dropped", 1)
    ended = bench.expect_job(job.id, within=seconds(300))
    assert (ended.result, ended.attempts, ended.pages_confirmed) == (SUCCESS, 2, 2)
    bench.expect("on hook", source="fax-machine-1", since=retried, within=seconds(10))
    pages = pages_of_pdf(bench.service.document(job.id))
    assert [difference(a, b) for a, b in zip(pages, printed(bench), strict=True)] == ["", ""]


def test_cancelling_in_mid_call_ends_the_call(bench):
    job = submit(bench)
    bench.expect("trained", source="fax-interface-1", within=seconds(60))
    bench.service.cancel(job.id)
    ended = bench.expect_job(job.id, within=seconds(20))
    assert (ended.result, ended.cause) == (ABORT, "cancelled")
    bench.expect("on hook", source="fax-machine-1", within=seconds(30))
    assert printed(bench) == ()


@pytest.mark.parametrize(
    ("name", "words"), [("not_a_pdf.pdf", "PDF"), ("empty.pdf", "empty"), ("password.pdf", "password")]
)
def test_a_document_that_cannot_be_converted(bench, name, words):
    job = bench.expect_job(submit(bench, path=DOCUMENTS / name).id, within=seconds(10))
    assert job.result == CONVERT_FAILED
    assert words in job.text
    assert bench.log.find("call") is None


def test_a_wrong_password_is_named_at_registration(bench_of, tmp_path, material):
    def spoil(text):
        return text.replace('user: "200"\n', 'user: "200"\n    password: not-the-secret\n')

    bench = bench_of(tmp_path, spoil)
    story = end_to_end.play(bench, material)
    assert story.checks[0].status is Status.FAIL
    assert "ata-1" in story.checks[0].detail
    assert "password" in story.checks[0].detail
    assert {check.status for check in story.checks[1:]} == {Status.SKIP}


def test_the_line_that_hardware_yaml_names_is_there(bench_of, tmp_path, material):
    """Noise that no modem can read through: the call is answered, and the training says what is wrong."""
    bench = bench_of(tmp_path, lambda text: text.replace('line: ""', 'line: "awgn:snr_db=-5"'))
    story = end_to_end.play(bench, material)
    verdict = {check.name: check.status for check in story.checks}
    assert (verdict[end_to_end.CALLED], verdict[end_to_end.TRAINED]) == (Status.PASS, Status.FAIL)


def test_what_does_not_happen_in_time_is_the_devices_fault(bench):
    with pytest.raises(ExpectationError, match="no 'registered' from fax-machine-1 within 3 s"):
        bench.expect("registered", source="fax-machine-1", within=seconds(3))
