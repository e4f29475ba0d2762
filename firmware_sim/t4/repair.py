"""What to show in place of rows that arrived damaged. The page stays marked: a repair is no truth."""

from enum import Enum

from firmware_sim.t4.page import Page


class Repair(Enum):
    KEEP = "as the decoder left them: it repeats the row above"
    REPEAT = "the last good row above"
    WHITE = "white"
    INTERPOLATE = "the upper half of a gap from the good row above, the lower half from the good row below"


def repaired(page: Page, repair: Repair) -> Page:
    """The page with its bad rows so filled. Where no row is good on one side, that of the other serves, else white."""
    bad = sorted({number for number in page.bad_rows if 0 <= number < page.height_px})
    if repair is Repair.KEEP or not bad:
        return page
    rows, blank = bytearray(page.rows), bytes(page.row_octets)
    for first, last in _gaps(bad):
        above = page.row(first - 1) if first else None
        below = page.row(last + 1) if last + 1 < page.height_px else None
        for number in range(first, last + 1):
            upper = number - first < last + 1 - number or below is None
            row = blank
            if repair is Repair.REPEAT:
                row = above or blank
            elif repair is Repair.INTERPOLATE:
                row = (above if upper else below) or above or below or blank
            rows[number * page.row_octets : (number + 1) * page.row_octets] = row
    return Page(page.width_px, bytes(rows), page.resolution, page.bad_rows)


def _gaps(bad: list[int]) -> list[tuple[int, int]]:
    """Bad rows that stand together: the first and the last of each."""
    known = set(bad)
    firsts = [number for number in bad if number - 1 not in known]
    lasts = [number for number in bad if number + 1 not in known]
    return list(zip(firsts, lasts, strict=True))
