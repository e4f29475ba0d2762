"""What the QAM engine knows of each modem and rate, as flat kernel tables indexed by row.

A new modem is a new `QamSpec`; the engine reads nothing else. Sources: V.29 as tabled from two independent modulators
(points, phase changes, training sequence); the pulse is a root raised cosine, 25 % excess, which V.29 leaves open.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from firmware_sim.clock import SAMPLE_RATE_HZ

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
FAR = 1e6


@dataclass(frozen=True, slots=True)
class QamSpec:
    """One modem at one rate. *points* maps (phase in eighths of a turn, upper bits) to the point."""

    modem: str
    bps: int
    baud: int
    carrier_hz: int
    roll_off: float
    bits: int
    points: dict[tuple[int, int], complex]
    changes: dict[int, int]
    """Lower bits of a symbol -> change of phase in eighths of a turn."""
    alternations: tuple[complex, complex]
    training: tuple[complex, ...]
    silence: int = 48
    alternate: int = 128
    ones: int = 48
    turn_off: int = 20

    @property
    def power(self) -> float:
        """Mean squared magnitude of the points."""
        return float(np.mean([abs(p) ** 2 for p in self.points.values()]))


def _v29_sequence() -> list[int]:
    """Segment 3: p[k] = p[k-6] + p[k-7] modulo 2, 384 bits."""
    p = [0, 1, 0, 1, 0, 1, 0]
    while len(p) < 384:
        p.append(p[-6] ^ p[-7])
    return p


def _v29_points(upper: tuple[int, ...]) -> dict[tuple[int, int], complex]:
    """Axis points 3 and 5, diagonal points 1+1j and 3+3j, by the amplitude bit Q1."""
    radius = ((3.0, 5.0), (2**0.5, 3 * 2**0.5))
    return {(p, a): complex(radius[p & 1][a] * np.exp(0.25j * np.pi * p)) for p in range(8) for a in upper}


V29_CHANGES = {0b001: 0, 0b000: 1, 0b010: 2, 0b011: 3, 0b111: 4, 0b110: 5, 0b100: 6, 0b101: 7}


def _v29(bps: int) -> QamSpec:
    inner = 3.0 if bps == 9600 else 1.0
    cd = (complex(3, 0), complex(-inner, inner))
    return QamSpec(
        modem="V.29", bps=bps, baud=2400, carrier_hz=1700, roll_off=0.25, bits=bps // 2400,
        points=_v29_points((0, 1) if bps == 9600 else (0,)), changes=V29_CHANGES,
        alternations=(complex(-3, 0), complex(inner, -inner)),
        training=tuple(cd[p] for p in _v29_sequence()),
    )  # fmt: skip


SPECS = (_v29(9600), _v29(7200))
ROWS = {(spec.modem, spec.bps): row for row, spec in enumerate(SPECS)}


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


def _flat(values: list[Any], kind: Any) -> Any:
    return np.ascontiguousarray(np.concatenate([np.ravel(v) for v in values]).astype(kind))


def _by_point(spec: QamSpec) -> tuple[NDArray[np.complex128], NDArray[np.int64], NDArray[np.int64]]:
    """Points padded to 16, their phases, their upper bits shifted into place."""
    z, phase, upper = np.full(POINTS, FAR + 0j), np.zeros(POINTS, np.int64), np.zeros(POINTS, np.int64)
    for k, ((p, u), point) in enumerate(spec.points.items()):
        z[k], phase[k], upper[k] = point, p, u << 3
    return z, phase, upper


def _to_point(spec: QamSpec) -> NDArray[np.int64]:
    """(phase * 2 + upper bit) -> index of the point."""
    index = np.zeros(POINTS, np.int64)
    for k, (p, u) in enumerate(spec.points):
        index[p * 2 + u] = k
    return index


def _change_tables(spec: QamSpec) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Lower bits -> change, change -> lower bits."""
    change, bits = np.zeros(8, np.int64), np.zeros(8, np.int64)
    for word, step in spec.changes.items():
        change[word], bits[step] = step, word
    return change, bits


_POINTS = [_by_point(s) for s in SPECS]
POINT_RE, POINT_IM = _flat([p[0].real for p in _POINTS], f4), _flat([p[0].imag for p in _POINTS], f4)
POINT_PHASE, POINT_UPPER = _flat([p[1] for p in _POINTS], "i8"), _flat([p[2] for p in _POINTS], "i8")
TO_POINT = _flat([_to_point(s) for s in SPECS], "i8")
CHANGE, CHANGE_BITS = (_flat([_change_tables(s)[k] for s in SPECS], "i8") for k in (0, 1))
BITS = np.array([s.bits for s in SPECS])
POWER = np.array([s.power for s in SPECS], f4)
HALF_SYMBOL = np.array([SAMPLE_RATE_HZ / s.baud / 2 for s in SPECS])

AB_RE, AB_IM = (_flat([[getattr(z, part) for z in s.alternations] for s in SPECS], f4) for part in ("real", "imag"))
AB_MEAN = np.array([(s.alternations[0] + s.alternations[1]) / 2 for s in SPECS])
AB_HALF = np.array([(s.alternations[0] - s.alternations[1]) / 2 for s in SPECS])
AB_POWER = np.abs(AB_MEAN) ** 2 + np.abs(AB_HALF) ** 2 / 2
"""Mean power of the alternations at two matched-filtered values a symbol: half of each band edge is lost."""

N_SILENCE, N_ALTERNATE = np.array([s.silence for s in SPECS]), np.array([s.alternate for s in SPECS])
N_TRAIN, N_ONES = np.array([len(s.training) for s in SPECS]), np.array([s.ones for s in SPECS])
TRAIN_AT = np.cumsum([0] + [len(s.training) for s in SPECS])[:-1]
TRAIN_RE = _flat([np.real(s.training) for s in SPECS], f4)
TRAIN_IM = _flat([np.imag(s.training) for s in SPECS], f4)

RECEIVE_BANK = _flat([_receive_bank(s) for s in SPECS], f4)
BANK_SIZE = PHASES * 2 * TAPS
_BACK = [np.exp(-2j * np.pi * s.carrier_hz * np.arange(TURN) / SAMPLE_RATE_HZ) for s in SPECS]
TURN_RE, TURN_IM = _flat([t.real for t in _BACK], f4), _flat([t.imag for t in _BACK], f4)

_PULSES = [_transmit_pulses(s) for s in SPECS]
PULSE_FIRST, PULSES = _flat([p[0] for p in _PULSES], "i8"), _flat([p[1] for p in _PULSES], f4)
GROUP_SAMPLES = np.array([SUBPHASES * SAMPLE_RATE_HZ // s.baud for s in SPECS])
_ON = [np.exp(2j * np.pi * s.carrier_hz * np.arange(CYCLE) / s.baud) for s in SPECS]
CARRIER_RE, CARRIER_IM = _flat([t.real for t in _ON], f4), _flat([t.imag for t in _ON], f4)
