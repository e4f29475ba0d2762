"""PDF to fax pages and back. Pure: bytes in, pages out; pdfium and libtiff do the work in this process.

A page is drawn at the resolution of the line, in gray, then cut to black and white at one threshold. pdfium draws
straight to the anisotropic grid (204 by 98 or 196 dots per inch), so nothing is scaled twice. A4 (1687 px wide) is
padded to 1728 px, Letter (1734 px) is cropped by three pixels on each side; only what is wider still is made smaller.

pdfium is not safe among threads: call this from one thread of a process only.
"""

import io
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from typing import Any

import img2pdf
import numpy as np
import pypdfium2 as pdfium
import pypdfium2.raw as pdfium_c
from PIL import Image, UnidentifiedImageError

from firmware_sim.t4.page import Page, Resolution
from rig.service.errors import ConversionError

MAX_OCTETS = 20_000_000
MAX_PAGES = 100
WIDTH_PX = 1728
LETTER_PX = 1734
MAX_HEIGHT_IN = 14.0 * 3
POINTS_PER_INCH = 72.0
THRESHOLD = 160
"""Gray below it turns black. Above the middle, so that hairlines (which pdfium draws light) are not lost."""

PASSWORD_ERROR = 4  # FPDF_ERR_PASSWORD
SECURITY_ERROR = 5  # FPDF_ERR_SECURITY


@dataclass(frozen=True, slots=True)
class Converted:
    """A step of a conversion: the next page of *total*, or None while there is none yet."""

    total: int
    page: Page | None


def pages_from_pdf(document: bytes, resolution: Resolution = Resolution.STANDARD) -> list[Page]:
    """All pages at once. Raises ConversionError."""
    return [step.page for step in convert(document, resolution) if step.page is not None]


def convert(document: bytes, resolution: Resolution = Resolution.STANDARD) -> Iterator[Converted]:
    """A page at each step, so that a long document holds nobody up. Raises ConversionError."""
    with closing(_open(document)) as pdf:
        total = len(pdf)
        for number in range(total):
            try:
                with closing(pdf[number]) as page:
                    drawn = _draw(pdf, page, resolution)
            except (pdfium.PdfiumError, ValueError, MemoryError) as error:
                raise ConversionError(
                    f"Page {number + 1} of the document is damaged", "save it as a new PDF and send that"
                ) from error
            yield Converted(total, drawn)


def _open(document: bytes) -> Any:
    """A document from outside, judged before anything is drawn."""
    if not document.strip():
        raise ConversionError("The document is empty", "choose the file again and check that it has a size")
    if len(document) > MAX_OCTETS:
        raise ConversionError(
            f"The document is larger than {MAX_OCTETS // 1_000_000} MB", "send it in parts or with smaller images"
        )
    if b"%PDF-" not in document[:1024]:
        raise ConversionError("The document is not a PDF", "print or export it to PDF and send that")
    pdf = _parsed(document)
    try:
        _check_pages(len(pdf))
        pdf.init_forms()
    except Exception:
        pdf.close()
        raise
    return pdf


def _parsed(document: bytes) -> Any:
    try:
        return pdfium.PdfDocument(document)
    except pdfium.PdfiumError as error:
        if getattr(error, "err_code", None) in (PASSWORD_ERROR, SECURITY_ERROR):
            raise ConversionError(
                "The PDF is protected with a password", "save it without the password and send that"
            ) from error
        raise ConversionError("The PDF is damaged", "save it as a new PDF and send that") from error


def _check_pages(count: int) -> None:
    if count == 0:
        raise ConversionError("The PDF has no pages", "choose a document with at least one page")
    if count > MAX_PAGES:
        raise ConversionError(f"The PDF has {count} pages, {MAX_PAGES} are the limit", "send it in parts")


@dataclass(frozen=True, slots=True)
class Placement:
    """Where a PDF page lands on the fax page: drawn *width_px* by *height_px*, *left_px* from the left edge."""

    width_px: int
    height_px: int
    left_px: int
    quarter_turn: bool


def placement(width_pt: float, height_pt: float, resolution: Resolution) -> Placement:
    """Landscape pages are turned, as one would feed them; too large ones are made smaller, none larger."""
    turned = width_pt > height_pt and width_pt * resolution.x_dpi / POINTS_PER_INCH > LETTER_PX + 1
    if turned:
        width_pt, height_pt = height_pt, width_pt
    width_in, height_in = width_pt / POINTS_PER_INCH, height_pt / POINTS_PER_INCH
    scale = min(1.0, MAX_HEIGHT_IN / max(height_in, 1e-6))
    if round(width_in * resolution.x_dpi) > LETTER_PX:
        scale = min(scale, WIDTH_PX / (width_in * resolution.x_dpi))
    width_px = max(1, round(width_in * scale * resolution.x_dpi))
    height_px = max(1, round(height_in * scale * resolution.y_dpi))
    return Placement(width_px, height_px, (WIDTH_PX - width_px) // 2, turned)


def _draw(pdf: Any, page: Any, resolution: Resolution) -> Page:
    width_pt, height_pt = page.get_size()
    place = placement(width_pt, height_pt, resolution)
    bitmap = pdfium.PdfBitmap.new_native(WIDTH_PX, place.height_px, pdfium_c.FPDFBitmap_Gray)
    bitmap.fill_rect((255, 255, 255, 255), 0, 0, WIDTH_PX, place.height_px)
    where = (place.left_px, 0, place.width_px, place.height_px, int(place.quarter_turn))
    flags = pdfium_c.FPDF_ANNOT | pdfium_c.FPDF_GRAYSCALE
    pdfium_c.FPDF_RenderPageBitmap(bitmap, page, *where, flags)
    if pdf.formenv is not None:
        pdfium_c.FPDF_FFLDraw(pdf.formenv, bitmap, page, *where, flags)
    return page_of_pixels(_gray(bitmap) < THRESHOLD, resolution)


def _gray(bitmap: Any) -> "np.ndarray[Any, np.dtype[np.uint8]]":
    """(rows, columns), without the octets that pdfium puts behind each row."""
    rows: np.ndarray[Any, np.dtype[np.uint8]] = bitmap.to_numpy().reshape(bitmap.height, -1)
    return rows[:, : bitmap.width]


def page_of_pixels(black: "np.ndarray[Any, np.dtype[np.bool_]]", resolution: Resolution) -> Page:
    """*black* is (rows, columns), True where ink is."""
    return Page(black.shape[1], np.packbits(black, axis=1).tobytes(), resolution)


def image_of(page: Page) -> Image.Image:
    """A 1-bit image with the right dots per inch; a page without rows gets a white one, as no image can be empty."""
    height = max(1, page.height_px)
    rows = page.rows or bytes(page.row_octets)
    image = Image.frombytes("1", (page.width_px, height), bytes(rows.translate(_INVERTED)))
    image.info["dpi"] = (page.resolution.x_dpi, page.resolution.y_dpi)
    return image


_INVERTED = bytes(255 - octet for octet in range(256))


def png_of(page: Page) -> bytes:
    """A PNG with the rows repeated so that the pixels come out about square on a screen."""
    image = image_of(page)
    repeat = max(1, round(page.resolution.x_dpi / page.resolution.y_dpi))
    if repeat > 1:
        image = image.resize((image.width, image.height * repeat), Image.Resampling.NEAREST)
    out = io.BytesIO()
    image.save(out, "PNG")
    return out.getvalue()


def pdf_of_pages(pages: Iterable[Page]) -> bytes:
    """The very bits, as CCITT G4, in pages of the size that the resolution gives. The same pages give the same PDF."""
    images = [_tiff(page) for page in pages]
    if not images:
        raise ConversionError("There are no pages to put into a PDF", "send at least one page")
    pdf = img2pdf.convert(images, engine=img2pdf.Engine.internal, nodate=True, producer="fax service")
    assert isinstance(pdf, bytes)
    return pdf


def _tiff(page: Page) -> bytes:
    out = io.BytesIO()
    image = image_of(page)
    image.save(out, "TIFF", compression="group4", dpi=image.info["dpi"], strip_size=1 << 30)
    return out.getvalue()


def pages_of_pdf(pdf: bytes) -> list[Page]:
    """The pages in a PDF that :func:`pdf_of_pages` made, bit for bit. Raises ConversionError for any other."""
    with closing(_parsed(pdf)) as opened:
        return [_stored_page(opened, number) for number in range(len(opened))]


def page_of_pdf(pdf: bytes, number: int) -> Page:
    """One page of such a PDF; *number* counts from 1. Raises ConversionError, IndexError."""
    with closing(_parsed(pdf)) as opened:
        if not 1 <= number <= len(opened):
            raise IndexError(number)
        return _stored_page(opened, number - 1)


def _stored_page(pdf: Any, number: int) -> Page:
    foreign = ConversionError(f"Page {number + 1} is no stored fax page", "give a PDF that the fax service wrote")
    try:
        with closing(pdf[number]) as page:
            objects = list(page.get_objects(max_depth=1))
            if len(objects) != 1 or objects[0].type != pdfium_c.FPDF_PAGEOBJ_IMAGE:
                raise foreign
            bitmap = objects[0].get_bitmap()
            if bitmap.format != pdfium_c.FPDFBitmap_Gray:
                raise foreign
            width_pt, height_pt = page.get_size()  # in units that grow with the page: only their ratio counts
            y_dpi = Resolution.STANDARD.x_dpi * bitmap.height * width_pt / height_pt / bitmap.width
            nearest = min(Resolution, key=lambda r: abs(r.y_dpi - y_dpi))
            return page_of_pixels(_gray(bitmap) < 128, nearest)
    except pdfium.PdfiumError as error:
        raise foreign from error


def page_of_image(data: bytes, resolution: Resolution = Resolution.STANDARD) -> Page:
    """A 1-bit image file (PNG, TIFF) as the page it already is: nothing is scaled. Raises ConversionError."""
    try:
        with Image.open(io.BytesIO(data)) as image:
            if image.mode != "1":
                raise ConversionError("The image is not black and white", "save it with one bit a pixel")
            return page_of_pixels(~np.asarray(image), resolution)
    except (UnidentifiedImageError, OSError) as error:
        raise ConversionError("The file is not an image", "give a PNG or TIFF with one bit a pixel") from error
