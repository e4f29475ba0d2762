"""Real sockets, real time: the same story, the same trace as in simulated time, and a worker that is killed in it."""

import pytest

from firmware_sim.clock import seconds
from firmware_sim.t4.page import difference
from rig.bench import EventLog
from rig.bench.simulated import SimulatedBench
from rig.inventory import load
from rig.scenarios import end_to_end
from rig.service.convert import pages_of_pdf

from .conftest import hardware

pytestmark = [pytest.mark.live, pytest.mark.timeout(240)]

VOLATILE = ("packets_sent", "packets_received", "lost_samples", "slips", "contact", "call")
"""What of an event depends on when packets happened to come, or on which port was free."""
TOLD_ALIKE = ("fax-interface-1", "ata-1", "fax-machine-1")


def story_of(log, since, source):
    """What one device told, times and port numbers aside. How much of a carrier's tail a receiver takes for bits is a
    matter of its phase, so the length of a page received is left out; its hash is not."""
    told = []
    for event in log.since(since):
        if event.source != source:
            continue
        detail = {key: value for key, value in event.detail.items() if key not in VOLATILE}
        if event.name == "t30" and str(detail["text"]).startswith("page of") and detail["direction"] == "<-":
            detail["text"] = "a page"
        told.append((event.name, detail))
    return told


@pytest.fixture(scope="module")
def played(live_bench, short_material):
    since = live_bench.log.mark
    return end_to_end.play(live_bench, short_material), since


def test_every_page_arrives_as_it_was_sent(played):
    story, _ = played
    assert [(check.name, check.detail) for check in story.checks if not check.ok] == []
    assert [pair.difference for pair in story.pages] == ["", "", ""]


@pytest.mark.parametrize("source", TOLD_ALIKE)
def test_the_trace_equals_the_one_in_simulated_time(played, live_bench, short_material, tmp_path, source):
    _, since = played
    simulated = SimulatedBench(load(hardware(tmp_path)), EventLog())
    simulated.start()
    for name in ("fax-interface-1", "ata-1"):
        simulated.expect("registered", source=name, within=seconds(10))
    began = simulated.log.mark
    end_to_end.play(simulated, short_material)
    assert story_of(live_bench.log, since, source) == story_of(simulated.log, began, source)


def test_a_worker_that_is_killed_in_mid_call_loses_nothing_and_sends_nothing_twice(live_bench, short_material, played):
    machine = live_bench.machine("fax-machine-1")
    printed, since = len(machine.printed()), live_bench.log.mark
    job = live_bench.service.submit(short_material.document, "killed.pdf", "201")
    live_bench.expect("trained", source="fax-interface-1", since=since, within=seconds(60))
    live_bench.process("worker").kill()
    ended = live_bench.expect_job(job.id, within=seconds(90))
    assert live_bench.log.find("worker restarted", since=since) is not None
    assert (ended.result, ended.attempts, ended.pages_confirmed) == (0, 1, 2)
    live_bench.expect("fax ended", source="fax-machine-1", since=since, within=seconds(10))
    sent = pages_of_pdf(live_bench.service.document(job.id))
    arrived = machine.printed()[printed:]
    assert [difference(a, b) for a, b in zip(sent, arrived, strict=True)] == ["", ""]
    calls = [
        event for event in live_bench.log.since(since) if event.name == "call" and event.source == "fax-interface-1"
    ]
    assert len(calls) == 1


def test_devices_that_were_killed_are_the_benchs_fault(tmp_path, short_material):
    """A daemon that dies is ERROR, with its name, and never a FAIL of the device."""
    from rig.bench.live import LiveBench

    bench = LiveBench(load(hardware(tmp_path)), EventLog())
    bench.start()
    try:
        bench.process("devices").kill()
        story = end_to_end.play(bench, short_material)
    finally:
        bench.stop()
    found = {check.status.value: check for check in story.checks}
    assert "device" in found["error"].detail
    assert "fail" not in found
