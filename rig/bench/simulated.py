"""The bench in simulated time: devices, PBX and the fax service's core in one World. Same seed, same trace."""

from collections.abc import Callable, Mapping, Sequence

from firmware_sim.clock import Duration, Instant, seconds
from firmware_sim.device.ata import Ata
from firmware_sim.device.build import build, child_rng
from firmware_sim.device.fax_interface import FaxInterface
from firmware_sim.errors import FirmwareError
from firmware_sim.events import Address, Datagram, Detail, Stamped
from firmware_sim.fxs.line import Line
from firmware_sim.t4.page import Page
from firmware_sim.world import World
from rig.bench import describe
from rig.bench.facade import ExpectationError, FaxJob, RefusedByServiceError
from rig.bench.log import EventLog
from rig.drivers.fax_interface import VirtualFaxInterface
from rig.errors import InstrumentError, ScenarioError
from rig.impairments import two_way
from rig.inventory import Inventory
from rig.pbx.core import Pbx
from rig.pbx.registrar import PbxAccount
from rig.service.blobs import MemoryBlobs
from rig.service.core import FaxService
from rig.service.errors import ServiceError
from rig.service.interface import FaxInterface as FaxInterfaceProtocol
from rig.service.model import Direction, Job, Progress
from rig.service.retry import Policy
from rig.service.store import Store

FIRST_FREE_PORT = 40000
WORKER = "simulated-worker"
POLL_CALL = seconds(1)
"""How often the worker asks after a call: what it asks for costs more here than the call itself."""


class ServiceNode:
    """The World's shell around the service's core: it is stepped when the core wants to be."""

    def __init__(self, core: FaxService, interface: FaxInterfaceProtocol) -> None:
        self.core, self._interface = core, interface
        self.deadline: Instant | None = 0
        self.addresses: tuple[Address, ...] = ()

    def receive(self, datagram: Datagram, now: Instant) -> None:
        raise AssertionError("the service has no address")

    def expire(self, now: Instant) -> None:
        self.deadline = self.core.work(self._interface, WORKER, now)

    def outputs(self, now: Instant) -> list[Datagram]:
        return []

    def events(self) -> list[Stamped]:
        return self.core.events()


class PbxNode:
    """The World's shell around the PBX's core."""

    def __init__(self, core: Pbx) -> None:
        self.core, self.addresses = core, (core.local,)
        self.receive, self.expire = core.receive, core.expire
        self.outputs, self.events = core.outputs, core.events

    @property
    def deadline(self) -> Instant | None:
        return self.core.deadline


class CoreClient:
    """The service without HTTP. *call* runs a request at the world's present, *poke* lets the worker look at it."""

    def __init__(self, core: FaxService, now: Callable[[], Instant], poke: Callable[[], None]) -> None:
        self._core, self._now, self._poke = core, now, poke

    def submit(self, document: bytes, name: str, number: str) -> FaxJob:
        return self._changed(lambda: self._core.submit(document, name, number, self._now()))

    def show(self, job_id: int) -> FaxJob:
        return _fax_job(self._asked(lambda: self._core.show(job_id).job))

    def list(self, direction: int | None = None) -> Sequence[FaxJob]:
        wanted = None if direction is None else Direction(direction)
        return [_fax_job(job) for job in self._core.jobs(wanted)]

    def cancel(self, job_id: int) -> FaxJob:
        return self._changed(lambda: self._core.cancel(job_id, self._now()))

    def document(self, job_id: int) -> bytes:
        try:
            return self._core.document(job_id)
        except ServiceError as error:
            raise RefusedByServiceError(str(error)) from error

    def _changed(self, request: Callable[[], Job]) -> FaxJob:
        job = self._asked(request)
        self._poke()
        return _fax_job(job)

    def _asked(self, request: Callable[[], Job]) -> Job:
        try:
            return request()
        except ServiceError as error:
            raise RefusedByServiceError(str(error)) from error


def _fax_job(job: Job) -> FaxJob:
    return FaxJob(
        id=job.id,
        direction=int(job.direction),
        progress=int(job.progress),
        result=None if job.result is None else int(job.result),
        number=job.number,
        remote_id=job.remote_id,
        pages=job.pages,
        pages_confirmed=job.pages_confirmed,
        attempts=job.attempts,
        cause=job.cause,
        text=job.text,
    )


class VirtualFaxMachine:
    """The fax machine on a simulated ATA in the World. Implements `FaxMachineDriver`."""

    def __init__(self, world: World, ata: Ata) -> None:
        self._world, self._ata = world, ata

    def send(self, number: str, pages: Sequence[Page]) -> None:
        self._tell(lambda: self._ata.send(number, pages, self._world.now))

    def printed(self) -> tuple[Page, ...]:
        return tuple(self._ata.machine.printed)

    def off_hook(self) -> None:
        self._tell(lambda: self._ata.take_off_hook(self._world.now))

    def on_hook(self) -> None:
        self._tell(lambda: self._ata.put_on_hook(self._world.now))

    def _tell(self, action: Callable[[], None]) -> None:
        try:
            action()
        except FirmwareError as error:
            raise InstrumentError(str(error)) from error
        self._world.touch(self._ata)


class SimulatedBench:
    """Implements `Bench`. Raises ScenarioError for an inventory that it cannot stand up.

    *lines* are the analogue lines of fax machines by the machine's name; the others have those of the inventory.
    """

    world = "simulated time"

    def __init__(
        self, inventory: Inventory, log: EventLog, seed: int | None = None, lines: Mapping[str, Line] | None = None
    ) -> None:
        self.inventory, self.log = inventory, log
        self.seed = inventory.bench.seed if seed is None else seed
        self._world = World(log.append)
        self._ports = iter(range(FIRST_FREE_PORT, 65536, 2))
        self._atas: dict[str, Ata] = {}
        self._interfaces: dict[str, FaxInterface] = {}
        self._build()
        self._connect(lines or {})
        self.service = CoreClient(self._core, lambda: self._world.now, self._poke)

    @property
    def now_us(self) -> int:
        return self._world.now

    def start(self) -> None:
        self._world.touch(self._pbx)
        for device in (*self._interfaces.values(), *self._atas.values()):
            device.start(self._world.now)
            self._world.touch(device)

    def stop(self) -> None:
        """Unregister everything, so that a trace ends as a real run does."""
        for device in (*self._interfaces.values(), *self._atas.values()):
            device.stop(self._world.now)
            self._world.touch(device)
        self._world.run(lambda: False, self._world.now + seconds(1))

    def machine(self, name: str) -> VirtualFaxMachine:
        ata = describe.ata_of(self.inventory, name)
        return VirtualFaxMachine(self._world, self._atas[ata.name])

    def names(self, kind: str) -> Sequence[str]:
        return [device.name for device in self.inventory.devices if device.kind == kind]

    def number_of(self, name: str) -> str:
        return describe.number_of(self.inventory, name)

    def expect(self, name: str, *, within: Duration, source: str = "", since: int = 0, **detail: Detail) -> Stamped:
        search = self.log.search(name, source, since, **detail)
        self._world.run(lambda: search.result() is not None, self._world.now + within)
        event = search.result()
        if event is None:
            raise ExpectationError(missed(name, within, source, detail))
        return event

    def expect_job(self, job_id: int, *, within: Duration) -> FaxJob:
        search = self.log.search("job", "service", job=job_id, progress=int(Progress.FINISHED))
        self._world.run(lambda: search.result() is not None, self._world.now + within)
        job = self.service.show(job_id)
        if not job.finished:
            raise ExpectationError(f"job {job_id} did not end within {within / 1e6:.0f} s: {job.text}")
        return job

    # -- setting it up -------------------------------------------------------------------------------------------------

    def _build(self) -> None:
        host = self.inventory.bench.host
        registrar = Address(host, self.inventory.pbx.port or next(self._ports))
        accounts = [
            PbxAccount(account.user, account.secret or "", account.numbers) for account in self.inventory.pbx.accounts
        ]
        rng = child_rng(self.seed, "pbx")
        self._pbx = PbxNode(Pbx(registrar, accounts, rng, domain=self.inventory.pbx.domain))
        self._world.add(self._pbx)
        for config in describe.devices(self.inventory, registrar):
            sip = Address(host, config.sip.port or next(self._ports))
            rtp = Address(host, config.rtp.port or next(self._ports))
            device = build(config.placed(sip, rtp), self.seed, two_way)
            (self._interfaces if isinstance(device, FaxInterface) else self._atas)[device.name] = device  # type: ignore[assignment]
            self._world.add(device)
        self._build_service()

    def _connect(self, lines: Mapping[str, Line]) -> None:
        atas = {ata.machine.name: ata for ata in self._atas.values()}
        for name, line in lines.items():
            if name not in atas:
                raise ScenarioError(f"no fax machine {name!r} to put a line to; there are {', '.join(sorted(atas))}")
            atas[name].line = line

    def _build_service(self) -> None:
        if self.inventory.service is None:
            raise ScenarioError("no fax service on this bench: add a 'service' to hardware.yaml")
        device = self._interfaces[self.inventory.service.interface]
        interface = VirtualFaxInterface(device, lambda: self._world.now, lambda: self._world.touch(device))
        self._core = FaxService(Store(), MemoryBlobs(), policy=Policy(poll_call=POLL_CALL))
        self._node = ServiceNode(self._core, interface)
        self._world.add(self._node)

    def _poke(self) -> None:
        self._node.deadline = self._world.now
        self._world.touch(self._node)


def missed(name: str, within: Duration, source: str, detail: dict[str, Detail]) -> str:
    """What an expectation that was not met says."""
    wanted = "".join(f", {key} {value}" for key, value in detail.items())
    return f"no '{name}' from {source or 'any device'}{wanted} within {within / 1e6:.0f} s"
