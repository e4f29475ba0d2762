"""Our modems and libspandsp's, both ways, on the same A-law line: no bit may differ."""

import numpy as np
import pytest

from firmware_sim.dsp import hdlc
from firmware_sim.modems import CATALOG, Kind, demodulator, modulator
from firmware_sim.rtp.g711 import Codec
from rig.benchmarks.spandsp import Channels
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


# -- every modem and rate: a long training, and on V.17 two short ones after it ----------------------------------------
RATES = [(spec.name, bps) for spec in CATALOG.values() if spec.trains for bps in spec.rates]
OFFSETS = [(0, 0, Codec.PCMA), (0, 0, Codec.PCMU), (7, 0, Codec.PCMA), (-7, 0, Codec.PCMU)]
CLOCKS = [(0, 100, Codec.PCMA), (0, -100, Codec.PCMU), (7, 100, Codec.PCMU), (-7, -100, Codec.PCMA)]


def payloads(modem, bps):
    return [random_bits(2 * bps, seed) for seed in range(3 if modem == "V.17" else 1)]


def their_bursts(modem, bps, bits):
    """One transmitter, restarted between the bursts."""
    peer.library()
    bursts = []
    with Channels(modem, bps, 1, len(bits[0]), send=True) as sender:
        for k, own in enumerate(bits):
            if k:
                sender.restart(short=True)
            sender.load(own[None])
            out = np.zeros((len(own) * 50 // bps + 110, 1, 160), np.int16)
            sender.play(out)
            bursts.append(out.ravel()[: np.flatnonzero(out.ravel())[-1] + 1])
    return bursts


def they_hear(modem, bps, heard, count):
    """Errors of each burst."""
    peer.library()
    with Channels(modem, bps, 1, 4 * count, send=False) as receiver:
        for k, samples in enumerate(heard):
            if k:
                receiver.restart(short=True)
                receiver.clear()
            receiver.play(np.append(samples, np.zeros(-len(samples) % 160, np.int16)).reshape(-1, 1, 160))
            yield receiver.bits(of_data=True)


@pytest.mark.parametrize(("modem", "bps"), RATES)
@pytest.mark.parametrize(("hz", "ppm", "law"), OFFSETS + CLOCKS)
def test_we_hear_them(modem, bps, hz, ppm, law):
    sent, receiver = payloads(modem, bps), demodulator(modem, bps)
    line = Line(hz=hz, ppm=ppm, law=law)
    for k, (own, samples) in enumerate(zip(sent, their_bursts(modem, bps, sent), strict=True)):
        receiver.restart(short=k > 0)
        assert errors(bits_of(hear(receiver, line.carry(samples))), own) == 0


@pytest.mark.parametrize(("modem", "bps"), RATES)
@pytest.mark.parametrize(("hz", "ppm", "law"), OFFSETS)
def test_they_hear_us(modem, bps, hz, ppm, law):
    sent, line = payloads(modem, bps), Line(hz=hz, ppm=ppm, law=law)
    heard = [line.carry(burst(modulator(modem, bps, short=k > 0), own)) for k, own in enumerate(sent)]
    assert [errors(g, own) for g, own in zip(they_hear(modem, bps, heard, 2 * bps), sent, strict=True)] == [0] * len(
        sent
    )


@pytest.mark.parametrize(("modem", "bps"), RATES)
@pytest.mark.parametrize("ppm", [100, -100])
def test_clocks_apart_they_hear_us_as_well_as_themselves(modem, bps, ppm):
    """Their receivers err at 100 ppm, whoever sends."""
    wrong = [0, 0]
    for lead in range(800, 840, 10):
        sent, line = payloads(modem, bps)[:1], Line(ppm=ppm, lead=lead)
        ours = [burst(modulator(modem, bps), sent[0])]
        for k, samples in enumerate((ours, their_bursts(modem, bps, sent))):
            heard = [line.carry(one) for one in samples]
            wrong[k] += sum(errors(got, sent[0]) for got in they_hear(modem, bps, heard, 2 * bps))
    assert wrong[0] <= 1.5 * wrong[1] + 100


@pytest.mark.parametrize(("modem", "bps"), RATES)
def test_they_hear_us_behind_echo_protection(modem, bps):
    sent = payloads(modem, bps)[:1]
    heard = [Line().carry(burst(modulator(modem, bps, tep=True), sent[0]))]
    assert [errors(got, sent[0]) for got in they_hear(modem, bps, heard, 2 * bps)] == [0]
