"""Reading and writing accounts inside one transaction. Rules are elsewhere: this is the shelf, not the clerk."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, TypeVar

import sqlalchemy as sa

from firmware_sim.clock import Instant
from rig.service.accounts import tables
from rig.service.accounts.model import (
    AuditEntry,
    Domain,
    FaxAccount,
    Handling,
    Interface,
    Kind,
    Licence,
    Method,
    Number,
    Numbering,
    Reseller,
    Role,
    Token,
    Treatment,
    User,
)
from rig.service.errors import UnknownError

T = TypeVar("T", Reseller, Domain, User, Number, FaxAccount, Interface, Token, AuditEntry)

TABLES: Mapping[type, sa.Table] = {
    Reseller: tables.RESELLERS,
    Domain: tables.DOMAINS,
    User: tables.USERS,
    Number: tables.NUMBERS,
    FaxAccount: tables.ACCOUNTS,
    Interface: tables.INTERFACES,
    Token: tables.TOKENS,
    AuditEntry: tables.AUDIT,
}
CALLED: Mapping[type, str] = {FaxAccount: "fax account", Interface: "fax interface", AuditEntry: "audit entry"}
ENUMS: Mapping[str, type[StrEnum]] = {
    "kind": Kind,
    "role": Role,
    "licence": Licence,
    "treatment": Treatment,
    "handling": Handling,
    "numbering": Numbering,
}


class Book:
    def __init__(self, connection: sa.Connection) -> None:
        self.connection = connection

    def get(self, kind: type[T], key: int, /) -> T:
        """Raises UnknownError."""
        found = self.find(kind, id=key)
        if not found:
            name = CALLED.get(kind, kind.__name__.lower())
            raise UnknownError(f"There is no {name} {key}", "look at the list for those there are")
        return found[0]

    def find(self, kind: type[T], /, *conditions: Any, limit: int | None = None, **equal: Any) -> list[T]:
        """In the order in which they came."""
        table = TABLES[kind]
        wanted = [table.c[name] == _plain(value) for name, value in equal.items()]
        rows = self.connection.execute(sa.select(table).where(*wanted, *conditions).order_by(table.c.id).limit(limit))
        return [_made(kind, row) for row in rows]

    def newest(self, kind: type[T], /, *conditions: Any, limit: int) -> list[T]:
        table = TABLES[kind]
        rows = self.connection.execute(sa.select(table).where(*conditions).order_by(table.c.id.desc()).limit(limit))
        return [_made(kind, row) for row in rows]

    def count(self, kind: type, /, *conditions: Any, **equal: Any) -> int:
        table = TABLES[kind]
        wanted = [table.c[name] == _plain(value) for name, value in equal.items()]
        query = sa.select(sa.func.count()).select_from(table).where(*wanted, *conditions)
        return int(self.connection.execute(query).scalar_one())

    def add(self, kind: type[T], /, **values: Any) -> T:
        table = TABLES[kind]
        row = self.connection.execute(sa.insert(table).values(**_plain_all(values)).returning(*table.c)).one()
        return _made(kind, row)

    def change(self, kind: type[T], key: int, /, **values: Any) -> T:
        table = TABLES[kind]
        if values:
            self.connection.execute(sa.update(table).where(table.c.id == key).values(**_plain_all(values)))
        return self.get(kind, key)

    def remove(self, kind: type, key: int) -> None:
        table = TABLES[kind]
        self.connection.execute(sa.delete(table).where(table.c.id == key))

    def members(self, group_id: int) -> list[User]:
        inside = sa.select(tables.MEMBERS.c.user_id).where(tables.MEMBERS.c.group_id == group_id)
        return self.find(User, tables.USERS.c.id.in_(inside))

    def groups_of(self, user_id: int) -> list[User]:
        around = sa.select(tables.MEMBERS.c.group_id).where(tables.MEMBERS.c.user_id == user_id)
        return self.find(User, tables.USERS.c.id.in_(around))

    def set_members(self, group_id: int, user_ids: list[int]) -> None:
        self.connection.execute(sa.delete(tables.MEMBERS).where(tables.MEMBERS.c.group_id == group_id))
        for user_id in dict.fromkeys(user_ids):
            self.connection.execute(sa.insert(tables.MEMBERS).values(group_id=group_id, user_id=user_id))

    def audit(self, now: Instant, who: str, action: str, text: str = "", ids: Mapping[str, int | None] = {}) -> None:
        """*ids*: domain_id, user_id, job_id, account_id."""
        values = {"at": now, "who": who[:130], "action": action, "text": text}
        self.connection.execute(sa.insert(tables.AUDIT).values(**values, **ids))


def _made(kind: type[T], row: Any) -> T:
    values = {name: value for name, value in row._mapping.items() if name in kind.__dataclass_fields__}
    for name in values:
        if name in ENUMS:
            values[name] = ENUMS[name](values[name])
        elif name == "methods":
            values[name] = frozenset(Method(word) for word in values[name].split(",") if word)
        elif name == "serial":
            values[name] = values[name] or ""
    return kind(**values)


def _plain_all(values: Mapping[str, Any]) -> dict[str, Any]:
    plain = {name: _plain(value) for name, value in values.items()}
    if "serial" in plain:
        plain["serial"] = plain["serial"] or None
    return plain


def _plain(value: Any) -> Any:
    if isinstance(value, StrEnum):
        return value.value
    if isinstance(value, frozenset):
        return ",".join(sorted(method.value for method in value))
    return value
