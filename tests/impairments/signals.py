"""Signals to send through a line, and what can be told of them."""

import numpy as np

from firmware_sim.dsp.levels import dbm0, mean_square, sine_peak

RATE = 8000


def sine(hz, seconds=1.0, level_dbm0=-13.0, phase=0.0):
    at = np.arange(round(seconds * RATE)) / RATE
    return (sine_peak(level_dbm0) * np.sin(2 * np.pi * hz * at + phase)).astype(np.float32)


def noise(seconds=1.0, level_dbm0=-13.0, seed=3):
    rms = mean_square(level_dbm0) ** 0.5
    return (rms * np.random.default_rng(seed).standard_normal(round(seconds * RATE))).astype(np.float32)


def level(x):
    return dbm0(float(np.mean(np.square(x, dtype=np.float64))))


def analytic(x, hz):
    """The complex amplitude of a tone near *hz* over time, smoothed over 10 ms."""
    turned = x * np.exp(-2j * np.pi * hz / RATE * np.arange(len(x)))
    window = np.hanning(81)
    return np.convolve(turned, 2.0 * window / window.sum(), "valid")


def frequency(x, near_hz):
    """Of a tone, by the slope of its phase."""
    phase = np.unwrap(np.angle(analytic(x, near_hz)))
    return near_hz + np.polyfit(np.arange(len(phase)), phase, 1)[0] * RATE / (2 * np.pi)


def residue_db(x, hz):
    """How far below a tone of *hz* all else in *x* lies: the SNR of a sine."""
    at = np.arange(len(x)) / RATE
    basis = np.stack([np.cos(2 * np.pi * hz * at), np.sin(2 * np.pi * hz * at)], axis=1)
    fit = basis @ np.linalg.lstsq(basis, x.astype(np.float64), rcond=None)[0]
    return 10 * np.log10(np.mean(fit**2) / np.mean((x - fit) ** 2))


def cut(x, sizes):
    """*x* in blocks of these sizes, again and again."""
    at, turn = 0, 0
    while at < len(x):
        yield x[at : at + sizes[turn % len(sizes)]]
        at += sizes[turn % len(sizes)]
        turn += 1
