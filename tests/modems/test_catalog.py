"""What holds for every modem and rate of the catalog."""

import os
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.signal import hilbert

from firmware_sim.errors import ConfigError
from firmware_sim.modems import CATALOG, Kind, demodulate_many, demodulator, modulator
from firmware_sim.modems.engine import MAX_BLOCK
from firmware_sim.modems.qam_specs import row_of
from firmware_sim.modems.qam_tx import duration
from firmware_sim.rtp.g711 import Codec

from .line import Line, bits_of, burst, errors, hear, of_kind
from .test_silence import QUIET, on_the_line, speech, v21

SOAK = "RIG_SOAK" in os.environ
TRAINED = [(spec.name, bps) for spec in CATALOG.values() if spec.trains for bps in spec.rates]
FAST = [(spec.name, spec.rates[0]) for spec in CATALOG.values() if spec.trains]
EVERY = [(spec.name, bps) for spec in CATALOG.values() for bps in spec.rates]
V17_RATES = CATALOG["V.17"].rates


def random_bits(count, seed=3):
    return np.random.default_rng(seed).integers(0, 2, count).astype(np.uint8)


def instants(events):
    return [(e.kind, e.sample) for e in events if e.kind is not Kind.BITS]


def sent_by(modem, bps, bits, **how):
    return burst(modulator(modem, bps, **how), bits)


LINES = [
    Line(law=Codec.PCMU),
    Line(hz=7, ppm=100),
    Line(hz=-7, ppm=-100),
    Line(gain_db=10),
    Line(gain_db=-27),
    Line(noise_dbm0=-42, lead=24000),
    Line(snr_db=27, hz=-7, ppm=100, gain_db=-10, law=Codec.PCMU),
]


@pytest.mark.parametrize(("modem", "bps"), TRAINED)
@pytest.mark.parametrize("line", LINES, ids=repr)
def test_no_bit_is_wrong_and_events_come_at_their_instants(modem, bps, line):
    sent = random_bits(bps * 2)
    samples, receiver = sent_by(modem, bps, sent), demodulator(modem, bps)
    events = hear(receiver, line.carry(samples))
    assert errors(bits_of(events), sent) == 0
    assert len(bits_of(events)) < len(sent) + 240
    (up, at_up), (trained, at_trained), (down, at_down) = instants(events)
    assert (up, trained, down) == (Kind.CARRIER_UP, Kind.TRAINED, Kind.CARRIER_DOWN)
    first = np.flatnonzero(np.abs(samples) > 50)[0]
    assert abs(at_up - line.lead - first) <= 40
    assert abs(at_trained - line.lead - 8000 * duration(row_of(modem, bps), False) * (1 - line.ppm * 1e-6)) <= 3
    assert abs(at_down - (line.lead + len(samples) * (1 - line.ppm * 1e-6))) <= 24
    quality = receiver.quality()
    assert quality.carrier_offset_hz == pytest.approx(line.hz + 1800 * line.ppm * 1e-6, abs=0.3)
    assert quality.clock_offset_ppm == pytest.approx(line.ppm, abs=25)
    assert 0 < quality.eqm < 0.1
    points = receiver.constellation()
    assert len(points) == 64
    assert (np.abs(points) ** 2).mean() == pytest.approx(1, abs=0.35)


@pytest.mark.parametrize("bps", V17_RATES)
@pytest.mark.parametrize(
    "line", [Line(), Line(hz=7, ppm=100, law=Codec.PCMU), Line(snr_db=27, hz=-5, ppm=-60)], ids=repr
)
def test_short_trainings_after_a_long_one(bps, line):
    receiver = demodulator("V.17", bps)
    for k in range(4):
        sent = random_bits(bps, k)
        receiver.restart(short=k > 0)
        events = hear(receiver, line.carry(sent_by("V.17", bps, sent, short=k > 0)))
        assert errors(bits_of(events), sent) == 0
    assert CATALOG["V.17"].short_ms == pytest.approx(142.5)
    assert CATALOG["V.17"].training_ms == pytest.approx(1393.3, abs=0.1)


@pytest.mark.parametrize(("modem", "bps"), TRAINED)
def test_echo_protection_is_no_image(modem, bps):
    sent = random_bits(bps)
    plain, samples = sent_by(modem, bps, sent), sent_by(modem, bps, sent, tep=True)
    ahead = len(samples) - len(plain) - (0 if modem == "V.29" else 160)
    assert ahead == pytest.approx(1600, abs=12)
    assert np.abs(samples[100:1500]).max() > 1000
    assert not samples[1640:1750].any()
    events = hear(demodulator(modem, bps), Line().carry(samples))
    assert errors(bits_of(events), sent) == 0
    (up,) = of_kind(events, Kind.CARRIER_UP)
    assert abs(up.sample - 800 - 1760) <= 40


@pytest.mark.parametrize(("modem", "bps"), EVERY)
@pytest.mark.parametrize("dbm0", [-5.0, -13.0, -30.0])
def test_the_level_is_the_one_asked_for(modem, bps, dbm0):
    samples = sent_by(modem, bps, random_bits(bps * 4), level_dbm0=dbm0)
    loud = samples[len(samples) // 2 : -400].astype(float)
    assert 10 * np.log10((loud**2).mean() / (32768**2 / 2)) + 3.14 == pytest.approx(dbm0, abs=0.2)


@pytest.mark.parametrize(("modem", "bps"), [("V.17", 14400), ("V.17", 7200), ("V.27ter", 4800), ("V.27ter", 2400)])
@pytest.mark.parametrize("noise_dbm0", [-43, -40])
def test_trains_in_idle_noise(modem, bps, noise_dbm0):
    for seed in range(4):
        sent = random_bits(bps, seed)
        line = Line(noise_dbm0=noise_dbm0, lead=20000 + 77 * seed, seed=seed, gain_db=-1)
        assert errors(bits_of(hear(demodulator(modem, bps), line.carry(sent_by(modem, bps, sent)))), sent) < bps // 100


@pytest.mark.parametrize(("modem", "bps"), FAST)
@pytest.mark.parametrize(("hz", "ppm"), [(20, 200), (-20, -200)])
def test_far_off_in_frequency_and_clock_for_a_minute(modem, bps, hz, ppm):
    sent = random_bits(bps * (60 if SOAK else 8))
    samples = Line(hz=hz, ppm=ppm, snr_db=34).carry(sent_by(modem, bps, sent))
    assert errors(bits_of(hear(demodulator(modem, bps), samples, 1600)), sent) == 0


# -- things that happen in data ----------------------------------------------------------------------------------------
def with_event(samples, kind, at):
    """The burst with one thing happening at sample *at*."""
    x = samples.astype(float)
    name, _, value = kind.partition(" ")
    if name == "phase":
        x[at:] = (hilbert(x) * np.exp(1j * np.deg2rad(float(value)))).real[at:]
    elif name == "gain":
        x[at:] *= 10 ** (float(value) / 20)
    elif name == "silence":
        x[at : at + int(8 * float(value))] = 0
    else:
        x = np.insert(x, at, x[at]) if value == "on" else np.delete(x, at)
    return np.rint(x.clip(-32768, 32767)).astype(np.int16)


HITS = ["phase 15", "phase -15", "phase 45", "gain -3", "gain 3", "gain -6", "slip on", "slip off", "silence 10"]
GAPS = ["silence 20", "silence 30", "silence 40", "silence 60", "silence 90"]


@pytest.mark.parametrize(("modem", "bps"), TRAINED)
@pytest.mark.parametrize("kind", HITS + GAPS)
def test_is_right_again_within_a_second(modem, bps, kind):
    sent = random_bits(bps * 2)
    samples = sent_by(modem, bps, sent)
    at = len(samples) - 8000 - 3000
    events = hear(demodulator(modem, bps), Line(noise_dbm0=-48).carry(with_event(samples, kind, at)))
    got, late = bits_of(events), len(sent) - bps // 4
    assert errors(got, sent) < bps // 4
    assert np.array_equal(got[late : len(sent)], sent[late:])
    times = 2 if kind in GAPS[1:] else 1
    heard = [k for k, _ in instants(events)]
    assert heard == [Kind.CARRIER_UP, Kind.TRAINED, Kind.CARRIER_DOWN] * times
    assert [e.resumed for e in events if e.kind is Kind.TRAINED] == [False, True][:times]
    assert [e.sample for e in events] == sorted(e.sample for e in events)


@pytest.mark.parametrize(("modem", "bps"), TRAINED)
def test_another_burst_soon_after_is_another_burst(modem, bps):
    """40 ms of silence, then a training; and V.21 after 60 ms, which is no image."""
    first, second = random_bits(bps, 1), random_bits(bps, 2)
    parts = [sent_by(modem, bps, first), np.zeros(320, np.int16), sent_by(modem, bps, second), np.zeros(480, np.int16)]
    events = hear(demodulator(modem, bps), Line().carry(np.concatenate([*parts, v21().astype(np.int16)[500:20000]])))
    assert [k for k, _ in instants(events)] == [Kind.CARRIER_UP, Kind.TRAINED, Kind.CARRIER_DOWN] * 2
    assert not any(e.resumed for e in events)
    end = of_kind(events, Kind.CARRIER_DOWN)[0].sample
    assert errors(bits_of([e for e in events if e.sample <= end]), first) == 0
    assert errors(bits_of([e for e in events if e.sample > end]), second) == 0


@pytest.mark.parametrize(("modem", "bps"), TRAINED)
def test_the_end_is_noticed_within_45_ms_in_blocks_of_20(modem, bps):
    for lead in (800, 851, 923):
        samples = Line(lead=lead).carry(sent_by(modem, bps, random_bits(bps)))
        receiver, noticed = demodulator(modem, bps), {}
        for k in range(0, len(samples) - 160, 160):
            for event in receiver.execute(samples[k : k + 160]):
                noticed[event.kind] = k + 160 - event.sample
        assert noticed[Kind.CARRIER_DOWN] <= 360


# -- no dependence on cuts or company ----------------------------------------------------------------------------------
HARD = {
    (modem, bps): Line(hz=4, ppm=80, snr_db=17, noise_dbm0=-50, lead=1003).carry(
        with_event(sent_by(modem, bps, random_bits(bps)), "silence 30", -4000)
    )
    for modem, bps in TRAINED
}


def same(a, b):
    return instants(a) == instants(b) and np.array_equal(bits_of(a), bits_of(b))


@settings(max_examples=60, deadline=None)
@given(cuts=st.lists(st.integers(1, 2500), min_size=1, max_size=12), which=st.sampled_from(TRAINED))
def test_a_demodulator_does_not_depend_on_cuts(cuts, which):
    samples, receiver, events, at, k = HARD[which], demodulator(*which), [], 0, 0
    while at < len(samples):
        events += receiver.execute(samples[at : at + cuts[k % len(cuts)]])
        at, k = at + cuts[k % len(cuts)], k + 1
    assert same(events, hear(demodulator(*which), samples))


@settings(max_examples=60, deadline=None)
@given(
    cuts=st.lists(st.integers(1, 700), min_size=1, max_size=12),
    which=st.sampled_from(TRAINED),
    short=st.booleans(),
    count=st.integers(0, 900),
)
def test_a_modulator_does_not_depend_on_cuts(cuts, which, short, count):
    sent = random_bits(count)
    whole = sent_by(*which, sent, short=short)
    sender = modulator(*which, short=short)
    sender.start(sent)
    parts = [sender.execute(cuts[k % len(cuts)]) for k in range(len(whole) // min(cuts) + 1) if sender.remaining]
    assert np.array_equal(np.concatenate(parts)[: len(whole)], whole)
    assert not np.concatenate(parts)[len(whole) :].any()


@settings(max_examples=10, deadline=None)
@given(order=st.permutations(TRAINED), block=st.integers(1, MAX_BLOCK))
def test_a_demodulator_does_not_depend_on_company(order, block):
    length = min(len(x) for x in HARD.values())
    heard = np.array([HARD[which][:length] for which in order])
    receivers = [demodulator(*which) for which in order]
    events = [[] for _ in order]
    for at in range(0, length, block):
        for mine, new in zip(events, demodulate_many(receivers, heard[:, at : at + block]), strict=True):
            mine += new
    for which, mine in zip(order, events, strict=True):
        assert same(mine, hear(demodulator(*which), HARD[which][:length]))


@pytest.mark.parametrize(("modem", "bps"), TRAINED)
@pytest.mark.parametrize("at", [900, 3000, 9000, 14000])
def test_restart_in_any_state(modem, bps, at):
    sent = random_bits(bps)
    samples = Line().carry(sent_by(modem, bps, sent))
    receiver = demodulator(modem, bps)
    receiver.execute(samples[:at])
    receiver.restart()
    assert errors(bits_of(hear(receiver, samples)), sent) == 0


# -- what is no signal of theirs ---------------------------------------------------------------------------------------
@pytest.mark.parametrize("snr_db", [None, 20])
@pytest.mark.parametrize("name", QUIET)
@pytest.mark.parametrize(("modem", "bps"), [("V.27ter", 4800), ("V.27ter", 2400), ("V.17", 14400)])
def test_no_event(modem, bps, name, snr_db):
    assert hear(demodulator(modem, bps), on_the_line(QUIET[name], snr_db)) == []


@pytest.mark.parametrize(("modem", "bps"), TRAINED)
def test_v21_is_no_image(modem, bps):
    assert hear(demodulator(modem, bps), on_the_line(v21(), 30)) == []


@pytest.mark.parametrize("heard", FAST)
@pytest.mark.parametrize("sent", FAST)
def test_another_modem_does_not_train(sent, heard):
    events = hear(demodulator(*heard), Line().carry(sent_by(*sent, random_bits(sent[1]))))
    trained = [(Kind.TRAINED, True)] if sent == heard else []
    assert [(e.kind, True) for e in of_kind(events, Kind.TRAINED)] == trained


def garbage(seed, count):
    """Anything that fits in sixteen bits: square waves, noise, speech, pieces of bursts, silences."""
    rng, parts, total = np.random.default_rng(seed), [], 0
    while total < count:
        n, kind = int(rng.integers(50, 12000)), int(rng.integers(6))
        if kind == 0:
            part = 32767 * np.sign(np.sin(np.arange(n) * rng.uniform(0.001, 3.1)))
        elif kind == 1:
            part = rng.standard_normal(n) * 10 ** rng.uniform(0, 4.5)
        elif kind == 2:
            part = np.zeros(n)
        elif kind == 3:
            part = np.tile(speech(4000), n // 4000 + 1)[:n] * rng.uniform(0.1, 9)
        else:
            modem, bps = EVERY[rng.integers(len(EVERY))]
            part = sent_by(modem, bps, random_bits(int(rng.integers(1, bps))), short=bool(rng.integers(2)))
            part = part[int(rng.integers(len(part) // 2)) :][:n] * rng.uniform(0.05, 4)
        parts.append(part)
        total += len(part)
    return np.concatenate(parts)[:count].clip(-32768, 32767).astype(np.int16)


@pytest.mark.parametrize(("modem", "bps"), EVERY)
def test_anything_may_come(modem, bps):
    """No exception, and never more bits than the line can carry; 10^8 samples in the long run."""
    receiver = demodulator(modem, bps)
    for seed in range(1000 if SOAK else 2):
        samples = garbage(seed, 100_000 if SOAK else 60_000)
        events = hear(receiver, samples, 977)
        assert len(bits_of(events)) <= bps * len(samples) / 8000 * 1.01 + 4096
        assert all(a.sample <= b.sample + 400 for a, b in pairwise(events))


def test_an_unknown_name_is_refused_with_those_that_exist():
    for make in (modulator, demodulator):
        with pytest.raises(ConfigError, match=r"V\.34.*V\.21 at 300.*V\.27ter at 4800, 2400.*V\.17 at 14400"):
            make("V.34", 33600)
