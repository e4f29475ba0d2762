"""Modified Huffman (T.4, one-dimensional) on the stream as it crosses the line: EOL before each row, RTC at the end.

Decoding takes the stream apart at its EOLs first, since no row can contain one, and reads each row by itself. So an
error cannot reach past the next EOL, and a row whose own EOL was hit by a single wrong bit is still found.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from firmware_sim.dsp.kernels import kernel
from firmware_sim.t4.codes import BLACK, DECODE, EOL_BITS, LENGTH, LONGEST, RTC_EOLS, VALUE, WHITE
from firmware_sim.t4.page import Page, Resolution

Octets = NDArray[np.uint8]
Numbers = NDArray[np.int64]

LONGEST_RUN = 2560
LONGEST_NUMBER = 103
"""Its place among the code words."""
EOL_ZEROS = EOL_BITS - 1
DENSE_RTC = 4 * EOL_BITS
"""Four EOLs within so many bits are RTC, one more perhaps unreadable among them: a row between them takes more ..."""
DENSE_WIDTH_PX = 1728
"""... from this width on."""


@dataclass(frozen=True, slots=True)
class Decoded:
    page: Page
    """Its bad rows hold the row above, or white in the first."""
    complete: bool
    """Whether RTC was there; without it rows may be missing at the end."""

    @property
    def rows(self) -> int:
        return self.page.height_px


def encode(page: Page, min_row_bits: int = 0) -> bytes:
    """The page with EOL before each row and RTC at the end; the last octet is filled with zeros.

    Each row together with its EOL takes *min_row_bits* at least, filled up with zeros before the next EOL.
    """
    packed = np.frombuffer(page.rows, dtype=np.uint8).reshape(page.height_px, page.row_octets)
    return _encode(packed, page.width_px, max(0, min_row_bits)).tobytes()


def decode(octets: bytes, width_px: int, resolution: Resolution, max_rows: int = 20_000) -> Decoded:
    """Whatever rows can be found between the EOLs, at most *max_rows*. Raises nothing on any octets.

    A row is bad where its codes make no sense or do not add up to the width; it is replaced by the row above.
    What precedes the first EOL, lone EOLs and all that follows RTC are passed over.
    """
    padded = np.zeros(len(octets) + 8, dtype=np.uint8)
    padded[: len(octets)] = np.frombuffer(octets, dtype=np.uint8)
    ends = _find_eols(padded, len(octets) * 8)
    rows, bad, complete = _decode(padded, len(octets) * 8, ends, width_px, max(0, max_rows))
    return Decoded(Page(width_px, rows.tobytes(), resolution, tuple(np.flatnonzero(bad).tolist())), bool(complete))


# -- encoding ----------------------------------------------------------------------------------------------------------


@kernel
def _put(out: Octets, bit: int, value: int, length: int) -> int:
    """Append up to 16 bits; *out* is still zero there. Returns the place after them."""
    place = bit >> 3
    spread = value << (24 - length - (bit & 7))
    out[place] |= np.uint8(spread >> 16 & 255)
    out[place + 1] |= np.uint8(spread >> 8 & 255)
    out[place + 2] |= np.uint8(spread & 255)
    return bit + length


@kernel
def _put_run(out: Octets, bit: int, colour: int, run: int) -> int:
    while run >= LONGEST_RUN + 64:
        bit = _put(out, bit, VALUE[colour, LONGEST_NUMBER], LENGTH[colour, LONGEST_NUMBER])
        run -= LONGEST_RUN
    if run >= 64:
        number = 63 + (run >> 6)
        bit = _put(out, bit, VALUE[colour, number], LENGTH[colour, number])
        run &= 63
    return _put(out, bit, VALUE[colour, run], LENGTH[colour, run])


@kernel
def _put_row(out: Octets, bit: int, row: Octets, width: int) -> int:
    """The runs of a row, white first, as codes."""
    colour, start = WHITE, 0
    for place in range(row.shape[0]):
        octet = row[place]
        if octet == (255 if colour == BLACK else 0):
            continue
        for offset in range(8):
            x = place * 8 + offset
            if x < width and (octet >> (7 - offset) & 1) != colour:
                bit = _put_run(out, bit, colour, x - start)
                start, colour = x, 1 - colour
    return _put_run(out, bit, colour, width - start)


@kernel
def _encode(packed: Octets, width: int, min_row_bits: int) -> Octets:
    """No run costs more than six bits a pixel, bar the first white one of none and the end of the row."""
    height = packed.shape[0]
    out = np.zeros((height * max(6 * width + 48, min_row_bits) >> 3) + height + 16, dtype=np.uint8)
    bit = 0
    for number in range(height):
        start = bit
        bit = _put(out, bit, 1, EOL_BITS)
        bit = _put_row(out, bit, packed[number], width)
        bit = max(bit, start + min_row_bits)
    for _ in range(RTC_EOLS):
        bit = _put(out, bit, 1, EOL_BITS)
    return out[: (bit + 7) >> 3]


# -- decoding ----------------------------------------------------------------------------------------------------------


@kernel
def _find_eols(octets: Octets, bits: int) -> Numbers:
    """Where the one of each EOL stands: every one that has eleven zeros or more before it."""
    found = np.empty(bits // EOL_BITS + 1, dtype=np.int64)
    count, last_one = 0, -1
    for place in range((bits + 7) >> 3):
        octet = octets[place]
        if octet == 0:
            continue
        for offset in range(8):
            if octet >> (7 - offset) & 1:
                here = place * 8 + offset
                if here - last_one > EOL_ZEROS:
                    found[count] = here
                    count += 1
                last_one = here
    return found[:count]


@kernel
def _next_one(octets: Octets, bit: int, end: int) -> int:
    """The first one from *bit* on, or *end*."""
    while bit < end:
        octet = octets[bit >> 3] & (255 >> (bit & 7))
        if octet:
            here = bit & ~7
            while octet < 128:
                octet <<= 1
                here += 1
            return min(here, end)
        bit = (bit | 7) + 1
    return end


@kernel
def _blacken(row: Octets, start: int, end: int) -> None:
    while start < end and start & 7:
        row[start >> 3] |= np.uint8(128 >> (start & 7))
        start += 1
    while start + 8 <= end:
        row[start >> 3] = 255
        start += 8
    while start < end:
        row[start >> 3] |= np.uint8(128 >> (start & 7))
        start += 1


@kernel
def _read_row(octets: Octets, bit: int, end: int, row: Octets, width: int) -> int:
    """Read codes up to the width; what lies at *end* is no part of them. Returns the place after them, or -1."""
    colour, x, run = WHITE, 0, 0
    while x < width or run >= 64:
        place = bit >> 3
        ahead = int(octets[place]) << 16 | int(octets[place + 1]) << 8 | int(octets[place + 2])
        entry = int(DECODE[colour, ahead >> (24 - LONGEST - (bit & 7)) & ((1 << LONGEST) - 1)])
        run = entry >> 4
        bit += entry & 15
        if entry == 0 or bit > end or x + run > width:
            return -1
        if colour == BLACK:
            _blacken(row, x, x + run)
        x += run
        if run < 64:
            colour = 1 - colour
    return bit


@kernel
def _next_row(octets: Octets, bit: int, end: int) -> int:
    """After a row that was read to its width, its EOL is due, one bit of it perhaps wrong. *end* is the EOL found next.

    Returns where the row after it begins: past *end* where that is the row's own EOL. -1 where more codes follow.
    """
    first = _next_one(octets, bit, end)
    if first == end:
        return end + 1
    second = _next_one(octets, first + 1, end)
    return second + 1 if second < end and second - bit >= EOL_ZEROS else -1


@kernel
def _is_rtc(octets: Octets, ends: Numbers, number: int, width: int) -> bool:
    """Whether the EOL of that number begins a return to control: others follow with nothing between them."""
    ahead = ends.shape[0] - 1 - number
    if ahead >= 3 and width >= DENSE_WIDTH_PX and int(ends[number + 3] - ends[number]) <= DENSE_RTC:
        return True
    for step in range(1, min(ahead, 2) + 1):
        end = ends[number + step]
        if _next_one(octets, ends[number + step - 1] + 1, end) < end:
            return False
    return bool(ahead > 0)


@kernel
def _repeat(rows: Octets, number: int) -> None:
    """Put the row above in place of a row, or white in place of the first."""
    for place in range(rows.shape[1]):
        rows[number, place] = rows[number - 1, place] if number else 0


@kernel
def _was_split(octets: Octets, start: int, ends: Numbers, number: int, row: Octets, width: int) -> bool:
    """Whether the row at *start*, bad up to its EOL, becomes one row with what follows if one bit of that EOL is set.

    A wrong bit can make an EOL out of a row's own zeros; the two halves must not count as two rows.
    """
    if number + 2 >= ends.shape[0]:
        return False
    split, end = ends[number + 1], ends[number + 2]
    after = _read_row(octets, split + 1, end - EOL_ZEROS, row, width)
    if after >= 0 and _next_one(octets, after, end) == end:
        return False
    for bit in range(split - 1, max(start, split - 2 * EOL_BITS), -1):
        mask = np.uint8(128 >> (bit & 7))
        if octets[bit >> 3] & mask:
            return False
        octets[bit >> 3] |= mask
        after = _read_row(octets, start, end - EOL_ZEROS, row, width)
        octets[bit >> 3] ^= mask
        if after >= 0 and _next_one(octets, after, end) == end:
            return True
    return False


@kernel
def _decode(octets: Octets, bits: int, ends: Numbers, width: int, max_rows: int) -> tuple[Octets, Octets, bool]:
    """Rows, bad flags, and whether RTC was met. *octets* has eight to spare behind its *bits*."""
    most = min(max_rows, bits // EOL_BITS + 1)
    rows = np.zeros((most, (width + 7) >> 3), dtype=np.uint8)
    bad = np.zeros(most, dtype=np.uint8)
    count, number = 0, 0
    while number < ends.shape[0]:
        if _is_rtc(octets, ends, number, width):
            return rows[:count], bad[:count], True
        start, last = ends[number] + 1, number + 1 == ends.shape[0]
        end = bits if last else ends[number + 1]
        while 0 <= start < end and count < most and _next_one(octets, start, end) < end:
            after = _read_row(octets, start, end if last else end - EOL_ZEROS, rows[count], width)
            following = _next_row(octets, after, end) if after >= 0 else -1
            if following < 0:
                number += _was_split(octets, start, ends, number, rows[count], width)
                _repeat(rows, count)
                bad[count] = 1
            if following >= 0 or not last:
                count += 1
            start = following
        number += 1
    return rows[:count], bad[:count], False
