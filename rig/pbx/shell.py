"""The PBX on a real socket, and as a process of its own: `python -m rig.pbx.shell --config FILE`.

The process prints one JSON object a line on standard output: first `{"event": "ready", ...}`, then each event of the
PBX. It ends with 0 after SIGTERM or SIGINT, with 2 and one sentence on standard error when it cannot begin.
"""

import argparse
import asyncio
import errno
import json
import random
import secrets
import signal
import socket
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, cast

from firmware_sim.clock import Instant
from firmware_sim.events import Address, Datagram, Stamped
from rig.errors import RigError
from rig.pbx.core import Pbx
from rig.pbx.registrar import PbxAccount

EXIT_CANNOT_BEGIN = 2
DRAIN_S = 1.0
"""How long the calls that are ended by a stop may take for their last words."""


class StartError(RigError):
    """The PBX cannot begin; the text says why and what to do."""


class _Clock:
    """Microseconds since the epoch that never go back."""

    def __init__(self) -> None:
        self._ahead = time.time_ns() - time.monotonic_ns()

    def now(self) -> Instant:
        return (time.monotonic_ns() + self._ahead) // 1000


class PbxProtocol(asyncio.DatagramProtocol):
    """Carries datagrams and alarms between a socket and the core."""

    def __init__(self, pbx: Pbx, tell: Callable[[Stamped], None]) -> None:
        self._pbx = pbx
        self._tell = tell
        self._clock = _Clock()
        self._transport: asyncio.DatagramTransport | None = None
        self._alarm: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, addr: tuple[Any, ...]) -> None:
        now = self._clock.now()
        source = Address(str(addr[0]), int(addr[1]))
        self._pbx.receive(Datagram(source, self._pbx.local, data), now)
        self._settle(now)

    def error_received(self, exc: Exception) -> None:
        """An ICMP error: the timers of SIP notice a dead peer by themselves."""

    def stop(self) -> None:
        now = self._clock.now()
        self._pbx.stop(now)
        self._settle(now)

    def close(self) -> None:
        if self._alarm is not None:
            self._alarm.cancel()
        if self._transport is not None:
            self._transport.close()

    def _expire(self) -> None:
        now = self._clock.now()
        self._pbx.expire(now)
        self._settle(now)

    def _settle(self, now: Instant) -> None:
        assert self._transport is not None
        for datagram in self._pbx.outputs(now):
            self._transport.sendto(datagram.data, datagram.destination)
        for event in self._pbx.events():
            self._tell(event)
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None
        deadline = self._pbx.deadline
        if deadline is not None:
            wait = max(0, deadline - now) / 1_000_000
            self._alarm = asyncio.get_running_loop().call_later(wait, self._expire)


async def serve(
    pbx: Pbx,
    tell: Callable[[Stamped], None],
    stop: asyncio.Event,
    *,
    ready: Callable[[], None] = lambda: None,
    bound: socket.socket | None = None,
) -> None:
    """Run *pbx* on its local address, which *bound* may hold already, until *stop* is set. Raises StartError."""
    loop = asyncio.get_running_loop()
    taken = bound or bind(pbx.local)
    _, protocol = await loop.create_datagram_endpoint(lambda: PbxProtocol(pbx, tell), sock=taken)
    try:
        ready()
        await stop.wait()
        protocol.stop()
        for _ in range(round(DRAIN_S / 0.02)):
            if pbx.idle:
                break
            await asyncio.sleep(0.02)
    finally:
        protocol.close()


def bind(local: Address) -> socket.socket:
    """A UDP socket at *local*; port 0 takes any free one. Raises StartError."""
    made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    try:
        made.bind(local)
    except OSError as wrong:
        made.close()
        raise StartError(_why_not(local, wrong)) from wrong
    return made


def _why_not(local: Address, wrong: OSError) -> str:
    if wrong.errno == errno.EADDRINUSE:
        return f"UDP port {local.port} on {local.host} is in use: end the program that holds it or set another port."
    if wrong.errno == errno.EADDRNOTAVAIL:
        return f"{local.host} is no address of this machine: set one that is, for example 127.0.0.1."
    if wrong.errno in (errno.EACCES, errno.EPERM):
        return f"UDP port {local.port} may not be opened by this user: set a port above 1023."
    return f"UDP port {local.port} on {local.host} cannot be opened ({wrong.strerror}): set another host or port."


def pbx_of(config: dict[str, Any]) -> Pbx:
    """The PBX that *config* describes. Raises StartError."""
    known = {"host", "port", "domain", "seed", "accounts", "ring_timeout_s", "audit_s", "algorithms"}
    unknown = sorted(set(config) - known)
    if unknown:
        raise StartError(f"unknown key {unknown[0]!r} in the configuration: known are {', '.join(sorted(known))}.")
    try:
        local = Address(str(config.get("host", "127.0.0.1")), int(config["port"]))
        accounts = [_account(one) for one in config["accounts"]]
        seed = config.get("seed")
        rng = random.Random(secrets.randbits(128) if seed is None else int(seed))
        ring_timeout = round(float(config.get("ring_timeout_s", 60)) * 1_000_000)
        audit = round(float(config.get("audit_s", 120)) * 1_000_000)
        algorithms = tuple(config.get("algorithms", ("SHA-256", "MD5")))
        return Pbx(
            local,
            accounts,
            rng,
            domain=str(config["domain"]),
            ring_timeout=ring_timeout,
            audit=audit,
            algorithms=algorithms,
        )
    except KeyError as missing:
        raise StartError(f"the configuration has no {missing}: add it.") from missing
    except (TypeError, ValueError) as wrong:
        raise StartError(f"a value in the configuration is wrong: {wrong}.") from wrong


def _account(entry: dict[str, Any]) -> PbxAccount:
    numbers = tuple(str(number) for number in entry.get("numbers", ()))
    return PbxAccount(str(entry["user"]), str(entry["password"]), numbers)


def _load(path: Path) -> dict[str, Any]:
    try:
        config = json.loads(path.read_text(encoding="utf-8"))
    except OSError as wrong:
        raise StartError(f"{path} cannot be read ({wrong.strerror}): name a configuration file.") from wrong
    except ValueError as wrong:
        raise StartError(f"{path} is not JSON ({wrong}): correct it there.") from wrong
    if not isinstance(config, dict):
        raise StartError(f"{path} must hold one JSON object.")
    return config


def _print(line: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()


def _print_event(event: Stamped) -> None:
    _print({"at": event.at, "source": event.source, "event": event.name, "detail": dict(event.detail)})


async def _run(pbx: Pbx, bound: socket.socket) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    detail = {"host": pbx.local.host, "port": pbx.local.port, "domain": pbx.domain}

    def ready() -> None:
        _print({"event": "ready", "at": time.time_ns() // 1000, "source": "pbx", "detail": detail})

    await serve(pbx, _print_event, stop, ready=ready, bound=bound)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m rig.pbx.shell", description="The embedded PBX as a process.")
    parser.add_argument("--config", type=Path, required=True, help="JSON: host, port, domain, seed, accounts")
    try:
        config = _load(parser.parse_args(arguments).config)
        pbx_of(config)  # what is wrong with it is said before a port is taken
        bound = bind(Address(str(config.get("host", "127.0.0.1")), int(config["port"])))
        asyncio.run(_run(pbx_of({**config, "port": bound.getsockname()[1]}), bound))
    except StartError as wrong:
        sys.stderr.write(f"{wrong}\n")
        return EXIT_CANNOT_BEGIN
    return 0


if __name__ == "__main__":
    sys.exit(main())
