"""The bench on real sockets in real time, once for all tests here: a short page costs seconds, not a minute."""

import pytest

from firmware_sim.clock import seconds
from firmware_sim.t4.page import Page
from rig import data
from rig.bench import EventLog
from rig.bench.live import LiveBench
from rig.inventory import load
from rig.scenarios.end_to_end import Material
from rig.service.convert import pdf_of_pages


def short_page(mark: int) -> Page:
    """A page with one short line of black, another one for each *mark*: about a second and a half on the line."""
    row = bytes(20) + bytes((0xFF, mark, 0xFF)) + bytes(216 - 23)
    return Page(1728, bytes(216) * 40 + row * 8 + bytes(216) * 500)


@pytest.fixture(scope="session")
def short_material():
    return Material(pdf_of_pages([short_page(0x55), short_page(0x0F)]), "short.pdf", (short_page(0x33),))


def hardware(folder, change=lambda text: text):
    """The shipped bench, on any free ports."""
    text = data.path("hardware.yaml").read_text().replace("port: 25060", "port: 0").replace("port: 28080", "port: 0")
    path = folder / "hardware.yaml"
    path.write_text(change(text))
    return path


@pytest.fixture(scope="session")
def live_bench(tmp_path_factory):
    bench = LiveBench(load(hardware(tmp_path_factory.mktemp("live"))), EventLog())
    bench.start()
    for name in ("fax-interface-1", "ata-1"):
        bench.expect("registered", source=name, within=seconds(10))
    yield bench
    bench.stop()
    assert not any(bench.process(name).running for name in ("pbx", "devices", "service", "worker"))
