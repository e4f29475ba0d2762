"""QAM transmitter: symbols of a burst to passband pulses, added up. Kernels (see dsp.kernels).

Three symbols make a group of whole samples, so each group is the same fixed mix of the last twelve symbols.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from firmware_sim.clock import SAMPLE_RATE_HZ
from firmware_sim.dsp.kernels import kernel
from firmware_sim.dsp.levels import mean_square
from firmware_sim.dsp.vector import MIXED, eight_bits, mix16
from firmware_sim.modems import qam_tables as tables
from firmware_sim.modems import trellis
from firmware_sim.modems.qam_specs import GPC, GUARD, SPECS

f4 = np.float32
TAPS, CYCLE, SUBPHASES, POINTS = tables.TAPS, tables.CYCLE, tables.SUBPHASES, tables.POINTS
READY = 32
PIECE = 400
OLD = MIXED - SUBPHASES
"""Symbols of earlier groups in a mix."""
POINTS_A_PIECE = OLD + SUBPHASES * (PIECE // 10 + 2)
PADDING = 8
"""Octets that must follow the last bit of a burst."""

BITS, TO_POINT, CHANGE, CODE, SCRAMBLER = tables.BITS, tables.TO_POINT, tables.CHANGE, tables.CODE, tables.SCRAMBLER
POINT_RE, POINT_IM, AB_RE, AB_IM = tables.POINT_RE, tables.POINT_IM, tables.AB_RE, tables.AB_IM
CODED_RE, CODED_IM, NEXT = trellis.SEND_RE, trellis.SEND_IM, trellis.NEXT.ravel()
SUBSETS, LABELS = trellis.SUBSETS, trellis.LABELS
TRAIN_RE, TRAIN_IM, TRAIN_AT = tables.TRAIN_RE, tables.TRAIN_IM, tables.TRAIN_AT
N_ALTERNATE, N_TRAIN, N_ONES = tables.N_ALTERNATE, tables.N_TRAIN, tables.N_ONES
PULSE_FIRST, MIXES, MIXES_AT, GROUP = tables.PULSE_FIRST, tables.MIXES, tables.MIXES_AT, tables.GROUP_SAMPLES
CARRIER_RE, CARRIER_IM = tables.CARRIER_RE, tables.CARRIER_IM

STATE = np.dtype(
    [
        ("old_re", "f4", OLD),
        ("old_im", "f4", OLD),
        ("ready", "i2", READY),
        ("waiting", "i8"),
        ("row", "i8"),
        ("symbol", "i8"),
        ("tone", "i8"),
        ("silence", "i8"),
        ("data", "i8"),
        ("end", "i8"),
        ("symbols", "i8"),
        ("bit", "i8"),
        ("scrambler", "i8"),
        ("repeats", "i8"),
        ("phase", "i8"),
        ("trellis", "i8"),
        ("left", "i8"),
        ("amplitude", "f4"),
    ],
    align=True,
)
"""*tone*, *silence*, *data*, *end*, *symbols*: the first symbol after the echo protection, of the alternations, of the
data, of the turn-off, after the burst."""


def new(row: int, level_dbm0: float) -> NDArray[Any]:
    """State of one silent transmitter."""
    state = np.zeros(1, STATE)
    state["row"] = row
    state["amplitude"] = np.sqrt(mean_square(level_dbm0) / (SPECS[row].power * tables.SEND_POWER[row]))
    return state


def start(state: NDArray[Any], bits: NDArray[np.uint8], tep: bool) -> NDArray[np.uint8]:
    """Begin a burst; what was left of another is dropped. -> the bits as the kernel wants them.

    With *tep* 200 ms of carrier and 20 ms of silence go first, against echo suppressors.
    """
    row = int(state["row"][0])
    spec = SPECS[row]
    count = -(-len(bits) // spec.bits)
    tone = spec.baud // 5 if tep else 0
    silence = tone + max(spec.silence, spec.baud // 50 if tep else 0)
    data = silence + spec.alternate + len(spec.training) + spec.ones
    symbols = data + count + spec.turn_off
    whole, part = divmod(symbols - 1, SUBPHASES)
    for name in ("old_re", "old_im", "waiting", "symbol", "bit", "trellis"):
        state[name] = 0
    state["tone"], state["silence"], state["data"], state["end"] = tone, silence, data, data + count
    state["scrambler"], state["repeats"], state["phase"] = spec.register, spec.repeats, spec.phase
    state["symbols"] = symbols
    state["left"] = whole * GROUP[row] + PULSE_FIRST[row * SUBPHASES + part] + TAPS
    padded = np.ones(count * spec.bits + PADDING, np.uint8)
    padded[: len(bits)] = bits
    return padded


def duration(row: int, tep: bool) -> float:
    """Seconds from a burst's first sample to the middle of its first data symbol."""
    state = new(row, 0.0)
    start(state, np.zeros(0, np.uint8), tep)
    return float(int(state["data"][0]) / SPECS[row].baud + (TAPS // 2 - 1) / SAMPLE_RATE_HZ)


@kernel
def _guard(register: int, repeats: int, word: int, per: int) -> tuple[int, int, int]:
    """V.27ter's scrambler, bit by bit. -> (register, repeats, word)"""
    line = 0
    for k in range(per - 1, -1, -1):
        out = (word >> k ^ register >> 5 ^ register >> 6) & 1
        if repeats >= GUARD:
            out ^= 1
            repeats = 0
        elif (register >> 7 ^ out) & (register >> 8 ^ out) & (register >> 11 ^ out) & 1:
            repeats = 0
        else:
            repeats += 1
        register = (register << 1 | out) & 0xFFF
        line = line << 1 | out
    return register, repeats, line


@kernel
def _training_point(s: Any, k: int) -> tuple[Any, Any]:
    """Symbol *k* of what goes before the scrambled ones."""
    if k < s.tone:
        return AB_RE[s.row * 2], AB_IM[s.row * 2]
    k -= s.silence
    if k < 0:
        return f4(0), f4(0)
    if k < N_ALTERNATE[s.row]:
        return AB_RE[s.row * 2 + (k & 1)], AB_IM[s.row * 2 + (k & 1)]
    k += TRAIN_AT[s.row] - N_ALTERNATE[s.row]
    return TRAIN_RE[k], TRAIN_IM[k]


@kernel
def _training(s: Any, re: Any, im: Any, k: int, until: int) -> int:
    """Points of the symbols before *until*, turned to the carrier, into re[k:], im[k:] while there is room."""
    while s.symbol < until and k < re.shape[0]:
        x, y = _training_point(s, s.symbol)
        at = s.row * CYCLE + s.symbol % CYCLE
        c, d = CARRIER_RE[at] * s.amplitude, CARRIER_IM[at] * s.amplitude
        re[k], im[k] = x * c - y * d, x * d + y * c
        s.symbol += 1
        k += 1
    return k


@kernel
def _scrambled(s: Any, bits: Any, re: Any, im: Any, k: int, until: int, ones: bool) -> int:
    """The same for symbols of data, or of scrambled ones."""
    row, per, code, gpc = s.row, BITS[s.row], CODE[s.row], SCRAMBLER[s.row] == GPC
    symbol, bit, amplitude = s.symbol, s.bit, s.amplitude
    register, repeats, phase, state = s.scrambler, s.repeats, s.phase, s.trellis
    mask, turn, end = (1 << per) - 1, row * CYCLE + symbol % CYCLE, (row + 1) * CYCLE
    stop = min(re.shape[0], k + until - symbol)
    symbol += stop - k
    while k < stop:
        word = mask
        if not ones:
            word = eight_bits(bits, bit) >> (8 - per)
            bit += per
        if gpc:
            word = (word ^ register >> (18 - per) ^ register >> (23 - per)) & mask
            register = (register << per | word) & 0x7FFFFF
        else:
            register, repeats, word = _guard(register, repeats, word, per)
        if code >= 0:
            phase = (phase + (word >> (per - 1)) + 2 * (word >> (per - 2) & 1)) & 3
            p = ((code * SUBSETS) + 4 * (state & 1) + phase) * LABELS + (word & mask >> 2)
            state = NEXT[state * 4 + phase]
            x, y = CODED_RE[p], CODED_IM[p]
        else:
            phase = (phase + CHANGE[row * 8 + (word & 7)]) & 7
            p = row * POINTS + TO_POINT[row * POINTS + phase * 2 + (word >> 3)]
            x, y = POINT_RE[p], POINT_IM[p]
        c, d = CARRIER_RE[turn] * amplitude, CARRIER_IM[turn] * amplitude
        re[k], im[k] = x * c - y * d, x * d + y * c
        k += 1
        turn += 1
        turn -= CYCLE if turn == end else 0
    s.symbol, s.bit, s.scrambler, s.repeats, s.phase, s.trellis = symbol, bit, register, repeats, phase, state
    return k


@kernel
def _symbols(s: Any, bits: Any, re: Any, im: Any) -> None:
    """The points of the next symbols into re[OLD:], im[OLD:], zeros after the burst; the old ones before them."""
    for i in range(OLD):
        re[i], im[i] = s.old_re[i], s.old_im[i]
    ones, k = s.data - N_ONES[s.row], OLD
    if s.symbol < ones:
        k = _training(s, re, im, k, ones)
    if ones <= s.symbol < s.data:
        k = _scrambled(s, bits, re, im, k, s.data, True)
    if s.data <= s.symbol < s.end:
        k = _scrambled(s, bits, re, im, k, s.end, False)
    if s.end <= s.symbol < s.symbols:
        k = _scrambled(s, bits, re, im, k, s.symbols, True)
    for i in range(k, re.shape[0]):
        re[i], im[i] = f4(0), f4(0)
    last = re.shape[0] - OLD
    for i in range(OLD):
        s.old_re[i], s.old_im[i] = re[last + i], im[last + i]


@kernel
def _piece(s: Any, bits: Any, out: Any, re: Any, im: Any) -> None:
    """The next samples of one channel, as many as out has."""
    count, size, mix = out.shape[0], GROUP[s.row], MIXES_AT[s.row]
    at = min(s.waiting, count)
    for i in range(at):
        out[i] = s.ready[size - s.waiting + i]
    s.waiting -= at
    groups = -(-(count - at) // size)
    if groups == 0:
        return
    used = OLD + SUBPHASES * groups
    _symbols(s, bits, re[:used], im[:used])
    for g in range(groups):
        if at + READY <= count:
            mix16(re, im, SUBPHASES * g, MIXES, mix, out, at)
            if size > 16:
                mix16(re, im, SUBPHASES * g, MIXES, mix + 32 * MIXED, out, at + 16)
            at += size
            continue
        mix16(re, im, SUBPHASES * g, MIXES, mix, s.ready, 0)
        if size > 16:
            mix16(re, im, SUBPHASES * g, MIXES, mix + 32 * MIXED, s.ready, 16)
        share = min(size, count - at)
        for i in range(share):
            out[at + i] = s.ready[i]
        at += share
        s.waiting = size - share


@kernel
def tx_many(states: Any, bits: Any, out: Any) -> None:
    """The next out.shape[1] samples of each channel: out int16 [channel, sample]; bits uint8 [channel, bit], as
    `start` gives them."""
    re, im = np.empty(POINTS_A_PIECE, np.float32), np.empty(POINTS_A_PIECE, np.float32)
    for c in range(states.shape[0]):
        s = states[c]
        at = 0
        while at < out.shape[1]:
            count = min(PIECE, out.shape[1] - at)
            if s.left <= 0:
                for i in range(count):
                    out[c, at + i] = 0
            else:
                _piece(s, bits[c], out[c, at : at + count], re, im)
                s.left = max(0, s.left - count)
            at += count
