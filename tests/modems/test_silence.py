"""What is no modem signal must not be taken for one, and one modem not for another."""

import numpy as np
import pytest
from scipy.signal import lfilter

from firmware_sim.dsp import hdlc, tones
from firmware_sim.dsp.levels import mean_square
from firmware_sim.errors import ConfigError
from firmware_sim.modems import Kind, demodulate_many, demodulator, modulator
from firmware_sim.rtp.g711 import Codec

from .line import burst, hear, of_kind, through_law

COUNT = 8000 * 20


def white(dbm0, count=COUNT, seed=1):
    return np.random.default_rng(seed).standard_normal(count) * np.sqrt(mean_square(dbm0))


def speech(count=COUNT):
    """A wandering pitch through three resonances, syllables, hisses between them."""
    rng, n = np.random.default_rng(2), np.arange(count)
    pitch = np.cumsum(120 + 40 * np.sin(2 * np.pi * 0.4 * n / 8000)) / 8000
    voice = np.diff(np.floor(pitch), prepend=0) + 0.02 * rng.standard_normal(count)
    for hz, width in ((500, 80), (1500, 120), (2500, 160)):
        r = np.exp(-np.pi * width / 8000)
        voice = lfilter([1], [1, -2 * r * np.cos(2 * np.pi * hz / 8000), r * r], voice)
    syllables = np.clip(np.sin(2 * np.pi * 3 * n / 8000) + 0.3, 0, 1)
    hiss = lfilter([1, -1], [1], rng.standard_normal(count)) * np.clip(np.sin(2 * np.pi * 3 * n / 8000 + 3), 0, 0.3)
    both = voice / voice.std() * syllables + hiss
    return both / both.std() * np.sqrt(mean_square(-18))


def tone(cadence):
    return tones.ToneGenerator(cadence).execute(COUNT).astype(float)


def bursts(modem, bps, payload):
    gap = np.zeros(500)
    return np.concatenate([gap, *[np.append(burst(modulator(modem, bps), payload(k)), gap) for k in range(4)]])


def v21():
    return bursts("V.21", 300, lambda k: hdlc.encode([bytes([255, 3, k]) + bytes(k * 7)], 37 + k))


def v29():
    return bursts("V.29", 9600, lambda k: np.random.default_rng(k).integers(0, 2, 20000 + k))


QUIET = {
    "silence": np.zeros(COUNT),
    "white -20": white(-20),
    "white -42": white(-42),
    "white -46": white(-46),
    "white on and off": white(-25) * (np.sin(2 * np.pi * 2.3 * np.arange(COUNT) / 8000) > 0),
    "CNG": tone(tones.cng()),
    "CED": tone(tones.ced(length_ms=15000)),
    "dial": tone(tones.dial_tone()),
    "busy": tone(tones.busy()),
    "ringback": tone(tones.ringback()),
    "DTMF": tone(tones.dtmf("123A456B789C*0#D" * 8)),
    "speech": speech(),
}


def on_the_line(x, snr_db):
    if snr_db is not None and x.any():
        loud = (x[np.abs(x) > 0] ** 2).mean()
        x = x + np.random.default_rng(9).standard_normal(len(x)) * np.sqrt(loud * 10 ** (-snr_db / 10))
    return through_law(np.rint(x.clip(-32768, 32767)).astype(np.int16), Codec.PCMA)


@pytest.mark.parametrize("snr_db", [None, 30, 20])
@pytest.mark.parametrize("name", QUIET)
@pytest.mark.parametrize(("modem", "bps"), [("V.21", 300), ("V.29", 9600)])
def test_no_event(modem, bps, name, snr_db):
    assert hear(demodulator(modem, bps), on_the_line(QUIET[name], snr_db)) == []


@pytest.mark.parametrize("snr_db", [None, 30, 20])
def test_v29_does_not_take_v21_for_an_image(snr_db):
    assert hear(demodulator("V.29", 9600), on_the_line(v21(), snr_db)) == []
    assert len(of_kind(hear(demodulator("V.21", 300), on_the_line(v21(), snr_db)), Kind.FRAME)) == 4


@pytest.mark.parametrize("snr_db", [None, 30, 20])
def test_v21_does_not_take_v29_for_flags(snr_db):
    assert hear(demodulator("V.21", 300), on_the_line(v29(), snr_db)) == []
    assert len(of_kind(hear(demodulator("V.29", 9600), on_the_line(v29(), snr_db)), Kind.TRAINED)) == 4


def test_what_the_catalog_does_not_have():
    with pytest.raises(ConfigError):
        modulator("V.29", 4800)
    with pytest.raises(ConfigError):
        demodulator("V.90", 56000)
    with pytest.raises(ConfigError):
        demodulate_many([demodulator("V.29", 9600), demodulator("V.21", 300)], np.zeros((2, 160), np.int16))
    assert demodulate_many([], np.zeros((0, 160), np.int16)) == []
