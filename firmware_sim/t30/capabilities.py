"""What two stations can do together: the ladder of rates, the terms of a document, and what may be refused."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from firmware_sim.t30.tables import LENGTHS_MM, WIDTHS_MM, Dcs, Dis, Grid, Modems, Rate

__all__ = [
    "ALL_MODEMS", "AUDIO_V29", "CODINGS", "LENGTHS_MM", "WIDTHS_MM", "Dcs", "Dis", "Form", "Grid", "Modems", "Rate",
    "acceptable", "choose", "ladder", "modems_of", "most_rows",
]  # fmt: skip

CODINGS = {"JBIG": "t85", "MMR": "t6", "MR": "two_dimensional", "MH": ""}
"""Each coding's bit, the one that makes the shortest pages first."""
NEED_ECM = ("JBIG", "MMR")
FALLBACK = {
    Grid.DPI_400: (Grid.DPI_400, Grid.FINE, Grid.STANDARD),
    Grid.DPI_300: (Grid.DPI_300, Grid.FINE, Grid.STANDARD),
    Grid.SUPERFINE: (Grid.SUPERFINE, Grid.FINE, Grid.STANDARD),
    Grid.FINE: (Grid.FINE, Grid.STANDARD),
    Grid.STANDARD: (Grid.STANDARD,),
}
"""What a page is sent as where the receiver has not the resolution it was drawn in."""
LENGTH_TOLERANCE = 1.03
"""A sheet of A4 at 98 dpi has 1146 rows, at 3.85 to the millimetre 1143: no receiver minds the difference."""


@dataclass(frozen=True, slots=True)
class Form:
    """What a page asks of the terms."""

    grid: Grid = Grid.STANDARD
    width_mm: int = WIDTHS_MM[0]
    length_mm: float = LENGTHS_MM["A4"]


def modems_of(names: Collection[str]) -> Modems | None:
    """The most that a DIS can offer of these modems. Not every set has a code: V.17 is offered only with the others."""
    codes = [code for code in Modems if {rate.modem for rate in code.rates} <= set(names)]
    return max(codes, key=lambda code: len(code.rates), default=None)


def ladder(ours: Dis, theirs: Dis, fastest_bps: int = 1 << 30) -> list[Rate]:
    """The rates that both stations have, in the order in which a sender falls back."""
    shared = (ours.modems or Modems.V27TER_2400_ONLY).rates & (theirs.modems or Modems.V27TER_2400_ONLY).rates
    return [rate for rate in Rate if rate in shared and rate.bps <= fastest_bps]


def choose(ours: Dis, theirs: Dis, rate: Rate, form: Form = Form(), *, frames_of_64: bool = False) -> Dcs:
    """The terms of a document at *rate*: what both can do of what it needs. T.6 and T.85 need error correction."""

    def both(bit: str) -> bool:
        return not bit or bool(getattr(ours, bit) and getattr(theirs, bit))

    ecm = both("ecm")
    grid = next(grid for grid in FALLBACK[form.grid] if both(grid.bit))
    coding = next(bit for name, bit in CODINGS.items() if both(bit) and (ecm or name not in NEED_ECM))
    flags = {bit: True for bit in (grid.bit, coding) if bit}
    return Dcs.of(
        receives=True,
        rate=rate,
        ecm=ecm,
        frames_of_64=ecm and (frames_of_64 or theirs.prefers_64),
        width_mm=_largest(form.width_mm, theirs.widths_mm or WIDTHS_MM[:1]),
        length=_length(form.length_mm, theirs.length or "A4"),
        scan_time_ms=0 if ecm else theirs.scan_time_ms(grid),
        inch=grid in (Grid.DPI_300, Grid.DPI_400),
        **flags,
    )


def _largest(wanted: int, offered: Sequence[int]) -> int:
    return max(width for width in offered if width <= max(wanted, WIDTHS_MM[0]))


def _length(wanted_mm: float, most: str) -> str:
    """The shortest sheet that holds the page, of those that the receiver has; else its longest."""
    offered = [name for name in LENGTHS_MM if LENGTHS_MM[name] <= LENGTHS_MM[most]]
    return next((name for name in offered if wanted_mm <= LENGTHS_MM[name] * LENGTH_TOLERANCE), most)


def most_rows(terms: Dcs) -> int:
    """How many rows go on the receiver's sheet."""
    return int(LENGTHS_MM[terms.length or "A4"] * LENGTH_TOLERANCE * terms.grid.rows_per_mm)


def acceptable(ours: Dis, commanded: Dcs) -> bool:
    """Whether a DCS keeps to what our DIS offered. Length is not judged: senders are careless about it."""
    offered = dict(Dis.fields())
    needs_ecm = commanded.t6 or commanded.t85
    return (
        commanded.rate in (ours.modems or Modems.V27TER_2400_ONLY).rates
        and commanded.width_mm in (ours.widths_mm or WIDTHS_MM[:1])
        and (commanded.ecm or not needs_ecm)
        and not any(
            getattr(commanded, name) and not getattr(ours, name)
            for name, field in Dcs.fields()
            if field.binds and name in offered
        )
    )


AUDIO_V29 = Dis.of(receives=True, modems=Modems.V29, fine=True, length="unlimited", scan_times_ms=(0, 0))
"""V.29 without error correction, for a station whose only image modem that is. Bits 11 to 14 have a code for it."""

ALL_MODEMS = Dis.of(receives=True, modems=Modems.V27TER_V29_V17, fine=True, ecm=True, t6=True, length="unlimited")
"""Every modem, error correction, T.6. With 20 ms a row it asks for the slowest usual printer."""
