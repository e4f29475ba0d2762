"""A worker's steps of sending one fax: attempt, follow, retry, cancel. Calls belong to the device."""

from firmware_sim.clock import Instant
from firmware_sim.t4.page import Page
from rig.service import convert
from rig.service.desk import Changes, Desk, sent
from rig.service.errors import ConversionError, DeliveryError, StaleFenceError
from rig.service.held import Held
from rig.service.interface import CallState, DialRequest, FaxInterface
from rig.service.model import Job, Result


class Sending:
    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def advance(self, one: Held, interface: FaxInterface, now: Instant) -> None:
        """The next step of a job that is converted and owned by this worker. Raises StaleFenceError."""
        try:
            if one.job.cancelled and one.job.attempt_open:
                self._end_call(one, interface, now)
            elif one.attached:
                self._follow(one, interface, now)
            else:
                self._call(one, interface, now)
        except StaleFenceError:
            raise
        except DeliveryError as error:
            self._unreachable(one, error, now)

    def _call(self, one: Held, interface: FaxInterface, now: Instant) -> None:
        """Begin the next attempt, or attach to the one that an earlier worker left behind."""
        job = one.job
        if not job.attempt_open and now > job.created_at + self._desk.policy.give_up_after:
            self._give_up(one, now, job.cause or "interface_down", job.text)
            return
        if job.attempt_open and now > job.created_at + self._desk.policy.give_up_after:
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
        state = interface.dial(request)
        one.attached = True
        self._heard(one, state, interface, now)

    def _begin_attempt(self, one: Held, now: Instant) -> Job:
        with self._desk.changes(now) as change:
            one.job = change.update(
                one.job,
                attempts=one.job.attempts + 1,
                attempt_open=True,
                attempt_first=one.job.pages_confirmed,
                cause="",
                text=f"calling {one.job.number}",
                heard_at=None,
                interface_id=None,
            )
            change.log(one.job)
        return one.job

    def _stored_pages(self, one: Held, now: Instant) -> list[Page] | None:
        """The converted pages, compared with the hashes in the database: better no fax than a wrong one."""
        assert one.job.pages_blob is not None
        known = [record.hash for record in self._desk.store.pages(one.job.id)]
        try:
            pages = convert.pages_of_pdf(self._desk.blobs.get(one.job.pages_blob))
            if [page.hash for page in pages] == known:
                return pages
        except (KeyError, ConversionError):
            pass
        with self._desk.changes(now) as change:
            one.job = change.finish(
                one.job, Result.ERROR, "storage", "The stored pages are damaged; send the document again."
            )
        return None

    def _follow(self, one: Held, interface: FaxInterface, now: Instant) -> None:
        state = interface.state(one.job.id, one.job.attempts, one.job.fence)
        self._heard(one, state, interface, now)

    def _heard(self, one: Held, state: CallState, interface: FaxInterface, now: Instant) -> None:
        confirmed = min(one.job.attempt_first + state.pages_confirmed, one.job.pages)
        if confirmed < one.job.pages_confirmed:
            self._call_was_forgotten(one, interface, now)
            return
        first = one.heard_at is None
        one.heard_at = now
        if not (first or state.finished or confirmed > one.job.pages_confirmed):
            return
        with self._desk.changes(now) as change:
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
        with self._desk.changes(now) as change:
            one.job = change.wait(one.job, now, "interface_down", "the fax interface has restarted, the rest follows")

    def _ended(self, change: "Changes", job: Job, state: CallState, now: Instant) -> Job:
        if job.pages_confirmed == job.pages:
            late = ", before the cancellation reached it" if job.cancelled else ""
            return change.finish(job, Result.SUCCESS, "ok", f"all {job.pages} pages arrived{late}")
        if job.cancelled:
            return change.finish(job, Result.ABORT, "cancelled", f"cancelled after {sent(job)}")
        cause = "unexpected" if state.cause in ("ok", "") else state.cause
        rule = self._desk.policy.rule(cause, state.text, state.retry)
        if not rule.delays:
            text = f"The call failed after {sent(job)}: {rule.text}; {rule.remedy}."
            return change.finish(job, Result.ERROR, cause, text)
        due = self._desk.policy.next_attempt(rule, job.attempts, job.created_at, now)
        if due is None:
            return change.finish(job, Result.ABORT, cause, given_up(job, rule.text, rule.remedy))
        again = f"attempt {job.attempts}: {rule.text}; tried again in {round((due - now) / 1e6)} s"
        return change.wait(job, due, cause, again)

    def _end_call(self, one: Held, interface: FaxInterface, now: Instant) -> None:
        """The job is cancelled: hang up, then see what had arrived by then."""
        interface.hang_up(one.job.id, one.job.fence)
        state: CallState | None
        try:
            state = interface.state(one.job.id, one.job.attempts, one.job.fence)
        except StaleFenceError:
            raise
        except DeliveryError:
            state = None
        if state is None or one.job.attempt_first + state.pages_confirmed < one.job.pages_confirmed:
            with self._desk.changes(now) as change:  # the device knows nothing of such a call (any more)
                one.job = change.finish(one.job, Result.ABORT, "cancelled", f"cancelled after {sent(one.job)}")
            return
        self._heard(one, state, interface, now)

    def _unreachable(self, one: Held, error: DeliveryError, now: Instant) -> None:
        """The device is away. The attempt stays open: it may have heard us, and its call may go on."""
        one.attached = False
        job = one.job
        last_word = one.heard_at or job.heard_at or job.created_at
        if now > max(last_word + self._desk.policy.silent_for, job.created_at + self._desk.policy.give_up_after):
            self._give_up(one, now, "interface_down", str(error))
            return
        due = now + self._desk.policy.unreachable
        with self._desk.changes(now) as change:
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
        rule = self._desk.policy.rule(cause, reason, False)
        with self._desk.changes(now) as change:
            if one.job.cancelled:
                one.job = change.finish(one.job, Result.ABORT, "cancelled", "cancelled while the interface was away")
            else:
                one.job = change.finish(one.job, Result.ABORT, cause, given_up(one.job, rule.text, rule.remedy))


def given_up(job: Job, text: str, remedy: str) -> str:
    attempts = "1 attempt" if job.attempts == 1 else f"{job.attempts} attempts"
    return f"Given up after {attempts}, {sent(job)} arrived: {text}; {remedy}."
