"""Tones and their cadences: what a line and a fax machine say besides modem signals.

Frequencies and cadences of CNG and CED are T.30's; DTMF is Q.23's; the call progress tones are the North American
ones (dial 350 + 440, ringback 440 + 480, busy and reorder 480 + 620 Hz), the special information tones too. ANSam, the
answer of a V.8 modem, is 2100 Hz with 20 % of 15 Hz on it and a reversal of phase every 450 ms.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from firmware_sim.clock import SAMPLE_RATE_HZ
from firmware_sim.dsp.levels import sine_peak

DTMF_LOW_HZ, DTMF_HIGH_HZ = (697, 770, 852, 941), (1209, 1336, 1477, 1633)
DTMF_KEYS = "123A456B789C*0#D"


@dataclass(frozen=True, slots=True)
class Tone:
    """Sines that sound together, each (Hz, dBm0)."""

    sines: tuple[tuple[int, float], ...]

    def samples(self, first: int, count: int) -> NDArray[np.float64]:
        """Samples *first* to *first* + *count*, counted from the tone's start; phases start at zero."""
        n = np.arange(first, first + count)
        total = np.zeros(count)
        for hz, dbm0 in self.sines:
            total += sine_peak(dbm0) * np.sin((2 * math.pi / SAMPLE_RATE_HZ) * (n * hz % SAMPLE_RATE_HZ))
        return total


@dataclass(frozen=True, slots=True)
class Cadence:
    """Tones (None is silence) and how many samples each lasts; repeated for ever, or played once."""

    steps: tuple[tuple[Tone | None, int], ...]
    repeat: bool = True

    @property
    def length(self) -> int:
        """Samples of one round."""
        return sum(count for _, count in self.steps)


def _ms(count: float) -> int:
    return round(count * SAMPLE_RATE_HZ / 1000)


def on_off(tone: Tone, on_ms: float, off_ms: float) -> Cadence:
    return Cadence(((tone, _ms(on_ms)), (None, _ms(off_ms))))


def cng(dbm0: float = -13.0) -> Cadence:
    """The calling tone, T.30 4.3.3.2: 1100 Hz, half a second in every three and a half."""
    return on_off(Tone(((1100, dbm0),)), 500, 3000)


def ced(dbm0: float = -13.0, length_ms: float = 3000.0) -> Cadence:
    """The answer tone, T.30: 2100 Hz for 2.6 to 4 s, once."""
    return Cadence(((Tone(((2100, dbm0),)), _ms(length_ms)),), repeat=False)


def dial_tone(dbm0: float = -13.0) -> Cadence:
    return on_off(Tone(((350, dbm0), (440, dbm0))), 1000, 0)


def ringback(dbm0: float = -19.0) -> Cadence:
    return on_off(Tone(((440, dbm0), (480, dbm0))), 2000, 4000)


def busy(dbm0: float = -24.0) -> Cadence:
    return on_off(Tone(((480, dbm0), (620, dbm0))), 500, 500)


def reorder(dbm0: float = -24.0) -> Cadence:
    return on_off(Tone(((480, dbm0), (620, dbm0))), 250, 250)


SIT_HZ = ((914, 985), (1371, 1429), (1777, 1777))
"""Low and high of each of the three tones, whole Hz."""
SIT_MS = (274.0, 380.0)


def sit(
    high: tuple[bool, bool] = (False, False), long: tuple[bool, bool] = (False, False), dbm0: float = -24.0
) -> Cadence:
    """Special information tones, once: which of the first two tones are the high ones, and which are long ones."""
    which = ((high[0], long[0]), (high[1], long[1]), (False, True))
    steps = [(Tone(((hz[up], dbm0),)), _ms(SIT_MS[slow])) for hz, (up, slow) in zip(SIT_HZ, which, strict=True)]
    return Cadence(tuple(steps), repeat=False)


def dtmf_tone(digit: str, low_dbm0: float = -9.0, high_dbm0: float = -7.0) -> Tone:
    """Raises ValueError for what is no DTMF digit."""
    if len(digit) != 1 or digit.upper() not in DTMF_KEYS:
        raise ValueError(f"no DTMF digit: {digit!r}")
    row, column = divmod(DTMF_KEYS.index(digit.upper()), 4)
    return Tone(((DTMF_LOW_HZ[row], low_dbm0), (DTMF_HIGH_HZ[column], high_dbm0)))


def dtmf(digits: str, on_ms: float = 70.0, off_ms: float = 70.0, low_dbm0: float = -9.0) -> Cadence:
    """*digits*, once; the high group is 2 dB louder, as Q.23 allows for the loss of a line."""
    steps: list[tuple[Tone | None, int]] = []
    for digit in digits:
        steps += [(dtmf_tone(digit, low_dbm0, low_dbm0 + 2.0), _ms(on_ms)), (None, _ms(off_ms))]
    return Cadence(tuple(steps), repeat=False)


class ToneGenerator:
    """Plays a cadence; the samples do not depend on how it is asked for them."""

    def __init__(self, cadence: Cadence) -> None:
        self._cadence = cadence
        self._at = 0

    def restart(self) -> None:
        """Back to the first sample."""
        self._at = 0

    @property
    def remaining(self) -> int | None:
        """Samples left of a cadence played once; None for one that goes on for ever."""
        return None if self._cadence.repeat else max(0, self._cadence.length - self._at)

    def execute(self, count: int) -> NDArray[np.int16]:
        """The next *count* samples; zeros after the end."""
        out = np.zeros(count, np.int16)
        done = 0
        while done < count:
            tone, into, left = self._step()
            take = count - done if left is None else min(left, count - done)
            if tone is not None:
                wave = np.rint(tone.samples(into, take)).clip(-32768, 32767)
                out[done : done + take] = wave.astype(np.int16)
            done += take
            self._at += take
        return out

    def _step(self) -> tuple[Tone | None, int, int | None]:
        """-> (tone now, samples into it, samples left of it). A tone in the only step never begins again."""
        length = self._cadence.length
        sounding = [step for step in self._cadence.steps if step[1]]
        if not sounding or (not self._cadence.repeat and self._at >= length):
            return None, 0, None
        if self._cadence.repeat and len(sounding) == 1:
            return sounding[0][0], self._at, None
        at = self._at % length
        for tone, count in sounding:
            if at < count:
                return tone, at, count - at
            at -= count
        raise AssertionError("a cadence has a step for every sample of its length")


class Ansam:
    """Plays ANSam once, for *length_ms*; 15 Hz and the reversals every 450 ms begin with the tone."""

    REVERSAL = 3600

    def __init__(self, dbm0: float = -13.0, length_ms: float = 4000.0, *, reversals: bool = True) -> None:
        self._peak = sine_peak(dbm0) / math.sqrt(1.02)  # the sidebands hold a fiftieth of the power
        self._length, self._at, self._reversals = _ms(length_ms), 0, reversals

    def restart(self) -> None:
        """Back to the first sample."""
        self._at = 0

    @property
    def remaining(self) -> int:
        return max(0, self._length - self._at)

    def execute(self, count: int) -> NDArray[np.int16]:
        """The next *count* samples; zeros after the end."""
        n = np.arange(self._at, self._at + count)
        swell = 1 + 0.2 * np.sin(2 * math.pi * 15 / SAMPLE_RATE_HZ * n)
        wave = self._peak * swell * np.sin((2 * math.pi / SAMPLE_RATE_HZ) * (n * 2100 % SAMPLE_RATE_HZ))
        if self._reversals:
            wave *= 1 - 2 * (n // self.REVERSAL & 1)
        self._at += count
        return np.where(n < self._length, np.rint(wave), 0).clip(-32768, 32767).astype(np.int16)
