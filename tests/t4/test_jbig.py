"""JBIG: both ways, against Debian's JBIG-KIT, and on streams that were hurt."""

import shutil
import subprocess
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware_sim.t4 import jbig, patterns
from firmware_sim.t4.page import Page, Resolution
from tests.t4.test_mh import flip, pages

STANDARD = Resolution.STANDARD
SDNORM = b"\xff\x02"
TOOLS = ("pbmtojbg85", "pbmtojbg", "jbgtopbm", "jbgtopbm85")
needs_jbigkit = pytest.mark.skipif(
    not all(shutil.which(tool) for tool in TOOLS), reason="pbmtojbg85 and its kin (jbigkit-bin) not here"
)
MODES = [{"typical": typical, "two_lines": two_lines} for typical in (True, False) for two_lines in (True, False)]
PAGES = {
    "text": patterns.text(height_px=300),
    "narrow": patterns.text(13, 50),
    "dense": patterns.dense(height_px=200),
    "white": patterns.white(height_px=260),
    "staircase": patterns.staircase(),
    "black": patterns.drawn(2432, [[0, 2432]] * 129),
    "one pixel": Page(1, b"\x80"),
}


def decode(data, page, **more):
    return jbig.decode(data, page.width_px, page.resolution, **more)


# -- both ways ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("name", PAGES)
def test_every_pattern_comes_back(name, mode):
    page = PAGES[name]
    for stripe_rows in (1, 7, 128, 4000):
        decoded = decode(jbig.encode(page, stripe_rows=stripe_rows, **mode), page)
        assert decoded.page == page
        assert decoded.complete


@given(pages(), st.sampled_from(MODES), st.integers(1, 9))
@settings(max_examples=100, deadline=None)
def test_a_page_comes_back(page, mode, stripe_rows):
    decoded = decode(jbig.encode(page, stripe_rows=stripe_rows, **mode), page)
    assert decoded.page == page
    assert decoded.complete


def noise(seed, width_px, height_px, ink):
    rng = Random(seed)
    rows = [[int(rng.random() < ink) for _ in range(width_px)] for _ in range(height_px)]
    spare = -width_px % 8
    packed = (int("".join(map(str, row)) + "0" * spare, 2).to_bytes((width_px + 7) // 8, "big") for row in rows)
    return Page(width_px, b"".join(packed))


@pytest.mark.parametrize("ink", [0.01, 0.1, 0.5, 0.97])
@pytest.mark.parametrize("mode", MODES)
def test_noise_comes_back(mode, ink):
    page = noise(1, 333, 200, ink)
    assert decode(jbig.encode(page, **mode), page).page == page


def test_the_header_says_what_t85_fixes():
    head = jbig.encode(patterns.white(1728, 300))[:20]
    assert head == bytes.fromhex("00000100 000006c0 0000012c 00000080 00 00 00 08")


def test_ink_past_the_width_is_not_sent():
    page = Page(4, b"\xff\x0f")
    assert decode(jbig.encode(page), page).page.rows == b"\xf0\x00"


def test_an_empty_page():
    page = Page(8, b"")
    assert decode(jbig.encode(page), page).complete


# -- against JBIG-KIT --------------------------------------------------------------------------------------------------


def run(tool, folder, data, *options):
    """These tools seek in what they write, so that they need files."""
    source, target = folder / "source", folder / "target"
    source.write_bytes(data)
    subprocess.run([tool, *options, source, target], check=True, capture_output=True)
    return target.read_bytes()


def pbm(page):
    return b"P4\n%d %d\n" % (page.width_px, page.height_px) + page.rows


def without_zeros(data):
    """Their stripes may end in zeros that mean nothing."""
    stripes = data[20:].split(SDNORM)
    return [stripe.rstrip(b"\0") + b"\0" * stripe.endswith(b"\xff\0") for stripe in stripes]


@pytest.mark.peer
@needs_jbigkit
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("name", PAGES)
def test_jbigkit_reads_what_we_write(tmp_path, name, mode):
    page = PAGES[name]
    for stripe_rows in (128, 30):
        data = jbig.encode(page, stripe_rows=stripe_rows, **mode)
        assert run("jbgtopbm", tmp_path, data).endswith(page.rows)
        assert run("jbgtopbm85", tmp_path, data).endswith(page.rows)


@pytest.mark.peer
@needs_jbigkit
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("name", PAGES)
def test_we_write_the_octets_of_jbigkit(tmp_path, name, mode):
    options = str(8 * mode["typical"] + 64 * mode["two_lines"])
    theirs = run("pbmtojbg85", tmp_path, pbm(PAGES[name]), "-m", "0", "-s", "128", "-p", options)
    ours = jbig.encode(PAGES[name], **mode)
    assert ours[:20] == theirs[:20]
    assert without_zeros(ours) == without_zeros(theirs)
    assert decode(theirs, PAGES[name]).page == PAGES[name]


@pytest.mark.peer
@needs_jbigkit
@pytest.mark.parametrize("options", ["-s 2", "-m 127", "-m 20 -s 50", "-p 72 -m 127", "-C comment", "-p 0 -s 1000"])
def test_we_read_what_jbigkit_writes(tmp_path, options):
    for page in (PAGES["text"], PAGES["dense"]):
        data = run("pbmtojbg85", tmp_path, pbm(page), *options.split())
        decoded = decode(data, page)
        assert decoded.page == page
        assert decoded.complete


@pytest.mark.peer
@needs_jbigkit
@pytest.mark.parametrize("options", [("-m", "127"), ("-m", "64", "-p", "72")])
def test_the_adaptive_pixel_moves(tmp_path, options):
    rng = Random(5)  # rows of noise, each of them again and again, 48 px wide
    dots = Page(1728, b"".join(rng.randbytes(6) * 36 for _ in range(600)))
    data = run("pbmtojbg85", tmp_path, pbm(dots), *options)
    assert b"\xff\x06" in data
    assert decode(data, dots).page == dots


@pytest.mark.peer
@needs_jbigkit
@pytest.mark.parametrize("rows", [1, 100, 128, 129, 256, 299])
def test_a_height_that_is_told_late(tmp_path, rows):
    page = PAGES["text"]
    data = run("pbmtojbg85", tmp_path, pbm(page), "-s", "128", "-Y", "400", str(rows))
    assert b"\xff\x05" in data
    decoded = decode(data, page)
    assert decoded.page.rows == page.rows[: len(decoded.page.rows)]
    assert decoded.rows == page.height_px
    assert decoded.complete


@pytest.mark.peer
@needs_jbigkit
def test_stripes_that_begin_anew(tmp_path):
    page = PAGES["text"]
    data = run("pbmtojbg", tmp_path, pbm(page), "-q", "-r", "-s", "64", "-p", "8", "-o", "0")
    assert b"\xff\x03" in data
    assert decode(data, page).page == page


# -- hurt streams ------------------------------------------------------------------------------------------------------


def test_a_page_cut_short_says_so():
    page = PAGES["text"]
    clean = jbig.encode(page)
    for length in range(0, len(clean) - 1, 97):
        decoded = decode(clean[:length], page)
        assert not decoded.complete
        assert decoded.page.rows == page.rows[: len(decoded.page.rows)]


def test_another_width_is_no_page():
    decoded = jbig.decode(jbig.encode(PAGES["text"]), 2048, STANDARD)
    assert (decoded.rows, decoded.complete) == (0, False)


def test_no_more_rows_than_wanted():
    page = PAGES["text"]
    decoded = decode(jbig.encode(page), page, max_rows=150)
    assert decoded.page.rows == page.rows[: 150 * 216]
    assert not decoded.complete


@pytest.mark.parametrize("seed", range(5))
def test_wrong_bits_make_a_page(seed):
    page = patterns.text(200, 60)
    rng = Random(seed)
    for _ in range(40):
        decoded = decode(flip(jbig.encode(page, stripe_rows=10), rng, 3), page, max_rows=200)
        assert decoded.rows <= 200
        assert decoded.page.bad_rows == ()


@given(st.binary(max_size=300), st.sampled_from((0, 8, 32, 64, 255)))
@settings(max_examples=200, deadline=None)
def test_any_octets_make_a_page(data, options):
    for height, stripe_rows in ((40, 16), (0xFFFF_FFFF, 0xFFFF_FFFF), (10, 0)):
        head = jbig.HEADER.pack(0, 0, 1, 0, 64, height, stripe_rows, 0, 0, 0, options)
        assert jbig.decode(head + data, 64, STANDARD, 100).rows <= 100
    jbig.decode(data, 64, STANDARD, 100)
