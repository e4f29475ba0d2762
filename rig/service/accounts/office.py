"""All that is done with accounts, in one transaction at a time."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from firmware_sim.clock import Instant
from rig.service.accounts import importing
from rig.service.accounts.access import Asker, administered, asker_of
from rig.service.accounts.book import Book
from rig.service.accounts.boxes import Boxes
from rig.service.accounts.devices import Devices, PlainDevices
from rig.service.accounts.importing import Imported
from rig.service.accounts.model import AuditEntry
from rig.service.accounts.numbers import Numbers
from rig.service.accounts.passwords import Passwords
from rig.service.accounts.people import People
from rig.service.accounts.plant import Plant
from rig.service.accounts.tables import AUDIT
from rig.service.store import Store


@dataclass(frozen=True, slots=True)
class Clerks:
    """Each knows one kind of thing; all work in the same transaction, at the same instant."""

    now: Instant
    book: Book
    people: People
    numbers: Numbers
    plant: Plant
    boxes: Boxes

    def asker(self, token: str | None) -> Asker:
        return asker_of(self.book, token, self.now)

    def import_accounts(self, asker: Asker, domain_id: int, text: bytes, dry_run: bool) -> Imported:
        return importing.add_all(self.book, self.people, self.numbers, asker, domain_id, text, dry_run)

    def audit_log(self, asker: Asker, domain_id: int, before: int | None = None, limit: int = 100) -> list[AuditEntry]:
        """The newest first, from before the entry *before*."""
        domain = administered(self.book, asker, domain_id)
        older = () if before is None else (AUDIT.c.id < before,)
        return self.book.newest(AuditEntry, AUDIT.c.domain_id == domain.id, *older, limit=limit)


class Office:
    def __init__(self, store: Store, passwords: Passwords | None = None, devices: Devices | None = None) -> None:
        self.devices = devices or PlainDevices()
        self._store, self._passwords = store, passwords or Passwords()

    @contextmanager
    def at(self, now: Instant) -> Iterator[Clerks]:
        """What is done inside happens, or nothing of it."""
        with self._store.transaction() as transaction:
            book = Book(transaction.connection)
            people = People(book, self._passwords, now)
            numbers = Numbers(book, people, self.devices, now)
            yield Clerks(now, book, people, numbers, Plant(book, now), Boxes(transaction, now))
