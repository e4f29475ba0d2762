"""The list of cases is whole: none can vanish, and all of the ground is covered."""

import ast
from pathlib import Path

import pytest

import rig.conformance
from rig.conformance import known
from rig.conformance.families import FAMILIES
from rig.conformance.model import Case, Role, add
from rig.conformance.plan import all_cases, chosen

IDS = Path(__file__).with_name("ids.txt").read_text().split()


def test_no_case_has_vanished_and_each_new_one_is_listed():
    """A new case gets a line in ids.txt; one that is taken out, too, loses its line there and in review."""
    assert sorted(case.id for case in all_cases()) == IDS


def test_every_name_of_tsb_85_and_every_field_case_is_covered():
    covered = {case.family for case in all_cases()} - {""}
    assert covered == set(FAMILIES)
    assert len(FAMILIES) == 138 + 13


def test_every_case_says_what_it_wants():
    assert [case.id for case in all_cases() if not case.title] == []


def test_a_case_is_found_by_id_by_family_and_by_glob():
    assert [case.id for case in chosen("receive-eom")] == ["receive-eom"]
    assert {case.id for case in chosen("MRGN16")} == {"receive-post-message-repeated", "receive-eom-repeated"}
    assert len(chosen("MRGX*")) >= 15
    assert chosen("no-such-case") == []


def test_two_cases_cannot_have_one_id():
    first = all_cases()[0]
    with pytest.raises(ValueError, match="two cases"):
        add(Case(first.id, "again", first.script, Role.ANSWERS))


def test_known_failures_name_cases_that_exist():
    named = {id for device in known.KNOWN.values() for id in device}
    assert named <= set(IDS)
    assert sum(map(len, known.SPANDSP.values())) == len(known.KNOWN["spandsp"])


FORBIDDEN = {"asyncio", "socket", "threading", "subprocess", "time", "pathlib", "serial", "multiprocessing", "os"}


def imported(file):
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module.split(".")[0]


def test_only_shells_know_files_processes_and_clocks():
    cores = [file for file in Path(rig.conformance.__path__[0]).rglob("*.py") if file.name != "shell.py"]
    assert len(cores) > 20
    assert {file.name: FORBIDDEN & set(imported(file)) for file in cores if FORBIDDEN & set(imported(file))} == {}
