"""What the QAM engine knows of each row of `qam_specs`, as flat kernel tables; it reads nothing else of a modem."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from firmware_sim.clock import SAMPLE_RATE_HZ
from firmware_sim.dsp.vector import MIXED
from firmware_sim.modems.qam_specs import SPECS, QamSpec

f4 = np.float32

TAPS = 32
PHASES = 64
POINTS = 16
TURN = 80
"""Samples after which every carrier (multiples of 100 Hz) has made whole turns."""
CYCLE = 24
"""Symbols after which every carrier has made whole turns."""
SUBPHASES = 3
"""Symbols after which every symbol clock meets a sample."""
STEPS = 3
FAR = 1e6


def root_raised_cosine(t: NDArray[Any], alpha: float) -> NDArray[np.float64]:
    """Unit-energy root raised cosine at *t* symbols from its middle."""
    y = np.empty_like(t)
    middle = np.abs(t) < 1e-9
    edge = np.abs(np.abs(4 * alpha * t) - 1) < 1e-9
    rest = ~(middle | edge)
    y[middle] = 1 - alpha + 4 * alpha / np.pi
    quarter = np.pi / 4 / alpha
    y[edge] = alpha / 2**0.5 * ((1 + 2 / np.pi) * np.sin(quarter) + (1 - 2 / np.pi) * np.cos(quarter))
    x = t[rest]
    top = np.sin(np.pi * x * (1 - alpha)) + 4 * alpha * x * np.cos(np.pi * x * (1 + alpha))
    y[rest] = top / (np.pi * x * (1 - (4 * alpha * x) ** 2))
    return y


def _pulse(t: NDArray[Any], spec: QamSpec) -> NDArray[np.float64]:
    """Root raised cosine at *t* samples from its middle, faded out over 16 samples."""
    fade = np.where(np.abs(t) < 16, np.abs(0.5 + 0.5 * np.cos(np.pi * t / 16)) ** 0.35, 0.0)
    return root_raised_cosine(t * spec.baud / SAMPLE_RATE_HZ, spec.roll_off) * fade


def _receive_bank(spec: QamSpec) -> NDArray[np.float32]:
    """[phase of a sample, re and im, tap]: matched filter with the demodulation from the first tap on folded in."""
    t = np.arange(TAPS)
    turn = np.exp(-2j * np.pi * spec.carrier_hz / SAMPLE_RATE_HZ * t) * spec.baud / SAMPLE_RATE_HZ
    rows = [_pulse(t - (TAPS // 2 - 1) - p / PHASES, spec) * turn for p in range(PHASES)]
    return np.array([[g.real, g.imag] for g in rows], f4)


def _transmit_pulses(spec: QamSpec) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """First samples of the three symbols of a group, and their passband pulses [symbol, re and im, tap].

    A pulse peaks 15 samples after its symbol's nominal start.
    """
    period = SAMPLE_RATE_HZ / spec.baud
    first = np.array([int(np.ceil(k * period - 1e-9)) for k in range(SUBPHASES)])
    shapes = []
    for k in range(SUBPHASES):
        n = first[k] + np.arange(TAPS) - k * period
        shape = _pulse(n - 15.0, spec) * np.exp(2j * np.pi * spec.carrier_hz / SAMPLE_RATE_HZ * n)
        shapes.append([shape.real, shape.imag])
    return first, np.array(shapes, f4)


def _mixes(spec: QamSpec) -> NDArray[np.float32]:
    """[half, symbol, re and im, sample]: what each of the last 12 symbols, the three of a group the newest, adds to
    the group's samples 0 to 15 and 16 to 31."""
    first, pulses = _transmit_pulses(spec)
    size, mixes = SUBPHASES * SAMPLE_RATE_HZ // spec.baud, np.zeros((2, MIXED, 2, 16), f4)
    for j in range(MIXED):
        group, part = divmod(j - MIXED + SUBPHASES, SUBPHASES)
        at = group * size + first[part]
        for n in range(max(at, 0), min(at + TAPS, size)):
            mixes[n // 16, j, :, n % 16] = pulses[part, :, n - at]
    return mixes


def _level_of(spec: QamSpec) -> float:
    """Mean square of the line signal whose points have mean power 1."""
    energy = float((_transmit_pulses(spec)[1].astype(np.float64) ** 2).sum()) / SUBPHASES
    return energy / 2 * spec.baud / SAMPLE_RATE_HZ


def _flat(values: list[Any], kind: Any) -> Any:
    return np.ascontiguousarray(np.concatenate([np.ravel(v) for v in values]).astype(kind))


def _shared(values: list[NDArray[Any]], keys: list[Any]) -> tuple[NDArray[Any], NDArray[np.int64]]:
    """Rows with the same key share one table. -> (tables, where each row's begins)"""
    order = list(dict.fromkeys(keys))
    tables = [values[keys.index(key)].ravel() for key in order]
    begins = np.cumsum([0] + [len(t) for t in tables])
    return np.concatenate(tables), np.array([begins[order.index(key)] for key in keys])


def _by_point(spec: QamSpec) -> tuple[NDArray[np.complex128], NDArray[np.int64], NDArray[np.int64]]:
    """Points padded to 16, their phases, their upper bits shifted into place."""
    z, phase, upper = np.full(POINTS, FAR + 0j), np.zeros(POINTS, np.int64), np.zeros(POINTS, np.int64)
    for k, ((p, u), point) in enumerate((spec.points or {}).items()):
        z[k], phase[k], upper[k] = point, p, u << 3
    return z, phase, upper


def _to_point(spec: QamSpec) -> NDArray[np.int64]:
    """(phase * 2 + upper bit) -> index of the point."""
    index = np.zeros(POINTS, np.int64)
    for k, (p, u) in enumerate(spec.points or {}):
        index[p * 2 + u] = k
    return index


def _change_tables(spec: QamSpec) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Lower bits -> change, change -> lower bits."""
    change, bits = np.zeros(8, np.int64), np.zeros(8, np.int64)
    for word, step in (spec.changes or {}).items():
        change[word], bits[step] = step, word
    return change, bits


def _each(name: str, kind: Any = "i8") -> Any:
    return np.array([getattr(s, name) for s in SPECS], kind)


_POINTS = [_by_point(s) for s in SPECS]
POINT_RE, POINT_IM = _flat([p[0].real for p in _POINTS], f4), _flat([p[0].imag for p in _POINTS], f4)
POINT_PHASE, POINT_UPPER = _flat([p[1] for p in _POINTS], "i8"), _flat([p[2] for p in _POINTS], "i8")
TO_POINT = _flat([_to_point(s) for s in SPECS], "i8")
CHANGE, CHANGE_BITS = (_flat([_change_tables(s)[k] for s in SPECS], "i8") for k in (0, 1))
BITS, CODE, SCRAMBLER = _each("bits"), _each("code"), _each("scrambler")
REGISTER, REPEATS, PHASE, SHORT = _each("register"), _each("repeats"), _each("phase"), _each("short")
POWER, TROUBLE = _each("power", f4), _each("trouble", f4)
HALF_SYMBOL = np.array([SAMPLE_RATE_HZ / s.baud / 2 for s in SPECS])

AB_RE, AB_IM = (_flat([[getattr(z, part) for z in s.alternations] for s in SPECS], f4) for part in ("real", "imag"))
AB_MEAN = np.array([(s.alternations[0] + s.alternations[1]) / 2 for s in SPECS])
AB_HALF = np.array([(s.alternations[0] - s.alternations[1]) / 2 for s in SPECS])
AB_POWER = np.abs(AB_MEAN) ** 2 + np.abs(AB_HALF) ** 2 / 2
"""Mean power of the alternations at two matched-filtered values a symbol: half of each band edge is lost."""
LINES = np.array(
    [
        [round((s.carrier_hz + side * s.baud / 2) / 100) for side in (-1, 0, 1)]
        + [1 if abs(s.alternations[0] + s.alternations[1]) > 0.1 else 0]
        for s in SPECS
    ]
).ravel()
"""[row, 4]: the lines of the alternations in units of 100 Hz, and whether the middle one is there."""
NARROW = np.array([0.62 if s.baud == 2400 else 0.8 for s in SPECS], f4)
PAIR = np.array([0.8 if s.baud == 2400 else 0.93 for s in SPECS], f4)
"""The shares of power in 1350 to 2150 Hz, and in any two stretches of 500 Hz, from which a signal is none of ours."""
LEAST_MEAN = np.where(np.abs(AB_MEAN) > 0, 0.1, 0.0)
LEAST_EDGE = np.where(np.abs(AB_MEAN) > 0, 0.02, 0.06)

N_SILENCE, N_ALTERNATE, N_ONES = _each("silence"), _each("alternate"), _each("ones")
WINDOW, MARK = _each("window"), _each("mark")
N_TRAIN = np.array([len(s.training) for s in SPECS])
TRAIN_Z, TRAIN_AT = _shared([np.array(s.training) for s in SPECS], [s.training for s in SPECS])
TRAIN_RE, TRAIN_IM = TRAIN_Z.real.astype(f4), TRAIN_Z.imag.astype(f4)
STEP_END = np.array([[n for n, _ in (*s.steps, s.steps[-1], s.steps[-1])[:STEPS]] for s in SPECS]).ravel()
STEP_MU = np.array(
    [[mu / TAPS / s.power for _, mu in (*s.steps, s.steps[-1], s.steps[-1])[:STEPS]] for s in SPECS], f4
).ravel()
STEP_DATA = np.array([s.step / TAPS / s.power for s in SPECS], f4)

_SHAPES = [(s.baud, s.carrier_hz, s.roll_off) for s in SPECS]
RECEIVE_BANK, BANK_AT = _shared([_receive_bank(s) for s in SPECS], _SHAPES)
_BACK = [np.exp(-2j * np.pi * s.carrier_hz * np.arange(TURN) / SAMPLE_RATE_HZ) for s in SPECS]
TURN_RE, TURN_IM = _flat([t.real for t in _BACK], f4), _flat([t.imag for t in _BACK], f4)

LANES, STRIDE, ROW = 16, 5, 48
"""The filter bank makes sixteen values at once, 5 samples apart: x[5 q + r] lies at 48 r + q."""
PLACES = np.array([n % STRIDE * ROW + n // STRIDE for n in range(STRIDE * 32)])
FILTERS = np.array([2 if s.baud == 1600 else 3 for s in SPECS])
"""Values after which the half symbols have made whole strides, of 5 samples or (1200 baud) 10."""
LANE_STEP = np.array([2 if s.baud == 1200 else 1 for s in SPECS])
_LANES = [np.exp(-2j * np.pi * s.carrier_hz * STRIDE * np.arange(LANES) / SAMPLE_RATE_HZ) for s in SPECS]
LANE_TURN = _flat([[z.real, z.imag] for z in _LANES], f4)

PULSE_FIRST = _flat([_transmit_pulses(s)[0] for s in SPECS], "i8")
MIXES, MIXES_AT = _shared([_mixes(s) for s in SPECS], _SHAPES)
SEND_POWER = [_level_of(s) for s in SPECS]
GROUP_SAMPLES = np.array([SUBPHASES * SAMPLE_RATE_HZ // s.baud for s in SPECS])
_ON = [np.exp(2j * np.pi * s.carrier_hz * np.arange(CYCLE) / s.baud) for s in SPECS]
CARRIER_RE, CARRIER_IM = _flat([t.real for t in _ON], f4), _flat([t.imag for t in _ON], f4)
