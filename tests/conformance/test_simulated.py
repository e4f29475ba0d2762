"""Our own firmware passes every case, and firmware that was broken on purpose does not."""

import pytest

from rig.conformance.breaking import broken
from rig.conformance.devices import Simulated
from rig.conformance.model import CASES, Role, Setup
from rig.conformance.mutants import MUTANTS
from rig.conformance.plan import all_cases
from rig.conformance.proving import prove
from rig.conformance.runner import play

QUICK = (
    "ced-short",
    "gap-short",
    "csi-bit-order",
    "ecm-frame-lost",
    "rtn-as-mcf",
    "t4-twice",
    "no-fill",
    "ppr-shifted",
)


@pytest.fixture(scope="module")
def results():
    return {case.id: play(case, Simulated()) for case in all_cases()}


def test_every_case_passes(results):
    failed = {result.id: result.reason for result in results.values() if result.status not in ("pass", "skip")}
    assert failed == {}


def test_next_to_nothing_is_skipped(results):
    assert sum(result.status == "skip" for result in results.values()) <= 5


def test_a_case_checks_what_it_sees(results):
    passed = [result for result in results.values() if result.status == "pass"]
    assert min(len(result.checks) for result in passed) >= 1
    assert sum(len(result.checks) for result in passed) > 50 * len(passed)


def test_the_same_seed_gives_the_same_ladder(results):
    again = play(CASES["receive-page-lost"], Simulated())
    assert again.ladder == results["receive-page-lost"].ladder


@pytest.mark.parametrize("name", QUICK)
def test_a_broken_firmware_is_caught(name, results):
    (mutant,) = (mutant for mutant in MUTANTS if mutant.name == name)
    good = [mutant.first or "receive-two-pages"]
    verdict = prove(mutant, good)
    assert verdict.case == good[0]
    assert verdict.reason


def test_nothing_stays_broken():
    for mutant in MUTANTS:
        with broken(mutant):
            pass
    assert play(CASES["receive-two-pages"], Simulated()).status == "pass"


def test_mutants_have_names_of_their_own_and_cases_that_exist():
    all_cases()
    assert len({mutant.name for mutant in MUTANTS}) == len(MUTANTS) >= 60
    assert {mutant.first for mutant in MUTANTS} - {""} <= set(CASES)


def test_what_cannot_be_asked_is_said():
    assert "psa" in Simulated().lacks(Setup(psa="1"), Role.CALLS)
