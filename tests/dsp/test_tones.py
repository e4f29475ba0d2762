"""Tones at their levels and instants, and detectors that hear them and nothing else."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware_sim.dsp import levels, tones
from firmware_sim.dsp.detectors import DtmfDetector, ToneDetector
from tests.modems.test_silence import QUIET, on_the_line, v21, v29, white


def play(cadence, count):
    return tones.ToneGenerator(cadence).execute(count)


def spectrum_peaks(x, count):
    power = np.abs(np.fft.rfft(x * np.hanning(len(x)))) ** 2
    found = []
    for _ in range(count):
        k = int(power.argmax())
        found.append(k * 8000 / len(x))
        power[max(0, k - 20) : k + 20] = 0
    return sorted(found)


CADENCES = {
    "cng": (tones.cng(), [1100], 4000, 28000),
    "ced": (tones.ced(), [2100], 24000, None),
    "dial": (tones.dial_tone(), [350, 440], None, None),
    "ringback": (tones.ringback(), [440, 480], 16000, 48000),
    "busy": (tones.busy(), [480, 620], 4000, 8000),
    "reorder": (tones.reorder(), [480, 620], 2000, 4000),
}


@pytest.mark.parametrize("name", CADENCES)
def test_frequencies_and_cadence(name):
    cadence, hz, on, period = CADENCES[name]
    samples = play(cadence, 100_000)
    assert spectrum_peaks(samples[: on or 16000].astype(float), len(hz)) == pytest.approx(hz, abs=4)
    quiet = np.flatnonzero(np.convolve(samples != 0, np.ones(40), "valid") == 0)
    if on is None:
        assert len(quiet) == 0
    else:
        assert abs(quiet[0] - on) <= 1
        again = np.flatnonzero(samples[on + 1 :])
        assert (len(again) == 0) if period is None else (abs(again[0] + on + 1 - period) <= 1)


@pytest.mark.parametrize("dbm0", [3.0, 0.0, -13.0, -30.0])
def test_levels(dbm0):
    samples = play(tones.ced(dbm0), 8000).astype(float)
    assert levels.dbm0(float((samples**2).mean())) == pytest.approx(dbm0, abs=0.02)
    assert levels.dbm0(levels.mean_square(dbm0)) == pytest.approx(dbm0)
    assert levels.sine_peak(levels.FULL_SCALE_DBM0) == 32768


@settings(max_examples=60, deadline=None)
@given(cuts=st.lists(st.integers(1, 9000), min_size=1, max_size=8), name=st.sampled_from(sorted(CADENCES)))
def test_a_generator_does_not_depend_on_cuts(cuts, name):
    cadence = CADENCES[name][0]
    generator = tones.ToneGenerator(cadence)
    parts = np.concatenate([generator.execute(count) for count in cuts])
    assert np.array_equal(parts, play(cadence, len(parts)))
    generator.restart()
    assert np.array_equal(generator.execute(500), parts[:500] if len(parts) >= 500 else play(cadence, 500))


def test_remaining():
    generator = tones.ToneGenerator(tones.ced(length_ms=2600))
    generator.execute(800)
    assert generator.remaining == 20000
    generator.execute(30000)
    assert generator.remaining == 0
    assert tones.ToneGenerator(tones.cng()).remaining is None
    assert not play(tones.Cadence(()), 10).any()


def test_what_is_no_digit():
    for digit in ("E", "", "12"):
        with pytest.raises(ValueError, match="no DTMF digit"):
            tones.dtmf_tone(digit)


def digits(samples, block=160):
    detector = DtmfDetector()
    return [d for k in range(0, len(samples), block) for d in detector.execute(samples[k : k + block])]


DIGITS = "0123456789*#ABCD5500"


@pytest.mark.parametrize(
    ("on_ms", "off_ms", "dbm0", "snr_db"),
    [(50, 50, -9, None), (50, 50, -24, None), (70, 70, 0, 30), (50, 50, -9, 15), (100, 40, -9, 20), (45, 45, -12, 30)],
)
@pytest.mark.parametrize("start", [0, 37, 71])
def test_digits_are_found(on_ms, off_ms, dbm0, snr_db, start):
    samples = play(tones.dtmf(DIGITS, on_ms, off_ms, dbm0), 8 * (on_ms + off_ms) * len(DIGITS) + 400)
    found = digits(on_the_line(np.append(np.zeros(start), samples.astype(float)), snr_db))
    assert "".join(d for _, d in found) == DIGITS
    for k, (sample, _) in enumerate(found):
        assert abs(sample - start - k * 8 * (on_ms + off_ms)) <= 110


@pytest.mark.parametrize("hz_off", [0.985, 1.015])
@pytest.mark.parametrize("twist_db", [-7, 5])
def test_digits_off_frequency_and_with_twist(hz_off, twist_db):
    for digit in tones.DTMF_KEYS:
        (low, _), (high, _) = tones.dtmf_tone(digit).sines
        tone = tones.Tone(((round(low * hz_off), -12.0), (round(high * hz_off), -12.0 + twist_db)))
        assert [d for _, d in digits(play(tones.Cadence(((tone, 480), (None, 480)), repeat=False), 1000))] == [digit]


@pytest.mark.parametrize("name", [*sorted(set(QUIET) - {"DTMF"}), "V.21", "V.29"])
@pytest.mark.parametrize("snr_db", [None, 20])
def test_no_digit_in_other_signals(name, snr_db):
    x = {"V.21": v21, "V.29": v29}.get(name, lambda: QUIET[name])()
    assert digits(on_the_line(x, snr_db)) == []


@settings(max_examples=25, deadline=None)
@given(cuts=st.lists(st.integers(1, 900), min_size=1, max_size=8))
def test_detectors_do_not_depend_on_cuts(cuts):
    samples = on_the_line(np.append(play(tones.dtmf("159D", 50, 50), 3200), play(tones.cng(), 9000)).astype(float), 20)
    one, other, at, k, found, heard = DtmfDetector(), ToneDetector(1100), 0, 0, [], []
    while at < len(samples):
        part = samples[at : at + cuts[k % len(cuts)]]
        found += one.execute(part)
        heard += other.execute(part)
        at, k = at + len(part), k + 1
    assert found == digits(samples)
    assert heard == ToneDetector(1100).execute(samples)
    assert "".join(d for _, d in found) == "159D"


@pytest.mark.parametrize("off_hz", [-38, 0, 38])
@pytest.mark.parametrize("snr_db", [None, 10])
def test_cng_is_found_with_its_cadence(off_hz, snr_db):
    cadence = tones.on_off(tones.Tone(((1100 + off_hz, -30.0),)), 500, 3000)
    samples = on_the_line(np.append(np.zeros(1000), play(cadence, 60000).astype(float)), snr_db)
    changes = ToneDetector(1100).execute(samples)
    assert [on for _, on in changes] == [True, False] * 2 + [True]
    for (sample, _), expected in zip(changes, (1000, 5000, 29000, 33000, 57000), strict=True):
        assert abs(sample - expected) <= 85


def test_ced_and_busy_are_found():
    ced = ToneDetector(2100).execute(on_the_line(QUIET["CED"], 20))
    assert ced[0] == (0, True)
    busy = ToneDetector(480, 620).execute(on_the_line(QUIET["busy"], 20))
    assert len(busy) >= 38
    assert all(abs(sample - 4000 * k) <= 85 for k, (sample, _) in enumerate(busy))


@pytest.mark.parametrize("hz", [(1100,), (2100,), (480, 620)])
@pytest.mark.parametrize("name", ["white -20", "speech", "dial", "DTMF", "V.21", "V.29"])
def test_no_tone_in_other_signals(hz, name):
    x = {"V.21": v21, "V.29": v29}.get(name, lambda: QUIET[name])()
    assert ToneDetector(*hz).execute(on_the_line(x, 25)) == []


def test_white_noise_has_its_level():
    assert levels.dbm0(float((white(-20) ** 2).mean())) == pytest.approx(-20, abs=0.1)
