"""A device from its description: plain data in, a pure core out. World and daemon build the same."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from random import Random
from typing import Any

from firmware_sim.device.ata import Ata
from firmware_sim.device.base import SipProfile
from firmware_sim.device.fax_interface import FaxInterface
from firmware_sim.device.fax_machine import FaxMachine, MachineProfile
from firmware_sim.device.station import StationProfile
from firmware_sim.errors import ConfigError
from firmware_sim.events import Address
from firmware_sim.fxs.line import Line
from firmware_sim.sip.agent import Account

SimulatedDevice = Ata | FaxInterface

FAX_INTERFACE, ATA = "fax interface", "ata"


@dataclass(frozen=True, slots=True)
class MachineConfig:
    """The fax machine on an ATA's port."""

    name: str
    station_id: str = ""
    level_dbm0: float = -13.0
    rings: int = 1
    ecm: bool = True
    line: str = ""
    """The analogue line to it, in the words of whoever makes lines; a perfect one when empty."""


@dataclass(frozen=True, slots=True)
class DeviceConfig:
    """What `build` needs. Ports of 0 are for the daemon to choose. *machine* is for an ATA only."""

    kind: str
    name: str
    user: str
    password: str
    domain: str
    registrar: Address
    sip: Address
    rtp: Address
    user_agent: str = "faxrig"
    codecs: tuple[str, ...] = ("PCMA", "PCMU")
    station_id: str = ""
    level_dbm0: float = -13.0
    clock_ppm: float = 0.0
    expires_s: int = 300
    ecm: bool = True
    machine: MachineConfig | None = None

    def placed(self, sip: Address, rtp: Address) -> "DeviceConfig":
        return replace(self, sip=sip, rtp=rtp)


@dataclass(frozen=True, slots=True)
class DaemonConfig:
    """The devices of one process, and where it is controlled."""

    seed: int
    control: Address
    devices: tuple[DeviceConfig, ...] = field(default_factory=tuple)


def child_rng(seed: int, name: str) -> Random:
    """The stream of random numbers of one component: the same for the same seed and name, whatever else runs."""
    return Random(f"{seed}/{name}")


LineMaker = Callable[[str, int], Line]
"""Makes a line of its description and a seed. Lines are the bench's, so their maker is handed in."""


def build(config: DeviceConfig, seed: int, make_line: LineMaker | None = None) -> SimulatedDevice:
    """Raises ConfigError."""
    account = Account(config.user, config.password, config.domain, config.registrar, config.expires_s)
    profile = SipProfile(account, config.sip, config.rtp, config.user_agent, config.codecs, config.clock_ppm)
    rng = child_rng(seed, config.name)
    if config.kind == FAX_INTERFACE:
        return FaxInterface(config.name, profile, rng, StationProfile(config.station_id, config.level_dbm0, config.ecm))
    if config.kind == ATA:
        if config.machine is None:
            raise ConfigError(f"{config.name} has no fax machine on its port: name one")
        station = StationProfile(config.machine.station_id, config.machine.level_dbm0, config.machine.ecm)
        machine = FaxMachine(config.machine.name, MachineProfile(station, config.machine.rings))
        if config.machine.line and make_line is None:
            raise ConfigError(f"{config.name} has a line to its fax machine, and nobody here can make lines")
        line = make_line(config.machine.line, seed) if config.machine.line and make_line else None
        return Ata(config.name, profile, rng, machine, line)
    raise ConfigError(f"{config.name}: no kind of device {config.kind!r}; there are {FAX_INTERFACE!r} and {ATA!r}")


def to_json(config: DaemonConfig) -> dict[str, Any]:
    return {
        "seed": config.seed,
        "control": list(config.control),
        "devices": [_device_to_json(device) for device in config.devices],
    }


def _device_to_json(device: DeviceConfig) -> dict[str, Any]:
    plain = {name: getattr(device, name) for name in DeviceConfig.__dataclass_fields__}
    if device.machine is not None:
        plain["machine"] = {name: getattr(device.machine, name) for name in MachineConfig.__dataclass_fields__}
    return plain


def from_json(plain: dict[str, Any]) -> DaemonConfig:
    """Raises ConfigError."""
    try:
        devices = tuple(_device_from_json(device) for device in plain["devices"])
        return DaemonConfig(int(plain["seed"]), Address(*plain["control"]), devices)
    except (KeyError, TypeError, ValueError) as error:
        raise ConfigError(f"the daemon's configuration is not one: {error}") from error


def _device_from_json(plain: dict[str, Any]) -> DeviceConfig:
    fields = dict(plain)
    for name in ("registrar", "sip", "rtp"):
        fields[name] = Address(*fields[name])
    fields["codecs"] = tuple(fields["codecs"])
    if fields.get("machine") is not None:
        fields["machine"] = MachineConfig(**fields["machine"])
    return DeviceConfig(**fields)
