"""What a QAM receiver does when a trained signal no longer fits its points. Kernels (see dsp.kernels).

A jump of level, phase or time leaves decisions to chance, and a loop that is led by decisions does not come back from
there by itself. Timing does not need decisions; gain and phase are found by trying.
"""

import math
from typing import Any

import numpy as np

from firmware_sim.dsp.kernels import kernel
from firmware_sim.dsp.vector import nearest16
from firmware_sim.modems import qam_tables as tables
from firmware_sim.modems import trellis
from firmware_sim.modems.qam_decide import cell_of
from firmware_sim.modems.qam_state import SEEN

f4 = np.float32
TAPS, POINTS = tables.TAPS, tables.POINTS
POWER, TROUBLE, CODE = tables.POWER, tables.TROUBLE, tables.CODE
POINT_RE, POINT_IM = tables.POINT_RE, tables.POINT_IM
NEAR_XY, CELLS = trellis.NEAR_XY, trellis.CELLS

LOOK = 32
"""Symbols that a trial looks at."""
TURNS = 16
"""Trials to a quarter of a turn."""
TURN_RE = np.cos(np.arange(TURNS) * np.pi / 2 / TURNS).astype(f4)
TURN_IM = np.sin(np.arange(TURNS) * np.pi / 2 / TURNS).astype(f4)
GAINS = np.array([1.0, 0.9, 0.95, 1.05, 1.11], f4)
EVERY = 3
"""Frames from one trial to the next."""
BETTER = f4(0.6)


@kernel
def _distance(row: int, x: Any, y: Any) -> Any:
    """From (x, y) to the nearest point, squared."""
    if CODE[row] < 0:
        q = row * POINTS + nearest16(POINT_RE, POINT_IM, row * POINTS, x, y)
        return (x - POINT_RE[q]) * (x - POINT_RE[q]) + (y - POINT_IM[q]) * (y - POINT_IM[q])
    at = (CODE[row] * CELLS + cell_of(x, y)) * 16
    best = f4(1e9)
    for k in range(at, at + 8):
        dx, dy = x - f4(NEAR_XY[k]), y - f4(NEAR_XY[k + 8])
        best = min(best, dx * dx + dy * dy)
    return best


@kernel
def _misfit(s: Any, re: Any, im: Any) -> Any:
    """Sum of the squared distances of the last values, turned and scaled by re + j im, from their nearest points."""
    total = f4(0)
    for k in range(s.seen_at - LOOK, s.seen_at):
        x, y = s.seen_re[k % SEEN], s.seen_im[k % SEEN]
        total += _distance(s.row, x * re - y * im, x * im + y * re)
    return total


@kernel
def _try_all(s: Any, gain: Any) -> None:
    """Turn and scale the receiver by whatever fits the last values clearly better than what is."""
    now = _misfit(s, f4(1), f4(0))
    best, re, im = now, f4(1), f4(0)
    for g in range(len(GAINS)):
        for k in range(TURNS):
            c, d = gain * GAINS[g] * TURN_RE[k], gain * GAINS[g] * TURN_IM[k]
            misfit = _misfit(s, c, d)
            if misfit < best:
                best, re, im = misfit, c, d
    s.fresh = 0
    if best > BETTER * now:
        return
    size = f4(math.sqrt(re * re + im * im))
    s.rr, s.ri = (s.rr * re - s.ri * im) / size, (s.rr * im + s.ri * re) / size
    for k in range(TAPS):
        s.wr[k] *= size
        s.wi[k] *= size
    s.power *= size * size
    s.mse = min(s.mse, f4(1.1) * TROUBLE[s.row] * POWER[s.row])


@kernel
def rescue(s: Any) -> None:
    """Once a frame of data without silence."""
    ratio = s.power / POWER[s.row]
    if s.mse < TROUBLE[s.row] * POWER[s.row] and f4(0.6) < ratio < f4(1.6):
        s.trouble = 0
        return
    s.trouble += 1
    if s.trouble % EVERY == 0 and s.fresh >= LOOK:
        power = f4(0)
        for k in range(SEEN):
            power += s.seen_re[k] * s.seen_re[k] + s.seen_im[k] * s.seen_im[k]
        ratio = min(max(power / f4(SEEN) / POWER[s.row], f4(0.05)), f4(20))
        _try_all(s, f4(1) / f4(math.sqrt(ratio)) if ratio < f4(0.8) or ratio > f4(1.25) else f4(1))
