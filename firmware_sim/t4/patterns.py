"""Pages to test with, drawn by rule: the same at every call, and each made to show one thing."""

from collections.abc import Callable, Iterable
from random import Random

from firmware_sim.t4.page import Page, Resolution

STANDARD = Resolution.STANDARD
HEIGHT_PX = {Resolution.STANDARD: 1143, Resolution.FINE: 2287, Resolution.SUPERFINE: 4573}
"""Rows of an A4 sheet."""


def white(width_px: int = 1728, height_px: int = 1143, resolution: Resolution = STANDARD) -> Page:
    """Nothing on it: the shortest page in MH."""
    return Page(width_px, bytes((width_px + 7) // 8 * height_px), resolution)


def staircase(width_px: int = 1728, height_px: int = 1728, resolution: Resolution = STANDARD) -> Page:
    """One black run a row, one pixel longer in each: a shifted or missing row shows at once."""
    return drawn(width_px, ([row % width_px + 1] for row in range(height_px)), resolution, first=1)


def diagonals(width_px: int = 1728, height_px: int = 1143, resolution: Resolution = STANDARD) -> Page:
    """Thin lines across the page, 64 pixels apart: they break where rows are lost and bend where pixels are."""
    spaced = [[(row % 64) + 1, 2] + [62, 2] * (width_px // 64) for row in range(height_px)]
    return drawn(width_px, spaced, resolution)


def all_runs(width_px: int = 1728, resolution: Resolution = STANDARD) -> Page:
    """Every run length from 1 to the width in both colours, so every code word."""
    black = ([1, run] if run < width_px else [0, run] for run in range(1, width_px + 1))
    light = ([run, 1] for run in range(1, width_px))
    return drawn(width_px, [*black, *light, [width_px]], resolution)


def dense(width_px: int = 1728, height_px: int = 1143, resolution: Resolution = STANDARD) -> Page:
    """Single pixels, black and white by turns, shifted in every other row: about the longest page in MH."""
    octets = (width_px + 7) // 8
    rows = b"".join(_trim(bytes((0x55 if row & 1 else 0xAA,)) * octets, width_px) for row in range(height_px))
    return Page(width_px, rows, resolution)


def text(width_px: int = 1728, height_px: int = 1143, resolution: Resolution = STANDARD, seed: int = 1) -> Page:
    """Like a typed letter: lines of words made of strokes, margins, white between the lines."""
    rng, scale = Random(seed), resolution.y_dpi / 98
    line_px, letter_rows = max(1, round(16 * scale)), max(1, round(11 * scale))
    rows: list[list[int]] = []
    while len(rows) < height_px:
        glyphs = [_letter(rng, letter_rows) for _ in range(rng.randrange(30, 70))]
        gaps = [rng.choice((4, 4, 4, 4, 16)) for _ in glyphs]
        for row in range(line_px):
            rows.append(_line_row(glyphs, gaps, row, width_px) if row < letter_rows else [])
    return drawn(width_px, rows[:height_px], resolution)


def drawn(width_px: int, rows: Iterable[Iterable[int]], resolution: Resolution = STANDARD, first: int = 0) -> Page:
    """Rows given as runs, white first, or black first where *first* is 1; cut at the width, filled up with white."""
    return Page(width_px, b"".join(_row(width_px, runs, first) for runs in rows), resolution)


PATTERNS: dict[str, Callable[[], Page]] = {
    "white": white,
    "staircase": staircase,
    "diagonals": diagonals,
    "all runs": all_runs,
    "dense": dense,
    "text": text,
}


def _row(width_px: int, runs: Iterable[int], colour: int) -> bytes:
    """Bits as one number, the leftmost pixel its most significant bit."""
    bits, x = 0, 0
    for run in runs:
        run = min(run, width_px - x)
        bits = bits << run | (((1 << run) - 1) if colour else 0)
        x, colour = x + run, 1 - colour
    octets = (width_px + 7) // 8
    return (bits << (octets * 8 - x)).to_bytes(octets, "big")


def _trim(row: bytes, width_px: int) -> bytes:
    """Without the bits past the width."""
    spare = len(row) * 8 - width_px
    return row[:-1] + bytes((row[-1] >> spare << spare,))


def _letter(rng: Random, rows: int) -> list[list[int]]:
    """For each row white and black by turns, 16 pixels in all: stems and bars."""
    kinds = ([2, 3, 6, 3, 2], [2, 12, 2], [2, 3, 11], [7, 3, 6], [4, 8, 4])
    stem, bar = rng.choice(kinds), rng.choice(kinds)
    bars = {0, rows - 1} if rng.random() < 0.6 else {rows // 2}
    return [bar if row in bars else stem for row in range(rows)]


def _line_row(glyphs: list[list[list[int]]], gaps: list[int], row: int, width_px: int) -> list[int]:
    """The runs of one row through a line of letters."""
    runs = [width_px // 12]
    for glyph, gap in zip(glyphs, gaps, strict=True):
        begin, *middle, end = glyph[row]
        runs[-1] += begin
        runs += [*middle, end + gap]
    return runs
