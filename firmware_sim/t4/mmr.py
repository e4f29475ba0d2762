"""T.6 (MMR): two-dimensional rows one after the other, EOFB at the end. Only for a channel without errors.

Nothing in the stream marks where a row begins, so nothing after the first damage can be trusted.
"""

import numpy as np

from firmware_sim.dsp.kernels import kernel
from firmware_sim.t4.bits import Words, from_words, next_one, peek, put, stream_octets, stream_words, to_words
from firmware_sim.t4.codes import EOL_BITS
from firmware_sim.t4.page import MOST_ROWS, Decoded, Page, Resolution
from firmware_sim.t4.rows import MOST_BITS_A_PIXEL, find_changes, new_changes, paint, put_row_2d, read_row_2d

EOFB = np.uint64(0x001001)


def encode(page: Page) -> bytes:
    """The page and EOFB; the last octet is filled with zeros."""
    return stream_octets(*_encode(to_words(page), page.width_px))


def decode(octets: bytes, width_px: int, resolution: Resolution, max_rows: int = MOST_ROWS) -> Decoded:
    """Rows up to EOFB, the end, or the first damage; at most *max_rows*. Raises nothing on any octets.

    Where the codes make no sense, one bad row, which repeats the row above, stands for all that follows. A wrong bit
    may be noticed only some rows later: of a stream that is not complete, no row after the damage is sure.
    """
    words, damaged, complete = _decode(stream_words(octets), len(octets) * 8, width_px, max(0, max_rows))
    bad = (len(words) - 1,) if damaged else ()
    return Decoded(Page(width_px, from_words(words, width_px), resolution, bad), bool(complete))


@kernel
def _encode(rows: Words, width: int) -> tuple[Words, int]:
    height = rows.shape[0]
    out = np.empty((height * (MOST_BITS_A_PIXEL * width + 64) >> 6) + 4, dtype=np.uint64)
    out[0] = 0
    changes, above, bit = new_changes(width), new_changes(width), 0
    for number in range(height):
        find_changes(rows[number], width, changes)
        bit = put_row_2d(out, bit, changes, above, width)
        changes, above = above, changes
    bit = put(out, bit, 1, EOL_BITS)
    bit = put(out, bit, 1, EOL_BITS)
    return out, bit


@kernel
def _is_eofb(words: Words, bit: int, bits: int) -> bool:
    return bool(peek(words, bit) >> np.uint64(64 - 2 * EOL_BITS) == EOFB and bit + 2 * EOL_BITS <= bits)


@kernel
def _decode(words: Words, bits: int, width: int, max_rows: int) -> tuple[Words, bool, bool]:
    """Rows, whether the last one is bad, and whether EOFB was met."""
    most = min(max_rows, bits + 1)
    rows = np.empty((most, (width + 63) >> 6), dtype=np.uint64)
    changes, above, bit = new_changes(width), new_changes(width), 0
    for count in range(most):
        ahead = peek(words, bit)
        if ahead >> np.uint64(64 - EOL_BITS) == np.uint64(1):
            return (
                rows[:count],
                False,
                bool(ahead >> np.uint64(64 - 2 * EOL_BITS) == EOFB and bit + 2 * EOL_BITS <= bits),
            )
        after = read_row_2d(words, bit, bits, changes, above, width)
        if after < 0:
            if next_one(words, bit, bits) == bits:
                return rows[:count], False, False
            paint(above, width, rows[count])
            return rows[: count + 1], True, False
        bit = after
        paint(changes, width, rows[count])
        changes, above = above, changes
    return rows, False, _is_eofb(words, bit, bits)
