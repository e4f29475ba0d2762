"""Our fax machine and libspandsp's exchange pages over A-law audio, in both directions. What counts is the page."""

import numpy as np
import pytest
from PIL import Image

from firmware_sim.device.station import FaxStation, StationProfile
from firmware_sim.rtp.g711 import Codec
from firmware_sim.t4 import patterns
from firmware_sim.t4.page import Page, Resolution

from .spandsp_fax import OK, SpandspFax

pytestmark = pytest.mark.peer
LONGEST_S = 300


def write_tiff(path, pages):
    """A fax TIFF as libspandsp reads one: G3 one-dimensional, one strip a page, its resolution in the file."""
    images = []
    for page in pages:
        rows = np.unpackbits(np.frombuffer(page.rows, np.uint8)).reshape(page.height_px, -1)[:, : page.width_px]
        images.append(Image.fromarray((rows == 0).astype(np.uint8) * 255).convert("1", dither=Image.Dither.NONE))
    dpi = (204, 98 if pages[0].resolution is Resolution.STANDARD else 196)
    images[0].save(path, save_all=True, append_images=images[1:], compression="group3", dpi=dpi, strip_size=1 << 30)


def read_tiff(path):
    """The pages of a TIFF, by Pillow's libtiff and not by our decoder."""
    pages = []
    with Image.open(path) as image:
        for number in range(getattr(image, "n_frames", 1)):
            image.seek(number)
            black = np.asarray(image.convert("L")) < 128
            fine = image.info["dpi"][1] > 150
            resolution = Resolution.FINE if fine else Resolution.STANDARD
            pages.append(Page(image.width, np.packbits(black, axis=1).tobytes(), resolution))
    return pages


def play(ours, theirs, codec=Codec.PCMA):
    heard_by_us = heard_by_them = np.zeros(160, np.int16)
    for _ in range(LONGEST_S * 50):
        from_us, from_them = ours.execute(heard_by_us), theirs.execute(heard_by_them)
        heard_by_them = codec.decode(codec.encode(from_us))
        heard_by_us = codec.decode(codec.encode(from_them))
        if ours.finished and theirs.finished:
            return
    raise AssertionError(f"no end after {LONGEST_S} s: ours {ours.outcome}, theirs {theirs.code}")


def station(events, **options):
    profile = StationProfile("+49 30 1234", ecm=options.pop("ecm", False))
    return FaxStation(profile, lambda at, name, detail: events.append((name, detail)), **options)


PAGES = {
    "one text page": [patterns.text(1728, 300)],
    "two pages": [patterns.diagonals(1728, 150), patterns.text(1728, 200, seed=2)],
    "all run lengths": [patterns.all_runs()],
    "fine": [patterns.text(1728, 400, Resolution.FINE)],
}


WAYS = [
    *((name, Codec.PCMA, False) for name in PAGES),
    ("two pages", Codec.PCMU, False),
    ("two pages", Codec.PCMA, True),
    ("all run lengths", Codec.PCMA, True),
]


@pytest.mark.parametrize(("name", "codec", "ecm"), WAYS)
def test_they_print_what_we_send(name, codec, ecm, tmp_path):
    pages, events = PAGES[name], []
    ours = station(events, is_calling=True, pages=pages, ecm=ecm)
    theirs = SpandspFax(calling=False, receive=tmp_path / "received.tif", ecm=ecm)
    play(ours, theirs, codec)
    assert ours.outcome.ok, (ours.outcome, events)
    assert theirs.code == OK
    assert ours.remote_id == "+49 89 7777"
    assert [page.hash for page in read_tiff(tmp_path / "received.tif")] == [page.hash for page in pages]
    assert ours.pages_confirmed == len(pages)
    assert any("PPS" in str(detail.get("text")) for _, detail in events) is ecm
    assert ours.rate_bps == 9600


@pytest.mark.parametrize(("name", "codec", "ecm"), WAYS)
def test_we_print_what_they_send(name, codec, ecm, tmp_path):
    pages, events = PAGES[name], []
    write_tiff(tmp_path / "sent.tif", pages)
    ours = station(events, is_calling=False, ecm=ecm)
    theirs = SpandspFax(calling=True, send=tmp_path / "sent.tif", ecm=ecm)
    play(ours, theirs, codec)
    assert ours.outcome.ok, (ours.outcome, events)
    assert theirs.code == OK
    assert ours.remote_id == "+49 89 7777"
    assert [page.hash for page in ours.received] == [page.hash for page in pages]
    assert not any(page.bad_rows for page in ours.received)
    assert any("PPS" in str(detail.get("text")) for _, detail in events) is ecm


def test_the_comparison_sees_a_wrong_page(tmp_path):
    """The proof above would be worth nothing if it could not fail."""
    pages = PAGES["one text page"]
    spoilt = bytearray(pages[0].rows)
    spoilt[5000] ^= 0x10
    write_tiff(tmp_path / "other.tif", [Page(1728, bytes(spoilt))])
    assert [page.hash for page in read_tiff(tmp_path / "other.tif")] != [page.hash for page in pages]
