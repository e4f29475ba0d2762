"""What the device of a fax account is held against. Whoever knows more about serial numbers hands in another one."""

import re
from collections.abc import Sequence
from typing import Protocol

from rig.service.errors import InvalidError

SERIAL = re.compile(r"[0-9A-Z]{4,32}")
LEFT_OUT = re.compile(r"[\s\-:.]+")


class Devices(Protocol):
    def models(self) -> Sequence[str]:
        """The device types to choose from."""
        ...

    def complaint(self, model: str, serial: str) -> str:
        """What speaks against *serial* on a *model*, one clause; empty when nothing does, or no rule is known."""
        ...


class PlainDevices:
    """Common adapters, no rules."""

    MODELS = (
        "Cisco ATA 191",
        "Cisco ATA 192",
        "Cisco SPA112",
        "Cisco SPA122",
        "Grandstream HT801",
        "Grandstream HT802",
        "Grandstream HT812",
        "Grandstream HT814",
        "Obihai OBi300",
        "Obihai OBi302",
        "Patton SmartNode SN4112",
    )

    def models(self) -> Sequence[str]:
        return self.MODELS

    def complaint(self, model: str, serial: str) -> str:
        return ""


def plain_serial(serial: str) -> str:
    """As it is kept and compared: upper case, without spaces, hyphens, dots and colons."""
    return LEFT_OUT.sub("", serial).upper()


def check_device(devices: Devices, model: str, serial: str) -> None:
    """*serial* in its plain form. Raises InvalidError."""
    if model not in devices.models():
        raise InvalidError(f"“{model}” is no supported ATA", f"choose one of: {', '.join(devices.models())}")
    if not SERIAL.fullmatch(serial):
        raise InvalidError(f"“{serial}” is no serial number", "give 4 to 32 letters and digits, as on the label")
    why = devices.complaint(model, serial)
    if why:
        raise InvalidError(f"The serial number {serial} does not fit a {model}: {why}", "compare it with the label")
