"""A fax as the service sees it: a job, the pages it has, and the history that led there. Values only."""

from dataclasses import dataclass
from enum import IntEnum

from firmware_sim.clock import Instant
from firmware_sim.t4.page import Resolution


class Direction(IntEnum):
    INCOMING = 0
    OUTGOING = 1


class Progress(IntEnum):
    """How far a job has come. It only ever grows; a fax that waits for its next attempt stays CONVERTED."""

    CREATED = 0
    """Its document is stored."""
    QUEUED = 1
    """A worker has taken it up, its document is being converted."""
    CONVERTED = 2
    """Its pages are ready (outgoing: it waits for its call or is in it)."""
    FINISHED = 3
    """Nothing more will happen; the result says how it ended."""


class Result(IntEnum):
    SUCCESS = 0
    ABORT = 1
    """Cancelled, or given up when the time for attempts was over."""
    ERROR = 2
    """Another attempt would change nothing (or an incoming fax that broke off)."""
    CONVERT_FAILED = 3


@dataclass(frozen=True, slots=True)
class Job:
    """One row of the queue. *pages* is 0 until the document is converted; times are microseconds."""

    id: int
    direction: Direction
    progress: Progress
    result: Result | None
    number: str
    """Outgoing: the number to dial. Incoming: the number that was called."""
    caller: str
    remote_id: str
    document_name: str
    resolution: Resolution
    pages: int
    pages_confirmed: int
    attempts: int
    """Attempts begun so far, the running one included."""
    attempt_open: bool
    """An attempt was begun and its end is not known yet: only then may a call exist."""
    attempt_first: int
    """Pages that were confirmed before the latest attempt: it sends those from here on."""
    cancelled: bool
    cause: str
    text: str
    created_at: Instant
    finished_at: Instant | None
    heard_at: Instant | None
    """When the device last said anything about this job."""
    due: Instant | None
    """When the next step is to be done; None when there is none."""
    owner: str
    lease: Instant | None
    """Until when *owner* has the job to itself."""
    heartbeat: Instant | None
    fence: int
    """Grows with each claim; what comes with an older one is refused."""
    trace_id: str
    original_blob: str | None
    pages_blob: str | None
    fax_key: str | None
    """Incoming: what the device called it, with a digest of what it held."""
    taken_at: Instant | None
    """Incoming: when the device was told that it may forget it."""
    domain_id: int = 1
    """Whose it is; 1 is the bench itself."""
    owner_id: int | None = None
    """The user or group in whose box it lies; None: in the domain's."""
    sent_by: int | None = None
    account_id: int | None = None
    """The fax account through which it came or goes."""
    interface_id: int | None = None
    """The fax interface that was asked to make the open attempt."""
    resent_from: int | None = None
    deleted_at: Instant | None = None
    """Since when it lies in the bin."""
    idempotency_key: str | None = None
    idempotency_digest: str | None = None

    def __str__(self) -> str:
        result = "-" if self.result is None else str(int(self.result))
        return f"job id {self.id}, direction {int(self.direction)}, progress {int(self.progress)}, result {result}"


@dataclass(frozen=True, slots=True)
class PageRecord:
    """What the database knows of one page. *number* counts from 1; *attempt* is the one that confirmed it."""

    number: int
    hash: str
    width_px: int
    height_px: int
    resolution: Resolution
    bad_rows: int
    confirmed_at: Instant | None
    attempt: int | None


@dataclass(frozen=True, slots=True)
class LogEntry:
    """One change of a job, as its history shows it."""

    at: Instant
    line: str
    progress: Progress
    result: Result | None
    cause: str
    text: str
    pages: int
    pages_confirmed: int
    attempts: int
