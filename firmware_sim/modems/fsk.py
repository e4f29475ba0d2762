"""The V.21 modem as objects: bits in, HDLC frames or bits out."""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from firmware_sim.dsp import levels
from firmware_sim.modems import fsk_kernels
from firmware_sim.modems.api import Kind, ModemEvent, Quality
from firmware_sim.modems.engine import Receiver

KINDS = (Kind.CARRIER_UP, Kind.FRAME, Kind.CARRIER_DOWN, Kind.BITS)


class FskModulator:
    """Sends bits as they are; V.21 has no training."""

    def __init__(self, level_dbm0: float, channel: int = 2) -> None:
        self._state = fsk_kernels.tx_new(channel, level_dbm0)
        self._bits = np.zeros((1, 0), np.uint8)

    def start(self, bits: NDArray[np.uint8]) -> None:
        """Begin one burst; what was left of another is dropped."""
        self._bits = np.array(bits, np.uint8).reshape(1, -1)
        fsk_kernels.tx_start(self._state, self._bits.shape[1])

    def execute(self, count: int) -> NDArray[np.int16]:
        """The next *count* samples; zeros after the burst."""
        out = np.empty((1, count), np.int16)
        fsk_kernels.tx_many(self._state, self._bits, out)
        return out.reshape(count)

    @property
    def remaining(self) -> int:
        """Samples until the last one of the burst has been given out."""
        return int(self._state["left"][0])


class FskBank:
    """Scratch for the receivers of *channels* channels."""

    def __init__(self, channels: int) -> None:
        self._octets = np.zeros((channels, fsk_kernels.OCTETS), np.uint8)
        self._events = np.zeros((channels, fsk_kernels.EVENTS, 4), np.int64)
        self._told = np.zeros(channels, np.int64)

    def execute(self, states: NDArray[Any], samples: NDArray[np.int16]) -> list[list[ModemEvent]]:
        fsk_kernels.rx_many(states, samples, self._octets, self._events, self._told)
        return [self._collect(c, told) if told else [] for c, told in enumerate(self._told.tolist())]

    def _collect(self, channel: int, told: int) -> list[ModemEvent]:
        events = []
        for kind, sample, first, count in self._events[channel, :told].tolist():
            heard = self._octets[channel, first : first + max(count, 0)]
            octets = heard.tobytes() if KINDS[kind] is Kind.FRAME and count >= 0 else None
            bits = heard.copy() if KINDS[kind] is Kind.BITS else None
            events.append(ModemEvent(KINDS[kind], sample, bits, octets))
        return events


class FskDemodulator(Receiver):
    """Hears HDLC frames; with *raw* it tells bits as they come."""

    bank_type = FskBank

    def __init__(self, channel: int = 2, *, raw: bool = False) -> None:
        super().__init__(fsk_kernels.rx_new(channel, raw=raw))
        self._fresh = self.state.copy()

    def skip(self, count: int) -> None:
        heard = int(self.state["origin"][0] + self.state["n_pending"][0])
        self.state[:] = self._fresh
        self.state["origin"] = heard + count

    def quality(self) -> Quality:
        """Level only."""
        return Quality(levels.dbm0(float(self.state["level"][0])), math.nan, math.nan, math.nan)
