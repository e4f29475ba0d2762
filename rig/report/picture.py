"""Pages as PNG, with damaged rows tinted."""

from base64 import b64encode
from io import BytesIO

import numpy as np
from PIL import Image

from firmware_sim.t4.page import Page

_PALETTE = [255, 255, 255, 0, 0, 0, 255, 205, 200, 170, 20, 20]
"""White, black, and both in a damaged row."""


def damaged_rows(sent: Page, received: Page) -> list[int]:
    """Rows that arrived damaged or otherwise than they were sent; rows that are too many do not count."""
    damaged = {row for row in received.bad_rows if row < received.height_px}
    if (sent.width_px, sent.resolution) == (received.width_px, received.resolution):
        both = min(sent.height_px, received.height_px)
        damaged |= {row for row in range(both) if sent.row(row) != received.row(row)}
    return sorted(damaged)


def png(page: Page, damaged: list[int] | None = None) -> bytes:
    rows = np.frombuffer(page.rows, np.uint8).reshape(page.height_px, page.row_octets)
    pixels = np.unpackbits(rows, axis=1)[:, : page.width_px]
    pixels[damaged or []] += 2
    image = Image.frombytes("P", (page.width_px, page.height_px), pixels.tobytes())
    image.putpalette(_PALETTE)
    file = BytesIO()
    image.save(file, "PNG", optimize=True, bits=2 if damaged else 1)
    return file.getvalue()


def data_address(page: Page, damaged: list[int] | None = None) -> str:
    """The picture as a data: address, empty for a page without rows."""
    return f"data:image/png;base64,{b64encode(png(page, damaged)).decode('ascii')}" if page.height_px else ""


def aspect(page: Page) -> str:
    """Width over height on paper, as CSS writes it: a standard row is about twice as high as a pixel is wide."""
    return f"{page.width_px / page.resolution.x_dpi:.4f} / {max(page.height_px, 1) / page.resolution.y_dpi:.4f}"
