"""The QAM modems as objects: every row of qam_specs."""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from firmware_sim.dsp import levels
from firmware_sim.modems import qam_rx, qam_state, qam_tx
from firmware_sim.modems.api import Kind, ModemEvent, Quality
from firmware_sim.modems.engine import MAX_BLOCK, Receiver
from firmware_sim.modems.qam_specs import SPECS, row_of

KINDS = (Kind.CARRIER_UP, Kind.TRAINED, Kind.BITS, Kind.CARRIER_DOWN, Kind.CARRIER_UP, Kind.TRAINED)
AGAIN = (qam_state.EVENT_UP_AGAIN, qam_state.EVENT_TRAINED_AGAIN)


class QamModulator:
    """Sends a burst: echo protection if wanted, silence, training, data, turn-off."""

    def __init__(self, row: int, level_dbm0: float, tep: bool) -> None:
        self._state = qam_tx.new(row, level_dbm0)
        self._tep = tep
        self._bits = np.zeros((1, qam_tx.PADDING), np.uint8)

    def start(self, bits: NDArray[np.uint8]) -> None:
        """Begin one burst; what was left of another is dropped."""
        self._bits = qam_tx.start(self._state, bits, self._tep).reshape(1, -1)

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
        self._bits = np.zeros((channels, 2 * MAX_BLOCK + qam_state.SPARE_BITS), np.uint8)
        self._events = np.zeros((channels, qam_state.EVENTS, 4), np.int64)
        self._told = np.zeros(channels, np.int64)

    def execute(self, states: NDArray[Any], samples: NDArray[np.int16]) -> list[list[ModemEvent]]:
        qam_rx.rx_many(states, samples, self._bits, self._events, self._told)
        return [self._collect(c, told) if told else [] for c, told in enumerate(self._told.tolist())]

    def _collect(self, channel: int, told: int) -> list[ModemEvent]:
        events = []
        for kind, sample, first, count in self._events[channel, :told].tolist():
            bits = self._bits[channel, first : first + count].copy() if count else None
            events.append(ModemEvent(KINDS[kind], sample, bits, resumed=kind in AGAIN))
        return events


class QamDemodulator(Receiver):
    """Hears bursts, trains on each, tells its bits."""

    bank_type = QamBank

    def __init__(self, modem: str, bps: int, short: bool) -> None:
        super().__init__(qam_state.new(row_of(modem, bps, short)))
        self._rows = [row_of(modem, bps, s) for s in (False, True)]

    def restart(self, *, short: bool = False) -> None:
        """Forget everything but the sample count and what a long training taught; *short*: wait for a short one."""
        qam_state.restart(self.state, 0, self._rows[short])

    def skip(self, count: int) -> None:
        qam_state.restart(self.state, count, int(self.state["row"][0]))

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
            eqm=math.sqrt(mse / spec.power),
        )

    def constellation(self) -> NDArray[np.complex64]:
        """The last symbols, at most 64, oldest first; the rms point has magnitude 1."""
        s = self.state[0]
        end, scale = int(s["seen_at"]), SPECS[int(s["row"])].power ** 0.5
        order = np.arange(max(0, end - qam_state.SEEN), end) % qam_state.SEEN
        points: NDArray[np.complex64] = ((s["seen_re"][order] + 1j * s["seen_im"][order]) / scale).astype(np.complex64)
        return points
