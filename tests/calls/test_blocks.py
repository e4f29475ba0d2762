"""A call is the same however its samples are cut into blocks, and long blocks in mid-signal change nothing."""

import numpy as np
import pytest

from firmware_sim.audio import steady_block
from firmware_sim.device.station import FaxStation, StationProfile
from firmware_sim.rtp.g711 import Codec
from firmware_sim.t4 import patterns
from rig.benchmarks import calls

PAGES = [patterns.text(1728, 150), patterns.diagonals(1728, 60)]


def line(block):
    return Codec.PCMA.decode(Codec.PCMA.encode(np.ascontiguousarray(block)))


def play(length_of, **habits):
    events = []
    profile = StationProfile("1", **habits)
    one = FaxStation(profile, lambda *news: events.append(("one", *news)), is_calling=True, pages=PAGES)
    other = FaxStation(profile, lambda *news: events.append(("other", *news)), is_calling=False)
    blocks = 0
    while not (one.finished and other.finished):
        count = length_of(one.session, other.session)
        said, answered = one.say(count), other.say(count)
        other.hear(line(said))
        one.hear(line(answered))
        blocks += 1
        assert blocks < 20_000, (one.outcome, other.outcome)
    assert [page.hash for page in other.received] == [page.hash for page in PAGES]
    return sorted(map(str, events)), blocks


@pytest.mark.parametrize("ecm", [False, True])
@pytest.mark.parametrize("modem", ["V.17", "V.29", "V.27ter"])
def test_no_event_depends_on_the_cut(ecm, modem):
    habits = {"ecm": ecm, "modems": (modem,)}
    as_usual, count = play(lambda one, other: 160, **habits)
    for length in (80, 240):
        assert play(lambda one, other, length=length: length, **habits)[0] == as_usual
    long_ones, fewer = play(steady_block, **habits)
    assert long_ones == as_usual
    assert fewer * 5 < count


@pytest.mark.parametrize("work", calls.WORKS, ids=lambda work: work.call)
def test_what_the_benchmark_plays_is_a_whole_call(work):
    assert calls.ours(work, [patterns.text(seed=n) for n in range(work.pages)]) > 15


def test_a_call_that_brings_a_wrong_page_has_no_speed(monkeypatch):
    monkeypatch.setattr(calls, "_line", lambda block: np.zeros_like(block))
    with pytest.raises(calls.CallFailedError, match="0 of 1 pages"):
        calls.ours(calls.WORKS[0], [patterns.text()])


@pytest.mark.peer
def test_the_peer_plays_the_same_pages(tmp_path):
    peer = calls.find_peer()
    if peer is None:
        pytest.skip(f"{calls.LIBRARY} is not installed (Debian: libspandsp2)")
    calls._write_tiff(tmp_path / "pages.tif", [patterns.text()])
    assert calls.theirs(peer, calls.WORKS[0], tmp_path / "pages.tif") > 15
