"""Calls belong to the device: of two workers that believe they own a job only the younger claim is heard."""

import pytest

from firmware_sim.clock import seconds
from firmware_sim.control import answer
from firmware_sim.device.fax_interface import StaleFenceError
from firmware_sim.errors import LocalProtocolError
from firmware_sim.t4 import patterns
from rig.drivers.fax_interface import VirtualFaxInterface
from rig.service import errors
from rig.service.interface import DialRequest

PAGES = (patterns.white(1728, 100),)


@pytest.fixture
def device(bench):
    return bench._interfaces["fax-interface-1"]


def dial(device, bench, fence, attempt=1):
    known = device.dial(7, attempt, fence, "201", PAGES, bench.now_us)
    bench._world.touch(device)
    return known


def test_an_older_claim_is_refused_and_a_younger_one_attaches(device, bench):
    dial(device, bench, fence=2)
    bench.expect("call answered", source="fax-interface-1", within=seconds(10))
    assert not dial(device, bench, fence=3).finished
    for asked in (
        lambda: dial(device, bench, fence=2),
        lambda: device.state(7, 1, 2),
        lambda: device.hang_up(7, 2, bench.now_us),
    ):
        with pytest.raises(StaleFenceError, match="fence 3, not 2"):
            asked()
    bench.expect("attempt ended", within=seconds(60), job=7, cause="ok")
    told = [event.name for event in bench.log.since() if event.source == "fax-interface-1"]
    assert told.count("call") == 1  # said three times, dialled once, and no stranger hung it up
    assert device.state(7, 1, 3).pages_confirmed == 1


def test_the_refusal_reaches_a_worker_by_either_way(device, bench):
    dial(device, bench, fence=5)
    message = {"id": 1, "device": device.name, "method": "state", "params": {"job_id": 7, "attempt": 1, "fence": 4}}
    assert answer({device.name: device}, message, bench.now_us)["error"]["code"] == "stale_fence"
    driver = VirtualFaxInterface(device, lambda: bench.now_us, lambda: None)
    with pytest.raises(errors.StaleFenceError):
        driver.dial(DialRequest(7, 1, 4, "201", PAGES))


def test_an_attempt_that_was_never_dialled_is_not_known(device):
    with pytest.raises(LocalProtocolError, match="never dialled"):
        device.state(8, 1, 1)
