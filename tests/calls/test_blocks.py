"""A call is the same however its samples are cut into blocks, and long blocks in mid-signal change nothing."""

import numpy as np
import pytest

from firmware_sim.audio import steady_block
from firmware_sim.device.station import FaxStation, StationProfile
from firmware_sim.engine import play_many
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


def sessions_of(pages_of_calls, events):
    """Both ends of some calls, each with its own pages, modem and habits."""
    stations = []
    for number, pages in enumerate(pages_of_calls):
        profile = StationProfile(str(number), ecm=number % 2 == 0, modems=(("V.17", "V.29", "V.27ter")[number % 3],))

        def note(*news, number=number):
            events[number].append(news)

        stations.append(FaxStation(profile, note, is_calling=True, pages=pages))
        stations.append(FaxStation(profile, note, is_calling=False))
    return stations


@pytest.mark.parametrize("count", [1, 7])
def test_no_event_depends_on_the_number_of_channels(count):
    """Many calls at once, their receivers in one kernel call a block, against each call alone."""
    documents = [[patterns.text(1728, 40 + 10 * n, seed=n)] for n in range(count)]
    together, alone = [[] for _ in documents], [[] for _ in documents]
    stations = sessions_of(documents, together)
    heard = [np.zeros(160, np.int16)] * len(stations)
    for _ in range(3000):
        said = play_many([station.session for station in stations], heard)
        heard = [line(said[n ^ 1]) for n in range(len(said))]
        for station in stations:
            station._tell()
        if all(station.finished for station in stations):
            break
    for number, document in enumerate(documents):
        one, other = sessions_of(documents, alone)[2 * number : 2 * number + 2]
        a = b = np.zeros(160, np.int16)
        while not (one.finished and other.finished):
            a, b = line(other.execute(b)), line(one.execute(a))
        assert [page.hash for page in other.received] == [page.hash for page in document]
        assert [page.hash for page in stations[2 * number + 1].received] == [page.hash for page in document]
    assert together == alone
