"""A difference between two clocks, made by resampling."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from firmware_sim.dsp import line
from rig.impairments.base import Impairment, Signal, parameter, samples_of


@dataclass
class ClockDrift(Impairment):
    """The sender's clock is *drift_ppm* fast: every frequency is that much higher, and so is the rate of symbols.

    As many samples come out as go in, so what is too much or too little gathers in a buffer of *buffer_ms*. When it
    runs over or dry the signal slips by its length: at 100 ppm and 100 ms after 1000 s.
    """

    name: ClassVar[str] = "clock-drift"
    drift_ppm: float = parameter(100.0, -1000.0, 1000.0)
    buffer_ms: float = parameter(100.0, 1.0, 1000.0)

    @property
    def latency(self) -> int:
        """At first; it falls (or grows) by *drift_ppm*."""
        return line.SINC_TAPS // 2 + (self._span if self.drift_ppm >= 0.0 else 0)

    def _prepare(self) -> None:
        self._span = samples_of(self.buffer_ms)
        self._table = line.sinc_table()

    def _begin(self) -> None:
        self._count = 0
        self._past = np.zeros(self._span + line.SINC_TAPS - 1, np.float32)

    def execute(self, block: Signal) -> Signal:
        joined = np.concatenate((self._past, block.astype(np.float32, copy=False)))
        out = np.empty(len(block), np.float32)
        line.resample(joined, self._count, self.drift_ppm * 1e-6, self._span, self._table, out)
        self._past = joined[len(block) :].copy()
        self._count += len(block)
        return out
