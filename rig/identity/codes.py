"""Codes in photos: Code 128, QR and Data Matrix, turned, blurred, several on one label."""

import io
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import zxingcpp
from PIL import Image, ImageFilter, ImageOps, UnidentifiedImageError

FORMATS = [zxingcpp.BarcodeFormat.Code128, zxingcpp.BarcodeFormat.QRCode, zxingcpp.BarcodeFormat.DataMatrix]
MOST_PIXELS = 60_000_000
WORKING_SIZE = 2000
"""Longest side, px, at which most attempts are made: more costs time and reads no more."""


class PhotoError(ValueError):
    """Not a photo that can be read."""


@dataclass(frozen=True, slots=True)
class Code:
    """*kind* is "Code 128", "QR Code" or "Data Matrix"; *at* its middle, px in the upright photo."""

    kind: str
    text: str
    at: tuple[int, int]

    def as_json(self) -> dict[str, str]:
        return {"kind": self.kind, "text": self.text}


def codes_in(photo: bytes, *, thorough: bool = True) -> list[Code]:
    """From top to bottom, each once. *thorough* tries sharpened and turned copies too; a camera's frames are many
    and need it not. Raises PhotoError."""
    return find(open_photo(photo), thorough=thorough)


def open_photo(photo: bytes) -> Image.Image:
    """Upright and grey. Raises PhotoError."""
    try:
        image = Image.open(io.BytesIO(photo))
        if image.width * image.height > MOST_PIXELS:
            raise PhotoError(f"the photo has more than {MOST_PIXELS // 1_000_000} million pixels: take a smaller one")
        image.draft("L", (WORKING_SIZE, WORKING_SIZE))
        return ImageOps.exif_transpose(image).convert("L")
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        if isinstance(error, PhotoError):
            raise
        raise PhotoError("not a photo that can be read: take a JPEG, PNG or WebP") from error


def find(image: Image.Image, *, thorough: bool = True) -> list[Code]:
    votes: Counter[tuple[str, str]] = Counter()
    places: dict[tuple[str, str], tuple[int, int]] = {}
    for attempt, turned, scale in _attempts(image, thorough):
        for found in zxingcpp.read_barcodes(attempt, formats=FORMATS, text_mode=zxingcpp.TextMode.Plain):
            key = (_kind(found.format), found.text)
            votes[key] += 1
            if not turned:
                places.setdefault(key, _middle(found.position, scale))
    codes = [Code(kind, text, places.get((kind, text), (0, 0))) for kind, text in votes]
    return sorted(codes, key=lambda code: (code.at[1], code.at[0]))


def _attempts(image: Image.Image, thorough: bool) -> Iterator[tuple[Image.Image, bool, float]]:
    """Copies to look at, whether each is turned, and how many of the photo's pixels one of it is."""
    scale = max(max(image.size) / WORKING_SIZE, 1.0)
    base = image if scale == 1 else image.resize((round(image.width / scale), round(image.height / scale)))
    yield base, False, scale
    if not thorough:
        return
    if scale > 1:
        yield image, False, 1.0
    even = ImageOps.autocontrast(base, cutoff=1)
    yield even.filter(ImageFilter.UnsharpMask(radius=3, percent=250, threshold=0)), False, scale
    yield base.resize((base.width * 2, base.height * 2), Image.Resampling.BICUBIC), False, scale / 2
    for angle in (-12, -6, 6, 12):
        yield even.rotate(angle, Image.Resampling.BICUBIC, expand=True, fillcolor=255), True, scale


def _kind(kind: zxingcpp.BarcodeFormat) -> str:
    return {"Code128": "Code 128", "QRCode": "QR Code", "DataMatrix": "Data Matrix"}.get(kind.name, kind.name)


def _middle(position: zxingcpp.Position, scale: float) -> tuple[int, int]:
    corners = (position.top_left, position.top_right, position.bottom_right, position.bottom_left)
    return round(sum(c.x for c in corners) * scale / 4), round(sum(c.y for c in corners) * scale / 4)
