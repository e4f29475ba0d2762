"""Packets lost in the middle of a page: a hole in the signal costs what was in it, not the rest of the page."""

import numpy as np
import pytest

from firmware_sim.device.station import FaxStation, StationProfile
from firmware_sim.rtp.g711 import Codec
from firmware_sim.t4 import patterns

PAGE = patterns.text(1728, 400)
PAGE_BEGINS_S, LOST_AFTER_S = 10.0, 13.0


def play(blocks_lost, **habits):
    """A call whose page loses some blocks of 20 ms. What the receiver told, and what it holds."""
    told = []
    profile = StationProfile("1", codings=("MH",), **habits)
    caller = FaxStation(profile, lambda at, name, detail: None, is_calling=True, pages=[PAGE])
    answerer = FaxStation(profile, lambda at, name, detail: told.append((name, detail)), is_calling=False)
    a = b = np.zeros(160, np.int16)
    first = round(LOST_AFTER_S * 50)
    for block in range(10_000):
        a, b = answerer.execute(b), caller.execute(a)
        a, b = (Codec.PCMA.decode(Codec.PCMA.encode(one)) for one in (a, b))
        if first <= block < first + blocks_lost:
            b = np.zeros(160, np.int16)
        if caller.finished and answerer.finished:
            break
    return caller, answerer, told


def requests(told):
    return sum("PPR" in str(detail.get("text")) and detail.get("direction") == "->" for _, detail in told)


@pytest.mark.parametrize("modem", ["V.17", "V.29", "V.27ter"])
@pytest.mark.parametrize("blocks_lost", [1, 2, 4])
def test_with_error_correction_only_what_was_lost_is_sent_again(modem, blocks_lost):
    caller, answerer, told = play(blocks_lost, modems=(modem,))
    assert caller.outcome.ok
    assert [page.hash for page in answerer.received] == [PAGE.hash]
    assert requests(told) == 1
    again = [int(str(d["text"]).split()[0]) for _, d in told if " frames " in str(d.get("text"))]
    assert again[1] <= 0.15 * again[0]


@pytest.mark.parametrize("modem", ["V.17", "V.29", "V.27ter"])
def test_without_it_a_few_rows_are_bad_and_known(modem):
    _, answerer, _ = play(3, modems=(modem,), ecm=False, bad_row_limit=0.2, retrain_limit=0.2)
    (page,) = answerer.received
    assert 0 < len(page.bad_rows) < 40
    assert abs(page.height_px - PAGE.height_px) < 40


def test_a_page_with_a_long_hole_is_rejected_and_sent_again():
    caller, answerer, told = play(75, modems=("V.29",), ecm=False)
    assert caller.outcome.ok
    assert [page.hash for page in answerer.received] == [PAGE.hash]
    assert any(detail.get("text") == "RTN" and detail.get("direction") == "->" for _, detail in told)
