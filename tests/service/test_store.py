"""The database file: its schema, its locks, its clock."""

import sqlite3
import time

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from rig.service.errors import StaleFenceError
from rig.service.model import Direction, Job, Progress
from rig.service.store import Store, Transaction
from rig.service.tables import METADATA


@pytest.fixture
def path(tmp_path):
    return tmp_path / "service.db"


@pytest.fixture
def store(path):
    one = Store(f"sqlite:///{path}")
    yield one
    one.close()


def insert(transaction: Transaction, now: int = 0) -> Job:
    return transaction.insert(
        direction=Direction.OUTGOING, progress=Progress.CREATED, number="1", document_name="a", created_at=now, due=now
    )


def add(store: Store, now: int = 0) -> int:
    with store.transaction() as transaction:
        return insert(transaction, now).id


def test_the_migrations_make_the_schema_that_the_code_uses(store, path):
    engine = sa.create_engine(f"sqlite:///{path}")
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), METADATA) == []
    engine.dispose()


def test_opened_again_it_holds_what_it_held(store, path):
    job_id = add(store)
    again = Store(f"sqlite:///{path}")
    assert again.job(job_id) == store.job(job_id)
    again.close()


def test_it_is_durable(store, path):
    with store.transaction() as transaction:
        mode = transaction.connection.exec_driver_sql("PRAGMA journal_mode").scalar()
        sync = transaction.connection.exec_driver_sql("PRAGMA synchronous").scalar()
    assert (mode, sync) == ("wal", 2)


def test_a_transaction_locks_before_it_reads(store, path):
    other = sqlite3.connect(path, timeout=0, isolation_level=None)
    with store.transaction() as transaction:
        transaction.job(1)
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            other.execute("BEGIN IMMEDIATE")
    other.execute("BEGIN IMMEDIATE")
    other.close()


def test_reading_does_not_wait_for_a_writer(store, path):
    other = sqlite3.connect(path, timeout=0, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    assert store.jobs() == []
    other.close()


def test_a_failed_transaction_leaves_nothing(store):
    def half() -> None:
        with store.transaction() as transaction:
            insert(transaction)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        half()
    assert store.jobs() == []


def test_one_claim_one_owner(store):
    job_id = add(store)
    with store.transaction() as transaction:
        claimed = transaction.claim("a", 5, 15, [Progress.CREATED])
        assert claimed is not None
        assert (claimed.id, claimed.owner, claimed.lease, claimed.fence) == (job_id, "a", 15, 1)
        assert transaction.claim("b", 14, 24, [Progress.CREATED]) is None
        again = transaction.claim("b", 15, 25, [Progress.CREATED])
        assert again is not None
        assert again.fence == 2
        with pytest.raises(StaleFenceError):
            transaction.update(job_id, 1, text="too late")
        assert transaction.update(job_id, 2, text="in time").text == "in time"


def test_next_due(store):
    assert store.next_due(0) is None
    add(store, 10)
    assert store.next_due(0) == 10
    assert store.next_due(20) == 20
    with store.transaction() as transaction:
        transaction.claim("a", 20, 30, [Progress.CREATED])
    assert store.next_due(20) == 30


def test_the_clock_is_the_wall_clock(store):
    assert abs(store.clock() / 1e6 - time.time()) < 2
