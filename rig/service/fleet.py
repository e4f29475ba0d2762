"""Several fax interfaces as one. Each attempt goes to the healthy one with the fewest calls, and stays with it.

Which interface has an attempt is in the database, by id, before it is dialled: whoever takes the job over asks the same
one, and a new name changes nothing. One that falls silent is asked again and again; after a while its attempt goes to
another one, and when it comes back it is told to hang up.
"""

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import TypeVar

import sqlalchemy as sa

from firmware_sim.clock import Instant, seconds
from rig.service.accounts.book import Book
from rig.service.accounts.model import BENCH, Interface
from rig.service.errors import DeliveryError, StaleFenceError
from rig.service.interface import CallState, DialRequest, FaxInterface, ReceivedFax
from rig.service.model import Job
from rig.service.store import Store
from rig.service.tables import JOBS

MOVED_UNHEARD = seconds(20)
"""So long after an interface fell silent, an attempt that it never answered for goes to another one."""
MOVED_HEARD = seconds(300)
"""The same for an attempt of which it had spoken: its call may still run there."""
SEEN_EVERY = seconds(15)

T = TypeVar("T")


@dataclass(slots=True)
class Fleet:
    """*interfaces* by their id in the database. What is kept here is lost without harm."""

    store: Store
    interfaces: Mapping[int, FaxInterface]
    left: dict[int, dict[int, int]] = field(default_factory=dict)
    """By interface the jobs that were moved away while it was silent, with their fences."""

    def at(self, now: Instant) -> "FleetAt":
        return FleetAt(self, now)


@dataclass(frozen=True, slots=True)
class FleetAt:
    """The fleet at one instant, as one fax interface."""

    fleet: Fleet
    now: Instant

    def dial(self, request: DialRequest) -> CallState:
        """Raises DeliveryError, StaleFenceError."""
        with self.fleet.store.transaction() as transaction:
            book = Book(transaction.connection)
            job = transaction.job(request.job_id)
            if job is None:
                raise StaleFenceError(f"Job {request.job_id} is gone", "leave it")
            chosen = self._chosen(book, job, request.fence)
            transaction.update(job.id, request.fence, interface_id=chosen)
        return self._ask(chosen, lambda one: one.dial(request))

    def state(self, job_id: int, attempt: int, fence: int) -> CallState:
        return self._ask(self._has(job_id), lambda one: one.state(job_id, attempt, fence))

    def hang_up(self, job_id: int, fence: int) -> None:
        self._ask(self._has(job_id), lambda one: one.hang_up(job_id, fence))

    def received(self) -> list[ReceivedFax]:
        """Of all that answer. Raises DeliveryError when none does."""
        faxes: list[ReceivedFax] = []
        errors = []
        for key in self.fleet.interfaces:
            try:
                came = self._ask(key, lambda one: one.received())
            except DeliveryError as error:
                errors.append(error)
                continue
            faxes += [replace(fax, fax_id=f"{key}/{fax.fax_id}") for fax in came]
        if errors and len(errors) == len(self.fleet.interfaces):
            raise errors[0]
        return faxes

    def take(self, fax_id: str) -> None:
        key, _, its_id = fax_id.partition("/")
        self._ask(int(key), lambda one: one.take(its_id))

    # which one

    def _chosen(self, book: Book, job: Job, fence: int) -> int:
        before = job.interface_id
        if before is not None and not self._moves(book, job, before):
            return before
        rows = [row for row in book.find(Interface, enabled=True) if row.id in self.fleet.interfaces]
        usable = [row for row in rows if row.domain_id in (job.domain_id, BENCH)]
        if not usable:
            raise DeliveryError(
                "No fax interface is registered for this fax", "register one, which takes a port licence"
            )
        chosen = min(
            usable,
            key=lambda row: (row.away_since is not None, row.domain_id != job.domain_id, load(book, row), row.id),
        ).id
        if before is not None and before != chosen:
            self.fleet.left.setdefault(before, {})[job.id] = fence
        self.fleet.left.get(chosen, {}).pop(job.id, None)
        return chosen

    def _moves(self, book: Book, job: Job, before: int) -> bool:
        """Whether it has been silent for so long that the attempt goes elsewhere, and somebody else is there."""
        found = book.find(Interface, id=before)
        if not found:
            return True
        silent_since = found[0].away_since
        if silent_since is None and before not in self.fleet.interfaces:
            silent_since = found[0].seen_at  # its worker may be gone as well
        patience = MOVED_UNHEARD if job.heard_at is None else MOVED_HEARD
        if silent_since is None or self.now - silent_since < patience:
            return False
        others = [row for row in book.find(Interface, enabled=True) if row.id in self.fleet.interfaces]
        return any(
            row.id != before and row.away_since is None and row.domain_id in (job.domain_id, BENCH) for row in others
        )

    def _has(self, job_id: int) -> int:
        job = self.fleet.store.job(job_id)
        if job is None or job.interface_id is None:
            raise DeliveryError(f"No fax interface has a call of job {job_id}", "dial it")
        return job.interface_id

    # asking it

    def _ask(self, key: int, question: Callable[[FaxInterface], T]) -> T:
        interface = self.fleet.interfaces.get(key)
        if interface is None:
            raise DeliveryError(f"The fax interface {key} belongs to another worker", "wait for that one")
        try:
            if self.fleet.left.get(key):
                self._leave(key, interface)
            answer = question(interface)
        except StaleFenceError:
            raise
        except DeliveryError as error:
            self._note(key, str(error))
            raise
        self._note(key, "")
        return answer

    def _leave(self, key: int, interface: FaxInterface) -> None:
        """It is back: calls that others have taken over since are ended."""
        for job_id, fence in list(self.fleet.left[key].items()):
            with suppress(StaleFenceError):
                interface.hang_up(job_id, fence)
            del self.fleet.left[key][job_id]

    def _note(self, key: int, trouble: str) -> None:
        """Health is written down when it changes; that it was seen, every few seconds."""
        with self.fleet.store.transaction() as transaction:
            book = Book(transaction.connection)
            known = book.find(Interface, id=key)
            if not known:
                return
            row = known[0]
            if trouble and row.away_since is None:
                book.change(Interface, key, away_since=self.now, text=trouble)
            elif not trouble and (
                row.away_since is not None or row.seen_at is None or self.now - row.seen_at >= SEEN_EVERY
            ):
                book.change(Interface, key, away_since=None, seen_at=self.now, text="answers")


def load(book: Book, row: Interface) -> float:
    """How much of it is in use: calls by channels."""
    busy = sa.and_(JOBS.c.interface_id == row.id, JOBS.c.attempt_open.is_(True))
    calls = book.connection.execute(sa.select(sa.func.count()).select_from(JOBS).where(busy)).scalar_one()
    return int(calls) / max(1, row.channels)
