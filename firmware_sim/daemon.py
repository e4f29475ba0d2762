"""Devices on real sockets in real time, in a process of their own: `python -m firmware_sim.daemon CONFIG.json`.

The shell moves datagrams and time; what the devices do is in the same cores that run in simulated time. It tells each
event as a line of JSON on stdout, the first one being "ready" with the addresses it got, and takes control messages
(`firmware_sim.wire`) on a TCP port of the loopback.
"""

import asyncio
import gc
import json
import signal
import sys
import time
from pathlib import Path
from typing import Any

from firmware_sim.clock import Instant
from firmware_sim.control import answer
from firmware_sim.device.build import DaemonConfig, DeviceConfig, LineMaker, SimulatedDevice, build, from_json
from firmware_sim.errors import ConfigError, DecodeError
from firmware_sim.events import Address, Datagram, Stamped
from firmware_sim.warm import warm
from firmware_sim.wire import LONGEST_LINE, event_line, line, parse

FAREWELL_S = 0.3
"""How long a device may still speak after it was told to stop."""
USAGE_ERROR = 2


class PortInUseError(Exception):
    pass


class WallClock:
    """Microseconds since 1970 that never go backwards: the host's monotonic clock, set once."""

    def __init__(self) -> None:
        self._offset = time.time_ns() // 1000 - time.monotonic_ns() // 1000

    def now(self) -> Instant:
        return time.monotonic_ns() // 1000 + self._offset


class _Socket(asyncio.DatagramProtocol):
    def __init__(self, host: "Host", address: Address) -> None:
        self.host, self.address = host, address

    def datagram_received(self, data: bytes, addr: tuple[str | Any, int]) -> None:
        self.host.receive(Datagram(Address(addr[0], addr[1]), self.address, data))

    def error_received(self, exc: Exception) -> None:
        """A port that nobody listens on answers with ICMP: on UDP that is no more than a lost datagram."""


class Host:
    """One device on its sockets."""

    def __init__(self, clock: WallClock) -> None:
        self.device: SimulatedDevice
        self._clock = clock
        self._transports: dict[Address, asyncio.DatagramTransport] = {}
        self._timer: asyncio.TimerHandle | None = None

    async def open(self, config: DeviceConfig, seed: int, make_line: LineMaker | None) -> None:
        sip = await self._bind(config.sip, config.name)
        rtp = await self._bind(config.rtp, config.name)
        self.device = build(config.placed(sip, rtp), seed, make_line)

    async def _bind(self, wanted: Address, name: str) -> Address:
        """Raises PortInUseError."""
        loop = asyncio.get_running_loop()
        protocol = _Socket(self, wanted)
        try:
            transport, _ = await loop.create_datagram_endpoint(lambda: protocol, local_addr=wanted)
        except OSError as error:
            raise PortInUseError(
                f"{name} cannot have UDP port {wanted.port} on {wanted.host} ({error.strerror}): "
                "choose another port in hardware.yaml, or 0 for any free one"
            ) from error
        got = Address(*transport.get_extra_info("sockname")[:2])
        protocol.address = got
        self._transports[got] = transport
        return got

    def receive(self, datagram: Datagram) -> None:
        self.device.receive(datagram, self._clock.now())
        self.pump()

    def pump(self) -> None:
        """Send what the device says, tell what happened to it, and set the alarm for its deadline."""
        now = self._clock.now()
        for datagram in self.device.outputs(now):
            self._transports[datagram.source].sendto(datagram.data, datagram.destination)
        for event in self.device.events():
            tell(event)
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        deadline = self.device.deadline
        if deadline is not None:
            delay_s = max(0, deadline - self._clock.now()) / 1e6
            self._timer = asyncio.get_running_loop().call_later(delay_s, self._expire)

    def _expire(self) -> None:
        self.device.expire(self._clock.now())
        self.pump()

    def close(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        for transport in self._transports.values():
            transport.close()


def tell(event: Stamped) -> None:
    sys.stdout.buffer.write(event_line(event))
    sys.stdout.buffer.flush()


class Control:
    """The control line: any number of connections, one message a line, answered in order."""

    def __init__(self, hosts: dict[str, Host], clock: WallClock) -> None:
        self._hosts, self._clock = hosts, clock

    async def open(self, wanted: Address) -> tuple[asyncio.Server, Address]:
        """Raises PortInUseError."""
        try:
            server = await asyncio.start_server(self._serve, wanted.host, wanted.port, limit=LONGEST_LINE)
        except OSError as error:
            raise PortInUseError(
                f"control port {wanted.port} on {wanted.host} cannot be had ({error.strerror}): use 0 for any free one"
            ) from error
        return server, Address(*server.sockets[0].getsockname()[:2])

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while data := await reader.readline():
                writer.write(line(self._answer(data)))
                await writer.drain()
        except (ConnectionError, ValueError, asyncio.CancelledError):
            pass  # a peer that went away, or a line beyond all bounds: its connection ends, nothing else
        finally:
            writer.close()

    def _answer(self, data: bytes) -> dict[str, Any]:
        try:
            message = parse(data)
        except DecodeError as error:
            return {"id": None, "error": {"code": "bad_message", "text": str(error)}}
        devices = {name: host.device for name, host in self._hosts.items()}
        reply = answer(devices, message, self._clock.now())
        host = self._hosts.get(str(message.get("device")))
        if host is not None:
            host.pump()
        return reply


async def run(config: DaemonConfig, make_line: LineMaker | None = None) -> None:
    """Run the devices until SIGTERM or SIGINT. Raises PortInUseError."""
    clock = WallClock()
    hosts = {device.name: Host(clock) for device in config.devices}
    stopped = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    seed = config.seed ^ clock.now()  # a restarted device must not draw the Call-IDs of its last life again
    lines = None if make_line is None else lambda text, _: make_line(text, config.seed)  # but its line stays the same
    for device in config.devices:
        await hosts[device.name].open(device, seed, lines)
    server, control = await Control(hosts, clock).open(config.control)
    addresses = {f"{name} sip": str(host.device.profile.sip) for name, host in hosts.items()}
    tell(Stamped(clock.now(), "daemon", "ready", {"control": str(control), **addresses}))
    gc.freeze()  # what is here now stays: a full collection would hold up the audio for 50 ms
    for host in hosts.values():
        host.device.start(clock.now())
        host.pump()
    await stopped.wait()
    for host in hosts.values():
        host.device.stop(clock.now())
        host.pump()
    await asyncio.sleep(FAREWELL_S)
    for host in hosts.values():
        host.close()
    server.close()


def main(arguments: list[str], make_line: LineMaker | None = None) -> int:
    """*make_line* makes the analogue lines that the configuration names."""
    if len(arguments) != 1:
        sys.stderr.write("usage: python -m firmware_sim.daemon CONFIG.json\n")
        return USAGE_ERROR
    try:
        config = from_json(json.loads(Path(arguments[0]).read_text()))
        warm()
        asyncio.run(run(config, make_line))
    except (ConfigError, PortInUseError, OSError, ValueError) as error:
        sys.stderr.write(f"{error}\n")
        return USAGE_ERROR
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
