"""T.85: JBIG (T.82) as a fax uses it, one plane and one layer in stripes. Only for a channel without errors.

We write the three-line template with the adaptive pixel at rest; all that T.85 allows is read.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from firmware_sim.dsp.kernels import kernel
from firmware_sim.t4.page import MOST_ROWS, Decoded, Page, Resolution
from firmware_sim.t4.qm import (
    CONTEXTS,
    PLACE,
    Numbers,
    Octets,
    Pixels,
    decode_pixel,
    encode_pixel,
    finish_encoder,
    start_decoder,
    start_encoder,
)

STRIPE_ROWS = 128
"""In basic mode; other lengths only where bit 79 of the DIS allows them."""
HEADER = struct.Struct(">BBBBIIIBBBB")
TWO_LINES, VARIABLE_LENGTH, TYPICAL = 0x40, 0x20, 0x08
UNKNOWN_HEIGHT = 0xFFFF_FFFF
ESCAPE = 0xFF
STUFFED, SDNORM, SDRST, ABORT, NEWLEN, ATMOVE, COMMENT = 0x00, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07
LEFT, RIGHT, ABOVE = 128, 8, 2
"""Pixels of nought around a picture, so that no template looks past its edge."""


def encode(page: Page, *, stripe_rows: int = STRIPE_ROWS, typical: bool = True, two_lines: bool = False) -> bytes:
    """The page as a bi-level image entity. *typical*: rows that repeat the one above cost a decision only."""
    options = TYPICAL * typical | TWO_LINES * two_lines
    head = HEADER.pack(0, 0, 1, 0, page.width_px, page.height_px, stripe_rows, 0, 0, 0, options)
    pixels = _framed(page)
    contexts, same = np.zeros(CONTEXTS, dtype=np.int64), np.zeros(1, dtype=np.int64)
    stripes = []
    for first in range(0, page.height_px, stripe_rows):
        rows = pixels[first : min(first + stripe_rows, page.height_px) + ABOVE]
        scan = _encode(rows, page.width_px, contexts, same, typical, two_lines).tobytes()
        stripes.append(scan.replace(b"\xff", b"\xff\x00") + bytes((ESCAPE, SDNORM)))
    return head + b"".join(stripes)


@dataclass(slots=True)
class _Move:
    """Where the adaptive pixel goes: from which line of the stripe on, and how far to the left."""

    line: int = 0
    tx: int = 0


def decode(octets: bytes, width_px: int, resolution: Resolution, max_rows: int = MOST_ROWS) -> Decoded:
    """Raises nothing on any octets: what cannot be read ends the page, which is then not complete.

    The code has no check of its own, so that wrong bits show as wrong pixels.
    """
    nothing = Decoded(Page(width_px, b"", resolution), False)
    if len(octets) < HEADER.size:
        return nothing
    layer, layers, planes, _, width, height, stripe_rows, _, _, _, options = HEADER.unpack_from(octets)
    if (layer, layers, planes, width) != (0, 0, 1, width_px) or not stripe_rows:
        return nothing
    if options & ~(TWO_LINES | VARIABLE_LENGTH | TYPICAL):
        return nothing
    picture = _Picture(width_px, height, stripe_rows, options, max(0, max_rows))
    for marker, data in _segments(octets[HEADER.size :]):
        if not picture.take(marker, data):
            break
    return Decoded(Page(width_px, picture.rows(), resolution), picture.complete)


class _Picture:
    """What has been decoded so far."""

    def __init__(self, width_px: int, height: int, stripe_rows: int, options: int, max_rows: int) -> None:
        self._width_px, self._height, self._stripe_rows, self._most = width_px, height, stripe_rows, max_rows
        self._options = options
        self._contexts, self._same = np.zeros(CONTEXTS, dtype=np.int64), np.zeros(1, dtype=np.int64)
        self._stripes: list[Pixels] = []
        self._count = 0
        self._above = np.zeros((ABOVE, LEFT + width_px + RIGHT), dtype=np.int8)
        self._tx, self._move = 0, _Move()
        self._closed = True

    @property
    def complete(self) -> bool:
        return self._closed and (self._count == self._height or self._height == UNKNOWN_HEIGHT)

    def rows(self) -> bytes:
        if not self._stripes:
            return b""
        pixels = np.concatenate(self._stripes)[: self._count, LEFT : LEFT + self._width_px]
        return np.packbits(pixels != 0, axis=1).tobytes()

    def take(self, marker: int, data: bytes) -> bool:
        """A stripe, with the marker that ended it, or a marker with what belongs to it. False when that was the end."""
        if marker in (SDNORM, SDRST, ABORT):
            self._stripe(data, marker)
            return marker != ABORT and (self._count < self._most or self._count == self._height)
        if marker == NEWLEN:
            self._height = min(self._height, int.from_bytes(data, "big"))
            self._count = min(self._count, self._height)
            return True
        if marker == ATMOVE:
            line, tx, ty = struct.unpack(">IBB", data)
            self._move = _Move(line, tx)
            return not ty and tx <= LEFT - 1
        return marker == COMMENT

    def _stripe(self, data: bytes, marker: int) -> None:
        count = min(self._stripe_rows, self._height - self._count, self._most - self._count)
        closed = marker in (SDNORM, SDRST)
        self._closed = closed
        if count <= 0:
            return
        rows = np.zeros((count + ABOVE, self._above.shape[1]), dtype=np.int8)
        rows[:ABOVE] = self._above
        read = _decode(
            rows,
            self._width_px,
            np.frombuffer(data, dtype=np.uint8),
            self._contexts,
            self._same,
            bool(self._options & TYPICAL),
            bool(self._options & TWO_LINES),
            np.array((self._tx, self._move.line, self._move.tx), dtype=np.int64),
        )
        self._tx = self._move.tx
        self._move = _Move(0, self._tx)
        self._stripes.append(rows[ABOVE:])
        self._above = rows[count:]
        self._count += count if closed else read
        if marker == SDRST:
            self._contexts[:], self._same[0], self._tx, self._move = 0, 0, 0, _Move()
            self._above = np.zeros_like(self._above)


def _segments(octets: bytes) -> Iterator[tuple[int, bytes]]:
    """Stripes as (marker that ended them, data), ABORT where none did; other markers as (marker, what follows it)."""
    data, place = bytearray(), 0
    while True:
        escape = octets.find(b"\xff", place)
        if escape < 0 or escape + 1 >= len(octets):
            data += octets[place:] if escape < 0 else octets[place:escape]
            break
        data += octets[place:escape]
        marker, place = octets[escape + 1], escape + 2
        if marker == STUFFED:
            data.append(ESCAPE)
            continue
        if marker in (SDNORM, SDRST, ABORT):
            yield marker, bytes(data)
            data.clear()
            continue
        length = {NEWLEN: 4, ATMOVE: 6, COMMENT: 4}.get(marker, 0)
        follows = octets[place : place + length]
        if len(follows) < length or not length:
            break
        place += length + (int.from_bytes(follows, "big") if marker == COMMENT else 0)
        yield marker, follows
    if data:
        yield ABORT, bytes(data)


def _framed(page: Page) -> Pixels:
    """An octet a pixel, with white around."""
    packed = np.frombuffer(page.rows, dtype=np.uint8).reshape(page.height_px, page.row_octets)
    framed = np.zeros((page.height_px + ABOVE, LEFT + page.width_px + RIGHT), dtype=np.int8)
    framed[ABOVE:, LEFT : LEFT + page.width_px] = np.unpackbits(packed, axis=1)[:, : page.width_px]
    return framed


# -- kernels -----------------------------------------------------------------------------------------------------------

TYPICAL_THREE, TYPICAL_TWO = 0x0E5, 0x195
"""The contexts in which it is told whether a row repeats the one above."""


@kernel
def _context(rows: Pixels, line: int, x: int, before: int, two_lines: bool, tx: int) -> int:
    """The template around a pixel, from that of the pixel before and the pixel before itself."""
    here, above = rows[line], rows[line - 1]
    if two_lines:
        context = (before << 1) & 0x3EE | int(above[x + 2]) << 4 | int(here[x - 1])
        if tx:
            context = context & 0x3CF | int(above[x + 1]) << 5 | int(here[x - tx]) << 4
        return context
    context = (before << 1) & 0x37A | int(rows[line - 2, x + 1]) << 7 | int(above[x + 2]) << 2 | int(here[x - 1])
    if tx:
        context = context & 0x3F3 | int(above[x + 1]) << 3 | int(here[x - tx]) << 2
    return context


@kernel
def _is_same(rows: Pixels, line: int) -> bool:
    for x in range(rows.shape[1]):  # noqa: SIM110 (a kernel)
        if rows[line, x] != rows[line - 1, x]:
            return False
    return True


@kernel
def _first_context(rows: Pixels, line: int, two_lines: bool) -> int:
    """That of the place before the first pixel."""
    above = rows[line - 1]
    if two_lines:
        return int(above[LEFT]) << 5 | int(above[LEFT + 1]) << 4
    return int(rows[line - 2, LEFT]) << 7 | int(above[LEFT]) << 3 | int(above[LEFT + 1]) << 2


@kernel
def _encode(rows: Pixels, width: int, contexts: Numbers, same: Numbers, typical: bool, two_lines: bool) -> Octets:
    """One stripe, its trailing zeros cut off."""
    out = np.empty((rows.shape[0] * (width + 1)) // 2 + 64, dtype=np.uint8)
    coder = start_encoder()
    for line in range(ABOVE, rows.shape[0]):
        if typical:
            now = int(_is_same(rows, line))
            encode_pixel(coder, contexts, TYPICAL_TWO if two_lines else TYPICAL_THREE, int(now == same[0]), out)
            same[0] = now
            if now:
                continue
        context = _first_context(rows, line, two_lines)
        for x in range(LEFT, LEFT + width):
            context = _context(rows, line, x, context, two_lines, 0)
            encode_pixel(coder, contexts, context, int(rows[line, x]), out)
    return out[: finish_encoder(coder, out)]


@kernel
def _decode(
    rows: Pixels,
    width: int,
    data: Octets,
    contexts: Numbers,
    same: Numbers,
    typical: bool,
    two_lines: bool,
    move: Numbers,
) -> int:
    """One stripe into *rows*, the two above it in place. Returns how many lines were full before the data ran out."""
    coder = start_decoder(data)
    full, tx = 0, move[0]
    for line in range(ABOVE, rows.shape[0]):
        if line - ABOVE == move[1]:
            tx = move[2]
        if typical:
            told = decode_pixel(coder, contexts, TYPICAL_TWO if two_lines else TYPICAL_THREE, data)
            same[0] = same[0] if told else 1 - same[0]
        if typical and same[0]:
            rows[line] = rows[line - 1]
        else:
            context = _first_context(rows, line, two_lines)
            for x in range(LEFT, LEFT + width):
                context = _context(rows, line, x, context, two_lines, tx)
                rows[line, x] = decode_pixel(coder, contexts, context, data)
        if coder[PLACE] <= data.shape[0]:
            full += 1
    return full
