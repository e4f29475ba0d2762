"""The trellis code of V.17: points by subset, the encoder of eight states, the nearest point of every subset.

A quarter turn flips Y0, adds one to the differential phase D = Y1 + 2 Y2 and keeps the uncoded bits, so sixty points
describe all four constellations. Points are on the recommendation's own scale.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

_EVEN = (-8 - 3j, 8 - 3j, 4 - 3j, 4 - 7j, -4 - 3j, -4 - 7j, -3j, -7j)
_EVEN_TOO = (-8 + 1j, 8 + 1j, 4 + 1j, 4 + 5j, -4 + 1j, -4 + 5j, 1j, 5j)
_ODD = (9 + 2j, -7 + 2j, -3 + 2j, -3 + 6j, 5 + 2j, 5 + 6j, 1 + 2j, 1 + 6j)
BASE = {
    14400: ((*_EVEN, *_EVEN_TOO), (*_ODD, *(z.conjugate() for z in _ODD))),
    12000: (
        (7 + 1j, 3 + 5j, 7 - 7j, -5 + 5j, 3 - 3j, -1 + 1j, -1 - 7j, -5 - 3j),
        (-5 - 1j, -1 - 5j, -5 + 7j, 7 - 5j, -1 + 3j, 3 - 1j, 3 + 7j, 7 + 3j),
    ),
    9600: ((-8 + 2j, -6j, 2j, 8 + 2j), (-6 - 4j, 2 - 4j, -6 + 4j, 2 + 4j)),
    7200: ((6 - 6j, -2 + 2j), (-2 + 6j, 6 - 2j)),
}
"""Rate -> points of D = 0 by the uncoded bits (Q3 the most significant), for Y0 = 0 and for Y0 = 1."""
CODES = tuple(BASE)

STATES = SUBSETS = 8
LABELS = 16


def subset_points(bps: int) -> NDArray[np.complex128]:
    """[subset, uncoded bits]; the subset is 4 Y0 + D."""
    base = np.array(BASE[bps])
    return np.array([base[y0 ^ (d & 1)] * (-1j) ** d for y0 in (0, 1) for d in range(4)])


def next_state(state: int, d: int) -> int:
    """The encoder, rotationally invariant; Y0 of a symbol is bit 0 of the state before it."""
    s0, s1, s2, y1, y2 = state & 1, state >> 1 & 1, state >> 2, d & 1, d >> 1
    return s0 << 2 | (s2 ^ y1 ^ (s1 if s0 else y2)) << 1 | (s1 ^ y2 ^ (s0 & y1))


def _branches() -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """For each state the four states before it and the subsets on the way."""
    before, subset = np.zeros((STATES, 4), np.int64), np.zeros((STATES, 4), np.int64)
    for state in range(STATES):
        ways = [(s, 4 * (s & 1) + d) for s in range(STATES) for d in range(4) if next_state(s, d) == state]
        before[state], subset[state] = zip(*ways, strict=True)
    return before, subset


BEFORE, SUBSET = _branches()
NEXT = np.array([next_state(s, d) for s in range(STATES) for d in range(4)])

GRID = 48
REACH = 12.0
"""The plane from -12 to 12 in 48 cells each way; what lies outside counts as the outermost cell."""
CELLS = GRID * GRID


def _nearest(points: NDArray[Any]) -> tuple[NDArray[np.int8], NDArray[np.uint8]]:
    """-> ([cell, 8 x and 8 y] of the nearest point of each subset, [cell, subset] its uncoded bits)"""
    axis = (np.arange(GRID) + 0.5) * (2 * REACH / GRID) - REACH
    z = (axis[:, None] + 1j * axis).ravel()
    label = np.abs(z[:, None, None] - points).argmin(-1)
    p = np.take_along_axis(points[None], label[..., None], 2)[..., 0]
    return np.concatenate([p.real, p.imag], 1).astype(np.int8), label.astype(np.uint8)


_ALL = [_nearest(subset_points(bps)) for bps in CODES]
NEAR_XY = np.ascontiguousarray([xy for xy, _ in _ALL]).ravel()
NEAR_LABEL = np.ascontiguousarray([label for _, label in _ALL]).ravel()


def _send_points() -> NDArray[np.complex128]:
    """[code, subset, uncoded bits], flat."""
    points = np.zeros((len(CODES), SUBSETS, LABELS), np.complex128)
    for code, bps in enumerate(CODES):
        own = subset_points(bps)
        points[code, :, : own.shape[1]] = own
    return points.ravel()


SEND_RE, SEND_IM = _send_points().real.astype(np.float32), _send_points().imag.astype(np.float32)
