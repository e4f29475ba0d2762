"""Pages made to fit the terms of a call, and the octets that carry them."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from firmware_sim.t4.bits import stream_words
from firmware_sim.t4.codecs import CODECS
from firmware_sim.t4.page import MOST_ROWS, Decoded, Page, Resolution
from firmware_sim.t4.scale import at_resolution
from firmware_sim.t4.stream import find_eols
from firmware_sim.t30.call import Copy
from firmware_sim.t30.capabilities import Form, most_rows
from firmware_sim.t30.tables import Dcs, Grid

GRIDS = {Grid[resolution.name]: resolution for resolution in Resolution if resolution.name in Grid.__members__}
"""The resolutions that T.30 and the page codecs both know."""
LONGEST_ROW_S = 5
"""A row that lasts longer is none (T.4), and the page with it."""


def form(page: object) -> Form:
    """The narrowest paper that holds the page, and how long it is."""
    assert isinstance(page, Page)
    grid = Grid[page.resolution.name]
    widths = [mm for mm, px in grid.widths_px.items() if page.width_px <= px] or [max(grid.widths_px)]
    return Form(grid, widths[0], page.height_px / grid.rows_per_mm)


def divide(page: object, terms: Dcs) -> Sequence[Page]:
    """A page that is longer than the receiver's paper as several."""
    assert isinstance(page, Page)
    fitted, most = fit(page, terms), most_rows(terms)
    if fitted.height_px <= most:
        return (page,)
    octets = fitted.row_octets * most
    parts = [fitted.rows[start : start + octets] for start in range(0, len(fitted.rows), octets)]
    return [Page(fitted.width_px, rows, fitted.resolution) for rows in parts]


def encode(page: object, terms: Dcs) -> bytes:
    assert isinstance(page, Page)
    return CODECS[terms.coding].encode(fit(page, terms), terms.min_row_bits)


def decode(octets: bytes, terms: Dcs) -> Decoded:
    return CODECS[terms.coding].decode(octets, terms.width_px, GRIDS[terms.grid], MOST_ROWS)


def inspect(octets: bytes, terms: Dcs) -> Copy:
    decoded = decode(octets, terms)
    too_slow = terms.rate is not None and longest_row_bits(octets) > LONGEST_ROW_S * terms.rate.bps
    return Copy(decoded.page.height_px, len(decoded.page.bad_rows), decoded.complete and not too_slow)


def longest_row_bits(octets: bytes) -> int:
    """From the end of one EOL to the end of the next, its fill included."""
    ends = find_eols(stream_words(octets), len(octets) * 8)
    return int(np.diff(ends).max()) if len(ends) > 1 else 0


def fit(page: Page, terms: Dcs) -> Page:
    """The page at the resolution and width of the terms. A wider page is made smaller, a narrower one set on white."""
    resolution = GRIDS[terms.grid]
    if page.resolution.x_dpi == resolution.x_dpi:
        page = at_resolution(page, resolution)
    else:
        across = resolution.x_dpi / page.resolution.x_dpi
        page = _resampled(page, across, resolution.y_dpi / page.resolution.y_dpi, resolution)
    if page.width_px > terms.width_px:
        smaller = terms.width_px / page.width_px
        page = _resampled(page, smaller, smaller, resolution)
    return page if page.width_px == terms.width_px else _on_white(page, terms.width_px)


def _on_white(page: Page, width_px: int) -> Page:
    black = np.zeros((page.height_px, width_px), np.uint8)
    black[:, : page.width_px] = _pixels(page)
    return _page(black, page.resolution)


def _resampled(page: Page, across: float, down: float, resolution: Resolution) -> Page:
    """Pixels laid over each other where there are to be fewer, so that no thin line is lost; repeated where more."""
    black = _scaled(_pixels(page), round(page.width_px * across), axis=1)
    return _page(_scaled(black, round(page.height_px * down), axis=0), resolution)


def _scaled(black: NDArray[np.uint8], count: int, axis: int) -> NDArray[np.uint8]:
    have = black.shape[axis]
    if not have or not count:
        return np.zeros((count, black.shape[1]) if axis == 0 else (black.shape[0], count), np.uint8)
    first = np.arange(count) * have // count
    return np.maximum.reduceat(black, first, axis=axis) if count < have else np.take(black, first, axis=axis)


def _pixels(page: Page) -> NDArray[np.uint8]:
    """uint8 [row, pixel], 1 is black"""
    packed = np.frombuffer(page.rows, np.uint8).reshape(page.height_px, page.row_octets)
    return np.unpackbits(packed, axis=1)[:, : page.width_px]


def _page(black: NDArray[np.uint8], resolution: Resolution) -> Page:
    return Page(black.shape[1], np.packbits(black, axis=1).tobytes(), resolution)
