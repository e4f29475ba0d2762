"""Decisions of a QAM receiver: equalised values to points, points to bits. Kernels (see dsp.kernels).

One symbol loop serves the nearest point and the trellis code. It adapts as it goes, lets the carrier coast through
silence, and leaves a word of line bits for each symbol decided; `give` makes bits of the words.
"""

from typing import Any

import numpy as np

from firmware_sim.dsp.kernels import kernel
from firmware_sim.dsp.presence import PIECE
from firmware_sim.dsp.vector import adapt32, equalise_late32, nearest16, put_bits
from firmware_sim.modems import qam_tables as tables
from firmware_sim.modems import trellis
from firmware_sim.modems.qam_specs import GPC, GUARD
from firmware_sim.modems.qam_state import (
    CENTRE,
    EVENT_TRAINED,
    SEEN,
    correct,
    in_gap,
    search_again,
    steer,
    tell,
)
from firmware_sim.modems.viterbi import viterbi8

f4 = np.float32
TAPS, POINTS = tables.TAPS, tables.POINTS
BITS, POWER, HALF_SYMBOL, STEP_DATA = tables.BITS, tables.POWER, tables.HALF_SYMBOL, tables.STEP_DATA
POINT_RE, POINT_IM = tables.POINT_RE, tables.POINT_IM
POINT_PHASE, POINT_UPPER, CHANGE_BITS = tables.POINT_PHASE, tables.POINT_UPPER, tables.CHANGE_BITS
CODE, SCRAMBLER, N_ONES, SHORT = tables.CODE, tables.SCRAMBLER, tables.N_ONES, tables.SHORT
NEAR_XY, NEAR_LABEL, GRID, CELLS = trellis.NEAR_XY, trellis.NEAR_LABEL, trellis.GRID, trellis.CELLS
PER_CELL, REACH, GRID_TOP = f4(GRID / 2 / trellis.REACH), f4(trellis.REACH), f4(GRID - 0.5)

KP_DATA, KI_DATA = f4(0.04), f4(0.0005)
LAG = 20
"""Symbols that a decision of the trellis code waits for."""
TRACE = 48
"""Symbols that gather before the decoder traces back."""
GAP_REACH = np.array([2 + int(np.ceil((CENTRE * h + CENTRE) / PIECE)) for h in HALF_SYMBOL])
"""Pieces on either side of a silence in which the equaliser sees it."""


@kernel
def cell_of(x: Any, y: Any) -> int:
    gx = min(max((x + REACH) * PER_CELL, f4(0)), GRID_TOP)
    gy = min(max((y + REACH) * PER_CELL, f4(0)), GRID_TOP)
    return int(gx) * GRID + int(gy)


@kernel
def decide(s: Any, zr: Any, zi: Any, nz: int, gaps: int, ago: float, words: Any) -> int:
    """The symbols up to nz, the first of which was *ago* samples before the frame's end. -> what was decided: words,
    or symbols that wait in the trellis decoder's memory.

    Carrier and equaliser follow a decision two symbols late, so that the work on three symbols overlaps; what is left
    at the frame's end follows then.
    """
    wr, wi, rr, ri, om, cur, mse, power = s.wr, s.wi, s.rr, s.ri, s.om, s.cur, s.mse, s.power
    metric, way, cells, n = s.metric, s.way, s.cell, s.waiting
    row, phase, seen, span, code = s.row, s.phase, s.seen_at, 2 * HALF_SYMBOL[s.row], CODE[s.row]
    scale, reach, near = f4(1) / POWER[row], GAP_REACH[row], code * CELLS
    mu = STEP_DATA[row] if s.trouble == 0 else f4(0.1) * STEP_DATA[row]
    e1r, e1i, a1, e2r, e2i, a2 = f4(0), f4(0), f4(0), f4(0), f4(0), f4(0)
    while cur + CENTRE <= nz:
        yr, yi = equalise_late32(zr, zi, cur - CENTRE, wr, wi, e2r, e2i)
        vr, vi = yr * rr - yi * ri, yr * ri + yi * rr
        rr, ri, om = steer(rr, ri, om, a2, KP_DATA, KI_DATA)
        if code < 0:
            q = row * POINTS + nearest16(POINT_RE, POINT_IM, row * POINTS, vr, vi)
            words[n] = POINT_UPPER[q] | CHANGE_BITS[row * 8 + ((POINT_PHASE[q] - phase) & 7)]
            phase = POINT_PHASE[q]
            tr, ti = POINT_RE[q], POINT_IM[q]
        else:
            cell = near + cell_of(vr, vi)
            cells[n] = cell
            state = viterbi8(metric, way, n * 8, NEAR_XY, cell * 16, vr, vi)
            at = cell * 16 + np.int64(way[n * 8 + state] >> 3)
            tr, ti = f4(NEAR_XY[at]), f4(NEAR_XY[at + 8])
        n += 1
        e2r, e2i, a2, e1r, e1i, a1 = e1r, e1i, a1, f4(0), f4(0), f4(0)
        if gaps == 0 or not in_gap(gaps, ago, reach):
            er, ei = tr - vr, ti - vi
            mse += f4(0.01) * (er * er + ei * ei - mse)
            power += f4(0.02) * (vr * vr + vi * vi - power)
            e1r, e1i, a1 = mu * (er * rr + ei * ri), mu * (ei * rr - er * ri), (vi * tr - vr * ti) * scale
            s.seen_re[seen % SEEN], s.seen_im[seen % SEEN] = vr, vi
            seen += 1
        cur += 2
        ago -= span
    adapt32(zr, zi, cur - CENTRE - 4, wr, wi, e2r, e2i)
    adapt32(zr, zi, cur - CENTRE - 2, wr, wi, e1r, e1i)
    rr, ri = correct(rr, ri, KP_DATA * (a1 + a2))
    s.rr, s.ri, s.om, s.cur, s.mse, s.power = rr, ri, om - KI_DATA * (a1 + a2), cur, mse, power
    s.fresh, s.seen_at = s.fresh + seen - s.seen_at, seen
    if code < 0:
        s.phase = phase
    else:
        s.waiting = n
    return int(n)


@kernel
def best_state(s: Any) -> int:
    for k in range(trellis.STATES):
        if s.metric[k] <= f4(0):
            return k
    return 0


@kernel
def trace_back(s: Any, state: int, keep: int, words: Any) -> int:
    """Decide all symbols in the decoder's memory but the last *keep*; -> words."""
    way, cell, upper = s.way, s.cell, BITS[s.row] - 2
    n, emit, diff = s.waiting, s.waiting - keep, s.phase
    if emit <= 0:
        return 0
    for j in range(n - 1, -1, -1):
        branch = int(way[8 * j + state])
        if j < emit:
            words[j] = (branch >> 3 & 3) << 8 | np.int64(NEAR_LABEL[np.int64(cell[j]) * 8 + (branch >> 3)])
        state = branch & 7
    for j in range(emit):
        d = words[j] >> 8
        turn = (d - diff) & 3
        diff = d
        words[j] = ((turn & 1) << 1 | turn >> 1) << upper | (words[j] & 255)
    s.phase = diff
    for j in range(keep):
        cell[j] = cell[j + emit]
    for j in range(8 * keep):
        way[j] = way[j + 8 * emit]
    s.waiting = keep
    return int(emit)


@kernel
def _unguard(s: Any, word: int, per: int) -> Any:
    """V.27ter's descrambler, a word at a time unless the guard is about to act."""
    line, mask = s.scrambler << per | word, (1 << per) - 1
    plain = (line ^ line >> 6 ^ line >> 7) & mask
    s.scrambler = line & 0xFFF
    differ = (line ^ line >> 8) & (line ^ line >> 9) & (line ^ line >> 12) & mask
    if s.repeats + per <= GUARD:
        s.repeats = s.repeats + per if differ == 0 else 0 if differ & 1 else 1 if differ & 2 else 2
        return plain
    for k in range(per - 1, -1, -1):
        if s.repeats >= GUARD:
            plain ^= 1 << k
            s.repeats = 0
        else:
            s.repeats = 0 if differ >> k & 1 else s.repeats + 1
    return plain


@kernel
def _descramble(s: Any, words: Any, n: int) -> None:
    per = BITS[s.row]
    if SCRAMBLER[s.row] != GPC:
        for k in range(n):
            words[k] = _unguard(s, words[k], per)
        return
    register, mask = s.scrambler, (1 << per) - 1
    for k in range(n):
        word = words[k]
        words[k] = (word ^ register >> (18 - per) ^ register >> (23 - per)) & mask
        register = (register << per | word) & 0x7FFFFF
    s.scrambler = register


@kernel
def _judge(s: Any) -> bool:
    """After the scrambled ones: was the training good? A good long one leaves what it learnt for short ones."""
    if 4 * s.ones < 3 * N_ONES[s.row]:
        search_again(s)
        return False
    if SHORT[s.row] == 0:
        for k in range(TAPS):
            s.kept_wr[k] = s.wr[k]
            s.kept_wi[k] = s.wi[k]
        s.kept, s.kept_drift = 1, s.drift
    return True


@kernel
def give(s: Any, words: Any, n: int, at: float, bits: Any, nb: int, events: Any, told: int) -> tuple[int, int]:
    """Line bits to data bits; words[0] stood on the line at sample *at*. -> (end of bits, end of events)

    What falls into a silence is held back: it becomes zeros when the signal goes on, nothing when it has ended.
    """
    per, period, last = BITS[s.row], 2 * HALF_SYMBOL[s.row] * (1.0 + s.drift), s.limit + PIECE
    mask = (1 << per) - 1
    _descramble(s, words, n)
    k = 0
    while k < n and s.symbols < N_ONES[s.row]:
        s.ones += words[k] == mask
        s.symbols += 1
        k += 1
        if s.symbols == N_ONES[s.row]:
            if not _judge(s):
                return nb, told
            told = tell(events, told, EVENT_TRAINED, int(at + k * period + 0.5), 0, 0)
    loud = n if s.up != 0 and at + n * period <= last else k
    while s.up != 0 and loud < n and at + loud * period <= last:
        loud += 1
    if loud > k and nb == s.chunk:
        s.chunk_sample = min(int(at + k * period + 0.5), s.limit)
    if loud > k and s.held > 0:
        for j in range(min(s.held, bits.shape[0] - nb - per * n)):
            bits[nb + j] = 0
        nb += max(0, min(s.held, bits.shape[0] - nb - per * n))
        s.held = 0
    for j in range(k, loud):
        put_bits(bits, nb, words[j] << (8 - per))
        nb += per
    s.held += per * (n - max(loud, k))
    return nb, told
