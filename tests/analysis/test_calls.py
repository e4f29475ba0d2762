"""Calls of our own stations, decoded: the pages that were sent, the ladder in its order, the cause by its name."""

import numpy as np
import pytest

from firmware_sim.modems.catalog import modulator
from firmware_sim.t4 import patterns
from firmware_sim.t4.page import Resolution
from firmware_sim.t30.frames import Frame
from rig.impairments import one_way

from .calls import SHORT, decoded, hashes, heard_pages, names, play, recorded, station

MODEMS = ("V.27ter", "V.29", "V.17")


def habits(**said):
    return tuple(said.items())


# -- good calls --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("mixed", [False, True], ids=["stereo", "mono"])
@pytest.mark.parametrize("ecm", [False, True], ids=["plain", "corrected"])
@pytest.mark.parametrize("modem", MODEMS)
def test_pages_are_those_that_were_sent(modem, ecm, mixed):
    call = recorded(habits(ecm=ecm, modems=MODEMS[: MODEMS.index(modem) + 1]))
    found = decoded(*call, mixed=mixed)
    assert heard_pages(found) == hashes(SHORT)
    assert found.verdict.ok, found.verdict
    assert [sheet.verdict for sheet in found.sheets] == [Frame.MCF, Frame.MCF]
    assert {sheet.rate.split()[0] for sheet in found.sheets} == {modem}
    assert all(sheet.good for sheet in found.sheets)


def test_the_ladder_is_in_order():
    found = decoded(*recorded(habits(ecm=False)))
    assert names(found) == [
        ">CNG", "<CED", "<CSI DIS", ">TSI DCS", ">TCF", "<CFR", ">page", ">MPS", "<MCF", ">page", ">EOP", "<MCF",
        ">DCN",
    ]  # fmt: skip
    starts = [signal.start for signal in found.signals]
    assert starts == sorted(starts)


@pytest.mark.parametrize("turned", [False, True])
def test_either_channel_may_be_the_caller(turned):
    found = decoded(*recorded(), turned=turned)
    assert names(found)[:4] == [">CNG", "<CED", "<CSI DIS", ">TSI DCS"]


@pytest.mark.parametrize("coding", ["MH", "MR", "MMR", "JBIG"])
@pytest.mark.parametrize("resolution", Resolution)
def test_every_coding_and_resolution(coding, resolution):
    page = patterns.text(1728, 150, resolution)
    call = play(station(True, [page], codings=("MH", coding)), station(False))
    found = decoded(*call)
    assert heard_pages(found) == [page.hash]
    assert found.sheets[0].terms.coding == coding


def test_frames_of_64_and_several_blocks():
    page = patterns.text(1728, 2200, Resolution.SUPERFINE)
    call = play(station(True, [page], frames_of_64=True, codings=("MH",)), station(False))
    found = decoded(*call)
    assert heard_pages(found) == [page.hash]
    assert found.sheets[0].blocks > 1


def test_a_document_that_is_polled():
    call = play(station(True, polls=True), station(False, SHORT))
    for mixed in (False, True):
        found = decoded(*call, mixed=mixed)
        assert heard_pages(found) == hashes(SHORT)
        assert ">CIG DTC" in names(found)
        assert {s.side for s in found.signals if s.is_image} == {"called"}
        assert found.verdict.ok


def test_what_the_stations_can_is_spelled_out():
    found = decoded(*recorded())
    said = "\n".join(line for signal in found.signals for line in signal.details)
    for words in ('CSI "+49 30 2"', "error correction: yes", "MH, MR, MMR, JBIG", "superfine (204 x 391 dpi)",
                  "215 mm wide", "rate: V.17 14400", "frames of 256 octets"):  # fmt: skip
        assert words in said


def test_times_are_within_their_limits():
    """CED of ours ends a block early: at the edge of its limits, not beyond."""
    for ecm in (False, True):
        found = decoded(*recorded(habits(ecm=ecm)))
        assert [v for signal in found.signals for v in signal.violations] == []
        measured = {measure.name for measure in found.measures}
        assert {"CED length", "preamble", "TCF length", "silence after CED", "silence before the answer"} <= measured


# -- lines that spoil --------------------------------------------------------------------------------------------------


class Noise:
    """White noise while *when* says so of a sample number."""

    def __init__(self, rms, when):
        self.rms, self.when, self.random = rms, when, np.random.default_rng(3)

    def __call__(self, block, at):
        if not self.when(at / 8000):
            return block
        noisy = block + self.random.normal(0, self.rms, len(block))
        return np.clip(noisy, -32000, 32000).astype(np.int16)


def test_frames_that_noise_spoils_come_again():
    page = patterns.text(1728, 900, seed=3)
    noise = Noise(6000, lambda s: 14.0 < s < 14.1 or 15.2 < s < 15.3)
    call = play(station(True, [page], codings=("MH",)), station(False), to_called=noise)
    found = decoded(*call)
    assert "<PPR" in names(found)
    assert heard_pages(found) == [page.hash]
    assert found.verdict.ok
    assert any(signal.bad_frames for signal in found.signals)


@pytest.mark.parametrize("coding", ["MH", "MMR", "JBIG"])
def test_a_block_with_holes(coding):
    """The call ends before they are asked for again: rows that the coding cannot place are left out."""
    page = patterns.text(1728, 900, seed=3)
    cut = 8000 * (20 if coding == "MH" else 15)
    noise = Noise(6000, lambda s: 13.6 < s < 13.7)
    call = play(station(True, [page], codings=("MH", coding)), station(False),
                to_called=lambda b, at: noise(b, at) if at < cut else None, hang=3000)  # fmt: skip
    (sheet,) = decoded(*call).sheets
    assert 0 < sheet.missing_frames < 10
    there = {page.row(row) for row in range(page.height_px)}  # after a hole rows of MH have moved up
    rows = [sheet.page.row(row) for row in range(sheet.page.height_px) if row not in sheet.page.bad_rows]
    assert len(rows) > 50
    assert sum(row not in there for row in rows) <= 8


def test_rows_that_noise_spoils_are_marked():
    page = patterns.text(1728, 900, seed=3)
    noise = Noise(6000, lambda s: 14.0 < s < 14.05)
    call = play(station(True, [page], ecm=False), station(False, ecm=False, bad_row_limit=0.5), to_called=noise)
    found = decoded(*call)
    assert found.verdict.ok
    assert 0 < found.sheets[0].bad_rows < 200
    assert "rows are damaged" in found.verdict.sentence


def test_a_page_that_is_rejected():
    page = patterns.text(1728, 900, seed=3)
    noise = Noise(6000, lambda s: s > 13 and int(s * 4) % 2 == 0)
    call = play(station(True, [page], ecm=False, copies=1), station(False, ecm=False), to_called=noise)
    found = decoded(*call)
    assert (found.verdict.code, found.exit_code) == ("copy_rejected", 1), found.verdict
    assert "RTN" in found.verdict.sentence


def test_training_that_never_succeeds():
    call = play(station(True, SHORT), station(False), to_called=Noise(5000, lambda s: s > 7.9))
    found = decoded(*call)
    assert found.verdict.code in ("cannot_train", "no_response_to_training"), found.verdict
    assert found.exit_code == 1


def test_a_call_that_falls_back():
    spoil = Noise(3000, lambda s: 8.2 < s < 10.6)
    found = decoded(*play(station(True, SHORT), station(False), to_called=spoil))
    assert names(found).count("<FTT") == 1
    assert found.verdict.ok
    assert heard_pages(found) == hashes(SHORT)
    assert {sheet.rate for sheet in found.sheets} == {"V.17 12000"}


def test_a_call_that_is_cut_in_mid_page():
    said, answered = play(station(True, [patterns.text(1728, 900)]), station(False),
                          to_called=lambda block, at: block if at < 15 * 8000 else None, hang=5000)  # fmt: skip
    for mixed in (False, True):
        found = decoded(said, answered, mixed=mixed)
        assert found.verdict.code == "carrier_lost"
        assert "15.0 s" in found.verdict.sentence
        assert found.sheets[0].page.height_px > 20
    found = decoded(said[: 15 * 8000], answered[: 15 * 8000])
    assert found.verdict.code == "recording_ends"


def test_training_by_another_modem_than_commanded():
    said, answered = (audio.copy() for audio in recorded())
    check = next(s for s in decoded(said, answered).signals if s.sort == "TCF")
    for modem, bps in (("V.29", 7200), ("V.17", 9600)):
        sender = modulator(modem, bps)
        sender.start(np.zeros(bps * 3 // 2, np.uint8))
        wave = sender.execute(sender.remaining)
        cut = said[: check.end + 8000].copy()
        cut[check.start :] = 0
        cut[check.start : check.start + len(wave)] = wave
        found = decoded(np.concatenate((cut, np.zeros(24000, np.int16))), answered[: check.start])
        assert found.verdict.code == "no_response_to_training"
        assert f"trains by {modem} {bps}, which is not what its DCS commands" in found.verdict.sentence


def test_nobody_answers():
    said, _ = recorded()
    cng = np.tile(np.concatenate((said[:4000], np.zeros(24000, np.int16))), 3)
    found = decoded(cng, np.zeros(len(cng), np.int16))
    assert (found.verdict.code, found.exit_code) == ("no_answer", 1)
    assert names(found) == [">CNG"] * 3
    assert not any(signal.violations for signal in found.signals)


def test_nobody_answers_the_dis():
    called = station(False)
    silence = np.zeros(160, np.int16)
    answered = []
    while not called.finished:
        answered.append(called.execute(silence))
    audio = np.concatenate(answered)
    found = decoded(np.zeros(len(audio), np.int16), audio)
    assert found.verdict.code == "no_answer_to_dis"
    assert names(found)[1:3] == ["<CSI DIS", "<CSI DIS"]
    repeats = [m for m in found.measures if m.name.startswith("T4")]
    assert repeats
    assert all(m.ok for m in repeats)


def test_no_response_to_the_end_of_the_page():
    cut = next(s for s in decoded(*recorded()).signals if str(s.message) == "PPS-MPS").start
    call = play(station(True, SHORT), station(False), to_called=lambda b, at: b if at < cut else b * 0, hang=100)
    found = decoded(*call)
    assert found.verdict.code in ("carrier_lost", "no_page", "no_response"), found.verdict
    call = play(station(True, SHORT), station(False), to_caller=lambda b, at: b if at < cut else b * 0)
    found = decoded(*call)
    assert found.verdict.code == "no_response"
    assert "3 times" in found.verdict.sentence


def test_a_sender_that_hears_no_answer_to_its_training():
    cfr = next(s for s in decoded(*recorded()).signals if str(s.message) == "CFR").start
    cut = cfr - 100
    call = play(station(True, SHORT), station(False), to_caller=lambda b, at: b if at < cut else b * 0)
    found = decoded(*call)
    assert found.verdict.code == "no_response_to_training", found.verdict
    # the same, recorded at the receiver: its answers are there
    heard = []
    play(station(True, SHORT), Tap(station(False), heard), to_caller=lambda b, at: b if at < cut else b * 0)
    found = decoded(call[0], np.concatenate(heard)[: len(call[0])])
    assert found.verdict.code == "answer_unheard", (found.verdict, names(found))
    assert "CFR 3 times" in found.verdict.sentence


class Tap:
    """A station and what it said, before the line."""

    def __init__(self, inner, said):
        self.inner, self.said = inner, said

    @property
    def finished(self):
        return self.inner.finished

    def execute(self, heard):
        self.said.append(self.inner.execute(heard))
        return self.said[-1]


def test_a_recording_that_begins_in_mid_call():
    said, answered = recorded()
    start = next(s for s in decoded(said, answered).signals if str(s.message) == "CFR").start - 4000
    found = decoded(said[start:], answered[start:])
    assert found.verdict.ok
    assert "begins too late" in found.verdict.sentence
    found = decoded(said[start : start + 60_000], answered[start : start + 60_000])
    assert found.verdict.code == "begins_late"
    assert found.exit_code == 1


def test_a_dcs_that_cannot_be_read():
    said, answered = (audio.copy() for audio in recorded())
    dcs = next(s for s in decoded(said, answered).signals if s.code is Frame.DCS)
    for sample in range(dcs.start + 9000, dcs.end, 800):
        said[sample : sample + 120] = 0
    found = decoded(said[: dcs.end + 30_000], answered[: dcs.start])
    assert found.verdict.code == "dcs_unreadable", (found.verdict, names(found))
    assert found.exit_code == 1


def test_silence_and_noise_hold_no_fax():
    random = np.random.default_rng(5)
    for audio in (np.zeros(80_000, np.int16), random.normal(0, 800, 80_000).astype(np.int16), np.zeros(0, np.int16)):
        found = decoded(audio, audio, mixed=True)
        assert found.verdict is None
        assert found.exit_code == 3


@pytest.mark.parametrize(
    ("line", "whole"),
    [
        ("eia-ll-2", True),
        ("eia-ll-4 + awgn:snr_db=30,signal_dbm0=-19.1 + frequency-offset:offset_hz=7", True),
        ("listener-echo:loss_db=20", False),
    ],
)
def test_what_a_line_does_before_the_recorder(line, whole):
    """The call itself went well: what was recorded has come over one more line."""
    over = [one_way(line, seed=n).execute(audio.astype(np.float32)) for n, audio in enumerate(recorded())]
    found = decoded(*(np.clip(np.rint(audio), -32768, 32767).astype(np.int16) for audio in over))
    assert found.verdict.ok
    assert (heard_pages(found) == hashes(SHORT)) is whole
    assert ("cannot be read as they are heard here" in found.verdict.sentence) is not whole


@pytest.mark.parametrize("snr_db", [30, 24])
@pytest.mark.parametrize("mixed", [False, True], ids=["stereo", "mono"])
def test_noise_all_along(snr_db, mixed):
    random = np.random.default_rng(2)
    said, answered = recorded(habits(modems=("V.27ter", "V.29")))
    rms = 32768 * 10 ** ((-13 - 3.14 - snr_db) / 20) / np.sqrt(2)
    noisy = [np.clip(a + random.normal(0, rms, len(a)), -32768, 32767).astype(np.int16) for a in (said, answered)]
    found = decoded(*noisy, mixed=mixed)
    assert found.verdict.ok, (found.verdict, names(found))
    assert heard_pages(found) == hashes(SHORT)
    image = next(s for s in found.signals if s.sort == "block")
    assert abs(image.take.quality.snr_db - snr_db) < 4
