"""Is there energy on the line, since when, and does it look like an image modem? Kernels that all receivers share.

Receivers work in frames of 80 samples (10 ms) counted in their state, whatever blocks the samples come in. A frame
lies in xb[XH:], float32; xb[:XH] holds the samples before it. Energy is looked at in pieces of 8 samples (1 ms).
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from firmware_sim.clock import SAMPLE_RATE_HZ
from firmware_sim.dsp.kernels import kernel
from firmware_sim.dsp.levels import mean_square
from firmware_sim.dsp.vector import LANES, copy16, power8, widen16

f4 = np.float32

FRAME = 80
XH = 64
PIECE = 8
PER_PIECE = f4(1 / PIECE)
LATE = f4(1 / 64)
PER_FRAME = f4(1 / FRAME)
LATE_FRAME = f4(1 - (1 - 1 / 64) ** (FRAME // PIECE))
QUIET = 40
"""Energy has gone when it stayed away for this many samples."""
QUIET_IN_DATA = 192
"""The same in a trained signal, which a lost packet of 20 ms must not end: told within 45 ms in blocks of 20 ms."""

ON = f4(mean_square(-45.0))
OFF = f4(mean_square(-50.0))
FALL = f4(10.0**-1.2)
"""A carrier that falls by 12 dB has gone, whatever noise remains."""
RISE = f4(4.0)
"""Energy that rises by 6 dB over what was there before is a new signal."""

BANDS = 39
FIELDS = [
    ("xh", "f4", XH),
    ("pending", "f4", FRAME),
    ("n_pending", "i8"),
    ("origin", "i8"),
    ("present", "i8"),
    ("onset", "i8"),
    ("last_loud", "i8"),
    ("pieces", "i8"),
    ("level", "f4"),
    ("quiet", "i8"),
    ("least", "f4"),
    ("up", "i8"),
    ("seen", "i8"),
    ("spectrum", "f4", BANDS),
]
"""State fields of the kernels below. *origin* is the absolute number of the first sample of the frame being filled;
*quiet* has a bit for each of the last 63 pieces, set when it had no energy, the last piece lowest;
*least* is the power from which a signal may begin, beyond the usual, while one that was trained may come back."""

KEPT = ("n_pending", "origin")


LINE = 64
"""Octets of a cache line."""


def whole_lines(state: np.dtype[Any]) -> np.dtype[Any]:
    """The same state, of whole cache lines."""
    fields = [state.fields[name] for name in state.names] if state.fields and state.names else []
    size = -(-state.itemsize // LINE) * LINE
    layout = {"names": list(state.names or ()), "formats": [f[0] for f in fields], "offsets": [f[1] for f in fields]}
    return np.dtype({**layout, "itemsize": size}, align=True)  # type: ignore[call-overload, no-any-return]


def rows(count: int, state: np.dtype[Any]) -> NDArray[Any]:
    """*count* states of zeros; the first begins a cache line, so a vector that begins a state never lies across two."""
    octets = np.zeros(count * state.itemsize + LINE, np.uint8)
    first = -octets.ctypes.data % LINE
    return octets[first : first + count * state.itemsize].view(state)


def _spectrum_tables() -> tuple[Any, Any]:
    """Hann-windowed Fourier vectors at 100, 200 ... 3900 Hz, [band, sample]."""
    n = np.arange(FRAME)
    window = 0.5 - 0.5 * np.cos(2 * np.pi * (n + 0.5) / FRAME)
    turns = np.exp(-2j * np.pi * np.outer(np.arange(1, BANDS + 1) * 100, n) / SAMPLE_RATE_HZ) * window
    return turns.real.astype(f4), turns.imag.astype(f4)


FOURIER_RE, FOURIER_IM = _spectrum_tables()


@kernel
def fill(s: Any, x: Any, at: int, xb: Any) -> tuple[int, bool]:
    """Take samples x[at:] towards a frame; -> (new at, whether xb now holds a whole frame)."""
    have = s.n_pending
    take = min(FRAME - have, x.shape[0] - at)
    if have + take < FRAME:
        for i in range(take):
            s.pending[have + i] = f4(x[at + i])
        s.n_pending = have + take
        return at + take, False
    for i in range(0, XH, LANES):
        copy16(s.xh, i, xb, i)
    s.n_pending = 0
    if have == 0:
        for i in range(0, FRAME, LANES):
            widen16(x, at + i, xb, XH + i)
        return at + FRAME, True
    for i in range(have):
        xb[XH + i] = s.pending[i]
    for i in range(take):
        xb[XH + have + i] = f4(x[at + i])
    return at + take, True


@kernel
def turn_over(s: Any, xb: Any) -> None:
    """The frame is done: keep its end, count it."""
    for i in range(0, XH, LANES):
        copy16(xb, FRAME + i, s.xh, i)
    s.origin += FRAME


@kernel
def _total(xb: Any) -> Any:
    """Sum of the squares of the frame."""
    total = f4(0)
    for k in range(XH, XH + FRAME, PIECE):
        total += power8(xb, k)
    return total


@kernel
def _new_signal(s: Any, at: int, power: Any) -> None:
    s.present, s.onset, s.level, s.pieces, s.seen = 1, at, power, 1, 0


@kernel
def _rise(s: Any, xb: Any, total: Any) -> None:
    """Without a carrier so far, a jump in level over line noise or another signal starts a new one."""
    if s.pieces < 2 or total < RISE * s.level * f4(FRAME):
        return
    before = s.level
    for k in range(0, FRAME, PIECE):
        power = power8(xb, XH + k) * PER_PIECE
        if power > RISE * before:
            _new_signal(s, s.origin + k, power)
            s.last_loud = s.origin + k + PIECE - 1
            return


@kernel
def _all_loud(s: Any, xb: Any) -> bool:
    """The usual frame of a carrier: every piece of it has energy. Then that is all there is to say."""
    low, total = f4(1e30), f4(0)
    for k in range(XH, XH + FRAME, PIECE):
        power = power8(xb, k)
        low = min(low, power)
        total += power
    if low * PER_PIECE <= max(OFF, FALL * s.level):
        return False
    s.last_loud = s.origin + FRAME - 1
    s.level += (total * PER_FRAME - s.level) * LATE_FRAME
    s.quiet = s.quiet << (FRAME // PIECE)
    return True


@kernel
def hear(s: Any, xb: Any, patience: int) -> int:
    """Follow the energy through one frame; -> the last sample with energy when it went in this frame, else -1.

    It has gone when it stayed away for *patience* samples.
    """
    if s.present != 0 and s.up != 0 and s.pieces >= 64 and _all_loud(s, xb):
        return -1
    if s.present == 0 or s.up == 0:
        total = _total(xb)
        if s.present == 0 and total < ON * f4(PIECE):
            s.quiet = s.quiet << (FRAME // PIECE) | ((1 << FRAME // PIECE) - 1)
            return -1
        if s.present != 0:
            _rise(s, xb, total)
    ended = -1
    for k in range(0, FRAME, PIECE):
        power = power8(xb, XH + k) * PER_PIECE
        at, quiet = s.origin + k, 1
        if s.present == 0:
            if power > max(ON, s.least):
                quiet = 0
                _new_signal(s, at, power)
                s.last_loud = at + PIECE - 1
        elif power > max(OFF, FALL * s.level):
            quiet = 0
            if at + PIECE - 1 > s.last_loud:
                s.last_loud = at + PIECE - 1
            if at > s.onset:
                s.pieces += 1
                s.level += (power - s.level) * (LATE if s.pieces >= 64 else f4(1) / f4(s.pieces))
        elif at + PIECE - 1 - s.last_loud >= patience:
            s.present = 0
            s.least = FALL * s.level if patience > QUIET else f4(0)
            ended = s.last_loud
        s.quiet = s.quiet << 1 | quiet
    return int(ended)


@kernel
def watch_spectrum(s: Any, xb: Any) -> None:
    """Average the spectrum over the whole frames since the onset, up to the last eight or so."""
    if s.onset > s.origin:
        return
    s.seen += 1
    forget = f4(1) / f4(min(s.seen, 8))
    for band in range(BANDS):
        re, im = f4(0), f4(0)
        for i in range(FRAME):
            re += xb[XH + i] * FOURIER_RE[band, i]
            im += xb[XH + i] * FOURIER_IM[band, i]
        s.spectrum[band] += forget * (re * re + im * im - s.spectrum[band])


@kernel
def _share(spectrum: Any, low: int, high: int) -> Any:
    """Power from *low* to *high*, in units of 100 Hz, both ends in."""
    total = f4(0)
    for band in range(low - 1, high):
        total += spectrum[band]
    return total


@kernel
def _peak(spectrum: Any, avoid: int) -> tuple[int, Any]:
    """-> (band, power) of the strongest 500 Hz whose middle lies 500 Hz or more from band *avoid*."""
    best, most = 0, f4(-1)
    for k in range(3, BANDS - 2):
        power = _share(spectrum, k - 2, k + 2)
        if power > most and abs(k - avoid) >= 5:
            best, most = k, power
    return best, most


@kernel
def image_like(s: Any, lines: Any, at: int, narrow: Any, pair: Any) -> bool:
    """Whether the spectrum watched is broad and in the band, as image modems are and tones, V.21, noise, DTMF are not.

    Either most of the power in 1000 to 2400 Hz and nowhere concentrated, or the lines of the alternations, which
    lines[at:at + 3] names in units of 100 Hz; lines[at + 3] says whether the middle one is there. *narrow* and *pair*
    are the shares of the power, in 1400 to 2100 Hz and in two stretches of 500 Hz, from which it is concentrated.
    """
    if s.seen < 2:
        return False
    total = _share(s.spectrum, 1, BANDS)
    if _share(s.spectrum, 3, 32) < f4(0.92) * total or _share(s.spectrum, 14, 21) > narrow * total:
        return False
    low = _share(s.spectrum, lines[at] - 1, lines[at] + 1)
    high = _share(s.spectrum, lines[at + 2] - 1, lines[at + 2] + 1)
    if lines[at + 3] != 0:
        mid = _share(s.spectrum, lines[at + 1] - 1, lines[at + 1] + 1)
        if low + mid + high > f4(0.8) * total and min(low, mid, high) > f4(0.03) * total:
            return True
    elif low + high > f4(0.8) * total and min(low, high) > f4(0.15) * total:
        return True
    first, most = _peak(s.spectrum, -BANDS)
    if most > f4(0.6) * total or most + _peak(s.spectrum, first)[1] > pair * total:
        return False
    return bool(_share(s.spectrum, 10, 24) > f4(0.42) * total)
