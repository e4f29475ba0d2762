"""V.21 transmitter and receiver: 300 bit/s, one tone for 1, one for 0. Kernels (see dsp.kernels).

The receiver correlates with both tones over one bit, at every second sample; the difference of the powers is sliced in
the middle of each bit, and its zero crossings pull the bit clock. Bits go straight into a deframer of HDLC, or come
out as they are.
"""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from firmware_sim.clock import SAMPLE_RATE_HZ
from firmware_sim.dsp import hdlc, presence
from firmware_sim.dsp.hdlc import CODE_GOOD, CODE_NONE, abort, clear, take_bit
from firmware_sim.dsp.kernels import kernel
from firmware_sim.dsp.levels import sine_peak
from firmware_sim.dsp.presence import FRAME, QUIET, XH, fill, hear, turn_over
from firmware_sim.dsp.vector import fir32

f4 = np.float32
CHANNELS_HZ = ((1650, 1850), (980, 1180))
"""Tones of 1 and of 0, of channel 2, which T.30 uses, and of channel 1."""
BAUD = 300
TAPS = 32
EVENTS = 96
EVENT_UP, EVENT_FRAME, EVENT_DOWN, EVENT_BITS = range(4)
OCTETS = 8192
"""Room for the frames that end in one call."""

PERIOD, STEP = 40 * 1024, 3 * 1024
"""One bit and one step of two samples on the bit clock: 26 2/3 samples a bit."""
BIT = SAMPLE_RATE_HZ / BAUD
FLAGS_UP = 3
ONSET_LIMIT = 3200
"""A carrier that began longer ago than this before its first flag was another signal."""
IN_BAND = f4(0.3)
LOST_FRAMES = 4
RAW_SHARE, RAW_FRAMES = f4(0.4), 2
"""A receiver of bits is up when so much of the energy is that of the tones, for so many frames."""


def _correlators() -> NDArray[np.float32]:
    """[channel, tone, re and im, tap]: one bit long, ends weighted; a sine of mean square p gives p."""
    t = np.arange(TAPS) - (TAPS - 1) / 2
    window = np.clip((BIT + 1) / 2 - np.abs(t), 0, 1) * math.sqrt(2) / BIT
    turns = [np.exp(-2j * np.pi * hz / SAMPLE_RATE_HZ * t) * window for pair in CHANNELS_HZ for hz in pair]
    return np.array([[w.real, w.imag] for w in turns], f4).ravel()


CORRELATORS = _correlators()
BANK = 4 * TAPS
GRID_HZ = 10
"""Every tone is a multiple of this, so a wave of 800 samples has all phases."""
WAVE = SAMPLE_RATE_HZ // GRID_HZ

TX_STATE = np.dtype(
    [
        ("wave", "i2", WAVE),
        ("one", "i8"),
        ("zero", "i8"),
        ("phase", "i8"),
        ("bit", "i8"),
        ("bits", "i8"),
        ("clock", "i8"),
        ("left", "i8"),
    ],
    align=True,
)

RX_STATE = np.dtype(
    [
        *presence.FIELDS,
        ("awake", "i8"),
        ("clock", "i8"),
        ("before", "f4"),
        ("in_band", "f4"),
        ("total", "f4"),
        ("lost", "i8"),
        ("first_flag", "i8"),
        ("bank", "i8"),
        ("raw", "i8"),
        ("heard", "i8"),
        ("bits_sample", "i8"),
        *hdlc.FIELDS,
    ],
    align=True,
)


def tx_new(channel: int, level_dbm0: float) -> NDArray[Any]:
    """State of one silent transmitter; *channel* 2 or 1."""
    state = np.zeros(1, TX_STATE)
    wave = sine_peak(level_dbm0) * np.cos(2 * np.pi * np.arange(WAVE) / WAVE)
    state["wave"] = np.rint(wave.clip(-32768, 32767))
    state["one"], state["zero"] = (hz // GRID_HZ for hz in CHANNELS_HZ[2 - channel])
    return state


def tx_start(state: NDArray[Any], count: int) -> None:
    """Begin a burst of *count* bits; what was left of another is dropped."""
    state["phase"] = state["bit"] = state["clock"] = 0
    state["bits"], state["left"] = count, -(-count * 80 // 3)


def rx_new(channel: int, *, raw: bool = False) -> NDArray[Any]:
    """State of one receiver that has heard nothing; *raw*: it tells bits, not frames."""
    state = np.zeros(1, RX_STATE)
    state["bank"], state["raw"] = (2 - channel) * BANK, raw
    return state


@kernel
def tx_many(states: Any, bits: Any, out: Any) -> None:
    """The next out.shape[1] samples of each channel: out int16 [channel, sample]; bits uint8 [channel, bit]."""
    for c in range(states.shape[0]):
        s = states[c]
        phase, bit, clock, i, count = s.phase, s.bit, s.clock, 0, out.shape[1]
        while i < count and bit < s.bits:
            step = s.one if bits[c, bit] != 0 else s.zero
            end = min(count, i + (82 - clock) // 3)
            clock += 3 * (end - i)
            for k in range(i, end):
                out[c, k] = s.wave[phase]
                phase += step
                phase -= WAVE if phase >= WAVE else 0
            if clock >= 80:
                clock -= 80
                bit += 1
            i = end
        for k in range(i, count):
            out[c, k] = 0
        s.phase, s.bit, s.clock = phase, bit, clock
        s.left = max(0, s.left - count)


@kernel
def _tell(events: Any, told: int, kind: int, sample: int, first: int, count: int) -> int:
    events[told, 0], events[told, 1], events[told, 2], events[told, 3] = kind, sample, first, count
    return told + 1


@kernel
def _tell_up(s: Any, events: Any, told: int) -> int:
    if s.up != 0:
        return told
    s.up, s.lost = 1, 0
    at = s.onset if s.first_flag - s.onset < ONSET_LIMIT else s.first_flag
    return _tell(events, told, EVENT_UP, at, 0, 0)


@kernel
def _tell_frame(s: Any, code: int, at: int, octets: Any, used: int, events: Any, told: int) -> tuple[int, int]:
    """-> (octets used, end of events)"""
    if code == CODE_GOOD:
        told = _tell_up(s, events, told)
        size = s.length - 2
        if used + size <= octets.shape[0]:
            for i in range(size):
                octets[used + i] = s.buffer[i]
            return used + size, _tell(events, told, EVENT_FRAME, at, used, size)
    if s.up != 0:
        told = _tell(events, told, EVENT_FRAME, at, used, -1)
    return used, told


@kernel
def _bit(s: Any, bit: int, at: int, octets: Any, used: int, events: Any, told: int) -> tuple[int, int]:
    """One bit, which ended on the line at sample *at*. -> (octets used, end of events)"""
    if s.raw != 0:
        if s.up != 0:
            if s.heard == 0:
                s.bits_sample = at - int(BIT)
            octets[s.heard] = bit
            s.heard = min(s.heard + 1, octets.shape[0] - 1)
        return used, told
    code = take_bit(s, bit)
    if code != CODE_NONE:
        used, told = _tell_frame(s, code, at, octets, used, events, told)
    if s.ones < 0:
        if s.flags == 1:
            s.first_flag = at - int(8 * BIT)
        if s.flags >= FLAGS_UP and s.in_band > IN_BAND * s.total:
            told = _tell_up(s, events, told)
    return used, told


@kernel
def _demodulate(s: Any, xb: Any, octets: Any, used: int, events: Any, told: int) -> tuple[int, int]:
    """The frame's 40 steps; -> (octets used, end of events)."""
    before, clock, in_band = s.before, s.clock, f4(0)
    for b in range(XH + 2 - TAPS, XH + FRAME - TAPS + 1, 2):
        a1, b1 = fir32(xb, b, CORRELATORS, s.bank)
        a0, b0 = fir32(xb, b, CORRELATORS, s.bank + 2 * TAPS)
        p1, p0 = a1 * a1 + b1 * b1, a0 * a0 + b0 * b0
        in_band += max(p1, p0)
        now = p1 - p0
        clock += STEP
        if (now > 0) != (before > 0):
            since = int(f4(STEP) * now / (now - before))
            error = clock - since - PERIOD // 2
            clock -= error >> 2 if s.up == 0 else error >> 3
        if clock >= PERIOD:
            clock -= PERIOD
            part = f4(clock) / f4(STEP)
            value = now + (before - now) * part
            at = int(s.origin + b - XH + 0.5 * (TAPS - 1) + 0.5 * BIT - 2 * part)
            used, told = _bit(s, 1 if value > 0 else 0, at, octets, used, events, told)
        before = now
    s.before, s.clock = before, clock
    s.in_band += (in_band / f4(FRAME // 2) - s.in_band) * f4(0.25)
    return used, told


@kernel
def _lost(s: Any, xb: Any) -> bool:
    """Whether the energy has for some time been no longer that of the two tones."""
    total = f4(0)
    for i in range(XH, XH + FRAME):
        total += xb[i] * xb[i]
    s.total += (total / f4(FRAME) - s.total) * f4(0.25)
    s.lost = s.lost + 1 if s.in_band < IN_BAND * s.total else 0
    return bool(s.lost >= LOST_FRAMES)


@kernel
def _gone(s: Any, ended: int, used: int, events: Any, told: int) -> int:
    """The carrier has gone, in mid-frame perhaps."""
    code = CODE_NONE if s.raw != 0 else abort(s)
    if s.up != 0:
        if code != CODE_NONE:
            told = _tell(events, told, EVENT_FRAME, ended, used, -1)
        if told > 0 and events[told - 1, 1] > ended:
            ended = events[told - 1, 1]
        told = _tell(events, told, EVENT_DOWN, ended, 0, 0)
    s.up = 0
    clear(s)
    return told


@kernel
def _frame(s: Any, xb: Any, octets: Any, used: int, events: Any, told: int) -> tuple[int, int]:
    """One frame; -> (octets used, end of events)."""
    ended = hear(s, xb, QUIET)
    if s.present == 0 and ended < 0:
        s.awake = 0
        return used, told
    if s.awake == 0:
        s.awake, s.before, s.clock, s.in_band, s.total, s.lost = 1, f4(0), 0, f4(0), f4(0), 0
        clear(s)
    used, told = _demodulate(s, xb, octets, used, events, told)
    lost = _lost(s, xb)
    if s.raw != 0 and s.up == 0:
        s.flags = s.flags + 1 if s.in_band > RAW_SHARE * s.total else 0
        if s.flags >= RAW_FRAMES:
            s.up, s.heard = 1, 0
            told = _tell(events, told, EVENT_UP, s.onset, 0, 0)
    if ended >= 0:
        told = _gone(s, ended, used, events, told)
    elif lost and s.up != 0:
        told = _gone(s, s.origin - LOST_FRAMES * FRAME, used, events, told)
    return used, told


@kernel
def rx_many(states: Any, x: Any, octets: Any, events: Any, told: Any) -> None:
    """One block of every channel.

    x int16 [channel, sample]; octets uint8 [channel, OCTETS] and events int64 [channel, EVENTS, 4] of
    (kind, sample, first octet, octets or -1) are written; told int64 [channel] is how many events. Raw bits, an octet
    each, come in one event, the last of the call.
    """
    xb = np.empty(XH + FRAME, np.float32)
    for c in range(x.shape[0]):
        s = states[c]
        at, used, n = 0, 0, 0
        while at < x.shape[1]:
            at, full = fill(s, x[c], at, xb)
            if full:
                used, n = _frame(s, xb, octets[c], used, events[c], n)
                turn_over(s, xb)
        if s.heard > 0:
            n = _tell(events[c], n, EVENT_BITS, s.bits_sample, 0, s.heard)
            s.heard = 0
        told[c] = n
