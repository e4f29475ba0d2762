"""Times against T.30: lengths of signals, and the silence between the end of one and the start of the next.

Limits come from T.30's timers and from the standards' figures for signals; each is widened by how far a measured time
may be off.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from firmware_sim.clock import Duration
from firmware_sim.t30 import timers
from firmware_sim.t30.frames import Frame
from rig.analysis.heard import MS, Signal, Sort

Range = tuple[float, float]

CED_MS: Range = (2600, 4000)
ANSAM_MS: Range = (2600, 6000)
"""T.30 asks for 2.6 to 4 s, V.8 alone for 5 +-1 s."""
CED_HZ: Range = (2085, 2115)
CNG_HZ: Range = (1062, 1138)
CNG_ON_MS: Range = (425, 575)
CNG_OFF_MS: Range = (2550, 3450)
GAP_MS: Range = (55, 95)
"""75 +-20 ms: V.21 and an image signal of one station, CED and DIS."""
TURN_OFF_MS = 20.0
"""Some modems end in silence: the gap after them is so much longer."""
TCF_MS: Range = (1350, 1650)
PREAMBLE_MS: Range = (850, 1150)
ANSWER_MS: Range = (55, 1500)
MANUAL_MS = 5175.0
"""A called station may repeat its DIS as one that is operated by hand: T4 is 4.5 s +-15 % then."""
TRIES = 3
HIDES = 60 * MS
"""Other energy so near to a signal's start hides it."""
TONES = (Sort.CED, Sort.ANSAM)


@dataclass(frozen=True, slots=True)
class Measure:
    """One time (or frequency), *at* which sample its signal began, and its limits."""

    at: int
    name: str
    value: float
    limits: Range
    slack: float
    unit: str = "ms"

    @property
    def ok(self) -> bool:
        return self.limits[0] - self.slack <= self.value <= self.limits[1] + self.slack

    def __str__(self) -> str:
        low, high = self.limits
        return f"{self.name}: {self.value:.0f} {self.unit}, must be {low:g} to {high:g} (measured to {self.slack:g})"


def judge(signals: list[Signal], slack_ms: float) -> list[Measure]:
    """Every measure; those out of their limits are entered as violations at their signals."""
    found = []
    for signal, measure in _measures(signals, slack_ms):
        found.append(measure)
        if not measure.ok:
            signal.violations.append(str(measure))
    _count_tries(signals)
    return found


def t4_ms() -> Range:
    return _ms(timers.T4.nominal - timers.T4.tolerance), _ms(timers.T4.nominal + timers.T4.tolerance)


def _ms(duration: Duration) -> float:
    return duration / 1000


def _measures(signals: list[Signal], slack: float) -> Iterator[tuple[Signal, Measure]]:
    clear = [signal for signal in signals if not any(_hides(other, signal) for other in signals)]
    for signal in clear:
        for measure in _own(signal, slack):
            yield signal, measure
    for before, signal in pairwise(_cadence(signals)):
        gap = (signal.start - before.end) / MS
        if gap < 2 * CNG_OFF_MS[1]:
            yield before, Measure(before.start, "CNG on", before.ms, CNG_ON_MS, slack)
            yield signal, Measure(signal.start, "CNG off", gap, CNG_OFF_MS, slack)
    spoken = [signal for signal in signals if signal.sort not in (Sort.CNG, Sort.OTHER)]
    for before, signal in pairwise(spoken):
        found = _between(before, signal, slack) if before in clear and signal in clear else None
        if found is not None:
            yield signal, found


def _hides(other: Signal, signal: Signal) -> bool:
    """Whether noise or speech makes it unknown when a signal began."""
    return other.sort is Sort.OTHER and other.start <= signal.start + HIDES and signal.start <= other.end + HIDES


def _cadence(signals: list[Signal]) -> list[Signal]:
    return [signal for signal in signals if signal.sort is Sort.CNG]


def _own(signal: Signal, slack: float) -> Iterator[Measure]:
    """What one signal must be by itself."""
    if signal.sort in TONES:
        limits = CED_MS if signal.sort is Sort.CED else ANSAM_MS
        yield Measure(signal.start, f"{signal.sort} length", signal.ms, limits, slack)
        yield Measure(signal.start, f"{signal.sort} frequency", signal.hz, CED_HZ, 2.0, "Hz")
    elif signal.sort is Sort.CNG:
        yield Measure(signal.start, "CNG frequency", signal.hz, CNG_HZ, 2.0, "Hz")
    elif signal.sort is Sort.V21 and signal.preamble_ms is not None:
        yield Measure(signal.start, "preamble", signal.preamble_ms, PREAMBLE_MS, slack)
    elif signal.sort is Sort.TCF and signal.take is not None:
        length = 1000 * len(signal.take.bits) / signal.take.rate.bps
        yield Measure(signal.start, "TCF length", length, TCF_MS, slack)


def _between(before: Signal, signal: Signal, slack: float) -> Measure | None:
    gap = (signal.start - before.end) / MS
    at = signal.start
    if before.side is not signal.side:
        if gap < -slack:
            return Measure(at, f"silence before it ({_name(before)} had not ended)", gap, ANSWER_MS, slack)
        if before.sort in TONES or signal.sort in TONES or gap > _ms(timers.T2.nominal):
            return None
        return Measure(at, "silence before the answer", gap, ANSWER_MS, slack)
    if before.sort in TONES and signal.sort is Sort.V21:
        return Measure(at, f"silence after {before.sort}", gap, GAP_MS, slack) if gap < 1500 else None
    if before.sort is Sort.V21 and signal.is_image and gap < 1500:
        return Measure(at, "silence between V.21 and the image signal", gap, GAP_MS, slack)
    if before.is_image and before.take is not None and signal.sort is Sort.V21 and gap < 1500:
        limits = (GAP_MS[0], GAP_MS[1] + TURN_OFF_MS)
        return Measure(at, "silence between the image signal and V.21", gap, limits, slack)
    if _again(before, signal):
        low, high = t4_ms()
        high = MANUAL_MS if signal.code is Frame.DIS else high
        return Measure(at, "T4, silence before it was said again", gap, (low, high), slack)
    return None


def _again(before: Signal, signal: Signal) -> bool:
    """A command repeated because nothing was answered."""
    if signal.sort is not Sort.V21 or signal.code is Frame.DCN or signal.code is None:
        return False
    return before.is_image or (before.sort is Sort.V21 and before.code is signal.code)


def _name(signal: Signal) -> str:
    return str(signal.message or signal.sort)


def _count_tries(signals: list[Signal]) -> None:
    """The same command more than three times with no answer."""
    said: Signal | None = None
    count = 0
    for signal in signals:
        if signal.sort is not Sort.V21:
            continue
        same = said is not None and signal.side is said.side and signal.controls and _same(signal, said)
        count = count + 1 if same else 1
        said = signal
        if count > TRIES:
            signal.violations.append(f"{_name(signal)} said {count} times without an answer, {TRIES} are allowed")


def _same(one: Signal, other: Signal) -> bool:
    return bool(other.controls) and one.controls[-1] == other.controls[-1]
