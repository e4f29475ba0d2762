"""A row as its changing elements (T.4 4.2.1.1): where the colour changes, white before the first. And its codes.

An array of changes begins with two places of -1, has the changes from place FIRST on, so that a change to black has
an even place, and after them the width, four times at least. These are kernels: see `dsp.kernels`.
"""

import numpy as np

from firmware_sim.dsp.kernels import kernel
from firmware_sim.t4.bits import Numbers, Words, leading_zeros, peek, put, swapped
from firmware_sim.t4.codes import (
    BLACK,
    DECODE,
    HORIZONTAL,
    HORIZONTAL_BITS,
    LENGTH,
    LONGEST,
    LONGEST_RUN,
    PAIRS,
    PASS,
    PASS_BITS,
    RUNS,
    VALUE,
    VERTICAL_LENGTH,
    VERTICAL_VALUE,
    VERTICALS,
    VERTICALS_BITS,
    WHITE,
    WHOLE_RUNS,
)

FIRST = 2
MOST_BITS_A_PIXEL = 9
"""A pass for two pixels, then a vertical mode of seven bits for one; all else is shorter, bar 64 bits a row."""
PAIRS_AHEAD = 4
"""So many pairs of runs lie in 64 bits."""
LOOKUPS_AHEAD = 5
LONGEST_NUMBER = 103
"""The code word for a run of 2560."""
ALL_ONES = np.uint64(0xFFFF_FFFF_FFFF_FFFF)
ONE, TOP = np.uint64(1), np.uint64(1 << 63)


@kernel
def new_changes(width: int) -> Numbers:
    """The changes of a white row."""
    changes = np.empty(2 * width + 8, dtype=np.int64)
    changes[:FIRST] = -1
    changes[FIRST : FIRST + 4] = width
    return changes


@kernel
def find_changes(row: Words, width: int, changes: Numbers) -> None:
    """*row* in memory order (most significant octet first); what lies past the width counts as white."""
    count, carry, last = FIRST, np.uint64(0), row.shape[0] - 1
    for place in range(row.shape[0]):
        word = swapped(row[place])
        if place == last and width & 63:
            word &= ~(ALL_ONES >> np.uint64(width & 63))
        turns = word ^ ((word >> ONE) | carry)
        carry = word << np.uint64(63)
        while turns:
            zeros = leading_zeros(turns)
            changes[count] = (place << 6) + zeros
            count += 1
            turns &= ~(TOP >> np.uint64(zeros))
    changes[count : count + 4] = width


@kernel
def paint(changes: Numbers, width: int, row: Words) -> None:
    """The reverse: every second run is black. *row* is in memory order."""
    row[:] = 0
    place = np.uint64(FIRST)
    x = changes[place]
    if x >= width:
        return
    while x < width:
        end = np.uint64(changes[place + ONE])
        index, last = np.uint64(x) >> np.uint64(6), end >> np.uint64(6)
        head, tail = ALL_ONES >> (np.uint64(x) & np.uint64(63)), ~(ALL_ONES >> (end & np.uint64(63)))
        if index == last:
            row[index] |= head & tail
        else:
            row[index] |= head
            for between in range(np.int64(index) + 1, np.int64(last)):
                row[between] = ALL_ONES
            if tail:
                row[last] = tail
        place += np.uint64(2)
        x = changes[place]
    for word in range(row.shape[0]):
        row[word] = swapped(row[word])


@kernel
def without_empty_runs(changes: Numbers, width: int) -> None:
    """Two changes at one place are none."""
    kept, place = FIRST, FIRST
    while changes[place] < width:
        if changes[kept - 1] == changes[place]:
            kept -= 1
        else:
            changes[kept] = changes[place]
            kept += 1
        place += 1
    changes[kept : kept + 4] = width


# -- encoding ----------------------------------------------------------------------------------------------------------


@kernel
def put_run(out: Words, bit: int, colour: int, run: int) -> int:
    while run >= WHOLE_RUNS:
        bit = put(out, bit, VALUE[colour, LONGEST_NUMBER], LENGTH[colour, LONGEST_NUMBER])
        run -= LONGEST_RUN
    code = RUNS[colour, run]
    return put(out, bit, code >> 5, code & 31)


@kernel
def put_pair(out: Words, bit: int, prefix: int, prefix_length: int, colour: int, run: int, other: int) -> int:
    """Up to eleven bits, then a run of *colour* and one of the other, as a rule in one piece."""
    if run >= WHOLE_RUNS or other >= WHOLE_RUNS:
        if prefix_length:
            bit = put(out, bit, prefix, prefix_length)
        return put_run(out, put_run(out, bit, colour, run), 1 - colour, other)
    first, second = RUNS[colour, np.uint64(run)], RUNS[1 - colour, np.uint64(other)]
    length = (first & 31) + (second & 31)
    value = (prefix << length) | (first >> 5) << (second & 31) | (second >> 5)
    return put(out, bit, value, prefix_length + length)


@kernel
def put_row(out: Words, bit: int, changes: Numbers, width: int) -> int:
    """One-dimensional: the runs of a row, white first."""
    place, x = np.uint64(FIRST), 0
    while True:
        black = changes[place]
        if black >= width:
            return put_run(out, bit, WHITE, black - x)
        white = changes[place + ONE]
        bit = put_pair(out, bit, 0, 0, WHITE, black - x, white - black)
        if white >= width:
            return bit
        x = white
        place += np.uint64(2)


@kernel
def put_row_2d(out: Words, bit: int, changes: Numbers, above: Numbers, width: int) -> int:
    """Two-dimensional: each change against those of the row above (T.4 4.2.1.3.2). *b* is the place of b1 there."""
    a0, place, b = -1, FIRST, FIRST
    while True:
        a1, b1 = changes[place], above[b]
        distance = a1 - b1
        if above[b + 1] < a1:
            bit = put(out, bit, PASS, PASS_BITS)
            a0 = above[b + 1]
            b += 2
            continue
        if -3 <= distance <= 3:
            bit = put(out, bit, VERTICAL_VALUE[distance + 3], VERTICAL_LENGTH[distance + 3])
            a0 = a1
            place += 1
            b += 1
            if above[b - 2] > a0:
                b -= 2
        else:
            start, a0 = max(a0, 0), changes[place + 1]
            bit = put_pair(out, bit, HORIZONTAL, HORIZONTAL_BITS, place & 1, a1 - start, a0 - a1)
            place += 2
        if a0 >= width:
            return bit
        while above[b] <= a0:
            b += 2


# -- decoding ----------------------------------------------------------------------------------------------------------


@kernel
def read_run(words: Words, bit: int, end: int, colour: int, most: int) -> tuple[int, int]:
    """A run of at most *most* pixels with its make-up codes, and the place after it; or -1."""
    run = 0
    while True:
        entry = int(DECODE[colour, peek(words, bit) >> np.uint64(64 - LONGEST)])
        run += entry >> 4
        bit += entry & 15
        if entry == 0 or bit > end or run > most:
            return -1, bit
        if entry >> 4 < 64:
            return run, bit


@kernel
def read_row(words: Words, bit: int, end: int, changes: Numbers, width: int) -> int:
    """Read runs up to the width; what lies at *end* is no part of them. Returns the place after them, or -1."""
    place, x, empty = np.uint64(FIRST), 0, False
    while x < width:
        ahead = peek(words, bit)
        before = bit
        for _ in range(PAIRS_AHEAD):
            entry = int(PAIRS[WHITE, ahead >> np.uint64(64 - LONGEST)])
            first = x + (entry >> 8 & 255)
            second = first + (entry >> 16)
            if entry == 0 or first >= width or second > width:
                break
            empty |= first == x or second == first
            changes[place], changes[place + ONE] = first, second
            place += np.uint64(2)
            x = second
            bit += entry & 255
            ahead <<= np.uint64(entry & 255)
        if bit > end:
            return -1
        if bit != before:
            continue
        before = x
        for colour in (WHITE, BLACK):
            run, bit = read_run(words, bit, end, colour, width - x)
            if run < 0:
                return -1
            empty |= run == 0
            x += run
            changes[place] = x
            place += ONE
            if x == width:
                break
        if x == before:
            return -1
    changes[place : place + np.uint64(4)] = width
    if empty:
        without_empty_runs(changes, width)
    return bit


@kernel
def read_runs(words: Words, bit: int, end: int, colour: int, most: int) -> tuple[int, int, int]:
    """A run of *colour*, then one of the other, together at most *most* pixels, and the place after them; or -1."""
    entry = int(PAIRS[colour, peek(words, bit) >> np.uint64(64 - LONGEST)])
    if entry:
        run, other = entry >> 8 & 255, entry >> 16
        return (run if run + other <= most else -1), other, bit + (entry & 255)
    run, bit = read_run(words, bit, end, colour, most)
    if run < 0:
        return -1, 0, bit
    other, bit = read_run(words, bit, end, 1 - colour, most - run)
    return (run if other >= 0 else -1), other, bit


@kernel
def copy_changes(changes: Numbers, place: int, above: Numbers, b: int, count: int, width: int) -> int:
    """As many vertical modes without distance: changes that stand where they stood. Returns how many were taken."""
    for step in range(count):
        change = above[np.uint64(b + step)]
        changes[np.uint64(place + step)] = change
        if change >= width:
            return step + 1
    return count


@kernel
def read_row_2d(words: Words, bit: int, end: int, changes: Numbers, above: Numbers, width: int) -> int:
    """Read modes up to the width. Returns the place after them, or -1. An empty run inside the row is an error."""
    a0, place, b = -1, FIRST, FIRST
    while True:
        ahead = peek(words, bit)
        same = leading_zeros(~ahead)
        if same > 5:
            same = copy_changes(changes, place, above, b, same, width)
            bit, place, b = bit + same, place + same, b + same
            a0 = changes[np.uint64(place - 1)]
            if a0 >= width:
                break
            continue
        for _ in range(LOOKUPS_AHEAD):
            entry = VERTICALS[ahead >> np.uint64(64 - VERTICALS_BITS)]
            bit += entry & 15
            ahead <<= np.uint64(entry & 15)
            entry >>= 4
            looked_up = entry != 0
            while entry:
                a1 = above[np.uint64(b)] + (entry & 15) - 4
                if a1 <= a0 or a1 > width:
                    return -1
                changes[np.uint64(place)] = a0 = a1
                place += 1
                if a0 >= width:
                    break
                b += 1 - 2 * (above[np.uint64(b - 1)] > a0)
                while above[np.uint64(b)] <= a0:
                    b += 2
                entry >>= 4
            if not looked_up or a0 >= width:
                break
        if a0 >= width:
            entry >>= 4
            while entry:  # modes of the row below
                bit -= VERTICAL_LENGTH[(entry & 15) - 1]
                entry >>= 4
            break
        if looked_up:
            continue
        if ahead >> np.uint64(64 - HORIZONTAL_BITS) == np.uint64(HORIZONTAL):
            start = max(a0, 0)
            run, other, bit = read_runs(words, bit + HORIZONTAL_BITS, end, place & 1, width - start)
            a1 = start + run
            if run < 0 or (run == 0 and a0 >= 0) or (other == 0 and a1 < width) or bit > end:
                return -1
            changes[np.uint64(place)] = a1
            changes[np.uint64(place + 1)] = a0 = a1 + other
            place += 2
        elif ahead >> np.uint64(64 - PASS_BITS) == np.uint64(PASS):
            a0 = above[np.uint64(b + 1)]
            bit += PASS_BITS
            b += 2
            if a0 >= width or bit > end:
                return -1
        else:
            return -1
        if a0 >= width:
            break
        while above[np.uint64(b)] <= a0:
            b += 2
    changes[place : place + 4] = width
    return bit if bit <= end else -1
