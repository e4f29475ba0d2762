"""The pages to test with are the same everywhere and show what they say."""

import pytest

from firmware_sim.t4 import patterns
from firmware_sim.t4.page import Page, Resolution


@pytest.mark.parametrize("name", patterns.PATTERNS)
def test_a_pattern_is_the_same_each_time(name):
    page = patterns.PATTERNS[name]()
    assert page == patterns.PATTERNS[name]()
    assert page.width_px == 1728
    assert page.height_px > 1000


def test_patterns_differ():
    assert len({draw().hash for draw in patterns.PATTERNS.values()}) == len(patterns.PATTERNS)


@pytest.mark.parametrize("width_px", [1, 9, 1728, 2432])
def test_no_ink_past_the_width(width_px):
    spare = -width_px % 8
    for page in (patterns.dense(width_px, 4), patterns.staircase(width_px, 40), patterns.diagonals(width_px, 70)):
        assert all(page.row(number)[-1] & ((1 << spare) - 1) == 0 for number in range(page.height_px))


def test_runs_are_drawn_as_given():
    assert patterns.drawn(8, [[1, 2, 3], [], [0, 99]]) == Page(8, b"\x60\x00\xff")
    assert patterns.drawn(8, [[3]], first=1) == Page(8, b"\xe0")


def test_text_keeps_its_size_at_another_resolution():
    fine = patterns.text(resolution=Resolution.FINE, height_px=patterns.HEIGHT_PX[Resolution.FINE])
    ink = sum(octet.bit_count() for octet in fine.rows) / (fine.width_px * fine.height_px)
    assert 0.05 < ink < 0.3
