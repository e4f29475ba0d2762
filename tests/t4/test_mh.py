"""Modified Huffman: both ways, against libtiff, and on streams that were hurt."""

from itertools import pairwise
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware_sim.t4 import mh, patterns
from firmware_sim.t4.codes import BLACK, WHITE, code_words
from firmware_sim.t4.page import Page, Resolution, difference
from tests.t4 import libtiff

STANDARD = Resolution.STANDARD
WIDTHS_PX = (1, 2, 7, 8, 9, 63, 64, 65, 1728, 2048, 2432, 2561, 5200)
EOL = "000000000001"
RTC = EOL * 6


def octets(bits):
    bits = bits.replace(" ", "")
    return int(bits.ljust((len(bits) + 7) // 8 * 8, "0"), 2).to_bytes((len(bits) + 7) // 8, "big") if bits else b""


def bits_of(data):
    return "".join(f"{octet:08b}" for octet in data)


def decode(bits, width_px=8, **more):
    return mh.decode(octets(bits), width_px, STANDARD, **more)


@st.composite
def pages(draw):
    width_px = draw(st.sampled_from(WIDTHS_PX))
    run = st.one_of(st.integers(0, 70), st.integers(0, width_px))
    rows = draw(st.lists(st.lists(run, max_size=40), max_size=12))
    return patterns.drawn(width_px, rows)


# -- without errors ----------------------------------------------------------------------------------------------------


@given(pages(), st.sampled_from((0, 1, 96, 192, 288)))
@settings(max_examples=150, deadline=None)
def test_a_page_comes_back(page, min_row_bits):
    decoded = mh.decode(mh.encode(page, min_row_bits), page.width_px, page.resolution)
    assert decoded.page == page
    assert decoded.complete


@pytest.mark.parametrize("name", patterns.PATTERNS)
def test_every_pattern_comes_back(name):
    page = patterns.PATTERNS[name]()
    decoded = mh.decode(mh.encode(page, 96), page.width_px, page.resolution)
    assert difference(page, decoded.page) == ""
    assert (decoded.page.hash, decoded.complete, decoded.rows) == (page.hash, True, page.height_px)


@pytest.mark.parametrize("colour", [WHITE, BLACK])
@pytest.mark.parametrize("width_px", [1728, 2432, 2700, 6000])
def test_every_run_length_comes_back(colour, width_px):
    rows = [[0, run] if colour else [run, width_px] for run in range(width_px + 1)]
    page = patterns.drawn(width_px, rows)
    assert mh.decode(mh.encode(page), width_px, STANDARD).page == page


def test_no_code_word_begins_another():
    for colour in (WHITE, BLACK):
        words = sorted(code_words(colour))
        assert len(words) == 104
        assert not any(later.startswith(word) for word, later in pairwise(words))


def test_the_stream_is_what_the_recommendation_prints():
    page = patterns.drawn(1728, [[], [0, 3, 1725]])
    white, black_3_white_1725 = "010011011 00110101", "00110101 10 011000 00110010"
    assert mh.encode(page) == octets(EOL + white + EOL + black_3_white_1725 + RTC)


@pytest.mark.parametrize("min_row_bits", [0, 29, 30, 192, 1000])
def test_fill_makes_rows_last(min_row_bits):
    page = patterns.white(height_px=50)
    bits = bits_of(mh.encode(page, min_row_bits))
    assert bits[: bits.index(RTC)].count("1") > 0
    assert 0 <= len(bits) - (50 * max(29, min_row_bits) + 72) < 8


def test_ink_past_the_width_is_not_sent():
    page = Page(4, b"\xff\x0f")
    assert mh.decode(mh.encode(page), 4, STANDARD).page.rows == b"\xf0\x00"


# -- against libtiff ---------------------------------------------------------------------------------------------------

GROUP_3 = 3


@pytest.mark.parametrize("name", patterns.PATTERNS)
def test_libtiff_reads_what_we_write(name):
    page = patterns.PATTERNS[name]()
    assert libtiff.read(mh.encode(page), page, GROUP_3) == page.rows


@pytest.mark.parametrize("name", patterns.PATTERNS)
def test_we_read_what_libtiff_writes(name):
    page = patterns.PATTERNS[name]()
    decoded = mh.decode(libtiff.write(page, GROUP_3), page.width_px, page.resolution)
    assert decoded.page == page
    assert not decoded.complete


@pytest.mark.parametrize("width_px", [8, 64, 1728, 2048, 2432])
def test_our_rows_are_libtiffs_bit_for_bit(width_px):
    page = patterns.all_runs(width_px)
    assert bits_of(mh.encode(page)).startswith(bits_of(libtiff.write(page, GROUP_3)).rstrip("0"))


# -- hurt streams ------------------------------------------------------------------------------------------------------

ROW = {  # a row of 8 pixels: white 8, black 8, white 3 black 5
    "white": "10011",
    "black": "00110101 000101",
    "mixed": "1000 0011",
}
PIXELS = {"white": b"\x00", "black": b"\xff", "mixed": b"\x1f"}


def stream(*rows, end=RTC):
    return "".join(EOL + ROW.get(row, row) for row in rows) + end


def test_garbage_before_the_first_eol_is_passed_over():
    decoded = decode("1011010001" + stream("mixed", "black"))
    assert (decoded.page.rows, decoded.page.bad_rows, decoded.complete) == (b"\x1f\xff", (), True)


def test_noise_after_rtc_is_passed_over():
    decoded = decode(stream("mixed") + "0110" + stream("black", "black"))
    assert (decoded.page.rows, decoded.complete) == (b"\x1f", True)
    assert decode(stream("mixed") + "0" * 1000).page.rows == b"\x1f"


@pytest.mark.parametrize("data", ["", "0" * 64, "1" * 64, EOL, "0" * 500 + "1"])
def test_nothing_there(data):
    decoded = decode(data)
    assert (decoded.rows, decoded.complete) == (0, False)


def test_rtc_alone_is_an_empty_page():
    decoded = decode(RTC)
    assert (decoded.rows, decoded.complete) == (0, True)


@pytest.mark.parametrize(
    "row",
    ["1000", "1000 0011 1000", "1111111", "00110101", "11011 1000", "01111", "00000001", "1000 0011 0000110111 0111"],
    ids=["short", "long", "no codes", "none", "longer by a make-up", "one over", "no code", "longer by two"],
)
def test_a_row_that_does_not_add_up_is_bad(row):
    decoded = decode(stream("mixed", row, "black"))
    assert decoded.page == Page(8, b"\x1f\x1f\xff", STANDARD, (1,))
    assert decoded.complete


def test_a_bad_first_row_is_white():
    assert decode(stream("1000", "black")).page == Page(8, b"\x00\xff", STANDARD, (0,))


@pytest.mark.parametrize("fill", [0, 1, 7, 100])
@pytest.mark.parametrize("hit", range(12))
def test_one_wrong_bit_in_an_eol_loses_no_row(fill, hit):
    """Where the one of an EOL goes, the row after it is bad; a wrong zero is seen through."""
    spoilt = EOL[:hit] + ("0" if EOL[hit] == "1" else "1") + EOL[hit + 1 :]
    decoded = decode(EOL + ROW["mixed"] + "0" * fill + spoilt + ROW["black"] + EOL + ROW["white"] + RTC)
    assert decoded.rows == 3
    assert decoded.page.bad_rows in ((), (1,))
    assert all(decoded.page.row(n) == row for n, row in enumerate((b"\x1f", b"\xff", b"\x00")) if n != 1)
    assert 0 not in decoded.page.bad_rows or fill


@pytest.mark.parametrize("hit", range(72))
def test_one_wrong_bit_in_rtc_is_seen_through(hit):
    page = patterns.text(height_px=40)
    clean = mh.encode(page)
    bits = bits_of(clean)
    start = bits.rindex(RTC)
    spoilt = bits[: start + hit] + ("0" if bits[start + hit] == "1" else "1") + bits[start + hit + 1 :]
    decoded = mh.decode(octets(spoilt), page.width_px, STANDARD)
    assert decoded.complete
    assert decoded.rows == 40
    assert decoded.page.bad_rows in ((), (39,))
    assert decoded.page.rows[: 39 * 216] == page.rows[: 39 * 216]


def test_a_page_cut_short_says_so():
    page = patterns.text(height_px=100)
    clean = mh.encode(page)
    for length in range(0, len(clean) - 9, 97):
        decoded = mh.decode(clean[:length], page.width_px, STANDARD)
        assert not decoded.complete
        assert decoded.page.rows == page.rows[: len(decoded.page.rows)]


def test_no_more_rows_than_wanted():
    page = patterns.white(height_px=500)
    assert mh.decode(mh.encode(page), 1728, STANDARD, max_rows=100).rows == 100
    assert mh.decode(mh.encode(page), 1728, STANDARD, max_rows=0).rows == 0


def flip(data, rng, count):
    """Any bits but those of the first EOL: what comes before an EOL that is read is no page."""
    hurt = bytearray(data)
    for place in rng.sample(range(12, len(data) * 8), count):
        hurt[place >> 3] ^= 128 >> (place & 7)
    return bytes(hurt)


def unseen(page, decoded):
    return [n for n in range(page.height_px) if n not in decoded.page.bad_rows and decoded.page.row(n) != page.row(n)]


def hurt_pages(seeds, flips=20):
    """Of so many pages of text, those whose number of rows changed, and rows that are wrong and not known to be."""
    miscounted = blind = 0
    for seed in seeds:
        page = patterns.text(seed=seed)
        decoded = mh.decode(flip(mh.encode(page, 48), Random(seed), flips), page.width_px, STANDARD)
        assert decoded.complete
        assert len(decoded.page.bad_rows) <= flips + 1
        miscounted += decoded.rows != page.height_px
        blind += len(unseen(page, decoded)) if decoded.rows == page.height_px else 0
    return miscounted, blind


def test_a_wrong_bit_costs_one_row_and_is_seen():
    """But for the few codes that a wrong bit turns into others of the same length in all: MH has no other check."""
    miscounted, blind = hurt_pages(range(20))
    assert miscounted <= 1
    assert blind <= 6


@pytest.mark.soak
def test_wrong_bits_at_length():
    miscounted, blind = hurt_pages(range(500))
    assert miscounted <= 500 * 0.04
    assert blind <= 500 * 20 * 0.015


@pytest.mark.parametrize("seed", range(3))
def test_one_wrong_bit_never_changes_the_number_of_rows(seed):
    page, rng = patterns.text(height_px=200, seed=seed), Random(seed)
    clean = mh.encode(page)
    for _ in range(300):
        assert mh.decode(flip(clean, rng, 1), page.width_px, STANDARD).rows == 200


@given(st.binary(max_size=400), st.sampled_from(WIDTHS_PX))
@settings(max_examples=300, deadline=None)
def test_any_octets_make_a_page(data, width_px):
    decoded = mh.decode(data, width_px, STANDARD)
    assert decoded.page.width_px == width_px
    assert all(0 <= row < decoded.rows for row in decoded.page.bad_rows)


@given(st.lists(st.sampled_from((EOL, "0", "1", "0000000", *code_words(WHITE), *code_words(BLACK))), max_size=120))
@settings(max_examples=300, deadline=None)
def test_any_codes_in_any_order_make_a_page(words):
    decoded = decode("".join(words), 1728)
    assert decoded.page.bad_rows == tuple(sorted(set(decoded.page.bad_rows)))


@pytest.mark.soak
def test_random_octets_at_length():
    rng = Random(3)
    for _ in range(3000):
        mh.decode(bytes(rng.choice((0, 0, 0, rng.randrange(256))) for _ in range(rng.randrange(300))), 1728, STANDARD)
