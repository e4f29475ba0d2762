"""Detectors of DTMF and of single tones: Goertzel's sums over windows counted in samples, not in blocks."""

import math

import numpy as np
from numpy.typing import NDArray

from firmware_sim.clock import SAMPLE_RATE_HZ
from firmware_sim.dsp.kernels import kernel
from firmware_sim.dsp.levels import mean_square
from firmware_sim.dsp.tones import DTMF_HIGH_HZ, DTMF_KEYS, DTMF_LOW_HZ

DTMF_WINDOW = 105
"""Samples: resolves the 73 Hz between the lowest two tones; two whole windows fit in 40 ms."""
TONE_WINDOW = 80
"""Samples: wide enough for CNG's 38 Hz of tolerance."""


@kernel
def _windows(
    pending: NDArray[np.float32],
    have: int,
    x: NDArray[np.int16],
    re: NDArray[np.float32],
    im: NDArray[np.float32],
    out: NDArray[np.float64],
) -> tuple[int, int]:
    """out[window] = mean square, then the power of each tone, of every whole window. -> (windows, samples kept)"""
    size, count = pending.shape[0], 0
    for k in range(x.shape[0]):
        pending[have] = x[k]
        have += 1
        if have < size:
            continue
        have = 0
        total = np.float32(0)
        for i in range(size):
            total += pending[i] * pending[i]
        out[count, 0] = total / np.float32(size)
        for tone in range(re.shape[0]):
            a, b = np.float32(0), np.float32(0)
            for i in range(size):
                a += pending[i] * re[tone, i]
                b += pending[i] * im[tone, i]
            out[count, 1 + tone] = a * a + b * b
        count += 1
    return count, have


class Windows:
    """Cuts samples into windows and measures the power of each tone in each."""

    def __init__(self, hz: tuple[float, ...], size: int) -> None:
        turns = np.exp(-2j * math.pi / SAMPLE_RATE_HZ * np.outer(hz, np.arange(size))) * math.sqrt(2) / size
        self._re, self._im = turns.real.astype(np.float32), turns.imag.astype(np.float32)
        self._pending = np.zeros(size, np.float32)
        self._have = 0
        self.size = size
        self.done = 0

    def execute(self, samples: NDArray[np.int16]) -> list[list[float]]:
        """-> for every window that is whole now: mean square, then that of each tone."""
        out = np.empty((len(samples) // self.size + 1, 1 + len(self._re)))
        count, self._have = _windows(self._pending, self._have, samples, self._re, self._im, out)
        self.done += count
        return list(out[:count].tolist())


class DtmfDetector:
    """Digits of 40 ms and more with gaps of 40 ms and more, from -30 dBm0 a tone up.

    A digit counts when two windows agree: both tones strong against their group, two thirds of all power in the two,
    twist (high against low) of -8 to +6 dB. The limits leave room for tones 1.5 % off, which lose up to 1.5 dB here.
    """

    THRESHOLD = mean_square(-30.0)
    TWIST_DB = (-9.5, 7.5)
    SHARE = 0.65
    AGAINST_GROUP = 6.3

    def __init__(self) -> None:
        self._windows = Windows((*DTMF_LOW_HZ, *DTMF_HIGH_HZ), DTMF_WINDOW)
        self._last: str | None = None
        self._sounding: str | None = None
        self._since = 0
        self._missed = 0

    def execute(self, samples: NDArray[np.int16]) -> list[tuple[int, str]]:
        """-> (sample at which the digit began, to a window, and the digit) of each digit noticed."""
        found = []
        first = self._windows.done
        for k, powers in enumerate(self._windows.execute(samples)):
            digit = self._judge(powers)
            if digit is not None and digit != self._last:
                self._since = (first + k) * DTMF_WINDOW
            if digit is not None and digit == self._last and digit != self._sounding:
                self._sounding = digit
                found.append((self._since, digit))
            self._missed = self._missed + 1 if digit != self._sounding else 0
            if self._missed >= 2 and digit is None:
                self._sounding = None
            self._last = digit
        return found

    def _judge(self, powers: list[float]) -> str | None:
        """The digit in one window."""
        total, low, high = powers[0], powers[1:5], powers[5:9]
        p, q = max(low), max(high)
        if min(p, q) < self.THRESHOLD or p + q < self.SHARE * total:
            return None
        if not self.TWIST_DB[0] <= 10 * math.log10(q / p) <= self.TWIST_DB[1]:
            return None
        for group, best in ((low, p), (high, q)):
            if sorted(group)[-2] * self.AGAINST_GROUP > best:
                return None
        return DTMF_KEYS[low.index(p) * 4 + high.index(q)]


class ToneDetector:
    """One tone, or several that sound together (busy: 480, 620): on and off.

    On when the tones hold half of the power, each of several a tenth of it, for *least_ms* with no more than one
    window (10 ms) missed at a time; off after *gap_ms* without.
    """

    THRESHOLD = mean_square(-43.0)

    def __init__(self, *hz: float, least_ms: float = 150.0, gap_ms: float = 30.0) -> None:
        self._windows = Windows(hz, TONE_WINDOW)
        self._least = round(least_ms * SAMPLE_RATE_HZ / 1000 / TONE_WINDOW)
        self._gap = round(gap_ms * SAMPLE_RATE_HZ / 1000 / TONE_WINDOW)
        self._hits = 0
        self._missed = 0
        self._since = 0
        self.present = False

    def execute(self, samples: NDArray[np.int16]) -> list[tuple[int, bool]]:
        """-> (sample, whether the tone began there or ended there) for each change, to a window of 10 ms."""
        changes = []
        first = self._windows.done
        for k, powers in enumerate(self._windows.execute(samples)):
            at = (first + k) * TONE_WINDOW
            if self._hit(powers):
                self._since = at if self._hits == 0 else self._since
                self._hits, self._missed = self._hits + 1, 0
            else:
                self._missed += 1
            if not self.present and self._hits >= self._least:
                self.present = True
                changes.append((self._since, True))
            if self._missed >= (self._gap if self.present else 2):
                if self.present:
                    changes.append((at + TONE_WINDOW - self._missed * TONE_WINDOW, False))
                self.present, self._hits = False, 0
        return changes

    def _hit(self, powers: list[float]) -> bool:
        total, tones = powers[0], powers[1:]
        if total < self.THRESHOLD or sum(tones) < 0.5 * total:
            return False
        return len(tones) == 1 or min(tones) > 0.1 * total


class AnswerToneDetector:
    """2100 Hz, and whether it is ANSam (V.8) or a plain CED: told once, when it has sounded for 400 ms.

    Forty windows, no more than two of which miss the tone (a reversal of phase falls into one or two), are six rounds
    of 15 Hz; modulation by a tenth or more is ANSam's.
    """

    WINDOWS, LEAST, MODULATED = 40, 38, 0.1

    def __init__(self) -> None:
        self._windows = Windows((2100.0,), TONE_WINDOW)
        self._sizes: list[float] = []
        self._told = False

    def execute(self, samples: NDArray[np.int16]) -> list[tuple[int, bool]]:
        """-> (sample at which the tone began, to some windows of 10 ms, and whether it is ANSam) when noticed."""
        found = []
        first = self._windows.done
        for k, (total, tone) in enumerate(self._windows.execute(samples)):
            hit = total >= ToneDetector.THRESHOLD and tone > 0.5 * total
            self._sizes = [*self._sizes[-(self.WINDOWS - 1) :], math.sqrt(tone) if hit else 0.0]
            heard = sum(size > 0 for size in self._sizes)
            if heard < self.WINDOWS // 2:
                self._told = False
            if not self._told and heard >= self.LEAST and len(self._sizes) == self.WINDOWS and self._sizes[0] > 0:
                self._told = True
                found.append(((first + k + 1 - self.WINDOWS) * TONE_WINDOW, self._modulation() > self.MODULATED))
        return found

    def _modulation(self) -> float:
        """The 15 Hz in the tone's size against its mean."""
        heard = [size for size in self._sizes if size > 0]
        mean = sum(heard) / len(heard)
        sizes = np.array([size or mean for size in self._sizes]) - mean
        turns = np.exp(-2j * math.pi * 15 * TONE_WINDOW / SAMPLE_RATE_HZ * np.arange(self.WINDOWS))
        return float(2 * abs((sizes * turns).mean()) / mean)
