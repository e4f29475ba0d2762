"""Modified Huffman (T.4, one-dimensional) on the stream as it crosses the line: EOL before each row, RTC at the end.

An error cannot reach past the next EOL: see `stream`.
"""

import numpy as np

from firmware_sim.t4.bits import from_words, stream_octets, stream_words, to_words
from firmware_sim.t4.page import MOST_ROWS, Page, Resolution
from firmware_sim.t4.page import Decoded as Decoded
from firmware_sim.t4.stream import decode_rows, encode_rows


def encode(page: Page, min_row_bits: int = 0, *, rtc: bool = True) -> bytes:
    """The page with EOL before each row and RTC at the end; the last octet is filled with zeros.

    Each row together with its EOL takes *min_row_bits* at least, filled up with zeros before the next EOL.
    Files leave RTC out.
    """
    return stream_octets(*encode_rows(to_words(page), page.width_px, max(0, min_row_bits), False, 0, rtc))


def decode(octets: bytes, width_px: int, resolution: Resolution, max_rows: int = MOST_ROWS) -> Decoded:
    """Whatever rows can be found between the EOLs, at most *max_rows*. Raises nothing on any octets.

    A row is bad where its codes make no sense or do not add up to the width; it is replaced by the row above.
    What precedes the first EOL, lone EOLs and all that follows RTC are passed over.
    """
    rows, bad, complete = decode_rows(stream_words(octets), len(octets) * 8, width_px, max(0, max_rows), False)
    bad_rows = tuple(np.flatnonzero(bad).tolist())
    return Decoded(Page(width_px, from_words(rows, width_px), resolution, bad_rows), bool(complete))
