"""Fax accounts from a list (CSV): all of them, or none and every line's error. A dry run only looks.

Columns, in any order: ``number`` and ``user``; optionally ``mail`` ``methods`` ``handling`` ``device`` ``serial``
``hipaa`` ``manager``. A user who is not there and has a mail address becomes a fax-only user.
"""

import csv
import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from rig.service.accounts.access import Asker, administered
from rig.service.accounts.book import Book
from rig.service.accounts.model import Handling, Kind, Licence, Method
from rig.service.accounts.numbers import Numbers, Wanted
from rig.service.accounts.people import NewUser, People
from rig.service.errors import InvalidError, ServiceError, UnknownError

NEEDED = ("number", "user")
COLUMNS = (*NEEDED, "mail", "methods", "handling", "device", "serial", "hipaa", "manager")
MOST_OCTETS = 5_000_000
MOST_ROWS = 10_000
W = TypeVar("W", Method, Handling)
YES, NO = ("yes", "y", "true", "1"), ("no", "n", "false", "0", "")


@dataclass(frozen=True, slots=True)
class LineError:
    line: int
    text: str


@dataclass(frozen=True, slots=True)
class Imported:
    """*accounts* is how many there are to add; they were *added* only when nothing was wrong and it was no dry run."""

    accounts: int
    fax_only_users: int
    added: bool
    errors: tuple[LineError, ...] = ()


class _UndoneError(Exception):
    """Takes a transaction back to where it began."""


def add_all(
    book: Book, people: People, numbers: Numbers, asker: Asker, domain_id: int, text: bytes, dry_run: bool
) -> Imported:
    """Each line is really added, so that lines are held against each other; then all is kept, or all taken back."""
    administered(book, asker, domain_id)
    errors: list[LineError] = []
    accounts = made = 0
    try:
        with book.connection.begin_nested():
            for line, row in rows(text):
                try:
                    with book.connection.begin_nested():
                        made += _add(people, numbers, asker, domain_id, row)
                        accounts += 1
                except ServiceError as error:
                    errors.append(LineError(line, str(error)))
            if errors or dry_run:
                raise _UndoneError
    except _UndoneError:
        return Imported(accounts, made, False, tuple(errors))
    return Imported(accounts, made, True)


def rows(text: bytes) -> Iterator[tuple[int, Mapping[str, str]]]:
    """Lines with what they hold by column. Raises InvalidError for what is no such list at all."""
    if len(text) > MOST_OCTETS:
        raise InvalidError(f"The list is larger than {MOST_OCTETS // 1_000_000} MB", "import it in parts")
    try:
        decoded = text.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InvalidError("The list is not in UTF-8", "save it as “CSV UTF-8”") from error
    first = decoded.split("\n", 1)[0]
    reader = csv.reader(io.StringIO(decoded, newline=""), delimiter=";" if ";" in first else ",", strict=True)
    try:
        yield from _rows(reader)
    except csv.Error as error:
        raise InvalidError(f"Line {reader.line_num} is no CSV ({error})", "save the list as CSV again") from error


def _rows(reader: Any) -> Iterator[tuple[int, Mapping[str, str]]]:
    names = [name.strip().lower() for name in next(reader, [])]
    missing = [name for name in NEEDED if name not in names]
    unknown = [name for name in names if name not in COLUMNS]
    if missing or unknown or len(set(names)) < len(names):
        wrong = f"lacks {', '.join(missing)}" if missing else f"has unknown or double columns: {', '.join(names)[:200]}"
        raise InvalidError(f"The first line {wrong}", f"name the columns there: {', '.join(COLUMNS)}")
    count = 0
    for cells in reader:
        if not any(cell.strip() for cell in cells):
            continue
        count += 1
        if count > MOST_ROWS:
            raise InvalidError(f"The list has more than {MOST_ROWS} lines", "import it in parts")
        if len(cells) > len(names):
            cells = [*cells[: len(names)]]
            yield reader.line_num, {"": "more cells than columns"}
            continue
        yield reader.line_num, dict(zip(names, (cell.strip() for cell in cells), strict=False))


def _add(people: People, numbers: Numbers, asker: Asker, domain_id: int, row: Mapping[str, str]) -> int:
    """One line; gives how many fax-only users it made."""
    if "" in row:
        raise InvalidError("The line has more cells than there are columns", "put cells with commas into quotes")
    wanted = wanted_of(row)
    try:
        numbers.add_account(asker, domain_id, wanted)
    except UnknownError:
        if not row.get("mail") or any(
            user.name.lower() == wanted.owner.lower() for user in people.users(asker, domain_id)
        ):
            raise
    else:
        return 0
    new = NewUser(wanted.owner, Kind.FAX_ONLY, mail=row["mail"], licence=Licence.FAX)
    user = people.add(asker, domain_id, new)
    numbers.add_account(asker, domain_id, replace(wanted, owner=user.login))
    return 1


def wanted_of(row: Mapping[str, str]) -> Wanted:
    """Raises InvalidError for a word that is none of those to choose from."""
    for name in NEEDED:
        if not row.get(name):
            raise InvalidError(f"There is no {name}", "fill it in, or delete the line")
    words = row.get("methods", "").lower().replace("+", " ").replace("|", " ").split() or [Method.PORTAL.value]
    return Wanted(
        number=row["number"],
        owner=row["user"],
        methods=frozenset(_one_of(Method, word, "method") for word in words),
        handling=_one_of(Handling, row.get("handling", "").lower() or Handling.PORTAL.value, "inbound handling"),
        device_type=row.get("device", ""),
        serial=row.get("serial", ""),
        hipaa=_yes(row.get("hipaa", ""), "hipaa"),
        manager_may_open=_yes(row.get("manager", ""), "manager"),
    )


def _one_of(kind: type[W], word: str, called: str) -> W:
    try:
        return kind(word)
    except ValueError:
        raise InvalidError(f"“{word[:60]}” is no {called}", f"choose from: {', '.join(kind)}") from None


def _yes(word: str, column: str) -> bool:
    if word.lower() not in (*YES, *NO):
        raise InvalidError(f"“{word[:60]}” in the column {column} is neither yes nor no", "write yes or no")
    return word.lower() in YES
