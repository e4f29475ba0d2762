"""The queue on disk: jobs, pages and history in one database, every change in one transaction.

A worker owns a job for the time of its lease; each claim raises the job's fence, and a write
that carries an older fence changes nothing and raises StaleFenceError. So a worker that was believed dead and wakes
up again cannot spoil what its successor did.

SQLite is opened so that every writing transaction really begins with BEGIN IMMEDIATE: left alone, the driver runs a
SELECT before any BEGIN, and two workers could read the same row before either writes.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from sqlalchemy.pool import StaticPool

from firmware_sim.clock import Instant
from firmware_sim.t4.page import Page, Resolution
from rig.service.accounts import tables as accounts_tables
from rig.service.errors import StaleFenceError
from rig.service.model import Direction, Job, LogEntry, PageRecord, Progress, Result
from rig.service.tables import JOBS, LOG, METADATA, PAGES

OPEN = JOBS.c.progress < int(Progress.FINISHED)


def _claim() -> Any:
    candidate = JOBS.alias()
    first = (
        sa.select(candidate.c.id)
        .where(
            candidate.c.progress.in_(sa.bindparam("progresses", expanding=True)),
            candidate.c.progress < int(Progress.FINISHED),
            candidate.c.due <= sa.bindparam("now"),
            sa.or_(candidate.c.lease.is_(None), candidate.c.lease <= sa.bindparam("now")),
        )
        .order_by(candidate.c.due, candidate.c.id)
        .limit(1)
        .scalar_subquery()
    )
    values = {
        "owner": sa.bindparam("worker"),
        "lease": sa.bindparam("until"),
        "heartbeat": sa.bindparam("now"),
        "fence": JOBS.c.fence + 1,
    }
    return sa.update(JOBS).where(JOBS.c.id == first).values(values).returning(*JOBS.c)


CLAIM = _claim()
CLAIMABLE_AT = sa.case((sa.func.coalesce(JOBS.c.lease, 0) > JOBS.c.due, JOBS.c.lease), else_=JOBS.c.due)
NEXT_DUE = sa.select(sa.func.min(CLAIMABLE_AT)).where(OPEN, JOBS.c.due.is_not(None))
NOW_US = (
    "SELECT CAST(strftime('%s', 'now') AS INTEGER) * 1000000 + CAST(substr(strftime('%f', 'now'), 4) AS INTEGER) * 1000"
)


class Store:
    """*url* as SQLAlchemy writes it: ``sqlite:///state/service.db``, or ``sqlite://`` for one in memory."""

    def __init__(self, url: str = "sqlite://") -> None:
        in_memory = url in ("sqlite://", "sqlite:///:memory:")
        self._engine = sa.create_engine(url, poolclass=StaticPool) if in_memory else sa.create_engine(url)
        sa.event.listen(self._engine, "connect", _prepare)
        sa.event.listen(self._engine, "begin", _begin)
        if in_memory:
            with self._engine.begin() as connection:
                METADATA.create_all(connection)
                accounts_tables.prepare(connection)
        else:
            self._migrate()

    def _migrate(self) -> None:
        config = Config()
        config.set_main_option("script_location", "rig.service:migrations")
        config.set_main_option("path_separator", "os")
        with self._engine.begin() as connection:
            config.attributes["connection"] = connection
            command.upgrade(config, "head")

    def close(self) -> None:
        self._engine.dispose()

    def clock(self) -> Instant:
        """The database's own time, microseconds since 1970: the one clock that all workers share."""
        with self._reading() as connection:
            return int(connection.exec_driver_sql(NOW_US).scalar_one())

    @contextmanager
    def transaction(self) -> Iterator["Transaction"]:
        """All that is done inside happens, or nothing of it."""
        with self._engine.begin() as connection:
            yield Transaction(connection)

    @contextmanager
    def _reading(self) -> Iterator[sa.Connection]:
        with self._engine.connect().execution_options(reading=True) as connection, connection.begin():
            yield connection

    def job(self, job_id: int) -> Job | None:
        with self._reading() as connection:
            row = connection.execute(sa.select(JOBS).where(JOBS.c.id == job_id)).first()
        return None if row is None else _job(row)

    def jobs(
        self, direction: Direction | None = None, progress: Progress | None = None, limit: int = 100
    ) -> Sequence[Job]:
        """The newest first."""
        query = sa.select(JOBS).order_by(JOBS.c.id.desc()).limit(limit)
        if direction is not None:
            query = query.where(JOBS.c.direction == int(direction))
        if progress is not None:
            query = query.where(JOBS.c.progress == int(progress))
        with self._reading() as connection:
            return [_job(row) for row in connection.execute(query)]

    def pages(self, job_id: int) -> Sequence[PageRecord]:
        with self._reading() as connection:
            rows = connection.execute(sa.select(PAGES).where(PAGES.c.job_id == job_id).order_by(PAGES.c.number))
            return [_page(row) for row in rows]

    def history(self, job_id: int) -> Sequence[LogEntry]:
        with self._reading() as connection:
            rows = connection.execute(sa.select(LOG).where(LOG.c.job_id == job_id).order_by(LOG.c.id))
            return [_entry(row) for row in rows]

    def known_fax(self, fax_key: str, taken_after: Instant) -> bool:
        """Whether this fax was stored, and the device was not told before *taken_after* that it may forget it."""
        with self._reading() as connection:
            return Transaction(connection).known_fax(fax_key, taken_after)

    def next_due(self, now: Instant) -> Instant | None:
        """When the next job that nobody owns, or whose owner will have lost it by then, can be claimed."""
        with self._reading() as connection:
            found = connection.execute(NEXT_DUE).scalar()
        return None if found is None else max(int(found), now)

    def blob_names(self) -> set[str]:
        """Every blob that a job names."""
        with self._reading() as connection:
            rows = connection.execute(sa.select(JOBS.c.original_blob, JOBS.c.pages_blob)).all()
        return {name for row in rows for name in row if name is not None}


@dataclass(frozen=True, slots=True)
class Transaction:
    """What can be changed. Times and fences come from the caller."""

    connection: sa.Connection

    def insert(self, **values: Any) -> Job:
        row = self.connection.execute(sa.insert(JOBS).values(**_plain(values)).returning(*JOBS.c)).one()
        return _job(row)

    def job(self, job_id: int) -> Job | None:
        row = self.connection.execute(sa.select(JOBS).where(JOBS.c.id == job_id)).first()
        return None if row is None else _job(row)

    def job_by_key(self, key: str) -> Job | None:
        row = self.connection.execute(sa.select(JOBS).where(JOBS.c.idempotency_key == key)).first()
        return None if row is None else _job(row)

    def select(self, *conditions: sa.ColumnElement[bool], limit: int = 100) -> list[Job]:
        """The newest first."""
        rows = self.connection.execute(sa.select(JOBS).where(*conditions).order_by(JOBS.c.id.desc()).limit(limit))
        return [_job(row) for row in rows]

    def known_fax(self, fax_key: str, taken_after: Instant) -> bool:
        fresh = sa.or_(JOBS.c.taken_at.is_(None), JOBS.c.taken_at >= taken_after)
        found = self.connection.execute(sa.select(JOBS.c.id).where(JOBS.c.fax_key == fax_key, fresh).limit(1))
        return found.first() is not None

    def mark_taken(self, fax_key: str, now: Instant) -> None:
        """The device was told that it may forget this fax."""
        unmarked = sa.and_(JOBS.c.fax_key == fax_key, JOBS.c.taken_at.is_(None))
        self.connection.execute(sa.update(JOBS).where(unmarked).values(taken_at=now))

    def claim(self, worker: str, now: Instant, lease: Instant, progresses: Sequence[Progress]) -> Job | None:
        """The job that has been due for longest and that nobody owns, with a new fence; None when there is none."""
        names = [int(progress) for progress in progresses]
        values = {"worker": worker, "now": now, "until": lease, "progresses": names}
        row = self.connection.execute(CLAIM, values).first()
        return None if row is None else _job(row)

    def update(self, job_id: int, fence: int, **values: Any) -> Job:
        """Raises StaleFenceError, and changes nothing, when the job has another fence or has ended."""
        row = self.connection.execute(
            sa.update(JOBS)
            .where(JOBS.c.id == job_id, JOBS.c.fence == fence, OPEN)
            .values(**_plain(values))
            .returning(*JOBS.c)
        ).first()
        if row is None:
            raise StaleFenceError(f"Job {job_id} is no longer under fence {fence}", "leave it to its new owner")
        return _job(row)

    def add_pages(
        self, job_id: int, pages: Sequence[Page], confirmed_at: Instant | None = None, attempt: int | None = None
    ) -> None:
        """In place of any that an earlier worker recorded for this job."""
        self.connection.execute(sa.delete(PAGES).where(PAGES.c.job_id == job_id))
        rows = [
            {
                "job_id": job_id,
                "number": number,
                "hash": page.hash,
                "width_px": page.width_px,
                "height_px": page.height_px,
                "resolution": page.resolution.name,
                "bad_rows": len(page.bad_rows),
                "confirmed_at": confirmed_at,
                "attempt": attempt,
            }
            for number, page in enumerate(pages, 1)
        ]
        if rows:
            self.connection.execute(sa.insert(PAGES), rows)

    def confirm_pages(self, job_id: int, count: int, attempt: int, now: Instant) -> None:
        """The first *count* pages have arrived; those that were known before keep their time."""
        self.connection.execute(
            sa.update(PAGES)
            .where(PAGES.c.job_id == job_id, PAGES.c.number <= count, PAGES.c.confirmed_at.is_(None))
            .values(confirmed_at=now, attempt=attempt)
        )

    def log(self, job: Job, at: Instant, line: str) -> None:
        self.connection.execute(
            sa.insert(LOG).values(
                job_id=job.id,
                at=at,
                line=line,
                progress=int(job.progress),
                result=job.result if job.result is None else int(job.result),
                cause=job.cause,
                text=job.text,
                pages=job.pages,
                pages_confirmed=job.pages_confirmed,
                attempts=job.attempts,
            )
        )


def _prepare(connection: Any, _record: Any) -> None:
    """The driver must begin no transactions of its own; the first pragma makes the others wait for their turn."""
    connection.isolation_level = None
    for pragma in ("busy_timeout=10000", "journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {pragma}").close()


def _begin(connection: sa.Connection) -> None:
    reading = connection.get_execution_options().get("reading", False)
    connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")


def _plain(values: Mapping[str, Any]) -> dict[str, Any]:
    """Enum members as the columns hold them."""
    plain: dict[str, Any] = {}
    for name, value in values.items():
        if isinstance(value, Resolution):
            plain[name] = value.name
        elif isinstance(value, Direction | Progress | Result):
            plain[name] = int(value)
        else:
            plain[name] = value
    return plain


def _result(value: int | None) -> Result | None:
    return None if value is None else Result(value)


def _job(row: Any) -> Job:
    values = dict(row._mapping)
    values["direction"] = Direction(values["direction"])
    values["progress"] = Progress(values["progress"])
    values["result"] = _result(values["result"])
    values["resolution"] = Resolution[values["resolution"]]
    return Job(**values)


def _page(row: Any) -> PageRecord:
    values = dict(row._mapping)
    del values["job_id"]
    values["resolution"] = Resolution[values["resolution"]]
    return PageRecord(**values)


def _entry(row: Any) -> LogEntry:
    values = dict(row._mapping)
    del values["id"], values["job_id"]
    values["progress"] = Progress(values["progress"])
    values["result"] = _result(values["result"])
    return LogEntry(**values)
