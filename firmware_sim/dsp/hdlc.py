"""HDLC framing on bits: flags, stuffing, FCS-16 (CCITT), octets LSB first on the line. Kernels (see dsp.kernels).

T.30 5.3 and T.4 Annex A use it on V.21 and on the image modem alike; bits are uint8 of 0 and 1.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from firmware_sim.dsp.kernels import kernel

FLAG = 0x7E
FCS_START = 0xFFFF
FCS_GOOD = 0xF0B8
"""What the FCS register holds after a frame and its own FCS."""
LONGEST = 1024
"""Octets of the longest frame taken, FCS included."""
SHORTEST = 3
"""What is shorter is no frame but noise between flags."""
CODE_NONE, CODE_GOOD, CODE_BAD = range(3)

FIELDS = [
    ("ones", "i8"),
    ("inside", "i8"),
    ("octet", "i8"),
    ("filled", "i8"),
    ("length", "i8"),
    ("fcs", "i8"),
    ("flags", "i8"),
    ("buffer", "u1", LONGEST),
]
"""A deframer. *flags* is how many flags have come with nothing between them."""
STATE = np.dtype(FIELDS, align=True)


@kernel
def fcs_step(fcs: Any, octet: Any) -> Any:
    """The FCS register after one octet: x^16 + x^12 + x^5 + 1, bits reversed."""
    fcs ^= octet
    for _ in range(8):
        fcs = fcs >> 1 ^ 0x8408 if fcs & 1 else fcs >> 1
    return fcs


@kernel
def _put_flags(bits: Any, n: int, count: int) -> int:
    for _ in range(count):
        for k in range(8):
            bits[n + k] = FLAG >> k & 1
        n += 8
    return n


@kernel
def _put_octet(bits: Any, n: int, ones: int, octet: Any) -> tuple[int, int]:
    for k in range(8):
        bit = octet >> k & 1
        bits[n] = bit
        n += 1
        ones = ones + 1 if bit else 0
        if ones == 5:
            bits[n] = 0
            n += 1
            ones = 0
    return n, ones


@kernel
def _encode(octets: Any, lengths: Any, preamble: int, between: int, closing: int, bits: Any) -> int:
    n, at = _put_flags(bits, 0, preamble), 0
    for frame in range(lengths.shape[0]):
        if frame:
            n = _put_flags(bits, n, between)
        fcs, ones = FCS_START, 0
        for _ in range(lengths[frame]):
            octet = np.int64(octets[at])
            at += 1
            fcs = fcs_step(fcs, octet)
            n, ones = _put_octet(bits, n, ones, octet)
        fcs ^= 0xFFFF
        n, ones = _put_octet(bits, n, ones, fcs & 255)
        n, ones = _put_octet(bits, n, ones, fcs >> 8)
    return _put_flags(bits, n, closing)


def encode(frames: Sequence[bytes], preamble_flags: int, between: int = 1, closing: int = 2) -> NDArray[np.uint8]:
    """*frames* without FCS -> bits, with so many flags before, between and after them."""
    octets = np.frombuffer(b"".join(frames), np.uint8)
    lengths = np.array([len(f) for f in frames], np.int64)
    room = 8 * (preamble_flags + closing + between * len(frames)) + (10 * (len(octets) + 2 * len(frames)))
    bits = np.empty(room, np.uint8)
    return bits[: _encode(octets, lengths, preamble_flags, between, closing, bits)]


@kernel
def clear(s: Any) -> None:
    """Hunt for a flag."""
    s.ones, s.inside, s.octet, s.filled, s.length, s.flags = 0, 0, 0, 0, 0, 0


@kernel
def _take(s: Any, bit: int) -> None:
    """One bit between flags, destuffed."""
    s.octet |= bit << s.filled
    s.filled += 1
    if s.filled == 8:
        if s.length < LONGEST:
            s.buffer[s.length] = s.octet
            s.fcs = fcs_step(s.fcs, s.octet)
        s.length += 1
        s.octet, s.filled, s.flags = 0, 0, 0


@kernel
def abort(s: Any) -> int:
    """The frame ends without a flag; -> code."""
    code = CODE_BAD if s.inside and s.length >= SHORTEST else CODE_NONE
    s.inside, s.flags, s.length = 0, 0, 0
    return code


@kernel
def _flag(s: Any) -> int:
    """A flag, whose zero and first five ones have been taken as bits. -> code of the frame that it closes"""
    code = CODE_NONE
    if s.inside and s.length >= SHORTEST:
        whole = s.filled == 6 and s.length <= LONGEST
        code = CODE_GOOD if whole and s.fcs == FCS_GOOD else CODE_BAD
    s.flags = s.flags + 1 if s.inside and s.length == 0 else 1
    return code


@kernel
def take_bit(s: Any, bit: Any) -> int:
    """One bit from the line; -> CODE_GOOD or CODE_BAD when it ends a frame.

    The frame is then in s.buffer[:s.length], FCS included, until the next bit.
    """
    if s.ones >= 6 and bit == 0 and s.ones < 7:
        code = _flag(s)
        s.ones, s.inside = -1, 1
        return code
    if s.ones < 0:
        s.ones, s.octet, s.filled, s.length, s.fcs = 0, 0, 0, 0, FCS_START
    if bit:
        s.ones += 1
        if s.ones == 7:
            return abort(s)
        if s.ones < 6 and s.inside:
            _take(s, 1)
        return CODE_NONE
    if s.ones != 5 and s.inside:
        _take(s, 0)
    s.ones = 0
    return CODE_NONE


@kernel
def _deframe(states: Any, bits: Any, octets: Any, ends: Any) -> tuple[int, int]:
    """-> (frames, bits used); ends [frame, 2] is (bit index, length or -1), octets all frames in one row."""
    s, n, used = states[0], 0, 0
    for k in range(bits.shape[0]):
        code = take_bit(s, np.int64(bits[k]))
        if code == CODE_NONE:
            continue
        ends[n, 0], ends[n, 1] = k, -1
        if code == CODE_GOOD:
            size = s.length - 2
            ends[n, 1] = size
            for i in range(size):
                octets[used + i] = s.buffer[i]
            used += size
        n += 1
        if n == ends.shape[0]:
            return n, k + 1
    return n, bits.shape[0]


class Deframer:
    """Bits to frames; a frame cut by the end of one call goes on in the next."""

    def __init__(self) -> None:
        self._state = np.zeros(1, STATE)
        self._seen = 0

    def restart(self) -> None:
        """Hunt for a flag; the count of bits goes on."""
        self._state[:] = np.zeros(1, STATE)

    @property
    def flags(self) -> int:
        """How many flags have just come in a row."""
        return int(self._state["flags"][0])

    def execute(self, bits: NDArray[np.uint8]) -> list[tuple[int, bytes | None]]:
        """-> (index of the last bit of the closing flag, octets without FCS); None for a damaged or aborted frame.

        Indices count all bits since the deframer was made.
        """
        found: list[tuple[int, bytes | None]] = []
        room = len(bits) // (8 * SHORTEST) + 2
        octets, ends = np.empty(len(bits) // 8 + LONGEST, np.uint8), np.empty((room, 2), np.int64)
        count, _ = _deframe(self._state, bits, octets, ends)
        at = 0
        for bit, size in ends[:count].tolist():
            found.append((self._seen + bit, octets[at : at + size].tobytes() if size >= 0 else None))
            at += max(0, size)
        self._seen += len(bits)
        return found
