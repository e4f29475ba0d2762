"""The V.21 modem, channel 2, as objects: HDLC bits in, frames out."""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from firmware_sim.dsp import levels
from firmware_sim.modems import fsk_kernels
from firmware_sim.modems.api import Kind, ModemEvent, Quality
from firmware_sim.modems.engine import Receiver

KINDS = (Kind.CARRIER_UP, Kind.FRAME, Kind.CARRIER_DOWN)


class FskModulator:
    """Sends bits as they are; V.21 has no training."""

    def __init__(self, level_dbm0: float) -> None:
        self._state = np.zeros(1, fsk_kernels.TX_STATE)
        self._state["amplitude"] = levels.sine_peak(level_dbm0)
        self._bits = np.zeros((1, 0), np.uint8)

    def start(self, bits: NDArray[np.uint8]) -> None:
        """Begin one burst; what was left of another is dropped."""
        self._bits = np.array(bits, np.uint8).reshape(1, -1)
        count = self._bits.shape[1]
        self._state["phase"] = self._state["bit"] = self._state["clock"] = 0
        self._state["bits"], self._state["left"] = count, -(-count * 80 // 3)

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
            octets = None
            if KINDS[kind] is Kind.FRAME and count >= 0:
                octets = self._octets[channel, first : first + count].tobytes()
            events.append(ModemEvent(KINDS[kind], sample, octets=octets))
        return events


class FskDemodulator(Receiver):
    """Hears HDLC frames."""

    bank_type = FskBank

    def __init__(self) -> None:
        super().__init__(np.zeros(1, fsk_kernels.RX_STATE))

    def skip(self, count: int) -> None:
        heard = int(self.state["origin"][0] + self.state["n_pending"][0])
        self.state[:] = np.zeros(1, fsk_kernels.RX_STATE)
        self.state["origin"] = heard + count

    def quality(self) -> Quality:
        """Level only."""
        return Quality(levels.dbm0(float(self.state["level"][0])), math.nan, math.nan, math.nan)
