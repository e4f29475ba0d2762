"""Rows behind EOLs: the stream of T.4, one-dimensional (MH) and two-dimensional (MR).

In MR a tag bit follows each EOL: one before a one-dimensional row, nought before a two-dimensional one. Decoding takes
the stream apart at its EOLs first, since no row can contain one, and reads each row by itself. So an error cannot
reach past the next EOL, in MR past the next one-dimensional row; and a row whose own EOL was hit by a single wrong bit
is still found. These are kernels: see `dsp.kernels`.
"""

import numpy as np
from numpy.typing import NDArray

from firmware_sim.dsp.kernels import kernel
from firmware_sim.t4.bits import Numbers, Words, leading_zeros, next_one, peek, put, put_zeros
from firmware_sim.t4.codes import EOL_BITS, RTC_EOLS
from firmware_sim.t4.rows import (
    MOST_BITS_A_PIXEL,
    find_changes,
    new_changes,
    paint,
    put_row,
    put_row_2d,
    read_row,
    read_row_2d,
)

EOL_ZEROS = EOL_BITS - 1
DENSE_RTC = 4 * EOL_BITS
"""Four EOLs within so many bits are RTC, perhaps with an unreadable one among them: a row between takes more ..."""
DENSE_WIDTH_PX = 1728
"""... from this width on."""
WINDOW = 64 - EOL_ZEROS + 1
"""So many places of 64 bits begin eleven bits that lie among the 64."""


# -- encoding ----------------------------------------------------------------------------------------------------------


@kernel
def encode_rows(rows: Words, width: int, min_row_bits: int, tagged: bool, k: int, rtc: bool) -> tuple[Words, int]:
    """EOL before each row, RTC at the end if wanted. *tagged*: each k-th row is one-dimensional, with k = 0 one."""
    height = rows.shape[0]
    most = max(MOST_BITS_A_PIXEL * width + 64, min_row_bits)
    out = np.empty((height * most >> 6) + 8, dtype=np.uint64)
    out[0] = 0
    changes, above, bit = new_changes(width), new_changes(width), 0
    for number in range(height):
        find_changes(rows[number], width, changes)
        flat = not tagged or number == 0 or (k > 0 and number % k == 0)
        end = bit + min_row_bits
        bit = put(out, bit, 1, EOL_BITS)
        if tagged:
            bit = put(out, bit, int(flat), 1)
        bit = put_row(out, bit, changes, width) if flat else put_row_2d(out, bit, changes, above, width)
        bit = put_zeros(out, bit, end - bit)
        changes, above = above, changes
    for _ in range(RTC_EOLS if rtc else 0):
        bit = put(out, bit, 3, EOL_BITS + 1) if tagged else put(out, bit, 1, EOL_BITS)
    return out, bit


# -- decoding ----------------------------------------------------------------------------------------------------------


@kernel
def find_eols(words: Words, bits: int) -> Numbers:
    """Where the one of each EOL stands: every one that has eleven zeros or more before it."""
    found = np.empty(bits // EOL_BITS + 1, dtype=np.int64)
    count, bit = 0, 0
    while bit < bits:
        zeros = ~peek(words, bit)
        for shift in (1, 2, 4, 3):  # now a one stands where eleven zeros begin
            zeros &= zeros << np.uint64(shift)
        if not zeros:
            bit += WINDOW
            continue
        bit = next_one(words, bit + leading_zeros(zeros) + EOL_ZEROS, bits)
        if bit < bits:
            found[count] = bit
            count += 1
    return found[:count]


@kernel
def _read(
    words: Words, bit: int, end: int, changes: Numbers, above: Numbers, width: int, tagged: bool, trusted: bool
) -> int:
    """Read a row, in MR with its tag. Returns the place after it, or -1."""
    if not tagged:
        return read_row(words, bit, end, changes, width)
    if peek(words, bit) >> np.uint64(63):
        return read_row(words, bit + 1, end, changes, width)
    return read_row_2d(words, bit + 1, end, changes, above, width) if trusted else -1


@kernel
def _next_row(words: Words, bit: int, end: int) -> int:
    """After a row that was read to its width, its EOL is due, one bit of it perhaps wrong. *end* is the EOL found next.

    Returns where the row after it begins: past *end* where that is the row's own EOL. -1 where more codes follow.
    """
    first = next_one(words, bit, end)
    if first == end:
        return end + 1
    second = next_one(words, first + 1, end)
    return second + 1 if second < end and second - bit >= EOL_ZEROS else -1


@kernel
def _is_rtc(words: Words, ends: Numbers, number: int, width: int, tagged: bool) -> bool:
    """Whether the EOL of that number begins a return to control: others follow with nothing between them."""
    ahead = ends.shape[0] - 1 - number
    if ahead >= 3 and width >= DENSE_WIDTH_PX and int(ends[number + 3] - ends[number]) <= DENSE_RTC + 4 * tagged:
        flat = True
        for step in range(3):
            flat &= not tagged or peek(words, ends[number + step] + 1) >> np.uint64(63) == np.uint64(1)
        if flat:
            return True
    for step in range(1, min(ahead, 2) + 1):
        end = ends[number + step]
        if next_one(words, ends[number + step - 1] + 1 + tagged, end) < end:
            return False
    return bool(ahead > 0)


@kernel
def _was_split(
    words: Words, start: int, ends: Numbers, number: int, changes: Numbers, above: Numbers, width: int, tagged: bool
) -> bool:
    """Whether the row at *start*, bad up to its EOL, becomes one row with what follows if one bit of that EOL is set.

    A wrong bit can make an EOL out of a row's own zeros; the two halves must not count as two rows.
    """
    if number + 2 >= ends.shape[0]:
        return False
    split, end = ends[number + 1], ends[number + 2]
    after = _read(words, split + 1, end - EOL_ZEROS, changes, above, width, tagged, False)
    if after >= 0 and next_one(words, after, end) == end:
        return False
    for bit in range(split - 1, max(start, split - 2 * EOL_BITS), -1):
        place, mask = bit >> 6, np.uint64(1 << 63) >> np.uint64(bit & 63)
        if words[place] & mask:
            return False
        words[place] |= mask
        after = _read(words, start, end - EOL_ZEROS, changes, above, width, tagged, True)
        words[place] ^= mask
        if after >= 0 and next_one(words, after, end) == end:
            return True
    return False


@kernel
def decode_rows(
    words: Words, bits: int, width: int, max_rows: int, tagged: bool
) -> tuple[Words, NDArray[np.uint8], bool]:
    """Rows, bad flags, and whether RTC was met. *words* is changed, and the same again at the end."""
    ends = find_eols(words, bits)
    most = min(max_rows, bits // EOL_BITS + 1)
    rows = np.empty((most, (width + 63) >> 6), dtype=np.uint64)
    bad = np.zeros(most, dtype=np.uint8)
    changes, above, trusted = new_changes(width), new_changes(width), False
    count, number = 0, 0
    while number < ends.shape[0]:
        if _is_rtc(words, ends, number, width, tagged):
            return rows[:count], bad[:count], True
        start, last = ends[number] + 1, number + 1 == ends.shape[0]
        end = bits if last else ends[number + 1]
        while 0 <= start < end and count < most and next_one(words, start + tagged, end) < end:
            after = _read(words, start, end if last else end - EOL_ZEROS, changes, above, width, tagged, trusted)
            following = _next_row(words, after, end) if after >= 0 else -1
            trusted = following >= 0
            if trusted:
                changes, above = above, changes
            else:
                number += _was_split(words, start, ends, number, changes, above, width, tagged)
                bad[count] = 1
            if trusted or not last:
                paint(above, width, rows[count])
                count += 1
            start = following
        number += 1
    return rows[:count], bad[:count], False
