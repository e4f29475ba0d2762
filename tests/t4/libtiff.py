"""libtiff as the peer of the page codecs: strips in and out through Pillow."""

import io
import struct

from PIL import Image, TiffImagePlugin

TIFF_SHORT, TIFF_LONG = 3, 4
TURNED = bytes(int(f"{octet:08b}"[::-1], 2) for octet in range(256))


def tiff(strip, page, compression, options=0):
    """A minimal TIFF around one strip. 3 is Group 3, with option 1 two-dimensional; 4 is Group 4."""
    tags = [
        (256, TIFF_LONG, page.width_px),
        (257, TIFF_LONG, page.height_px),
        (258, TIFF_SHORT, 1),
        (259, TIFF_SHORT, compression),
        (262, TIFF_SHORT, 0),
        (266, TIFF_SHORT, 1),
        (273, TIFF_LONG, 8),
        (277, TIFF_SHORT, 1),
        (278, TIFF_LONG, page.height_px),
        (279, TIFF_LONG, len(strip)),
    ]
    if compression == 3:
        tags.append((292, TIFF_LONG, options))
    strip += b"\0" * (len(strip) & 1)
    entries = b"".join(struct.pack("<HHII", tag, kind, 1, value) for tag, kind, value in tags)
    return struct.pack("<2sHI", b"II", 42, 8 + len(strip)) + strip + struct.pack("<H", len(tags)) + entries + bytes(4)


def image_of(page):
    return Image.frombytes("1", (page.width_px, page.height_px), bytes(octet ^ 0xFF for octet in page.rows))


def rows_of(image, page):
    """The rows of an image of the width of *page*, black as ones, nought past the width."""
    spare = -page.width_px % 8
    inked = bytearray(octet ^ 0xFF for octet in image.convert("1").tobytes())
    for last in range(page.row_octets - 1, len(inked), page.row_octets):
        inked[last] = inked[last] >> spare << spare
    return bytes(inked)


def read(strip, page, compression, options=0):
    """The rows that libtiff finds in a strip of ours."""
    with Image.open(io.BytesIO(tiff(strip, page, compression, options))) as image:
        return rows_of(image, page)


def write(page, compression, options=0):
    """The strip that libtiff makes of a page."""
    out, info = io.BytesIO(), TiffImagePlugin.ImageFileDirectory_v2()
    info[262], info[278] = 0, page.height_px
    if compression == 3:
        info[292] = options
    name = {3: "group3", 4: "group4"}[compression]
    dpi = (page.resolution.x_dpi, page.resolution.y_dpi)
    image_of(page).save(out, "TIFF", compression=name, tiffinfo=info, strip_size=1 << 30, dpi=dpi)
    with Image.open(io.BytesIO(out.getvalue())) as written:
        tags = written.tag_v2
        start, length, turned = tags[273][0], tags[279][0], tags.get(266, 1) == 2
        assert len(tags[273]) == 1
    strip = out.getvalue()[start : start + length]
    return strip.translate(TURNED) if turned else strip
