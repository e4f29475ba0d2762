"""Our fax machine and libspandsp's exchange pages over audio, in both directions. What counts is the page."""

from random import Random

import numpy as np
import pytest
from PIL import Image

from firmware_sim.device.station import FaxStation, StationProfile
from firmware_sim.rtp.g711 import Codec
from firmware_sim.t4 import patterns
from firmware_sim.t4.page import Page, Resolution
from firmware_sim.t30.requests import Image as Kind
from firmware_sim.t30.tables import Rate

from .spandsp_fax import OK, SpandspFax

pytestmark = pytest.mark.peer
LONGEST_S = 900
MODEMS = ("V.27ter", "V.29", "V.17")
BOTH_WAYS = pytest.mark.parametrize("ecm", [False, True], ids=["plain", "corrected"])

# -- pages in files, by Pillow's libtiff and not by our codecs ---------------------------------------------------------


def write_tiff(path, pages):
    """A fax TIFF as libspandsp reads one: one strip a page, its resolution in the file."""
    frames = []
    for page in pages:
        rows = np.unpackbits(np.frombuffer(page.rows, np.uint8)).reshape(page.height_px, -1)[:, : page.width_px]
        image = Image.fromarray((rows == 0).astype(np.uint8) * 255).convert("1", dither=Image.Dither.NONE)
        image.encoderinfo = {"dpi": page.resolution.value}
        frames.append(image)
    options = {"compression": "group3", "strip_size": 1 << 30, "dpi": pages[0].resolution.value}
    frames[0].save(path, save_all=True, append_images=frames[1:], **options)


def read_tiff(path):
    pages = []
    with Image.open(path) as image:
        for number in range(getattr(image, "n_frames", 1)):
            image.seek(number)
            black = np.asarray(image.convert("L")) < 128
            resolution = min(Resolution, key=lambda known: abs(known.y_dpi - image.info["dpi"][1]))
            pages.append(Page(image.width, np.packbits(black, axis=1).tobytes(), resolution))
    return pages


# -- a call ------------------------------------------------------------------------------------------------------------


def quiet(block, ours):
    return block


def play(ours, theirs, codec=Codec.PCMA, to_them=quiet, to_us=quiet):
    """Until both have hung up. *to_them* and *to_us* are what the line does to a block."""
    heard_by_us = heard_by_them = np.zeros(160, np.int16)
    for _ in range(LONGEST_S * 50):
        from_us, from_them = ours.execute(heard_by_us), theirs.execute(heard_by_them)
        heard_by_them = codec.decode(codec.encode(to_them(from_us, ours)))
        heard_by_us = codec.decode(codec.encode(to_us(from_them, ours)))
        if ours.finished and theirs.finished:
            return
    raise AssertionError(f"no end after {LONGEST_S} s: ours {ours.outcome}, theirs {theirs.code}")


class Ours(FaxStation):
    """Our station, and what it said and heard."""

    def __init__(self, *, calling, pages=(), shelf=None, **habits):
        self.events = []
        self.profile = StationProfile("+49 30 1234", **habits)
        super().__init__(self.profile, self._note, is_calling=calling, pages=pages, shelf=shelf)

    def _note(self, at, name, detail):
        self.events.append((name, detail))

    @property
    def ladder(self):
        return [f"{detail['direction']} {detail['text']}" for name, detail in self.events if name == "t30"]


def hashes(pages):
    return [page.hash for page in pages]


def send(tmp_path, pages, *, peer=None, line=None, **habits):
    """We call and send; what they printed is compared."""
    ours = Ours(calling=True, pages=pages, **habits)
    theirs = SpandspFax(
        calling=False, receive=tmp_path / "received.tif", ecm=ours.profile.ecm, **{"modems": MODEMS, **(peer or {})}
    )
    play(ours, theirs, **(line or {}))
    assert ours.outcome.ok, (ours.outcome, ours.ladder)
    assert theirs.code == OK
    assert ours.remote_id == "+49 89 7777"
    assert hashes(read_tiff(tmp_path / "received.tif")) == hashes(pages)
    assert ours.pages_confirmed == len(pages)
    return ours, theirs


def receive(tmp_path, pages, *, peer=None, line=None, **habits):
    """They call and send; what we printed is compared."""
    write_tiff(tmp_path / "sent.tif", pages)
    ours = Ours(calling=False, **habits)
    theirs = SpandspFax(
        calling=True, send=tmp_path / "sent.tif", ecm=ours.profile.ecm, **{"modems": MODEMS, **(peer or {})}
    )
    play(ours, theirs, **(line or {}))
    assert ours.outcome.ok, (ours.outcome, ours.ladder)
    assert theirs.code == OK
    assert ours.remote_id == "+49 89 7777"
    assert hashes(ours.received) == hashes(pages)
    assert not any(page.bad_rows for page in ours.received)
    return ours, theirs


def coded(ours):
    return [sheet.terms.coding for sheet in (*ours._call.sent, *ours._call.received)]


def travelled(ours):
    return {sheet.terms.rate for sheet in (*ours._call.sent, *ours._call.received)}


PAGES = {
    "one text page": [patterns.text(1728, 300)],
    "two pages": [patterns.diagonals(1728, 150), patterns.text(1728, 200, seed=2)],
    "all run lengths": [patterns.all_runs()],
    "fine": [patterns.text(1728, 400, Resolution.FINE)],
    "superfine": [patterns.text(1728, 600, Resolution.SUPERFINE)],
}
SHORT = [patterns.text(1728, 120), patterns.diagonals(1728, 60)]

# -- pages -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("direction", [send, receive])
@pytest.mark.parametrize(
    ("name", "codec", "ecm"),
    [*((name, Codec.PCMA, ecm) for name in PAGES for ecm in (False, True)), ("two pages", Codec.PCMU, False)],
)
def test_pages_are_equal(direction, name, codec, ecm, tmp_path):
    ours, _ = direction(tmp_path, PAGES[name], ecm=ecm, line={"codec": codec})
    assert any("PPS" in line for line in ours.ladder) is ecm
    assert travelled(ours) == {Rate.V17_14400}


@pytest.mark.parametrize("direction", [send, receive])
@pytest.mark.parametrize(("coding", "ecm"), [("MH", False), ("MR", False), ("MH", True), ("MR", True), ("MMR", True)])
def test_every_coding_that_both_have(direction, coding, ecm, tmp_path):
    peer = {"codings": ("MH", coding)}
    ours, _ = direction(tmp_path, PAGES["two pages"], ecm=ecm, peer=peer)
    assert coded(ours) == [coding, coding]
    ours, _ = direction(tmp_path, PAGES["fine"], ecm=ecm, peer={"codings": ("MH", "MR", "MMR")}, codings=("MH", coding))
    assert coded(ours) == [coding]


@BOTH_WAYS
def test_pages_of_several_resolutions_in_one_call(ecm, tmp_path):
    mixed = [*PAGES["one text page"], *PAGES["fine"], *PAGES["superfine"]]
    ours, _ = send(tmp_path, mixed, ecm=ecm)
    assert sum(line.startswith("-> ") and line.endswith("EOM") for line in ours.ladder) == 2


@pytest.mark.parametrize("direction", [send, receive])
@pytest.mark.parametrize(("width_px", "width_mm"), [(2048, 255), (2432, 303)])
def test_wider_paper(direction, width_px, width_mm, tmp_path):
    ours, _ = direction(tmp_path, [patterns.text(width_px, 150)], width_mm=width_mm)
    assert [sheet.terms.width_mm for sheet in (*ours._call.sent, *ours._call.received)] == [width_mm]


@pytest.mark.parametrize("direction", [send, receive])
def test_the_scan_time_that_a_printer_asks_for(direction, tmp_path):
    habits = {"scan_times_ms": (20, 20)} if direction is receive else {}
    ours, _ = direction(tmp_path, SHORT, ecm=False, **habits)
    if direction is receive:
        assert {sheet.terms.scan_time_ms for sheet in ours._call.received} == {20}


@pytest.mark.parametrize("direction", [send, receive])
def test_frames_of_64(direction, tmp_path):
    ours, _ = direction(tmp_path, SHORT, frames_of_64=True)
    if direction is send:
        assert {sheet.terms.frames_of_64 for sheet in ours._call.sent} == {True}


# -- rates -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("rate", Rate)
@BOTH_WAYS
def test_we_send_at_every_rate(rate, ecm, tmp_path):
    modems = MODEMS[: MODEMS.index(rate.modem) + 1]
    ours, _ = send(tmp_path, SHORT, ecm=ecm, fastest_bps=rate.bps, modems=modems)
    assert travelled(ours) == {rate}
    assert ours.rate_bps == rate.bps


@pytest.mark.parametrize("rate", Rate)
@BOTH_WAYS
def test_we_receive_at_every_rate(rate, ecm, tmp_path):
    """Checks of faster training are drowned in noise until they come down to the rate."""
    rng = np.random.default_rng(1)
    modems = MODEMS[: MODEMS.index(rate.modem) + 1]

    def drowned(block, ours):
        tuned = ours._session._tuned
        if tuned.image is Kind.TRAINING and tuned.rate.bps > rate.bps and np.abs(block).max() > 100:
            return np.clip(block + rng.normal(0, 3000, len(block)), -32000, 32000).astype(np.int16)
        return block

    ours, _ = receive(tmp_path, SHORT, ecm=ecm, peer={"modems": modems}, line={"to_us": drowned})
    assert travelled(ours) == {rate}


# -- noise in a block is asked for again -------------------------------------------------------------------------------


TRAINING_BLOCKS = 75
"""1.5 s: the longest training is over by then."""
SHORT_TRAINING_BLOCKS = 20
"""And the short one of V.17 by then."""


class Bursts:
    """Bursts of noise of 60 ms, at random, while the frames of a partial page are on the line."""

    def __init__(self, seed, per_second, most):
        self.random, self.share, self.left, self.count = Random(seed), per_second / 50, 0, most
        self.noise = np.random.default_rng(seed)
        self.lasted = 0

    def __call__(self, block, ours):
        in_image = ours._call.phase.name == "C" and np.abs(block).max() > 100
        self.lasted = self.lasted + 1 if in_image else 0
        if not self.left and self.count and self.lasted > TRAINING_BLOCKS and self.random.random() < self.share:
            self.left, self.count = 3, self.count - 1
        if not self.left:
            return block
        self.left -= 1
        return np.clip(block + self.noise.normal(0, 4000, len(block)), -32000, 32000).astype(np.int16)


@pytest.mark.parametrize("modem", MODEMS)
@pytest.mark.parametrize(("direction", "way"), [(send, "to_them"), (receive, "to_us")], ids=["send", "receive"])
def test_blocks_that_noise_spoils_are_sent_again(direction, way, modem, tmp_path):
    pages = [patterns.text(1728, 900, seed=3), *SHORT]
    peer = {"modems": MODEMS[: MODEMS.index(modem) + 1]}
    ours, _ = direction(tmp_path, pages, peer=peer, line={way: Bursts(5, 1.5, most=6)})
    assert any("PPR" in line for line in ours.ladder), ours.ladder


@pytest.mark.parametrize(("direction", "way"), [(send, "to_them"), (receive, "to_us")], ids=["send", "receive"])
def test_a_page_that_noise_spoils_is_rejected_and_sent_again_slower(direction, way, tmp_path):
    pages = [patterns.text(1728, 500, seed=3), *SHORT]
    ours, _ = direction(tmp_path, pages, ecm=False, line={way: Bursts(5, 4, most=40)})
    assert sum(line.endswith("RTN") for line in ours.ladder) == 1
    assert travelled(ours) == {Rate.V17_12000}


class FasterIsNoise:
    """The frames of partial pages are drowned at every rate above *bps*; training is not."""

    def __init__(self, bps):
        self.bps, self.noise, self.lasted = bps, np.random.default_rng(3), 0

    def __call__(self, block, ours):
        in_image = ours._call.phase.name == "C" and np.abs(block).max() > 100
        self.lasted = self.lasted + 1 if in_image else 0
        if self.lasted <= SHORT_TRAINING_BLOCKS or ours._call.rate.bps <= self.bps:
            return block
        return np.clip(block + self.noise.normal(0, 1500, len(block)), -32000, 32000).astype(np.int16)


def test_four_requests_then_a_slower_rate(tmp_path):
    """The block after a CTC trains V.17 at length, all others briefly."""
    ours, _ = send(tmp_path, SHORT, line={"to_them": FasterIsNoise(12000)})
    assert "-> CTC" in ours.ladder
    assert "<- CTR" in ours.ladder
    assert travelled(ours) == {Rate.V17_12000}
    asked = ours.ladder[: ours.ladder.index("-> CTC")]
    assert asked.count("<- PPR") == 4


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(40))
@pytest.mark.parametrize(("direction", "way"), [(send, "to_them"), (receive, "to_us")], ids=["send", "receive"])
def test_blocks_that_noise_spoils_are_sent_again_at_length(direction, way, seed, tmp_path):
    rng = Random(seed)
    pages = [patterns.text(1728, rng.randrange(200, 2200), rng.choice(list(Resolution)), seed=seed), *SHORT]
    peer = {"modems": MODEMS[: rng.randrange(3) + 1], "codings": ("MH", rng.choice(("MR", "MMR")))}
    direction(tmp_path, pages, peer=peer, line={way: Bursts(seed, rng.uniform(0.2, 2), most=20)})


def test_they_are_not_ready_for_a_while(tmp_path):
    """RNR to our PPS, and to our RR, until they are."""
    ours = Ours(calling=True, pages=SHORT)
    theirs = SpandspFax(calling=False, receive=tmp_path / "received.tif", ecm=True, modems=MODEMS)
    theirs.lib.t30_set_receiver_not_ready(theirs.t30, 3)
    play(ours, theirs)
    assert (ours.outcome.code, theirs.code) == ("ok", OK), ours.ladder
    assert ours.ladder.count("<- RNR") == ours.ladder.count("-> RR") == 3
    assert hashes(read_tiff(tmp_path / "received.tif")) == hashes(SHORT)


def test_they_are_never_ready(tmp_path):
    ours = Ours(calling=True, pages=SHORT)
    theirs = SpandspFax(calling=False, receive=tmp_path / "received.tif", ecm=True, modems=MODEMS)
    theirs.lib.t30_set_receiver_not_ready(theirs.t30, 1000)
    play(ours, theirs)
    assert ours.outcome.code == "not_ready"


# -- polling, and what goes before a command ---------------------------------------------------------------------------


@BOTH_WAYS
def test_we_poll_them(ecm, tmp_path):
    write_tiff(tmp_path / "waiting.tif", PAGES["two pages"])
    ours = Ours(calling=True, polls=True, ecm=ecm)
    theirs = SpandspFax(calling=False, send=tmp_path / "waiting.tif", ecm=ecm, modems=MODEMS)
    play(ours, theirs)
    assert (ours.outcome.code, theirs.code) == ("ok", OK), ours.ladder
    assert hashes(ours.received) == hashes(PAGES["two pages"])
    assert "-> CIG DTC" in ours.ladder


@BOTH_WAYS
@pytest.mark.parametrize("given", ["", "secret", "wrong"])
def test_they_poll_us(ecm, given, tmp_path):
    ours = Ours(calling=False, pages=PAGES["two pages"], ecm=ecm, poll_password="secret" if given else "")
    said = {"password": given} if given else {}
    theirs = SpandspFax(calling=True, receive=tmp_path / "polled.tif", ecm=ecm, modems=MODEMS, said=said)
    play(ours, theirs)
    if given == "wrong":
        assert ours.outcome.code == "wrong_password"
        assert theirs.code != OK
        return
    assert (ours.outcome.code, theirs.code) == ("ok", OK), ours.ladder
    assert hashes(read_tiff(tmp_path / "polled.tif")) == hashes(PAGES["two pages"])
    assert ours.pages_confirmed == 2


@pytest.mark.parametrize("number", ["7", "8"])
def test_they_poll_a_document_by_its_number(number, tmp_path):
    ours = Ours(calling=False, shelf={"7": SHORT, "9": PAGES["fine"]})
    said = {"selective_polling_address": number}
    theirs = SpandspFax(calling=True, receive=tmp_path / "polled.tif", ecm=True, modems=MODEMS, said=said)
    play(ours, theirs)
    if number == "7":
        assert (ours.outcome.code, theirs.code) == ("ok", OK), ours.ladder
        assert hashes(read_tiff(tmp_path / "polled.tif")) == hashes(SHORT)
    else:
        assert ours.outcome.code == "no_document"


def test_they_send_to_a_subaddress_of_ours(tmp_path):
    ours, _ = receive(tmp_path, SHORT, peer={"said": {"sub_address": "4711", "sender_ident": "me"}}, nsf=b"\xb5\0\1us")
    assert ours.summary["subaddress"] == "4711"


@pytest.mark.parametrize("ident", ["me", "you"])
def test_a_sender_has_to_say_who_it_is(ident, tmp_path):
    write_tiff(tmp_path / "sent.tif", SHORT)
    ours = Ours(calling=False, sender_password="me")
    theirs = SpandspFax(calling=True, send=tmp_path / "sent.tif", ecm=True, modems=MODEMS, said={"sender_ident": ident})
    play(ours, theirs)
    assert ours.outcome.code == ("ok" if ident == "me" else "wrong_password"), ours.ladder
    assert len(ours.received) == (2 if ident == "me" else 0)


# -- the proof itself --------------------------------------------------------------------------------------------------


def test_the_comparison_sees_a_wrong_page(tmp_path):
    """The proof above would be worth nothing if it could not fail."""
    pages = PAGES["one text page"]
    spoilt = bytearray(pages[0].rows)
    spoilt[5000] ^= 0x10
    write_tiff(tmp_path / "other.tif", [Page(1728, bytes(spoilt))])
    assert hashes(read_tiff(tmp_path / "other.tif")) != hashes(pages)
