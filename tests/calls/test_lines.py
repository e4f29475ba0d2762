"""Whole calls whose fax machine is on an analogue line with something wrong with it."""

import re
from pathlib import Path

import pytest

from firmware_sim.clock import seconds
from rig import data
from rig.bench import EventLog
from rig.bench.simulated import SimulatedBench
from rig.errors import ScenarioError
from rig.impairments import two_way
from rig.inventory import load
from rig.scenarios import end_to_end

from .conftest import DOCUMENTS

HOPELESS = ("no_response", "no_command", "cannot_train", "no_identification", "peer_disconnected", "line_dropped")


@pytest.fixture
def bench_on():
    """Makes a bench whose machine is on this line, registered."""

    def make(text, seed=1):
        lines = {"fax-machine-1": two_way(text, seed)}
        bench = SimulatedBench(load(data.path("hardware.yaml")), EventLog(), seed, lines)
        bench.start()
        bench.expect("registered", source="ata-1", within=seconds(5))
        return bench

    return make


def bench_line(bench):
    """The line of the one machine."""
    return next(iter(bench._atas.values())).line


def attempt(bench):
    """The first attempt to fax two pages, as both ends saw it."""
    document = (DOCUMENTS / "two_pages.pdf").read_bytes()
    since = bench.log.mark
    job = bench.service.submit(document, "two_pages.pdf", "201")
    ended = bench.expect("attempt ended", within=seconds(400), job=job.id)
    machine = bench.expect("fax ended", source="fax-machine-1", within=seconds(60), since=since)
    return ended.detail, machine.detail


@pytest.mark.parametrize(
    "text",
    [
        "eia-ll-4 + awgn:snr_db=30,signal_dbm0=-19.1 + frequency-offset:offset_hz=7",
        "clock-drift:drift_ppm=100",
        "clock-drift:drift_ppm=-100",
        "satellite-delay:delay_ms=600",
        "delay:delay_ms=40 + near-echo:loss_db=12 + far-echo:loss_db=16",
        "g726:rate_kbps=40",
        "near-echo:loss_db=12 + echo-canceller",
    ],
)
def test_pages_are_equal_both_ways(bench_on, material, text):
    story = end_to_end.play(bench_on(text), material)
    assert [f"{check.name}: {check.detail}" for check in story.checks if not check.ok] == []
    assert [pair.difference for pair in story.pages] == ["", "", ""]


@pytest.mark.parametrize("text", ["awgn:snr_db=5", "awgn:snr_db=0", "loss:loss_db=35"])
def test_a_line_that_is_too_bad_fails_with_its_cause_and_no_hang(bench_on, text):
    bench = bench_on(text)
    ended, machine = attempt(bench)
    assert ended["cause"] in HOPELESS
    assert machine["cause"] in HOPELESS
    assert ended["pages_confirmed"] == 0
    assert bench.now_us < seconds(240)
    assert bench.machine("fax-machine-1").printed() == ()


@pytest.mark.parametrize(
    ("text", "fastest_bps"),
    [
        ("v56bis-ad-9-edd-3", 14400),
        ("awgn:snr_db=18", 12000),
        ("g726:rate_kbps=24", 12000),
        ("g726:rate_kbps=16", 7200),
    ],
)
def test_they_find_a_rate_that_the_line_carries(bench_on, text, fastest_bps):
    """AD-9 takes 24 dB at 200 Hz and 11 dB at 3400 Hz, EDD-3 delays the edges by 4 to 8 ms: the equaliser undoes that.
    Noise and coarse coding it cannot undo: there they fall back."""
    bench = bench_on(text)
    ended, _ = attempt(bench)
    assert (ended["cause"], ended["pages_confirmed"]) == ("ok", 2)
    assert bench.log.find("trained", "fax-interface-1").detail["rate_bps"] <= fastest_bps


def test_the_same_seed_gives_the_same_trace(bench_on):
    text = "eia-ll-2 + awgn:snr_db=18 + impulse-noise:rate_per_s=1 + phase-jitter"
    traces = []
    for seed in (3, 3, 4):
        bench = bench_on(text, seed)
        attempt(bench)
        traces.append(bench.log.since())
    assert traces[0] == traces[1]
    assert traces[0] != traces[2]


def test_a_perfect_line_changes_nothing(bench_on, bench):
    """A line of no impairments gives the trace of no line at all."""
    traces = []
    for made in (bench_on("", seed=bench.seed), bench):
        attempt(made)
        traces.append([(event.source, event.name, event.detail) for event in made.log.since()])
    assert traces[0] == traces[1]


def test_a_second_call_hears_nothing_of_the_first(bench_on):
    bench = bench_on("satellite-delay:delay_ms=600 + far-echo:loss_db=30")
    rested, rest = [], bench_line(bench).rest
    bench_line(bench).rest = lambda: rested.append(bench.now_us) or rest()
    for call in (1, 2):
        since = bench.log.mark
        assert attempt(bench)[0]["cause"] == "ok"
        bench.expect("on hook", source="fax-machine-1", within=seconds(30), since=since)
        assert len(rested) == call  # what was on its way has died away


def test_the_example_in_the_documentation(capsys):
    """The Python block of docs/line.md runs as it stands."""
    text = (Path(__file__).parents[2] / "docs/line.md").read_text()
    (example,) = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    exec(example, {})
    assert capsys.readouterr().out == "all 2 pages arrived\n"


def test_a_line_to_nowhere_is_refused():
    with pytest.raises(ScenarioError, match="no fax machine 'fax-machine-9' to put a line to; there are fax-machine-1"):
        SimulatedBench(load(data.path("hardware.yaml")), EventLog(), lines={"fax-machine-9": two_way("")})
