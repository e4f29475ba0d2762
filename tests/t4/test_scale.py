"""Pages at another vertical resolution."""

import pytest

from firmware_sim.t4 import patterns
from firmware_sim.t4.page import Page, Resolution
from firmware_sim.t4.scale import at_resolution

STANDARD, FINE, SUPERFINE = Resolution


def test_a_thin_line_survives():
    page = Page(8, b"\x00\xff\x00\x00\x0f", FINE)
    assert at_resolution(page, STANDARD) == Page(8, b"\xff\x00\x0f", STANDARD)


def test_rows_are_repeated():
    assert at_resolution(Page(8, b"\x01\x02"), FINE) == Page(8, b"\x01\x01\x02\x02", FINE)
    assert at_resolution(Page(8, b"\x01"), SUPERFINE) == Page(8, b"\x01" * 4, SUPERFINE)


@pytest.mark.parametrize("resolution", Resolution)
def test_up_and_down_again_changes_nothing(resolution):
    page = patterns.text(height_px=50)
    assert at_resolution(at_resolution(page, resolution), STANDARD) == page
    assert at_resolution(Page(9, b""), resolution).height_px == 0
