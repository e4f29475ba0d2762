"""Calls whose two ends no one here wrote: libspandsp's, recorded and decoded, on good lines and bad ones."""

from random import Random

import numpy as np
import pytest

from firmware_sim.t4 import patterns
from firmware_sim.t4.page import Resolution
from firmware_sim.t30.frames import Frame
from tests.peers.spandsp_fax import OK, SpandspFax
from tests.peers.test_fax_spandsp import write_tiff

from .calls import SHORT, decoded, hashes, heard_pages, names, play

pytestmark = pytest.mark.peer
MODEMS = ("V.27ter", "V.29", "V.17")


def ends(folder, pages=SHORT, ecm=True, modems=MODEMS, codings=("MH",)):
    write_tiff(folder / "sent.tif", pages)
    habits = {"ecm": ecm, "modems": modems, "codings": codings}
    caller = SpandspFax(calling=True, send=folder / "sent.tif", **habits)
    return caller, SpandspFax(calling=False, receive=folder / "received.tif", **habits)


@pytest.mark.parametrize("ecm", [False, True], ids=["plain", "corrected"])
@pytest.mark.parametrize("modem", MODEMS)
def test_pages_are_those_that_were_sent(modem, ecm, tmp_path):
    caller, called = ends(tmp_path, ecm=ecm, modems=MODEMS[: MODEMS.index(modem) + 1])
    call = play(caller, called)
    assert (caller.code, called.code) == (OK, OK)
    for mixed in (False, True):
        found = decoded(*call, mixed=mixed)
        assert heard_pages(found) == hashes(SHORT)
        assert found.verdict.ok, found.verdict
        assert [sheet.verdict for sheet in found.sheets] == [Frame.MCF, Frame.MCF]
        assert [sheet.rate.split()[0] for sheet in found.sheets] == [modem, modem]


@pytest.mark.parametrize(("coding", "ecm"), [("MR", False), ("MMR", True)])
def test_every_coding_it_has(coding, ecm, tmp_path):
    pages = [patterns.text(1728, 300, Resolution.FINE)]
    caller, called = ends(tmp_path, pages, ecm=ecm, codings=("MH", "MR", "MMR") if coding == "MMR" else ("MH", "MR"))
    found = decoded(*play(caller, called))
    assert heard_pages(found) == hashes(pages)
    assert found.sheets[0].terms.coding == coding


def test_its_ladder_and_its_times(tmp_path):
    found = decoded(*play(*ends(tmp_path, ecm=False)))
    assert names(found)[:7] == [">CNG", "<CED", "<CSI DIS", ">TSI DCS", ">TCF", "<CFR", ">page"]
    assert [v for signal in found.signals for v in signal.violations] == []
    measured = {measure.name: measure.value for measure in found.measures}
    assert measured["CED length"] == pytest.approx(2602, abs=8)
    assert measured["silence after CED"] == pytest.approx(75, abs=6)
    assert measured["preamble"] == pytest.approx(853, abs=10)
    assert measured["TCF length"] == pytest.approx(1500, abs=20)
    csi = next(line for signal in found.signals for line in signal.details if line.startswith("CSI"))
    assert csi == 'CSI "+49 89 7777"'


class Bursts:
    """Bursts of noise of 60 ms between two times, at random."""

    def __init__(self, seed, start, stop, share):
        self.random, self.noise = Random(seed), np.random.default_rng(seed)
        self.start, self.stop, self.share, self.left = start * 8000, stop * 8000, share, 0

    def __call__(self, block, at):
        if self.start < at < self.stop and not self.left and self.random.random() < self.share:
            self.left = 3
        if not self.left:
            return block
        self.left -= 1
        return np.clip(block + self.noise.normal(0, 4000, len(block)), -32000, 32000).astype(np.int16)


@pytest.mark.parametrize("seed", range(3))
def test_what_it_corrects_is_corrected_here(seed, tmp_path):
    pages = [patterns.text(1728, 900, seed=3)]
    caller, called = ends(tmp_path, pages)
    call = play(caller, called, to_called=Bursts(seed, 13, 20, 0.08))
    found = decoded(*call)
    assert "<PPR" in names(found)
    assert found.verdict.ok is (called.code == OK), (found.verdict, called.code, names(found))
    if found.sheets[0].good:
        assert heard_pages(found) == hashes(pages)
    else:  # its receiver may have read a frame that ours has not
        assert found.sheets[0].missing_frames <= 3
        assert "frames are missing" in found.verdict.sentence


@pytest.mark.parametrize("seed", range(3))
def test_what_it_spoils_is_marked(seed, tmp_path):
    pages = [patterns.text(1728, 900, seed=3)]
    caller, called = ends(tmp_path, pages, ecm=False)
    found = decoded(*play(caller, called, to_called=Bursts(seed, 13, 20, 0.02)))
    assert found.sheets[0].bad_rows > 0
    answers = [sheet.verdict for sheet in found.sheets]
    assert answers[0] in (Frame.MCF, Frame.RTP, Frame.RTN)
    if found.verdict.ok:
        assert "as heard here" in found.verdict.sentence


def test_a_call_that_is_cut(tmp_path):
    caller, called = ends(tmp_path, [patterns.text(1728, 900)])
    said, answered = play(caller, called, to_called=lambda b, at: b if at < 14 * 8000 else None, hang=3000)
    found = decoded(said, answered)
    assert (found.verdict.code, found.exit_code) == ("carrier_lost", 1), (found.verdict, names(found))
    assert found.sheets[0].page.height_px > 20


def test_training_that_is_drowned(tmp_path):
    noise = np.random.default_rng(1)

    def drown(block, at):
        spoilt = at > 7 * 8000 and np.abs(block).max() > 100
        return np.clip(block + noise.normal(0, 6000, 160), -32000, 32000).astype(np.int16) if spoilt else block

    found = decoded(*play(*ends(tmp_path), to_called=drown))
    assert found.exit_code == 1
    assert found.verdict.code in ("cannot_train", "no_response_to_training", "dcs_unreadable"), found.verdict
