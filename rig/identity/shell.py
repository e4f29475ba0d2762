"""Everything of identity that touches the world: files, the day, the web server, a device on the bench."""

import os
import socket
import ssl
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rig.identity import table
from rig.identity.judge import judge
from rig.identity.model import Judgement, Reading, Verdict
from rig.identity.texts import of_codes, of_page, of_user_agent

if TYPE_CHECKING:
    from rig.identity.codes import Code

MOST_OCTETS = 50_000_000


class UsageError(Exception):
    """What the user has to change, in one sentence."""


class SkipError(Exception):
    """Why a device cannot be asked here."""


def today() -> date:
    return date.today()


def read(path: Path) -> bytes:
    """Raises UsageError."""
    try:
        if path.stat().st_size > MOST_OCTETS:
            raise UsageError(f"{path} has more than {MOST_OCTETS // 1_000_000} MB: cut it in parts")
        return path.read_bytes()
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}") from error


def text_reading(source: str, path: Path) -> Reading:
    """What a saved page or console says. Raises UsageError."""
    reading = of_page(source, table.decode(read(path)))
    if not reading.says_something:
        raise UsageError(f"{path} names no serial number, MAC or model: save the page that shows them")
    return reading


# -- lists -------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class CheckedFile:
    checked: table.Checked
    files: Sequence[Path]


def check_list(path: Path, out: Path | None) -> CheckedFile:
    """Writes the result beside the working folder's other files: *out* with .csv and .xlsx, or the list's own name
    with "-checked". Raises UsageError."""
    try:
        checked = table.check(table.decode(read(path)), today())
    except table.TableError as error:
        raise UsageError(f"{path}: {error}") from error
    base = Path(f"{path.stem}-checked") if out is None else out.with_suffix("") if out.suffix in _KINDS else out
    targets = {base.with_name(base.name + ".csv"): table.as_csv(checked).encode()}
    targets[base.with_name(base.name + ".xlsx")] = table.as_xlsx(checked)
    for target, data in targets.items():
        if target.absolute() == path.absolute():
            raise UsageError(f"{target} is the list itself: name another file with --out")
        _write(target, data)
    return CheckedFile(checked, list(targets))


_KINDS = (".csv", ".xlsx")


def _write(target: Path, data: bytes) -> None:
    """Whole or not at all."""
    unfinished = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        unfinished.write_bytes(data)
        unfinished.replace(target)
    except OSError as error:
        unfinished.unlink(missing_ok=True)
        raise UsageError(f"{target} cannot be written: {error.strerror}") from error


# -- photos ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Scanned:
    """*judgement* is None when the photo shows no code or cannot be read: *error* says so."""

    photo: str
    codes: "Sequence[Code]" = ()
    judgement: Judgement | None = None
    error: str = ""

    def as_json(self) -> dict[str, Any]:
        base: dict[str, Any] = {"photo": self.photo, "codes": [code.as_json() for code in self.codes]}
        return {**base, **self.judgement.as_json()} if self.judgement else {**base, "error": self.error}


def scan(path: Path) -> Scanned:
    from rig.identity.codes import PhotoError, codes_in

    try:
        codes = codes_in(read(path))
    except (PhotoError, UsageError) as error:
        return Scanned(str(path), error=str(error))
    if not codes:
        return Scanned(str(path), error="no code found: go closer, hold still, keep reflections off the label")
    return Scanned(str(path), codes, judge([of_codes(code.text for code in codes)], today()))


# -- devices on the bench ----------------------------------------------------------------------------------------------


def ask(hardware: Path | None, device: str, label: Reading) -> tuple[str, Judgement]:
    """The User-Agent that an ATA answers with, and what it and the label say together.

    Raises SkipError when no driver can ask the device, RigError when it is none of this bench's.
    """
    from rig.inventory import Ata
    from rig.runner import inventory_of

    inventory = inventory_of(hardware)
    ata = inventory.device(device, Ata)
    if ata.driver != "simulated":
        raise SkipError(f"{device} has the driver {ata.driver}, which cannot ask for a User-Agent yet")
    said = _simulated_user_agent(inventory, device)
    readings = [reading for reading in (label, of_user_agent(said)) if reading.says_something]
    judgement = judge(readings, today())
    if judgement.verdict is Verdict.UNKNOWN and not of_user_agent(said).says_something and not label.serial:
        judgement = replace(judgement, reason=f"its User-Agent “{said}” names neither vendor nor serial number")
    return said, judgement


def _simulated_user_agent(inventory: Any, name: str) -> str:
    """What the device writes in its answer to an OPTIONS request. It needs no bench around it for that."""
    from firmware_sim.device.build import build
    from firmware_sim.events import Address, Datagram
    from rig.bench.describe import devices

    asker, place = Address("127.0.0.1", 5060), Address("127.0.0.1", 5062)
    (config,) = (config for config in devices(inventory, asker) if config.name == name)
    device = build(config.placed(place, Address("127.0.0.1", 5064)), inventory.bench.seed)
    request = (
        f"OPTIONS sip:{place.host}:{place.port} SIP/2.0\r\n"
        f"Via: SIP/2.0/UDP {asker.host}:{asker.port};branch=z9hG4bKask\r\n"
        f"Max-Forwards: 70\r\nFrom: <sip:rig@{asker.host}>;tag=rig\r\nTo: <sip:{config.user}@{place.host}>\r\n"
        f"Call-ID: ask@{asker.host}\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n"
    )
    device.receive(Datagram(asker, place, request.encode()), 0)
    for datagram in device.outputs(0):
        head = datagram.data.decode("utf-8", "replace").partition("\r\n\r\n")[0]
        for line in head.split("\r\n"):
            key, _, value = line.partition(":")
            if key.strip().lower() in ("user-agent", "server"):
                return value.strip()
    raise SkipError(f"{name} does not say what it is: its answer has no User-Agent")


# -- the page ----------------------------------------------------------------------------------------------------------


def serve(host: str, port: int, certificate: Path | None = None, key: Path | None = None) -> None:
    """Until Ctrl-C. Raises UsageError for a port or certificate that cannot be used."""
    import uvicorn

    from rig.identity.api import create_app

    secure: dict[str, Any] = {}
    if certificate:
        try:
            ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(certificate, key)
        except (OSError, ssl.SSLError) as error:
            raise UsageError(f"{certificate} cannot be used as a certificate: {error}") from error
        secure = {"ssl_certfile": certificate, "ssl_keyfile": key}
    listening = _listen(host, port)
    place = f"[{host}]" if ":" in host else host
    scheme = "https" if secure else "http"
    sys.stdout.write(f"Adapter check: {scheme}://{place}:{listening.getsockname()[1]}/ (Ctrl-C ends it)\n")
    sys.stdout.flush()
    config = uvicorn.Config(create_app(today), log_level="warning", access_log=False, **secure)
    uvicorn.Server(config).run(sockets=[listening])


def _listen(host: str, port: int) -> socket.socket:
    """Raises UsageError."""
    try:
        return socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
    except OSError as error:
        raise UsageError(f"{host}:{port} cannot be listened on: {error.strerror}") from error
