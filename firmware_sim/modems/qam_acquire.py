"""Acquisition of a QAM receiver. Kernels (see dsp.kernels).

Windows of 64 values are tested for the three lines of the alternations, which give gain, carrier, timing and parity at
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
WINDOW = 64
ALTERNATING_LIMIT = 60
"""Symbols after which alternations that do not end are given up, beyond their due number."""
KP_AB, KI_AB = f4(0.1), f4(0.003)

POWER, HALF_SYMBOL, N_ALTERNATE = tables.POWER, tables.HALF_SYMBOL, tables.N_ALTERNATE
AB_RE, AB_IM, AB_MEAN, AB_HALF, AB_POWER = tables.AB_RE, tables.AB_IM, tables.AB_MEAN, tables.AB_HALF, tables.AB_POWER


@kernel
def _accumulate(s: Any, re: Any, im: Any) -> None:
    """Window sums of the lines: carrier (first and second half), upper and lower band edge."""
    half = 0 if s.count < WINDOW // 2 else 1
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
    s.sum_r[2] += ur
    s.sum_i[2] += ui
    s.sum_r[3] += lr
    s.sum_i[3] += li
    s.energy += re * re + im * im
    s.count += 1


@kernel
def _estimate(s: Any) -> tuple[bool, float]:
    """-> (found, when an A symbol stands, in half symbols modulo 4 from the window's start). Sets gain and carrier."""
    m1, m2 = complex(s.sum_r[0], s.sum_i[0]) / 32, complex(s.sum_r[1], s.sum_i[1]) / 32
    up, low = complex(s.sum_r[2], s.sum_i[2]) / 64, complex(s.sum_r[3], s.sum_i[3]) / 64
    mean, e = (m1 + m2) / 2, s.energy / 64
    pm, pu, pl, p1, p2 = abs(mean) ** 2, abs(up) ** 2, abs(low) ** 2, abs(m1) ** 2, abs(m2) ** 2
    found = pm + pu + pl > 0.6 * e and pm > 0.1 * e and pu > 0.02 * e and pl > 0.02 * e
    if not found or p2 > 1.5 * p1 or p1 > 1.5 * p2:
        return False, 0.0
    c = m2 * m1.conjugate()
    w = math.atan2(c.imag, c.real) / 32
    c = up * low.conjugate()
    tau = -math.atan2(c.imag, c.real) / math.pi
    half = 2 * up * complex(math.cos(math.pi * tau / 2), math.sin(math.pi * tau / 2))
    c = half * (mean * (AB_HALF[s.row] / AB_MEAN[s.row])).conjugate()
    if c.real < 0:
        tau += 2
    s.gain = f4(math.sqrt(AB_POWER[s.row] / e))
    c = AB_MEAN[s.row] * mean.conjugate()
    phase = math.atan2(c.imag, c.real) - w * (64 - 31.5)
    s.rr, s.ri, s.om = f4(math.cos(phase)), f4(math.sin(phase)), f4(-2 * w)
    return True, tau


@kernel
def _open_equaliser(s: Any) -> None:
    for k in range(TAPS):
        s.wr[k] = f4(0)
        s.wi[k] = f4(0)
    s.wr[CENTRE] = f4(1)


@kernel
def search(s: Any, xb: Any, zr: Any, zi: Any, nz: int, pos: float) -> tuple[int, float]:
    """Look for the alternations; when found, filter the rest of the frame again, aligned. -> (end of z, position)"""
    for i in range(ZH, nz):
        _accumulate(s, zr[i], zi[i])
        if s.count < WINDOW:
            continue
        found, tau = _estimate(s)
        clear_window(s)
        if not found:
            continue
        _open_equaliser(s)
        whole = math.floor(tau + 0.5)
        pos = s.pos + (i + 1 - ZH + tau - whole) * HALF_SYMBOL[s.row]
        for k in range(i + 1):
            zr[k] *= s.gain
            zi[k] *= s.gain
        nz, pos = baseband(s, xb, zr, zi, i + 1, pos)
        ahead = (whole - WINDOW) % 4
        s.cur = i + 1 + ahead
        rotate(s, 0.5 * ahead)
        s.stage, s.count, s.agree = ALTERNATING, 0, f4(1)
        break
    return nz, pos


@kernel
def _reversed(s: Any) -> bool:
    if s.count < 12:
        return False
    last = f4(0)
    for k in range(s.count - 8, s.count):
        last += s.match[k % HISTORY]
    return bool(last < f4(-4))


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
    """Place the boundary where agreement turns to reversal, at an A symbol, and step back to it."""
    n, best, back = s.count, f4(-1e9), 8
    span = min(n, HISTORY)
    for j in range(4, min(18, span)):
        if (n - j) & 1:
            continue
        score = f4(0)
        for k in range(n - span, n):
            score += s.match[k % HISTORY] if k < n - j else -s.match[k % HISTORY]
        if score > best:
            best, back = score, j
    s.cur -= 2 * back
    rotate(s, -float(back))
    g = f4(1) / max(s.agree, f4(0.3))
    for k in range(TAPS):
        s.wr[k] *= g
        s.wi[k] *= g
    s.stage, s.count, s.mse = TRAIN, 0, f4(0.1) * POWER[s.row]
