"""A page at another vertical resolution: what a sender does for a receiver that has not the one it was drawn in."""

from firmware_sim.t4.page import Page, Resolution


def at_resolution(page: Page, resolution: Resolution) -> Page:
    """Neighbouring rows are laid over each other, or rows repeated, so that no thin line is lost; 1 to 2 to 4.

    Bad rows are not carried over.
    """
    have, want = _rows_per_standard(page.resolution), _rows_per_standard(resolution)
    if have > want:
        rows = _merged(page, have // want)
    elif have < want:
        rows = b"".join(page.row(number) * (want // have) for number in range(page.height_px))
    else:
        return page
    return Page(page.width_px, rows, resolution)


def _rows_per_standard(resolution: Resolution) -> int:
    return {Resolution.STANDARD: 1, Resolution.FINE: 2, Resolution.SUPERFINE: 4}[resolution]


def _merged(page: Page, count: int) -> bytes:
    """Each *count* rows as one, black where any of them is."""
    merged = bytearray()
    for first in range(0, page.height_px, count):
        bits = 0
        for number in range(first, min(first + count, page.height_px)):
            bits |= int.from_bytes(page.row(number), "big")
        merged += bits.to_bytes(page.row_octets, "big")
    return bytes(merged)
