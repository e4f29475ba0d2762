"""The modems there are, a row each, and the one way to make one."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from firmware_sim.errors import ConfigError
from firmware_sim.modems.api import Demodulator, ModemEvent, Modulator
from firmware_sim.modems.engine import Group, Receiver
from firmware_sim.modems.fsk import FskDemodulator, FskModulator
from firmware_sim.modems.qam import QamDemodulator, QamModulator


@dataclass(frozen=True, slots=True)
class ModemSpec:
    """One modem. *turn_off_ms* is what it sends after the last data bit; *training_ms* what goes before the first."""

    name: str
    rates: tuple[int, ...]
    carrier_hz: int
    baud: int
    trains: bool
    training_ms: float
    turn_off_ms: float
    make_modulator: Callable[[int, float], Modulator]
    make_demodulator: Callable[[int], Receiver]


V21 = ModemSpec(
    name="V.21", rates=(300,), carrier_hz=1750, baud=300, trains=False, training_ms=0.0, turn_off_ms=0.0,
    make_modulator=lambda _, level: FskModulator(level),
    make_demodulator=lambda _: FskDemodulator(),
)  # fmt: skip
V29 = ModemSpec(
    name="V.29", rates=(9600, 7200), carrier_hz=1700, baud=2400, trains=True, training_ms=253.3, turn_off_ms=8.3,
    make_modulator=lambda bps, level: QamModulator("V.29", bps, level),
    make_demodulator=lambda bps: QamDemodulator("V.29", bps),
)  # fmt: skip
CATALOG = {spec.name: spec for spec in (V21, V29)}


def _spec(modem: str, bps: int) -> ModemSpec:
    spec = CATALOG.get(modem)
    if spec is None or bps not in spec.rates:
        raise ConfigError(f"no modem {modem} at {bps} bit/s")
    return spec


def modulator(modem: str, bps: int, level_dbm0: float = -13.0) -> Modulator:
    """A transmitter of this modem. Raises ConfigError when there is none."""
    return _spec(modem, bps).make_modulator(bps, level_dbm0)


def demodulator(modem: str, bps: int) -> Demodulator:
    """A receiver of this modem. Raises ConfigError when there is none."""
    return _spec(modem, bps).make_demodulator(bps)


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
