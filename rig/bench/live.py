"""The bench in real time: PBX, devices, fax service and its worker, each a process of its own on the loopback."""

import json
import time
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Lock

from firmware_sim.clock import Duration, Instant
from firmware_sim.device.build import DaemonConfig, to_json
from firmware_sim.events import Address, Detail, Stamped
from rig.bench import describe
from rig.bench.facade import ExpectationError, FaxJob
from rig.bench.http_service import HttpService
from rig.bench.log import EventLog, Search
from rig.bench.processes import Process
from rig.bench.simulated import missed
from rig.drivers.control import ControlLine, RemoteFaxMachine
from rig.errors import InstrumentError, ScenarioError
from rig.inventory import Inventory

POLL_S = 0.1
MOST_RESTARTS = 20
DRIVER = "rig.drivers.fax_interface:RemoteFaxInterface"


class LiveBench:
    """Implements `Bench`. *data* overrides where the service keeps its faxes."""

    world = "real time"

    def __init__(self, inventory: Inventory, log: EventLog, seed: int | None = None, data: Path | None = None) -> None:
        if inventory.service is None or inventory.service_data is None:
            raise ScenarioError("no fax service on this bench: add a 'service' to hardware.yaml")
        self.inventory, self.log = inventory, log
        self.seed = inventory.bench.seed if seed is None else seed
        self.data = data or inventory.service_data
        self.restarts = 0
        self._processes: dict[str, Process] = {}
        self._lock, self._stopped = Lock(), False
        self._folder = TemporaryDirectory(prefix="faxrig-")
        self.service: HttpService
        self._control: ControlLine

    @property
    def now_us(self) -> Instant:
        return time.time_ns() // 1000

    @property
    def url(self) -> str:
        """Where the fax service's portal and API are."""
        return self.service.base_url

    def start(self) -> None:
        """Raises InstrumentError, with everything stopped again, when a process does not start."""
        try:
            self._begin_service()  # it needs nobody to start, only time
            self._start_pbx()
            self._start_devices()
            self._await_service()
            self._start_worker()
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """In the order in which a call is taken down: worker, service, devices (they unregister), PBX."""
        with self._lock:
            self._stopped = True
        if hasattr(self, "service"):
            self.service.close()
        if hasattr(self, "_control"):
            self._control.close()
        for name in ("worker", "service", "devices", "pbx"):
            if name in self._processes:
                self._processes[name].stop()
        self._folder.cleanup()

    def machine(self, name: str) -> RemoteFaxMachine:
        return RemoteFaxMachine(self._control, describe.ata_of(self.inventory, name).name)

    def names(self, kind: str) -> Sequence[str]:
        return [device.name for device in self.inventory.devices if device.kind == kind]

    def number_of(self, name: str) -> str:
        return describe.number_of(self.inventory, name)

    def process(self, name: str) -> Process:
        """One of "pbx", "devices", "service", "worker"."""
        return self._processes[name]

    def check(self) -> None:
        """Raises InstrumentError when a process of the bench has ended by itself. A worker is started again."""
        for process in list(self._processes.values()):
            if process.name == "worker" and not process.running and not self._stopped:
                self._restart_worker(process)
            else:
                process.check()

    def expect(self, name: str, *, within: Duration, source: str = "", since: int = 0, **detail: Detail) -> Stamped:
        event = self._wait(self.log.search(name, source, since, **detail), within)
        if event is None:
            raise ExpectationError(missed(name, within, source, detail))
        return event

    def expect_job(self, job_id: int, *, within: Duration) -> FaxJob:
        self._wait(self.log.search("job", "service", job=job_id, progress=3), within)
        job = self.service.show(job_id)
        if not job.finished:
            raise ExpectationError(f"job {job_id} did not end within {within / 1e6:.0f} s: {job.text}")
        return job

    def _wait(self, search: Search, within: Duration) -> Stamped | None:
        give_up = time.monotonic() + within / 1e6
        while (event := search.result()) is None and time.monotonic() < give_up:
            self.check()
            with self.log.changed:
                self.log.changed.wait(POLL_S)
        return event

    # -- its processes -------------------------------------------------------------------------------------------------

    def _begin(self, name: str, module: str, *arguments: str) -> Process:
        process = self._processes[name] = Process(name, module, arguments, self.log.append)
        return process

    def _start(self, name: str, module: str, *arguments: str) -> Process:
        process = self._begin(name, module, *arguments)
        process.wait_ready()
        return process

    def _write(self, name: str, plain: object) -> str:
        path = Path(self._folder.name) / name
        path.touch(mode=0o600)  # it holds passwords
        path.write_text(json.dumps(plain))
        return str(path)

    def _start_pbx(self) -> None:
        pbx, host = self.inventory.pbx, self.inventory.bench.host
        accounts = [
            {"user": account.user, "password": account.secret or "", "numbers": list(account.numbers)}
            for account in pbx.accounts
        ]
        plain = {"host": host, "port": pbx.port, "domain": pbx.domain, "accounts": accounts}
        ready = self._start("pbx", "rig.pbx.shell", "--config", self._write("pbx.json", plain)).ready
        self._registrar = Address(host, int(str(ready["port"])))

    def _start_devices(self) -> None:
        host = self.inventory.bench.host
        config = DaemonConfig(self.seed, Address(host, 0), tuple(describe.devices(self.inventory, self._registrar)))
        process = self._start("devices", "rig.bench.shell", self._write("devices.json", to_json(config)))
        self._control_address = _address(process.ready["control"])
        self._control = ControlLine(*self._control_address)

    def _begin_service(self) -> None:
        assert self.inventory.service is not None
        host, port = self.inventory.bench.host, self.inventory.service.port
        arguments = ("http", "--data", str(self.data), "--host", host, "--port", str(port))
        self._begin("service", "rig.service.shell", *arguments)

    def _await_service(self) -> None:
        process = self._processes["service"]
        process.wait_ready()
        self.service = HttpService(f"http://{self.inventory.bench.host}:{process.ready['port']}")

    def _start_worker(self) -> None:
        interface = str(self._control_address)
        arguments = ("worker", "--data", str(self.data), "--interface", interface, "--driver", DRIVER)
        self._start("worker", "rig.service.shell", *arguments)

    def _restart_worker(self, dead: Process) -> None:
        self.restarts += 1
        if self.restarts > MOST_RESTARTS:
            raise InstrumentError(f"the worker ended {self.restarts} times: {dead.last_words or 'it left no message'}")
        detail: dict[str, Detail] = {"restarts": self.restarts, "last_words": dead.last_words[-200:]}
        self.log.append(Stamped(self.now_us, "bench", "worker restarted", detail))
        self._start_worker()


def _address(text: Detail) -> Address:
    host, _, port = str(text).rpartition(":")
    return Address(host, int(port))
