"""The line between a modulator and a demodulator: level, carrier and clock offset, noise, G.711."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import CubicSpline
from scipy.signal import hilbert, resample_poly

from firmware_sim.dsp.levels import mean_square
from firmware_sim.modems import Demodulator, Kind, ModemEvent, Modulator
from firmware_sim.rtp.g711 import Codec

Samples = NDArray[np.int16]


def shift(x: NDArray[np.float64], hz: float) -> NDArray[np.float64]:
    """Move every frequency by *hz*."""
    return (hilbert(x) * np.exp(2j * np.pi * hz / 8000 * np.arange(len(x)))).real


def stretch(x: NDArray[np.float64], ppm: float) -> NDArray[np.float64]:
    """What a receiver hears whose clock is *ppm* slow: the sender seems fast."""
    fine = resample_poly(x, 4, 1)
    return CubicSpline(np.arange(len(fine)), fine)(np.arange(0, len(fine) - 8, 4 * (1 + ppm * 1e-6)))


@dataclass(frozen=True)
class Line:
    """What happens to a signal. *snr_db* is white noise over 0 to 4 kHz against the mean power of the loud part."""

    gain_db: float = 0.0
    hz: float = 0.0
    ppm: float = 0.0
    snr_db: float | None = None
    noise_dbm0: float | None = None
    lead: int = 800
    tail: int = 1600
    law: Codec | None = Codec.PCMA
    seed: int = 1

    def carry(self, x: Samples) -> Samples:
        rng = np.random.default_rng(self.seed)
        y = x.astype(float) * 10 ** (self.gain_db / 20)
        y = shift(y, self.hz) if self.hz else y
        y = stretch(y, self.ppm) if self.ppm else y
        if self.snr_db is not None:
            loud = y[np.flatnonzero(x)[0] : len(y)]
            y = y + rng.standard_normal(len(y)) * np.sqrt((loud**2).mean() * 10 ** (-self.snr_db / 10))
        y = np.concatenate([np.zeros(self.lead), y, np.zeros(self.tail)])
        if self.noise_dbm0 is not None:
            y += np.sqrt(mean_square(self.noise_dbm0)) * rng.standard_normal(len(y))
        return through_law(np.rint(y.clip(-32768, 32767)).astype(np.int16), self.law)


def through_law(x: Samples, law: Codec | None) -> Samples:
    """Coded and decoded again."""
    return x if law is None else law.decode(law.encode(x))


def burst(sender: Modulator, bits: NDArray[np.uint8]) -> Samples:
    """All samples of one burst."""
    sender.start(bits)
    return sender.execute(sender.remaining)


def hear(receiver: Demodulator, x: Samples, block: int = 160) -> list[ModemEvent]:
    """All events of *x*, heard block by block."""
    return [e for k in range(0, len(x), block) for e in receiver.execute(x[k : k + block])]


def of_kind(events: list[ModemEvent], kind: Kind) -> list[ModemEvent]:
    return [e for e in events if e.kind is kind]


def bits_of(events: list[ModemEvent]) -> NDArray[np.uint8]:
    """All bits, joined."""
    parts = [e.bits for e in events if e.bits is not None]
    return np.concatenate(parts) if parts else np.zeros(0, np.uint8)


def errors(got: NDArray[np.uint8], sent: NDArray[np.uint8]) -> int:
    """Bits wrong or missing."""
    n = min(len(got), len(sent))
    return int((got[:n] != sent[:n]).sum()) + len(sent) - n


def frames_of(events: list[ModemEvent]) -> list[bytes | None]:
    return [e.octets for e in events if e.kind is Kind.FRAME]
