"""Our modems and libspandsp's, both ways, on the same A-law line: no bit may differ."""

import numpy as np
import pytest

from firmware_sim.dsp import hdlc
from firmware_sim.modems import Kind, demodulator, modulator
from tests.modems.line import Line, bits_of, burst, errors, frames_of, hear, of_kind

from . import spandsp_modems as peer

pytestmark = pytest.mark.peer
FRAMES = [b"\xff\x03\x40" + bytes(range(20)), b"\xff\x13\x83\x00\xce\xf8\x44", b"\xff\x13\x84" + b"\xff\x7e\x00" * 9]


def random_bits(count, seed=7):
    return np.random.default_rng(seed).integers(0, 2, count).astype(np.uint8)


@pytest.mark.parametrize("bps", [9600, 7200])
@pytest.mark.parametrize(("hz", "ppm"), [(0, 0), (7, 0), (-7, 0), (0, 100), (0, -100), (7, 100), (-7, -100)])
def test_we_hear_their_v29(bps, hz, ppm):
    sent = random_bits(bps * 3)
    events = hear(demodulator("V.29", bps), Line(hz=hz, ppm=ppm).carry(peer.v29_burst(sent, bps)))
    assert errors(bits_of(events), sent) == 0
    assert [e.kind for e in events if e.kind is not Kind.BITS] == [Kind.CARRIER_UP, Kind.TRAINED, Kind.CARRIER_DOWN]


@pytest.mark.parametrize("bps", [9600, 7200])
def test_their_echo_protection_tone_is_no_image(bps):
    sent = random_bits(bps)
    samples = Line().carry(peer.v29_burst(sent, bps, echo_protection=True))
    events = hear(demodulator("V.29", bps), samples)
    assert errors(bits_of(events), sent) == 0
    up = of_kind(events, Kind.CARRIER_UP)
    assert [abs(e.sample - 800 - 1600 - 160) <= 40 for e in up] == [True]


@pytest.mark.parametrize("bps", [9600, 7200])
@pytest.mark.parametrize("hz", [0, 7, -7])
def test_they_hear_our_v29(bps, hz):
    sent = random_bits(bps * 3)
    heard, codes = peer.v29_hear(Line(hz=hz).carry(burst(modulator("V.29", bps), sent)), bps)
    assert errors(heard, sent) == 0
    assert len(codes) >= 3


@pytest.mark.parametrize(("hz", "ppm"), [(0, 0), (7, 0), (-7, 0), (0, 100), (0, -100)])
def test_we_hear_their_v21(hz, ppm):
    events = hear(demodulator("V.21", 300), Line(hz=hz, ppm=ppm).carry(peer.v21_burst(FRAMES, 37)))
    assert frames_of(events) == FRAMES
    assert len(of_kind(events, Kind.CARRIER_UP)) == 1


@pytest.mark.parametrize("hz", [0, 7, -7])
def test_they_hear_our_v21(hz):
    samples = burst(modulator("V.21", 300), hdlc.encode(FRAMES, 37))
    assert peer.v21_hear(Line(hz=hz).carry(samples)) == [(frame, True) for frame in FRAMES]
