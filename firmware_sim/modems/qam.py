"""QAM modems as objects: V.29 at 9600 and 7200 (and whatever qam_tables gains)."""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from firmware_sim.dsp import levels
from firmware_sim.modems import qam_rx, qam_state, qam_tx
from firmware_sim.modems.api import Kind, ModemEvent, Quality
from firmware_sim.modems.engine import MAX_BLOCK, Receiver
from firmware_sim.modems.qam_tables import ROWS, SPECS

KINDS = (Kind.CARRIER_UP, Kind.TRAINED, Kind.BITS, Kind.CARRIER_DOWN)


class QamModulator:
    """Sends a burst: silence, training, data, turn-off."""

    def __init__(self, modem: str, bps: int, level_dbm0: float) -> None:
        self._state = qam_tx.new(ROWS[modem, bps], level_dbm0)
        self._bits = np.zeros((1, 0), np.uint8)

    def start(self, bits: NDArray[np.uint8]) -> None:
        """Begin one burst; what was left of another is dropped."""
        self._bits = np.array(bits, np.uint8).reshape(1, -1)
        qam_tx.start(self._state, self._bits.shape[1])

    def execute(self, count: int) -> NDArray[np.int16]:
        """The next *count* samples; zeros after the burst."""
        out = np.empty((1, count), np.int16)
        qam_tx.tx_many(self._state, self._bits, out)
        return out.reshape(count)

    @property
    def remaining(self) -> int:
        """Samples until the last one of the burst has been given out."""
        return int(self._state["left"][0])


class QamBank:
    """Scratch for the receivers of *channels* channels."""

    def __init__(self, channels: int) -> None:
        self._bits = np.zeros((channels, 2 * MAX_BLOCK + 512), np.uint8)
        self._events = np.zeros((channels, qam_state.EVENTS, 4), np.int64)
        self._told = np.zeros(channels, np.int64)

    def execute(self, states: NDArray[Any], samples: NDArray[np.int16]) -> list[list[ModemEvent]]:
        qam_rx.rx_many(states, samples, self._bits, self._events, self._told)
        return [self._collect(c, told) if told else [] for c, told in enumerate(self._told.tolist())]

    def _collect(self, channel: int, told: int) -> list[ModemEvent]:
        events = []
        for kind, sample, first, count in self._events[channel, :told].tolist():
            bits = self._bits[channel, first : first + count].copy() if count else None
            events.append(ModemEvent(KINDS[kind], sample, bits))
        return events


class QamDemodulator(Receiver):
    """Hears bursts, trains on each, tells its bits."""

    bank_type = QamBank

    def __init__(self, modem: str, bps: int) -> None:
        super().__init__(qam_state.new(ROWS[modem, bps]))

    def skip(self, count: int) -> None:
        qam_state.restart(self.state, count)

    def quality(self) -> Quality:
        s = self.state[0]
        spec = SPECS[int(s["row"])]
        level, mse = (float(v) for v in s["measured"])
        if mse <= 0.0:
            return Quality(levels.dbm0(float(s["level"])), math.nan, math.nan, math.nan)
        return Quality(
            level_dbm0=levels.dbm0(level),
            snr_db=10.0 * math.log10(spec.power / mse),
            carrier_offset_hz=-float(s["om"]) * spec.baud / (2.0 * math.pi),
            clock_offset_ppm=-float(s["drift"]) * 1e6,
        )
