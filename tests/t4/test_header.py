"""The header line: read back by its glyphs, at every resolution; and the font."""

import pytest

from firmware_sim.t4 import font, header, mmr, patterns
from firmware_sim.t4.header import Header, Place
from firmware_sim.t4.page import Page, Resolution

FULL = Header("2025-03-09 14:05", "+49 30 2010", "+49 30 2020 (Bakery & Sons)", 2, 12)
ASCII = "".join(chr(code) for code in range(32, 127))


def test_every_character_has_a_glyph_of_its_own():
    assert len(font.GLYPHS) == 96
    assert len(set(font.GLYPHS)) == 96
    assert all(len(rows) == font.HEIGHT and max(rows) < 32 for rows in font.GLYPHS)
    assert [character for character in ASCII if not any(font.glyph(character))] == [" "]


def test_what_the_font_has_not_is_a_box():
    assert font.glyph("ß") == font.glyph("\x07") == font.glyph("\x7f") == font.BOX


@pytest.mark.parametrize("resolution", Resolution)
@pytest.mark.parametrize("width_px", [1728, 2048, 2432])
@pytest.mark.parametrize("place", Place)
def test_the_line_can_be_read_back(resolution, width_px, place):
    page = patterns.text(width_px, 200, resolution)
    printed = header.printed(page, FULL, place)
    text = header.read(printed)
    assert text == FULL.text(header.columns(width_px))
    assert text.startswith("2025-03-09 14:05  +49 30 2010   ")
    assert text.endswith("   +49 30 2020 (Bakery & Sons)  p. 2/12")
    rows = header.band_rows(resolution)
    below = page.rows if place is Place.INSERT else page.rows[rows * page.row_octets :]
    assert printed.rows[rows * page.row_octets :] == below
    assert printed == header.printed(page, FULL, place)


def test_every_character_can_be_read_back():
    strip = header.band(ASCII, 1728, Resolution.STANDARD)
    assert header.read(strip) == ASCII
    assert header.read(header.band("Größe", 1728, Resolution.FINE)) == "Gr\ufffd\ufffde"


def test_it_is_as_high_on_paper_at_every_resolution():
    assert [header.band_rows(resolution) for resolution in Resolution] == [13, 26, 52]


def test_it_survives_a_codec():
    page = header.printed(patterns.white(height_px=40), FULL)
    decoded = mmr.decode(mmr.encode(page), 1728, Resolution.STANDARD)
    assert header.read(decoded.page) == header.read(page)


def test_what_is_too_long_is_cut_but_never_the_page():
    long = Header("2025-03-09 14:05", "s" * 200, "r" * 200, 7, 8)
    for columns in (20, 40, 136, 150):
        text = long.text(columns)
        assert len(text) == columns
        assert text.endswith("7/8") or columns < 26
    assert Header(page=3).text(20) == "p. 3".rjust(20)


def test_bad_rows_move_along():
    page = Page(1728, bytes(216 * 40), Resolution.STANDARD, (5, 30))
    assert header.printed(page, FULL).bad_rows == (30,)
    assert header.printed(page, FULL, Place.INSERT).bad_rows == (18, 43)


@pytest.mark.parametrize(("width_px", "height_px"), [(1, 1), (100, 3), (107, 5), (108, 0)])
def test_small_pages_do_not_break_it(width_px, height_px):
    page = Page(width_px, bytes((width_px + 7) // 8 * height_px))
    assert header.printed(page, FULL).height_px == 13
