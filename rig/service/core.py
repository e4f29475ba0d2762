"""The fax service itself: accept, convert, queue, send, receive. Pure: time comes in, nothing here waits.

Every step is written down before it is done and is safe to do again, so a worker may be killed anywhere:

- a document is stored before the job that names it exists; a blob without a job is swept away later;
- an attempt is recorded before it is dialled; whoever takes the job over says ``dial`` for the same attempt again, and
  the device attaches instead of calling twice;
- each confirmed page is recorded; an attempt sends only those that no attempt before it had confirmed;
- a fax that came in is stored before the device is told that it may forget it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256

from firmware_sim.clock import Duration, Instant, ms, seconds
from firmware_sim.events import Stamped
from firmware_sim.t4.page import Page, Resolution
from rig.service import convert
from rig.service.accounts.boxes import Boxes, Envelope
from rig.service.accounts.office import Office
from rig.service.blobs import Blobs
from rig.service.conversion import Conversion
from rig.service.desk import Converter, Desk
from rig.service.errors import (
    FinishedError,
    QueueError,
    ReusedKeyError,
    StaleFenceError,
    TooLargeError,
    UnknownJobError,
)
from rig.service.fleet import Fleet
from rig.service.held import Held
from rig.service.interface import FaxInterface
from rig.service.model import Direction, Job, LogEntry, PageRecord, Progress, Result
from rig.service.number import normalised
from rig.service.receiving import Receiving
from rig.service.retry import Policy
from rig.service.sending import Sending
from rig.service.store import Store
from rig.service.testnumbers import TestNumbers

ORPHAN_AGE = seconds(3600)
CONVERSION_STEP = ms(20)
"""While a document is being converted, the time left to others between two steps."""
CONVERTIBLE = (Progress.CREATED, Progress.QUEUED)


@dataclass(frozen=True, slots=True)
class Shown:
    job: Job
    history: Sequence[LogEntry]
    pages: Sequence[PageRecord]


class FaxService:
    """One per process. Several may work on one store: what one begins another can end."""

    def __init__(
        self,
        store: Store,
        blobs: Blobs,
        converter: Converter = convert.convert,
        policy: Policy | None = None,
        max_octets: int = convert.MAX_OCTETS,
        office: Office | None = None,
    ) -> None:
        self.store = store
        self.office = office or Office(store)
        self.policy = policy or Policy()
        self.max_octets = max_octets
        self._blobs = blobs
        self._desk = Desk(store, blobs, converter, self.policy)
        self._conversion = Conversion(self._desk)
        self._sending = Sending(self._desk)
        self._receiving = Receiving(self._desk)
        self._held: dict[str, dict[int, Held]] = {}
        self._test_numbers = TestNumbers()

    # what a user asks for

    def submit(
        self,
        document: bytes,
        name: str,
        number: str,
        now: Instant,
        resolution: Resolution = Resolution.STANDARD,
        trace_id: str = "",
        envelope: Envelope | None = None,
        key: str | None = None,
        resent_from: int | None = None,
    ) -> Job:
        """Accept a document. Whether it can be converted shows later. Without an *envelope* the bench sends it.

        With a *key* the same request, made again, gives the same job. Raises NumberError, TooLargeError,
        ReusedKeyError.
        """
        envelope = envelope or Envelope(normalised(number))
        if len(document) > self.max_octets:
            raise TooLargeError(
                f"The document is larger than {self.max_octets // 1_000_000} MB",
                "send it in parts or with smaller images",
            )
        key = None if key is None else f"{envelope.sent_by or 0}:{key}"
        asked = None if key is None else digest_of(envelope, document, resolution)
        blob = self._blobs.put(document, now)
        with self._desk.changes(now) as change:
            before = None if key is None else change.transaction.job_by_key(key)
            if before is not None:
                return self._same(before, asked)
            job = change.insert(
                direction=Direction.OUTGOING,
                progress=Progress.CREATED,
                number=envelope.number,
                caller=envelope.caller,
                domain_id=envelope.domain_id,
                owner_id=envelope.owner_id,
                sent_by=envelope.sent_by,
                account_id=envelope.account_id,
                resent_from=resent_from,
                idempotency_key=key,
                idempotency_digest=asked,
                document_name=clean_name(name),
                resolution=resolution,
                created_at=now,
                due=now,
                trace_id=trace_id,
                original_blob=blob,
                text="accepted",
            )
            if not trace_id:
                job = change.update(job, trace_id=f"fax-{job.id}")
            change.log(job)
        return job

    def resend(
        self,
        job_id: int,
        now: Instant,
        envelope: Envelope,
        resolution: Resolution | None = None,
        document: bytes | None = None,
        name: str = "",
    ) -> Job:
        """A new fax of the same document, or of an edited one. One that came in is forwarded as it came."""
        job = self._job(job_id)
        given = document
        if given is None:
            given = self.original(job_id) if job.original_blob is not None else self.document(job_id)
        wanted = resolution or (job.resolution if job.direction is Direction.OUTGOING else Resolution.FINE)
        name = name or job.document_name
        return self.submit(given, name, envelope.number, now, wanted, "", envelope, resent_from=job_id)

    def jobs(
        self, direction: Direction | None = None, progress: Progress | None = None, limit: int = 100
    ) -> Sequence[Job]:
        """The newest first."""
        return self.store.jobs(direction, progress, limit)

    def show(self, job_id: int) -> Shown:
        return Shown(self._job(job_id), self.store.history(job_id), self.store.pages(job_id))

    def cancel(self, job_id: int, now: Instant) -> Job:
        """At once when no call can exist; else the worker that has the call ends it, and the result follows.

        Raises UnknownJobError, FinishedError.
        """
        with self._desk.changes(now) as change:
            job = change.transaction.job(job_id)
            if job is None:
                raise _unknown(job_id)
            if job.progress is Progress.FINISHED:
                raise FinishedError(f"Fax {job_id} has already ended", "nothing is left to cancel")
            if job.attempt_open:
                if not job.cancelled:
                    change.log(change.update(job, cancelled=True, due=now, text="being cancelled"))
            else:
                job = change.update(job, cancelled=True)
                change.finish(job, Result.ABORT, "cancelled", "cancelled before it was sent")
        return self._job(job_id)

    def document(self, job_id: int) -> bytes:
        """The pages as a PDF: those received, or those that are sent. Raises UnknownJobError."""
        job = self._job(job_id)
        if job.pages_blob is None:
            raise UnknownJobError(f"Fax {job_id} has no pages", "wait until it is converted, or look at its result")
        return self._blob(job_id, job.pages_blob)

    def original(self, job_id: int) -> bytes:
        """The document as it was given. Raises UnknownJobError."""
        job = self._job(job_id)
        if job.original_blob is None:
            raise UnknownJobError(f"Fax {job_id} came in: it has no original", "download its document")
        return self._blob(job_id, job.original_blob)

    def page(self, job_id: int, number: int) -> Page:
        """*number* counts from 1. Raises UnknownJobError."""
        try:
            return convert.page_of_pdf(self.document(job_id), number)
        except IndexError:
            raise UnknownJobError(f"Fax {job_id} has no page {number}", "ask for one of those it has") from None

    def events(self) -> list[Stamped]:
        """What happened in this process since the last call, oldest first."""
        events = list(self._desk.events)
        self._desk.events.clear()
        return events

    def tell(self, name: str, text: str, now: Instant) -> None:
        """Something that belongs to no job, for the log."""
        self._desk.tell(name, now, text=text)

    def sweep(self, now: Instant, age: Duration = ORPHAN_AGE) -> list[str]:
        """Purge the faxes whose time is over, then the blobs older than *age* that no job names; gives their names."""
        with self.store.transaction() as transaction:
            purged = Boxes(transaction, now).purge()
        if purged:
            self._desk.tell("purged", now, jobs=len(purged))
        old = self._blobs.older_than(now - age)
        named = self.store.blob_names()
        orphans = [name for name in old if name not in named]
        for name in orphans:
            self._blobs.delete(name)
        return orphans

    # what a worker does

    def work(self, interface: FaxInterface | Fleet, worker_name: str, now: Instant) -> Instant | None:
        """Do whatever is due, once. Returns when it wants to be called again."""
        held = self._held.setdefault(worker_name, {})
        one_interface = interface.at(now) if isinstance(interface, Fleet) else interface
        played = self._test_numbers.before(one_interface, now)
        due = self.store.next_due(now)
        if due is not None and due <= now:
            self._claim(held, worker_name, now)
        for one in list(held.values()):
            try:
                self._advance(one, played, now)
            except StaleFenceError:
                del held[one.job.id]
                continue
            if one.job.owner != worker_name:
                del held[one.job.id]
        self._receiving.advance(played, now)
        return self._next_call(held, now)

    def release(self, worker_name: str, now: Instant) -> None:
        """This worker ends: others may take over its jobs at once. Its calls go on in the device."""
        for one in self._held.pop(worker_name, {}).values():
            try:
                with self.store.transaction() as transaction:
                    transaction.update(one.job.id, one.job.fence, owner="", lease=None, due=now)
            except StaleFenceError:
                continue

    def _claim(self, held: dict[int, Held], worker: str, now: Instant) -> None:
        calling = sum(one.job.progress is Progress.CONVERTED for one in held.values())
        for wanted, free in (
            (CONVERTIBLE, 1 - (len(held) - calling)),
            ((Progress.CONVERTED,), self.policy.calls_at_once - calling),
        ):
            for _ in range(free):
                with self.store.transaction() as transaction:
                    job = transaction.claim(worker, now, now + self.policy.lease, wanted)
                if job is None:
                    break
                held[job.id] = Held(job)

    def _advance(self, one: Held, interface: FaxInterface, now: Instant) -> None:
        self._hold(one, now)
        if one.job.progress is Progress.CONVERTED:
            self._sending.advance(one, interface, now)
        else:
            self._conversion.advance(one, now)

    def _hold(self, one: Held, now: Instant) -> None:
        """See what others did to the job; renew the lease when a third of it is over (each write costs a disk sync)."""
        job = self.store.job(one.job.id)
        if job is None or job.fence != one.job.fence or job.progress is Progress.FINISHED:
            raise StaleFenceError(f"Job {one.job.id} has another owner or has ended", "leave it")
        one.job = job
        if job.lease is None or job.lease - now < self.policy.lease * 2 // 3:
            heard_at = one.heard_at if one.attached else job.heard_at
            lease = now + self.policy.lease
            with self.store.transaction() as transaction:
                one.job = transaction.update(job.id, job.fence, lease=lease, heartbeat=now, heard_at=heard_at)

    # small things

    def _next_call(self, held: dict[int, Held], now: Instant) -> Instant:
        wanted = [now + self.policy.poll_idle]
        if any(one.job.progress is Progress.CONVERTED for one in held.values()):
            wanted.append(now + self.policy.poll_call)
        if any(one.conversion is not None for one in held.values()):
            wanted.append(now + CONVERSION_STEP)
        due = self.store.next_due(now)
        if due is not None and not held:
            wanted.append(due)
        return min(wanted)

    @staticmethod
    def _same(before: Job, asked: str | None) -> Job:
        if before.idempotency_digest != asked:
            raise ReusedKeyError("This idempotency key was used for another fax", "make a new key for each fax")
        return before

    def _job(self, job_id: int) -> Job:
        job = self.store.job(job_id)
        if job is None:
            raise _unknown(job_id)
        return job

    def _blob(self, job_id: int, name: str) -> bytes:
        try:
            return self._blobs.get(name)
        except KeyError:
            raise UnknownJobError(f"The document of fax {job_id} is lost", "have its store checked") from None


def digest_of(envelope: Envelope, document: bytes, resolution: Resolution) -> str:
    """What makes two requests the same one."""
    asked = repr((envelope, resolution.name, sha256(document).hexdigest()))
    return sha256(asked.encode()).hexdigest()


def clean_name(name: str) -> str:
    """The last part of a file name, printable, of a length that any file system takes."""
    last = name.replace("\\", "/").rsplit("/", 1)[-1]
    printable = "".join(letter for letter in last if letter.isprintable()).strip()
    return printable[-200:] or "document.pdf"


def _unknown(job_id: int) -> QueueError:
    return UnknownJobError(f"There is no fax {job_id}", "look at the list for those there are")
