"""G.726 by its own, and bit for bit against libspandsp."""

import ctypes as C  # noqa: N812
from itertools import pairwise

import numpy as np
import pytest

from firmware_sim.dsp.line_g726 import G726, RATES
from rig.impairments import one_way

from .signals import cut, noise, residue_db, sine

PEER = "libspandsp.so.2"
LINEAR, UNPACKED = 0, 0
SNR_DB = {40: 32.0, 32: 27.0, 24: 20.0, 16: 12.0}
"""At least this of a sine of 1020 Hz at -10 dBm0: about 6 dB for each bit."""


@pytest.mark.parametrize("kbps", RATES)
def test_signal_to_distortion(kbps):
    out = one_way(f"g726:rate_kbps={kbps}").carry(sine(1020, 2.0, -10.0))[4000:]
    assert residue_db(out, 1020) > SNR_DB[kbps]


def test_each_bit_counts():
    found = [residue_db(one_way(f"g726:rate_kbps={kbps}").carry(sine(1020, 2.0))[4000:], 1020) for kbps in RATES]
    assert all(better > worse + 2 for better, worse in pairwise(found))


@pytest.mark.parametrize("kbps", RATES)
def test_silence_stays_all_but_silent(kbps):
    out = one_way(f"g726:rate_kbps={kbps}").carry(np.zeros(8000, np.float32))[800:]
    assert np.abs(out).max() <= 16


def test_a_tandem_with_another_level_between_loses_some_3_db():
    once = residue_db(one_way("g726").carry(sine(1020, 2.0))[4000:], 1020)
    twice = residue_db(one_way("g726 + loss:loss_db=1.3 + g726").carry(sine(1020, 2.0))[4000:], 1020)
    assert 1.0 < once - twice < 5.0


@pytest.mark.parametrize("kbps", RATES)
def test_decoding_gives_what_the_coder_rebuilt(kbps):
    signal = noise(1.0).astype(np.int16)
    codes, rebuilt = G726(kbps).encode(signal)
    decoder = G726(kbps)
    assert codes.max() < 1 << RATES[kbps].bits
    assert np.array_equal(np.concatenate([decoder.decode(block) for block in cut(codes, [7, 160, 1])]), rebuilt)


def peer(kbps, samples):
    """-> (codes, decoded samples) of the library. Skips, and says why, where it is not installed."""
    try:
        library = C.CDLL(PEER)
    except OSError:
        pytest.skip(f"{PEER} is not installed (Debian: libspandsp2)")
    library.g726_init.restype = C.c_void_p
    coder, decoder = (C.c_void_p(library.g726_init(None, kbps * 1000, LINEAR, UNPACKED)) for _ in range(2))
    codes, decoded = np.zeros(len(samples), np.uint8), np.zeros(len(samples), np.int16)
    at = [array.ctypes.data_as(C.c_void_p) for array in (codes, samples, decoded)]
    assert library.g726_encode(coder, at[0], at[1], len(samples)) == len(samples)
    assert library.g726_decode(decoder, at[2], at[0], len(samples)) == len(samples)
    for state in (coder, decoder):
        library.g726_free(state)
    return codes, decoded


def fsk():
    hz = 1750 + 100 * np.sign(np.sin(2 * np.pi * 150 * np.arange(16000) / 8000))
    return 6000 * np.sin(2 * np.pi * np.cumsum(hz) / 8000)


SIGNALS = {
    "sine": sine(1020, 2.0),
    "noise": noise(2.0),
    "V.21": fsk(),
    "idle": noise(2.0, -70.0),
    "silence": np.zeros(16000),
    "steps": np.repeat(noise(0.02, -10.0), 100),
}


@pytest.mark.peer
@pytest.mark.parametrize("signal", SIGNALS)
@pytest.mark.parametrize("kbps", RATES)
def test_bit_for_bit_as_libspandsp(kbps, signal):
    samples = SIGNALS[signal].clip(-28000, 28000).astype(np.int16)
    codes, decoded = peer(kbps, samples)
    ours, rebuilt = G726(kbps).encode(samples)
    assert np.array_equal(ours, codes)
    assert np.array_equal(rebuilt, decoded)
