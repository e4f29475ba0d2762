"""A scripted fax interface and a small world of simulated time around the service, for its tests."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field

from argon2 import PasswordHasher

from firmware_sim.clock import Instant, seconds
from firmware_sim.t4.page import Page, Resolution
from rig.service.blobs import MemoryBlobs
from rig.service.convert import Converted
from rig.service.core import FaxService
from rig.service.errors import ConversionError, DeliveryError, StaleFenceError
from rig.service.interface import CallState, DialRequest, ReceivedFax
from rig.service.model import Job, Progress
from rig.service.retry import Policy
from rig.service.store import Store

START = seconds(1_000_000)
FAST_HASHER = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)


def a_page(number: int, resolution: Resolution = Resolution.STANDARD) -> Page:
    """Small, and unlike any other number's."""
    return Page(1728, (number.to_bytes(2, "big") * 108) * 40, resolution)


def some_pages(count: int) -> tuple[Page, ...]:
    return tuple(a_page(number) for number in range(1, count + 1))


def paper_converter(document: bytes, resolution: Resolution) -> Iterator[Converted]:
    """ "pages 3" becomes three pages, "bad" does not convert, "slow" has a step without a page before each."""
    word, _, count = document.decode().partition(" ")
    if word == "bad":
        raise ConversionError("The document is bad", "send a good one")
    for number in range(1, int(count) + 1):
        if word == "slow":
            yield Converted(int(count), None)
        yield Converted(int(count), a_page(number, resolution))


@dataclass
class Plan:
    """How one call goes: its end comes after *pages* pages, or never when *cause* is empty."""

    cause: str = "ok"
    pages: int | None = None
    """None: all."""
    setup: int = seconds(5)
    per_page: int = seconds(5)
    retry: bool = True


@dataclass
class Call:
    request: DialRequest
    plan: Plan
    began: Instant
    hung_up: Instant | None = None

    def pages_by(self, now: Instant) -> int:
        until = now if self.hung_up is None else min(now, self.hung_up)
        most = len(self.request.pages) if self.plan.pages is None else min(self.plan.pages, len(self.request.pages))
        return max(0, min(most, (until - self.began - self.plan.setup) // self.plan.per_page))

    def ended_by(self, now: Instant) -> bool:
        if self.hung_up is not None and now >= self.hung_up:
            return True
        most = len(self.request.pages) if self.plan.pages is None else min(self.plan.pages, len(self.request.pages))
        return bool(self.plan.cause) and now >= self.began + self.plan.setup + most * self.plan.per_page


@dataclass
class FakeInterface:
    """Keeps to the protocol: calls belong to it, old fences are refused, a second dial of an attempt attaches."""

    plans: list[Plan] = field(default_factory=list)
    now: Instant = START
    away: bool = False
    calls: dict[tuple[int, int], Call] = field(default_factory=dict)
    fences: dict[int, int] = field(default_factory=lambda: defaultdict(int))
    inbox: list[ReceivedFax] = field(default_factory=list)
    dialled: list[DialRequest] = field(default_factory=list)

    def _check(self, job_id: int | None = None, fence: int = 0) -> None:
        if self.away:
            raise DeliveryError("The fax interface does not answer", "check its power")
        if job_id is not None:
            if fence < self.fences[job_id]:
                raise StaleFenceError(f"Job {job_id} has a newer owner")
            self.fences[job_id] = fence

    def dial(self, request: DialRequest) -> CallState:
        self._check(request.job_id, request.fence)
        self.dialled.append(request)
        key = (request.job_id, request.attempt)
        if key not in self.calls:
            if any(not call.ended_by(self.now) for call in self.calls.values()):
                raise DeliveryError("All channels are busy", "wait for the running call")
            plan = self.plans.pop(0) if self.plans else Plan()
            self.calls[key] = Call(request, plan, self.now)
        return self._state(*key)

    def state(self, job_id: int, attempt: int, fence: int) -> CallState:
        self._check(job_id, fence)
        if (job_id, attempt) not in self.calls:
            raise DeliveryError("There is no such call", "dial it")
        return self._state(job_id, attempt)

    def _state(self, job_id: int, attempt: int) -> CallState:
        call = self.calls[job_id, attempt]
        if not call.ended_by(self.now):
            return CallState(job_id, attempt, False, call.pages_by(self.now), 14400)
        cause = call.plan.cause if call.hung_up is None else "aborted"
        return CallState(
            job_id, attempt, True, call.pages_by(self.now), 14400, cause, f"it was {cause}", call.plan.retry
        )

    def hang_up(self, job_id: int, fence: int) -> None:
        self._check(job_id, fence)
        for (its_job, _), call in self.calls.items():
            if its_job == job_id and not call.ended_by(self.now):
                call.hung_up = self.now

    def received(self) -> list[ReceivedFax]:
        self._check()
        return list(self.inbox)

    def take(self, fax_id: str) -> None:
        self._check()
        self.inbox = [fax for fax in self.inbox if fax.fax_id != fax_id]

    def paper(self, job_id: int) -> list[str]:
        """Hashes of the pages that came out of the far machine for this job, in order."""
        calls = sorted((key, call) for key, call in self.calls.items() if key[0] == job_id)
        return [page.hash for _, call in calls for page in call.request.pages[: call.pages_by(self.now)]]


class World:
    """A store, a device and workers in simulated time."""

    def __init__(self, *plans: Plan, policy: Policy | None = None) -> None:
        self.now = START
        self.store = Store()
        self.blobs = MemoryBlobs()
        self.interface = FakeInterface(list(plans))
        self.policy = policy or Policy(poll_call=seconds(1))
        self.service = self.new_service()
        self.worker = "first"

    def new_service(self) -> FaxService:
        return FaxService(self.store, self.blobs, paper_converter, self.policy)

    def replace_worker(self, name: str) -> None:
        """The old one is gone without a word."""
        self.service, self.worker = self.new_service(), name

    def submit(self, document: bytes = b"pages 2", number: str = "200") -> Job:
        return self.service.submit(document, "letter.pdf", number, self.now)

    def advance(self, duration: int) -> None:
        self.now += duration
        self.interface.now = self.now

    def step(self) -> None:
        wanted = self.service.work(self.interface, self.worker, self.now)
        assert wanted is not None
        assert wanted >= self.now
        self.advance(max(wanted - self.now, 1))

    def job(self, job_id: int) -> Job:
        job = self.store.job(job_id)
        assert job is not None
        return job

    def run(self, job_id: int, limit: int = seconds(3 * 3600)) -> Job:
        """Until the job has finished."""
        ends = self.now + limit
        while self.job(job_id).progress is not Progress.FINISHED:
            assert self.now < ends, self.job(job_id)
            self.step()
        return self.job(job_id)

    def close(self) -> None:
        self.store.close()
