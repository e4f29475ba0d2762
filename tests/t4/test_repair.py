"""What is shown in place of bad rows."""

import pytest

from firmware_sim.t4.page import Page, Resolution
from firmware_sim.t4.repair import Repair, repaired

PAGE = Page(8, bytes((1, 99, 99, 99, 5, 99, 7)), Resolution.STANDARD, (1, 2, 3, 5))


@pytest.mark.parametrize(
    ("repair", "rows"),
    [
        (Repair.KEEP, (1, 99, 99, 99, 5, 99, 7)),
        (Repair.REPEAT, (1, 1, 1, 1, 5, 5, 7)),
        (Repair.WHITE, (1, 0, 0, 0, 5, 0, 7)),
        (Repair.INTERPOLATE, (1, 1, 1, 5, 5, 5, 7)),
    ],
)
def test_each_choice(repair, rows):
    assert repaired(PAGE, repair) == Page(8, bytes(rows), Resolution.STANDARD, PAGE.bad_rows)


@pytest.mark.parametrize(
    ("bad", "repair", "rows"),
    [
        ((0, 1), Repair.REPEAT, (0, 0, 3)),
        ((0, 1), Repair.INTERPOLATE, (3, 3, 3)),
        ((1, 2), Repair.INTERPOLATE, (9, 9, 9)),
        ((0, 1, 2), Repair.INTERPOLATE, (0, 0, 0)),
        ((0, 1, 2, 7), Repair.WHITE, (0, 0, 0)),
    ],
)
def test_at_the_edges(bad, repair, rows):
    page = Page(8, bytes((9, 9, 3) if 2 not in bad else (9, 9, 9)), Resolution.STANDARD, bad)
    assert repaired(page, repair).rows == bytes(rows)


def test_a_good_page_is_left_alone():
    page = Page(8, b"abc")
    assert all(repaired(page, repair) is page for repair in Repair)
