"""The fax service itself: accept, convert, queue, send, receive. Pure: time comes in, nothing here waits.

Every step is written down before it is done and is safe to do again, so a worker may be killed anywhere:

- a document is stored before the job that names it exists; a blob without a job is swept away later;
- an attempt is recorded before it is dialled; whoever takes the job over says ``dial`` for the same attempt again, and
  the device attaches instead of calling twice;
- each confirmed page is recorded; an attempt sends only those that no attempt before it had confirmed;
- a fax that came in is stored before the device is told that it may forget it.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from firmware_sim.clock import Duration, Instant, seconds
from firmware_sim.events import Detail, Stamped
from firmware_sim.t4.page import Page, Resolution
from rig.service import convert
from rig.service.blobs import Blobs
from rig.service.errors import (
    ConversionError,
    DeliveryError,
    FinishedError,
    QueueError,
    StaleFenceError,
    TooLargeError,
    UnknownJobError,
)
from rig.service.interface import CallState, DialRequest, FaxInterface, ReceivedFax
from rig.service.model import Direction, Job, LogEntry, PageRecord, Progress, Result
from rig.service.number import normalised
from rig.service.retry import Policy
from rig.service.store import Store, Transaction

Converter = Callable[[bytes, Resolution], Iterator[convert.Converted]]
"""Gives a page at each step, None while there is none yet; raises ConversionError."""

PAGES_PER_STEP = 5
PAGES_PER_REPORT = 10
ORPHAN_AGE = seconds(3600)
MOST_CONVERSIONS = 5
"""A document whose conversion ended so many workers is not given to another one."""
CONVERTIBLE = (Progress.CREATED, Progress.QUEUED)


@dataclass(slots=True)
class Held:
    """What a worker remembers of a job that it owns. Losing it loses no more than the time of the lease."""

    job: Job
    conversion: Iterator[convert.Converted] | None = None
    converted: list[Page] = field(default_factory=list)
    attached: bool = False
    """The device has heard of this attempt under our fence."""
    heard_at: Instant | None = None
    """When it last answered; goes into the database with the next renewal of the lease."""


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
    ) -> None:
        self.store = store
        self.policy = policy or Policy()
        self.max_octets = max_octets
        self._blobs = blobs
        self._converter = converter
        self._held: dict[str, dict[int, Held]] = {}
        self._events: list[Stamped] = []
        self._device_away = False

    # what a user asks for

    def submit(
        self,
        document: bytes,
        name: str,
        number: str,
        now: Instant,
        resolution: Resolution = Resolution.STANDARD,
        trace_id: str = "",
    ) -> Job:
        """Accept a document. Whether it can be converted shows later. Raises NumberError, TooLargeError."""
        dialled = normalised(number)
        if len(document) > self.max_octets:
            raise TooLargeError(
                f"The document is larger than {self.max_octets // 1_000_000} MB",
                "send it in parts or with smaller images",
            )
        blob = self._blobs.put(document, now)
        with self._changes(now) as change:
            job = change.insert(
                direction=Direction.OUTGOING,
                progress=Progress.CREATED,
                number=dialled,
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
        with self._changes(now) as change:
            job = change.transaction.job(job_id)
            if job is None:
                raise _unknown(job_id)
            if job.progress is Progress.FINISHED:
                raise FinishedError(f"Fax {job_id} has already ended", "nothing is left to cancel")
            if job.attempt_open:
                if not job.cancelled:
                    change.log(change.update(job, cancelled=True, due=now, text="being cancelled"))
            else:
                job = change.transaction.take_away(job.id)
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
        events, self._events = self._events, []
        return events

    def tell(self, name: str, text: str, now: Instant) -> None:
        """Something that belongs to no job, for the log."""
        self._events.append(Stamped(now, "service", name, {"text": text}))

    def sweep(self, now: Instant, age: Duration = ORPHAN_AGE) -> list[str]:
        """Delete the blobs older than *age* that no job names; gives their names."""
        old = self._blobs.older_than(now - age)
        named = self.store.blob_names()
        orphans = [name for name in old if name not in named]
        for name in orphans:
            self._blobs.delete(name)
        return orphans

    # what a worker does

    def work(self, interface: FaxInterface, worker_name: str, now: Instant) -> Instant | None:
        """Do whatever is due, once. Returns when it wants to be called again."""
        held = self._held.setdefault(worker_name, {})
        due = self.store.next_due(now)
        if due is not None and due <= now:
            self._claim(held, worker_name, now)
        for one in list(held.values()):
            try:
                self._advance(one, interface, now)
            except StaleFenceError:
                del held[one.job.id]
                continue
            if one.job.owner != worker_name:
                del held[one.job.id]
        self._receive(interface, now)
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
        if one.job.progress is not Progress.CONVERTED:
            self._convert(one, now)
        elif one.job.cancelled and one.job.attempt_open:
            self._end_call(one, interface, now)
        elif one.attached:
            self._follow(one, interface, now)
        else:
            self._call(one, interface, now)

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

    # conversion

    def _convert(self, one: Held, now: Instant) -> None:
        try:
            if one.conversion is None:
                one.conversion = self._begin_conversion(one, now)
            for _ in range(PAGES_PER_STEP):
                step = _step(one.conversion)
                if step is None:
                    self._converted(one, now)
                    return
                if step.page is None:
                    return
                one.converted.append(step.page)
                self._report_conversion(one.job, len(one.converted), step.total, now)
        except ConversionError as error:
            with self._changes(now) as change:
                one.job = change.finish(one.job, Result.CONVERT_FAILED, "convert_failed", str(error))

    def _begin_conversion(self, one: Held, now: Instant) -> Iterator[convert.Converted]:
        with self._changes(now) as change:
            one.job = change.update(one.job, progress=Progress.QUEUED, text="being converted")
            change.log(one.job)
        assert one.job.original_blob is not None
        if one.job.fence > MOST_CONVERSIONS:
            raise ConversionError("The document stopped the converter again and again", "save it as a new PDF")
        try:
            document = self._blobs.get(one.job.original_blob)
        except KeyError:
            raise ConversionError("The stored document is lost", "send it again") from None
        return self._converter(document, one.job.resolution)

    def _report_conversion(self, job: Job, done: int, total: int, now: Instant) -> None:
        if done % PAGES_PER_REPORT == 0 and done < total:
            self._events.append(
                Stamped(now, "service", "conversion", {"job": job.id, "page": done, "pages": total, **_trace(job)})
            )

    def _converted(self, one: Held, now: Instant) -> None:
        pages, one.conversion, one.converted = one.converted, None, []
        blob = self._blobs.put(convert.pdf_of_pages(pages), now)
        with self._changes(now) as change:
            change.transaction.add_pages(one.job.id, pages)
            one.job = change.update(
                one.job,
                progress=Progress.CONVERTED,
                pages=len(pages),
                pages_blob=blob,
                text="converted, waits for its call",
                owner="",
                lease=None,
                due=now,
            )
            change.log(one.job)

    # sending

    def _call(self, one: Held, interface: FaxInterface, now: Instant) -> None:
        """Begin the next attempt, or attach to the one that an earlier worker left behind."""
        job = one.job
        if not job.attempt_open and now > job.created_at + self.policy.give_up_after:
            self._give_up(one, now, job.cause or "interface_down", job.text)
            return
        if job.attempt_open and now > job.created_at + self.policy.give_up_after:
            self._follow(one, interface, now)  # too late to begin a call, not to learn how one ended
            return
        pages = self._stored_pages(one, now)
        if pages is None:
            return
        if not job.attempt_open:
            job = self._begin_attempt(one, now)
        request = DialRequest(
            job.id, job.attempts, job.fence, job.number, tuple(pages[job.attempt_first :]), job.trace_id
        )
        try:
            state = interface.dial(request)
        except StaleFenceError:
            raise
        except DeliveryError as error:
            self._unreachable(one, error, now)
            return
        one.attached = True
        self._heard(one, state, interface, now)

    def _begin_attempt(self, one: Held, now: Instant) -> Job:
        with self._changes(now) as change:
            one.job = change.update(
                one.job,
                attempts=one.job.attempts + 1,
                attempt_open=True,
                attempt_first=one.job.pages_confirmed,
                cause="",
                text=f"calling {one.job.number}",
                heard_at=None,
            )
            change.log(one.job)
        return one.job

    def _stored_pages(self, one: Held, now: Instant) -> list[Page] | None:
        """The converted pages, compared with the hashes in the database: better no fax than a wrong one."""
        assert one.job.pages_blob is not None
        known = [record.hash for record in self.store.pages(one.job.id)]
        try:
            pages = convert.pages_of_pdf(self._blobs.get(one.job.pages_blob))
            if [page.hash for page in pages] == known:
                return pages
        except (KeyError, ConversionError):
            pass
        with self._changes(now) as change:
            one.job = change.finish(
                one.job, Result.ERROR, "storage", "The stored pages are damaged; send the document again."
            )
        return None

    def _follow(self, one: Held, interface: FaxInterface, now: Instant) -> None:
        try:
            state = interface.state(one.job.id, one.job.attempts, one.job.fence)
        except StaleFenceError:
            raise
        except DeliveryError as error:
            self._unreachable(one, error, now)
            return
        self._heard(one, state, interface, now)

    def _heard(self, one: Held, state: CallState, interface: FaxInterface, now: Instant) -> None:
        self._device_away = False
        confirmed = min(one.job.attempt_first + state.pages_confirmed, one.job.pages)
        if confirmed < one.job.pages_confirmed:
            self._call_was_forgotten(one, interface, now)
            return
        first = one.heard_at is None
        one.heard_at = now
        if not (first or state.finished or confirmed > one.job.pages_confirmed):
            return
        with self._changes(now) as change:
            one.job = change.update(one.job, heard_at=now)
            if confirmed > one.job.pages_confirmed:
                change.transaction.confirm_pages(one.job.id, confirmed, one.job.attempts, now)
                text = f"{confirmed} of {one.job.pages} pages confirmed"
                one.job = change.update(one.job, pages_confirmed=confirmed, text=text)
                change.log(one.job)
            if state.finished:
                one.job = self._ended(change, one.job, state, now)

    def _call_was_forgotten(self, one: Held, interface: FaxInterface, now: Instant) -> None:
        """The device began the attempt anew: it would send pages again that have arrived. The rest goes alone."""
        interface.hang_up(one.job.id, one.job.fence)
        with self._changes(now) as change:
            one.job = change.wait(one.job, now, "interface_down", "the fax interface has restarted, the rest follows")

    def _ended(self, change: "Changes", job: Job, state: CallState, now: Instant) -> Job:
        if job.pages_confirmed == job.pages:
            late = ", before the cancellation reached it" if job.cancelled else ""
            return change.finish(job, Result.SUCCESS, "ok", f"all {job.pages} pages arrived{late}")
        if job.cancelled:
            return change.finish(job, Result.ABORT, "cancelled", f"cancelled after {_sent(job)}")
        cause = "unexpected" if state.cause in ("ok", "") else state.cause
        rule = self.policy.rule(cause, state.text, state.retry)
        if not rule.delays:
            text = f"The call failed after {_sent(job)}: {rule.text}; {rule.remedy}."
            return change.finish(job, Result.ERROR, cause, text)
        due = self.policy.next_attempt(rule, job.attempts, job.created_at, now)
        if due is None:
            return change.finish(job, Result.ABORT, cause, _given_up(job, rule.text, rule.remedy))
        again = f"attempt {job.attempts}: {rule.text}; tried again in {round((due - now) / 1e6)} s"
        return change.wait(job, due, cause, again)

    def _end_call(self, one: Held, interface: FaxInterface, now: Instant) -> None:
        """The job is cancelled: hang up, then see what had arrived by then."""
        try:
            interface.hang_up(one.job.id, one.job.fence)
        except StaleFenceError:
            raise
        except DeliveryError as error:
            self._unreachable(one, error, now)
            return
        state: CallState | None
        try:
            state = interface.state(one.job.id, one.job.attempts, one.job.fence)
        except StaleFenceError:
            raise
        except DeliveryError:
            state = None
        if state is None or one.job.attempt_first + state.pages_confirmed < one.job.pages_confirmed:
            with self._changes(now) as change:  # the device knows nothing of such a call (any more)
                one.job = change.finish(one.job, Result.ABORT, "cancelled", f"cancelled after {_sent(one.job)}")
            return
        self._heard(one, state, interface, now)

    def _unreachable(self, one: Held, error: DeliveryError, now: Instant) -> None:
        """The device is away. The attempt stays open: it may have heard us, and its call may go on."""
        one.attached = False
        job = one.job
        last_word = one.heard_at or job.heard_at or job.created_at
        if now > max(last_word + self.policy.silent_for, job.created_at + self.policy.give_up_after):
            self._give_up(one, now, "interface_down", str(error))
            return
        due = now + self.policy.unreachable
        with self._changes(now) as change:
            text = f"the fax interface is away ({error.detail}); asked again every few seconds"
            if job.cancelled:
                text = f"being cancelled; {text}"
            heard_at = one.heard_at or job.heard_at
            one.job = change.update(
                job, owner="", lease=None, due=due, cause="interface_down", text=text, heard_at=heard_at
            )
            if job.text != text:
                change.log(one.job)

    def _give_up(self, one: Held, now: Instant, cause: str, reason: str) -> None:
        rule = self.policy.rule(cause, reason, False)
        with self._changes(now) as change:
            if one.job.cancelled:
                one.job = change.finish(one.job, Result.ABORT, "cancelled", "cancelled while the interface was away")
            else:
                one.job = change.finish(one.job, Result.ABORT, cause, _given_up(one.job, rule.text, rule.remedy))

    # receiving

    def _receive(self, interface: FaxInterface, now: Instant) -> None:
        try:
            for fax in interface.received():
                key = fax_key(fax)
                if not self.store.known_fax(key):
                    self._file(fax, key, now)
                interface.take(fax.fax_id)
            self._device_away = False
        except DeliveryError as error:
            if not self._device_away:
                self.tell("interface_away", str(error), now)
            self._device_away = True

    def _file(self, fax: ReceivedFax, key: str, now: Instant) -> None:
        """Pages into a PDF, the PDF into the inbox."""
        pages = fax.pages
        blob = self._blobs.put(convert.pdf_of_pages(pages), now) if pages else None
        with self._changes(now) as change:
            if change.known_fax(key):
                return
            job = change.insert(
                direction=Direction.INCOMING,
                progress=Progress.CREATED,
                number=fax.called,
                caller=fax.caller,
                remote_id=fax.remote_id,
                document_name="",
                created_at=now,
                pages=len(pages),
                pages_confirmed=len(pages),
                fax_key=key,
                text="received by the fax interface",
            )
            change.transaction.add_pages(job.id, pages, confirmed_at=now, attempt=1)
            change.log(job)
            job = change.update(job, trace_id=f"fax-{job.id}", document_name=f"fax-{job.id}.pdf")
            for progress, text in ((Progress.QUEUED, "being converted"), (Progress.CONVERTED, "converted to PDF")):
                job = change.update(job, progress=progress, text=text, pages_blob=blob)
                change.log(job)
            if fax.cause == "ok" and pages:
                change.finish(job, Result.SUCCESS, "ok", f"{_count(len(pages))} received{_bad_rows(pages)}")
            else:
                why = fax.text or fax.cause or "no page arrived"
                text = f"The call broke off after {_count(len(pages))}: {why}; ask the sender to send it again."
                change.finish(job, Result.ERROR, fax.cause if fax.cause != "ok" else "unexpected", text)

    # small things

    def _changes(self, now: Instant) -> "Changes":
        return Changes(self.store, self._events, now)

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


CONVERSION_STEP = 20_000
"""While a document is being converted, the time left to others between two steps, in microseconds."""


class Changes:
    """A transaction, with the events it causes: they are told only when it has happened."""

    def __init__(self, store: Store, events: list[Stamped], now: Instant) -> None:
        self._context = store.transaction()
        self._events = events
        self._pending: list[Stamped] = []
        self._now = now
        self.transaction: Transaction

    def __enter__(self) -> "Changes":
        self.transaction = self._context.__enter__()
        return self

    def __exit__(self, kind: Any, error: Any, trace: Any) -> None:
        self._context.__exit__(kind, error, trace)
        if kind is None:
            self._events.extend(self._pending)

    def insert(self, **values: Any) -> Job:
        return self.transaction.insert(**values)

    def update(self, job: Job, **values: Any) -> Job:
        return self.transaction.update(job.id, job.fence, **values)

    def known_fax(self, key: str) -> bool:
        return self.transaction.known_fax(key)

    def wait(self, job: Job, due: Instant, cause: str, text: str) -> Job:
        """The attempt is over, the next one comes at *due*; until then nobody owns the job."""
        job = self.update(job, attempt_open=False, owner="", lease=None, due=due, cause=cause, text=text)
        self.log(job)
        return job

    def finish(self, job: Job, result: Result, cause: str, text: str) -> Job:
        job = self.update(
            job,
            progress=Progress.FINISHED,
            result=result,
            cause=cause,
            text=text,
            finished_at=self._now,
            attempt_open=False,
            owner="",
            lease=None,
            due=None,
        )
        self.log(job)
        return job

    def log(self, job: Job) -> None:
        line = f"{job}: {job.text}"
        self.transaction.log(job, self._now, line)
        detail: dict[str, Detail] = {
            "job": job.id,
            "direction": int(job.direction),
            "progress": int(job.progress),
            "result": None if job.result is None else int(job.result),
            "cause": job.cause,
            "text": job.text,
            "number": job.number,
            "pages": job.pages,
            "pages_confirmed": job.pages_confirmed,
            "attempts": job.attempts,
            "line": line,
            **_trace(job),
        }
        self._pending.append(Stamped(self._now, "service", "job", detail))


def fax_key(fax: ReceivedFax) -> str:
    """The device's own id with a digest of all it held: a device that counts from one again loses nothing."""
    held = repr((fax.called, fax.caller, fax.remote_id, fax.cause, [page.hash for page in fax.pages]))
    return f"{fax.fax_id[:180]} {sha256(held.encode()).hexdigest()}"


def clean_name(name: str) -> str:
    """The last part of a file name, printable, of a length that any file system takes."""
    last = name.replace("\\", "/").rsplit("/", 1)[-1]
    printable = "".join(letter for letter in last if letter.isprintable()).strip()
    return printable[-200:] or "document.pdf"


def _step(conversion: Iterator[convert.Converted]) -> convert.Converted | None:
    """Whatever a document does to the converter, it ends as a failed conversion of this document."""
    try:
        return next(conversion, None)
    except ConversionError:
        raise
    except Exception as error:
        raise ConversionError(
            f"The document could not be converted ({type(error).__name__})", "save it as a new PDF and send that"
        ) from error


def _trace(job: Job) -> dict[str, Detail]:
    return {"trace_id": job.trace_id}


def _count(pages: int) -> str:
    return "1 page" if pages == 1 else f"{pages} pages"


def _sent(job: Job) -> str:
    return f"{job.pages_confirmed} of {_count(job.pages)}"


def _given_up(job: Job, text: str, remedy: str) -> str:
    attempts = "1 attempt" if job.attempts == 1 else f"{job.attempts} attempts"
    return f"Given up after {attempts}, {_sent(job)} arrived: {text}; {remedy}."


def _bad_rows(pages: Sequence[Page]) -> str:
    bad = sum(len(page.bad_rows) for page in pages)
    return f", {bad} rows of them damaged" if bad else ""


def _unknown(job_id: int) -> QueueError:
    return UnknownJobError(f"There is no fax {job_id}", "look at the list for those there are")
