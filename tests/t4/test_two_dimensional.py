"""MR and MMR: both ways, against libtiff, and on streams that were hurt."""

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware_sim.t4 import mmr, mr, patterns
from firmware_sim.t4.codes import BLACK, HORIZONTAL_BITS, PASS_BITS, VERTICAL, WHITE, code_words
from firmware_sim.t4.page import Page, Resolution, difference
from tests.t4 import libtiff
from tests.t4.test_mh import RTC, bits_of, flip, octets, pages

STANDARD, FINE, SUPERFINE = Resolution
EOFB = "000000000001" * 2
RTC_2D = "0000000000011" * 6
GROUP_3_2D = {"compression": 3, "options": 1}
GROUP_4 = {"compression": 4}
HORIZONTAL, PASS = "1".rjust(HORIZONTAL_BITS, "0"), "1".rjust(PASS_BITS, "0")


def every_pattern():
    """The patterns at some widths, and what is hard: nothing but black, a black first row, tiny pages."""
    for name, draw in patterns.PATTERNS.items():
        for width_px in (1728, 13):
            yield pytest.param(draw(width_px), id=f"{name} {width_px}")
    for width_px in (2048, 2432, 1000):
        yield pytest.param(patterns.text(width_px, height_px=200), id=f"text {width_px}")
        yield pytest.param(patterns.diagonals(width_px, height_px=200), id=f"diagonals {width_px}")
    for width_px in (1, 7, 64, 1728):
        yield pytest.param(patterns.drawn(width_px, [[0, width_px]] * 5), id=f"black {width_px}")
        yield pytest.param(patterns.drawn(width_px, [[0, width_px], [], [width_px // 2, 1]]), id=f"first {width_px}")


# -- without errors ----------------------------------------------------------------------------------------------------


@given(pages(), st.sampled_from((0, 1, 96, 192)), st.sampled_from((None, mr.INFINITE, 1, 2, 3)))
@settings(max_examples=150, deadline=None)
def test_a_page_comes_back_in_mr(page, min_row_bits, k):
    decoded = mr.decode(mr.encode(page, min_row_bits, k), page.width_px, page.resolution)
    assert decoded.page == page
    assert decoded.complete


@given(pages())
@settings(max_examples=150, deadline=None)
def test_a_page_comes_back_in_mmr(page):
    decoded = mmr.decode(mmr.encode(page), page.width_px, page.resolution)
    assert decoded.page == page
    assert decoded.complete


@given(st.integers(1, 200), st.integers(0, 30), st.randoms(use_true_random=False))
@settings(max_examples=100, deadline=None)
def test_noise_comes_back(width_px, height_px, rng):
    octets_a_row = (width_px + 7) // 8
    rows = b"".join(
        (rng.getrandbits(width_px) << (octets_a_row * 8 - width_px)).to_bytes(octets_a_row, "big")
        for _ in range(height_px)
    )
    page = Page(width_px, rows)
    assert mmr.decode(mmr.encode(page), width_px, STANDARD).page == page
    assert mr.decode(mr.encode(page), width_px, STANDARD).page == page


@pytest.mark.parametrize("page", list(every_pattern()))
def test_every_pattern_comes_back(page):
    for codec in (mr, mmr):
        decoded = codec.decode(codec.encode(page), page.width_px, page.resolution)
        assert difference(page, decoded.page) == ""
        assert (decoded.complete, decoded.rows) == (True, page.height_px)


def test_the_stream_is_what_the_recommendation_prints():
    """A row of black 3, the same again, shifted by one, gone."""
    page = patterns.drawn(16, [[4, 3], [4, 3], [5, 3], []])
    first = HORIZONTAL + "1011" + "10"  # white 4, black 3
    rows = [first + "1", "1" * 3, "011" * 2 + "1", PASS + "1"]
    assert mmr.encode(page) == octets("".join(rows) + EOFB)
    flat = ["1011 10 10100", "1", "1011 10 10100", "1"]  # every second row on its own
    flat[1], flat[2], flat[3] = "0" + rows[1], "1" + "1100 10 10011", "0" + rows[3]
    eol = "000000000001"
    assert mr.encode(page) == octets(eol + "1" + flat[0] + "".join(eol + row for row in flat[1:]) + RTC_2D)


@pytest.mark.parametrize(("resolution", "k"), [(STANDARD, 2), (FINE, 4), (SUPERFINE, 8)])
def test_one_row_in_k_is_one_dimensional(resolution, k):
    page = patterns.text(resolution=resolution, height_px=40)
    assert mr.encode(page) == mr.encode(page, k=k)
    assert mr.encode(page) != mr.encode(page, k=mr.INFINITE)


@pytest.mark.parametrize("min_row_bits", [30, 192, 1000])
def test_fill_makes_rows_last(min_row_bits):
    bits = bits_of(mr.encode(patterns.white(height_px=50), min_row_bits))
    assert 0 <= len(bits) - (50 * min_row_bits + len(RTC_2D)) < 8


def test_ink_past_the_width_is_not_sent():
    page = Page(4, b"\xff\x0f")
    assert mmr.decode(mmr.encode(page), 4, STANDARD).page.rows == b"\xf0\x00"
    assert mr.decode(mr.encode(page), 4, STANDARD).page.rows == b"\xf0\x00"


# -- against libtiff ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("page", list(every_pattern()))
def test_libtiff_reads_what_we_write(page):
    assert libtiff.read(mmr.encode(page), page, **GROUP_4) == page.rows
    assert libtiff.read(mr.encode(page), page, **GROUP_3_2D) == page.rows
    assert libtiff.read(mr.encode(page, k=mr.INFINITE), page, **GROUP_3_2D) == page.rows


@pytest.mark.parametrize("page", list(every_pattern()))
def test_our_mmr_is_libtiffs_octet_for_octet(page):
    assert mmr.encode(page) == libtiff.write(page, **GROUP_4)


@pytest.mark.parametrize("page", list(every_pattern()))
def test_our_mr_is_libtiffs_bit_for_bit(page):
    """All but RTC, which libtiff leaves out."""
    theirs, ours = libtiff.write(page, **GROUP_3_2D), mr.encode(page)
    assert ours.startswith(theirs[:-1])
    assert bits_of(ours)[: len(theirs) * 8].startswith(bits_of(theirs).rstrip("0"))
    assert mr.decode(theirs, page.width_px, STANDARD).page == page


@given(pages())
@settings(max_examples=100, deadline=None)
def test_random_pages_are_libtiffs_octet_for_octet(page):
    if page.height_px:
        assert mmr.encode(page) == libtiff.write(page, **GROUP_4)
        assert libtiff.read(mr.encode(page), page, **GROUP_3_2D) == page.rows


# -- hurt MR -----------------------------------------------------------------------------------------------------------


def unseen(page, decoded):
    return [n for n in range(page.height_px) if n not in decoded.page.bad_rows and decoded.page.row(n) != page.row(n)]


def hurt_pages(seeds, flips=20):
    miscounted = blind = 0
    for seed in seeds:
        page = patterns.text(seed=seed)
        decoded = mr.decode(flip(mr.encode(page, 48), Random(seed), flips), page.width_px, STANDARD)
        assert decoded.complete
        assert len(decoded.page.bad_rows) <= 2 * flips + 2
        miscounted += decoded.rows != page.height_px
        blind += len(unseen(page, decoded)) if decoded.rows == page.height_px else 0
    return miscounted, blind


def test_a_wrong_bit_costs_k_rows_and_is_seen():
    miscounted, blind = hurt_pages(range(20))
    assert miscounted <= 1
    assert blind <= 60


@pytest.mark.soak
def test_wrong_bits_at_length():
    miscounted, blind = hurt_pages(range(500))
    assert miscounted <= 500 * 0.04
    assert blind <= 500 * 20 * 0.15


@pytest.mark.parametrize("k", [2, 4, 8])
def test_after_damage_the_next_one_dimensional_row_is_good_again(k):
    page = patterns.diagonals(height_px=64)
    clean = bits_of(mr.encode(page, k=k))
    eols = [place for place in range(len(clean)) if clean.startswith("000000000001", place)]
    for row in range(k, 3 * k):
        begin = eols[row] + 13
        decoded = mr.decode(octets(clean[:begin] + "00000001" + clean[begin + 8 :]), 1728, STANDARD)
        again = (row // k + 1) * k
        assert decoded.page.bad_rows == tuple(range(row, again))
        assert all(decoded.page.row(n) == page.row(row - 1 if row <= n < again else n) for n in range(64))


def test_a_first_row_without_its_reference_is_bad():
    decoded = mr.decode(octets("000000000001 0 1" + "000000000001 1 10011" + RTC_2D), 8, STANDARD)
    assert decoded.page == Page(8, b"\0\0", STANDARD, (0,))


@pytest.mark.parametrize("hit", range(78))
def test_one_wrong_bit_in_rtc_is_seen_through(hit):
    page = patterns.text(height_px=40)
    bits = bits_of(mr.encode(page))
    start = bits.rindex(RTC_2D)
    spoilt = bits[: start + hit] + ("0" if bits[start + hit] == "1" else "1") + bits[start + hit + 1 :]
    decoded = mr.decode(octets(spoilt), page.width_px, STANDARD)
    assert decoded.complete
    assert decoded.rows == 40
    assert decoded.page.bad_rows in ((), (39,))


@pytest.mark.parametrize("seed", range(3))
def test_one_wrong_bit_hardly_ever_changes_the_number_of_rows(seed):
    """Two-dimensional codes may look like an EOL with one wrong bit; those of MH do not."""
    page, rng = patterns.text(height_px=200, seed=seed), Random(seed)
    clean = mr.encode(page)
    counts = [mr.decode(flip(clean, rng, 1), page.width_px, STANDARD).rows for _ in range(300)]
    assert sum(count != 200 for count in counts) <= 3
    assert all(abs(count - 200) <= 1 for count in counts)


def test_white_rows_of_one_bit_are_no_rtc():
    page = patterns.white(height_px=20)
    assert mr.decode(mr.encode(page, k=mr.INFINITE), 1728, STANDARD).page == page


# -- hurt MMR ----------------------------------------------------------------------------------------------------------


def test_damage_is_the_end_and_one_bad_row_says_so():
    page = patterns.text(height_px=100)
    clean = bits_of(mmr.encode(page))
    decoded = mmr.decode(octets(clean[:9000] + "0000000" + clean[9007:]), 1728, STANDARD)
    assert not decoded.complete
    assert decoded.page.bad_rows == (decoded.rows - 1,)
    assert 10 < decoded.rows < 100


def test_a_page_cut_short_says_so():
    page = patterns.text(height_px=100)
    clean = mmr.encode(page)
    for length in range(0, len(clean) - 3, 97):
        decoded = mmr.decode(clean[:length], page.width_px, STANDARD)
        sure = decoded.rows - len(decoded.page.bad_rows)
        assert not decoded.complete
        assert decoded.page.rows[: sure * 216] == page.rows[: sure * 216]


def test_half_an_eofb_is_none():
    clean = bits_of(mmr.encode(patterns.drawn(8, [[3, 2]])))
    decoded = mmr.decode(octets(clean[: clean.rindex(EOFB) + 12]), 8, STANDARD)
    assert (decoded.rows, decoded.page.bad_rows, decoded.complete) == (1, (), False)


@pytest.mark.parametrize("codec", [mr, mmr], ids=["MR", "MMR"])
def test_no_more_rows_than_wanted(codec):
    page = patterns.text(height_px=50)
    assert codec.decode(codec.encode(page), 1728, STANDARD, 10).page.rows == page.rows[: 10 * 216]
    assert codec.decode(codec.encode(page), 1728, STANDARD, 0).rows == 0


@pytest.mark.parametrize("hit", range(0, 4000, 13))
def test_a_wrong_bit_anywhere_makes_a_page(hit):
    page = patterns.text(height_px=30)
    hurt = bytearray(mmr.encode(page))
    hurt[hit // 8 % len(hurt)] ^= 128 >> (hit & 7)
    decoded = mmr.decode(bytes(hurt), 1728, STANDARD, 100)
    assert decoded.rows <= 100


WORDS = ("000000000001", "0", "1", "00000", HORIZONTAL, PASS, *VERTICAL, *code_words(WHITE)[:80], *code_words(BLACK))


@given(st.lists(st.sampled_from(WORDS), max_size=150), st.sampled_from((1, 5, 64, 1728)))
@settings(max_examples=400, deadline=None)
def test_any_codes_in_any_order_make_a_page(words, width_px):
    data = octets("".join(words))
    for codec in (mr, mmr):
        decoded = codec.decode(data, width_px, STANDARD)
        assert all(0 <= row < decoded.rows for row in decoded.page.bad_rows)


@given(st.binary(max_size=400), st.sampled_from((1, 2, 63, 64, 65, 1728, 5200)))
@settings(max_examples=300, deadline=None)
def test_any_octets_make_a_page(data, width_px):
    for codec in (mr, mmr):
        decoded = codec.decode(data, width_px, STANDARD)
        assert decoded.page.width_px == width_px


def test_mh_and_mr_do_not_take_each_other_for_a_whole_page():
    page = patterns.text(height_px=50)
    assert mr.decode(octets(RTC), 1728, STANDARD).rows == 0
    assert difference(page, mr.decode(mr.encode(page), 1728, STANDARD).page) == ""
