"""How a scenario collects its verdicts: declared beforehand, so that what was not reached is told too."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from rig.bench import Bench, ExpectationError
from rig.errors import RigError
from rig.report.record import Check


class Verdicts:
    """*names* are all the checks of a scenario, in order. What none of them was given for is a SKIP."""

    def __init__(self, bench: Bench, names: Sequence[str]) -> None:
        self._bench, self._names = bench, tuple(names)
        self._given: dict[str, Check] = {}
        self._open = ""
        self._since = bench.now_us
        self.ended_by = ""

    @property
    def checks(self) -> list[Check]:
        reason = f"not reached: {self.ended_by}" if self.ended_by else "not reached"
        return [self._given.get(name) or Check.skip(name, reason) for name in self._names]

    @property
    def ok(self) -> bool:
        return all(check.ok for check in self.checks)

    @contextmanager
    def judging(self, name: str) -> Iterator[None]:
        """While a check is under way: what is raised in here is this check's verdict."""
        self._open = name
        yield
        self._open = ""

    def give(self, name: str, ok: bool, detail: str, measured: float | str | None = None, unit: str = "") -> bool:
        assert name in self._names, name
        now = self._bench.now_us
        self._given[name] = Check(name, ok, detail, measured=measured, unit=unit, duration=now - self._since)
        self._since = now
        return ok

    def ended(self, error: RigError) -> None:
        """The scenario cannot go on. A device that did not do what was due fails; else it is the bench's fault."""
        name = self._open or next((name for name in self._names if name not in self._given), "")
        self.ended_by = f"'{name}' ended the run"
        if not name:
            return
        failed = isinstance(error, ExpectationError)
        self._given[name] = Check(name, False, str(error)) if failed else Check.error(name, str(error))
