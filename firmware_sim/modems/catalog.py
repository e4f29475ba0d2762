"""The modems there are, a row each, and the one way to make one."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from firmware_sim.errors import ConfigError
from firmware_sim.modems.api import Demodulator, ModemEvent, Modulator
from firmware_sim.modems.engine import Group, Receiver
from firmware_sim.modems.fsk import FskDemodulator, FskModulator
from firmware_sim.modems.fsk_kernels import CHANNELS_HZ
from firmware_sim.modems.qam import QamDemodulator, QamModulator
from firmware_sim.modems.qam_specs import SPECS, row_of


@dataclass(frozen=True, slots=True)
class ModemSpec:
    """One modem. *turn_off_ms* is what it sends after the last data bit; *training_ms* what goes before the first, and
    *short_ms* the same of a short training (V.17). Both at the first rate; without echo protection."""

    name: str
    rates: tuple[int, ...]
    carrier_hz: int
    baud: int
    trains: bool
    training_ms: float
    turn_off_ms: float
    make_modulator: Callable[[int, float, bool, bool], Modulator]
    make_demodulator: Callable[[int, bool], Receiver]
    short_ms: float | None = None


def _qam(name: str) -> ModemSpec:
    """A row of the catalog made of the engine's rows."""
    rows = [spec for spec in SPECS if spec.modem == name and not spec.short]
    lengths = [
        (spec.silence + spec.alternate + len(spec.training) + spec.ones) * 1000 / spec.baud
        for spec in SPECS
        if (spec.modem, spec.bps) == (name, rows[0].bps)
    ]
    return ModemSpec(
        name=name, rates=tuple(spec.bps for spec in rows), carrier_hz=rows[0].carrier_hz, baud=rows[0].baud,
        trains=True, training_ms=lengths[0], short_ms=lengths[1] if len(lengths) > 1 else None,
        turn_off_ms=rows[0].turn_off * 1000 / rows[0].baud,
        make_modulator=lambda bps, level, short, tep: QamModulator(row_of(name, bps, short), level, tep),
        make_demodulator=lambda bps, short: QamDemodulator(name, bps, short),
    )  # fmt: skip


def _v21(name: str, channel: int) -> ModemSpec:
    return ModemSpec(
        name=name, rates=(300,), carrier_hz=sum(CHANNELS_HZ[2 - channel]) // 2, baud=300, trains=False,
        training_ms=0.0, turn_off_ms=0.0,
        make_modulator=lambda _bps, level, _short, _tep: FskModulator(level, channel),
        make_demodulator=lambda _bps, _short: FskDemodulator(channel),
    )  # fmt: skip


CATALOG = {
    spec.name: spec
    for spec in (_v21("V.21", 2), _v21("V.21 channel 1", 1), _qam("V.27ter"), _qam("V.29"), _qam("V.17"))
}
"""V.21 without more is channel 2, which T.30 uses."""


def _spec(modem: str, bps: int) -> ModemSpec:
    spec = CATALOG.get(modem)
    if spec is None or bps not in spec.rates:
        there = "; ".join(f"{s.name} at {', '.join(map(str, s.rates))}" for s in CATALOG.values())
        raise ConfigError(f"no modem {modem} at {bps} bit/s; there are {there}")
    return spec


def modulator(modem: str, bps: int, level_dbm0: float = -13.0, *, short: bool = False, tep: bool = False) -> Modulator:
    """A transmitter of this modem. *short*: V.17's short training; *tep*: talker echo protection goes first.

    Raises ConfigError when there is none.
    """
    return _spec(modem, bps).make_modulator(bps, level_dbm0, short, tep)


def demodulator(modem: str, bps: int, *, short: bool = False) -> Demodulator:
    """A receiver of this modem. Raises ConfigError when there is none.

    V.17's short training uses what a long one taught: keep the receiver, and `restart(short=True)` between bursts.
    """
    return _spec(modem, bps).make_demodulator(bps, short)


def demodulate_many(demods: Sequence[Demodulator], blocks: NDArray[np.int16]) -> list[list[ModemEvent]]:
    """blocks int16 [receiver, sample] -> the events of each of *demods*, all receivers of one modem, in one call."""
    if not demods:
        return []
    receivers = [d for d in demods if isinstance(d, Receiver)]
    if len(receivers) != len(demods) or len({type(r) for r in receivers}) != 1:
        raise ConfigError("receivers of one modem, please")
    group = receivers[0].group
    if group is None or not group.holds(receivers):
        group = Group(receivers)
    return group.execute(blocks)
