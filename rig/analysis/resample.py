"""Any rate to 8 kHz: a windowed sinc for each place that an output sample can have between two input samples."""

from math import gcd

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

RATE_HZ = 8000
ZEROS = 24
"""Zero crossings of the sinc on each side."""
PIECE = 20_000
"""Output samples made at once: more take memory, and no less time."""
EDGE = 0.96
"""Where the band ends, as a share of half the lower rate."""


def to_8k(samples: NDArray[np.float32], rate_hz: int) -> NDArray[np.int16]:
    """*samples* of 16-bit scale -> int16 at 8 kHz, ceil(count * 8000 / rate) of them."""
    if rate_hz == RATE_HZ or not len(samples):
        return _whole(samples)
    common = gcd(rate_hz, RATE_HZ)
    up, down = RATE_HZ // common, rate_hz // common
    count = -(-len(samples) * up // down)
    narrow = min(1.0, up / down) * EDGE
    half = int(np.ceil(ZEROS / narrow))
    padded = np.concatenate((np.zeros(half, np.float32), samples, np.zeros(half + down + 1, np.float32)))
    windows = sliding_window_view(padded, 2 * half + 1)
    out = np.zeros(count, np.float32)
    for phase in range(min(up, count)):
        place = phase * down
        taps = _taps(half, narrow, place % up / up)
        mine = windows[place // up :: down][: len(range(phase, count, up))]
        for first in range(0, len(mine), PIECE):
            piece = np.ascontiguousarray(mine[first : first + PIECE])
            out[phase::up][first : first + len(piece)] = piece @ taps
    return _whole(out)


def _taps(half: int, narrow: float, fraction: float) -> NDArray[np.float32]:
    t = np.arange(-half, half + 1) - fraction
    taps = np.sinc(t * narrow) * (0.5 + 0.5 * np.cos(np.pi * np.clip(t / (half + 1), -1, 1)))
    scaled: NDArray[np.float32] = (taps / taps.sum()).astype(np.float32)
    return scaled


def _whole(samples: NDArray[np.float32]) -> NDArray[np.int16]:
    wave: NDArray[np.int16] = np.clip(np.rint(samples), -32768, 32767).astype(np.int16)
    return wave
