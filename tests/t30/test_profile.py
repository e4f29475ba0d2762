"""What a device offers and how it behaves, from its profile: each habit with its default, and what it changes."""

from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest

from firmware_sim.clock import seconds
from firmware_sim.device import pages as paper
from firmware_sim.device.station import FaxStation, StationProfile, capabilities, settings
from firmware_sim.modems.catalog import CATALOG
from firmware_sim.t4 import patterns
from firmware_sim.t4.codecs import CODECS
from firmware_sim.t4.page import Page, Resolution, difference
from firmware_sim.t30 import timers
from firmware_sim.t30.frames import Frame, encode_number
from firmware_sim.t30.tables import Dcs, Grid, Modems, Rate

PLAIN = StationProfile()


def offer(*, is_calling=False, **habits):
    return capabilities(replace(PLAIN, **habits), is_calling=is_calling)


def habits_of(*, is_calling=True, **habits):
    return settings(replace(PLAIN, **habits), is_calling=is_calling)


# -- what is offered ---------------------------------------------------------------------------------------------------


def test_everything_there_is_is_offered():
    dis = offer()
    assert dis.modems.rates == {rate for rate in Rate if rate.modem in CATALOG}
    assert (dis.two_dimensional, dis.t6, dis.t85) == ("MR" in CODECS, "MMR" in CODECS, "JBIG" in CODECS)
    assert {grid for grid in Grid if grid.bit and getattr(dis, grid.bit)} == set(paper.GRIDS) - {Grid.STANDARD}
    assert (dis.ecm, dis.receives, dis.ready_to_send, dis.length) == (True, True, False, "unlimited")
    assert (dis.widths_mm, dis.scan_times_ms, dis.prefers_64) == ((215,), (0, 0), False)


@pytest.mark.parametrize(
    ("habits", "modems"),
    [
        ({"modems": ("V.29",)}, Modems.V29),
        ({"modems": ("V.27ter", "V.29")}, Modems.V27TER_V29),
        ({"modems": ("V.34", "V.27ter")}, Modems.V27TER),
        ({"fastest_bps": 14400}, Modems.V27TER_V29_V17),
        ({"fastest_bps": 9600}, Modems.V27TER_V29),
        ({"fastest_bps": 4800}, Modems.V27TER),
        ({"fastest_bps": 2400}, Modems.V27TER_2400_ONLY),
        ({"modems": ()}, Modems.V27TER_2400_ONLY),
    ],
)
def test_the_modems_of_a_receiver(habits, modems):
    assert offer(**habits).modems is modems


def test_a_sender_keeps_to_its_rate_within_a_modem():
    assert offer(is_calling=True, fastest_bps=7200).modems is Modems.V27TER_V29_V17
    assert habits_of(fastest_bps=7200).fastest_bps == 7200


@pytest.mark.parametrize(
    ("habits", "settled"),
    [
        ({"codings": ("MH",)}, {"two_dimensional": False, "t6": False, "t85": False}),
        ({"codings": ("MH", "MMR")}, {"two_dimensional": False, "t6": True, "t85": False}),
        ({"codings": ("MH", "unheard of")}, {"two_dimensional": False, "t6": False}),
        ({"resolutions": ("STANDARD",)}, {"fine": False, "superfine": False}),
        ({"resolutions": ("STANDARD", "FINE")}, {"fine": True, "superfine": False}),
        ({"width_mm": 303}, {"widths_mm": (215, 255, 303)}),
        ({"length": "A4"}, {"length": "A4"}),
        ({"scan_times_ms": (20, 10)}, {"scan_times_ms": (20, 10)}),
        ({"frames_of_64": True}, {"prefers_64": True}),
        ({"ecm": False}, {"ecm": False}),
    ],
)
def test_a_bit_for_each_ability(habits, settled):
    dis = offer(**habits)
    assert {name: getattr(dis, name) for name in settled} == settled


# -- what it does ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("habit", "value", "setting", "default", "becomes"),
    [
        ("station_id", "+49 1", "identification", b"", encode_number("+49 1")),
        ("ecm", False, "ecm", True, False),
        ("frames_of_64", True, "frames_of_64", False, True),
        ("polls", True, "polls", False, True),
        ("poll_password", "1", "poll_password", b"", encode_number("1")),
        ("sender_password", "2", "sender_password", b"", encode_number("2")),
        ("copies", 1, "copies", 3, 1),
        ("corrects_on", False, "corrects_on", True, False),
        ("asks_repeat", True, "asks_repeat", False, True),
        ("longest_page", 9, "longest_page", 8_000_000, 9),
        ("bad_row_limit", 0.15, "bad_row_limit", 0.05, 0.15),
        ("retrain_limit", 0.1, "retrain_limit", 0.02, 0.1),
        ("nsf", b"\xb5\0", "options", {}, {Frame.NSF: b"\xb5\0"}),
        ("document_number", "7", "options", {}, {Frame.SEP: encode_number("7")}),
        ("subaddress", "8", "options", {}, {Frame.SUB: encode_number("8")}),
        ("password", "9", "options", {}, {Frame.PWD: encode_number("9"), Frame.SID: encode_number("9")}),
        ("t1_s", 30.0, "t1", timers.T1, replace(timers.T1, nominal=seconds(30))),
        ("t2_s", 7.0, "t2", timers.T2, replace(timers.T2, nominal=seconds(7))),
        ("t3_s", 15.0, "t3", timers.T3, replace(timers.T3, nominal=seconds(15))),
        ("t4_s", 3.45, "t4", timers.T4, replace(timers.T4, nominal=seconds(3.45))),
        ("t5_s", 65.0, "t5", timers.T5, replace(timers.T5, nominal=seconds(65))),
    ],
)
def test_a_habit_becomes_a_setting(habit, value, setting, default, becomes):
    assert getattr(habits_of(), setting) == default
    assert getattr(habits_of(**{habit: value}), setting) == becomes


def test_every_habit_is_tried_here():
    tried = Path(__file__).read_text()
    assert [field.name for field in fields(StationProfile) if field.name not in tried] == []


def test_the_level():
    loud, soft = (FaxStation(replace(PLAIN, level_dbm0=level), _no_news, is_calling=True) for level in (-10, -20))
    said = [np.concatenate([station.execute(np.zeros(160, np.int16)) for _ in range(20)]) for station in (loud, soft)]
    assert abs(20 * np.log10(said[0].std() / said[1].std()) - 10) < 0.2


def _no_news(at, name, detail):
    pass


# -- pages on the receiver's paper -------------------------------------------------------------------------------------


@pytest.mark.parametrize("coding", list(CODECS))
@pytest.mark.parametrize("resolution", list(Resolution))
def test_a_page_comes_back_from_its_octets(coding, resolution):
    page = patterns.text(1728, 60, resolution)
    bit = {"MR": "two_dimensional", "MMR": "t6", "JBIG": "t85"}.get(coding)
    grid = Grid[resolution.name].bit
    terms = Dcs.of(rate=Rate.V29_9600, **{name: True for name in (bit, grid) if name})
    assert terms.coding == coding
    assert difference(page, paper.decode(paper.encode(page, terms), terms).page) == ""
    assert paper.form(page).grid is Grid[resolution.name]


def test_a_narrow_page_stands_on_white():
    page = Page(1700, b"\xff" * 213 * 3)
    fitted = paper.fit(page, Dcs())
    assert (fitted.width_px, fitted.height_px) == (1728, 3)
    assert fitted.row(0) == b"\xff" * 212 + b"\xf0" + b"\0" * 3


@pytest.mark.parametrize(("width_px", "height"), [(2048, 338), (2432, 284)])
def test_a_wide_page_becomes_smaller_for_narrow_paper(width_px, height):
    page = patterns.diagonals(width_px, 400)
    fitted = paper.fit(page, Dcs())
    assert (fitted.width_px, fitted.height_px) == (1728, height)
    assert paper.fit(page, Dcs.of(width_mm=paper.form(page).width_mm)) == page
    hairline = Page(2432, (b"\0" * 304 + b"\0" * 100 + b"\x01" + b"\0" * 203) * 50)
    assert paper.fit(hairline, Dcs()).rows.strip(b"\0")


@pytest.mark.parametrize(
    ("length", "heights"), [("A4", [1177, 1177, 646]), ("B4", [1443, 1443, 114]), ("unlimited", [3000])]
)
def test_a_long_page_is_cut_for_short_paper(length, heights):
    page = patterns.diagonals(1728, 3000)
    parts = paper.divide(page, Dcs.of(length=length))
    assert [part.height_px for part in parts] == heights
    assert b"".join(part.rows for part in parts) == page.rows


def test_a_page_at_the_receivers_resolution_is_cut_by_its_rows():
    page = patterns.diagonals(1728, 4000, Resolution.SUPERFINE)
    assert [part.height_px for part in paper.divide(page, Dcs())] == [4000]
    fine = paper.divide(patterns.diagonals(1728, 4000, Resolution.FINE), Dcs.of(fine=True))
    assert [part.height_px for part in fine] == [2355, 1645]
