"""V.29 over a telephone line, ours to ours: bits, instants, levels, and no dependence on the cut into blocks."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.signal import hilbert

from firmware_sim.dsp import levels
from firmware_sim.modems import Kind, demodulate_many, demodulator, modulator
from firmware_sim.rtp.g711 import Codec

from .line import Line, bits_of, burst, errors, hear, of_kind

RATES = (9600, 7200)
SILENCE, TRAINING = 160, 608 * 10 / 3 + 15
"""Samples from the burst's start to its first energy, and to the middle of its first data symbol."""


def random_bits(count, seed=3):
    return np.random.default_rng(seed).integers(0, 2, count).astype(np.uint8)


def instants(events):
    return [(e.kind, e.sample) for e in events if e.kind is not Kind.BITS]


@pytest.mark.parametrize("bps", RATES)
@pytest.mark.parametrize(
    "line",
    [
        Line(),
        Line(law=Codec.PCMU),
        Line(hz=7),
        Line(hz=-7, ppm=-100),
        Line(ppm=100),
        Line(hz=7, ppm=100),
        Line(gain_db=10),
        Line(gain_db=-15),
        Line(gain_db=-27),
        Line(snr_db=28),
        Line(noise_dbm0=-42, lead=24000),
        Line(snr_db=26, hz=-7, ppm=100, gain_db=-10, law=Codec.PCMU),
    ],
    ids=repr,
)
def test_no_bit_is_wrong_and_events_come_at_their_instants(bps, line):
    sent = random_bits(bps * 3)
    samples = burst(modulator("V.29", bps), sent)
    receiver = demodulator("V.29", bps)
    events = hear(receiver, line.carry(samples))
    assert errors(bits_of(events), sent) == 0
    assert len(bits_of(events)) < len(sent) + 260
    (up, at_up), (trained, at_trained), (down, at_down) = instants(events)
    assert (up, trained, down) == (Kind.CARRIER_UP, Kind.TRAINED, Kind.CARRIER_DOWN)
    assert abs(at_up - (line.lead + SILENCE)) <= 24
    assert abs(at_trained - (line.lead + TRAINING)) <= 2
    assert abs(at_down - (line.lead + len(samples) * (1 - line.ppm * 1e-6))) <= 24
    quality = receiver.quality()
    assert quality.carrier_offset_hz == pytest.approx(line.hz + 1700 * line.ppm * 1e-6, abs=0.3)
    assert quality.clock_offset_ppm == pytest.approx(line.ppm, abs=20)
    if line.noise_dbm0 is None and line.snr_db is None:
        assert quality.level_dbm0 == pytest.approx(-13 + line.gain_db, abs=0.3)


@pytest.mark.parametrize("bps", RATES)
def test_several_hundred_thousand_bits(bps):
    sent = random_bits(bps * 40)
    events = hear(demodulator("V.29", bps), Line(snr_db=26, hz=3, ppm=-60).carry(burst(modulator("V.29", bps), sent)))
    assert errors(bits_of(events), sent) == 0


@pytest.mark.parametrize("bps", RATES)
@pytest.mark.parametrize("pattern", [[0], [1], [1, 0], [0, 0, 0, 1], [0, 1, 1, 1, 1, 1, 1, 0]])
def test_repeated_patterns(bps, pattern):
    sent = np.tile(np.array(pattern, np.uint8), bps * 2 // len(pattern))
    events = hear(demodulator("V.29", bps), Line().carry(burst(modulator("V.29", bps), sent)))
    assert errors(bits_of(events), sent) == 0


@pytest.mark.parametrize("bps", RATES)
@pytest.mark.parametrize("dbm0", [-3.0, -13.0, -25.0])
def test_the_level_is_the_one_asked_for(bps, dbm0):
    samples = burst(modulator("V.29", bps, dbm0), random_bits(bps * 4))[400:-400].astype(float)
    assert levels.dbm0(float((samples**2).mean())) == pytest.approx(dbm0, abs=0.2)


def test_snr_is_measured():
    sent = random_bits(9600 * 4)
    receiver = demodulator("V.29", 9600)
    hear(receiver, Line(snr_db=27, law=None).carry(burst(modulator("V.29", 9600), sent)))
    in_band = 27 + 10 * np.log10(4000 / 2400)
    assert receiver.quality().snr_db == pytest.approx(in_band, abs=1.5)


def test_remaining_is_exact():
    sender = modulator("V.29", 9600)
    assert sender.remaining == 0
    assert not sender.execute(100).any()
    sender.start(random_bits(1001))
    total = sender.remaining
    samples = sender.execute(total + 50)
    assert sender.remaining == 0
    assert not samples[total:].any()
    assert samples[total - 12 : total].any()
    assert not samples[:SILENCE].any()


@settings(max_examples=25, deadline=None)
@given(cuts=st.lists(st.integers(1, 700), min_size=1, max_size=12), bps=st.sampled_from(RATES))
def test_a_modulator_does_not_depend_on_cuts(cuts, bps):
    sent = random_bits(900)
    whole = burst(modulator("V.29", bps), sent)
    sender = modulator("V.29", bps)
    sender.start(sent)
    parts = [sender.execute(cuts[k % len(cuts)]) for k in range(len(whole) // min(cuts) + 1) if sender.remaining]
    assert np.array_equal(np.concatenate(parts)[: len(whole)], whole)


NOISY = Line(hz=4, ppm=80, snr_db=17, noise_dbm0=-50, lead=1003).carry(
    burst(modulator("V.29", 9600), random_bits(9600))
)


@settings(max_examples=25, deadline=None)
@given(cuts=st.lists(st.integers(1, 2500), min_size=1, max_size=12))
def test_a_demodulator_does_not_depend_on_cuts(cuts):
    whole = hear(demodulator("V.29", 9600), NOISY)
    receiver, events, at, k = demodulator("V.29", 9600), [], 0, 0
    while at < len(NOISY):
        events += receiver.execute(NOISY[at : at + cuts[k % len(cuts)]])
        at, k = at + cuts[k % len(cuts)], k + 1
    assert instants(events) == instants(whole)
    assert np.array_equal(bits_of(events), bits_of(whole))


def test_bits_carry_the_instant_of_their_first_symbol():
    events = hear(demodulator("V.29", 9600), Line().carry(burst(modulator("V.29", 9600), random_bits(9600))))
    parts = of_kind(events, Kind.BITS)
    before = 0
    for part in parts[:-2]:
        assert part.sample == pytest.approx(800 + TRAINING + before / 9600 * 8000, abs=2)
        before += len(part.bits)
    assert [e.sample for e in events] == sorted(e.sample for e in events)


def test_a_second_burst_and_one_cut_short():
    first, second, third = (random_bits(4800, seed) for seed in range(3))
    sender, receiver = modulator("V.29", 9600), demodulator("V.29", 9600)
    cut = burst(sender, first)[:3000]
    gap = np.zeros(600, np.int16)
    samples = np.concatenate([gap, burst(sender, second), gap, cut, gap, burst(sender, third), gap])
    events = hear(receiver, samples)
    heard = [k for k, _ in instants(events)]
    assert heard == [Kind.CARRIER_UP, Kind.TRAINED, Kind.CARRIER_DOWN] * 3
    downs = [e.sample for e in of_kind(events, Kind.CARRIER_DOWN)]
    last = [e for e in of_kind(events, Kind.BITS) if e.sample > downs[1]]
    assert errors(bits_of(last), third) == 0
    assert errors(bits_of([e for e in of_kind(events, Kind.BITS) if e.sample < downs[0]]), second) == 0


@pytest.mark.parametrize("at", [500, 1500, 2300, 4000])
def test_restart_in_any_state(at):
    sent = random_bits(4800)
    samples = Line().carry(burst(modulator("V.29", 9600), sent))
    receiver = demodulator("V.29", 9600)
    receiver.execute(samples[:at])
    receiver.restart()
    receiver.execute(np.zeros(480, np.int16))
    receiver.skip(333)
    events = hear(receiver, samples)
    assert errors(bits_of(events), sent) == 0
    trained = of_kind(events, Kind.TRAINED)[0]
    assert trained.sample == pytest.approx(at + 480 + 333 + 800 + TRAINING, abs=2)


def test_energy_that_never_trains():
    sent = random_bits(9600)
    samples = burst(modulator("V.29", 9600), sent)[2500:]
    events = hear(demodulator("V.29", 9600), Line(noise_dbm0=-55).carry(samples))
    (up, at_up), (down, at_down) = instants(events)
    assert (up, down) == (Kind.CARRIER_UP, Kind.CARRIER_DOWN)
    assert abs(at_up - 800) <= 24
    assert abs(at_down - 800 - len(samples)) <= 24


def test_up_and_down_are_noticed_soon():
    samples = Line().carry(burst(modulator("V.29", 9600), random_bits(4800)))
    receiver, noticed = demodulator("V.29", 9600), {}
    for k in range(0, len(samples), 160):
        for event in receiver.execute(samples[k : k + 160]):
            noticed.setdefault(event.kind, k + 160 - event.sample)
    assert noticed[Kind.CARRIER_UP] <= 400
    assert noticed[Kind.CARRIER_DOWN] <= 360


def test_the_wrong_rate_does_not_train():
    events = hear(demodulator("V.29", 7200), Line().carry(burst(modulator("V.29", 9600), random_bits(9600))))
    assert [k for k, _ in instants(events)] == [Kind.CARRIER_UP, Kind.CARRIER_DOWN]


def test_many_channels_in_one_call():
    rates = (9600, 7200, 9600, 7200, 9600)
    sent = [random_bits(rate, seed) for seed, rate in enumerate(rates)]
    heard = [
        Line(lead=800 + 90 * k, hz=k - 2, tail=8000).carry(burst(modulator("V.29", rate), bits))[:16000]
        for k, (rate, bits) in enumerate(zip(rates, sent, strict=True))
    ]
    heard[3][:] = 0
    receivers = [demodulator("V.29", rate) for rate in rates]
    events = [[] for _ in rates]
    for at in range(0, 16000, 160):
        chosen = [k for k in range(5) if k != 4 or at < 8000]
        block = np.array([heard[k][at : at + 160] for k in chosen])
        for k, new in zip(chosen, demodulate_many([receivers[k] for k in chosen], block), strict=True):
            events[k] += new
        if at >= 8000:
            events[4] += receivers[4].execute(heard[4][at : at + 160])
    for k in (0, 1, 2, 4):
        alone = hear(demodulator("V.29", rates[k]), heard[k])
        assert np.array_equal(bits_of(events[k]), bits_of(alone))
        assert instants(events[k]) == instants(alone)
        assert errors(bits_of(events[k]), sent[k]) == 0
    assert events[3] == []


def with_event(samples, kind):
    """The burst with one thing happening in its middle."""
    x, mid = samples.astype(float), len(samples) // 2
    if kind == "phase":
        x[mid:] = (hilbert(x) * np.exp(1j * np.pi / 6)).real[mid:]
    elif kind.startswith("gain"):
        x[mid:] *= 10 ** (float(kind[4:]) / 20)
    elif kind == "slip":
        x = np.insert(x, mid, x[mid])
    return np.rint(x.clip(-32768, 32767)).astype(np.int16)


@pytest.mark.parametrize("bps", RATES)
@pytest.mark.parametrize("kind", ["phase", "gain-3", "gain3", "gain-6", "gain6", "slip"])
def test_recovers_from_jumps_of_phase_gain_and_time(bps, kind):
    sent = random_bits(bps * 6)
    samples = with_event(burst(modulator("V.29", bps), sent), kind)
    got = bits_of(hear(demodulator("V.29", bps), Line(noise_dbm0=-50).carry(samples)))
    assert errors(got, sent) < bps // 10
    assert np.array_equal(got[len(sent) * 3 // 4 : len(sent)], sent[len(sent) * 3 // 4 :])


def test_recovery_does_not_depend_on_cuts():
    samples = Line(snr_db=22).carry(with_event(burst(modulator("V.29", 9600), random_bits(19200)), "gain-6"))
    whole = bits_of(hear(demodulator("V.29", 9600), samples))
    for block in (33, 161, 1000):
        assert np.array_equal(bits_of(hear(demodulator("V.29", 9600), samples, block)), whole)
