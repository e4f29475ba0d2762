"""G.726: ADPCM at 40, 32, 24 and 16 kbit/s, on 14-bit uniform PCM (G.726 clause 4.2; block names are the clause's).

What a decoder makes of a code without errors is what the coder itself has rebuilt, so one kernel serves both: it
takes samples and yields codes and rebuilt samples, or takes codes.
"""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from firmware_sim.dsp.kernels import kernel

Samples = NDArray[np.int16]
Codes = NDArray[np.uint8]
Table = NDArray[np.int64]

YU, YL, DMS, DML, AP, TD, PK1, PK2, A1, A2 = range(10)
B, DQ_SIGN, DQ_EXP, DQ_MANT = 10, 16, 22, 28
SR_SIGN, SR_EXP, SR_MANT = 34, 36, 38
STATE_WORDS = 40
SLOWEST_SCALE, FASTEST_SCALE = 544, 5120


@dataclass(frozen=True)
class Rate:
    """The tables of one rate, by magnitude of the code (G.726 tables 1 to 4, 6 and 7).

    *decisions* are the upper edges of the normalised log magnitudes, *levels* what is rebuilt, *scale* is W(I),
    *speed* is F(I).
    """

    kbps: int
    bits: int
    decisions: Table
    levels: Table
    scale: Table
    speed: Table


def _table(*values: int) -> Table:
    return np.array(values, np.int64)


NONE = -2048
"""The level of the smallest code of a quantiser with an odd number of levels: zero."""

RATES = {
    40: Rate(
        40,
        5,
        _table(-122, -16, 68, 139, 198, 250, 298, 339, 378, 413, 445, 475, 502, 528, 553),
        _table(NONE, -66, 28, 104, 169, 224, 274, 318, 358, 395, 429, 459, 488, 514, 539, 566),
        _table(14, 14, 24, 39, 40, 41, 58, 100, 141, 179, 219, 280, 358, 440, 529, 696),
        _table(0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 2, 3, 4, 5, 6, 6),
    ),
    32: Rate(
        32,
        4,
        _table(-124, 80, 178, 246, 300, 349, 400),
        _table(NONE, 4, 135, 213, 273, 323, 373, 425),
        _table(-12, 18, 41, 64, 112, 198, 355, 1122),
        _table(0, 0, 0, 1, 1, 1, 3, 7),
    ),
    24: Rate(24, 3, _table(8, 218, 331), _table(NONE, 135, 273, 373), _table(-4, 30, 137, 582), _table(0, 1, 2, 7)),
    16: Rate(16, 2, _table(261), _table(116, 365), _table(-22, 439), _table(0, 7)),
}


def new_state() -> Table:
    """Clause 4.2.10: what every memory holds after a reset."""
    state = np.zeros(STATE_WORDS, np.int64)
    state[YU], state[YL] = SLOWEST_SCALE, SLOWEST_SCALE << 6
    state[DQ_MANT : DQ_MANT + 6] = state[SR_MANT : SR_MANT + 2] = 32
    return state


@kernel
def _length(value: int) -> int:
    """How many bits *value* has."""
    bits = 0
    while value > 0:
        value >>= 1
        bits += 1
    return bits


@kernel
def _product(coefficient: int, sign: int, exponent: int, mantissa: int) -> int:
    """FMULT: a coefficient times a delayed value in the 4-bit exponent, 6-bit mantissa format."""
    scaled = coefficient >> 2
    magnitude = scaled if scaled >= 0 else (-scaled) & 8191
    length = _length(magnitude)
    short = (magnitude << 6) >> length if magnitude else 32
    rounded = (short * mantissa + 48) >> 4
    shift = length + exponent - 19
    result = (rounded << shift) & 32767 if shift >= 0 else rounded >> -shift
    return -result if (scaled < 0) != (sign == 1) else result


@kernel
def _wrapped(value: int) -> int:
    """What 16 bits hold of a sum."""
    return ((value + 32768) & 65535) - 32768


@kernel
def _estimate(state: Any) -> tuple[int, int]:
    """-> (zero predictor, whole signal estimate), both with one bit of fraction (ACCUM)."""
    zeros = 0
    for i in range(6):
        zeros += _product(state[B + i], state[DQ_SIGN + i], state[DQ_EXP + i], state[DQ_MANT + i])
    whole = zeros
    for i in range(2):
        whole += _product(state[A1 + i], state[SR_SIGN + i], state[SR_EXP + i], state[SR_MANT + i])
    return _wrapped(zeros), _wrapped(whole)


@kernel
def _scale(state: Any) -> int:
    """MIX: the quantiser's scale factor y, between its fast and its slow part."""
    slow = int(state[YL] >> 6)
    share = 64 if state[AP] >= 256 else int(state[AP] >> 2)
    difference = int(state[YU]) - slow
    part = (abs(difference) * share) >> 6
    return slow + part if difference >= 0 else slow - part


@kernel
def _quantise(difference: int, y: int, decisions: Any, bits: int) -> int:
    """LOG, SUBTB and QUAN: the code of a difference signal."""
    magnitude = abs(difference)
    exponent = _length(magnitude >> 1)
    logarithm = (exponent << 7) + (((magnitude << 7) >> exponent) & 127)
    normalised = logarithm - (y >> 2)
    index = 0
    while index < len(decisions) and normalised >= decisions[index]:
        index += 1
    ones = (1 << bits) - 1
    if difference < 0 or (index == 0 and bits > 2):
        return ones - index
    return index


@kernel
def _adapt_predictor(state: Any, sign: int, magnitude: int, trend: int, bits: int) -> None:
    """UPA1, UPA2, UPB with their limits: both predictors follow the signs of what was rebuilt."""
    falling = 1 if trend < 0 else 0
    same1, same2 = falling == state[PK1], falling == state[PK2]
    a1, a2 = state[A1], state[A2]
    pole2 = a2 - (a2 >> 7)
    pole1 = a1 - (a1 >> 8)
    if trend != 0:
        limited = min(max(a1, -8191), 8191) << 2
        pole2 += ((16384 if same2 else -16384) + (-limited if same1 else limited)) >> 7
        pole1 += 192 if same1 else -192
    pole2 = min(max(pole2, -12288), 12288)
    state[A2] = pole2
    state[A1] = min(max(pole1, pole2 - 15360), 15360 - pole2)
    leak = 9 if bits == 5 else 8
    for i in range(6):
        state[B + i] -= state[B + i] >> leak
        if magnitude:
            state[B + i] += 128 if sign == state[DQ_SIGN + i] else -128


@kernel
def _remember(state: Any, at: int, count: int, sign: int, magnitude: int) -> None:
    """FLOATA, FLOATB and DELAY: a value into the delay line whose signs begin at *at*."""
    for i in range(count - 1, 0, -1):
        for word in (at, at + count, at + 2 * count):
            state[word + i] = state[word + i - 1]
    exponent = _length(magnitude)
    state[at], state[at + count] = sign, exponent
    state[at + 2 * count] = (magnitude << 6) >> exponent if magnitude else 32


@kernel
def _adapt_speed(state: Any, y: int, speed: int, jump: bool) -> None:
    """FILTA, FILTB, SUBTC, FILTC, TRIGA: how fast the scale factor may follow."""
    state[DMS] += ((speed << 9) - state[DMS]) >> 5
    state[DML] += ((speed << 11) - state[DML]) >> 7
    unsteady = abs((state[DMS] << 2) - state[DML]) >= (state[DML] >> 3)
    target = 512 if y < 1536 or state[TD] == 1 or unsteady else 0
    state[AP] = 256 if jump else state[AP] + ((target - state[AP]) >> 4)


@kernel
def _is_jump(state: Any, magnitude: int) -> bool:
    """TRANS: a narrow-band signal that changes all of a sudden, as a modem's does."""
    whole, part = state[YL] >> 15, (state[YL] >> 10) & 31
    threshold = 31 << 10 if whole > 9 else (32 + part) << whole
    return state[TD] == 1 and magnitude > (threshold + (threshold >> 1)) >> 1


@kernel
def play(state: Any, bits: int, tables: Any, decoding: bool, codes: Any, samples: Any, rebuilt: Any) -> None:
    """Samples to codes and rebuilt samples; with *decoding* codes to rebuilt samples. *tables*: those of a Rate."""
    decisions, levels, scales, speeds = tables
    ones = (1 << bits) - 1
    for k in range(len(codes)):
        zeros, whole = _estimate(state)
        estimate = whole >> 1
        y = _scale(state)
        if not decoding:
            codes[k] = _quantise((samples[k] >> 2) - estimate, y, decisions, bits)
        code = int(codes[k])
        sign = code >> (bits - 1)
        index = ones - code if sign else code
        logarithm = levels[index] + (y >> 2)
        magnitude = ((128 + (logarithm & 127)) << 7) >> (14 - (logarithm >> 7)) if logarithm >= 0 else 0
        signal = _wrapped(estimate - magnitude if sign else estimate + magnitude)
        jump = _is_jump(state, magnitude)
        fast = y + (((scales[index] << 5) - y) >> 5)
        state[YU] = min(max(fast, SLOWEST_SCALE), FASTEST_SCALE)
        state[YL] += state[YU] + ((-state[YL]) >> 6)
        trend = _wrapped(signal - estimate + (zeros >> 1))
        if jump:
            state[A1 : B + 6] = 0
        else:
            _adapt_predictor(state, sign, magnitude, trend, bits)
        _remember(state, DQ_SIGN, 6, sign, magnitude)
        _remember(state, SR_SIGN, 2, 1 if signal < 0 else 0, abs(signal) & 32767)
        state[PK2], state[PK1] = state[PK1], 1 if trend < 0 else 0
        state[TD] = 1 if not jump and state[A2] < -11776 else 0
        _adapt_speed(state, y, speeds[index], jump)
        rebuilt[k] = min(max(signal << 2, -32768), 32767)


@dataclass
class G726:
    """One direction of a coder or decoder. *kbps* is 40, 32, 24 or 16."""

    kbps: int = 32
    state: Table = field(default_factory=new_state)

    def __post_init__(self) -> None:
        self._rate = RATES[self.kbps]
        rate = self._rate
        self._tables = (rate.decisions, rate.levels, rate.scale, rate.speed)

    def encode(self, samples: Samples) -> tuple[Codes, Samples]:
        """-> (codes, what a decoder will make of them)"""
        codes, rebuilt = np.zeros(len(samples), np.uint8), np.zeros(len(samples), np.int16)
        play(self.state, self._rate.bits, self._tables, False, codes, samples, rebuilt)
        return codes, rebuilt

    def decode(self, codes: Codes) -> Samples:
        rebuilt = np.zeros(len(codes), np.int16)
        play(self.state, self._rate.bits, self._tables, True, codes, rebuilt, rebuilt)
        return rebuilt
