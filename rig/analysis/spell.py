"""Frames in words: what a DIS can, what a DCS chose, and the fields of the others."""

from collections.abc import Iterator

from firmware_sim.errors import DecodeError
from firmware_sim.t30.bits import Bit, Number, Table
from firmware_sim.t30.frames import Control, Frame, PartialPage, decode_number
from firmware_sim.t30.tables import Dcs, Dis, Grid, Rate

NUMBERS = (Frame.CSI, Frame.TSI, Frame.CIG, Frame.SUB, Frame.SID, Frame.PWD, Frame.SEP, Frame.PSA)
GRID_NAMES = {
    Grid.STANDARD: "standard (204 x 98 dpi)",
    Grid.FINE: "fine (204 x 196 dpi)",
    Grid.SUPERFINE: "superfine (204 x 391 dpi)",
    Grid.DPI_300: "300 x 300 dpi",
    Grid.DPI_400: "400 x 400 dpi",
}
SAID = ("rate", "modems", "fine", "superfine", "dpi_300", "dpi_400", "two_dimensional", "t6", "t85", "ecm", "receives",
        "widths_mm", "width_mm", "length", "scan_times_ms", "scan_time_ms", "frames_of_64", "inch")  # fmt: skip
"""What the lines above the flags say in their own words."""
WORDS = {
    "internet_simple": "store and forward internet fax",
    "internet_realtime": "internet fax in real time (T.38)",
    "mobile": "on a mobile network",
    "v8": "V.8",
    "prefers_64": "prefers frames of 64 octets",
    "ready_to_send": "has a document to be polled",
    "multiple_polling": "several selective polls",
    "polled_subaddress": "polled subaddress",
    "selective_polling": "selective polling (SEP)",
    "subaddress": "subaddress (SUB)",
    "password": "password (PWD, SID)",
    "sender_identification": "sender identification (SID)",
    "fnv": "field not valid (FNV)",
    "uncompressed": "uncompressed mode",
    "prefers_inch": "prefers inch",
    "prefers_metric": "prefers metric",
    "superfine_scan_halved": "half the scan time at superfine",
    "binary_file": "binary file transfer",
    "t85_optional": "T.85 optional L0",
    "letter": "Letter",
    "legal": "Legal",
    "jpeg": "JPEG",
    "colour": "colour",
}


def details(control: Control) -> list[str]:
    """The frame's field in words, a line each; none where it has none."""
    frame, fif = control.frame, control.fif
    if frame in (Frame.DIS, Frame.DTC):
        return list(_offer(Dis.decode(fif)))
    if frame is Frame.DCS:
        return list(_choice(Dcs.decode(fif)))
    if frame in NUMBERS:
        return [f'{frame} "{decode_number(fif)}"']
    if frame is Frame.PPS:
        return _partial_page(fif)
    if frame is Frame.PPR:
        wanted = bin(int.from_bytes(fif, "little")).count("1")
        return [f"{wanted} frames wanted again (those past the last one sent may be among them)"]
    if frame is Frame.CTC:
        rate = Dcs.decode(fif).rate
        return [f"goes on at {rate or 'a rate that has no meaning'}"]
    return [f"{frame} {fif.hex(' ')}"] if fif else []


def brief(control: Control) -> str:
    """What belongs on the line of the ladder itself."""
    frame, fif = control.frame, control.fif
    if frame is Frame.DCS:
        terms = Dcs.decode(fif)
        kind = "ECM" if terms.ecm else "no ECM"
        return f"{terms.rate or 'no such rate'}, {terms.coding}, {GRID_NAMES[terms.grid].split(' (')[0]}, {kind}"
    if frame in (Frame.DIS, Frame.DTC):
        offer = Dis.decode(fif)
        names = dict.fromkeys(rate.modem for rate in _rates(offer))
        kinds = [name for name, there in (("ECM", offer.ecm), ("fine", offer.fine), ("MMR", offer.t6)) if there]
        return ", ".join([" ".join(names) or "no such modems", *kinds])
    if frame is Frame.CTC:
        return str(Dcs.decode(fif).rate or "no such rate")
    if frame is Frame.PPS and len(fif) == 4:
        return f"page {fif[1] + 1}, block {fif[2] + 1}, {fif[3] + 1} frames"
    return ""


def _partial_page(fif: bytes) -> list[str]:
    try:
        label = PartialPage.decode(fif)
    except DecodeError as error:
        return [str(error)]
    then = {Frame.NULL: "the page goes on", Frame.MPS: "another page follows", Frame.EOM: "another document follows"}
    return [f"page {label.page + 1}, block {label.block + 1}, {label.frames} frames; "
            f"{then.get(label.then, 'the last page ends')}"]  # fmt: skip


def _rates(offer: Dis) -> list[Rate]:
    return [rate for rate in Rate if offer.modems and rate in offer.modems.rates]


def _offer(offer: Dis) -> Iterator[str]:
    if not offer.receives:
        yield "cannot receive"
    yield "rates: " + (", ".join(map(str, _rates(offer))) or "bits 11 to 14 have no meaning")
    grids = [GRID_NAMES[grid] for grid in Grid if not grid.bit or getattr(offer, grid.bit)]
    yield "resolutions: " + ", ".join(grids)
    codings = ["MH", *(name for name, bit in (("MR", "two_dimensional"), ("MMR", "t6"), ("JBIG", "t85"))
                       if getattr(offer, bit))]  # fmt: skip
    yield "codings: " + ", ".join(codings)
    yield "error correction: " + ("yes" if offer.ecm else "no")
    yield "paper: " + ", ".join(f"{mm} mm" for mm in offer.widths_mm or ()) + f" wide, {offer.length or '?'} long"
    standard, fine = offer.scan_times_ms or (0, 0)
    yield f"least time a row: {standard} ms at standard, {fine} ms at fine"
    yield from _flags(offer)


def _choice(terms: Dcs) -> Iterator[str]:
    yield f"rate: {terms.rate or 'bits 11 to 14 have no meaning'}"
    yield f"resolution: {GRID_NAMES[terms.grid]}, {terms.width_px} pixels a row"
    yield f"coding: {terms.coding}"
    size = f"yes, frames of {64 if terms.frames_of_64 else 256} octets" if terms.ecm else "no"
    yield f"error correction: {size}"
    yield f"paper: {terms.width_mm or '?'} mm wide, {terms.length or '?'} long"
    yield f"least time a row: {'?' if terms.scan_time_ms is None else terms.scan_time_ms} ms"
    yield from _flags(terms)


def _flags(table: Table) -> Iterator[str]:
    """All that is set and not said yet."""
    said = []
    for name, field in table.fields():
        value = getattr(table, name)
        if name in SAID or not value or not isinstance(field, (Bit, Number)):
            continue
        words = WORDS.get(name, name.replace("_", " "))
        said.append(f"{words} (bit {field.numbers[0]})" if value is True else f"{words} {value}")
    if said:
        yield "also: " + ", ".join(said)
