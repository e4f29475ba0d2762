"""A page as a fax carries it: rows of black and white, a width, a resolution; and its hash."""

from dataclasses import dataclass
from enum import Enum
from hashlib import sha256

MOST_ROWS = 20_000
"""Decoders make no longer pages unless told to: 2.5 m at superfine."""


class Resolution(Enum):
    """Horizontal and vertical resolution in dots per inch, as T.4 names them."""

    STANDARD = (204, 98)
    FINE = (204, 196)
    SUPERFINE = (204, 391)

    @property
    def x_dpi(self) -> int:
        return self.value[0]

    @property
    def y_dpi(self) -> int:
        return self.value[1]


@dataclass(frozen=True, slots=True)
class Page:
    """Rows are packed, the leftmost pixel the most significant bit, 1 is black; each row begins at an octet.

    *bad_rows* are the numbers of rows that arrived damaged (their pixels are a repair, not the truth).
    """

    width_px: int
    rows: bytes
    resolution: Resolution = Resolution.STANDARD
    bad_rows: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        if self.width_px <= 0 or len(self.rows) % self.row_octets:
            raise ValueError(f"{len(self.rows)} octets are not whole rows of {self.width_px} px")

    @property
    def row_octets(self) -> int:
        return (self.width_px + 7) // 8

    @property
    def height_px(self) -> int:
        return len(self.rows) // self.row_octets

    @property
    def hash(self) -> str:
        """SHA-256 over width, resolution and the rows, without the white rows at the end (a receiver may add some)."""
        used = len(self.rows.rstrip(b"\0"))
        rows = self.rows[: -(-used // self.row_octets) * self.row_octets]
        name = f"{self.width_px} {self.resolution.x_dpi}x{self.resolution.y_dpi}\n"
        return sha256(name.encode("ascii") + rows).hexdigest()

    def row(self, number: int) -> bytes:
        return self.rows[number * self.row_octets : (number + 1) * self.row_octets]


@dataclass(frozen=True, slots=True)
class Decoded:
    """What a codec made of octets."""

    page: Page
    """Its bad rows hold the row above, or white in the first."""
    complete: bool
    """Whether the end was there as the code has it (RTC, EOFB); without it rows may be missing."""

    @property
    def rows(self) -> int:
        return self.page.height_px


def difference(sent: Page, received: Page) -> str:
    """Empty when *received* is *sent*; else one plain line that says what differs."""
    if received.bad_rows:
        return f"arrived with {len(received.bad_rows)} bad rows"
    if (sent.width_px, sent.resolution) != (received.width_px, received.resolution):
        return f"{received.width_px} px {received.resolution.name} instead of {sent.width_px} px {sent.resolution.name}"
    if received.height_px < sent.height_px:
        return f"{received.height_px} rows instead of {sent.height_px}"
    if sent.hash != received.hash:
        wrong = sum(sent.row(n) != received.row(n) for n in range(sent.height_px))
        return f"{wrong} of {sent.height_px} rows differ"
    return ""
