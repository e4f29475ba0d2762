"""QAM transmitter: symbols of a burst to passband pulses, added up sample by sample. Kernels (see dsp.kernels)."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from firmware_sim.dsp.kernels import kernel
from firmware_sim.dsp.levels import sine_peak
from firmware_sim.dsp.vector import add_pulse32
from firmware_sim.modems import qam_tables as tables

f4 = np.float32
TAPS, CYCLE, SUBPHASES, POINTS = tables.TAPS, tables.CYCLE, tables.SUBPHASES, tables.POINTS
TAIL = 64
PIECE = 512

BITS, TO_POINT, CHANGE = tables.BITS, tables.TO_POINT, tables.CHANGE
POINT_RE, POINT_IM, AB_RE, AB_IM = tables.POINT_RE, tables.POINT_IM, tables.AB_RE, tables.AB_IM
TRAIN_RE, TRAIN_IM, TRAIN_AT = tables.TRAIN_RE, tables.TRAIN_IM, tables.TRAIN_AT
N_SILENCE, N_ALTERNATE, N_TRAIN, N_ONES = tables.N_SILENCE, tables.N_ALTERNATE, tables.N_TRAIN, tables.N_ONES
PULSE_FIRST, PULSES, GROUP_SAMPLES = tables.PULSE_FIRST, tables.PULSES, tables.GROUP_SAMPLES
CARRIER_RE, CARRIER_IM = tables.CARRIER_RE, tables.CARRIER_IM

STATE = np.dtype(
    [
        ("tail", "f4", TAIL),
        ("row", "i8"),
        ("symbol", "i8"),
        ("symbols", "i8"),
        ("bit", "i8"),
        ("last_bit", "i8"),
        ("group", "i8"),
        ("scrambler", "i8"),
        ("phase", "i8"),
        ("left", "i8"),
        ("amplitude", "f4"),
    ],
    align=True,
)


def new(row: int, level_dbm0: float) -> NDArray[Any]:
    """State of one silent transmitter."""
    state = np.zeros(1, STATE)
    state["row"] = row
    state["amplitude"] = sine_peak(level_dbm0) / np.sqrt(tables.SPECS[row].power)
    return state


def start(state: NDArray[Any], bits: int) -> None:
    """Begin a burst of *bits* bits; what was left of another is dropped."""
    row = int(state["row"][0])
    spec = tables.SPECS[row]
    ahead = spec.silence + spec.alternate + len(spec.training) + spec.ones
    symbols = ahead + -(-bits // spec.bits) + spec.turn_off
    whole, part = divmod(symbols - 1, SUBPHASES)
    for name in ("tail", "symbol", "bit", "group", "scrambler", "phase"):
        state[name] = 0
    state["symbols"], state["last_bit"] = symbols, bits
    state["left"] = whole * GROUP_SAMPLES[row] + PULSE_FIRST[row * SUBPHASES + part] + TAPS


@kernel
def _data_point(s: Any, bits: Any) -> Any:
    """Scramble and code the next symbol; ones when the bits are used up. -> index of its point"""
    per = BITS[s.row]
    word = 0
    for _ in range(per):
        bit: Any = 1
        if s.bit < s.last_bit:
            bit = np.int64(bits[s.bit] & 1)
            s.bit += 1
        word = word << 1 | bit
    word = (word ^ s.scrambler >> (18 - per) ^ s.scrambler >> (23 - per)) & ((1 << per) - 1)
    s.scrambler = (s.scrambler << per | word) & 0x7FFFFF
    s.phase = (s.phase + CHANGE[s.row * 8 + (word & 7)]) & 7
    return s.row * POINTS + TO_POINT[s.row * POINTS + s.phase * 2 + (word >> 3)]


@kernel
def _ones_point(s: Any, none: Any) -> Any:
    last = s.last_bit
    s.last_bit = 0
    point = _data_point(s, none)
    s.last_bit = last
    return point


@kernel
def _symbol(s: Any, bits: Any) -> tuple[Any, Any]:
    """The next point of the burst."""
    k = s.symbol - N_SILENCE[s.row]
    if k < 0:
        return f4(0), f4(0)
    if k < N_ALTERNATE[s.row]:
        return AB_RE[s.row * 2 + (k & 1)], AB_IM[s.row * 2 + (k & 1)]
    k -= N_ALTERNATE[s.row]
    if k < N_TRAIN[s.row]:
        return TRAIN_RE[TRAIN_AT[s.row] + k], TRAIN_IM[TRAIN_AT[s.row] + k]
    point = _ones_point(s, bits) if k < N_TRAIN[s.row] + N_ONES[s.row] else _data_point(s, bits)
    return POINT_RE[point], POINT_IM[point]


@kernel
def _add_symbols(s: Any, bits: Any, sum_: Any, count: int) -> None:
    """Add the pulses of all symbols that begin within *count* samples."""
    while s.symbol < s.symbols:
        part = s.symbol % SUBPHASES
        at = s.group + PULSE_FIRST[s.row * SUBPHASES + part]
        if at >= count:
            break
        re, im = _symbol(s, bits)
        k = s.row * CYCLE + s.symbol % CYCLE
        c, d = CARRIER_RE[k] * s.amplitude, CARRIER_IM[k] * s.amplitude
        pulse = (s.row * SUBPHASES + part) * 2 * TAPS
        add_pulse32(sum_, at, PULSES, pulse, re * c - im * d, re * d + im * c)
        s.symbol += 1
        if part == SUBPHASES - 1:
            s.group += GROUP_SAMPLES[s.row]


@kernel
def _round(value: Any) -> int:
    value = min(max(value, f4(-32768)), f4(32767))
    return int(value + f4(0.5)) if value >= f4(0) else int(value - f4(0.5))


@kernel
def _piece(s: Any, bits: Any, out: Any, first: int, count: int, sum_: Any) -> None:
    for i in range(TAIL):
        sum_[i] = s.tail[i]
    for i in range(TAIL, count + TAIL):
        sum_[i] = f4(0)
    _add_symbols(s, bits, sum_, count)
    for i in range(count):
        out[first + i] = np.int16(_round(sum_[i]))
    for i in range(TAIL):
        s.tail[i] = sum_[count + i]
    s.group -= count


@kernel
def tx_many(states: Any, bits: Any, out: Any) -> None:
    """The next out.shape[1] samples of each channel: out int16 [channel, sample]; bits uint8 [channel, bit]."""
    sum_ = np.empty(PIECE + TAIL, np.float32)
    for c in range(states.shape[0]):
        s = states[c]
        at = 0
        while at < out.shape[1]:
            count = min(PIECE, out.shape[1] - at)
            if s.left <= 0:
                for i in range(count):
                    out[c, at + i] = 0
            else:
                _piece(s, bits[c], out[c], at, count, sum_)
                s.left = max(0, s.left - count)
            at += count
