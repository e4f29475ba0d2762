"""V.21 channel 2 with HDLC, ours to ours."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware_sim.dsp import hdlc, levels
from firmware_sim.modems import Kind, demodulate_many, demodulator, modulator
from firmware_sim.rtp.g711 import Codec

from .line import Line, burst, frames_of, hear, of_kind

FRAMES = [b"\xff\x03\x40" + bytes(range(20)), b"\xff\x13\x83\x00\xce\xf8\x44", b"\xff\x13\x84" + b"\xff\x7e\x00" * 9]
SAMPLES_A_BIT = 80 / 3


def sent(frames=FRAMES, preamble=37, dbm0=-13.0):
    return burst(modulator("V.21", 300, dbm0), hdlc.encode(frames, preamble))


@pytest.mark.parametrize(
    "line",
    [
        Line(),
        Line(law=Codec.PCMU),
        Line(hz=12),
        Line(hz=-12),
        Line(ppm=200),
        Line(ppm=-200),
        Line(gain_db=10),
        Line(gain_db=-27),
        Line(snr_db=8),
        Line(noise_dbm0=-33, lead=24000),
        Line(snr_db=10, hz=7, ppm=100, gain_db=-12, law=Codec.PCMU),
    ],
    ids=repr,
)
def test_frames_and_instants(line):
    samples = sent()
    events = hear(demodulator("V.21", 300), line.carry(samples))
    assert frames_of(events) == FRAMES
    up, down = events[0], events[-1]
    assert (up.kind, down.kind) == (Kind.CARRIER_UP, Kind.CARRIER_DOWN)
    assert abs(up.sample - line.lead) <= 24
    assert abs(down.sample - line.lead - len(samples) * (1 - line.ppm * 1e-6)) <= 24
    ends = [end for end, _ in hdlc.Deframer().execute(hdlc.encode(FRAMES, 37))]
    for event, end in zip(of_kind(events, Kind.FRAME), ends, strict=True):
        assert event.sample == pytest.approx(line.lead + (end + 1) * SAMPLES_A_BIT * (1 - line.ppm * 1e-6), abs=6)
    assert [e.sample for e in events] == sorted(e.sample for e in events)


def test_many_frames():
    rng = np.random.default_rng(1)
    frames = [rng.integers(0, 256, rng.integers(3, 80)).astype(np.uint8).tobytes() for _ in range(150)]
    events = hear(demodulator("V.21", 300), Line(snr_db=7, ppm=50).carry(sent(frames)), 1600)
    assert frames_of(events) == frames


@pytest.mark.parametrize("dbm0", [-3.0, -13.0, -30.0])
def test_the_level_is_the_one_asked_for(dbm0):
    samples = sent(dbm0=dbm0).astype(float)
    assert levels.dbm0(float((samples**2).mean())) == pytest.approx(dbm0, abs=0.1)
    receiver = demodulator("V.21", 300)
    hear(receiver, Line().carry(sent(dbm0=dbm0)))
    assert receiver.quality().level_dbm0 == pytest.approx(dbm0, abs=0.3)


def test_a_damaged_frame_is_told_without_octets():
    bits = hdlc.encode(FRAMES[:1], 37)
    bits[-60] ^= 1
    events = hear(demodulator("V.21", 300), Line().carry(burst(modulator("V.21", 300), bits)))
    assert [e.kind for e in events] == [Kind.CARRIER_UP, Kind.FRAME, Kind.CARRIER_DOWN]
    assert events[1].octets is None


def test_a_carrier_lost_in_a_frame():
    samples = sent()[:13000]
    events = hear(demodulator("V.21", 300), Line().carry(samples))
    assert [e.kind for e in events] == [Kind.CARRIER_UP, Kind.FRAME, Kind.CARRIER_DOWN]
    assert events[1].octets is None
    assert abs(events[2].sample - 800 - len(samples)) <= 24


def test_bursts_close_together_and_restart():
    gap = np.zeros(450, np.int16)
    receiver = demodulator("V.21", 300)
    receiver.execute(sent()[:9999])
    receiver.skip(1000)
    events = hear(receiver, np.concatenate([gap, sent(FRAMES[:1]), gap, sent(FRAMES[1:2]), gap, sent(FRAMES[2:]), gap]))
    assert frames_of(events) == FRAMES
    assert len(of_kind(events, Kind.CARRIER_UP)) == len(of_kind(events, Kind.CARRIER_DOWN)) == 3
    assert abs(events[0].sample - 9999 - 1000 - 450) <= 24


NOISY = Line(ppm=90, snr_db=6, noise_dbm0=-48, lead=1003).carry(sent())


@settings(max_examples=25, deadline=None)
@given(cuts=st.lists(st.integers(1, 2500), min_size=1, max_size=12))
def test_a_demodulator_does_not_depend_on_cuts(cuts):
    receiver, events, at, k = demodulator("V.21", 300), [], 0, 0
    while at < len(NOISY):
        events += receiver.execute(NOISY[at : at + cuts[k % len(cuts)]])
        at, k = at + cuts[k % len(cuts)], k + 1
    assert events == hear(demodulator("V.21", 300), NOISY)


@settings(max_examples=25, deadline=None)
@given(cuts=st.lists(st.integers(1, 3000), min_size=1, max_size=12))
def test_a_modulator_does_not_depend_on_cuts(cuts):
    whole = sent(FRAMES[1:2], 5)
    sender = modulator("V.21", 300)
    sender.start(hdlc.encode(FRAMES[1:2], 5))
    parts = [sender.execute(cuts[k % len(cuts)]) for k in range(len(whole) // min(cuts) + 1) if sender.remaining]
    samples = np.concatenate(parts)
    assert np.array_equal(samples[: len(whole)], whole)
    assert not samples[len(whole) :].any()
    assert sender.remaining == 0


def test_many_channels_in_one_call():
    heard = np.array([Line(lead=800 + 31 * k, tail=20000).carry(sent([f]))[:28000] for k, f in enumerate(FRAMES)])
    receivers = [demodulator("V.21", 300) for _ in FRAMES]
    events = [[] for _ in FRAMES]
    for at in range(0, heard.shape[1], 160):
        for mine, new in zip(events, demodulate_many(receivers, heard[:, at : at + 160]), strict=True):
            mine += new
    assert [frames_of(mine) for mine in events] == [[f] for f in FRAMES]
