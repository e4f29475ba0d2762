"""State of a QAM receiver and the small steps that its parts share. Kernels (see dsp.kernels)."""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from firmware_sim.dsp import presence
from firmware_sim.dsp.kernels import kernel
from firmware_sim.dsp.presence import FRAME, XH
from firmware_sim.dsp.vector import filter16, fir32
from firmware_sim.modems import qam_tables as tables
from firmware_sim.modems import trellis

f4 = np.float32
TAPS, TURN, PHASES = tables.TAPS, tables.TURN, tables.PHASES
CENTRE = TAPS // 2
ZH = 96
ZMAX = 192
HISTORY = 32
"""Symbols remembered while the end of the alternations is looked for."""
SEEN = 64
"""Equalised symbols kept, for the rescue after a jump on the line and for whoever wants to look at them."""
DEPTH = 96
"""Room for the symbols that the trellis decoder has not decided yet."""
WORDS = 128
"""Room for the symbols that are decided in one frame."""
SPARE_BITS = 4096
"""Room for bits beyond two a sample: those of a silence that the signal has come back from."""
EVENTS = 128
"""Rows for the events of one call; a frame yields five at most."""

IDLE, SEARCH, ALTERNATING, TRAIN, DATA = range(5)
EVENT_UP, EVENT_TRAINED, EVENT_BITS, EVENT_DOWN, EVENT_UP_AGAIN, EVENT_TRAINED_AGAIN = range(6)

HALF_SYMBOL = tables.HALF_SYMBOL
STRIDE, ROW, LANES, PLACES = tables.STRIDE, tables.ROW, tables.LANES, tables.PLACES
FILTERS, LANE_STEP, LANE_TURN = tables.FILTERS, tables.LANE_STEP, tables.LANE_TURN
BANK, BANK_AT, TURN_RE, TURN_IM = tables.RECEIVE_BANK, tables.BANK_AT, tables.TURN_RE, tables.TURN_IM

LEARNT = [("kept_wr", "f4", TAPS), ("kept_wi", "f4", TAPS), ("kept_drift", "f8"), ("kept", "i8")]
"""What a long training leaves for the short ones after it."""
STATE = np.dtype(
    [
        ("wr", "f4", TAPS),
        ("wi", "f4", TAPS),
        ("zr", "f4", ZH),
        ("zi", "f4", ZH),
        ("match", "f4", HISTORY),
        ("sum_r", "f8", 6),
        ("sum_i", "f8", 6),
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
        ("repeats", "i8"),
        ("phase", "i8"),
        ("symbols", "i8"),
        ("ones", "i8"),
        ("trouble", "i8"),
        ("fresh", "i8"),
        ("held", "i8"),
        ("after", "i8"),
        ("limit", "i8"),
        ("metric", "f4", trellis.STATES),
        ("way", "u1", DEPTH * trellis.STATES),
        ("cell", "i4", DEPTH),
        ("waiting", "i8"),
        ("seen_re", "f4", SEEN),
        ("seen_im", "f4", SEEN),
        ("seen_at", "i8"),
        ("chunk", "i8"),
        ("chunk_sample", "i8"),
        ("measured", "f4", 2),
        ("measuring", "f4", 2),
        *LEARNT,
    ],
    align=True,
)
STATE = presence.whole_lines(STATE)


def new(row: int) -> NDArray[Any]:
    """State of one receiver that has heard nothing."""
    state = presence.rows(1, STATE)
    state["row"] = row
    return state


def restart(state: NDArray[Any], unheard: int, row: int) -> None:
    """Forget all but the sample count, which goes on by *unheard*, and what a long training taught; be *row*."""
    count = int(state["origin"][0] + state["n_pending"][0]) + unheard
    learnt = [state[name].copy() for name, *_ in LEARNT]
    state[:] = np.zeros(1, STATE)
    state["row"], state["origin"] = row, count
    for (name, *_), value in zip(LEARNT, learnt, strict=True):
        state[name] = value


@kernel
def rotate(s: Any, symbols: float) -> None:
    """Carry the carrier on by its frequency."""
    a = s.om * symbols
    c, d = math.cos(a), math.sin(a)
    s.rr, s.ri = f4(s.rr * c - s.ri * d), f4(s.rr * d + s.ri * c)


@kernel
def nudge(s: Any, angle: Any) -> None:
    """Turn the carrier by a small angle."""
    rr = s.rr - s.ri * angle
    ri = s.ri + s.rr * angle
    n = f4(1.5) - f4(0.5) * (rr * rr + ri * ri)
    s.rr, s.ri = rr * n, ri * n


@kernel
def line_sample(s: Any, nz: int, pos: float, at: int) -> float:
    """The sample at which value *at* stood in the middle of the filter; the next value to come is nz, at pos."""
    place = pos - (nz - at) * HALF_SYMBOL[s.row] * (1.0 + s.drift)
    return float(s.origin + place - XH + CENTRE - 1)


@kernel
def tell(events: Any, told: int, kind: int, sample: int, first: int, count: int) -> int:
    events[told, 0], events[told, 1], events[told, 2], events[told, 3] = kind, sample, first, count
    return told + 1


@kernel
def tell_up(s: Any, events: Any, told: int) -> int:
    if s.up != 0:
        return told
    s.up = 1
    return tell(events, told, EVENT_UP, s.onset, 0, 0)


@kernel
def tell_bits(s: Any, events: Any, told: int, nb: int) -> int:
    if nb > s.chunk:
        told = tell(events, told, EVENT_BITS, s.chunk_sample, s.chunk, nb - s.chunk)
        s.chunk = nb
    return told


@kernel
def spread(xb: Any, lanes: Any) -> None:
    """The frame's samples into the places where `baseband` wants them."""
    for r in range(STRIDE):
        for q in range((XH + FRAME - r + STRIDE - 1) // STRIDE):
            lanes[r * ROW + q] = xb[STRIDE * q + r]


@kernel
def _one(s: Any, xb: Any, pos: float) -> tuple[Any, Any]:
    """The baseband value at *pos*."""
    b = int(pos)
    re, im = fir32(xb, b, BANK, BANK_AT[s.row] + int((pos - b) * PHASES) * 2 * TAPS)
    k = s.row * TURN + b % TURN
    return s.gain * (re * TURN_RE[k] - im * TURN_IM[k]), s.gain * (re * TURN_IM[k] + im * TURN_RE[k])


@kernel
def baseband(s: Any, xb: Any, lanes: Any, zr: Any, zi: Any, m: int, pos: float) -> tuple[int, float]:
    """Baseband values into z[m:] while the frame lasts; -> (end of z, position of the next).

    Clocks drift by a fiftieth of a sample in a frame at most, less than the bank resolves, so within a frame values
    lie on one grid, and sixteen are made at once. A frame is whole turns of every carrier, so the demodulator's phase
    is a table look-up.
    """
    row, step, filters, hop = s.row, HALF_SYMBOL[s.row], FILTERS[s.row], LANE_STEP[s.row]
    count, last = 0, XH + FRAME - TAPS + 1
    if pos < last:
        count = math.ceil((last - pos) / step)
    at_once, out = min(count, filters * (LANES // hop)), lanes[STRIDE * ROW :]
    for f in range(min(filters, count)):
        place = pos + f * step
        b = int(place)
        taps = BANK_AT[row] + int((place - b) * PHASES) * 2 * TAPS
        k = row * TURN + b % TURN
        re, im = s.gain * TURN_RE[k], s.gain * TURN_IM[k]
        filter16(lanes, PLACES, b, BANK, taps, LANE_TURN, row * 2 * LANES, re, im, out, 0)
        lane = 0
        for k in range(m + f, m + at_once, filters):
            zr[k], zi[k] = out[lane], out[LANES + lane]
            lane += hop
    for k in range(at_once, count):
        zr[m + k], zi[m + k] = _one(s, xb, pos + k * step)
    return m + count, pos + count * step * (1.0 + s.drift)


@kernel
def correct(rr: Any, ri: Any, angle: Any) -> tuple[Any, Any]:
    """Turn back by a small angle and keep the magnitude 1."""
    rr, ri = rr + ri * angle, ri - rr * angle
    n = f4(1.5) - f4(0.5) * (rr * rr + ri * ri)
    return rr * n, ri * n


@kernel
def steer(rr: Any, ri: Any, om: Any, across: Any, kp: Any, ki: Any) -> tuple[Any, Any, Any]:
    """Carrier loop of second order: turn on by the frequency, less the error; -> (re, im, frequency a symbol).

    The magnitude drifts by some millionths; `correct` puts it right.
    """
    c, a = f4(1) - f4(0.5) * om * om, kp * across
    pr, pi = rr * c - ri * om, ri * c + rr * om
    return pr + pi * a, pi - pr * a, om - ki * across


@kernel
def clear_window(s: Any) -> None:
    s.count, s.energy = 0, 0.0
    for k in range(6):
        s.sum_r[k] = 0.0
        s.sum_i[k] = 0.0


@kernel
def search_again(s: Any) -> None:
    s.stage, s.gain, s.drift, s.symbols, s.held, s.after = SEARCH, f4(1), 0.0, 0, 0, 0
    s.ur = s.ui = s.lr = s.li = s.least = f4(0)
    clear_window(s)


@kernel
def in_gap(gaps: int, ago: float, reach: int) -> bool:
    """Whether a silence lies within *reach* pieces of what happened *ago* samples before the end of the frame.

    *gaps* has a bit for each piece of 8 samples, the last one lowest.
    """
    low = (int(ago) >> 3) - reach
    width = 2 * reach + 1
    if low < 0:
        width += low
        low = 0
    return bool(gaps >> low & ((1 << width) - 1))
