"""QAM receiver: one call plays a block of every channel. Kernels (see dsp.kernels).

A frame of 80 samples is three passes: a filter bank to two baseband values a symbol; the serial symbol loop
(equaliser, decision, carrier, LMS); band-edge timing with one correction.
"""

import math
from typing import Any

import numpy as np

from firmware_sim.dsp.kernels import kernel
from firmware_sim.dsp.presence import (
    FRAME,
    PIECE,
    QUIET,
    QUIET_IN_DATA,
    XH,
    fill,
    hear,
    image_like,
    turn_over,
    watch_spectrum,
)
from firmware_sim.dsp.vector import adapt32, equalise_late32
from firmware_sim.modems import qam_tables as tables
from firmware_sim.modems import trellis
from firmware_sim.modems.qam_acquire import alternate, search
from firmware_sim.modems.qam_decide import (
    GAP_REACH,
    LAG,
    TRACE,
    best_state,
    decide,
    give,
    trace_back,
)
from firmware_sim.modems.qam_rescue import rescue
from firmware_sim.modems.qam_state import (
    ALTERNATING,
    CENTRE,
    DATA,
    EVENT_DOWN,
    EVENT_TRAINED_AGAIN,
    EVENT_UP_AGAIN,
    IDLE,
    LANES,
    ROW,
    SEARCH,
    STRIDE,
    TRAIN,
    WORDS,
    ZH,
    ZMAX,
    baseband,
    clear_window,
    correct,
    in_gap,
    line_sample,
    search_again,
    spread,
    steer,
    tell,
    tell_bits,
    tell_up,
)

f4 = np.float32
TAPS = tables.TAPS
POWER, HALF_SYMBOL, CODE, TROUBLE = tables.POWER, tables.HALF_SYMBOL, tables.CODE, tables.TROUBLE
TRAIN_RE, TRAIN_IM, TRAIN_AT, N_TRAIN = tables.TRAIN_RE, tables.TRAIN_IM, tables.TRAIN_AT, tables.N_TRAIN
STEP_END, STEP_MU, STEPS = tables.STEP_END, tables.STEP_MU, tables.STEPS
REGISTER, REPEATS, PHASE, N_ONES = tables.REGISTER, tables.REPEATS, tables.PHASE, tables.N_ONES
LINES, NARROW, PAIR = tables.LINES, tables.NARROW, tables.PAIR

KP_TRAIN, KI_TRAIN = f4(0.06), f4(0.0008)
HELD = 900
"""A signal that comes back within this many samples, without a training, goes on where it was."""
BACK_FRAMES, BACK_LIMIT = 3, 9
"""Frames after which it may be believed to be back, and after which it is believed to be another one."""


@kernel
def _train(s: Any, zr: Any, zi: Any, nz: int, gaps: int, ago: float) -> None:
    """Adapt the equaliser on the known symbols."""
    wr, wi, rr, ri, om, cur, count, mse = s.wr, s.wi, s.rr, s.ri, s.om, s.cur, s.count, s.mse
    row, end, first, scale = s.row, N_TRAIN[s.row], TRAIN_AT[s.row], f4(1) / POWER[s.row]
    span, reach, step = 2 * HALF_SYMBOL[row], GAP_REACH[row], row * STEPS
    e1r, e1i, e2r, e2i = f4(0), f4(0), f4(0), f4(0)
    while cur + CENTRE <= nz and count < end:
        yr, yi = equalise_late32(zr, zi, cur - CENTRE, wr, wi, e2r, e2i)
        vr, vi = yr * rr - yi * ri, yr * ri + yi * rr
        tr, ti = TRAIN_RE[first + count], TRAIN_IM[first + count]
        er, ei, across = tr - vr, ti - vi, (vi * tr - vr * ti) * scale
        mu = STEP_MU[step + 2]
        if count < STEP_END[step + 1]:
            mu = STEP_MU[step] if count < STEP_END[step] else STEP_MU[step + 1]
        if gaps != 0 and in_gap(gaps, ago, reach):
            mu, across = f4(0), f4(0)
        else:
            mse += f4(0.03) * (er * er + ei * ei - mse)
        e2r, e2i, e1r, e1i = e1r, e1i, mu * (er * rr + ei * ri), mu * (ei * rr - er * ri)
        rr, ri, om = steer(rr, ri, om, across, KP_TRAIN, KI_TRAIN)
        cur += 2
        count += 1
        ago -= span
    adapt32(zr, zi, cur - CENTRE - 4, wr, wi, e2r, e2i)
    adapt32(zr, zi, cur - CENTRE - 2, wr, wi, e1r, e1i)
    s.rr, s.ri = correct(rr, ri, f4(0))
    s.om, s.cur, s.count, s.mse = om, cur, count, mse
    if count == end:
        s.stage, s.symbols, s.ones, s.held, s.after, s.trouble, s.fresh = DATA, 0, 0, 0, 0, 0, 0
        s.scrambler, s.repeats, s.phase = REGISTER[row], REPEATS[row], PHASE[row]
        s.power, s.waiting = POWER[row], 0
        for k in range(trellis.STATES):
            s.metric[k] = f4(0) if k == 0 else f4(100)


@kernel
def _data(
    s: Any, zr: Any, zi: Any, nz: int, ago: float, gaps: int, words: Any, bits: Any, nb: int, events: Any, told: int
) -> tuple[int, int]:
    """Symbols of data as far as the values go; -> (end of bits, end of events)."""
    first = ago + s.waiting * 2 * HALF_SYMBOL[s.row]
    n = decide(s, zr, zi, nz, gaps, ago, words)
    if CODE[s.row] >= 0:
        n = trace_back(s, best_state(s), LAG, words) if s.waiting >= TRACE else 0
    if n > 0:
        nb, told = give(s, words, n, s.origin + FRAME - first, bits, nb, events, told)
    return nb, told


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
def _follow(
    s: Any, zr: Any, zi: Any, nz: int, pos: float, words: Any, bits: Any, nb: int, events: Any, told: int
) -> tuple[int, int, float]:
    """Whatever the stage has to do with the values; -> (end of bits, end of events, corrected position)."""
    first, began = s.cur, s.stage
    gaps = s.quiet & s.quiet >> 1
    if s.stage == ALTERNATING:
        alternate(s, zr, zi, nz)
    if s.stage == TRAIN:
        told = tell_up(s, events, told)
        _train(s, zr, zi, nz, gaps, s.origin + FRAME - line_sample(s, nz, pos, s.cur))
    if s.stage == DATA:
        ago = s.origin + FRAME - line_sample(s, nz, pos, s.cur)
        nb, told = _data(s, zr, zi, nz, ago, gaps, words, bits, nb, events, told)
    whole = s.stage == ALTERNATING or not in_gap(gaps, 10.0 * PIECE, 10)
    if whole and began >= ALTERNATING and s.stage >= ALTERNATING and s.cur > first:
        pos = _correct(s, zr, zi, first, pos)
        if s.stage == DATA:
            rescue(s)
    return nb, told, pos


@kernel
def _come_back(s: Any, events: Any, told: int) -> int:
    """After a CARRIER_DOWN: is this the same signal, going on? -> end of events"""
    if s.present == 0:
        if s.origin + FRAME - s.last_loud > HELD:
            s.stage, s.after, s.least = IDLE, 0, f4(0)
        return told
    if s.seen < BACK_FRAMES:
        return told
    limit = f4(0.8) * TROUBLE[s.row] * POWER[s.row]
    if s.mse < limit and image_like(s, LINES, 4 * s.row, NARROW[s.row], PAIR[s.row]):
        s.up, s.after = 1, 0
        told = tell(events, told, EVENT_UP_AGAIN, s.onset, 0, 0)
        return tell(events, told, EVENT_TRAINED_AGAIN, s.onset, 0, 0)
    if s.seen > BACK_LIMIT:
        search_again(s)
    return told


@kernel
def _listen(
    s: Any, xb: Any, lanes: Any, zr: Any, zi: Any, nz: int, pos: float, events: Any, told: int
) -> tuple[int, float, int]:
    """Without a carrier: look for a training, and whether there is any signal of our kind. -> (values, position,
    end of events)"""
    if s.stage == SEARCH or (s.after != 0 and s.present != 0):
        nz, pos = search(s, xb, lanes, zr, zi, nz, pos)
    if s.up == 0 and s.present != 0:
        watch_spectrum(s, xb)
        if s.after == 0 and image_like(s, LINES, 4 * s.row, NARROW[s.row], PAIR[s.row]):
            told = tell_up(s, events, told)
    if s.after != 0:
        told = _come_back(s, events, told)
    return nz, pos, told


@kernel
def _frame(
    s: Any, xb: Any, lanes: Any, zr: Any, zi: Any, words: Any, bits: Any, nb: int, events: Any, told: int
) -> tuple[int, int]:
    """One frame; -> (end of bits, end of events)."""
    ended = hear(s, xb, QUIET_IN_DATA if s.stage >= TRAIN and s.after == 0 else QUIET)
    if s.present == 0 and ended < 0 and s.after == 0:
        return nb, told
    s.limit = ended if ended >= 0 else s.last_loud
    if s.stage == IDLE:
        _wake(s)
    for i in range(ZH):
        zr[i], zi[i] = s.zr[i], s.zi[i]
    spread(xb, lanes)
    nz, pos = baseband(s, xb, lanes, zr, zi, ZH, s.pos)
    if ended < 0:
        nz, pos, told = _listen(s, xb, lanes, zr, zi, nz, pos, events, told)
        if s.stage == IDLE:
            return nb, told
    nb, told, pos = _follow(s, zr, zi, nz, pos, words, bits, nb, events, told)
    if ended >= 0:
        nb, told = _gone(s, ended, line_sample(s, nz, pos, s.cur), words, bits, nb, events, told)
        if s.stage == IDLE:
            return nb, told
    for i in range(ZH):
        s.zr[i], s.zi[i] = zr[nz - ZH + i], zi[nz - ZH + i]
    s.cur -= nz - ZH
    s.pos = pos - FRAME
    if s.stage == DATA and s.up != 0 and s.last_loud == s.origin + FRAME - 1:
        _measure(s)
    return nb, told


@kernel
def _gone(s: Any, ended: int, now: float, words: Any, bits: Any, nb: int, events: Any, told: int) -> tuple[int, int]:
    """The carrier has gone: give out what there is, and stay ready for it to come back."""
    if s.stage == DATA and CODE[s.row] >= 0:
        waiting = s.waiting
        n = trace_back(s, best_state(s), 0, words)
        nb, told = give(s, words, n, now - waiting * 2 * HALF_SYMBOL[s.row], bits, nb, events, told)
    told = tell_bits(s, events, told, nb)
    trained = s.up != 0 and s.stage == DATA and s.symbols >= N_ONES[s.row]
    if s.up != 0:
        told = tell(events, told, EVENT_DOWN, ended, 0, 0)
    s.up, s.seen = 0, 0
    if trained:
        s.after, s.mse, s.trouble = 1, TROUBLE[s.row] * POWER[s.row], 0
        clear_window(s)
    elif s.after == 0:
        s.stage, s.least = IDLE, f4(0)
    return nb, told


@kernel
def rx_many(states: Any, x: Any, bits: Any, events: Any, told: Any) -> None:
    """One block of every channel.

    x int16 [channel, sample]; bits uint8 [channel, 2 a sample + 4096] and events int64 [channel, EVENTS, 4] of
    (kind, sample, first bit, bits) are written; told int64 [channel] is how many events.
    """
    xb = np.empty(XH + FRAME, np.float32)
    zr, zi = np.empty(ZMAX, np.float32), np.empty(ZMAX, np.float32)
    words, lanes = np.empty(WORDS, np.int64), np.zeros(STRIDE * ROW + 2 * LANES, np.float32)
    for c in range(x.shape[0]):
        s = states[c]
        at, nb, n = 0, 0, 0
        s.chunk = 0
        while at < x.shape[1]:
            at, full = fill(s, x[c], at, xb)
            if full:
                nb, n = _frame(s, xb, lanes, zr, zi, words, bits[c], nb, events[c], n)
                turn_over(s, xb)
        told[c] = tell_bits(s, events[c], n, nb)
