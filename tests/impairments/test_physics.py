"""Each impairment does what its parameters say, measured on what comes out."""

import numpy as np
import pytest

from firmware_sim.dsp.levels import FULL_SCALE_DBM0, mean_square, sine_peak
from rig.impairments import OneWayLine, impairment, one_way
from rig.impairments.measure import response

from .signals import RATE, analytic, frequency, level, noise, residue_db, sine

LONG = 4.0


def through(text, signal, seed=1):
    return one_way(text, seed).carry(signal)


# -- level -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("loss_db", [-6.0, 0.0, 3.0, 40.0])
def test_loss(loss_db):
    assert level(through(f"loss:loss_db={loss_db}", sine(1020))) == pytest.approx(-13.0 - loss_db, abs=0.01)


def test_level():
    assert level(through("level:level_dbm0=-43", sine(1020))) == pytest.approx(-43.0, abs=0.01)


def test_direct_current():
    line = through("dc:level_dbm0=-20", np.zeros(800, np.float32))
    assert level(line) == pytest.approx(-20.0, abs=0.01)
    assert np.ptp(line) == 0


def test_clipping():
    assert np.abs(through("clipping:peak_dbm0=-10", sine(1020, level_dbm0=0.0))).max() == pytest.approx(sine_peak(-10))
    assert residue_db(through("clipping:peak_dbm0=-10", sine(1020, level_dbm0=-11.0)), 1020) > 100


def test_a_line_overloads_at_full_scale_and_does_not_wrap():
    out = one_way("loss:loss_db=-20").execute(sine(1020, 0.1, 0.0).astype(np.int16))
    assert (out.min(), out.max()) == (-32768, 32767)
    assert sine_peak(FULL_SCALE_DBM0) == pytest.approx(32768)


# -- what is added -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("snr_db", [5.0, 22.0, 30.0, 40.0])
def test_signal_to_noise(snr_db):
    out = through(f"awgn:snr_db={snr_db}", sine(1700, LONG))
    assert residue_db(out, 1700) == pytest.approx(snr_db, abs=0.2)


def test_noise_follows_the_level_that_is_named():
    out = through("loss:loss_db=17 + awgn:snr_db=25,signal_dbm0=-30", sine(1700, LONG))
    assert residue_db(out, 1700) == pytest.approx(25.0, abs=0.2)


def test_noise_is_white_and_normal():
    out = through("awgn:snr_db=20", np.zeros(80_000, np.float32)).astype(np.float64)
    power = np.abs(np.fft.rfft(out.reshape(-1, 800), axis=1)) ** 2
    bands = power.mean(axis=0)[1:].reshape(10, -1).mean(axis=1)
    assert 10 * np.log10(bands.max() / bands.min()) < 0.6
    assert np.mean(out**4) / np.mean(out**2) ** 2 == pytest.approx(3.0, abs=0.1)


def test_single_frequency_interference():
    out = through("tone:freq_hz=2100,level_dbm0=-33", np.zeros(RATE, np.float32))
    assert level(out) == pytest.approx(-33.0, abs=0.01)
    assert frequency(out, 2090) == pytest.approx(2100.0, abs=0.01)


@pytest.mark.parametrize("mains_hz", [50, 60])
def test_mains_has_odd_harmonics_each_6_db_down(mains_hz):
    out = through(f"mains:mains_hz={mains_hz},level_dbm0=-30", np.zeros(RATE, np.float32))
    lines = 20 * np.log10(np.abs(np.fft.rfft(out)) + 1e-3)
    odd = [lines[mains_hz * n] for n in (1, 3, 5, 7, 9)]
    assert np.diff(odd) == pytest.approx([-6.0] * 4, abs=0.01)
    assert max(np.delete(lines, [mains_hz * n for n in (1, 3, 5, 7, 9)])) < odd[-1] - 60


def test_impulses_come_as_often_and_as_high_as_asked():
    out = through("impulse-noise:rate_per_s=5,peak_dbm0=-10,duration_ms=4", np.zeros(60 * RATE, np.float32))
    loud = np.flatnonzero(np.abs(out) > 0.5 * sine_peak(-10))
    clicks = 1 + int((np.diff(loud) > 32).sum())
    assert clicks == pytest.approx(300, rel=0.2)
    assert np.abs(out).max() <= 2 * sine_peak(-10)
    assert np.mean(out == 0) > 0.9


# -- phase -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("offset_hz", [-20.0, -7.0, 0.2, 7.0])
@pytest.mark.parametrize("hz", [350, 1800, 3300])
def test_frequency_offset_by_the_slope_of_phase(offset_hz, hz):
    out = through(f"frequency-offset:offset_hz={offset_hz}", sine(hz, 2.0))[400:]
    assert frequency(out, hz) == pytest.approx(hz + offset_hz, abs=0.005)
    assert level(out) == pytest.approx(-13.0, abs=0.1)


def test_a_frequency_offset_has_no_image():
    out = through("frequency-offset:offset_hz=10", sine(1000, 1.2))[800:8800]
    lines = 20 * np.log10(np.abs(np.fft.rfft(out * np.hanning(8000))) + 1e-3)
    assert lines[990] < lines[1010] - 60


def test_phase_jitter():
    out = through("phase-jitter:jitter_deg=20,freq_hz=15", sine(1800, 2.0))[400:]
    phase = np.degrees(np.unwrap(np.angle(analytic(out, 1800))))
    assert np.ptp(phase) == pytest.approx(20.0, rel=0.03)
    spectrum = np.abs(np.fft.rfft(phase - phase.mean()))
    assert np.argmax(spectrum) * RATE / len(phase) == pytest.approx(15.0, abs=0.6)


def test_phase_hits_jump_and_come_back():
    out = through("phase-hit:hit_deg=40,interval_s=1,duration_ms=100", sine(1800, 20.0))[400:]
    phase = np.degrees(np.unwrap(np.angle(analytic(out, 1800))))
    base = np.median(phase)
    high = np.abs(phase - base - 40) < 2
    assert 0.05 < high.mean() < 0.2
    assert (np.abs(phase - base) < 2).mean() > 0.7


# -- level over time ---------------------------------------------------------------------------------------------------


def envelope(text, seconds=20.0):
    return np.abs(analytic(through(text, sine(1800, seconds)), 1800)) / sine_peak(-13)


def test_gain_hits():
    env = 20 * np.log10(envelope("gain-hit:hit_db=6,interval_s=1,duration_ms=100"))
    assert env.max() == pytest.approx(6.0, abs=0.05)
    assert np.median(env) == pytest.approx(0.0, abs=0.05)
    assert 0.04 < (env > 5.5).mean() < 0.2


def test_dropouts():
    out = through("dropout:interval_s=1,duration_ms=50", np.ones(60 * RATE, np.float32))
    gone = out == 0
    starts = np.flatnonzero(np.diff(gone.astype(int)) == 1)
    ends = np.flatnonzero(np.diff(gone.astype(int)) == -1)
    assert len(starts) == pytest.approx(60, abs=20)
    assert np.bincount(ends[: len(starts)] - starts[: len(ends)]).argmax() == 400
    assert set(np.unique(out)) == {0.0, 1.0}


def test_slow_fading():
    env = 20 * np.log10(envelope("fading:depth_db=10,period_s=5"))
    assert env.max() == pytest.approx(0.0, abs=0.05)
    assert env.min() == pytest.approx(-10.0, abs=0.05)
    dips = np.flatnonzero(env < -9.9)
    assert 1 + (np.diff(dips) > RATE).sum() == 4


# -- time --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["delay:delay_ms=12.5", "satellite-delay:delay_ms=600", "delay:delay_ms=0"])
def test_delay_is_exact(text):
    part = impairment(text)
    late = round(part.delay_ms * 8)
    signal = noise(1.0)
    assert np.array_equal(part.execute(signal)[late:], signal[: len(signal) - late])


@pytest.mark.parametrize("ppm", [-500.0, -100.0, 100.0, 500.0])
def test_clock_drift_by_counting(ppm):
    """A tone is ppm higher, and a click sent after 30 s comes ppm of 30 s earlier."""
    signal = np.zeros(32 * RATE, np.float32)
    signal[30 * RATE] = signal[100] = 10000.0
    part = impairment(f"clock-drift:drift_ppm={ppm}")
    out = part.execute(signal)
    first, last = np.argmax(out[:2000]), RATE * 29 + np.argmax(out[RATE * 29 :])
    assert first == pytest.approx(100 + part.latency, abs=1.1)
    assert last - first == pytest.approx((30 * RATE - 100) / (1 + ppm * 1e-6), abs=1.1)


@pytest.mark.parametrize("ppm", [-100.0, 100.0])
def test_clock_drift_moves_every_frequency(ppm):
    out = through(f"clock-drift:drift_ppm={ppm}", sine(3000, 10.0))[2000:]
    assert frequency(out, 3000) == pytest.approx(3000 * (1 + ppm * 1e-6), abs=0.003)
    assert level(out) == pytest.approx(-13.0, abs=0.05)


@pytest.mark.parametrize("hz", [300, 1800, 3300])
def test_resampling_adds_no_noise(hz):
    out = through("clock-drift:drift_ppm=250", sine(hz, 2.0))[2000:10000]
    assert residue_db(out, hz * 1.00025) > 60


def test_a_drift_slips_when_its_buffer_is_used_up():
    """1000 ppm use up 10 ms in 10 s: the signal jumps by 80 samples."""
    ramp = np.arange(25 * RATE, dtype=np.float32)
    for ppm, sign in ((1000.0, -1), (-1000.0, 1)):
        steps = np.diff(through(f"clock-drift:drift_ppm={ppm},buffer_ms=10", ramp)[200:])
        jumps = steps[np.abs(steps - 1) > 40]
        assert jumps == pytest.approx([sign * 80 + 1] * 2, abs=2)


# -- filters -----------------------------------------------------------------------------------------------------------


def test_listener_echo_by_its_ripple():
    """A copy 12 dB down makes the response swing between 1.25 and 0.75, every 1/delay."""
    found = response([impairment("listener-echo:loss_db=12.04,delay_ms=2")])
    inner = (found.hz > 300) & (found.hz < 3400)
    assert found.loss_db[inner].max() == pytest.approx(-20 * np.log10(0.75), abs=0.02)
    assert found.loss_db[inner].min() == pytest.approx(-20 * np.log10(1.25), abs=0.02)
    peaks = found.hz[1:-1][np.diff(np.sign(np.diff(found.loss_db))) > 0]
    assert np.diff(peaks) == pytest.approx(500.0, abs=1.5)


def test_band():
    found = response([impairment("band:low_hz=300,high_hz=3400")])
    at = {hz: float(np.interp(hz, found.hz, found.loss_db)) for hz in (200, 300, 360, 1000, 3340, 3400, 3500)}
    assert (at[300], at[3400]) == pytest.approx((6.0, 6.0), abs=0.2)
    assert max(abs(at[hz]) for hz in (360, 1000, 3340)) < 0.1
    assert min(at[200], at[3500]) > 50
    assert np.abs(found.delay_ms[(found.hz > 350) & (found.hz < 3350)]).max() < 0.001


def test_band_edges_must_lie_apart():
    with pytest.raises(ValueError, match="high_hz is 1050; it must lie 100 or more above low_hz"):
        impairment("band:low_hz=1000,high_hz=1050")


@pytest.mark.parametrize("edge_ms", [-2.0, 1.0, 3.0])
def test_group_delay_is_a_bow_with_a_flat_response(edge_ms):
    found = response([impairment(f"group-delay:edge_ms={edge_ms}")])
    inner = (found.hz > 350) & (found.hz < 3500)
    bow = edge_ms * ((found.hz[inner] - 1800) / 1500) ** 2
    assert np.abs(found.delay_ms[inner] - bow).max() < 0.05
    assert np.abs(found.loss_db[inner]).max() < 0.05


def test_latency_is_told():
    """A click through everything that is late comes when the line says."""
    line = OneWayLine([impairment(name) for name in ("frequency-offset", "band", "phase-jitter", "group-delay")])
    click = np.zeros(2000, np.float32)
    click[100] = 10000.0
    energy = np.square(line.carry(click))
    assert np.sum(energy * np.arange(2000)) / energy.sum() == pytest.approx(100 + line.latency, abs=8)


# -- digital equipment -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("law", ["a-law", "mu-law"])
def test_companding_noise(law):
    """G.712 asks for 33 dB of signal to total distortion at these levels; companding alone gives some 37."""
    for dbm0 in (0.0, -13.0, -30.0):
        assert 33 < residue_db(through(law, sine(1020, 2.0, dbm0)), 1020) < 42


def test_robbed_bits_are_heard():
    clean = residue_db(through("mu-law", sine(1020, 2.0)), 1020)
    robbed = residue_db(through("robbed-bits:law=mu", sine(1020, 2.0)), 1020)
    assert 1.0 < clean - robbed < 6.0


def test_only_each_sixth_octet_is_robbed():
    signal = noise(1.0)
    different = np.flatnonzero(through("robbed-bits:law=mu,bit=0", signal) != through("mu-law", signal))
    assert set(different % 6) == {0}
    assert len(different) == pytest.approx(len(signal) / 12, rel=0.1)


def test_voice_activity_detection_clips_the_front_and_holds():
    """Attack 20 ms, hangover 100 ms: the burst loses some 20 ms, and noise 100 ms after it is still heard."""
    burst = np.concatenate((noise(0.5, -60.0), sine(1100, 0.5), noise(0.5, -60.0)))
    out = through("vad:threshold_dbm0=-40,attack_ms=20,hangover_ms=100", burst)
    heard = np.flatnonzero(out)
    assert heard[0] == pytest.approx(4000 + 160, abs=12)
    assert heard[-1] == pytest.approx(8000 + 800, abs=300)
    assert mean_square(-13) == pytest.approx(np.mean(np.square(out[4400:7900], dtype=float)), rel=0.01)
