"""What becomes of a fax, told by a scripted interface in simulated time."""

import pytest

from firmware_sim.clock import seconds
from firmware_sim.t4.page import Page
from rig.service import convert
from rig.service.errors import FinishedError, NumberError, TooLargeError, UnknownJobError
from rig.service.interface import ReceivedFax
from rig.service.model import Direction, Progress, Result
from rig.service.retry import CAUSES, Policy
from tests.service.bench import START, Plan, a_page, some_pages

MINUTE = seconds(60)


def test_success(world):
    w = world()
    job = w.submit(b"pages 3", "+49 (0)7031 / 12-3")
    assert (job.direction, job.progress, job.result) == (Direction.OUTGOING, Progress.CREATED, None)
    assert job.number == "+497031123"
    job = w.run(job.id)
    assert (job.result, job.cause, job.pages, job.pages_confirmed, job.attempts) == (Result.SUCCESS, "ok", 3, 3, 1)
    assert w.interface.paper(job.id) == [page.hash for page in some_pages(3)]
    assert w.interface.dialled[0].trace_id == job.trace_id
    shown = w.service.show(job.id)
    assert [page.hash for page in shown.pages] == w.interface.paper(job.id)
    times = [page.confirmed_at for page in shown.pages]
    assert times == sorted(times)
    assert len(set(times)) == 3
    assert shown.history[0].line == f"job id {job.id}, direction 1, progress 0, result -: accepted"
    assert shown.history[-1].line == f"job id {job.id}, direction 1, progress 3, result 0: all 3 pages arrived"


def test_events_tell_every_change_once(world):
    w = world()
    job = w.submit()
    w.run(job.id)
    told = [event.detail["line"] for event in w.service.events() if event.name == "job"]
    assert told == [entry.line for entry in w.service.show(job.id).history]
    assert w.service.events() == []


def test_progress_only_grows(world):
    w = world(Plan("busy", 0), Plan("line_dropped", 1))
    job = w.submit()
    w.run(job.id)
    steps = [entry.progress for entry in w.service.show(job.id).history]
    assert steps == sorted(steps)
    assert set(steps) == set(Progress)


def test_busy_then_success(world):
    w = world(Plan("busy", 0))
    job = w.run(w.submit().id)
    assert (job.result, job.attempts) == (Result.SUCCESS, 2)
    first, second = (w.interface.calls[job.id, attempt].began for attempt in (1, 2))
    assert second - first >= MINUTE


def test_busy_for_thirty_minutes_is_given_up(world):
    w = world(*[Plan("busy", 0) for _ in range(50)])
    job = w.run(w.submit().id)
    assert (job.result, job.cause) == (Result.ABORT, "busy")
    assert "busy" in job.text
    began = [call.began - START for call in w.interface.calls.values()]
    assert max(began) <= 30 * MINUTE
    assert max(began) > 29 * MINUTE
    assert len(began) == job.attempts


@pytest.mark.parametrize("cause", [cause for cause, rule in CAUSES.items() if not rule.delays])
def test_permanent_causes_end_at_once(world, cause):
    w = world(Plan(cause, 0))
    job = w.run(w.submit().id)
    assert (job.result, job.cause, job.attempts) == (Result.ERROR, cause, 1)
    assert CAUSES[cause].remedy in job.text


def test_unknown_causes_follow_the_device(world):
    w = world(Plan("solar_flare", 0, retry=True), Plan("solar_flare", 0, retry=False))
    job = w.run(w.submit().id)
    assert (job.result, job.cause, job.attempts) == (Result.ERROR, "solar_flare", 2)
    assert "it was solar_flare" in job.text


def test_a_retry_sends_only_what_is_missing(world):
    w = world(Plan("line_dropped", 2), Plan("line_dropped", 1))
    job = w.run(w.submit(b"pages 5").id)
    assert (job.result, job.attempts) == (Result.SUCCESS, 3)
    assert [len(call.request.pages) for call in w.interface.calls.values()] == [5, 3, 2]
    assert w.interface.paper(job.id) == [page.hash for page in some_pages(5)]
    assert [page.attempt for page in w.service.show(job.id).pages] == [1, 1, 2, 3, 3]


def test_all_pages_confirmed_is_success_whatever_came_after(world):
    w = world(Plan("line_dropped", 2))
    job = w.run(w.submit().id)
    assert (job.result, job.attempts) == (Result.SUCCESS, 1)


def test_ok_without_all_pages_is_no_success(world):
    w = world(Plan("ok", 1))
    job = w.run(w.submit().id)
    assert (job.result, job.attempts) == (Result.SUCCESS, 2)
    assert w.interface.paper(job.id) == [page.hash for page in some_pages(2)]


def test_a_bad_document(world):
    w = world()
    job = w.run(w.submit(b"bad").id)
    assert (job.result, job.text) == (Result.CONVERT_FAILED, "The document is bad; send a good one.")
    assert w.interface.calls == {}
    assert w.service.original(job.id) == b"bad"
    with pytest.raises(UnknownJobError):
        w.service.document(job.id)


def test_a_converter_that_breaks_is_a_failed_conversion(world):
    w = world()
    job = w.run(w.submit(b"pages many").id)
    assert job.result is Result.CONVERT_FAILED
    assert "ValueError" in job.text


def test_a_document_that_kills_workers_is_given_up(world):
    w = world()
    job = w.submit(b"slow 2")
    for number in range(20):
        w.service.work(w.interface, w.worker, w.now)
        w.advance(w.policy.lease)
        w.replace_worker(f"worker {number}")
        if w.job(job.id).progress is Progress.FINISHED:
            break
    assert w.job(job.id).result is Result.CONVERT_FAILED


def test_a_long_document_does_not_hold_up_a_call(world):
    w = world()
    first = w.submit(b"pages 1")
    while not w.interface.calls:
        w.step()
    second = w.submit(b"pages 42")
    w.run(first.id)
    assert w.job(second.id).progress is Progress.CONVERTED
    w.run(second.id)
    told = [event.detail["page"] for event in w.service.events() if event.name == "conversion"]
    assert told == [10, 20, 30, 40]


@pytest.mark.parametrize("number", ["", "abc", "12x", "++49", "4+9", "*21", "1" * 33, "１２"])
def test_what_is_no_number(world, number):
    with pytest.raises(NumberError):
        world().submit(number=number)


def test_too_large(world):
    w = world()
    w.service.max_octets = 10
    with pytest.raises(TooLargeError):
        w.submit(b"pages 10000")
    assert w.blobs.kept == {}


@pytest.mark.parametrize("steps", range(12))
def test_cancel_at_every_stage(world, steps):
    w = world(Plan("busy", 0), Plan("ok"))
    job = w.submit(b"slow 3")
    for _ in range(steps * steps):
        w.step()
    if w.job(job.id).progress is Progress.FINISHED:
        return
    w.service.cancel(job.id, w.now)
    ended = w.run(job.id, seconds(5))
    assert (ended.result, ended.cause) == (Result.ABORT, "cancelled")
    assert w.interface.paper(job.id) == [page.hash for page in some_pages(3)][: ended.pages_confirmed]
    assert all(call.ended_by(w.now) for call in w.interface.calls.values())
    for _ in range(20):
        w.step()
    assert w.job(job.id) == ended
    with pytest.raises(FinishedError):
        w.service.cancel(job.id, w.now)


def test_cancel_while_the_worker_is_dead(world):
    w = world()
    job = w.submit()
    while not w.interface.calls:
        w.step()
    w.replace_worker("second")
    w.service.cancel(job.id, w.now)
    assert w.run(job.id, w.policy.lease + seconds(2)).cause == "cancelled"


def test_cancel_that_comes_too_late(world):
    w = world()
    job = w.submit()
    while not w.interface.calls:
        w.step()
    w.advance(seconds(16))  # the device is done, the worker has not seen it yet
    w.service.cancel(job.id, w.now)
    ended = w.run(job.id)
    assert ended.result is Result.SUCCESS
    assert "before the cancellation" in ended.text


def test_a_device_that_is_away_costs_no_attempt(world):
    w = world()
    w.interface.away = True
    job = w.submit()
    for _ in range(200):
        w.step()
    waiting = w.job(job.id)
    assert (waiting.progress, waiting.cause, waiting.attempts) == (Progress.CONVERTED, "interface_down", 1)
    assert waiting.due is not None
    w.interface.away = False
    assert (w.run(job.id).result, w.job(job.id).attempts) == (Result.SUCCESS, 1)
    assert len([entry for entry in w.service.show(job.id).history if "away" in entry.text]) == 1
    assert len([event for event in w.service.events() if event.name == "interface_away"]) == 1


def test_a_device_that_stays_away(world):
    w = world()
    w.interface.away = True
    job = w.run(w.submit().id)
    assert (job.result, job.cause) == (Result.ABORT, "interface_down")
    assert 30 * MINUTE <= w.now - START <= 31 * MINUTE


def test_no_call_begins_after_the_thirty_minutes(world):
    w = world()
    job = w.submit()
    while w.job(job.id).progress is not Progress.CONVERTED:
        w.step()
    w.replace_worker("the next morning")
    w.advance(8 * 60 * MINUTE)
    assert w.run(job.id).result is Result.ABORT
    assert w.interface.calls == {}


def test_an_attempt_that_was_never_heard_of_is_not_dialled_overnight(world):
    w = world()
    w.interface.away = True
    job = w.submit()
    while not w.job(job.id).attempts:
        w.step()
    w.interface.away = False
    w.replace_worker("the next morning")
    w.advance(8 * 60 * MINUTE)
    assert w.run(job.id).result is Result.ABORT
    assert w.interface.calls == {}


def test_a_call_that_ended_overnight_is_still_told(world):
    w = world()
    job = w.submit()
    while not w.interface.calls:
        w.step()
    w.replace_worker("the next morning")
    w.advance(8 * 60 * MINUTE)
    assert w.run(job.id).result is Result.SUCCESS
    assert len(w.interface.calls) == 1


def test_a_device_that_is_away_during_a_call(world):
    w = world()
    job = w.submit(b"pages 4")
    while w.job(job.id).pages_confirmed < 1:
        w.step()
    w.interface.away = True
    for _ in range(100):
        w.step()
    w.interface.away = False
    assert w.run(job.id).result is Result.SUCCESS
    assert len(w.interface.calls) == 1


def test_a_device_that_forgot_a_call_does_not_send_pages_twice(world):
    w = world(Plan(), Plan(), Plan())
    job = w.submit(b"pages 4")
    while w.job(job.id).pages_confirmed < 2:
        w.step()
    w.interface.calls.clear()  # it has restarted with an empty journal; two pages are out
    job = w.run(job.id)
    assert job.result is Result.SUCCESS
    assert w.interface.paper(job.id) == [page.hash for page in some_pages(4)][2:]


def test_damaged_pages_are_not_sent(world):
    w = world(Plan("busy", 0))
    job = w.submit()
    while not w.job(job.id).attempts:
        w.step()
    w.blobs.kept[w.job(job.id).pages_blob] = (w.now, convert.pdf_of_pages(some_pages(1)))
    ended = w.run(job.id)
    assert (ended.result, ended.cause) == (Result.ERROR, "storage")


def test_jobs_of_one_interface_take_turns(world):
    w = world()
    jobs = [w.submit() for _ in range(3)]
    for job in jobs:
        assert w.run(job.id).result is Result.SUCCESS
    assert [key[0] for key in w.interface.calls] == [job.id for job in jobs]


def test_several_calls_at_once_need_several_channels(world):
    w = world(policy=Policy(calls_at_once=2, poll_call=seconds(1)))
    jobs = [w.submit() for _ in range(3)]
    for job in jobs:
        assert w.run(job.id).result is Result.SUCCESS  # the interface refused some dials meanwhile
        assert w.job(job.id).attempts == 1


def incoming(fax_id: str = "in-1", cause: str = "ok", pages: tuple[Page, ...] | None = None) -> ReceivedFax:
    return ReceivedFax(fax_id, "200", "+4970319", "WORKSHOP", some_pages(2) if pages is None else pages, cause, "")


def test_an_incoming_fax(world):
    w = world()
    w.interface.inbox.append(incoming())
    w.step()
    (job,) = w.service.jobs(Direction.INCOMING)
    assert (job.progress, job.result, job.pages) == (Progress.FINISHED, Result.SUCCESS, 2)
    assert (job.number, job.caller, job.remote_id) == ("200", "+4970319", "WORKSHOP")
    assert w.interface.inbox == []
    assert convert.pages_of_pdf(w.service.document(job.id)) == list(some_pages(2))
    assert [entry.progress for entry in w.service.show(job.id).history] == list(Progress)
    with pytest.raises(UnknownJobError):
        w.service.original(job.id)
    with pytest.raises(FinishedError):
        w.service.cancel(job.id, w.now)


def test_a_fax_that_was_stored_but_not_taken_comes_once(world):
    w = world()
    w.interface.inbox.append(incoming())
    w.interface.take = lambda fax_id: None
    for _ in range(3):
        w.step()
    assert len(w.service.jobs()) == 1


def test_two_workers_that_saw_the_same_fax_file_it_once(world, monkeypatch):
    w = world()
    monkeypatch.setattr(w.store, "known_fax", lambda *_: False)
    w.interface.inbox += [incoming(), incoming()]
    w.step()
    assert len(w.service.jobs()) == 1


def test_a_device_that_counts_from_one_again_loses_no_fax(world):
    w = world()
    for number in (1, 2):
        w.interface.inbox.append(incoming("1", pages=(a_page(number),)))
        w.step()
    assert len(w.service.jobs()) == 2


def test_the_same_fax_from_a_device_that_counts_from_one_again(world):
    w = world()
    for _ in range(2):
        w.interface.inbox.append(incoming())
        w.step()
        w.advance(2 * MINUTE)
    assert len(w.service.jobs()) == 2


def test_a_fax_that_broke_off_keeps_its_pages(world):
    w = world()
    w.interface.inbox.append(incoming(cause="line_dropped", pages=some_pages(1)))
    w.interface.inbox.append(incoming("in-2", cause="no_response", pages=()))
    w.step()
    nothing, one = w.service.jobs()
    assert (one.result, one.pages, one.cause) == (Result.ERROR, 1, "line_dropped")
    assert len(convert.pages_of_pdf(w.service.document(one.id))) == 1
    assert (nothing.result, nothing.pages) == (Result.ERROR, 0)


def test_bad_rows_are_told(world):
    w = world()
    w.interface.inbox.append(incoming(pages=(Page(1728, a_page(1).rows, bad_rows=(3, 4)),)))
    w.step()
    (job,) = w.service.jobs()
    assert "2 rows of them damaged" in job.text
    assert w.service.show(job.id).pages[0].bad_rows == 2


def test_orphans_are_swept_and_nothing_else(world):
    w = world()
    job = w.run(w.submit().id)
    orphan = w.blobs.put(b"nobody names me", w.now)
    assert w.service.sweep(w.now) == []
    w.advance(seconds(7200))
    assert w.service.sweep(w.now) == [orphan]
    assert w.service.document(job.id)
    assert w.service.original(job.id)


def test_a_worker_that_ends_gives_its_jobs_back_at_once(world):
    w = world()
    job = w.submit()
    while not w.interface.calls:
        w.step()
    w.service.release(w.worker, w.now)
    w.replace_worker("second")
    w.service.work(w.interface, w.worker, w.now)
    assert w.job(job.id).owner == "second"
    assert w.run(job.id).result is Result.SUCCESS
    assert len(w.interface.calls) == 1
