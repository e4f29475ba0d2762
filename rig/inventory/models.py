"""What may stand in hardware.yaml. All models are frozen; unknown keys are refused."""

import os
from pathlib import Path
from typing import Annotated, Any, Literal, Self, TypeVar, overload

from pydantic import BaseModel, ConfigDict, Field, PrivateAttr, field_validator

from rig.errors import ScenarioError
from rig.inventory.words import did_you_mean

FORMS: dict[str, str] = {}
"""What a pattern asks for, in words."""


def _form(pattern: str, words: str, most: int) -> Any:
    FORMS[pattern] = words
    return Field(strict=True, pattern=pattern, max_length=most)


Text = Annotated[str, Field(strict=True)]
Name = Annotated[str, _form(r"^[A-Za-z0-9][A-Za-z0-9-]*$", "letters, digits and hyphens", 40)]
User = Annotated[str, _form(r"^[A-Za-z0-9._+-]+$", "letters, digits and . _ + -", 40)]
Number = Annotated[str, _form(r"^\+?[0-9*#]+$", "digits, * and #, with or without a + in front", 32)]
StationId = Annotated[str, _form(r"^[0-9+ ]*$", "digits, spaces and +, as T.30 sends it", 20)]
Host = Annotated[str, _form(r"^[A-Za-z0-9.:-]+$", "an IP address or a host name", 253)]
Variable = Annotated[str, _form(r"^[A-Za-z_][A-Za-z0-9_]*$", "the name of an environment variable", 100)]
Folder = Annotated[str, _form(r"^[^\x00]+$", "the path of a folder", 1000)]
Secret = Annotated[str, Field(strict=True, min_length=1, max_length=200)]
Port = Annotated[int, Field(strict=True, ge=0, le=65535)]
FixedPort = Annotated[int, Field(strict=True, ge=1, le=65535)]
Level = Annotated[float, Field(strict=True, ge=-48, le=0, allow_inf_nan=False)]
ClockPpm = Annotated[float, Field(strict=True, ge=-500, le=500, allow_inf_nan=False)]
Rings = Annotated[int, Field(strict=True, ge=1, le=20)]


class Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


class Credentials(Model):
    password: Secret | None = Field(None, repr=False)
    password_env: Variable | None = None
    """Name of the environment variable that holds the password, for secrets that must not be in a file."""

    @property
    def secret(self) -> str | None:
        """The password itself, None when neither key is given."""
        return os.environ.get(self.password_env) if self.password_env else self.password


class Bench(Model):
    name: Text = "software-bench"
    seed: Annotated[int, Field(strict=True, ge=0, lt=1 << 63)] = 1
    """All that is random grows from it."""
    host: Host = "127.0.0.1"
    """Where everything simulated listens."""


class Account(Credentials):
    """What the PBX lets in, and where it rings. Needs password or password_env."""

    user: User = Field(examples=['"100"'])
    numbers: tuple[Number, ...] = ()
    """Calls to these go to the account; the user itself when none is given."""

    @property
    def routes(self) -> tuple[str, ...]:
        return self.numbers or (self.user,)


class Pbx(Model):
    port: Port = 25060
    """SIP over UDP; 0 takes any free one."""
    domain: Host = "bench.example"
    accounts: tuple[Account, ...] = ()


class PortRange(Model):
    first: FixedPort = Field(examples=["30000"])
    last: FixedPort = Field(examples=["30099"])


class DeviceBase(Model):
    name: Name = Field(examples=["fax-machine-2"])
    driver: Literal["simulated"] = "simulated"
    tags: tuple[Name, ...] = ()
    """Free words that a case can ask for."""


class SipDevice(DeviceBase, Credentials):
    """Registers with the PBX. Without a password of its own it uses its account's."""

    user: User = Field(examples=['"100"'])
    sip_port: Port = 0
    rtp_ports: PortRange | None = None
    """Where its media may be; any free ports when left out."""
    clock_ppm: ClockPpm = 0.0
    """How far the device's sample clock is off, in parts per million."""


class FaxMachineSettings(Model):
    station_id: StationId = Field(examples=['"+49 30 1000"'])
    level_dbm0: Level = -13.0
    ecm: Annotated[bool, Field(strict=True)] = True
    """Whether it offers and uses error correction (T.30 Annex A)."""


class FaxInterface(SipDevice, FaxMachineSettings):
    kind: Literal["fax interface"]


class FxsPort(Model):
    port: Annotated[int, Field(strict=True, ge=1, le=48)] = Field(examples=["1"])
    machine: Name | None = None
    """The fax machine that is plugged in; an empty socket when left out."""
    number: Number | None = None
    """Calls to this number ring here; the first port takes what no other port does."""
    line: Text = Field("", max_length=1000, examples=['"eia-ll-4 + awgn:snr_db=30"'])
    """The analogue line to the machine, as `rig line list` names its parts; a perfect one when left out."""

    @field_validator("line")
    @classmethod
    def _is_a_line(cls, text: str) -> str:
        from rig.impairments import two_way

        two_way(text)
        return text


class Ata(SipDevice):
    kind: Literal["ata"]
    fxs: tuple[FxsPort, ...] = ()


class FaxMachine(DeviceBase, FaxMachineSettings):
    kind: Literal["fax machine"]
    answer_after_rings: Rings = 1


Device = FaxInterface | Ata | FaxMachine
AnyDevice = TypeVar("AnyDevice", bound=DeviceBase)


class Service(Model):
    interface: Name = Field(examples=["fax-interface-1"])
    port: Port = 28080
    """Portal and API, HTTP; 0 takes any free one."""
    data: Folder = "state/service"
    """Where faxes and their database are kept; relative to the folder of this file."""


class Inventory(Model):
    bench: Bench = Bench()
    pbx: Pbx = Pbx()
    devices: tuple[Annotated[Device, Field(discriminator="kind")], ...] = ()
    service: Service | None = None
    _folder: Path = PrivateAttr(default_factory=Path.cwd)

    def placed_in(self, folder: Path) -> Self:
        """Set the folder that relative paths in the file begin at."""
        self._folder = folder
        return self

    @property
    def folder(self) -> Path:
        return self._folder

    @property
    def service_data(self) -> Path | None:
        """Absolute folder of the fax service's data."""
        return None if self.service is None else self._folder / Path(self.service.data).expanduser()

    @overload
    def device(self, name: str) -> Device: ...
    @overload
    def device(self, name: str, kind: type[AnyDevice]) -> AnyDevice: ...
    def device(self, name: str, kind: type[DeviceBase] | None = None) -> DeviceBase:
        """The device of that name. Raises ScenarioError when there is none, or when it is of another kind."""
        found = next((device for device in self.devices if device.name == name), None)
        if found is None:
            raise ScenarioError(f"no device {name} on this bench{did_you_mean(name, [d.name for d in self.devices])}")
        if kind is not None and not isinstance(found, kind):
            raise ScenarioError(f'{name} is of kind "{found.kind}", not "{kind_name(kind)}"')
        return found

    def devices_of(self, kind: type[AnyDevice]) -> tuple[AnyDevice, ...]:
        """All devices of one class (FaxInterface, Ata, FaxMachine), in the order of the file."""
        return tuple(device for device in self.devices if isinstance(device, kind))

    def account(self, user: str) -> Account:
        """The PBX account of *user*. Raises ScenarioError when there is none."""
        for account in self.pbx.accounts:
            if account.user == user:
                return account
        raise ScenarioError(f"the PBX has no account {user}")

    def secret_of(self, device: SipDevice) -> str:
        """What the device signs in with: its own password, or its account's."""
        return device.secret or self.account(device.user).secret or ""


def kind_name(kind: type[DeviceBase]) -> str:
    """How hardware.yaml spells a class of devices."""
    return str(kind.model_fields["kind"].annotation.__args__[0])  # type: ignore[union-attr]
