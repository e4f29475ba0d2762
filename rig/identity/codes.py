"""Codes in photos: Code 128, QR and Data Matrix, turned, blurred, several on one label."""

import io
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import zxingcpp
from PIL import Image, ImageFilter, ImageOps, UnidentifiedImageError

MOST_PIXELS = 60_000_000
BARS = "Code 128"
KINDS = {"Code128": BARS, "QRCode": "QR Code", "DataMatrix": "Data Matrix"}
_ON_LABELS = re.compile(r"[A-Za-z0-9 :;,./#=_+-]+")
"""What a bar code on an adapter is made of."""
_SHARPENED = ((1, 2, 500), (2, 5, 300), (1, 3, 300), (2, 4, 500), (2, 3, 700), (3, 6, 400))
"""How copies for bar codes are made: how wide, and radius and percent of the sharpening. Measured on 200 photos."""
FLATTENED = 4
"""How many rows become one in copies for bar codes: few remain of a code, with little noise."""
SMALLEST_SIDE = 16
"""A code has more pixels than that."""
WORKING_SIZE = 2000
"""Longest side, px, at which a label that fills a good part of the photo is read best."""


class PhotoError(ValueError):
    """Not a photo that can be read."""


@dataclass(frozen=True, slots=True)
class Code:
    """*kind* is "Code 128", "QR Code" or "Data Matrix"; *at* about its middle, px in the upright photo."""

    kind: str
    text: str
    at: tuple[int, int]

    def as_json(self) -> dict[str, str]:
        return {"kind": self.kind, "text": self.text}


def codes_in(photo: bytes, *, thorough: bool = True) -> list[Code]:
    """From top to bottom, each once. *thorough* tries turned and sharpened copies too; a camera's frames are many
    and do not need it. Raises PhotoError."""
    return find(open_photo(photo), thorough=thorough)


def open_photo(photo: bytes) -> Image.Image:
    """Upright and grey. Raises PhotoError."""
    try:
        image = Image.open(io.BytesIO(photo))
        if image.width * image.height > MOST_PIXELS:
            raise PhotoError(f"the photo has more than {MOST_PIXELS // 1_000_000} million pixels: take a smaller one")
        return ImageOps.exif_transpose(image).convert("L")
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        if isinstance(error, PhotoError):
            raise
        raise PhotoError("not a photo that can be read: take a JPEG, PNG or WebP") from error


def find(image: Image.Image, *, thorough: bool = True) -> list[Code]:
    """At a working size first; when that shows nothing, at the photo's own, where a small label has its pixels."""
    if min(image.size) < SMALLEST_SIDE:
        return []
    scale = max(max(image.size) / WORKING_SIZE, 1.0)
    if scale == 1:
        return _read(image, 1.0, thorough)
    smaller = image.resize((round(image.width / scale), max(round(image.height / scale), 1)))
    return _read(smaller, scale, thorough) or (_read(image, 1.0, thorough) if thorough else [])


def _read(image: Image.Image, scale: float, thorough: bool) -> list[Code]:
    """A bar code counts when two copies show it: its one check character lets a wrong reading through now and then."""
    votes: Counter[tuple[str, str]] = Counter()
    places: dict[tuple[str, str], tuple[int, int]] = {}
    for copy, found in _looks(image, thorough):
        across, down = scale * image.width / copy.width, scale * image.height / copy.height
        for key, position in {(_kind(one.format), one.text): one.position for one in found}.items():
            votes[key] += 1
            places.setdefault(key, _middle(position, across, down))
    sure = [key for key, count in votes.items() if _is_sure(*key, count)]
    codes = [Code(kind, text, places[kind, text]) for kind, text in sure]
    return sorted(codes, key=lambda code: (code.at[1], code.at[0]))


def _is_sure(kind: str, text: str, votes: int) -> bool:
    return bool(text) and (kind != BARS or (votes > 1 and bool(_ON_LABELS.fullmatch(text))))


def _looks(image: Image.Image, thorough: bool) -> Iterator[tuple[Image.Image, list[zxingcpp.Barcode]]]:
    """Copies of the image, in which codes are found that it hides itself, and what is found in each."""
    every = zxingcpp.BarcodeFormats([getattr(zxingcpp.BarcodeFormat, name) for name in KINDS])
    plain = zxingcpp.TextMode.Plain
    even = evenly_lit(image)
    for copy in (image, even):
        yield copy, zxingcpp.read_barcodes(copy, formats=every, text_mode=plain)
    bars = zxingcpp.BarcodeFormats([zxingcpp.BarcodeFormat.Code128])
    for copy in _along_the_bars(even) if thorough else ():
        yield copy, zxingcpp.read_barcodes(copy, bars, try_rotate=False, try_invert=False, text_mode=plain)


def evenly_lit(image: Image.Image) -> Image.Image:
    """Every place stretched between the darkest and the brightest around it: shadow and glare go."""
    small = image.resize((max(image.width // 8, 1), max(image.height // 8, 1)), Image.Resampling.BOX)
    soft = ImageFilter.GaussianBlur(4)
    dark, bright = (
        np.asarray(small.filter(around).filter(soft).resize(image.size, Image.Resampling.BILINEAR), np.float32)
        for around in (ImageFilter.MinFilter(9), ImageFilter.MaxFilter(9))
    )
    spread = np.maximum(bright - dark, 24)
    pixels = ((np.asarray(image, np.float32) - bright) / spread + 1) * 255
    return Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))


def _along_the_bars(even: Image.Image) -> Iterator[Image.Image]:
    """Turned so that the bars stand upright, and pressed flat: noise and specks go, the bars stay. Then sharpened."""
    upright = even.rotate(slant(even), Image.Resampling.BICUBIC, expand=True, fillcolor=255)
    flat = upright.resize((upright.width, max(upright.height // FLATTENED, 1)), Image.Resampling.BOX)
    for wide, radius, percent in _SHARPENED:
        copy = flat if wide == 1 else flat.resize((flat.width * wide, flat.height), Image.Resampling.BICUBIC)
        yield Image.blend(copy.filter(ImageFilter.GaussianBlur((radius, 0))), copy, 1 + percent / 100)


def slant(image: Image.Image) -> float:
    """By how many degrees, -45 to 45, most edges are turned clockwise from upright or level."""
    small = image.resize((image.width // 2, image.height // 2), Image.Resampling.BOX)
    small = small.filter(ImageFilter.GaussianBlur(1))  # a hard edge shows the raster's direction, not its own
    across, down = np.gradient(np.asarray(small, np.float32))[::-1]
    weight = np.hypot(across, down)
    angle = np.degrees(np.arctan2(down, across))
    strong = weight > 25
    if not strong.any():
        return 0.0
    turned = (angle[strong] + 45) % 90 - 45
    counts, edges = np.histogram(turned, bins=90, range=(-45, 45), weights=weight[strong])
    smooth = np.convolve(np.concatenate([counts[-2:], counts, counts[:2]]), np.ones(5), "valid")
    return float(edges[int(smooth.argmax())] + 0.5)


def _kind(kind: zxingcpp.BarcodeFormat) -> str:
    return KINDS.get(kind.name, kind.name)


def _middle(position: zxingcpp.Position, across: float, down: float) -> tuple[int, int]:
    corners = (position.top_left, position.top_right, position.bottom_right, position.bottom_left)
    return round(sum(c.x for c in corners) * across / 4), round(sum(c.y for c in corners) * down / 4)
