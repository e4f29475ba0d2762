"""Bits in words of 64, the first bit the most significant: what every coder and decoder here stands on.

A stream is an array of uint64 with two words to spare at its end, so that 64 bits can be read at any place in it.
These are kernels: see `dsp.kernels`.
"""

from collections.abc import Callable
from typing import Any, cast

import numpy as np
from llvmlite import ir  # type: ignore[import-untyped, unused-ignore]
from numba import types
from numba.extending import intrinsic
from numpy.typing import NDArray

from firmware_sim.dsp.kernels import kernel
from firmware_sim.t4.page import Page

Words = NDArray[np.uint64]
Numbers = NDArray[np.int64]

SPARE_WORDS = 2


def stream_words(octets: bytes) -> Words:
    """A stream of octets as words, zeros behind it."""
    padded = np.zeros((len(octets) + 7) // 8 + SPARE_WORDS, dtype=">u8")
    padded.view(np.uint8)[: len(octets)] = np.frombuffer(octets, dtype=np.uint8)
    return padded.astype(np.uint64)


def stream_octets(words: Words, bits: int) -> bytes:
    """So many bits as octets, the last one filled with zeros."""
    count = (bits + 7) // 8
    return words[: (count + 7) // 8].astype(">u8").tobytes()[:count]


def to_words(page: Page) -> Words:
    """The rows of a page, each as whole words in memory order (most significant octet first)."""
    if page.row_octets % 8 == 0:
        return np.frombuffer(page.rows, dtype=np.uint64).reshape(page.height_px, page.row_octets // 8)
    padded = np.zeros((page.height_px, (page.row_octets + 7) // 8 * 8), dtype=np.uint8)
    padded[:, : page.row_octets] = np.frombuffer(page.rows, dtype=np.uint8).reshape(page.height_px, page.row_octets)
    padded.setflags(write=False)
    return padded.view(np.uint64)


def from_words(rows: Words, width_px: int) -> bytes:
    """The reverse, for the rows of a page."""
    row_octets = (width_px + 7) // 8
    return rows.tobytes() if row_octets % 8 == 0 else rows.view(np.uint8)[:, :row_octets].tobytes()


def _leading_zeros(_: Any, word: Any) -> Any:
    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        return builder.ctlz(args[0], ir.Constant(ir.IntType(1), 0))

    return cast(Any, types).int64(types.uint64), codegen


leading_zeros = cast(Callable[[Any], int], cast(Any, intrinsic)(_leading_zeros))
"""How many zeros a uint64 begins with; 64 when it is nought. Only inside kernels."""


def _swapped(_: Any, word: Any) -> Any:
    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        return builder.bswap(args[0])

    return cast(Any, types).uint64(types.uint64), codegen


swapped = cast(Callable[[Any], np.uint64], cast(Any, intrinsic)(_swapped))
"""A uint64 with its octets in the other order. Only inside kernels."""


@kernel
def peek(words: Words, bit: int) -> np.uint64:
    """The 64 bits from *bit* on."""
    place, shift = np.uint64(bit) >> np.uint64(6), np.uint64(bit & 63)
    after = words[place + np.uint64(1)] >> np.uint64(1)
    return (words[place] << shift) | (after >> (np.uint64(63) - shift))  # type: ignore[no-any-return]


@kernel
def put(out: Words, bit: int, value: int, length: int) -> int:
    """Append 1 to 63 bits; nothing must lie behind them. Returns the place after them."""
    place, shift = np.uint64(bit) >> np.uint64(6), np.uint64(bit & 63)
    top = np.uint64(value) << np.uint64(64 - length)
    out[place] |= top >> shift
    out[place + np.uint64(1)] = (top << np.uint64(1)) << (np.uint64(63) - shift)
    return bit + length


@kernel
def put_zeros(out: Words, bit: int, length: int) -> int:
    while length > 32:
        bit = put(out, bit, 0, 32)
        length -= 32
    return put(out, bit, 0, length) if length > 0 else bit


@kernel
def next_one(words: Words, bit: int, end: int) -> int:
    """The first one from *bit* on, or *end*."""
    while bit < end:
        ahead = peek(words, bit)
        if ahead:
            return min(bit + leading_zeros(ahead), end)
        bit += 64
    return end
