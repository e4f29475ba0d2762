"""Two of our stations on one line, on audio: what no other program here can be asked for, JBIG above all."""

import numpy as np
import pytest

from firmware_sim.device.station import FaxStation, StationProfile
from firmware_sim.t4 import patterns
from firmware_sim.t4.codecs import CODECS
from firmware_sim.t4.page import Resolution

PAGES = [patterns.text(1728, 150), patterns.diagonals(1728, 80), patterns.text(1728, 200, Resolution.SUPERFINE)]


def station(calling, pages=(), shelf=None, **habits):
    profile = StationProfile("+49 30 1" if calling else "+49 89 2", **habits)
    return FaxStation(profile, lambda at, name, detail: None, is_calling=calling, pages=pages, shelf=shelf)


def play(caller, answerer, longest_s=300):
    to_caller = to_answerer = np.zeros(160, np.int16)
    for _ in range(longest_s * 50):
        from_caller, from_answerer = caller.execute(to_caller), answerer.execute(to_answerer)
        to_caller, to_answerer = from_answerer, from_caller
        if caller.finished and answerer.finished:
            return caller.outcome.code, answerer.outcome.code
    raise AssertionError(f"no end: {caller.outcome}, {answerer.outcome}")


def codings(station):
    return {sheet.terms.coding for sheet in station._call.received}


def hashes(pages):
    return [page.hash for page in pages]


@pytest.mark.parametrize("ecm", [True, False])
@pytest.mark.parametrize("coding", list(CODECS))
def test_every_coding(coding, ecm):
    caller, answerer = station(True, PAGES, ecm=ecm), station(False, ecm=ecm, codings=("MH", coding))
    assert play(caller, answerer) == ("ok", "ok")
    assert codings(answerer) == {coding if ecm or coding == "MR" else "MH"}
    assert hashes(answerer.received) == hashes(PAGES)
    assert caller.pages_confirmed == 3


def test_the_best_of_everything_is_the_default():
    caller, answerer = station(True, PAGES), station(False)
    assert play(caller, answerer) == ("ok", "ok")
    assert codings(answerer) == {"JBIG"}
    assert answerer.rate_bps == 14400


@pytest.mark.parametrize("ecm", [True, False])
def test_poll_by_number_with_a_password(ecm):
    def poll(**habits):
        caller = station(True, ecm=ecm, polls=True, **habits)
        answerer = station(False, shelf={"7": PAGES, "8": PAGES[:1]}, ecm=ecm, poll_password="secret")
        return play(caller, answerer), caller

    ends, caller = poll(document_number="7", password="secret")
    assert ends == ("ok", "ok")
    assert hashes(caller.received) == hashes(PAGES)
    assert poll(document_number="7", password="guess")[0] == ("poll_refused", "wrong_password")
    assert poll(document_number="6", password="secret")[0] == ("poll_refused", "no_document")
    assert poll(password="secret")[0] == ("poll_refused", "no_document")


def test_send_and_poll_in_one_call():
    caller, answerer = station(True, PAGES[:1], polls=True), station(False, PAGES[1:])
    assert play(caller, answerer) == ("ok", "ok")
    assert hashes(answerer.received) == hashes(PAGES[:1])
    assert hashes(caller.received) == hashes(PAGES[1:])


def test_a_long_page_on_short_paper_counts_once():
    long = patterns.text(1728, 2000)
    caller, answerer = station(True, [long, PAGES[0]]), station(False, length="A4")
    assert play(caller, answerer) == ("ok", "ok")
    assert [page.height_px for page in answerer.received] == [1177, 823, 150]
    assert b"".join(page.rows for page in answerer.received[:2]) == long.rows
    assert caller.pages_confirmed == 2


def test_a_sender_that_must_say_who_it_is():
    for given, ends in (("me", ("ok", "ok")), ("you", ("peer_disconnected", "wrong_password"))):
        assert play(station(True, PAGES, password=given), station(False, sender_password="me")) == ends
