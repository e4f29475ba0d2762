"""The suite on a fax machine that no one here wrote: what it is known to do otherwise is listed, and nothing else."""

import pytest

from rig.conformance.known import KNOWN
from rig.conformance.model import CASES, Role
from rig.conformance.plan import all_cases
from rig.conformance.runner import play
from rig.conformance.spandsp.shell import NAME, Spandsp, library

pytestmark = pytest.mark.peer


@pytest.fixture(scope="module")
def device():
    lib = library()
    if lib is None:
        pytest.skip(f"{NAME} is not installed (Debian: libspandsp2)")
    device = Spandsp(lib)
    yield device
    device.close()


def sample():
    """Every third case; all of them run with `rig conformance run --dut spandsp`."""
    return [case.id for case in all_cases() if not case.id.startswith("audio-drift")][::3]


@pytest.mark.parametrize("id", sample())
def test_what_fails_is_known(id, device):
    result = play(CASES[id], device)
    if result.status == "skip":
        pytest.skip(result.reason)
    assert result.status == "pass" or id in KNOWN["spandsp"], result.reason


def test_both_roles_are_played():
    assert {CASES[id].role for id in sample()} == set(Role)
