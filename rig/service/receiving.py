"""A worker's steps of taking in what the fax interface received: stored first, taken from the device afterwards."""

from collections.abc import Sequence
from hashlib import sha256

from firmware_sim.clock import Instant
from firmware_sim.t4.page import Page
from rig.service import convert
from rig.service.accounts.boxes import route
from rig.service.desk import Desk, count
from rig.service.errors import DeliveryError
from rig.service.interface import FaxInterface, ReceivedFax
from rig.service.model import Direction, Progress, Result


class Receiving:
    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._device_away = False

    def advance(self, interface: FaxInterface, now: Instant) -> None:
        try:
            for fax in interface.received():
                key = fax_key(fax)
                if not self._desk.store.known_fax(key, now - self._desk.policy.offered_again):
                    self._file(fax, key, now)
                interface.take(fax.fax_id)
                with self._desk.changes(now) as change:
                    change.transaction.mark_taken(key, now)
            self._device_away = False
        except DeliveryError as error:
            if not self._device_away:
                self._desk.tell("interface_away", now, text=str(error))
            self._device_away = True

    def _file(self, fax: ReceivedFax, key: str, now: Instant) -> None:
        """Pages into a PDF, the PDF into the inbox."""
        pages = fax.pages
        blob = self._desk.blobs.put(convert.pdf_of_pages(pages), now) if pages else None
        with self._desk.changes(now) as change:
            if change.transaction.known_fax(key, now - self._desk.policy.offered_again):
                return
            to = route(change.transaction, fax.called)
            kept = f"; {to.note}" if to.note else ""
            job = change.insert(
                domain_id=to.domain_id,
                owner_id=to.owner_id,
                account_id=to.account_id,
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
                change.finish(job, Result.SUCCESS, "ok", f"{count(len(pages))} received{_bad_rows(pages)}{kept}")
            else:
                why = fax.text or fax.cause or "no page arrived"
                text = f"The call broke off after {count(len(pages))}: {why}; ask the sender to send it again."
                change.finish(job, Result.ERROR, fax.cause if fax.cause != "ok" else "unexpected", text)


def fax_key(fax: ReceivedFax) -> str:
    """The device's own id with a digest of all it held: a device may count from one again."""
    held = repr((fax.called, fax.caller, fax.remote_id, fax.cause, [page.hash for page in fax.pages]))
    return f"{fax.fax_id[:180]} {sha256(held.encode()).hexdigest()}"


def _bad_rows(pages: Sequence[Page]) -> str:
    bad = sum(len(page.bad_rows) for page in pages)
    return f", {bad} rows of them damaged" if bad else ""
