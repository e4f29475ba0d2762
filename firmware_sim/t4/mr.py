"""Modified READ (T.4, two-dimensional): MH whose rows may also tell how they differ from the row above.

A damaged row takes the two-dimensional rows after it along, up to the next one-dimensional row: see `stream`.
"""

import numpy as np

from firmware_sim.t4.bits import from_words, stream_octets, stream_words, to_words
from firmware_sim.t4.page import MOST_ROWS, Decoded, Page, Resolution
from firmware_sim.t4.stream import decode_rows, encode_rows

K = {Resolution.STANDARD: 2, Resolution.FINE: 4, Resolution.SUPERFINE: 8}
"""One row in so many is one-dimensional at least (T.4 4.2.1.1)."""
INFINITE = 0
"""Only the first row is: for channels without errors."""


def encode(page: Page, min_row_bits: int = 0, k: int | None = None, *, rtc: bool = True) -> bytes:
    """The page with EOL and tag before each row and RTC at the end; the last octet is filled with zeros.

    Each row together with its EOL and tag takes *min_row_bits* at least. *k* is that of the resolution when not given.
    """
    k = K[page.resolution] if k is None else k
    return stream_octets(*encode_rows(to_words(page), page.width_px, max(0, min_row_bits), True, max(0, k), rtc))


def decode(octets: bytes, width_px: int, resolution: Resolution, max_rows: int = MOST_ROWS) -> Decoded:
    """As `mh.decode`. After a bad row the two-dimensional ones are bad too, up to the next one-dimensional row."""
    rows, bad, complete = decode_rows(stream_words(octets), len(octets) * 8, width_px, max(0, max_rows), True)
    bad_rows = tuple(np.flatnonzero(bad).tolist())
    return Decoded(Page(width_px, from_words(rows, width_px), resolution, bad_rows), bool(complete))
