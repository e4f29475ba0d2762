"""HDLC and V.21 as the tester sends and reads them: its own, on whole bursts, with every flag counted.

Bits are strings of 0 and 1 in the order of the line, octets are spelled first bit sent leftmost (see frames).
"""

import math
import re
from binascii import crc_hqx
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from rig.conformance.frames import Heard

Samples = NDArray[np.int16]
RATE_HZ = 8000
FLAG = "01111110"
SHORTEST_BITS = 24
V21_BPS = 300
BIT = RATE_HZ / V21_BPS
V21_HZ = (1850.0, 1650.0)
"""Of a 0 and of a 1 (channel 2)."""
FULL_SCALE_DBM0 = 3.14


def peak(dbm0: float) -> float:
    """Peak of a sine of this level in 16-bit units; a sine that just fills them has 3.14 dBm0."""
    return float(32768.0 * 10 ** ((dbm0 - FULL_SCALE_DBM0) / 20))


def level_dbm0(samples: NDArray[np.int16]) -> float:
    power = float(np.mean(samples.astype(np.float64) ** 2)) if len(samples) else 0.0
    return 10 * math.log10(power / (peak(0.0) ** 2 / 2)) if power else -math.inf


# -- HDLC --------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Spoil:
    """What is wrong with a burst on purpose. *fcs* holds the numbers of the frames whose FCS is wrong."""

    fcs: frozenset[int] = frozenset()


def octet_bits(octets: bytes) -> str:
    return f"{int.from_bytes(octets, 'big'):0{8 * len(octets)}b}" if octets else ""


def hdlc(frames: Sequence[bytes], preamble: int, *, between: int = 1, closing: int = 2, spoil: Spoil = Spoil()) -> str:
    """*frames* without FCS as bits, with so many flags before, between and after them."""
    parts = []
    for index, octets in enumerate(frames):
        fcs = crc_hqx(octets, 0xFFFF) ^ (0x1234 if index in spoil.fcs else 0xFFFF)
        parts.append(octet_bits(octets + fcs.to_bytes(2, "big")).replace("11111", "111110"))
    return FLAG * preamble + (FLAG * between).join(parts) + FLAG * closing


@dataclass(frozen=True, slots=True)
class Deframed:
    frames: list[Heard]
    """*start* and *end* are the first bit of the frame and the bit after its closing flag."""
    first_flag: int
    """Bit at which the first flag begins, or -1."""
    flags: int


def deframe(line: str) -> Deframed:
    """Every frame between flags, good or bad. *flags_before* counts those right before it."""
    places = [found.start() for found in re.finditer("(?=01111110)", line)]
    frames, run = [], 1
    for place, following in pairwise(places):
        if following - place <= 8:
            run += 1
            continue
        content = line[place + 8 : following]
        if len(content) >= SHORTEST_BITS and "1111111" not in content:
            frames.append(_frame(content, place + 8, following + 8, run))
        run = 1
    return Deframed(frames, places[0] if places else -1, len(places))


def _frame(content: str, start: int, end: int, flags: int) -> Heard:
    plain = content.replace("111110", "11111")
    whole = len(plain) // 8 * 8
    octets = int(plain[:whole], 2).to_bytes(whole // 8, "big")
    good = whole == len(plain) and crc_hqx(octets[:-2], 0xFFFF) ^ 0xFFFF == int.from_bytes(octets[-2:], "big")
    return Heard(octets[:-2], good, start, end, flags)


# -- V.21 --------------------------------------------------------------------------------------------------------------


def v21(line: str, dbm0: float) -> Samples:
    """Continuous phase, bits of 26 2/3 samples."""
    count = math.ceil(len(line) * BIT)
    ones = np.frombuffer(line.encode("ascii"), np.uint8) - 48
    hz = np.array(V21_HZ)[ones[np.minimum((np.arange(count) * 3) // 80, len(line) - 1)]]
    phase = np.cumsum(2 * math.pi * hz / RATE_HZ)
    return np.rint(peak(dbm0) * np.sin(phase)).astype(np.int16)


def read_v21(samples: Samples) -> tuple[str, float]:
    """-> (bits, sample at which the first of them begins). The clock is the mean of all changes of the burst."""
    x = samples.astype(np.float64)
    n = np.arange(len(x))
    power = []
    for hz in V21_HZ:
        mixed = np.concatenate(([0], np.cumsum(x * np.exp(-2j * math.pi * hz / RATE_HZ * n))))
        low, high = np.maximum(n - 13, 0), np.minimum(n + 14, len(x))
        power.append(np.abs(mixed[high] - mixed[low]))
    difference = power[1] - power[0]
    sign = difference > 0
    changes = np.flatnonzero(sign[1:] != sign[:-1])
    if len(changes) < 2:
        return "", 0.0
    exact = changes + difference[changes] / (difference[changes] - difference[changes + 1])
    offset = float(np.angle(np.mean(np.exp(2j * math.pi * exact / BIT)))) / (2 * math.pi) * BIT % BIT
    middles = np.arange(offset - BIT / 2, len(x), BIT)
    middles = middles[(middles >= 0) & (middles < len(x) - 0.5)]
    line = "".join("1" if one else "0" for one in sign[np.rint(middles).astype(int)])
    return line, float(middles[0] - BIT / 2) if len(middles) else 0.0


# -- tones and noise ---------------------------------------------------------------------------------------------------


def tone(hz: float, dbm0: float, ms: float) -> Samples:
    n = np.arange(round(ms * RATE_HZ / 1000))
    wave: Samples = np.rint(peak(dbm0) * np.sin(2 * math.pi * hz / RATE_HZ * n)).astype(np.int16)
    return wave


def noise(dbm0: float, ms: float, seed: int) -> Samples:
    normal = np.random.default_rng(seed).normal(0.0, peak(dbm0) / math.sqrt(2), round(ms * RATE_HZ / 1000))
    wave: Samples = np.clip(np.rint(normal), -32768, 32767).astype(np.int16)
    return wave


def drifted(samples: Samples, ppm: float) -> Samples:
    """As a receiver hears a sender whose clock is *ppm* fast: resampled by a windowed sinc of 32 samples."""
    if not ppm or not len(samples):
        return samples
    place = np.arange(int(len(samples) / (1 + ppm * 1e-6))) * (1 + ppm * 1e-6)
    whole = np.floor(place).astype(np.int64)
    padded = np.concatenate((np.zeros(16), samples.astype(np.float64), np.zeros(17)))
    out = np.zeros(len(place))
    for tap in range(-15, 17):
        t = place - whole - tap
        out += padded[whole + tap + 16] * np.sinc(t) * (0.5 + 0.5 * np.cos(np.pi * t / 17))
    wave: Samples = np.clip(np.rint(out), -32768, 32767).astype(np.int16)
    return wave


def spectrum(samples: Samples) -> tuple[float, float, float]:
    """-> (Hz of the strongest line, share of power within 30 Hz of it, share between 1500 and 2000 Hz)."""
    x = samples.astype(np.float64) * np.hanning(len(samples))
    power = np.abs(np.fft.rfft(x, 16384 if len(x) <= 16384 else None)) ** 2
    hz = np.fft.rfftfreq(2 * (len(power) - 1), 1 / RATE_HZ)
    total = float(power.sum()) or 1.0
    best = float(hz[int(np.argmax(power))])
    near = float(power[np.abs(hz - best) <= 30].sum()) / total
    return best, near, float(power[(hz >= 1500) & (hz <= 2000)].sum()) / total
