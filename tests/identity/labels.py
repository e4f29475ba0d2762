"""Labels of adapters as a technician photographs them: drawn, put on a table, turned, blurred, lit badly.

Code 128 and QR are encoded by reportlab, which has no code in common with the reader; Data Matrix by zxing-cpp itself.
"""

import io
from dataclasses import dataclass
from random import Random

import numpy as np
import pypdfium2
import zxingcpp
from PIL import Image, ImageDraw, ImageFilter
from reportlab.graphics import renderPDF
from reportlab.graphics.barcode import code128, qr
from reportlab.graphics.shapes import Drawing
from reportlab.lib.units import mm
from reportlab.lib.utils import ImageReader
from reportlab.pdfgen.canvas import Canvas

PHOTO = (1440, 1080)
MOST_DEGREES = 15


@dataclass(frozen=True)
class Adapter:
    vendor: str
    model: str
    serial: str
    mac: str


@dataclass(frozen=True)
class Label:
    """*codes* are the texts that are on it, each once."""

    adapter: Adapter
    codes: frozenset[str]
    picture: Image.Image


def adapter(rng: Random) -> Adapter:
    def some(count: int, of: str) -> str:
        return "".join(rng.choice(of) for _ in range(count))

    hexadecimal = "0123456789ABCDEF"
    alphanumeric = "ABCDEFGHJKLMNPQRSTUVWXYZ0123456789"
    tail = some(6, hexadecimal)
    match rng.choice(("Cisco", "Linksys", "Grandstream", "Patton", "AudioCodes")):
        case "Cisco":
            made = f"{rng.randrange(8, 28):02}{rng.randrange(1, 53):02}"
            serial = rng.choice(("FCH", "CBT", "SAD", "JAE")) + made + some(4, alphanumeric)
            return Adapter("Cisco", "ATA191", serial, "8843E1" + tail)
        case "Linksys":
            return Adapter("Linksys", "PAP2T", "4MM00" + some(7, "0123456789"), "000E08" + tail)
        case "Grandstream":
            return Adapter("Grandstream", "HT802", "22EAU1NL51" + tail, "C074AD" + tail)
        case "Patton":
            return Adapter("Patton", "SN4112", "00A0BA" + tail, "00A0BA" + tail)
        case _:
            return Adapter("AudioCodes", "MP-112", some(8, "123456789"), "00908F" + tail)


def draw(rng: Random) -> Label:
    """70 by 40 mm: two bar codes, and a QR code or a Data Matrix or both; or one square code with all in it."""
    one = adapter(rng)
    out = io.BytesIO()
    canvas = Canvas(out, pagesize=(70 * mm, 40 * mm), invariant=1)
    canvas.setFont("Helvetica-Bold", 9)
    canvas.drawString(3 * mm, 35.5 * mm, f"{one.vendor} {one.model}")
    canvas.setFont("Helvetica", 6)
    canvas.drawString(3 * mm, 32.5 * mm, "Input 5 V 1 A    Made for tests")
    codes, kind = set(), rng.choice(("bars", "bars and QR", "bars and matrix", "QR", "matrix", "all"))
    together = f"SN:{one.serial};MAC:{one.mac};PN:{one.model}"
    if "bars" in kind or kind == "all":
        _bars(canvas, one.serial, "S/N", 18 * mm, codes)
        _bars(canvas, one.mac, "MAC", 4.5 * mm, codes)
    if "QR" in kind or kind == "all":
        _qr(canvas, together, codes)
    if "matrix" in kind or kind == "all":
        _matrix(canvas, one.serial if kind == "all" else together, codes)
    canvas.save()
    page = pypdfium2.PdfDocument(out.getvalue())[0]
    return Label(one, frozenset(codes), page.render(scale=16 * 25.4 / 72).to_pil().convert("L"))


def _bars(canvas: Canvas, text: str, name: str, y: float, codes: set[str]) -> None:
    plain = code128.Code128(text, barWidth=1, quiet=False)
    bars = code128.Code128(text, barWidth=min(0.25 * mm, 42 * mm / plain.width), barHeight=8 * mm, quiet=False)
    bars.drawOn(canvas, 4 * mm, y)
    canvas.setFont("Helvetica", 6)
    canvas.drawString(4 * mm, y - 2.6 * mm, f"{name} {text}")
    codes.add(text)


def _qr(canvas: Canvas, text: str, codes: set[str]) -> None:
    drawing = Drawing(18 * mm, 18 * mm)
    drawing.add(qr.QrCodeWidget(text, barWidth=18 * mm, barHeight=18 * mm, barLevel="M"))
    renderPDF.draw(drawing, canvas, 51 * mm, 20.5 * mm)
    codes.add(text)


def _matrix(canvas: Canvas, text: str, codes: set[str]) -> None:
    code = zxingcpp.create_barcode(text, zxingcpp.BarcodeFormat.DataMatrix)
    picture = Image.fromarray(np.array(zxingcpp.write_barcode_to_image(code, scale=8)))
    canvas.drawImage(ImageReader(picture), 53 * mm, 4 * mm, 14 * mm, 14 * mm)
    codes.add(text)


def photo(label: Label, rng: Random) -> Image.Image:
    """At most 15 degrees turned, with perspective, blur, glare, uneven light and noise."""
    table = Image.new("L", PHOTO, rng.randrange(60, 170))
    marks = ImageDraw.Draw(table)
    for _ in range(30):
        x, y = rng.randrange(PHOTO[0]), rng.randrange(PHOTO[1])
        marks.line((x, y, x + rng.randrange(-300, 300), y + rng.randrange(-60, 60)), rng.randrange(40, 190), 3)
    where = _corners(label.picture.size, rng)
    seen_from = _mapping(where, label.picture.size)
    onto = Image.Transform.PERSPECTIVE
    mask = Image.new("L", label.picture.size, 255).transform(PHOTO, onto, seen_from)
    table.paste(label.picture.transform(PHOTO, onto, seen_from, Image.Resampling.BICUBIC), mask=mask)
    return _lit(table.filter(ImageFilter.GaussianBlur(rng.uniform(0.3, 2.2))), where, rng)


def _corners(size: tuple[int, int], rng: Random) -> np.ndarray:
    """Where the label's corners come to lie, px, clockwise from its upper left."""
    width = PHOTO[0] * rng.uniform(0.62, 0.84)
    height = width * size[1] / size[0]
    corners = np.array([(-width, -height), (width, -height), (width, height), (-width, height)]) / 2
    angle = np.radians(rng.uniform(-MOST_DEGREES, MOST_DEGREES))
    turn = np.array([(np.cos(angle), np.sin(angle)), (-np.sin(angle), np.cos(angle))])
    bend = np.array([(rng.uniform(-1, 1), rng.uniform(-1, 1)) for _ in range(4)]) * width * 0.035
    return corners @ turn + bend + np.array(PHOTO) / 2


def _mapping(where: np.ndarray, size: tuple[int, int]) -> list[float]:
    """The eight numbers that lead from a pixel of the photo to one of the label."""
    onto = [(0, 0), (size[0], 0), size, (0, size[1])]
    rows, values = [], []
    for (x, y), (u, v) in zip(where, onto, strict=True):
        rows += [(x, y, 1, 0, 0, 0, -u * x, -u * y), (0, 0, 0, x, y, 1, -v * x, -v * y)]
        values += [u, v]
    return list(np.linalg.solve(np.array(rows), np.array(values)))


def _lit(image: Image.Image, where: np.ndarray, rng: Random) -> Image.Image:
    """Glare is a bright spot on the label that takes contrast away; the light falls off to one side."""
    y, x = np.mgrid[0 : PHOTO[1], 0 : PHOTO[0]].astype(np.float32)
    pixels = np.asarray(image, np.float32)
    angle, fall = rng.uniform(0, 2 * np.pi), rng.uniform(0, 0.45)
    side = (np.cos(angle) * (x / PHOTO[0] - 0.5) + np.sin(angle) * (y / PHOTO[1] - 0.5)) + 0.5
    pixels = pixels * (1 - fall * side) * rng.uniform(0.55, 1.0)
    spot_x, spot_y = rng.uniform(*where[:, 0][[0, 1]]), rng.uniform(*where[:, 1][[0, 3]])
    radius = rng.uniform(80, 260)
    spot = rng.uniform(0, 0.75) * np.exp(-((x - spot_x) ** 2 + (y - spot_y) ** 2) / (2 * radius**2))
    pixels = pixels * (1 - spot) + 250 * spot
    noise = np.random.default_rng(rng.randrange(1 << 32)).standard_normal(pixels.shape, np.float32)
    return Image.fromarray(np.clip(pixels + noise * rng.uniform(1, 7), 0, 255).astype(np.uint8))


def jpeg(image: Image.Image, quality: int = 82) -> bytes:
    out = io.BytesIO()
    image.save(out, "JPEG", quality=quality)
    return out.getvalue()
