"""What all parts of the service share: where things are kept, and how a change is written down and told."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from firmware_sim.clock import Instant
from firmware_sim.events import Detail, Stamped
from firmware_sim.t4.page import Resolution
from rig.service.blobs import Blobs
from rig.service.convert import Converted
from rig.service.model import Job, Progress, Result
from rig.service.retry import Policy
from rig.service.store import Store, Transaction

Converter = Callable[[bytes, Resolution], Iterator[Converted]]
"""Gives a page at each step, None while there is none yet; raises ConversionError."""


@dataclass(frozen=True, slots=True)
class Desk:
    store: Store
    blobs: Blobs
    converter: Converter
    policy: Policy
    events: list[Stamped] = field(default_factory=list)

    def changes(self, now: Instant) -> "Changes":
        return Changes(self.store, self.events, now)

    def tell(self, name: str, now: Instant, **detail: Detail) -> None:
        self.events.append(Stamped(now, "service", name, detail))


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
            **trace(job),
        }
        self._pending.append(Stamped(self._now, "service", "job", detail))


def trace(job: Job) -> dict[str, Detail]:
    return {"trace_id": job.trace_id}


def count(pages: int) -> str:
    return "1 page" if pages == 1 else f"{pages} pages"


def sent(job: Job) -> str:
    return f"{job.pages_confirmed} of {count(job.pages)}"
