"""The page codecs against libtiff, in one process and by turns.

libtiff is called through ctypes: the one that came with Pillow, else the system's. It writes and reads one strip of a
TIFF that lies in memory, which stays open: so its share is the codec and one call, no file, no copy into an image.
Ours is measured as a device uses it, from octets to a `Page` and back. Both in seconds of CPU time.
"""

import ctypes
import ctypes.util
import os
import statistics
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from math import cos, pi, sin
from pathlib import Path

import numpy as np
import PIL
from PIL import Image, ImageDraw

from firmware_sim.t4 import patterns
from firmware_sim.t4.codecs import CODECS
from firmware_sim.t4.page import Page, Resolution

Work = Callable[[], object]
WIDTH_PX, HEIGHT_PX = 1728, patterns.HEIGHT_PX[Resolution.FINE]
ROUNDS = 7
AT_LEAST_S = 0.015
"""A measurement repeats its work for so long."""
GROUP_3, GROUP_4 = 3, 4
PEERS = {"MH": (GROUP_3, 0), "MR": (GROUP_3, 1), "MMR": (GROUP_4, 0)}
"""Compression and T4Options of a TIFF."""
SHORT_TAGS = {"width": 256, "height": 257, "bits": 258, "compression": 259, "photometric": 262, "fill_order": 266}
SAMPLES, ROWS_A_STRIP, T4_OPTIONS, RESOLUTION_UNIT, Y_RESOLUTION = 277, 278, 292, 296, 283


@dataclass(frozen=True, slots=True)
class Row:
    work: str
    ours_per_s: float
    peer: str
    """Empty when there is none."""
    peer_per_s: float | None

    @property
    def ratio(self) -> float | None:
        return self.ours_per_s / self.peer_per_s if self.peer_per_s else None


def run() -> Iterator[Row]:
    """Every codec that libtiff has too, both ways, on a page of text, a dithered photo and a drawing."""
    library = find_libtiff()
    for name, (compression, options) in PEERS.items():
        for kind, draw in PAGES.items():
            page, codec = draw(), CODECS[name]
            octets = codec.encode(page, 0)
            strip = Strip(library, page, compression, options) if library else None
            decode = partial(codec.decode, octets, page.width_px, page.resolution, HEIGHT_PX)
            ways: dict[str, tuple[Work, Work | None]] = {
                "encode": (partial(codec.encode, page, 0), strip.encode if strip else None),
                "decode": (decode, strip.decode if strip else None),
            }
            for way, (ours, theirs) in ways.items():
                mine, peer = race(ours, theirs)
                yield Row(f"{name}-{way}-{kind}".lower(), mine, library.name if library else "", peer)


def race(ours: Work, theirs: Work | None) -> tuple[float, float | None]:
    """How often a second each can do it: the medians of rounds that alternate."""
    sides = [ours, theirs] if theirs else [ours]
    for side in sides:
        side()  # compiles, and fills the caches
    counts = [max(1, round(AT_LEAST_S / max(_seconds(side, 1), 1e-6))) for side in sides]
    taken: list[list[float]] = [[] for _ in sides]
    for _ in range(ROUNDS):
        for times, side, count in zip(taken, sides, counts, strict=True):
            times.append(_seconds(side, count))
    mine, *peer = (1 / statistics.median(times) for times in taken)
    return mine, peer[0] if peer else None


def _seconds(work: Work, count: int) -> float:
    before = time.process_time()
    for _ in range(count):
        work()
    return (time.process_time() - before) / count


# -- pages -------------------------------------------------------------------------------------------------------------


def text() -> Page:
    return patterns.text(WIDTH_PX, HEIGHT_PX, Resolution.FINE)


def photo() -> Page:
    """Soft hills of grey, dithered by error diffusion: about 1200 runs a row."""
    y, x = np.mgrid[0:HEIGHT_PX, 0:WIDTH_PX]
    grey = 128 + 90 * np.sin(x / 230) * np.cos(y / 310) + 25 * np.sin(x / 17 + y / 29)
    return _page(Image.fromarray(grey.clip(0, 255).astype(np.uint8)).convert("1"))


def drawing() -> Page:
    """Frame, circles, spokes, hatching and a title block, in lines two and three pixels wide."""
    image = Image.new("1", (WIDTH_PX, HEIGHT_PX), 1)
    pen = ImageDraw.Draw(image)
    pen.rectangle((60, 60, WIDTH_PX - 60, HEIGHT_PX - 60), outline=0, width=3)
    for radius in range(60, 700, 40):
        pen.ellipse((864 - radius, 900 - radius, 864 + radius, 900 + radius), outline=0, width=2)
    for spoke in range(24):
        angle = spoke * pi / 12
        pen.line((864, 900, 864 + 700 * cos(angle), 900 + 700 * sin(angle)), fill=0, width=2)
    for offset in range(0, 1500, 24):
        pen.line((120 + offset, 2000, 180 + offset, 1700), fill=0, width=2)
    pen.rectangle((1000, 2050, WIDTH_PX - 60, HEIGHT_PX - 60), outline=0, width=3)
    for row in range(2080, HEIGHT_PX - 60, 30):
        pen.line((1000, row, WIDTH_PX - 60, row), fill=0, width=2)
    return _page(image)


def _page(image: Image.Image) -> Page:
    return Page(WIDTH_PX, bytes(octet ^ 0xFF for octet in image.tobytes()), Resolution.FINE)


PAGES: dict[str, Callable[[], Page]] = {"text": text, "photo": photo, "drawing": drawing}

# -- libtiff -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Library:
    name: str
    calls: ctypes.CDLL


def find_libtiff() -> Library | None:
    """The library that Pillow brought, else the system's, else none."""
    beside = Path(PIL.__file__).parents[1] / "pillow.libs"
    found = [str(file) for file in beside.glob("libtiff-*")]
    for path in (*found, ctypes.util.find_library("tiff")):
        if path is not None:
            try:
                calls = ctypes.CDLL(path)
            except OSError:
                continue
            _declare(calls)
            version = (
                calls.TIFFGetVersion().decode("ascii", "replace").splitlines()[0].removeprefix("LIBTIFF, Version ")
            )
            return Library(f"libtiff {version}", calls)
    return None


def _declare(calls: ctypes.CDLL) -> None:
    calls.TIFFGetVersion.restype = ctypes.c_char_p
    calls.TIFFFdOpen.restype = ctypes.c_void_p
    calls.TIFFFdOpen.argtypes = [ctypes.c_int, ctypes.c_char_p, ctypes.c_char_p]
    for call in (calls.TIFFWriteEncodedStrip, calls.TIFFReadEncodedStrip):
        call.restype = ctypes.c_ssize_t
        call.argtypes = [ctypes.c_void_p, ctypes.c_uint32, ctypes.c_void_p, ctypes.c_ssize_t]
    calls.TIFFFlush.argtypes = calls.TIFFClose.argtypes = [ctypes.c_void_p]


class Strip:
    """One page as the one strip of a TIFF in memory, held open for writing and for reading."""

    def __init__(self, library: Library, page: Page, compression: int, options: int) -> None:
        self._calls, self._page = library.calls, page
        self._writer = self._create(compression, options)
        written = self._create(compression, options)
        self._put(written)
        self._calls.TIFFFlush(written)
        reading = os.dup(self._memory)
        os.lseek(reading, 0, os.SEEK_SET)
        self._reader = self._open(reading, b"r")
        self._rows = ctypes.create_string_buffer(len(page.rows))
        self.decode()
        if self._rows.raw != page.rows:
            raise RuntimeError("libtiff does not give back the page that it was given")

    def encode(self) -> None:
        self._put(self._writer)

    def decode(self) -> None:
        done = self._calls.TIFFReadEncodedStrip(self._reader, 0, self._rows, len(self._page.rows))
        if done != len(self._page.rows):
            raise RuntimeError("libtiff cannot read what it wrote")

    def _put(self, tiff: ctypes.c_void_p) -> None:
        done = self._calls.TIFFWriteEncodedStrip(tiff, 0, self._page.rows, len(self._page.rows))
        if done != len(self._page.rows):
            raise RuntimeError("libtiff does not take the page")

    def _open(self, memory: int, mode: bytes) -> ctypes.c_void_p:
        tiff = self._calls.TIFFFdOpen(memory, b"memory", mode)
        if not tiff:
            raise RuntimeError("libtiff does not open a file in memory")
        return ctypes.c_void_p(tiff)

    def _create(self, compression: int, options: int) -> ctypes.c_void_p:
        self._memory = os.memfd_create("strip")
        tiff = self._open(self._memory, b"w")
        page = self._page
        values = (page.width_px, page.height_px, 1, compression, 0, 1)
        tags = dict(zip(SHORT_TAGS.values(), values, strict=True))
        tags |= {SAMPLES: 1, ROWS_A_STRIP: page.height_px, RESOLUTION_UNIT: 2}
        if compression == GROUP_3:
            tags[T4_OPTIONS] = options
        for tag, value in tags.items():
            self._calls.TIFFSetField(tiff, ctypes.c_uint32(tag), ctypes.c_uint32(value))
        dpi = ctypes.c_double(page.resolution.y_dpi)
        self._calls.TIFFSetField(tiff, ctypes.c_uint32(Y_RESOLUTION), dpi)
        return tiff
