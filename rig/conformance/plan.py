"""Which cases to play, and what a run of them comes to."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from rig.conformance.model import CASES, Case, Result

PASSED, FAILED, BENCH_ERROR, NOTHING_RAN = 0, 1, 2, 3


def all_cases() -> list[Case]:
    import rig.conformance.cases  # noqa: F401  (enters them)

    return list(CASES.values())


def chosen(pattern: str = "*") -> list[Case]:
    """Cases whose id or family fits: exactly, or as a glob."""
    cases = all_cases()
    exact = [case for case in cases if pattern in (case.id, case.family)]
    return exact or [case for case in cases if fnmatchcase(case.id, pattern) or fnmatchcase(case.family, pattern)]


@dataclass(frozen=True, slots=True)
class Summary:
    """A run. *known* are the failures that a device is known to have, with the reason."""

    dut: str
    results: Sequence[Result]
    known: Mapping[str, str]
    seconds: float

    def ids(self, status: str) -> list[str]:
        return [result.id for result in self.results if self.status(result) == status]

    def status(self, result: Result) -> str:
        if result.status == "fail" and result.id in self.known:
            return "expected failure"
        return result.status

    @property
    def exit_code(self) -> int:
        if self.ids("error"):
            return BENCH_ERROR
        if self.ids("fail"):
            return FAILED
        return PASSED if self.ids("pass") or self.ids("expected failure") else NOTHING_RAN

    def as_json(self) -> dict[str, Any]:
        return {
            "dut": self.dut,
            "cases": len(self.results),
            "passed": len(self.ids("pass")),
            "failed": self.ids("fail"),
            "skipped": [{"id": result.id, "why": result.reason} for result in self.results if result.status == "skip"],
            "expected_failures": self.ids("expected failure"),
            "seconds": round(self.seconds, 2),
        }
