"""Codes in photos of labels: nearly all are found, and none is read wrong."""

import io
from random import Random

import pytest
from PIL import Image

from rig.identity.codes import PhotoError, codes_in, evenly_lit, find, slant
from rig.identity.texts import of_codes
from tests.identity import labels

FOUND_AT_LEAST = 0.95
FEW, ALL = 16, 200


def photographed(number: int) -> tuple[labels.Label, Image.Image]:
    rng = Random(f"label {number}")
    label = labels.draw(rng)
    return label, labels.photo(label, rng)


def read(count: int) -> tuple[int, int, list[tuple[int, set[str]]]]:
    """Codes on the labels, codes found, and what was read that is on none."""
    there = found = 0
    wrong = []
    for number in range(count):
        label, photo = photographed(number)
        texts = {code.text for code in codes_in(labels.jpeg(photo))}
        there += len(label.codes)
        found += len(texts & label.codes)
        if texts - label.codes:
            wrong.append((number, texts - label.codes))
    return there, found, wrong


@pytest.mark.parametrize("count", [FEW, pytest.param(ALL, marks=pytest.mark.soak)])
def test_nearly_every_code_is_found_and_none_is_read_wrong(count):
    there, found, wrong = read(count)
    assert wrong == []
    assert found >= FOUND_AT_LEAST * there, f"{found} of {there}"


@pytest.mark.parametrize("turned", [90, 180, 270])
def test_a_label_on_its_side_or_head_is_read(turned):
    label = labels.draw(Random("a"))
    assert {code.text for code in find(label.picture.rotate(turned, expand=True))} == label.codes


def test_a_photo_that_says_how_it_was_held_is_turned():
    label = labels.draw(Random("a"))
    out, exif = io.BytesIO(), Image.Exif()
    exif[0x0112] = 6
    label.picture.rotate(90, expand=True).save(out, "JPEG", exif=exif)
    codes = codes_in(out.getvalue())
    assert {code.text for code in codes} == label.codes
    assert all(abs(code.at[1] - find(label.picture)[number].at[1]) < 12 for number, code in enumerate(codes))


@pytest.mark.parametrize("degrees", [-14, -5, 0, 3, 15])
def test_the_slant_of_the_bars_is_measured(degrees):
    picture = labels.draw(Random("a")).picture.rotate(-degrees, Image.Resampling.BICUBIC, expand=True, fillcolor=255)
    assert slant(evenly_lit(picture)) == pytest.approx(degrees, abs=2)


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "L", "1", "P", "CMYK", "I;16"])
def test_pictures_of_any_kind_are_read_or_refused(mode):
    out = io.BytesIO()
    Image.new(mode, (300, 200)).save(out, "TIFF")
    assert codes_in(out.getvalue()) == []


@pytest.mark.parametrize("data", [b"", b"hello", b"\xff\xd8\xff\xe0" + b"\0" * 50, b"\x89PNG\r\n\x1a\n" + b"\0" * 99])
def test_what_is_no_photo_is_refused(data):
    with pytest.raises(PhotoError):
        codes_in(data)


def test_a_photo_cut_short_is_refused():
    out = io.BytesIO()
    Image.effect_noise((300, 200), 60).save(out, "JPEG")
    with pytest.raises(PhotoError):
        codes_in(out.getvalue()[:2000])


def test_a_photo_that_is_far_too_large_is_refused():
    out = io.BytesIO()
    Image.new("1", (9000, 9000)).save(out, "PNG")
    with pytest.raises(PhotoError, match="million pixels"):
        codes_in(out.getvalue())


@pytest.mark.parametrize("size", [(1, 1), (1, 3000), (17, 9), (4000, 20)])
def test_a_picture_of_any_shape_has_no_codes(size):
    assert find(Image.new("L", size, 200)) == []


def test_a_small_label_in_a_large_photo_is_read():
    label = labels.draw(Random("a"))
    table = Image.new("L", (4000, 3000), 90)
    table.paste(label.picture.resize((620, 354), Image.Resampling.BOX), (2900, 1800))
    codes = codes_in(labels.jpeg(table))
    assert {code.text for code in codes} <= label.codes
    assert of_codes(code.text for code in codes).serial == label.adapter.serial
    assert all(2800 < code.at[0] < 3600 and 1700 < code.at[1] < 2200 for code in codes)
