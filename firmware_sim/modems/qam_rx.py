"""QAM receiver: one call plays a block of every channel. Kernels (see dsp.kernels).

A frame of 80 samples is three passes: a filter bank to two baseband values a symbol; the serial symbol loop
(equaliser, decision, carrier, LMS); band-edge timing with one correction.
"""

import math
from typing import Any

import numpy as np

from firmware_sim.dsp.kernels import kernel
from firmware_sim.dsp.presence import FRAME, XH, fill, hear, image_like, turn_over, watch_spectrum
from firmware_sim.dsp.vector import adapt32, equalise32, nearest16
from firmware_sim.modems import qam_tables as tables
from firmware_sim.modems.qam_acquire import alternate, search
from firmware_sim.modems.qam_state import (
    ALTERNATING,
    CENTRE,
    DATA,
    EVENT_DOWN,
    EVENT_TRAINED,
    IDLE,
    ONES,
    SEARCH,
    TRAIN,
    ZH,
    ZMAX,
    baseband,
    line_sample,
    search_again,
    steer,
    tell,
    tell_bits,
    tell_up,
)

f4 = np.float32
TAPS, POINTS = tables.TAPS, tables.POINTS
BITS, POWER, HALF_SYMBOL = tables.BITS, tables.POWER, tables.HALF_SYMBOL
POINT_RE, POINT_IM = tables.POINT_RE, tables.POINT_IM
POINT_PHASE, POINT_UPPER, CHANGE_BITS = tables.POINT_PHASE, tables.POINT_UPPER, tables.CHANGE_BITS
TRAIN_RE, TRAIN_IM, TRAIN_AT = tables.TRAIN_RE, tables.TRAIN_IM, tables.TRAIN_AT
N_TRAIN, N_ONES = tables.N_TRAIN, tables.N_ONES

MU_TRAIN, MU_LATE, MU_DATA = f4(0.3 / TAPS), f4(0.1 / TAPS), f4(0.03 / TAPS)
KP_TRAIN, KI_TRAIN = f4(0.06), f4(0.0008)
KP_DATA, KI_DATA = f4(0.04), f4(0.0005)
TROUBLE = f4(0.045)
"""Error against the power of the points from which decisions are mostly chance: the line has changed."""
TURN_AFTER = 10
HALF_ROOT = f4(math.sqrt(0.5))


@kernel
def _train(s: Any, zr: Any, zi: Any, nz: int) -> None:
    """Adapt the equaliser on the known symbols."""
    wr, wi, rr, ri, om, cur, count, mse = s.wr, s.wi, s.rr, s.ri, s.om, s.cur, s.count, s.mse
    end, first, scale = N_TRAIN[s.row], TRAIN_AT[s.row], f4(1) / POWER[s.row]
    while cur + CENTRE <= nz and count < end:
        yr, yi = equalise32(zr, zi, cur - CENTRE, wr, wi)
        vr, vi = yr * rr - yi * ri, yr * ri + yi * rr
        tr, ti = TRAIN_RE[first + count], TRAIN_IM[first + count]
        er, ei = tr - vr, ti - vi
        mse += f4(0.03) * (er * er + ei * ei - mse)
        mu = (MU_TRAIN if 2 * count < end else MU_LATE) * scale
        adapt32(zr, zi, cur - CENTRE, wr, wi, mu * (er * rr + ei * ri), mu * (ei * rr - er * ri))
        across = (vi * tr - vr * ti) * scale
        rr, ri, om = steer(rr, ri, om, across, KP_TRAIN, KI_TRAIN)
        cur += 2
        count += 1
    s.rr, s.ri, s.om, s.cur, s.count, s.mse = rr, ri, om, cur, count, mse
    if count == end:
        s.stage, s.count, s.ones, s.scrambler, s.phase = ONES, 0, 0, 0, 0
        s.power, s.trouble = POWER[s.row], 0


@kernel
def _data(s: Any, zr: Any, zi: Any, nz: int, bits: Any, nb: int, end: int) -> int:
    """Equalise, decide, adapt, descramble while *count* is below *end*; -> end of bits (none while s.stage is ONES)."""
    wr, wi, rr, ri, om, cur, mse, power = s.wr, s.wi, s.rr, s.ri, s.om, s.cur, s.mse, s.power
    phase, reg, count, ones = s.phase, s.scrambler, s.count, s.ones
    row, per, scale, emit = s.row, BITS[s.row], f4(1) / POWER[s.row], s.stage == DATA
    mask, mu = (1 << per) - 1, (MU_DATA if s.trouble == 0 else f4(0.1) * MU_DATA) * scale
    while cur + CENTRE <= nz and count < end:
        yr, yi = equalise32(zr, zi, cur - CENTRE, wr, wi)
        vr, vi = yr * rr - yi * ri, yr * ri + yi * rr
        q = row * POINTS + nearest16(POINT_RE, POINT_IM, row * POINTS, vr, vi)
        tr, ti = POINT_RE[q], POINT_IM[q]
        word = POINT_UPPER[q] | CHANGE_BITS[row * 8 + ((POINT_PHASE[q] - phase) & 7)]
        phase = POINT_PHASE[q]
        plain = (word ^ reg >> (18 - per) ^ reg >> (23 - per)) & mask
        reg = (reg << per | word) & 0x7FFFFF
        if emit:
            for k in range(per):
                bits[nb + k] = plain >> (per - 1 - k) & 1
            nb += per
        else:
            count += 1
            ones += plain == mask
        er, ei = tr - vr, ti - vi
        mse += f4(0.01) * (er * er + ei * ei - mse)
        power += f4(0.02) * (vr * vr + vi * vi - power)
        adapt32(zr, zi, cur - CENTRE, wr, wi, mu * (er * rr + ei * ri), mu * (ei * rr - er * ri))
        across = (vi * tr - vr * ti) * scale
        rr, ri, om = steer(rr, ri, om, across, KP_DATA, KI_DATA)
        cur += 2
    s.rr, s.ri, s.om, s.cur, s.mse, s.power = rr, ri, om, cur, mse, power
    s.phase, s.scrambler, s.count, s.ones = phase, reg, count, ones
    return nb


@kernel
def _rescue(s: Any) -> None:
    """Once a frame of data: after a jump of gain or phase on the line, find the points again.

    The gain follows the mean power; a carrier that locked between the phases is turned by an eighth.
    """
    ratio = s.power / POWER[s.row]
    if s.mse < TROUBLE * POWER[s.row] and f4(0.6) < ratio < f4(1.6):
        s.trouble = 0
        return
    s.trouble += 1
    if ratio < f4(0.75) or ratio > f4(1.33):
        g = f4(1) / f4(math.sqrt(math.sqrt(min(max(ratio, f4(0.1)), f4(10)))))
        for k in range(TAPS):
            s.wr[k] *= g
            s.wi[k] *= g
        s.power *= g * g
    elif s.trouble >= TURN_AFTER:
        s.rr, s.ri = (s.rr - s.ri) * HALF_ROOT, (s.rr + s.ri) * HALF_ROOT
        s.trouble = 1


@kernel
def _timing(s: Any, zr: Any, zi: Any, first: int, last: int) -> float:
    """Band-edge timing error over the symbols handled, in half symbols."""
    ur, ui, lr, li, sr, si = s.ur, s.ui, s.lr, s.li, f4(0), f4(0)
    a, a2 = f4(0.97), f4(0.97 * 0.97)
    for k in range(first, last, 2):
        x1, y1, x0, y0 = zr[k], zi[k], a * zr[k - 1], a * zi[k - 1]
        ur, ui = x1 - y0 - a2 * ur, y1 + x0 - a2 * ui
        lr, li = x1 + y0 - a2 * lr, y1 - x0 - a2 * li
        sr += ur * lr + ui * li
        si += ui * lr - ur * li
    s.ur, s.ui, s.lr, s.li = ur, ui, lr, li
    return -math.atan2(si, sr) / math.pi


@kernel
def _correct(s: Any, zr: Any, zi: Any, first: int, pos: float) -> Any:
    """Timing once a frame; -> the corrected position."""
    tau = _timing(s, zr, zi, first, s.cur)
    if s.stage == ALTERNATING:
        return pos + 0.1 * tau * HALF_SYMBOL[s.row]
    if s.stage == TRAIN:
        s.drift += 0.001 * tau / 96
        return pos + 0.04 * tau * HALF_SYMBOL[s.row]
    if s.trouble > 0:
        return pos + 0.15 * tau * HALF_SYMBOL[s.row]
    s.drift += 0.0004 * tau / 96
    return pos + 0.02 * tau * HALF_SYMBOL[s.row]


# ------------------------------------------------------------------ frame
@kernel
def _symbols(
    s: Any, zr: Any, zi: Any, nz: int, pos: float, bits: Any, nb: int, events: Any, told: int
) -> tuple[int, int]:
    """Whatever the stage has to do with the values; -> (end of bits, end of events)."""
    if s.stage == ALTERNATING:
        alternate(s, zr, zi, nz)
    if s.stage == TRAIN:
        told = tell_up(s, events, told)
        _train(s, zr, zi, nz)
    if s.stage == ONES:
        _data(s, zr, zi, nz, bits, nb, N_ONES[s.row])
        if s.count == N_ONES[s.row]:
            if 4 * s.ones < 3 * s.count:
                search_again(s)
            else:
                s.stage, s.count = DATA, 0
                told = tell(events, told, EVENT_TRAINED, line_sample(s, nz, pos, s.cur), 0, 0)
    if s.stage == DATA:
        if nb == s.chunk:
            s.chunk_sample = line_sample(s, nz, pos, s.cur)
        nb = _data(s, zr, zi, nz, bits, nb, 1)
    return nb, told


@kernel
def _wake(s: Any) -> None:
    s.pos = float(XH - TAPS)
    for i in range(ZH):
        s.zr[i] = f4(0)
        s.zi[i] = f4(0)
    search_again(s)


@kernel
def _measure(s: Any) -> None:
    """Keep level and error, a frame late, so that the end of the burst is not in them."""
    for k in range(2):
        s.measured[k] = s.measuring[k]
    s.measuring[0], s.measuring[1] = s.level, s.mse


@kernel
def _frame(s: Any, xb: Any, zr: Any, zi: Any, bits: Any, nb: int, events: Any, told: int) -> tuple[int, int]:
    """One frame; -> (end of bits, end of events)."""
    ended = hear(s, xb)
    if s.present == 0 and ended < 0:
        return nb, told
    if s.stage == IDLE:
        _wake(s)
    for i in range(ZH):
        zr[i], zi[i] = s.zr[i], s.zi[i]
    nz, pos = baseband(s, xb, zr, zi, ZH, s.pos)
    if s.stage == SEARCH:
        nz, pos = search(s, xb, zr, zi, nz, pos)
    if s.up == 0 and ended < 0:
        watch_spectrum(s, xb)
        if image_like(s):
            told = tell_up(s, events, told)
    first, began = s.cur, s.stage
    nb, told = _symbols(s, zr, zi, nz, pos, bits, nb, events, told)
    if began >= ALTERNATING and s.stage >= ALTERNATING and s.cur > first:
        pos = _correct(s, zr, zi, first, pos)
        if s.stage == DATA:
            _rescue(s)
    if ended >= 0:
        told = _gone(s, ended, events, told, nb)
        return nb, told
    for i in range(ZH):
        s.zr[i], s.zi[i] = zr[nz - ZH + i], zi[nz - ZH + i]
    s.cur -= nz - ZH
    s.pos = pos - FRAME
    if s.stage == DATA and s.last_loud == s.origin + FRAME - 1:
        _measure(s)
    return nb, told


@kernel
def _gone(s: Any, ended: int, events: Any, told: int, nb: int) -> int:
    """The carrier has gone: give out what there is and wait for another."""
    told = tell_bits(s, events, told, nb)
    if s.up != 0:
        told = tell(events, told, EVENT_DOWN, ended, 0, 0)
    s.up, s.seen, s.stage = 0, 0, IDLE
    return told


@kernel
def rx_many(states: Any, x: Any, bits: Any, events: Any, told: Any) -> None:
    """One block of every channel.

    x int16 [channel, sample]; bits uint8 [channel, 2 a sample + 512] and events int64 [channel, EVENTS, 4] of
    (kind, sample, first bit, bits) are written; told int64 [channel] is how many events.
    """
    xb = np.empty(XH + FRAME, np.float32)
    zr, zi = np.empty(ZMAX, np.float32), np.empty(ZMAX, np.float32)
    for c in range(x.shape[0]):
        s = states[c]
        at, nb, n = 0, 0, 0
        s.chunk = 0
        while at < x.shape[1]:
            at, full = fill(s, x[c], at, xb)
            if full:
                nb, n = _frame(s, xb, zr, zi, bits[c], nb, events[c], n)
                turn_over(s, xb)
        told[c] = tell_bits(s, events[c], n, nb)
