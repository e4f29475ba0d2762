"""What happens to the phase: an offset of every frequency, jitter, hits. All of them come 64 samples late."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from firmware_sim.clock import SAMPLE_RATE_HZ
from firmware_sim.dsp import line
from rig.impairments.base import DelayLine, Impairment, Signal, parameter, samples_of
from rig.impairments.filters import Fir
from rig.impairments.noise import Arrivals

HALF = 64


def _quadrature() -> Signal:
    """A Hilbert transformer of 2 * HALF + 1 taps: 0.1 dB from 150 to 3850 Hz."""
    place = np.arange(-HALF, HALF + 1)
    ideal = np.where(place % 2 == 0, 0.0, 2.0 / (np.pi * np.where(place == 0, 1, place)))
    return (ideal * np.kaiser(2 * HALF + 1, 6.0)).astype(np.float32)


@dataclass
class PhaseImpairment(Impairment):
    """Turns the signal by a phase that a subclass gives for each sample."""

    @property
    def latency(self) -> int:
        return HALF

    def _begin(self) -> None:
        self._count = 0
        self._direct, self._side = DelayLine(HALF), Fir(_quadrature())

    def execute(self, block: Signal) -> Signal:
        block = np.ascontiguousarray(block, np.float32)
        phase = np.ascontiguousarray(self._phase(self._count, len(block)))
        self._count += len(block)
        out = np.empty(len(block), np.float32)
        line.turn(np.ascontiguousarray(self._direct.execute(block)), self._side.execute(block), phase, out)
        return out

    def _phase(self, first: int, count: int) -> NDArray[np.float64]:
        """Radians of the samples from number *first* on."""
        raise NotImplementedError


@dataclass
class FrequencyOffset(PhaseImpairment):
    """Every frequency is moved by *offset_hz*, as by a carrier system whose ends disagree."""

    name: ClassVar[str] = "frequency-offset"
    offset_hz: float = parameter(7.0, -100.0, 100.0)

    def _phase(self, first: int, count: int) -> NDArray[np.float64]:
        return np.arange(first, first + count, dtype=np.float64) * (2.0 * np.pi * self.offset_hz / SAMPLE_RATE_HZ)


@dataclass
class PhaseJitter(PhaseImpairment):
    """The phase swings by *jitter_deg* from peak to peak, *freq_hz* times a second."""

    name: ClassVar[str] = "phase-jitter"
    jitter_deg: float = parameter(10.0, 0.0, 180.0)
    freq_hz: float = parameter(60.0, 0.1, 300.0)

    def _begin(self) -> None:
        super()._begin()
        self._start = self._rng.uniform(0.0, 2.0 * np.pi)

    def _phase(self, first: int, count: int) -> NDArray[np.float64]:
        wave = np.empty(count)
        line.cosine(first, self.freq_hz, self._start, wave)
        return wave * float(np.radians(self.jitter_deg / 2.0))


class Hits:
    """A value that jumps to *height* for *duration* samples, at random times, else 0."""

    def __init__(self, rng: np.random.Generator, interval_s: float, duration_ms: float, height: float) -> None:
        self._arrivals = Arrivals(rng, interval_s * SAMPLE_RATE_HZ)
        self._duration, self._height, self._left = samples_of(duration_ms), height, 0

    def execute(self, count: int) -> NDArray[np.float64]:
        out = np.zeros(count)
        out[: self._left] = self._height
        end = self._left
        for place in self._arrivals.within(count):
            end = max(end, place + self._duration)
            out[place : place + self._duration] = self._height
        self._left = max(end - count, 0)
        return out


@dataclass
class PhaseHit(PhaseImpairment):
    """The phase jumps by *hit_deg* and after *duration_ms* back, every *interval_s* on average."""

    name: ClassVar[str] = "phase-hit"
    hit_deg: float = parameter(45.0, -180.0, 180.0)
    interval_s: float = parameter(10.0, 0.01, 3600.0)
    duration_ms: float = parameter(100.0, 1.0, 60000.0)

    def _begin(self) -> None:
        super()._begin()
        self._hits = Hits(self._rng, self.interval_s, self.duration_ms, float(np.radians(self.hit_deg)))

    def _phase(self, first: int, count: int) -> NDArray[np.float64]:
        return self._hits.execute(count)
