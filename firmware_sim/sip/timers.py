"""SIP timers over UDP as data (RFC 3261 table 4; L and M from RFC 6026), and the alarm clock that all layers share."""

import heapq
from collections.abc import Hashable
from dataclasses import dataclass
from enum import Enum
from typing import Generic, TypeVar

from firmware_sim.clock import Duration, Instant, ms, seconds

T1 = ms(500)
T2 = seconds(4)
T4 = seconds(5)


class Timer(Enum):
    A = "A"
    B = "B"
    D = "D"
    E = "E"
    F = "F"
    G = "G"
    H = "H"
    I = "I"  # noqa: E741
    J = "J"
    K = "K"
    L = "L"
    M = "M"


@dataclass(frozen=True, slots=True)
class TimerSpec:
    """*first* is how long it runs at first; one that *repeats* doubles each time, but not beyond *cap*."""

    first: Duration
    clause: str
    repeats: bool = False
    cap: Duration = 0


TIMERS = {
    Timer.A: TimerSpec(T1, "17.1.1.2", repeats=True, cap=64 * T1),
    Timer.B: TimerSpec(64 * T1, "17.1.1.2"),
    Timer.D: TimerSpec(64 * T1, "17.1.1.2"),
    Timer.E: TimerSpec(T1, "17.1.2.2", repeats=True, cap=T2),
    Timer.F: TimerSpec(64 * T1, "17.1.2.2"),
    Timer.G: TimerSpec(T1, "17.2.1", repeats=True, cap=T2),
    Timer.H: TimerSpec(64 * T1, "17.2.1"),
    Timer.I: TimerSpec(T4, "17.2.1"),
    Timer.J: TimerSpec(64 * T1, "17.2.2"),
    Timer.K: TimerSpec(T4, "17.1.2.2"),
    Timer.L: TimerSpec(64 * T1, "17.2.1"),
    Timer.M: TimerSpec(64 * T1, "17.1.1"),
}
SUCCESS_REPEAT = TimerSpec(T1, "13.3.1.4", repeats=True, cap=T2)
SUCCESS_LIMIT = 64 * T1
TIMER_C = seconds(180)
"""How long a call may ring (16.6)."""

Key = TypeVar("Key", bound=Hashable)


class Alarms(Generic[Key]):
    """Named instants. What is due comes out in the order of its instants, ties in the order in which they were set."""

    def __init__(self) -> None:
        self._due: dict[Key, tuple[Instant, int]] = {}
        self._heap: list[tuple[Instant, int, Key]] = []
        self._count = 0

    def set(self, key: Key, at: Instant) -> None:
        if key in self._due and self._due[key][0] == at:
            return
        self._count += 1
        self._due[key] = (at, self._count)
        heapq.heappush(self._heap, (at, self._count, key))

    def cancel(self, key: Key) -> None:
        self._due.pop(key, None)

    @property
    def deadline(self) -> Instant | None:
        while self._heap and self._due.get(self._heap[0][2]) != self._heap[0][:2]:
            heapq.heappop(self._heap)
        return self._heap[0][0] if self._heap else None

    def pop(self, now: Instant) -> Key | None:
        """The next key that is due, forgotten by this; None when none is."""
        deadline = self.deadline
        if deadline is None or deadline > now:
            return None
        key = heapq.heappop(self._heap)[2]
        del self._due[key]
        return key
