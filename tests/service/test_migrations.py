"""A database that an earlier version made is taken over whole. ``schema_0001.sql`` was dumped from one."""

import sqlite3
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from rig.service.accounts.book import Book
from rig.service.accounts.model import BENCH, Domain
from rig.service.model import Progress, Result
from rig.service.store import Store
from rig.service.tables import METADATA


@pytest.fixture
def old(tmp_path):
    path = tmp_path / "service.db"
    connection = sqlite3.connect(path)
    connection.executescript((Path(__file__).parent / "schema_0001.sql").read_text())
    connection.close()
    return path


def test_an_old_database_keeps_its_faxes(old):
    store = Store(f"sqlite:///{old}")
    waiting, ended = store.job(1), store.job(2)
    assert (waiting.number, waiting.progress, waiting.domain_id, waiting.owner_id) == ("201", Progress.CREATED, 1, None)
    assert (ended.result, ended.trace_id, ended.deleted_at) == (Result.ABORT, "case-7", None)
    assert [entry.text for entry in store.history(2)] == ["accepted", "cancelled before it was sent"]
    with store.transaction() as transaction:
        assert transaction.claim("w", 5_000_000, 6_000_000, [Progress.CREATED]).id == 1
    store.close()


def test_an_old_database_gets_the_schema_and_the_bench(old):
    store = Store(f"sqlite:///{old}")
    with store.transaction() as transaction:
        assert compare_metadata(MigrationContext.configure(transaction.connection), METADATA) == []
        migrated = Book(transaction.connection).get(Domain, BENCH)
    fresh = Store()
    with fresh.transaction() as transaction:
        assert Book(transaction.connection).get(Domain, BENCH) == migrated
    for one in (store, fresh):
        one.close()


@pytest.mark.parametrize("url", ["old", "fresh", "memory"])
def test_the_audit_log_only_grows(old, tmp_path, url):
    urls = {"old": f"sqlite:///{old}", "fresh": f"sqlite:///{tmp_path / 'new.db'}", "memory": "sqlite://"}
    store = Store(urls[url])
    with store.transaction() as transaction:
        Book(transaction.connection).audit(1, "somebody", "opened")
    for words in ("DELETE FROM audit", "UPDATE audit SET who = 'nobody'"):
        with pytest.raises(sa.exc.IntegrityError, match="only grows"), store.transaction() as transaction:
            transaction.connection.exec_driver_sql(words)
    store.close()
