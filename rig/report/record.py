"""What a run leaves behind, as plain records. Everything that is shown anywhere is made from these."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Literal, Self

from firmware_sim.clock import Duration, Instant
from firmware_sim.events import Stamped
from firmware_sim.t4.page import Page


class Status(StrEnum):
    """A device that fails its case is FAIL, a bench that fails is ERROR, what is not there is SKIP."""

    PASS = "pass"
    FAIL = "fail"
    ERROR = "error"
    SKIP = "skip"


@dataclass(frozen=True, slots=True)
class Check:
    """One verdict. *limit* is the declared limit in its own words, such as "75 ms ± 20 ms".

    *fault* is set when nothing can be said of the device; *detail* then holds the reason.
    """

    name: str
    ok: bool
    detail: str = ""
    measured: float | str | None = None
    unit: str = ""
    limit: str = ""
    duration: Duration | None = None
    fault: Literal[Status.ERROR, Status.SKIP] | None = None

    @classmethod
    def error(cls, name: str, reason: str) -> Self:
        return cls(name, False, reason, fault=Status.ERROR)

    @classmethod
    def skip(cls, name: str, reason: str) -> Self:
        return cls(name, False, reason, fault=Status.SKIP)

    @property
    def status(self) -> Status:
        return self.fault or (Status.PASS if self.ok else Status.FAIL)

    @property
    def value(self) -> str:
        """The measured value with its unit, empty when nothing was measured."""
        if self.measured is None:
            return ""
        number = f"{self.measured:.6g}" if isinstance(self.measured, float) else str(self.measured)
        return f"{number} {self.unit}".rstrip()


Direction = Literal["->", "<-", "=>", "<=", "==", ".."]
"""A message (->, <-), a page or other long signal (=>, <=), something both ends share (==), a remark (..)."""


@dataclass(frozen=True, slots=True)
class LadderLine:
    """*text* begins with the name of the frame or message; the rest explains it."""

    at_us: Instant
    direction: Direction
    text: str


@dataclass(frozen=True, slots=True)
class Ladder:
    title: str
    left: str
    right: str
    lines: Sequence[LadderLine]


@dataclass(frozen=True, slots=True)
class PagePair:
    """*difference* is empty when the page arrived as it was sent."""

    title: str
    sent: Page
    received: Page | None
    difference: str


@dataclass(frozen=True, slots=True)
class Run:
    """*started_at* carries its time zone. *times_real_time* is simulated time over the time that it took."""

    title: str
    started_at: datetime
    world: Literal["real time", "simulated time"]
    seed: int
    checks: Sequence[Check]
    ladders: Sequence[Ladder] = ()
    pages: Sequence[PagePair] = ()
    log: Sequence[Stamped] = ()
    times_real_time: float | None = None
    versions: Mapping[str, str] = field(default_factory=dict)
    summary: str = ""
    took_s: float | None = None

    @property
    def status(self) -> Status:
        """ERROR before FAIL: a bench that is out of order proves nothing. A run that checked nothing is no PASS."""
        found = {check.status for check in self.checks}
        order = (Status.ERROR, Status.FAIL, Status.PASS, Status.SKIP)
        return next((status for status in order if status in found), Status.ERROR)

    @property
    def origin(self) -> Instant:
        """The first instant of the run: all times are shown from there, in real time (since 1970) as in simulated."""
        moments = [line.at for line in self.log] + [line.at_us for ladder in self.ladders for line in ladder.lines]
        return min(moments, default=0)

    def count(self, status: Status) -> int:
        return sum(check.status is status for check in self.checks)

    @property
    def tally(self) -> str:
        """ "11 passed, 1 failed"."""
        words = {Status.PASS: "passed", Status.FAIL: "failed", Status.ERROR: "in error", Status.SKIP: "skipped"}
        counts = [f"{self.count(status)} {word}" for status, word in words.items() if self.count(status)]
        return ", ".join(counts) or "nothing was checked"
