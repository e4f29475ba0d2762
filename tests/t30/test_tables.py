"""Every bit and control field against a table of facts; what two stations choose of what both can."""

import csv
from pathlib import Path

import pytest

from firmware_sim.t30.capabilities import (
    ALL_MODEMS,
    Form,
    acceptable,
    choose,
    modems_of,
    most_rows,
)
from firmware_sim.t30.frames import Frame
from firmware_sim.t30.tables import Dcs, Dis, Grid, Modems, Rate

HERE = Path(__file__).parent
UNUSED = ("reserved", "set to 0", "not valid", "do not care", "unknown", "sources differ, 0", "extend")


def rows(name):
    with (HERE / name).open(newline="") as file:
        return list(csv.DictReader(file))


BITS = rows("dis_bits.csv")


@pytest.mark.parametrize(("table", "column"), [(Dis, "dis_dtc"), (Dcs, "dcs")])
def test_every_bit_with_a_meaning_is_declared_and_no_other(table, column):
    declared = {number for _, field in table.fields() for number in field.numbers}
    meant = {int(row["bit"]) for row in BITS if not row[column].startswith(UNUSED)}
    assert declared == meant
    assert len(BITS) == 127


@pytest.mark.parametrize("number", [int(row["bit"]) for row in BITS if not row["dis_dtc"].startswith("extend")])
def test_a_bit_alone_comes_back_with_the_extend_bits_before_it(number):
    octets = Dis(1 << number - 1).encode()
    assert len(octets) == max(3, -(-number // 8))
    assert [octet >> 7 for octet in octets[2:]] == [1] * (len(octets) - 3) + [0]
    assert Dis.decode(octets).value == 1 << number - 1
    assert Dis.decode(octets + b"\xff" * 100).value == 1 << number - 1


def test_every_control_field_is_the_printed_one():
    known = {row["name"]: (int(row["x0"], 16), int(row["x1"], 16)) for row in rows("control_fields.csv")}
    assert {str(frame): (frame.octet(False), frame.octet(True)) for frame in Frame if str(frame) in known} == known
    assert {str(frame) for frame in Frame} - set(known) == set()


def test_the_invalid_width_reads_as_the_widest():
    assert Dis.decode(bytes((0, 0, 0b11))).widths_mm == (215, 255, 303)
    assert Dis.of(widths_mm=(215, 255, 303)).encode()[2] == 0b10


# -- modems ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("names", "code"),
    [
        ((), None),
        (("V.21",), None),
        (("V.29",), Modems.V29),
        (("V.27ter",), Modems.V27TER),
        (("V.27ter", "V.29"), Modems.V27TER_V29),
        (("V.17", "V.29", "V.27ter", "V.21"), Modems.V27TER_V29_V17),
        (("V.17", "V.29"), Modems.V29),
        (("V.17",), None),
    ],
)
def test_what_a_dis_can_say_of_modems(names, code):
    assert modems_of(names) is code


# -- terms -------------------------------------------------------------------------------------------------------------

RATE = Rate.V17_14400
BITS_OF = {"MH": "", "MR": "two_dimensional", "MMR": "t6", "JBIG": "t85"}


def able(*codings, **bits):
    return Dis.of(receives=True, modems=Modems.V27TER_V29_V17, **{BITS_OF[name]: True for name in codings}, **bits)


@pytest.mark.parametrize(
    ("ours", "theirs", "ecm", "chosen"),
    [
        ("MR MMR JBIG", "MR MMR JBIG", True, "JBIG"),
        ("MR MMR JBIG", "MR MMR", True, "MMR"),
        ("MR MMR", "MR MMR JBIG", True, "MMR"),
        ("MR MMR JBIG", "MR MMR JBIG", False, "MR"),
        ("MR MMR", "MMR", False, "MH"),
        ("MR", "MR JBIG", True, "MR"),
        ("", "MR MMR JBIG", True, "MH"),
        ("MR MMR JBIG", "", True, "MH"),
    ],
)
def test_the_coding_is_the_shortest_that_both_have(ours, theirs, ecm, chosen):
    ours, theirs = able(*ours.split(), ecm=True), able(*theirs.split(), ecm=ecm)
    terms = choose(ours, theirs, RATE)
    assert terms.coding == chosen
    assert sum((terms.t85, terms.t6, terms.two_dimensional)) == (chosen != "MH")
    assert acceptable(theirs, terms)
    assert Dcs.decode(terms.encode()) == terms


@pytest.mark.parametrize("coding", ["t6", "t85"])
def test_a_coding_that_needs_error_correction_is_refused_without(coding):
    everything = able("MR", "MMR", "JBIG", ecm=True)
    assert acceptable(everything, Dcs.of(rate=RATE, ecm=True, **{coding: True}))
    assert not acceptable(everything, Dcs.of(rate=RATE, **{coding: True}))


GRID_BITS = ("fine", "superfine", "dpi_300", "dpi_400")


@pytest.mark.parametrize(
    ("drawn", "offered", "chosen"),
    [
        (Grid.SUPERFINE, "fine superfine", Grid.SUPERFINE),
        (Grid.SUPERFINE, "fine", Grid.FINE),
        (Grid.SUPERFINE, "", Grid.STANDARD),
        (Grid.FINE, "superfine", Grid.STANDARD),
        (Grid.DPI_300, "fine dpi_300", Grid.DPI_300),
        (Grid.DPI_300, "fine superfine dpi_400", Grid.FINE),
        (Grid.DPI_400, "fine superfine dpi_400", Grid.DPI_400),
        (Grid.STANDARD, "fine superfine dpi_400", Grid.STANDARD),
    ],
)
def test_the_resolution_is_the_next_that_both_have(drawn, offered, chosen):
    ours = able(**dict.fromkeys(GRID_BITS, True))
    terms = choose(ours, able(**dict.fromkeys(offered.split(), True)), RATE, Form(drawn))
    assert terms.grid is chosen
    assert terms.width_px == chosen.widths_px[215]
    assert terms.inch is (chosen in (Grid.DPI_300, Grid.DPI_400))


@pytest.mark.parametrize(
    ("grid", "mm", "pixels"),
    [
        (Grid.FINE, 215, 1728), (Grid.FINE, 255, 2048), (Grid.SUPERFINE, 303, 2432),
        (Grid.DPI_300, 215, 2592), (Grid.DPI_300, 255, 3072), (Grid.DPI_300, 303, 3648),
        (Grid.DPI_400, 215, 3456), (Grid.DPI_400, 255, 4096), (Grid.DPI_400, 303, 4864),
    ],
)  # fmt: skip
def test_pixels_across_the_paper(grid, mm, pixels):
    assert Dcs.of(**{grid.bit: True}, width_mm=mm).width_px == pixels


@pytest.mark.parametrize(
    ("wide", "offered", "chosen"),
    [(303, (215, 255, 303), 303), (303, (215, 255), 255), (303, (215,), 215), (255, (215, 255, 303), 255)],
)
def test_the_width_is_the_next_that_the_receiver_has(wide, offered, chosen):
    terms = choose(ALL_MODEMS, ALL_MODEMS.replace(widths_mm=offered), RATE, Form(width_mm=wide))
    assert terms.width_mm == chosen


@pytest.mark.parametrize(
    ("long", "offered", "chosen"),
    [
        (200, "A4", "A4"), (200, "unlimited", "A4"), (297, "B4", "A4"), (304, "unlimited", "A4"),
        (340, "B4", "B4"), (340, "unlimited", "B4"), (500, "unlimited", "unlimited"), (500, "B4", "B4"),
        (500, "A4", "A4"),
    ],
)  # fmt: skip
def test_the_length_is_the_least_that_holds_the_page(long, offered, chosen):
    terms = choose(ALL_MODEMS, ALL_MODEMS.replace(length=offered), RATE, Form(length_mm=long))
    assert terms.length == chosen
    assert most_rows(terms) >= 297 * 3.85


SCAN_TIMES = [  # offered at standard and fine; then standard, fine, superfine without and with bit 46
    ((20, 20), (20, 20, 20, 10)),
    ((5, 5), (5, 5, 5, 5)),
    ((10, 10), (10, 10, 10, 5)),
    ((20, 10), (20, 10, 10, 5)),
    ((40, 40), (40, 40, 40, 20)),
    ((40, 20), (40, 20, 20, 10)),
    ((10, 5), (10, 5, 5, 5)),
    ((0, 0), (0, 0, 0, 0)),
]


@pytest.mark.parametrize(("offered", "expected"), SCAN_TIMES)
def test_the_scan_time_of_each_resolution(offered, expected):
    ours = able(fine=True, superfine=True)
    whole = ours.replace(scan_times_ms=offered)
    half = whole.replace(superfine_scan_halved=True)
    cases = ((Grid.STANDARD, whole), (Grid.FINE, whole), (Grid.SUPERFINE, whole), (Grid.SUPERFINE, half))
    assert tuple(choose(ours, theirs, RATE, Form(grid)).scan_time_ms for grid, theirs in cases) == expected
    corrected = choose(ours.replace(ecm=True), whole.replace(ecm=True), RATE)
    assert (corrected.scan_time_ms, corrected.min_row_bits) == (0, 0)


@pytest.mark.parametrize(
    "bit", [name for name, field in Dcs.fields() if field.binds and name not in ("t6", "t85", "mixed_raster", "jbig2")]
)
def test_what_a_receiver_must_have_offered(bit):
    plain = able()
    assert not acceptable(plain, Dcs.of(rate=RATE, **{bit: True}))
    assert acceptable(plain.replace(**{bit: True}), Dcs.of(rate=RATE, **{bit: True}))


@pytest.mark.parametrize("bit", ["subaddress", "sender_identification", "inch", "letter", "mobile", "duplex_line"])
def test_what_changes_no_octet_of_the_page_is_not_refused(bit):
    assert acceptable(able(), Dcs.of(rate=RATE, **{bit: True}))


@pytest.mark.parametrize(
    ("ours", "theirs", "chosen"), [(True, False, True), (False, True, True), (False, False, False)]
)
def test_frames_of_64_when_either_end_wants_them(ours, theirs, chosen):
    ends = able(ecm=True), able(ecm=True, prefers_64=theirs)
    assert choose(*ends, RATE, frames_of_64=ours).frames_of_64 is chosen
    assert not choose(able(), able(prefers_64=True), RATE, frames_of_64=True).frames_of_64
