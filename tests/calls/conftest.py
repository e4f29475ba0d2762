"""Whole calls in simulated time, on the bench that the shipped hardware.yaml describes."""

from pathlib import Path

import pytest

from firmware_sim.clock import seconds
from rig import data
from rig.bench import EventLog
from rig.bench.simulated import SimulatedBench
from rig.inventory import load
from rig.scenarios.end_to_end import Material
from rig.service.convert import page_of_image

DOCUMENTS = data.path("fixtures/documents")


@pytest.fixture
def bench_of():
    """Makes benches that are started; *change* is done to the text of hardware.yaml first."""
    benches = []

    def make(folder: Path, change=lambda text: text, seed=None):
        hardware = folder / "hardware.yaml"
        hardware.write_text(change(data.path("hardware.yaml").read_text()))
        bench = SimulatedBench(load(hardware), EventLog(), seed)
        bench.start()
        benches.append(bench)
        return bench

    yield make
    for bench in benches:
        bench.stop()


@pytest.fixture
def bench(bench_of, tmp_path):
    """With its devices registered."""
    bench = bench_of(tmp_path)
    for name in ("fax-interface-1", "ata-1"):
        bench.expect("registered", source=name, within=seconds(5))
    return bench


@pytest.fixture(scope="session")
def material():
    reply = page_of_image(data.path("fixtures/pages/reply.png").read_bytes())
    return Material((DOCUMENTS / "two_pages.pdf").read_bytes(), "two_pages.pdf", (reply,))
