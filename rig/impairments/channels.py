"""Named channels: filters made of published curves of attenuation and envelope delay (`curves` has the figures)."""

import functools
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from firmware_sim.clock import SAMPLE_RATE_HZ
from rig.impairments import curves
from rig.impairments.base import Signal

Points = NDArray[np.float64]
"""[n, 2]: Hz and a value, ascending."""

TAPS, CENTRE = 385, 144
"""The length of a channel's filter, and where its impulse lies where the delay is least."""
GRID = 4096
LOW_HZ, HIGH_HZ = 200.0, 3900.0
"""Outside of these a channel fades to nothing at 0 and 4000 Hz: no curve says anything there."""


@dataclass(frozen=True)
class Curve:
    """What is published of a channel: loss in dB, and envelope delay in ms against an arbitrary zero."""

    loss_db: Points
    delay_ms: Points
    title: str = ""
    source: str = ""


def _columns(table: str) -> list[Points]:
    """The columns of a table of `curves`, without what is missing."""
    rows = [line.split() for line in table.strip().splitlines()]
    return [
        np.array([(float(row[0]), float(row[column])) for row in rows if row[column] != "-"])
        for column in range(1, len(rows[0]))
    ]


def _ad_edd() -> dict[str, Curve]:
    losses = dict(zip(curves.AD_NAMES, _columns(curves.AD_DB), strict=True))
    delays = dict(zip(curves.EDD_NAMES, _columns(curves.EDD_MS), strict=True))
    return {
        f"v56bis-ad-{ad}-edd-{edd}": Curve(loss, delay, f"V.56bis AD-{ad} with EDD-{edd}", curves.SOURCE_AD_EDD)
        for ad, loss in losses.items()
        for edd, delay in delays.items()
    }


def _loops() -> dict[str, Curve]:
    found = {}
    distortions, delays_us = _columns(curves.LOOP_AD_DB), _columns(curves.LOOP_EDD_US)
    rows = zip(curves.LOOP_NAMES, curves.LOOP_LOSS_AT_1000_HZ_DB, distortions, delays_us, strict=True)
    for name, loss, distortion, delay_us in rows:
        body, number = name.split("-ll-")
        title = f"subscriber loop {body.upper()} LL-{number}"
        loss_db, delay_ms = distortion + np.array([0.0, loss]), delay_us * np.array([1.0, 1e-3])
        found[name] = Curve(loss_db, delay_ms, title, curves.SOURCE_LOOPS)
    return found


CHANNELS: dict[str, Curve] = _ad_edd() | _loops()


def designed(curve: Curve) -> tuple[Signal, int]:
    """-> (taps of a FIR with this curve, its delay in samples where *delay_ms* is 0), by frequency sampling.

    The phase is the integral of the delay over frequency; between points the curve is linear, beyond them constant.
    """
    hz = np.arange(GRID // 2 + 1) * SAMPLE_RATE_HZ / GRID
    loss = np.interp(hz, *curve.loss_db.T)
    delay_s = np.interp(hz, *curve.delay_ms.T) / 1000.0
    steps = (delay_s[1:] + delay_s[:-1]) / 2.0 * (SAMPLE_RATE_HZ / GRID)
    phase = 2.0 * np.pi * np.concatenate(([0.0], np.cumsum(steps)))
    fade = np.interp(hz, [0.0, LOW_HZ], [0.0, 1.0]) * np.interp(hz, [HIGH_HZ, 4000.0], [1.0, 0.0])
    smooth = np.sin(np.pi / 2.0 * fade) ** 2
    wanted = smooth * 10.0 ** (-loss / 20.0) * np.exp(-1j * (phase + 2.0 * np.pi * hz * CENTRE / SAMPLE_RATE_HZ))
    impulse = np.fft.irfft(wanted, GRID)[:TAPS]
    return (impulse * _edges()).astype(np.float32), CENTRE


def _edges() -> Points:
    """A window that is flat but for short raised-cosine ends."""
    place = np.arange(TAPS)
    nearest = np.minimum(place, TAPS - 1 - place)
    return np.asarray(np.sin(np.pi / 2.0 * np.minimum((nearest + 1) / 33.0, 1.0)) ** 2)


@functools.cache
def channel(name: str) -> tuple[Signal, int]:
    """-> (taps, delay in samples) of a named channel. Raises KeyError."""
    return designed(CHANNELS[name])


def response(taps: NDArray[np.floating], hz: Points) -> tuple[Points, Points]:
    """-> (loss in dB, group delay in ms) of a FIR at these frequencies, from its definition."""
    place = np.arange(len(taps))
    turns = np.exp(-2j * np.pi / SAMPLE_RATE_HZ * np.outer(hz, place))
    value = turns @ taps.astype(np.float64)
    value = np.where(np.abs(value) < 1e-9, 1e-9, value)
    delay = ((turns @ (place * taps.astype(np.float64))) / value).real * 1000.0 / SAMPLE_RATE_HZ
    return -20.0 * np.log10(np.abs(value)), delay
