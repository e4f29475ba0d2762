"""Acquisition of a QAM receiver. Kernels (see dsp.kernels).

Windows of 64 or 32 values are tested for the lines of the alternations, which give gain, carrier, timing and parity at
once; their end shows as a reversal, because every training sequence begins with the alternations negated.
"""

import math
from typing import Any

import numpy as np

from firmware_sim.dsp.kernels import kernel
from firmware_sim.dsp.vector import equalise32
from firmware_sim.modems import qam_tables as tables
from firmware_sim.modems.qam_state import (
    ALTERNATING,
    CENTRE,
    HISTORY,
    TRAIN,
    ZH,
    baseband,
    clear_window,
    nudge,
    rotate,
    search_again,
)

f4 = np.float32
TAPS = tables.TAPS
ALTERNATING_LIMIT = 60
"""Symbols after which alternations that do not end are given up, beyond their due number."""
KP_AB, KI_AB = f4(0.1), f4(0.003)

POWER, HALF_SYMBOL, N_ALTERNATE, SHORT = tables.POWER, tables.HALF_SYMBOL, tables.N_ALTERNATE, tables.SHORT
AB_RE, AB_IM, AB_MEAN, AB_HALF, AB_POWER = tables.AB_RE, tables.AB_IM, tables.AB_MEAN, tables.AB_HALF, tables.AB_POWER
WINDOW, MARK, LINES = tables.WINDOW, tables.MARK, tables.LINES
LEAST_MEAN, LEAST_EDGE = tables.LEAST_MEAN, tables.LEAST_EDGE


@kernel
def _accumulate(s: Any, re: Any, im: Any, half: int) -> None:
    """Window sums of the lines, of the first and of the second half: carrier, upper and lower band edge."""
    s.sum_r[half] += re
    s.sum_i[half] += im
    quarter = s.count & 3
    if quarter == 0:
        ur, ui, lr, li = re, im, re, im
    elif quarter == 1:
        ur, ui, lr, li = im, -re, -im, re
    elif quarter == 2:
        ur, ui, lr, li = -re, -im, -re, -im
    else:
        ur, ui, lr, li = -im, re, im, -re
    s.sum_r[2 + half] += ur
    s.sum_i[2 + half] += ui
    s.sum_r[4 + half] += lr
    s.sum_i[4 + half] += li
    s.energy += re * re + im * im
    s.count += 1


@kernel
def _line(s: Any, k: int, size: int) -> Any:
    """Mean of one line over the window."""
    return complex(s.sum_r[2 * k] + s.sum_r[2 * k + 1], s.sum_i[2 * k] + s.sum_i[2 * k + 1]) / size


@kernel
def _found(s: Any, size: int) -> tuple[bool, float]:
    """-> (whether the energy is that of the lines, alike in both halves, carrier's turn a value)"""
    mean, up, low, e = _line(s, 0, size), _line(s, 1, size), _line(s, 2, size), s.energy / size
    pm, pu, pl = abs(mean) ** 2, abs(up) ** 2, abs(low) ** 2
    with_mean = LINES[4 * s.row + 3]
    if (
        e <= 0.0
        or pm * with_mean + pu + pl < 0.6 * e
        or pm < LEAST_MEAN[s.row] * e
        or min(pu, pl) < LEAST_EDGE[s.row] * e
    ):
        return False, 0.0
    first, second, turn = 0.0, 0.0, complex(0, 0)
    for k in range(1 - with_mean, 3):
        a, b = complex(s.sum_r[2 * k], s.sum_i[2 * k]), complex(s.sum_r[2 * k + 1], s.sum_i[2 * k + 1])
        first += abs(a) ** 2
        second += abs(b) ** 2
        turn += b * a.conjugate()
    if second > 1.5 * first or first > 1.5 * second:
        return False, 0.0
    return True, math.atan2(turn.imag, turn.real) / (size // 2)


@kernel
def _estimate(s: Any, size: int) -> tuple[bool, float, float, float]:
    """-> (found, when an A symbol stands in half symbols modulo 4 from the window's start, gain, carrier's phase).

    Sets the carrier's frequency; the phase is that of an equaliser that leaves the carrier as it is.
    """
    found, w = _found(s, size)
    if not found:
        return False, 0.0, 0.0, 0.0
    mean, up, low = _line(s, 0, size), _line(s, 1, size), _line(s, 2, size)
    c = up * low.conjugate()
    tau = -math.atan2(c.imag, c.real) / math.pi
    half = 2 * up * complex(math.cos(math.pi * tau / 2), math.sin(math.pi * tau / 2))
    if LINES[4 * s.row + 3] != 0:
        c = half * (mean * (AB_HALF[s.row] / AB_MEAN[s.row])).conjugate()
        if c.real < 0:
            tau += 2
        c = AB_MEAN[s.row] * mean.conjugate()
    else:
        c = AB_HALF[s.row] * half.conjugate()
    phase = math.atan2(c.imag, c.real) - w * (size + 1) / 2
    s.om = f4(-2 * w)
    return True, tau, math.sqrt(AB_POWER[s.row] / (s.energy / size)), phase


@kernel
def _open_equaliser(s: Any) -> float:
    """Start from nothing, or from what a long training left for the short ones; -> its phase at the carrier"""
    keep = SHORT[s.row] != 0 and s.kept != 0
    h = complex(0, 0)
    for k in range(TAPS):
        s.wr[k] = s.kept_wr[k] if keep else f4(0)
        s.wi[k] = s.kept_wi[k] if keep else f4(0)
    if not keep:
        s.wr[CENTRE] = f4(1)
        return 0.0
    s.drift = s.kept_drift
    for k in range(TAPS):
        h += complex(s.wr[k], s.wi[k])
    return math.atan2(h.imag, h.real)


@kernel
def search(s: Any, xb: Any, lanes: Any, zr: Any, zi: Any, nz: int, pos: float) -> tuple[int, float]:
    """Look for the alternations; when found, filter the rest of the frame again, aligned. -> (end of z, position)"""
    size = WINDOW[s.row]
    for i in range(ZH, nz):
        _accumulate(s, zr[i], zi[i], 0 if s.count < size // 2 else 1)
        if s.count < size:
            continue
        found, tau, gain, phase = _estimate(s, size)
        clear_window(s)
        if not found:
            continue
        phase -= _open_equaliser(s)
        s.rr, s.ri, g = f4(math.cos(phase)), f4(math.sin(phase)), f4(gain)
        s.gain *= g
        whole = math.floor(tau + 0.5)
        pos = s.pos + (i + 1 - ZH + tau - whole) * HALF_SYMBOL[s.row]
        for k in range(i + 1):
            zr[k] *= g
            zi[k] *= g
        nz, pos = baseband(s, xb, lanes, zr, zi, i + 1, pos)
        ahead = (whole - size) % 4
        s.cur = i + 1 + ahead
        rotate(s, 0.5 * ahead)
        s.stage, s.agree, s.symbols, s.held, s.after = ALTERNATING, f4(1), 0, 0, 0
        break
    return nz, pos


@kernel
def _reversed(s: Any) -> bool:
    mark = MARK[s.row]
    if s.count < mark + 2:
        return False
    last = f4(0)
    for k in range(s.count - mark, s.count):
        last += s.match[k % HISTORY]
    return bool(last < f4(-0.5) * f4(mark))


@kernel
def alternate(s: Any, zr: Any, zi: Any, nz: int) -> None:
    """Track the alternations until they reverse, or give up."""
    scale = f4(1) / POWER[s.row]
    while s.cur + CENTRE <= nz and s.stage == ALTERNATING:
        yr, yi = equalise32(zr, zi, s.cur - CENTRE, s.wr, s.wi)
        vr, vi = yr * s.rr - yi * s.ri, yr * s.ri + yi * s.rr
        tr, ti = AB_RE[s.row * 2 + (s.count & 1)], AB_IM[s.row * 2 + (s.count & 1)]
        along, across = (vr * tr + vi * ti) * scale, (vi * tr - vr * ti) * scale
        s.match[s.count % HISTORY] = along
        if along > 0:
            s.agree += f4(0.05) * (along - s.agree)
            s.om -= KI_AB * across
            rotate(s, 1.0)
            nudge(s, -KP_AB * across)
        else:
            rotate(s, 1.0)
        s.cur += 2
        s.count += 1
        if _reversed(s):
            _start_training(s)
        elif s.count > N_ALTERNATE[s.row] + ALTERNATING_LIMIT or (s.count == 24 and s.agree < f4(0.5)):
            search_again(s)


@kernel
def _start_training(s: Any) -> None:
    """Place the boundary where agreement turns to reversal and step back to it.

    It lies at an A symbol; where A and B are each other's negative, the last symbol before it counts as B.
    """
    n, best, mark = s.count, f4(-1e9), MARK[s.row]
    back, span, parity = mark, min(n, 2 * mark + 6 if mark < 8 else HISTORY), LINES[4 * s.row + 3]
    for j in range(mark - 4 if mark >= 8 else mark - 2, min(mark + 10 if mark >= 8 else mark + 3, span)):
        if (n - j) & parity:
            continue
        score = f4(0)
        for k in range(n - span, n):
            score += s.match[k % HISTORY] if k < n - j else -s.match[k % HISTORY]
        if score > best:
            best, back = score, j
    s.cur -= 2 * back
    rotate(s, -float(back))
    if (n - back) & 1:
        s.rr, s.ri = -s.rr, -s.ri
    g = f4(1) / max(s.agree, f4(0.3))
    for k in range(TAPS):
        s.wr[k] *= g
        s.wi[k] *= g
    s.stage, s.count, s.mse = TRAIN, 0, f4(0.1) * POWER[s.row]
