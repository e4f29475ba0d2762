"""The line that a sender prints on top of each page: when, from whom, to whom, which page.

The band has a white row above and three below, at standard resolution; twice and four times so many at the finer ones.
Characters are 12 px wide. What is too long is cut: the receiver first, then the sender.
"""

from dataclasses import dataclass
from enum import Enum

from firmware_sim.t4 import font
from firmware_sim.t4.page import Page, Resolution

SCALE_X = 2
CELL_PX = (font.WIDTH + 1) * SCALE_X
MARGIN_PX = 48
ABOVE, BELOW = 1, 3
BAND_ROWS = ABOVE + font.HEIGHT + BELOW
"""At standard resolution."""
GAP = "  "
SCALE_Y = {Resolution.STANDARD: 1, Resolution.FINE: 2, Resolution.SUPERFINE: 4}


class Place(Enum):
    REPLACE = "the band takes the place of the page's first rows"
    INSERT = "the band comes before the page, which grows"


@dataclass(frozen=True, slots=True)
class Header:
    """*date* is text as the sender wants it, since no core owns a clock."""

    date: str = ""
    sender: str = ""
    receiver: str = ""
    page: int = 1
    pages: int | None = None
    """None where the sender does not know how many there will be."""

    def text(self, columns: int) -> str:
        """The line in so many columns: date and sender at the left, receiver and page at the right."""
        number = f"p. {self.page}/{self.pages}" if self.pages else f"p. {self.page}"
        room = max(0, columns - len(number) - len(self.date) - 2 * len(GAP))
        sender = self.sender[:room]
        receiver = self.receiver[: max(0, room - len(sender) - len(GAP))]
        left = GAP.join(part for part in (self.date, sender) if part)
        right = GAP.join(part for part in (receiver, number) if part)
        return (left + right.rjust(max(0, columns - len(left))))[:columns]


def columns(width_px: int) -> int:
    """How many characters fit on a row of so many pixels."""
    return max(0, (width_px - 2 * MARGIN_PX) // CELL_PX)


def band_rows(resolution: Resolution) -> int:
    return BAND_ROWS * SCALE_Y[resolution]


def band(text: str, width_px: int, resolution: Resolution) -> Page:
    """The line of text as a strip of a page."""
    glyphs = [font.glyph(character) for character in text[: columns(width_px)]]
    blank = bytes((width_px + 7) // 8)
    lines = [blank] * ABOVE + [_row(glyphs, row, width_px) for row in range(font.HEIGHT)] + [blank] * BELOW
    return Page(width_px, b"".join(line * SCALE_Y[resolution] for line in lines), resolution)


def printed(page: Page, header: Header, place: Place = Place.REPLACE) -> Page:
    """The page with its header line. Numbers of bad rows move along; those under the band are bad no more."""
    strip = band(header.text(columns(page.width_px)), page.width_px, page.resolution)
    if place is Place.INSERT:
        bad = tuple(number + strip.height_px for number in page.bad_rows)
        return Page(page.width_px, strip.rows + page.rows, page.resolution, bad)
    bad = tuple(number for number in page.bad_rows if number >= strip.height_px)
    return Page(page.width_px, strip.rows + page.rows[len(strip.rows) :], page.resolution, bad)


def read(page: Page) -> str:
    """The text of the header line as far as its glyphs are known; an unknown one is a replacement character."""
    known = {rows: chr(ord(font.FIRST) + number) for number, rows in enumerate(font.GLYPHS[:-1])}
    scale = SCALE_Y[page.resolution]
    lines = [int.from_bytes(page.row((ABOVE + row) * scale), "big") for row in range(font.HEIGHT)]
    total_px = page.row_octets * 8
    text = ""
    for column in range(columns(page.width_px)):
        first_px = MARGIN_PX + column * CELL_PX
        cells = (line >> (total_px - first_px - CELL_PX) & ((1 << CELL_PX) - 1) for line in lines)
        text += known.get(tuple(_narrowed(cell) for cell in cells), "\ufffd")
    return text.rstrip()


def _row(glyphs: list[tuple[int, ...]], row: int, width_px: int) -> bytes:
    """One row through a line of glyphs, each pixel *SCALE_X* wide."""
    bits = 0
    for glyph in glyphs:
        bits = bits << CELL_PX | _widened(glyph[row])
    octets = (width_px + 7) // 8
    shift = octets * 8 - MARGIN_PX - CELL_PX * len(glyphs)
    return (bits << shift).to_bytes(octets, "big") if glyphs else bytes(octets)


def _widened(pixels: int) -> int:
    return sum(((1 << SCALE_X) - 1) << (place + 1) * SCALE_X for place in range(font.WIDTH) if pixels >> place & 1)


def _narrowed(cell: int) -> int:
    """The pixels of a cell; a number that no glyph has where it is not made of wide pixels."""
    pixels = sum(1 << place for place in range(font.WIDTH) if cell >> (place + 1) * SCALE_X & 1)
    return pixels if _widened(pixels) == cell else -1
