"""Linear filters: a band, a bow of group delay, and named channels. Each is one FIR, run by a kernel."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from firmware_sim.clock import SAMPLE_RATE_HZ
from firmware_sim.dsp import line
from rig.impairments.base import Impairment, Signal, parameter
from rig.impairments.channels import CHANNELS, Curve, channel, designed

NYQUIST_HZ = SAMPLE_RATE_HZ / 2
BAND_TAPS = 257


class Fir:
    """A filter that runs from block to block."""

    def __init__(self, taps: NDArray[np.float32]) -> None:
        self._reversed = np.ascontiguousarray(taps[::-1], np.float32)
        self._past = np.zeros(len(taps) - 1, np.float32)

    def execute(self, block: Signal) -> Signal:
        joined = np.concatenate((self._past, block.astype(np.float32, copy=False)))
        out = np.empty(len(block), np.float32)
        line.fir(joined, self._reversed, out)
        self._past = joined[len(block) :].copy()
        return out


@dataclass
class FirImpairment(Impairment):
    """A subclass gives the taps, and by how much the filter comes late."""

    linear: ClassVar[bool] = True

    def _taps(self) -> tuple[Signal, int]:
        raise NotImplementedError

    def _prepare(self) -> None:
        self.taps, self._late = self._taps()

    @property
    def latency(self) -> int:
        return self._late

    def _begin(self) -> None:
        self._fir = Fir(self.taps)

    def execute(self, block: Signal) -> Signal:
        return self._fir.execute(block)


@dataclass
class Band(FirImpairment):
    """Passes *low_hz* to *high_hz* (each 6 dB down) without distortion of delay; 50 dB down 100 Hz further on."""

    name: ClassVar[str] = "band"
    low_hz: float = parameter(300.0, 0.0, 3800.0)
    high_hz: float = parameter(3400.0, 200.0, NYQUIST_HZ)

    def _taps(self) -> tuple[Signal, int]:
        if self.low_hz + 100.0 > self.high_hz:
            raise ValueError(f"band: high_hz is {self.high_hz:g}; it must lie 100 or more above low_hz")
        half = BAND_TAPS // 2
        place = np.arange(-half, half + 1)
        high, low = (2.0 * hz / SAMPLE_RATE_HZ for hz in (self.high_hz, self.low_hz))
        ideal = high * np.sinc(high * place) - low * np.sinc(low * place)
        return (ideal * np.kaiser(BAND_TAPS, 5.0)).astype(np.float32), half


@dataclass
class GroupDelay(FirImpairment):
    """A parabola of group delay with a flat response: *edge_ms* more at 300 and 3300 Hz than at 1800 Hz."""

    name: ClassVar[str] = "group-delay"
    edge_ms: float = parameter(1.0, -3.0, 3.0)

    def _taps(self) -> tuple[Signal, int]:
        hz = np.arange(200.0, 3900.0, 50.0)
        delay = self.edge_ms * np.minimum(((hz - 1800.0) / 1500.0) ** 2, 1.5)
        flat = np.array([[200.0, 0.0], [3900.0, 0.0]])
        return designed(Curve(flat, np.column_stack((hz, delay))))


@dataclass
class Channel(FirImpairment):
    """A channel by its published curve of attenuation and delay; `rig line list` says which there are."""

    name: ClassVar[str] = "channel"
    channel: str = parameter("eia-ll-2", choices=tuple(CHANNELS))

    def _taps(self) -> tuple[Signal, int]:
        return channel(self.channel)
