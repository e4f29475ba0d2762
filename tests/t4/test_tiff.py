"""TIFF class F: both ways, against Pillow and libtiff's own tools, and on files that were hurt."""

import io
import shutil
import struct
import subprocess
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageSequence, TiffImagePlugin

from firmware_sim.errors import DecodeError
from firmware_sim.t4 import patterns, tiff
from firmware_sim.t4.page import Page, Resolution
from firmware_sim.t4.tiff import Coding
from tests.t4 import libtiff

STANDARD, FINE, SUPERFINE = Resolution
OPTIONS = [
    {},
    {"least_significant_first": True},
    {"black_is_zero": True},
    {"rows_per_strip": 17},
    {"rows_per_strip": 1, "least_significant_first": True, "black_is_zero": True, "centimetres": True},
]
needs_tools = pytest.mark.skipif(
    not shutil.which("tiffinfo") or not shutil.which("tiffcp"), reason="tiffinfo and tiffcp (libtiff-tools) not here"
)


def pages_of(data):
    return [decoded.page for decoded in tiff.read(data)]


def document():
    return [
        patterns.text(height_px=60),
        patterns.diagonals(1001, 40, FINE),
        patterns.drawn(2432, [[0, 2432], [5, 9]], SUPERFINE),
    ]


# -- both ways ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("options", OPTIONS)
@pytest.mark.parametrize("coding", Coding)
def test_a_document_comes_back(coding, options):
    decoded = tiff.read(tiff.write(document(), coding, **options))
    assert [part.page for part in decoded] == document()
    assert all(part.complete for part in decoded)


@pytest.mark.parametrize("resolution", Resolution)
@pytest.mark.parametrize("centimetres", [False, True])
def test_the_resolution_comes_back(resolution, centimetres):
    page = patterns.text(height_px=5, resolution=resolution)
    assert pages_of(tiff.write([page], centimetres=centimetres)) == [page]


def test_bad_lines_are_told():
    page = Page(8, b"\x18\x18", STANDARD, (1,))
    with Image.open(io.BytesIO(tiff.write([page]))) as image:
        assert (image.tag_v2[326], image.tag_v2[327]) == (1, 1)


@pytest.mark.parametrize("pages", [[], [Page(8, b"")]])
def test_nothing_is_no_document(pages):
    with pytest.raises(ValueError, match="at least"):
        tiff.write(pages)


def test_a_file_is_the_same_each_time():
    assert tiff.write(document()) == tiff.write(document())


# -- Pillow ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("options", OPTIONS)
@pytest.mark.parametrize("coding", Coding)
def test_pillow_reads_what_we_write(coding, options):
    with Image.open(io.BytesIO(tiff.write(document(), coding, **options))) as image:
        for number, (frame, page) in enumerate(zip(ImageSequence.Iterator(image), document(), strict=True)):
            assert frame.tag_v2[297] == (number, 3)
            assert frame.info["dpi"] == pytest.approx(page.resolution.value, rel=0.001)
            assert libtiff.rows_of(frame, page) == page.rows


@pytest.mark.parametrize("black_is_zero", [0, 1])
@pytest.mark.parametrize("fill_order", [1, 2])
@pytest.mark.parametrize("strip_size", [1 << 30, 2000])
@pytest.mark.parametrize(("compression", "options"), [("group3", 0), ("group3", 1), ("group3", 4), ("group4", 0)])
def test_we_read_what_pillow_writes(compression, options, strip_size, fill_order, black_is_zero):
    page = patterns.text(height_px=100, resolution=FINE)
    info = TiffImagePlugin.ImageFileDirectory_v2()
    info[262], info[266] = black_is_zero, fill_order
    if compression == "group3":
        info[292] = options
    out = io.BytesIO()
    image = libtiff.image_of(page)
    image.save(out, "TIFF", compression=compression, tiffinfo=info, strip_size=strip_size, dpi=(204, 196))
    assert pages_of(out.getvalue()) == [page]


def test_we_read_many_pages_of_pillow():
    pages = [patterns.text(height_px=50, seed=seed) for seed in range(4)]
    first, *rest = [libtiff.image_of(page) for page in pages]
    out = io.BytesIO()
    first.save(out, "TIFF", compression="group4", save_all=True, append_images=rest, dpi=(204, 98))
    assert pages_of(out.getvalue()) == pages


# -- libtiff's own tools -----------------------------------------------------------------------------------------------


@pytest.mark.peer
@needs_tools
@pytest.mark.parametrize("options", OPTIONS)
@pytest.mark.parametrize("coding", Coding)
def test_tiffinfo_has_nothing_to_complain_of(tmp_path, coding, options):
    (tmp_path / "ours.tif").write_bytes(tiff.write(document(), coding, **options))
    done = subprocess.run(["tiffinfo", "-D", tmp_path / "ours.tif"], capture_output=True, text=True, check=True)
    assert done.stderr == ""
    assert done.stdout.count("Page Number") == 3


@pytest.mark.peer
@needs_tools
@pytest.mark.parametrize("order", ["-B", "-L"])
@pytest.mark.parametrize("coding", ["g3:1d", "g3:2d", "g3:1d:fill", "g3:2d:fill", "g4"])
def test_we_read_what_tiffcp_makes_of_it(tmp_path, coding, order):
    ours, theirs = tmp_path / "ours.tif", tmp_path / "theirs.tif"
    ours.write_bytes(tiff.write(document(), Coding.MR, rows_per_strip=20))
    for more in (["-r", "7"], ["-f", "lsb2msb"], ["-f", "msb2lsb", "-r", "100"]):
        command = ["tiffcp", order, "-c", coding, *more, ours, theirs]
        subprocess.run(command, capture_output=True, check=True)
        assert pages_of(theirs.read_bytes()) == document()


# -- hurt files --------------------------------------------------------------------------------------------------------


def test_a_damaged_strip_has_bad_rows():
    page = patterns.text(height_px=100)
    clean = tiff.write([page])
    hurt = clean[:600] + bytes(40) + clean[640:]
    (decoded,) = tiff.read(hurt)
    assert decoded.rows == 100
    assert decoded.page.bad_rows
    first = decoded.page.bad_rows[0]
    assert decoded.page.rows[: first * 216] == page.rows[: first * 216]


def test_rows_that_are_missing_are_bad_and_repeat_the_last():
    page = patterns.drawn(8, [[0, 3]] * 4)
    data = bytearray(tiff.write([page], Coding.MMR))
    with Image.open(io.BytesIO(data)) as image:
        assert image.tag_v2[257] == 4
    place = data.index(struct.pack("<HHII", 257, 4, 1, 4))
    data[place + 8 : place + 12] = struct.pack("<I", 6)
    place = data.index(struct.pack("<HHII", 278, 4, 1, 4))
    data[place + 8 : place + 12] = struct.pack("<I", 6)
    (decoded,) = tiff.read(bytes(data))
    assert decoded.page == Page(8, b"\xe0" * 6, STANDARD, (4, 5))
    assert not decoded.complete


@pytest.mark.parametrize(
    ("data", "offset"),
    [
        (b"", 0),
        (b"GIF89a", 0),
        (b"II*\0", 4),
        (b"II*\0\x08\0\0\0", 4),
        (b"II*\0\0\0\0\0", 4),
        (b"MM\0*\0\0\0\x08\0\0\0\0\0\0", 8),
    ],
)
def test_what_is_no_tiff_says_where(data, offset):
    with pytest.raises(DecodeError) as caught:
        tiff.read(data)
    assert caught.value.offset == offset


def test_a_circle_of_pages_ends():
    data = bytearray(tiff.write([patterns.white(8, 1)]))
    start = struct.unpack_from("<I", data, 4)[0]
    count = struct.unpack_from("<H", data, start)[0]
    struct.pack_into("<I", data, start + 2 + 12 * count, start)
    with pytest.raises(DecodeError, match="never end"):
        tiff.read(bytes(data))


def read_or_say_where(data):
    """Any other exception fails the test."""
    try:
        tiff.read(data)
    except DecodeError as error:
        place = error.offset
    else:
        place = 0
    assert place is not None


@pytest.mark.parametrize("seed", range(8))
def test_any_wrong_octets_are_decode_errors_or_pages(seed):
    rng = Random(seed)
    clean = tiff.write([patterns.text(200, 20), patterns.white(70, 9)], list(Coding)[seed % 3])
    for _ in range(150):
        hurt = bytearray(clean)
        for _ in range(rng.randrange(1, 6)):
            place = rng.randrange(len(hurt)) if rng.random() < 0.3 else len(hurt) - 1 - rng.randrange(400)
            hurt[place] = rng.choice((0, 1, 255, rng.randrange(256)))
        read_or_say_where(bytes(hurt))
        read_or_say_where(clean[: rng.randrange(len(clean))])


@given(st.binary(max_size=200))
@settings(max_examples=200, deadline=None)
def test_any_octets_behind_a_header(data):
    read_or_say_where(b"II*\0\x08\0\0\0" + data)
    read_or_say_where(b"MM\0*\0\0\0\x08" + data)
