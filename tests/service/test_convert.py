"""PDF to pages and back: geometry, limits, and every bit of a page kept."""

import contextlib
import io
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from reportlab.pdfgen.canvas import Canvas

from firmware_sim.t4.page import Page, Resolution
from rig.service import convert
from rig.service.errors import ConversionError

FIXTURES = Path(__file__).parents[2] / "fixtures"
MM = 72 / 25.4


def document(name: str) -> bytes:
    return (FIXTURES / "documents" / name).read_bytes()


def pdf(*sizes_mm: tuple[float, float]) -> bytes:
    """A page of each size with a frame 10 mm from its edges."""
    out = io.BytesIO()
    canvas = Canvas(out, invariant=1)
    for width, height in sizes_mm:
        canvas.setPageSize((width * MM, height * MM))
        canvas.setLineWidth(1.5)
        canvas.rect(10 * MM, 10 * MM, (width - 20) * MM, (height - 20) * MM)
        canvas.showPage()
    canvas.save()
    return out.getvalue()


def pixels(page: Page) -> np.ndarray:
    rows = np.frombuffer(page.rows, np.uint8).reshape(page.height_px, -1)
    return np.unpackbits(rows, axis=1)[:, : page.width_px].astype(bool)


def frame(page: Page) -> tuple[int, int, int, int]:
    """First and last black column, first and last black row."""
    black = pixels(page)
    columns, rows = np.flatnonzero(black.any(axis=0)), np.flatnonzero(black.any(axis=1))
    return int(columns[0]), int(columns[-1]), int(rows[0]), int(rows[-1])


@st.composite
def pages(draw: st.DrawFn) -> Page:
    width = draw(st.sampled_from([8, 1725, 1728, 2048]) | st.integers(1, 64))
    height = draw(st.integers(5, 60))
    seed, share = draw(st.integers(0, 2**32 - 1)), draw(st.sampled_from([0.0, 0.02, 0.5, 1.0]))
    black = np.random.default_rng(seed).random((height, width)) < share
    return convert.page_of_pixels(black, draw(st.sampled_from(list(Resolution))))


@settings(max_examples=40, deadline=None)
@given(st.lists(pages(), min_size=1, max_size=4))
def test_pages_survive_their_pdf_bit_for_bit(sent):
    made = convert.pdf_of_pages(sent)
    assert convert.pages_of_pdf(made) == sent
    assert convert.page_of_pdf(made, len(sent)) == sent[-1]
    assert convert.pdf_of_pages(sent) == made


def test_a_page_of_five_metres_keeps_its_resolution():
    long = convert.page_of_pixels(np.arange(25_000)[:, None] % 7 == np.arange(1728)[None, :] % 7, Resolution.STANDARD)
    assert convert.pages_of_pdf(convert.pdf_of_pages([long])) == [long]


def test_a_page_without_rows_becomes_a_white_one_with_the_same_hash():
    empty = Page(1728, b"")
    (kept,) = convert.pages_of_pdf(convert.pdf_of_pages([empty]))
    assert (kept.height_px, kept.hash) == (1, empty.hash)


def test_no_pages_make_no_pdf():
    with pytest.raises(ConversionError):
        convert.pdf_of_pages([])


def test_the_stored_pdf_has_the_size_of_the_paper():
    stored = convert.pdf_of_pages(convert.pages_from_pdf(document("two_pages.pdf")))
    assert b"CCITTFaxDecode" in stored
    width_mm, height_mm = (convert._parsed(stored)[0].get_size()[n] / MM for n in (0, 1))
    assert width_mm == pytest.approx(1728 / 204 * 25.4, abs=0.1)
    assert height_mm == pytest.approx(297, abs=0.3)


@pytest.mark.parametrize(("resolution", "rows"), [(Resolution.STANDARD, 1146), (Resolution.FINE, 2292)])
def test_a4_is_padded_not_stretched(resolution, rows):
    (page,) = convert.pages_from_pdf(pdf((210, 297)), resolution)
    assert (page.width_px, page.height_px, page.resolution) == (1728, rows, resolution)
    left, right, top, bottom = frame(page)
    assert (right - left) / 204 * 25.4 == pytest.approx(190, abs=0.7)
    assert (bottom - top) / resolution.y_dpi * 25.4 == pytest.approx(277, abs=0.7)
    assert abs(left - (1727 - right)) <= 2


def test_letter_is_cropped_not_scaled():
    (page,) = convert.pages_from_pdf(pdf((215.9, 279.4)))
    left, right, _, _ = frame(page)
    assert (page.width_px, page.height_px) == (1728, 1078)
    assert (right - left) / 204 * 25.4 == pytest.approx(195.9, abs=0.7)


def test_landscape_is_turned():
    (page,) = convert.pages_from_pdf(pdf((297, 210)))
    left, right, top, bottom = frame(page)
    assert page.height_px == 1146
    assert (right - left) / 204 * 25.4 == pytest.approx(190, abs=0.7)
    assert (bottom - top) / 98 * 25.4 == pytest.approx(277, abs=0.7)


def test_a3_is_made_smaller_a5_is_not_made_larger():
    large, small = convert.pages_from_pdf(pdf((297, 420), (148, 210)))
    assert large.height_px == pytest.approx(1728 / 204 * 98 * 420 / 297, abs=1)
    left, right, _, _ = frame(small)
    assert (right - left) / 204 * 25.4 == pytest.approx(128, abs=0.7)
    assert small.height_px == pytest.approx(210 / 25.4 * 98, abs=1)


@settings(max_examples=300, deadline=None)
@given(st.floats(0, 1e7), st.floats(0, 1e7), st.sampled_from(list(Resolution)))
def test_any_size_has_a_place(width, height, resolution):
    place = convert.placement(width, height, resolution)
    assert 1 <= place.width_px <= convert.LETTER_PX
    assert 1 <= place.height_px <= convert.MAX_HEIGHT_IN * resolution.y_dpi + 1


def test_the_document_of_the_fixtures_is_what_it_says():
    for page in convert.pages_from_pdf(document("two_pages.pdf")):
        assert page.width_px == 1728
        assert mh_octets(page) <= 20_000
        assert 0.01 < pixels(page).mean() < 0.1
    reply = convert.page_of_image((FIXTURES / "pages" / "reply.png").read_bytes())
    assert (reply.width_px, reply.height_px) == (1728, 1146)
    assert mh_octets(reply) <= 15_000


def mh_octets(page: Page) -> int:
    out = io.BytesIO()
    convert.image_of(page).save(out, "TIFF", compression="group3", strip_size=1 << 30)
    with Image.open(out) as tiff:
        return sum(tiff.tag_v2[279])


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("empty.pdf", "empty"),
        ("not_a_pdf.pdf", "not a PDF"),
        ("password.pdf", "password"),
        ("truncated.pdf", "damaged"),
    ],
)
def test_bad_documents_say_what_to_do(name, says):
    with pytest.raises(ConversionError, match=says) as caught:
        convert.pages_from_pdf(document(name))
    assert caught.value.remedy
    assert str(caught.value).endswith(".")


def test_too_many_pages():
    with pytest.raises(ConversionError, match="101 pages, 100 are the limit"):
        convert.pages_from_pdf(pdf(*[(50, 50)] * 101))
    assert len(convert.pages_from_pdf(pdf(*[(50, 50)] * 100))) == 100


def test_too_large():
    with pytest.raises(ConversionError, match="larger than 20 MB"):
        convert.pages_from_pdf(b"%PDF-" + bytes(convert.MAX_OCTETS))


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_a_damaged_document_converts_or_says_why(data):
    octets = bytearray(document("two_pages.pdf"))
    for _ in range(data.draw(st.integers(1, 8))):
        at = data.draw(st.integers(0, len(octets) - 1))
        octets[at : at + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=4))
    with contextlib.suppress(ConversionError):
        assert convert.pages_from_pdf(bytes(octets))


def test_a_foreign_pdf_is_not_taken_for_stored_pages():
    with pytest.raises(ConversionError, match="no stored fax page"):
        convert.pages_of_pdf(document("two_pages.pdf"))


def test_filled_form_fields_are_sent():
    out = io.BytesIO()
    canvas = Canvas(out, invariant=1)
    canvas.acroForm.textfield(value="MMMMMM", x=100, y=400, width=200, height=40, borderWidth=0, fillColor=None)
    canvas.showPage()
    canvas.save()
    (page,) = convert.pages_from_pdf(out.getvalue())
    assert pixels(page).sum() > 100


def test_an_image_that_is_no_fax_page():
    out = io.BytesIO()
    Image.new("L", (8, 8)).save(out, "PNG")
    for data in (out.getvalue(), b"nothing"):
        with pytest.raises(ConversionError):
            convert.page_of_image(data)


def test_png_has_about_square_pixels():
    with Image.open(io.BytesIO(convert.png_of(Page(1728, bytes(216 * 1146))))) as png:
        assert png.size == (1728, 2292)
