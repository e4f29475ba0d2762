"""What is added to a signal: white noise, impulses, single tones, the mains."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from firmware_sim.clock import SAMPLE_RATE_HZ
from firmware_sim.dsp import line
from firmware_sim.dsp.levels import mean_square, sine_peak
from rig.impairments.base import Impairment, Signal, parameter, samples_of


@dataclass
class Awgn(Impairment):
    """White noise over 0 to 4 kHz, *snr_db* below a signal of *signal_dbm0*. It is there in silence too.

    The signal is not measured: after a loss say the level that is left of it.
    """

    name: ClassVar[str] = "awgn"
    snr_db: float = parameter(30.0, -10.0, 90.0)
    signal_dbm0: float = parameter(-13.0, -60.0, 3.0)

    def execute(self, block: Signal) -> Signal:
        rms = np.float32(mean_square(self.signal_dbm0 - self.snr_db) ** 0.5)
        return block + rms * self._rng.standard_normal(len(block), np.float32)


@dataclass
class Sine(Impairment):
    """Single-frequency interference."""

    name: ClassVar[str] = "tone"
    freq_hz: float = parameter(1000.0, 1.0, 3999.0)
    level_dbm0: float = parameter(-40.0, -90.0, 0.0)

    def _begin(self) -> None:
        self._count, self._phase = 0, self._rng.uniform(0.0, 2.0 * np.pi)

    def execute(self, block: Signal) -> Signal:
        wave = np.empty(len(block))
        line.cosine(self._count, self.freq_hz, self._phase, wave)
        self._count += len(block)
        return block + (wave * sine_peak(self.level_dbm0)).astype(np.float32)


@dataclass
class Mains(Impairment):
    """Mains pickup: *level_dbm0* is the fundamental's; each odd harmonic up to the 9th is 6 dB below the last."""

    name: ClassVar[str] = "mains"
    mains_hz: float = parameter(50.0, 45.0, 65.0)
    level_dbm0: float = parameter(-40.0, -90.0, 0.0)

    def _begin(self) -> None:
        self._count = 0
        self._phases = self._rng.uniform(0.0, 2.0 * np.pi, 5)

    def execute(self, block: Signal) -> Signal:
        wave, total = np.empty(len(block)), np.zeros(len(block))
        for index, phase in enumerate(self._phases):
            line.cosine(self._count, self.mains_hz * (2 * index + 1), float(phase), wave)
            total += wave * sine_peak(self.level_dbm0 - 6.0 * index)
        self._count += len(block)
        return block + total.astype(np.float32)


class Arrivals:
    """Instants that come at random with a mean interval, as sample numbers, each with a number for its own stream."""

    def __init__(self, rng: np.random.Generator, interval_samples: float) -> None:
        self._rng, self._interval = rng, interval_samples
        self._count = 0
        self._next = self._after(0)

    def _after(self, sample: int) -> int:
        return sample + 1 + int(self._rng.exponential(self._interval))

    def within(self, samples: int) -> list[int]:
        """Those of the next *samples* samples, as places in them."""
        places = []
        while self._next < self._count + samples:
            places.append(self._next - self._count)
            self._next = self._after(self._next)
        self._count += samples
        return places


@dataclass
class ImpulseNoise(Impairment):
    """Clicks, *rate_per_s* on average: a ringing at some frequency of the band that dies away in *duration_ms*."""

    name: ClassVar[str] = "impulse-noise"
    rate_per_s: float = parameter(0.2, 0.001, 100.0)
    peak_dbm0: float = parameter(-5.0, -60.0, 3.0)
    duration_ms: float = parameter(4.0, 0.25, 50.0)

    def _begin(self) -> None:
        self._arrivals = Arrivals(self._rng, SAMPLE_RATE_HZ / self.rate_per_s)
        self._ahead = np.zeros(0)
        self._shapes = np.random.Generator(np.random.PCG64(self._rng.integers(1 << 63)))

    def _click(self) -> NDArray[np.float64]:
        at = np.arange(samples_of(self.duration_ms))
        hz, phase = self._shapes.uniform(300.0, 3400.0), self._shapes.uniform(0.0, 2.0 * np.pi)
        decay = np.exp(-5.0 * at / len(at))
        click: NDArray[np.float64] = decay * np.cos(2.0 * np.pi * hz / SAMPLE_RATE_HZ * at + phase)
        return click * sine_peak(self.peak_dbm0)

    def execute(self, block: Signal) -> Signal:
        count, length = len(block), samples_of(self.duration_ms)
        added = np.zeros(max(count + length, len(self._ahead)))
        added[: len(self._ahead)] = self._ahead
        for place in self._arrivals.within(count):
            added[place : place + length] += self._click()
        self._ahead = added[count:]
        return block + added[:count].astype(np.float32)
