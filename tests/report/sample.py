"""A run made by hand, with everything in it that a report can show."""

from datetime import UTC, datetime

from PIL import Image, ImageDraw, ImageFont

from firmware_sim.events import Stamped
from firmware_sim.t4.page import Page, Resolution
from rig.report import Check, Ladder, LadderLine, PagePair, Run

LINES = [
    (0, "..", "dials 201"),
    (1_240_000, "<-", "CED 2100 Hz"),
    (4_315_000, "<-", "CSI +49 30 2010"),
    (5_050_000, "<-", "DIS V.17, ECM, fine"),
    (6_420_000, "->", "TSI +49 30 1000"),
    (7_155_000, "->", "DCS 14400 bit/s, ECM, MMR"),
    (8_020_000, "=>", "TCF V.17 14400, 1.5 s of zeros"),
    (9_790_000, "<-", "CFR"),
    (10_640_000, "=>", "page 1, 112 ECM frames"),
    (20_215_000, "->", "PPS-EOP"),
    (21_080_000, "<-", "PPR 3 frames"),
    (21_900_000, "=>", "3 ECM frames again"),
    (22_640_000, "->", "PPS-EOP"),
    (23_510_000, "<-", "MCF"),
    (24_350_000, "->", "DCN"),
    (24_700_000, "==", "line released"),
]


def page(height_px: int = 1143, resolution: Resolution = Resolution.STANDARD, bad: tuple[int, ...] = ()) -> Page:
    """An A4 sheet with a frame, a circle and text, drawn for the resolution's pixel shape; *bad* rows are destroyed."""
    stretch = resolution.x_dpi / resolution.y_dpi
    paper = Image.new("L", (1728, round(height_px * stretch)), 255)
    draw = ImageDraw.Draw(paper)
    draw.rectangle((60, 60, 1668, paper.height - 60), outline=0, width=6)
    draw.ellipse((464, 700, 1264, 1500), outline=0, width=12)
    draw.text((140, 140), "Page for the report", fill=0, font=ImageFont.load_default(110))
    for line in range(14):
        text = f"Line {line + 1}: the quick brown fox jumps over the lazy dog."
        draw.text(
            (140, 320 + line * 24 if line < 12 else 1400 + line * 24), text, fill=0, font=ImageFont.load_default(26)
        )
    image = paper.resize((1728, height_px)).point(lambda level: 255 * (level < 128)).convert("1")
    rows = bytearray(image.tobytes())
    for row in bad:
        rows[row * 216 + 40 : row * 216 + 170] = bytes((n * row) & 0xFF for n in range(130))
    return Page(1728, bytes(rows), resolution, bad)


def run() -> Run:
    """Passes, fails, errors, skips; equal, damaged and missing pages."""
    return Run(
        title="One fax from fax-interface-1 to fax-machine-1",
        started_at=datetime(2026, 3, 1, 12, 30, tzinfo=UTC),
        world="simulated time",
        seed=1,
        checks=[
            Check("Page 1 arrives as it was sent", True, "SHA-256 equal on both sides"),
            Check("Page 2 arrives as it was sent", False, "arrived with 40 bad rows"),
            Check("Silence before TCF", True, "T.30 5.3.2.3", 75.0, "ms", "75 ms ± 20 ms"),
            Check("T4 of the sender", False, "waited too long after DCS", 3.71, "s", "3.0 s ± 15 %"),
            Check.error("Line simulator answers", "no reply to *IDN? within 2 s"),
            Check.skip("Real ATA", "no device with driver tapi on this bench"),
        ],
        ladders=[
            Ladder("Call 1: 100 to 201", "fax-interface-1", "fax-machine-1", [LadderLine(*line) for line in LINES])
        ],
        pages=[
            PagePair("Page 1", page(), page(), ""),
            PagePair("Page 2", page(), page(bad=tuple(range(420, 460))), "arrived with 40 bad rows"),
            PagePair("Page 3", page(2286, Resolution.FINE), None, ""),
        ],
        log=[Stamped(at, "fax-interface-1", "t30.frame", {"text": text, "rate_bps": 14400}) for at, _, text in LINES],
        times_real_time=87.3,
        versions={"faxrig": "0.1.0", "Python": "3.11.2"},
        took_s=0.283,
    )
