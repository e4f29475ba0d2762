"""The QAM modems, a row for each modem, rate and length of training. A new modem is a new row.

Sources: V.29 as tabled from two independent modulators; V.27ter and V.17 as tabled from an independent modulator's
bursts, symbol by symbol. The pulse is a root raised cosine: 50 % excess in V.27ter, 25 % elsewhere, where it is free.
"""

from dataclasses import dataclass

import numpy as np

from firmware_sim.modems import trellis

GPC, GUARDED = 0, 1
"""Scramblers: 1 + x^-18 + x^-23; 1 + x^-6 + x^-7 with V.27ter's guard against repetitions."""


@dataclass(frozen=True, slots=True)
class QamSpec:
    """One modem at one rate. Without a code, *points* maps (phase in eighths of a turn, upper bits) to the point and
    *changes* the lower bits of a symbol to a change of phase; with *code* both are the trellis code's."""

    modem: str
    bps: int
    baud: int
    carrier_hz: int
    roll_off: float
    bits: int
    alternations: tuple[complex, complex]
    training: tuple[complex, ...]
    power: float
    """Mean squared magnitude of the points."""
    trouble: float
    """Mean squared error, against *power*, from which decisions are mostly chance: the line has changed."""
    short: bool = False
    points: dict[tuple[int, int], complex] | None = None
    changes: dict[int, int] | None = None
    code: int = -1
    silence: int = 0
    alternate: int = 128
    ones: int = 48
    turn_off: int = 32
    scrambler: int = GPC
    register: int = 0
    """The scrambler before the ones, newest bit lowest."""
    repeats: int = 0
    phase: int = 0
    """Phase, or D of the trellis code, before the first of the ones."""
    window: int = 64
    """Half symbols in which the alternations are looked for."""
    mark: int = 8
    """Symbols at the start of the training in which the alternations go on negated."""
    steps: tuple[tuple[int, float], ...] = ((192, 0.3), (384, 0.1))
    """The equaliser's step while training: (until which symbol, step)."""
    step: float = 0.03


# -- V.29 --------------------------------------------------------------------------------------------------------------
def _v29_sequence() -> list[int]:
    """Segment 3: p[k] = p[k-6] + p[k-7] modulo 2, 384 bits."""
    p = [0, 1, 0, 1, 0, 1, 0]
    while len(p) < 384:
        p.append(p[-6] ^ p[-7])
    return p


def _phase_points(radius: tuple[tuple[float, ...], tuple[float, ...]], phases: range) -> dict[tuple[int, int], complex]:
    """Points on eighths of a turn; radius by phase's parity and upper bits."""
    return {
        (p, u): complex(r * np.exp(0.25j * np.pi * p)) for p in phases for u, r in enumerate(radius[p & 1])
    }  # fmt: skip


V29_CHANGES = {0b001: 0, 0b000: 1, 0b010: 2, 0b011: 3, 0b111: 4, 0b110: 5, 0b100: 6, 0b101: 7}
ROOT = 2**0.5


def _v29(bps: int) -> QamSpec:
    inner = 3.0 if bps == 9600 else 1.0
    cd = (complex(3, 0), complex(-inner, inner))
    radius = ((3.0, 5.0), (ROOT, 3 * ROOT)) if bps == 9600 else ((3.0,), (ROOT,))
    return QamSpec(
        modem="V.29", bps=bps, baud=2400, carrier_hz=1700, roll_off=0.25, bits=bps // 2400,
        points=_phase_points(radius, range(8)), changes=V29_CHANGES, power=13.5 if bps == 9600 else 5.5,
        alternations=(complex(-3, 0), complex(inner, -inner)), training=tuple(cd[p] for p in _v29_sequence()),
        trouble=0.045, silence=48, turn_off=20,
    )  # fmt: skip


# -- V.27ter -----------------------------------------------------------------------------------------------------------
V27TER_TRAINING = 1074
V27TER_START = 0b0111100
"""The last seven bits before segment 4, newest lowest."""
V27TER_CHANGES = {
    4800: {0b001: 0, 0b000: 1, 0b010: 2, 0b011: 3, 0b111: 4, 0b110: 5, 0b100: 6, 0b101: 7},
    2400: {0b00: 0, 0b01: 2, 0b11: 4, 0b10: 6},
}


GUARD = 33
"""After so many bits that repeat, the next is inverted."""


def guarded(register: int, repeats: int, bit: int) -> tuple[int, int, int]:
    """One step of V.27ter's scrambler. -> (register, repeats, bit on the line)"""
    out = (bit ^ register >> 5 ^ register >> 6) & 1
    if repeats >= GUARD:
        out, repeats = out ^ 1, 0
    elif (register >> 7 ^ out) & (register >> 8 ^ out) & (register >> 11 ^ out) & 1:
        repeats = 0
    else:
        repeats += 1
    return (register << 1 | out) & 0xFFF, repeats, out


def _v27ter_training() -> tuple[tuple[complex, ...], int, int]:
    """-> (0 or 180 degrees a symbol, scrambler and its count after it): the first of three scrambled ones decides."""
    register, repeats, sign, signs = V27TER_START, 0, 1.0, []
    for n in range(3 * V27TER_TRAINING):
        register, repeats, out = guarded(register, repeats, 1)
        if n % 3 == 0:
            sign = -sign if out else sign
            signs.append(complex(sign))
    return tuple(signs), register, repeats


def _v27ter(bps: int) -> QamSpec:
    training, register, repeats = _v27ter_training()
    return QamSpec(
        modem="V.27ter", bps=bps, baud=bps // 3 if bps == 4800 else 1200, carrier_hz=1800, roll_off=0.5,
        bits=3 if bps == 4800 else 2, points=_phase_points(((1.0,), (1.0,)), range(0, 8, 1 if bps == 4800 else 2)),
        changes=V27TER_CHANGES[bps], power=1.0, alternations=(complex(-1), complex(1)), training=training,
        trouble=0.04 if bps == 4800 else 0.15, alternate=50, ones=8, scrambler=GUARDED, register=register,
        repeats=repeats, phase=0 if training[-1].real > 0 else 4, window=32, mark=5,
        steps=((200, 0.27), (500, 0.13), (V27TER_TRAINING, 0.067)), step=0.027,
    )  # fmt: skip


# -- V.17 --------------------------------------------------------------------------------------------------------------
V17_STATES = (-6 - 2j, 2 - 6j, 6 + 2j, -2 + 6j)
V17_LONG, V17_BRIDGE, V17_SHORT = 2976, 64, 38
V17_REGISTER = 0x2ECDD5
BRIDGE = (0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1)


def _v17_training(short: bool) -> tuple[tuple[complex, ...], int]:
    """-> (segments 2 and 3, the scrambler after them)"""
    register = V17_REGISTER

    def pair(first: int, second: int) -> int:
        nonlocal register
        out = 0
        for bit in (first, second):
            bit ^= (register >> 17 ^ register >> 22) & 1
            register = (register << 1 | bit) & 0x7FFFFF
            out = out << 1 | bit
        return out

    states = [(2, 3, 1, 0)[pair(1, 1)] for _ in range(V17_SHORT if short else V17_LONG)]
    for n in range(0 if short else V17_BRIDGE):
        word = BRIDGE[2 * n % 16 :][:2]
        states.append((states[-1] + (1, 0, 2, 3)[pair(*word)]) & 3)
    return tuple(V17_STATES[s] for s in states), register


V17_POWER = {14400: 41.0, 12000: 42.0, 9600: 40.0, 7200: 40.0}
V17_TROUBLE = {14400: 0.0105, 12000: 0.02, 9600: 0.04, 7200: 0.08}


def _v17(bps: int, short: bool) -> QamSpec:
    training, register = _v17_training(short)
    return QamSpec(
        modem="V.17", bps=bps, baud=2400, carrier_hz=1800, roll_off=0.25, bits=bps // 2400, short=short,
        code=trellis.CODES.index(bps), power=V17_POWER[bps], alternations=(V17_STATES[0], V17_STATES[1]),
        training=training, trouble=V17_TROUBLE[bps], alternate=256, register=register, phase=0 if short else 1,
        steps=((V17_SHORT, 0.08),) if short else ((500, 0.3), (1500, 0.12), (V17_LONG + V17_BRIDGE, 0.05)),
    )  # fmt: skip


SPECS = (
    *(_v29(bps) for bps in (9600, 7200)),
    *(_v27ter(bps) for bps in (4800, 2400)),
    *(_v17(bps, short) for short in (False, True) for bps in trellis.CODES),
)
ROWS = {(spec.modem, spec.bps, spec.short): row for row, spec in enumerate(SPECS)}


def row_of(modem: str, bps: int, short: bool = False) -> int:
    """Modems without a short training have one row for both."""
    return ROWS.get((modem, bps, short), ROWS[modem, bps, False])
