"""TIFF class F, in and out on octets: pages as strips of MH, MR or MMR, read and written by ourselves.

Written: one strip a page, class F tags, EOLs and no RTC (TIFF leaves it out). Read: any number of strips, both byte
orders, both bit orders, black as one or as nought, resolutions in inches or centimetres.
"""

import struct
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import partial
from typing import Any

from firmware_sim.errors import DecodeError
from firmware_sim.t4 import mh, mmr, mr
from firmware_sim.t4.page import Decoded, Page, Resolution

MOST_PAGES = 10_000
MOST_WIDTH_PX = 10_000
MOST_ROWS_A_PAGE = 30_000
MOST_OCTETS = 1 << 28
"""Rows of all pages together: a small file must not become a large one without end."""
TURNED = bytes(int(f"{octet:08b}"[::-1], 2) for octet in range(256))
"""Each octet with its bits in the other order."""

NEW_SUBFILE, WIDTH, LENGTH, BITS, COMPRESSION, PHOTOMETRIC, FILL_ORDER = 254, 256, 257, 258, 259, 262, 266
STRIP_OFFSETS, SAMPLES, ROWS_PER_STRIP, STRIP_BYTES, X_RESOLUTION, Y_RESOLUTION = 273, 277, 278, 279, 282, 283
T4_OPTIONS, T6_OPTIONS, UNIT, PAGE_NUMBER, SOFTWARE = 292, 293, 296, 297, 305
BAD_FAX_LINES, CLEAN_FAX_DATA = 326, 327
GROUP_3, GROUP_4 = 3, 4
TWO_DIMENSIONAL, UNCOMPRESSED = 1, 2
INCH, CENTIMETRE = 2, 3
PAGE_OF_MANY = 2
ASCII, SHORT, LONG, RATIONAL = 2, 3, 4, 5
SIZES = {1: 1, ASCII: 1, SHORT: 2, LONG: 4, RATIONAL: 8}
CODES = {SHORT: "H", LONG: "I"}


class Coding(Enum):
    """Compression and T4Options."""

    MH = (GROUP_3, 0)
    MR = (GROUP_3, TWO_DIMENSIONAL)
    MMR = (GROUP_4, 0)


# -- writing -----------------------------------------------------------------------------------------------------------


def write(
    pages: Sequence[Page],
    coding: Coding = Coding.MH,
    *,
    least_significant_first: bool = False,
    black_is_zero: bool = False,
    centimetres: bool = False,
    rows_per_strip: int | None = None,
) -> bytes:
    """A file of all *pages*; one strip a page unless *rows_per_strip* is given. ValueError without pages."""
    if not pages or any(page.height_px == 0 for page in pages):
        raise ValueError("a TIFF holds a page at least, and a page a row at least")
    out = bytearray(struct.pack("<2sHI", b"II", 42, 8))
    link = 4
    for number, page in enumerate(pages):
        strips = _strips(page, coding, rows_per_strip or page.height_px, black_is_zero)
        if least_significant_first:
            strips = [strip.translate(TURNED) for strip in strips]
        offsets = []
        for strip in strips:
            offsets.append(len(out))
            out += strip + bytes(len(strip) & 1)
        struct.pack_into("<I", out, link, len(out))
        tags = _tags(page, coding, number, len(pages))
        tags[FILL_ORDER] = (SHORT, [2 if least_significant_first else 1])
        tags[PHOTOMETRIC] = (SHORT, [int(black_is_zero)])
        tags[ROWS_PER_STRIP] = (LONG, [rows_per_strip or page.height_px])
        tags[STRIP_OFFSETS], tags[STRIP_BYTES] = (LONG, offsets), (LONG, [len(strip) for strip in strips])
        if centimetres:
            tags |= _resolution(page.resolution, CENTIMETRE)
        link = _put_directory(out, tags)
    return bytes(out)


def _strips(page: Page, coding: Coding, rows: int, black_is_zero: bool) -> list[bytes]:
    octets = page.row_octets * rows
    cut = [page.rows[start : start + octets] for start in range(0, len(page.rows), octets)]
    parts = [Page(page.width_px, _inverted(part) if black_is_zero else part, page.resolution) for part in cut]
    return [_encode(part, coding) for part in parts]


def _encode(part: Page, coding: Coding) -> bytes:
    """MMR with its EOFB, the others without RTC."""
    if coding is Coding.MMR:
        return mmr.encode(part)
    if coding is Coding.MH:
        return mh.encode(part, rtc=False)
    return mr.encode(part, rtc=False)


def _tags(page: Page, coding: Coding, number: int, count: int) -> dict[int, tuple[int, list[Any]]]:
    compression, options = coding.value
    tags: dict[int, tuple[int, list[Any]]] = {
        NEW_SUBFILE: (LONG, [PAGE_OF_MANY]),
        WIDTH: (LONG, [page.width_px]),
        LENGTH: (LONG, [page.height_px]),
        BITS: (SHORT, [1]),
        COMPRESSION: (SHORT, [compression]),
        SAMPLES: (SHORT, [1]),
        PAGE_NUMBER: (SHORT, [number, count]),
        T6_OPTIONS if coding is Coding.MMR else T4_OPTIONS: (LONG, [options]),
        SOFTWARE: (ASCII, [*b"faxrig\0"]),
        CLEAN_FAX_DATA: (SHORT, [1 if page.bad_rows else 0]),
    }
    if page.bad_rows:
        tags[BAD_FAX_LINES] = (LONG, [len(page.bad_rows)])
    return tags | _resolution(page.resolution, INCH)


def _resolution(resolution: Resolution, unit: int) -> dict[int, tuple[int, list[Any]]]:
    scale = 1 if unit == INCH else 2.54
    x, y = (round(dpi / scale * 100) for dpi in resolution.value)
    return {X_RESOLUTION: (RATIONAL, [(x, 100)]), Y_RESOLUTION: (RATIONAL, [(y, 100)]), UNIT: (SHORT, [unit])}


def _put_directory(out: bytearray, tags: dict[int, tuple[int, list[Any]]]) -> int:
    """Append a directory and what does not fit in it. Returns where the place of the next one goes."""
    start = len(out)
    link = start + 2 + 12 * len(tags)
    entries, more = struct.pack("<H", len(tags)), bytearray()
    for tag, (kind, values) in sorted(tags.items()):
        packed = _packed(kind, values)
        if len(packed) > 4:
            place = struct.pack("<I", link + 4 + len(more))
            more += packed + bytes(len(packed) & 1)
        else:
            place = packed.ljust(4, b"\0")
        entries += struct.pack("<HHI", tag, kind, len(values)) + place
    out += entries + bytes(4) + more
    return link


def _packed(kind: int, values: list[Any]) -> bytes:
    if kind == RATIONAL:
        return b"".join(struct.pack("<II", *value) for value in values)
    return bytes(values) if kind == ASCII else struct.pack(f"<{len(values)}{CODES[kind]}", *values)


def _inverted(rows: bytes) -> bytes:
    return bytes(octet ^ 0xFF for octet in rows)


# -- reading -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Directory:
    """One page's tags, each with its values and the place where its entry stands."""

    octets: bytes
    order: str
    entries: dict[int, tuple[int, int, int]]
    """Tag -> kind, count, and the offset of the entry's value field."""
    offset: int

    def numbers(self, tag: int) -> list[int]:
        """The values of a tag of whole numbers; none when it is not there."""
        if tag not in self.entries:
            return []
        kind, count, place = self.entries[tag]
        if kind not in CODES:
            raise DecodeError(f"tag {tag} is no number", place)
        return list(self._unpack(f"{count}{CODES[kind]}", self._place(kind, count, place), place))

    def number(self, tag: int, default: int) -> int:
        return next(iter(self.numbers(tag)), default)

    def rational(self, tag: int) -> float:
        kind, count, place = self.entries.get(tag, (0, 0, self.offset))
        if kind != RATIONAL or count != 1:
            return 0.0
        above, below = self._unpack("II", self._place(kind, count, place), place)
        return above / below if below else 0.0

    def _place(self, kind: int, count: int, place: int) -> int:
        return place if SIZES[kind] * count <= 4 else int(self._unpack("I", place, place)[0])

    def _unpack(self, form: str, place: int, blame: int) -> tuple[Any, ...]:
        return _unpack(self.octets, self.order, form, place, blame)


def read(octets: bytes) -> list[Decoded]:
    """All pages. DecodeError with the offset where the file is no TIFF of fax pages; damaged rows are bad rows."""
    pages, total = [], 0
    for directory in _directories(octets):
        pages.append(_page(directory))
        total += len(pages[-1].page.rows)
        if total > MOST_OCTETS:
            raise DecodeError("pages without end", directory.offset)
    return pages


def _directories(octets: bytes) -> Iterator[Directory]:
    order = {b"II": "<", b"MM": ">"}.get(octets[:2])
    if order is None or _unpack(octets, order, "H", 2, 2)[0] != 42:
        raise DecodeError("no TIFF", 0)
    link, seen = 4, set[int]()
    offset = int(_unpack(octets, order, "I", link, link)[0])
    if not offset:
        raise DecodeError("a TIFF without a page", link)
    while offset:
        if offset in seen or len(seen) >= MOST_PAGES:
            raise DecodeError("directories that never end", link)
        seen.add(offset)
        count = int(_unpack(octets, order, "H", offset, link)[0])
        entries = {}
        for place in range(offset + 2, offset + 2 + 12 * count, 12):
            tag, kind, values = _unpack(octets, order, "HHI", place, place)
            if kind in SIZES and values * SIZES[kind] <= len(octets):
                entries[int(tag)] = (int(kind), int(values), place + 8)
        yield Directory(octets, order, entries, offset)
        link = offset + 2 + 12 * count
        offset = int(_unpack(octets, order, "I", link, link)[0])


def _unpack(octets: bytes, order: str, form: str, place: int, blame: int) -> tuple[Any, ...]:
    try:
        return struct.unpack_from(order + form, octets, place)
    except struct.error:
        raise DecodeError("a TIFF that is cut short", blame) from None


def _page(directory: Directory) -> Decoded:
    width, height = directory.number(WIDTH, 0), directory.number(LENGTH, 0)
    if not 0 < width <= MOST_WIDTH_PX or not 0 < height <= MOST_ROWS_A_PAGE:
        raise DecodeError(f"no page has {width} by {height} pixels", directory.offset)
    if directory.number(BITS, 1) != 1 or directory.number(SAMPLES, 1) != 1:
        raise DecodeError("not black and white", directory.offset)
    resolution, decode = _resolution_of(directory), _decoder(directory)
    most = min(directory.number(ROWS_PER_STRIP, height) or height, height)
    offsets, lengths = directory.numbers(STRIP_OFFSETS), directory.numbers(STRIP_BYTES)
    if len(offsets) != len(lengths) or len(offsets) != -(-height // most):
        raise DecodeError(f"{len(offsets)} strips and {len(lengths)} lengths for {height} rows", directory.offset)
    rows, bad, complete, start = bytearray(), list[int](), True, 0
    for offset, length in zip(offsets, lengths, strict=True):
        strip = directory.octets[offset : offset + length]
        wanted = min(most, height - start)
        part = decode(strip, width, resolution, wanted).page
        bad += [start + number for number in part.bad_rows] + list(range(start + part.height_px, start + wanted))
        rows += _padded(part, wanted)
        complete &= part.height_px == wanted and len(strip) == length
        start += wanted
    if directory.number(PHOTOMETRIC, 0) == 1:
        rows = bytearray(_cleaned(_inverted(bytes(rows)), width))
    return Decoded(Page(width, bytes(rows), resolution, tuple(bad)), complete)


def _padded(part: Page, wanted: int) -> bytes:
    """So many rows: those that are missing repeat the last one."""
    last = part.row(part.height_px - 1) if part.height_px else bytes(part.row_octets)
    return part.rows + last * (wanted - part.height_px)


def _cleaned(rows: bytes, width_px: int) -> bytes:
    """No ink past the width."""
    spare, octets = -width_px % 8, (width_px + 7) // 8
    cleaned = bytearray(rows)
    for last in range(octets - 1, len(cleaned), octets):
        cleaned[last] = cleaned[last] >> spare << spare
    return bytes(cleaned)


def _resolution_of(directory: Directory) -> Resolution:
    """The fax resolution that is meant; 200 by 100, 200 and 400 count as such. A file that says nothing is standard."""
    scale = 2.54 if directory.number(UNIT, INCH) == CENTIMETRE else 1.0
    x, y = directory.rational(X_RESOLUTION) * scale, directory.rational(Y_RESOLUTION) * scale
    if not x or not y:
        return Resolution.STANDARD
    for resolution in Resolution:
        if abs(x / resolution.x_dpi - 1) < 0.05 and abs(y / resolution.y_dpi - 1) < 0.05:
            return resolution
    raise DecodeError(f"{x:.0f} by {y:.0f} dpi is no fax resolution", directory.offset)


def _decoder(directory: Directory) -> Callable[[bytes, int, Resolution, int], Decoded]:
    compression, options = directory.number(COMPRESSION, 1), directory.number(T4_OPTIONS, 0)
    turned = directory.number(FILL_ORDER, 1) == 2
    if compression == GROUP_4:
        return partial(_decode_strip, mmr.decode, b"", turned)
    if compression == GROUP_3 and not options & UNCOMPRESSED:
        two_dimensional = bool(options & TWO_DIMENSIONAL)
        return partial(_decode_strip, mr.decode if two_dimensional else mh.decode, FIRST_EOL[two_dimensional], turned)
    raise DecodeError(f"compression {compression} with options {options} is none of a fax", directory.offset)


FIRST_EOL = {False: b"\x00\x01", True: b"\x00\x03"}
"""Put before a strip that does not begin with an EOL, as some writers have it."""


def _decode_strip(
    decode: Callable[[bytes, int, Resolution, int], Decoded],
    first_eol: bytes,
    turned: bool,
    strip: bytes,
    width_px: int,
    resolution: Resolution,
    rows: int,
) -> Decoded:
    if turned:
        strip = strip.translate(TURNED)
    if first_eol and int.from_bytes(strip[:2], "big") >> 5:
        strip = first_eol + strip
    return decode(strip, width_px, resolution, rows)
