"""The service's processes: ``python -m rig.service.shell http ...`` and ``... worker ...``.

The only file of the service with sockets, files, signals and processes. Both commands print their events as JSON,
one a line; the first is ``ready``. Both end cleanly on SIGTERM and may be killed at any time.
"""

import argparse
import asyncio
import contextlib
import importlib
import json
import os
import resource
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import IO, Any

from sqlalchemy.exc import OperationalError

from firmware_sim.clock import Instant, seconds
from firmware_sim.events import Stamped
from firmware_sim.t4.page import Page, Resolution
from rig.service import convert
from rig.service.accounts.devices import Devices
from rig.service.accounts.office import Office
from rig.service.core import FaxService
from rig.service.errors import ConversionError
from rig.service.fleet import Fleet
from rig.service.interface import FaxInterface
from rig.service.retry import Policy
from rig.service.store import Store

CONVERSION_S = 120
CONVERSION_OCTETS = 3 << 30
SWEEP_EVERY = seconds(3600)


class UsageError(Exception):
    """What the operator has to change, in one sentence; ends the process with code 2."""


class FolderBlobs:
    """One file a blob. It has its name only when all of it is on the disk."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder

    def put(self, data: bytes, now: Instant) -> str:
        name = uuid.uuid4().hex
        unfinished = self._folder / f"{name}.part"
        with unfinished.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.utime(unfinished, ns=(now * 1000, now * 1000))
        unfinished.rename(self._folder / name)
        directory = os.open(self._folder, os.O_RDONLY)
        try:
            os.fsync(directory)
        finally:
            os.close(directory)
        return name

    def get(self, name: str) -> bytes:
        try:
            return (self._folder / Path(name).name).read_bytes()
        except OSError as error:
            raise KeyError(name) from error

    def delete(self, name: str) -> None:
        (self._folder / Path(name).name).unlink(missing_ok=True)

    def older_than(self, instant: Instant) -> list[str]:
        return [file.name for file in self._folder.iterdir() if file.stat().st_mtime_ns < instant * 1000]


FRAME = struct.Struct(">IIII")  # pages in all, width, resolution, octets that follow
FAILED = 0xFFFFFFFF
RESOLUTIONS = tuple(Resolution)


class ProcessConverter:
    """Converts each document in a process of its own, with limits on time and memory: no document harms a worker.

    The pages come through a file, so that neither side ever waits for the other.
    """

    def __init__(self, limit_s: float = CONVERSION_S) -> None:
        self._limit_s = limit_s

    def __call__(self, document: bytes, resolution: Resolution) -> Iterator[convert.Converted]:
        with tempfile.TemporaryFile() as given, tempfile.TemporaryFile() as made:
            given.write(document)
            given.seek(0)
            command = [sys.executable, "-m", "rig.service.shell", "convert", resolution.name]
            process = subprocess.Popen(command, stdin=given, stdout=made, stderr=subprocess.DEVNULL)
            try:
                yield from self._pages(process, made.fileno())
            finally:
                if process.poll() is None:
                    process.kill()
                process.wait()

    def _pages(self, process: "subprocess.Popen[bytes]", made: int) -> Iterator[convert.Converted]:
        ends = time.monotonic() + self._limit_s
        at = total = done = 0
        while True:
            code = process.poll()
            frame = _frame(made, at)
            if frame is not None:
                at, step = frame
                total, done = step.total, done + 1
                yield step
            elif code is None:
                if time.monotonic() > ends:
                    raise ConversionError(
                        f"The conversion took longer than {self._limit_s:.0f} s", "send the document in parts"
                    )
                yield convert.Converted(total, None)
            elif code == 0 and done == total:
                return
            else:
                raise ConversionError("The document stopped the converter", "save it as a new PDF and send that")


def _frame(made: int, at: int) -> tuple[int, convert.Converted] | None:
    """The next page and where the one after it begins; None while it is not there in full."""
    head = os.pread(made, FRAME.size, at)
    if len(head) < FRAME.size:
        return None
    total, width_px, resolution, octets = FRAME.unpack(head)
    body = os.pread(made, octets, at + FRAME.size)
    if len(body) < octets:
        return None
    if total == FAILED:
        raise ConversionError(*json.loads(body))
    page = Page(width_px, body, RESOLUTIONS[resolution])
    return at + FRAME.size + octets, convert.Converted(total, page)


def convert_command(resolution: Resolution, given: IO[bytes], made: IO[bytes]) -> None:
    """The other side of ProcessConverter."""
    resource.setrlimit(resource.RLIMIT_AS, (CONVERSION_OCTETS, CONVERSION_OCTETS))
    resource.setrlimit(resource.RLIMIT_CPU, (CONVERSION_S, CONVERSION_S + 5))
    try:
        for step in convert.convert(given.read(), resolution):
            if step.page is not None:
                rows = step.page.rows
                head = FRAME.pack(step.total, step.page.width_px, RESOLUTIONS.index(resolution), len(rows))
                made.write(head + rows)
                made.flush()
    except ConversionError as error:
        body = json.dumps([error.detail, error.remedy]).encode()
        made.write(FRAME.pack(FAILED, 0, 0, len(body)) + body)
        made.flush()


def tell(event: Stamped) -> None:
    line = {"at": event.at, "source": event.source, "event": event.name, "detail": dict(event.detail)}
    sys.stdout.write(json.dumps(line, ensure_ascii=False) + "\n")
    sys.stdout.flush()


def tell_all(service: FaxService) -> None:
    for event in service.events():
        tell(event)


def open_service(data: Path, policy: Policy | None = None, devices: Devices | None = None) -> FaxService:
    try:
        blobs = FolderBlobs(data / "blobs")
        store = Store(f"sqlite:///{data / 'service.db'}")
    except (OSError, OperationalError) as error:
        why = error.strerror if isinstance(error, OSError) else error.orig
        raise UsageError(f"The data folder {data} cannot be used ({why}); give one that is writable.") from error
    return FaxService(store, blobs, ProcessConverter(), policy, office=Office(store, devices=devices))


# http


def listen(host: str, port: int) -> socket.socket:
    sock = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        sock.bind((host, port))
        sock.listen(128)
    except OSError as error:
        sock.close()
        raise UsageError(
            f"Port {port} on {host} cannot be used ({error.strerror}); "
            "end the program that has it, or give another --port."
        ) from error
    return sock


def http_command(data: Path, host: str, port: int, devices: str) -> None:
    import uvicorn

    from rig.service.api import create_app

    class Server(uvicorn.Server):
        @contextlib.contextmanager
        def capture_signals(self) -> Iterator[None]:
            """Ours are set in serve(): they end the process with code 0."""
            yield

    with listen(host, port) as sock:
        service = open_service(data, devices=named(devices)() if devices else None)
        app = create_app(service, service.store.clock)
        config = uvicorn.Config(app, log_level="critical", access_log=False, timeout_graceful_shutdown=5)
        try:
            asyncio.run(serve(Server(config), sock, service))
        finally:
            service.store.close()


async def serve(server: Any, sock: socket.socket, service: FaxService) -> None:
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, setattr, server, "should_exit", True)
    serving = asyncio.create_task(server.serve(sockets=[sock]))
    while not server.started and not serving.done():
        await asyncio.sleep(0.01)
    host, port = sock.getsockname()[:2]
    tell(Stamped(service.store.clock(), "service", "ready", {"role": "http", "host": host, "port": port}))
    while not serving.done():
        tell_all(service)
        await asyncio.wait([serving], timeout=0.1)
    tell_all(service)
    await serving
    tell(Stamped(service.store.clock(), "service", "ended", {"role": "http"}))


# worker


def named(dotted: str, option: str = "--devices") -> Callable[..., Any]:
    """What *option* names as MODULE:CLASS."""
    module, _, name = dotted.partition(":")
    try:
        found = getattr(importlib.import_module(module), name)
    except (ImportError, AttributeError, ValueError) as error:
        raise UsageError(f"There is no {dotted} ({error}); give {option} MODULE:CLASS.") from error
    assert callable(found)
    return found  # type: ignore[no-any-return]


def driver_of(dotted: str) -> Callable[[str, int], FaxInterface]:
    return named(dotted, "--driver")


def address_of(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    if not host or not port.isdigit() or not 0 < int(port) < 65536:
        raise UsageError(f"“{text}” is no address; give the fax interface as --interface HOST:PORT.")
    return host.strip("[]"), int(port)


def fleet_of(service: FaxService, given: Sequence[str], offered: Sequence[str], driver: str) -> Fleet:
    """*given* serve every domain, *offered* wait until one registers them. Each is HOST:PORT, or HOST:PORT=CHANNELS."""
    factory = driver_of(driver)
    interfaces: dict[int, FaxInterface] = {}
    for text, shared in [*((one, True) for one in given), *((one, False) for one in offered)]:
        address, _, channels = text.partition("=")
        host, port = address_of(address)
        with service.office.at(service.store.clock()) as clerks:
            row = clerks.plant.found("fax-interface", address, int(channels or 1), shared)
        interfaces[row.id] = factory(host, port)
    return Fleet(service.store, interfaces)


class Stop:
    """Whether somebody asked us to end. A plain flag: a threading.Event that its own waiter's signal handler sets can
    meet its lock taken, by that same thread, and then waits for ever."""

    NAP_S = 0.1

    def __init__(self) -> None:
        self.asked = False
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._ask)

    def _ask(self, *_: object) -> None:
        self.asked = True

    def wait(self, wait_s: float) -> None:
        ends = time.monotonic() + wait_s
        while not self.asked and (left_s := ends - time.monotonic()) > 0:
            time.sleep(min(self.NAP_S, left_s))


def worker_command(data: Path, given: argparse.Namespace) -> None:
    stop = Stop()
    driver_of(given.driver)
    for text in (*given.interface, *given.offer):
        address, equals, channels = text.partition("=")
        address_of(address)
        if equals and not channels.isdigit():
            raise UsageError(f"“{channels}” is no number of channels; give --interface HOST:PORT=CHANNELS.")
    name = given.name
    service = open_service(data, Policy(lease=seconds(given.lease_seconds), calls_at_once=given.calls))
    interface = fleet_of(service, given.interface, given.offer, given.driver)
    clock = service.store.clock
    tell(Stamped(clock(), "service", "ready", {"role": "worker", "name": name}))
    sweep_at = clock()
    while not stop.asked:
        now = clock()
        pause = _work(service, interface, name, now)
        tell_all(service)
        if now >= sweep_at:
            sweep_at = now + SWEEP_EVERY
            service.sweep(now)
        stop.wait(pause)
    service.release(name, clock())
    tell_all(service)
    tell(Stamped(clock(), "service", "ended", {"role": "worker", "name": name}))
    service.store.close()


def _work(service: FaxService, interface: Fleet, name: str, now: Instant) -> float:
    """One step; gives the seconds until the next one. A fault in it is told and does not end the worker."""
    try:
        wanted = service.work(interface, name, now)
    except Exception as error:
        tell(Stamped(now, "service", "fault", {"worker": name, "text": f"{type(error).__name__}: {error}"}))
        return 1.0
    spent = service.store.clock() - now
    return 1.0 if wanted is None else max(0.005, (wanted - now - spent) / 1e6)


def parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(prog="python -m rig.service.shell", description="The fax service.")
    commands = top.add_subparsers(dest="command", required=True)
    http = commands.add_parser("http", help="serve the API")
    http.add_argument("--data", type=Path, required=True, help="folder for the database and the documents")
    http.add_argument("--host", default="127.0.0.1")
    http.add_argument("--port", type=int, default=8080, help="0 takes a free one, told in the ready event")
    http.add_argument(
        "--devices", default="", metavar="MODULE:CLASS", help="who knows ATAs and their serial numbers; default: nobody"
    )
    worker = commands.add_parser("worker", help="convert, send and receive")
    worker.add_argument("--data", type=Path, required=True)
    worker.add_argument(
        "--interface", required=True, action="append", metavar="HOST:PORT", help="a fax interface; may be given again"
    )
    worker.add_argument(
        "--offer", default=[], action="append", metavar="HOST:PORT", help="one that waits until a domain registers it"
    )
    worker.add_argument("--driver", default="rig.drivers.fax_interface:RemoteFaxInterface", metavar="MODULE:CLASS")
    worker.add_argument("--name", default=f"{socket.gethostname()}-{os.getpid()}")
    worker.add_argument("--lease-seconds", type=float, default=10.0)
    worker.add_argument("--calls", type=int, default=1, help="calls at once: the interface's channels")
    inner = commands.add_parser("convert", help="used by the worker itself")
    inner.add_argument("resolution", choices=[resolution.name for resolution in Resolution])
    return top


def main(arguments: list[str] | None = None) -> int:
    given = parser().parse_args(arguments)
    try:
        if given.command == "http":
            http_command(given.data, given.host, given.port, given.devices)
        elif given.command == "worker":
            worker_command(given.data, given)
        else:
            convert_command(Resolution[given.resolution], sys.stdin.buffer, sys.stdout.buffer)
    except UsageError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
