"""Kernels of an analogue line: filtering, turning of phase, resampling, gating, echo cancelling.

Every kernel goes sample by sample from a state that it is given, so that the cut into blocks changes no sample.
Signals are float32 in 16-bit units. Nothing here checks bounds.
"""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from firmware_sim.dsp.kernels import kernel

Signal = NDArray[np.float32]

SINC_TAPS = 32
SINC_PHASES = 256
POWER, GATE_OPEN_FOR, GATE_QUIET_FOR = range(3)
SENT_POWER, RESIDUE_POWER, TALK_LEFT = range(3)
DOUBLE_TALK_HOLD = 240
"""Samples for which a canceller stands still after both ends spoke."""


def sinc_table() -> Signal:
    """[SINC_PHASES + 1, SINC_TAPS]: a windowed sinc for each fraction of a sample, unit gain at 0 Hz."""
    fractions = np.arange(SINC_PHASES + 1)[:, None] / SINC_PHASES
    places = np.arange(SINC_TAPS)[None, :] - (SINC_TAPS // 2 - 1) - fractions
    window = np.i0(9.0 * np.sqrt(np.maximum(0.0, 1.0 - (places / (SINC_TAPS / 2)) ** 2)))
    table = np.sinc(places) * window
    scaled: Signal = (table / table.sum(axis=1, keepdims=True)).astype(np.float32)
    return scaled


@kernel
def fir(x: Any, taps: Any, out: Any) -> None:
    """out[k] = taps . x[k : k + len(taps)]: *x* begins with len(taps) - 1 samples of history, *taps* are reversed."""
    count = len(taps)
    for k in range(len(out)):
        total = np.float32(0.0)
        for j in range(count):
            total += x[k + j] * taps[j]
        out[k] = total


@kernel
def cosine(first: int, hz: float, phase: float, out: Any) -> None:
    """out[k] = cos(2 pi hz (first + k) / 8000 + phase), float64."""
    step = 2.0 * math.pi * hz / 8000.0
    for k in range(len(out)):
        out[k] = math.cos(step * (first + k) + phase)


@kernel
def turn(direct: Any, quadrature: Any, phase: Any, out: Any) -> None:
    """The analytic signal turned by *phase* (radians, one a sample), real part."""
    for k in range(len(out)):
        out[k] = direct[k] * math.cos(phase[k]) - quadrature[k] * math.sin(phase[k])


@kernel
def resample(x: Any, first: int, rate: float, span: int, table: Any, out: Any) -> None:
    """out[k] is *x* at sample k + (first + k) * rate, within a buffer of *span* samples.

    The sample written as out[k] comes at x[k + span + SINC_TAPS - 1] or earlier. Where the buffer is empty (or full)
    the reading place slips by *span*.
    """
    taps = table.shape[1]
    phases = table.shape[0] - 1
    for k in range(len(out)):
        moved = (first + k) * rate
        whole = math.floor(moved)
        fine = (moved - whole) * phases
        phase = int(fine)
        share = np.float32(fine - phase)
        start = k + span - (-whole) % span if rate < 0.0 else k + whole % span
        low = np.float32(0.0)
        high = np.float32(0.0)
        for j in range(taps):
            low += x[start + j] * table[phase, j]
            high += x[start + j] * table[phase + 1, j]
        out[k] = low + share * (high - low)


@kernel
def gate(x: Any, state: Any, threshold: float, smoothing: float, attack: int, hangover: int, out: Any) -> None:
    """A voice activity detector: silence until the power has been over *threshold* for *attack* samples.

    It closes when the power has been under it for *hangover* samples. *state*: power, samples loud, samples quiet.
    """
    power, loud, quiet = state[POWER], state[GATE_OPEN_FOR], state[GATE_QUIET_FOR]
    for k in range(len(out)):
        power += smoothing * (x[k] * x[k] - power)
        if power > threshold:
            loud += 1.0
            quiet = 0.0
        else:
            quiet += 1.0
            if loud < attack or quiet > hangover:
                loud = 0.0
        out[k] = x[k] if loud >= attack else np.float32(0.0)
    state[POWER], state[GATE_OPEN_FOR], state[GATE_QUIET_FOR] = power, loud, quiet


@kernel
def cancel(sent: Any, heard: Any, weights: Any, state: Any, step: float, suppression: float, out: Any) -> None:
    """An NLMS echo canceller. *sent* begins with len(weights) - 1 samples of history, *weights* run oldest first.

    A non-linear processor makes a residue silent whose power is less than *suppression* times that of what was sent
    (0 turns it off). Adaptation stands still while the near end is the louder one (Geigel).
    """
    taps = len(weights)
    smoothing = 1.0 / 64.0
    sent_power, residue_power, talk_left = state[SENT_POWER], state[RESIDUE_POWER], state[TALK_LEFT]
    for k in range(len(out)):
        echo = np.float32(0.0)
        energy = np.float32(0.0)
        loudest = np.float32(0.0)
        for j in range(taps):
            value = sent[k + j]
            echo += value * weights[j]
            energy += value * value
            loudest = max(loudest, abs(value))
        residue = heard[k] - echo
        if abs(heard[k]) > np.float32(0.5) * loudest and abs(heard[k]) > np.float32(30.0):
            talk_left = DOUBLE_TALK_HOLD
        elif talk_left > 0:
            talk_left -= 1
        elif energy > np.float32(1000.0) * taps:
            change = np.float32(step) * residue / (energy + np.float32(1.0))
            for j in range(taps):
                weights[j] += change * sent[k + j]
        sent_power += smoothing * (energy / taps - sent_power)
        residue_power += smoothing * (residue * residue - residue_power)
        silent = talk_left == 0 and residue_power < suppression * sent_power
        out[k] = np.float32(0.0) if silent else residue
    state[SENT_POWER], state[RESIDUE_POWER], state[TALK_LEFT] = sent_power, residue_power, talk_left
