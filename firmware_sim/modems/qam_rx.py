"""QAM receiver: one call plays a block of every channel. Kernels (see dsp.kernels).

A frame of 80 samples is three passes: a filter bank to two baseband values a symbol; the serial symbol loop
(equaliser, decision, carrier, LMS); band-edge timing with one correction. Acquisition tests windows of 64 values for
the three lines of the alternations, which give gain, carrier, timing and parity at once; their end shows as a
reversal, because every training sequence begins with the alternations negated.
"""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from firmware_sim.dsp import presence
from firmware_sim.dsp.kernels import kernel
from firmware_sim.dsp.presence import FRAME, XH, fill, hear, image_like, turn_over, watch_spectrum
from firmware_sim.dsp.vector import adapt32, equalise32, fir32, nearest16
from firmware_sim.modems import qam_tables as tables

f4 = np.float32
TAPS, TURN, PHASES, POINTS, BANK_SIZE = tables.TAPS, tables.TURN, tables.PHASES, tables.POINTS, tables.BANK_SIZE
CENTRE = TAPS // 2
ZH = 96
ZMAX = 192
WINDOW = 64
HISTORY = 32
ALTERNATING_LIMIT = 60
EVENTS = 96
"""Rows for the events of one call; a frame yields four at most."""

IDLE, SEARCH, ALTERNATING, TRAIN, ONES, DATA = range(6)
EVENT_UP, EVENT_TRAINED, EVENT_BITS, EVENT_DOWN = range(4)

BITS, POWER, HALF_SYMBOL = tables.BITS, tables.POWER, tables.HALF_SYMBOL
POINT_RE, POINT_IM = tables.POINT_RE, tables.POINT_IM
POINT_PHASE, POINT_UPPER, CHANGE_BITS = tables.POINT_PHASE, tables.POINT_UPPER, tables.CHANGE_BITS
AB_RE, AB_IM, AB_MEAN, AB_HALF, AB_POWER = tables.AB_RE, tables.AB_IM, tables.AB_MEAN, tables.AB_HALF, tables.AB_POWER
TRAIN_RE, TRAIN_IM, TRAIN_AT = tables.TRAIN_RE, tables.TRAIN_IM, tables.TRAIN_AT
N_ALTERNATE, N_TRAIN, N_ONES = tables.N_ALTERNATE, tables.N_TRAIN, tables.N_ONES
BANK, TURN_RE, TURN_IM = tables.RECEIVE_BANK, tables.TURN_RE, tables.TURN_IM

MU_TRAIN, MU_LATE, MU_DATA = f4(0.3 / TAPS), f4(0.1 / TAPS), f4(0.03 / TAPS)
KP_AB, KI_AB = f4(0.1), f4(0.003)
KP_TRAIN, KI_TRAIN = f4(0.06), f4(0.0008)
KP_DATA, KI_DATA = f4(0.04), f4(0.0005)
TROUBLE = f4(0.045)
"""Error against the power of the points from which decisions are mostly chance: the line has changed."""
TURN_AFTER = 10
HALF_ROOT = f4(math.sqrt(0.5))

STATE = np.dtype(
    [
        ("wr", "f4", TAPS),
        ("wi", "f4", TAPS),
        ("zr", "f4", ZH),
        ("zi", "f4", ZH),
        ("match", "f4", HISTORY),
        ("sum_r", "f8", 4),
        ("sum_i", "f8", 4),
        ("energy", "f8"),
        *presence.FIELDS,
        ("row", "i8"),
        ("stage", "i8"),
        ("count", "i8"),
        ("cur", "i8"),
        ("pos", "f8"),
        ("drift", "f8"),
        *[(name, "f4") for name in ("gain", "rr", "ri", "om", "mse", "power", "agree", "ur", "ui", "lr", "li")],
        ("scrambler", "i8"),
        ("phase", "i8"),
        ("ones", "i8"),
        ("trouble", "i8"),
        ("chunk", "i8"),
        ("chunk_sample", "i8"),
        ("measured", "f4", 2),
        ("measuring", "f4", 2),
    ],
    align=True,
)


def new(row: int) -> NDArray[Any]:
    """State of one receiver that has heard nothing."""
    state = np.zeros(1, STATE)
    state["row"] = row
    return state


def restart(state: NDArray[Any], unheard: int = 0) -> None:
    """Forget everything but the sample count, which goes on by *unheard*."""
    row, count = int(state["row"][0]), int(state["origin"][0] + state["n_pending"][0]) + unheard
    state[:] = np.zeros(1, STATE)
    state["row"], state["origin"] = row, count


# ------------------------------------------------------------------ small steps
@kernel
def _rotate(s: Any, symbols: float) -> None:
    """Carry the carrier on by its frequency."""
    a = s.om * symbols
    c, d = math.cos(a), math.sin(a)
    s.rr, s.ri = f4(s.rr * c - s.ri * d), f4(s.rr * d + s.ri * c)


@kernel
def _nudge(s: Any, angle: Any) -> None:
    """Turn the carrier by a small angle."""
    rr = s.rr - s.ri * angle
    ri = s.ri + s.rr * angle
    n = f4(1.5) - f4(0.5) * (rr * rr + ri * ri)
    s.rr, s.ri = rr * n, ri * n


@kernel
def _line_sample(s: Any, nz: int, pos: float, at: int) -> int:
    """The sample at which value *at* stood in the middle of the filter; the next value to come is nz, at pos."""
    place = pos - (nz - at) * HALF_SYMBOL[s.row] * (1.0 + s.drift)
    return int(s.origin + math.floor(place + 0.5)) - XH + CENTRE - 1


@kernel
def _tell(events: Any, told: int, kind: int, sample: int, first: int, count: int) -> int:
    events[told, 0], events[told, 1], events[told, 2], events[told, 3] = kind, sample, first, count
    return told + 1


@kernel
def _tell_up(s: Any, events: Any, told: int) -> int:
    if s.up != 0:
        return told
    s.up = 1
    return _tell(events, told, EVENT_UP, s.onset, 0, 0)


@kernel
def _tell_bits(s: Any, events: Any, told: int, nb: int) -> int:
    if nb > s.chunk:
        told = _tell(events, told, EVENT_BITS, s.chunk_sample, s.chunk, nb - s.chunk)
        s.chunk = nb
    return told


@kernel
def _filter(s: Any, xb: Any, zr: Any, zi: Any, m: int, pos: float) -> tuple[int, float]:
    """Baseband values into z[m:] while the frame lasts; -> (end of z, position of the next).

    A frame is whole turns of every carrier, so the demodulator's phase is a table look-up.
    """
    bank, turn = s.row * BANK_SIZE, s.row * TURN
    step, gain = HALF_SYMBOL[s.row] * (1.0 + s.drift), s.gain
    while True:
        b = int(pos)
        if b > XH + FRAME - TAPS:
            return m, pos
        re, im = fir32(xb, b, BANK, bank + int((pos - b) * PHASES) * 2 * TAPS)
        k = turn + b % TURN
        zr[m] = gain * (re * TURN_RE[k] - im * TURN_IM[k])
        zi[m] = gain * (re * TURN_IM[k] + im * TURN_RE[k])
        m += 1
        pos += step


# ------------------------------------------------------------------ acquisition
@kernel
def _clear_window(s: Any) -> None:
    s.count, s.energy = 0, 0.0
    for k in range(4):
        s.sum_r[k] = 0.0
        s.sum_i[k] = 0.0


@kernel
def _search_again(s: Any) -> None:
    s.stage, s.gain, s.drift = SEARCH, f4(1), 0.0
    s.ur = s.ui = s.lr = s.li = f4(0)
    _clear_window(s)


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
def _search(s: Any, xb: Any, zr: Any, zi: Any, nz: int, pos: float) -> tuple[int, float]:
    """Look for the alternations; when found, filter the rest of the frame again, aligned. -> (end of z, position)"""
    for i in range(ZH, nz):
        _accumulate(s, zr[i], zi[i])
        if s.count < WINDOW:
            continue
        found, tau = _estimate(s)
        _clear_window(s)
        if not found:
            continue
        _open_equaliser(s)
        whole = math.floor(tau + 0.5)
        pos = s.pos + (i + 1 - ZH + tau - whole) * HALF_SYMBOL[s.row]
        for k in range(i + 1):
            zr[k] *= s.gain
            zi[k] *= s.gain
        nz, pos = _filter(s, xb, zr, zi, i + 1, pos)
        ahead = (whole - WINDOW) % 4
        s.cur = i + 1 + ahead
        _rotate(s, 0.5 * ahead)
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
def _alternate(s: Any, zr: Any, zi: Any, nz: int) -> None:
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
            _rotate(s, 1.0)
            _nudge(s, -KP_AB * across)
        else:
            _rotate(s, 1.0)
        s.cur += 2
        s.count += 1
        if _reversed(s):
            _start_training(s)
        elif s.count > N_ALTERNATE[s.row] + ALTERNATING_LIMIT or (s.count == 24 and s.agree < f4(0.5)):
            _search_again(s)


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
    _rotate(s, -float(back))
    g = f4(1) / max(s.agree, f4(0.3))
    for k in range(TAPS):
        s.wr[k] *= g
        s.wi[k] *= g
    s.stage, s.count, s.mse = TRAIN, 0, f4(0.1) * POWER[s.row]


# ------------------------------------------------------------------ training and data
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
        om -= KI_TRAIN * across
        a = om - KP_TRAIN * across
        c = f4(1) - f4(0.5) * a * a
        rr, ri = rr * c - ri * a, ri * c + rr * a
        n = f4(1.5) - f4(0.5) * (rr * rr + ri * ri)
        rr *= n
        ri *= n
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
        om -= KI_DATA * across
        a = om - KP_DATA * across
        c = f4(1) - f4(0.5) * a * a
        rr, ri = rr * c - ri * a, ri * c + rr * a
        n = f4(1.5) - f4(0.5) * (rr * rr + ri * ri)
        rr *= n
        ri *= n
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
        _alternate(s, zr, zi, nz)
    if s.stage == TRAIN:
        told = _tell_up(s, events, told)
        _train(s, zr, zi, nz)
    if s.stage == ONES:
        _data(s, zr, zi, nz, bits, nb, N_ONES[s.row])
        if s.count == N_ONES[s.row]:
            if 4 * s.ones < 3 * s.count:
                _search_again(s)
            else:
                s.stage, s.count = DATA, 0
                told = _tell(events, told, EVENT_TRAINED, _line_sample(s, nz, pos, s.cur), 0, 0)
    if s.stage == DATA:
        if nb == s.chunk:
            s.chunk_sample = _line_sample(s, nz, pos, s.cur)
        nb = _data(s, zr, zi, nz, bits, nb, 1)
    return nb, told


@kernel
def _wake(s: Any) -> None:
    s.pos = float(XH - TAPS)
    for i in range(ZH):
        s.zr[i] = f4(0)
        s.zi[i] = f4(0)
    _search_again(s)


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
    nz, pos = _filter(s, xb, zr, zi, ZH, s.pos)
    if s.stage == SEARCH:
        nz, pos = _search(s, xb, zr, zi, nz, pos)
    if s.up == 0 and ended < 0:
        watch_spectrum(s, xb)
        if image_like(s):
            told = _tell_up(s, events, told)
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
    told = _tell_bits(s, events, told, nb)
    if s.up != 0:
        told = _tell(events, told, EVENT_DOWN, ended, 0, 0)
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
        told[c] = _tell_bits(s, events[c], n, nb)
