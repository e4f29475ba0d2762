"""What a case can do with a bench, whichever world it stands in."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from firmware_sim.clock import Duration
from firmware_sim.events import Detail, Stamped
from rig.bench.log import EventLog
from rig.drivers.protocols import FaxMachineDriver
from rig.errors import RigError


class ExpectationError(RigError):
    """What was expected did not happen in time. The device's fault, not the bench's: a case that meets it FAILs."""


@dataclass(frozen=True, slots=True)
class FaxJob:
    """A job as the service shows it. Numbers as it numbers them: direction 0 incoming, 1 outgoing; progress 0 to 3;
    result None until finished, then 0 success, 1 abort, 2 error, 3 convert failed."""

    id: int
    direction: int
    progress: int
    result: int | None
    number: str
    remote_id: str
    pages: int
    pages_confirmed: int
    attempts: int
    cause: str
    text: str

    @property
    def finished(self) -> bool:
        return self.result is not None


class ServiceClient(Protocol):
    """The fax service as its user reaches it. Raises RefusedByServiceError when it says no."""

    def submit(self, document: bytes, name: str, number: str) -> FaxJob: ...

    def show(self, job_id: int) -> FaxJob: ...

    def list(self, direction: int | None = None) -> Sequence[FaxJob]: ...

    def cancel(self, job_id: int) -> FaxJob: ...

    def document(self, job_id: int) -> bytes:
        """The pages as PDF."""
        ...


class RefusedByServiceError(RigError):
    """The service refused a request, with one sentence that says why."""


class Bench(Protocol):
    """*world* is "real time" or "simulated time". `start` returns once all runs; `stop` leaves nothing running."""

    @property
    def world(self) -> str: ...

    @property
    def seed(self) -> int: ...

    @property
    def log(self) -> EventLog: ...

    @property
    def service(self) -> ServiceClient: ...

    @property
    def now_us(self) -> int:
        """The bench's time, the one events are stamped with."""
        ...

    def start(self) -> None: ...

    def stop(self) -> None: ...

    def machine(self, name: str) -> FaxMachineDriver: ...

    def names(self, kind: str) -> Sequence[str]:
        """The devices of a kind, as hardware.yaml spells it: "fax interface", "ata", "fax machine"."""
        ...

    def number_of(self, name: str) -> str:
        """The number at which a device is called."""
        ...

    def expect(self, name: str, *, within: Duration, source: str = "", since: int = 0, **detail: Detail) -> Stamped:
        """Wait for an event. In real time it waits, in simulated time it steps. Raises ExpectationError."""
        ...

    def expect_job(self, job_id: int, *, within: Duration) -> FaxJob:
        """Wait until the job is finished. Raises ExpectationError."""
        ...
