"""What happens to the level over time: hits, dropouts, slow fading."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from firmware_sim.dsp import line
from rig.impairments.base import Impairment, Signal, amplitude, parameter
from rig.impairments.phase import Hits


@dataclass
class GainHit(Impairment):
    """The gain jumps by *hit_db* for *duration_ms*, every *interval_s* on average."""

    name: ClassVar[str] = "gain-hit"
    hit_db: float = parameter(3.0, -40.0, 12.0)
    interval_s: float = parameter(10.0, 0.01, 3600.0)
    duration_ms: float = parameter(100.0, 1.0, 60000.0)

    def _begin(self) -> None:
        self._hits = Hits(self._rng, self.interval_s, self.duration_ms, amplitude(self.hit_db) - 1.0)

    def execute(self, block: Signal) -> Signal:
        return block * (1.0 + self._hits.execute(len(block))).astype(np.float32)


@dataclass
class Dropout(Impairment):
    """The signal is gone for *duration_ms*, every *interval_s* on average."""

    name: ClassVar[str] = "dropout"
    interval_s: float = parameter(20.0, 0.01, 3600.0)
    duration_ms: float = parameter(30.0, 0.125, 60000.0)

    def _begin(self) -> None:
        self._hits = Hits(self._rng, self.interval_s, self.duration_ms, 1.0)

    def execute(self, block: Signal) -> Signal:
        return block * (1.0 - self._hits.execute(len(block))).astype(np.float32)


@dataclass
class Fading(Impairment):
    """The amplitude swings slowly between full and *depth_db* below, once in *period_s*."""

    name: ClassVar[str] = "fading"
    depth_db: float = parameter(6.0, 0.0, 40.0)
    period_s: float = parameter(10.0, 0.5, 3600.0)

    def _begin(self) -> None:
        self._count, self._start = 0, self._rng.uniform(0.0, 2.0 * np.pi)

    def execute(self, block: Signal) -> Signal:
        wave = np.empty(len(block))
        line.cosine(self._count, 1.0 / self.period_s, self._start, wave)
        self._count += len(block)
        lost = 1.0 - amplitude(-self.depth_db)
        return block * (1.0 - lost * (1.0 - wave) / 2.0).astype(np.float32)
