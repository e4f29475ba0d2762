"""Mistakes that only the file as a whole shows. Works on the plain data, so that they are found beside all others."""

import os
from collections.abc import Iterator
from typing import Any

from rig.inventory.source import Place
from rig.inventory.words import did_you_mean

Finding = tuple[Place, str]
Group = tuple[Place, dict[str, Any]]


def check_references(data: Any) -> Iterator[Finding]:
    """Yields where and what. *data* may be wrong in any way; what is not as it should be is passed over."""
    accounts = list(_groups(data, "pbx", "accounts"))
    devices = list(_groups(data, "devices"))
    sip_devices = [device for device in devices if device[1].get("kind") in ("fax interface", "ata")]
    yield from _unique(devices, "name", "a device", of="name")
    yield from _unique(accounts, "user", "an account", of="user")
    yield from _numbers(accounts)
    yield from _passwords(accounts, needed=True)
    yield from _passwords(sip_devices, needed=False)
    yield from _unique(sip_devices, "user", "device", of="name")
    yield from _accounts_of_devices(sip_devices, accounts)
    yield from _fxs(devices, accounts)
    yield from _service(data, devices)
    yield from _ports(data, sip_devices)


def _groups(data: Any, *way: str, below: Place = ()) -> Iterator[Group]:
    """The mappings in the list at the end of *way*."""
    for step in way:
        data = data.get(step) if isinstance(data, dict) else None
    for number, item in enumerate(data if isinstance(data, list) else []):
        if isinstance(item, dict):
            yield (*below, *way, number), item


def _text(group: dict[str, Any], key: str) -> str | None:
    """A number without its quotes is told elsewhere; here it counts as the text that was meant."""
    value = group.get(key)
    return str(value) if isinstance(value, str | int) and not isinstance(value, bool) else None


def _texts(groups: list[Group], key: str) -> list[str]:
    return [text for _, group in groups if (text := _text(group, key)) is not None]


def _unique(groups: list[Group], key: str, what: str, of: str) -> Iterator[Finding]:
    owners: dict[str, str] = {}
    for place, group in groups:
        if (text := _text(group, key)) is None:
            continue
        if text in owners:
            taken = f"{what} of that {key}" if of == key else f"{what} {owners[text]} with that {key}"
            yield (*place, key), f'"{text}" may stand once only; there is already {taken}'
        owners.setdefault(text, str(group.get(of)))


def _numbers(accounts: list[Group]) -> Iterator[Finding]:
    owners: dict[str, str] = {}
    for place, account in accounts:
        user = _text(account, "user") or "?"
        numbers = account.get("numbers")
        for index, number in enumerate(numbers if isinstance(numbers, list) else []):
            if not isinstance(number, str):
                continue
            if number in owners:
                yield (*place, "numbers", index), f'number "{number}" already rings at account {owners[number]}'
            owners.setdefault(number, user)


def _passwords(groups: list[Group], *, needed: bool) -> Iterator[Finding]:
    for place, group in groups:
        if "password" in group and "password_env" in group:
            yield (*place, "password_env"), "password and password_env exclude each other; remove one"
        elif needed and "password" not in group and "password_env" not in group:
            yield place, "a password is missing; add password: ..., or password_env: NAME_OF_A_VARIABLE"
        elif (variable := _text(group, "password_env")) and not _is_set(variable):
            yield (*place, "password_env"), f"the environment variable {variable} is not set; export it first"


def _is_set(variable: str) -> bool:
    try:
        return bool(os.environ.get(variable))
    except ValueError:
        return False


def _accounts_of_devices(devices: list[Group], accounts: list[Group]) -> Iterator[Finding]:
    users = _texts(accounts, "user")
    for place, device in devices:
        user = _text(device, "user")
        if user is not None and user not in users:
            yield (
                (*place, "user"),
                f'the PBX has no account "{user}"{did_you_mean(user, users) or "; add it to accounts"}',
            )


def _fxs(devices: list[Group], accounts: list[Group]) -> Iterator[Finding]:
    machines = _texts([device for device in devices if device[1].get("kind") == "fax machine"], "name")
    plugged: dict[str, str] = {}
    owners: dict[str, str] = {}
    for place, ata in devices:
        if ata.get("kind") != "ata":
            continue
        ports = list(_groups(ata, "fxs", below=place))
        yield from _port_numbers(ports)
        yield from _unique(ports, "number", "port", of="port")
        routed = _routed(accounts, _text(ata, "user"))
        for where, port in ports:
            name, number = _text(port, "machine"), _text(port, "number")
            if name is not None and name not in machines:
                yield (*where, "machine"), f'there is no fax machine "{name}"{did_you_mean(name, machines)}'
            elif name is not None and name in plugged:
                yield (*where, "machine"), f"{name} is already plugged into {plugged[name]}"
            elif name is not None and str(ata.get("name")) in owners:
                remedy = "give this machine an ATA of its own"
                yield (
                    (*where, "machine"),
                    f"a simulated ATA has one fax machine, here {owners[str(ata['name'])]}; {remedy}",
                )
            elif name is not None:
                owners[str(ata.get("name"))] = name
                plugged[name] = f"port {port.get('port')} of {ata.get('name')}"
            if number is not None and routed is not None and number not in routed:
                remedy = f'add "{number}" to the numbers of account {ata.get("user")}'
                yield (*where, "number"), f'the PBX does not route "{number}" to this device; {remedy}'


def _port_numbers(ports: list[Group]) -> Iterator[Finding]:
    seen = set()
    for place, group in ports:
        number = group.get("port")
        if isinstance(number, int) and number in seen:
            yield (*place, "port"), f"port {number} is already in this list; each port may stand once only"
        seen.add(number if isinstance(number, int) else None)


def _routed(accounts: list[Group], user: str | None) -> list[str] | None:
    """The numbers that ring at *user*; None when the account is missing or unreadable (which is told elsewhere)."""
    for _, account in accounts:
        if account.get("user") == user and user is not None:
            numbers = account.get("numbers", [])
            return [str(number) for number in numbers] or [user] if isinstance(numbers, list) else None
    return None


def _service(data: Any, devices: list[Group]) -> Iterator[Finding]:
    service = data.get("service") if isinstance(data, dict) else None
    name = _text(service, "interface") if isinstance(service, dict) else None
    interfaces = _texts([device for device in devices if device[1].get("kind") == "fax interface"], "name")
    if name is not None and name not in interfaces:
        yield ("service", "interface"), f'there is no fax interface "{name}"{did_you_mean(name, interfaces)}'


def _ports(data: Any, devices: list[Group]) -> Iterator[Finding]:
    """SIP ports and media ranges share one address: none may overlap. Port 0 never does."""
    taken: list[tuple[int, int, str]] = []
    pbx = data.get("pbx") if isinstance(data, dict) else None
    wanted: list[tuple[Place, Any, Any, str]] = []
    if isinstance(pbx, dict):
        wanted.append((("pbx", "port"), pbx.get("port"), pbx.get("port"), "the PBX"))
    for place, device in devices:
        name, media = str(device.get("name")), device.get("rtp_ports")
        wanted.append(((*place, "sip_port"), device.get("sip_port"), device.get("sip_port"), name))
        if isinstance(media, dict):
            wanted.append(((*place, "rtp_ports"), media.get("first"), media.get("last"), name))
    for place, first, last, owner in wanted:
        if not isinstance(first, int) or not isinstance(last, int) or first == 0:
            continue
        if last < first:
            yield (*place, "last"), f"last must not be below first, {first}"
            continue
        other = next((name for low, high, name in taken if low <= last and first <= high), None)
        if other is not None:
            ports = f"port {first}" if first == last else f"ports {first} to {last}"
            yield place, f"{ports} already used by {other}; choose others, or 0 for any free one"
        taken.append((first, last, owner))
