"""Faxes and those who own them: who sends in whose name, where an incoming one goes, who opens what, what is purged.

A fax lies in the box of a user or a group. The fax menu is in the user portal only; a manager opens a box of the
domain where its fax account permits it. Each access by somebody with a name is a line in the audit log.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from firmware_sim.clock import Instant
from rig.service.accounts import rules
from rig.service.accounts.access import Asker, boxes_of, managed, signed_in, unlicensed, visible
from rig.service.accounts.book import Book
from rig.service.accounts.model import BENCH, NO_CALLER_ID, Domain, FaxAccount, Kind, Method, Number, User
from rig.service.accounts.numbering import dialled
from rig.service.accounts.tables import DOMAINS, NUMBERS
from rig.service.errors import FinishedError, ForbiddenError, HipaaError, InvalidError, UnknownError, UnknownJobError
from rig.service.model import Job, Progress
from rig.service.store import Transaction
from rig.service.tables import JOBS, LOG, PAGES


@dataclass(frozen=True, slots=True)
class Envelope:
    """What is on a fax beside its document: where it goes, in whose name."""

    number: str
    caller: str = ""
    domain_id: int = BENCH
    owner_id: int | None = None
    sent_by: int | None = None
    account_id: int | None = None


@dataclass(frozen=True, slots=True)
class Route:
    """Where a fax that came in belongs. *note* says what keeps it from its owner; empty when nothing does."""

    domain_id: int = BENCH
    owner_id: int | None = None
    account_id: int | None = None
    note: str = ""


def envelope(book: Book, asker: Asker, number: str, caller: str = "", box: str = "") -> Envelope:
    """*box* names the group in whose name it is sent; empty is the sender. Raises what keeps it from being sent."""
    if asker.user is None:
        domain = book.get(Domain, BENCH)
        return Envelope(dialled(number, domain.numbering), caller)
    user = signed_in(asker)
    if user.domain_id is None:
        raise ForbiddenError("A reseller has no fax box", "sign in as a user of a domain")
    domain = book.get(Domain, user.domain_id)
    owner = _box_named(book, user, box)
    wanted = dialled(number, domain.numbering)
    rules.check_licensed(user, "nothing can be sent")
    rules.check_licensed(owner, "nothing can be sent in its name")
    if owner.kind is Kind.GROUP and domain.hipaa:
        raise HipaaError(
            "HIPAA mode refuses to send for a group: a fax goes from one person to one", "send it in your own name"
        )
    groups = {group.id for group in book.groups_of(user.id)}
    numbers = book.find(Number, domain_id=domain.id)
    asked = dialled(caller, domain.numbering).lstrip("+") if caller and caller != NO_CALLER_ID else caller
    shown = rules.chosen_caller_id(asked, owner.id, groups | {user.id}, numbers)
    account = _account_for(book, owner, numbers, shown)
    return Envelope(wanted, shown, domain.id, owner.id, user.id, account.id if account else None)


def _box_named(book: Book, user: User, box: str) -> User:
    if not box or box in (user.name, user.login):
        return user
    for group in book.groups_of(user.id):
        if box in (group.name, group.login):
            return group
    raise UnknownError(f"There is no box “{box[:64]}” of yours", "name a group that you are in")


def _account_for(book: Book, owner: User, numbers: Sequence[Number], shown: str) -> FaxAccount | None:
    """The one of the number that is shown, else the owner's first. One without the portal does not send from it."""
    accounts = book.find(FaxAccount, owner_id=owner.id)
    by_number = {number.id: number.digits for number in numbers}
    mine = sorted(accounts, key=lambda account: by_number.get(account.number_id) != shown)
    usable = [account for account in mine if Method.PORTAL in account.methods]
    if mine and not usable:
        raise ForbiddenError(
            f"The fax account of {owner.name} does not send from the portal", "have its method “portal” enabled"
        )
    return usable[0] if usable else None


def route(transaction: Transaction, called: str) -> Route:
    """By the number that was called. A number that nobody has belongs to the bench."""
    book = Book(transaction.connection)
    digits = called.lstrip("+")
    found = book.find(Number, NUMBERS.c.digits.in_([digits, f"1{digits}"]))
    if not found:
        return Route()
    number = sorted(found, key=lambda one: one.digits != digits)[0]
    accounts = book.find(FaxAccount, number_id=number.id)
    if not accounts:
        return Route(number.domain_id, None, None, "its number has no fax account")
    owner = book.get(User, accounts[0].owner_id)
    note = "" if owner.licence else f"{owner.name} has no licence, so it waits until one is assigned"
    return Route(number.domain_id, owner.id, accounts[0].id, note)


class Boxes:
    def __init__(self, transaction: Transaction, now: Instant) -> None:
        self._transaction, self._now = transaction, now
        self._book = Book(transaction.connection)

    def faxes(self, asker: Asker, conditions: Sequence[sa.ColumnElement[bool]], deleted: bool, limit: int) -> list[Job]:
        """The asker's own, the newest first: those in the bin, or the others."""
        binned = JOBS.c.deleted_at.is_not(None) if deleted else JOBS.c.deleted_at.is_(None)
        return self._transaction.select(visible(self._book, asker), binned, *conditions, limit=limit)

    def notice(self, asker: Asker) -> str:
        """What keeps faxes from the asker; empty when nothing does."""
        without = unlicensed(self._book, asker.user) if asker.user is not None else []
        return "; ".join(
            f"{box.name} has no licence: nothing is sent and what comes in waits, have one assigned" for box in without
        )

    def fax(self, asker: Asker, job_id: int, action: str = "") -> Job:
        """A fax of the asker's own. With *action* it is a line in the audit log. Raises UnknownJobError."""
        found = self._transaction.select(visible(self._book, asker), JOBS.c.id == job_id, limit=1)
        if not found:
            raise UnknownJobError(f"There is no fax {job_id}", "look at the list for those there are")
        if action:
            self._audit(asker, action, found[0])
        return found[0]

    def account_faxes(self, asker: Asker, domain_id: int, account_id: int, limit: int) -> list[Job]:
        """A box of the domain, opened by its manager."""
        account = self._permitted(asker, domain_id, account_id)
        ids = {"domain_id": domain_id, "user_id": asker.user_id, "account_id": account.id}
        self._book.audit(self._now, asker.who, "box opened by manager", ids=ids)
        return self._transaction.select(*_in_account(account), JOBS.c.deleted_at.is_(None), limit=limit)

    def account_fax(self, asker: Asker, domain_id: int, account_id: int, job_id: int, action: str) -> Job:
        account = self._permitted(asker, domain_id, account_id)
        found = self._transaction.select(*_in_account(account), JOBS.c.id == job_id, limit=1)
        if not found:
            raise UnknownJobError(f"There is no fax {job_id} in this box", "look at the list for those there are")
        self._audit(asker, f"{action} by manager", found[0])
        return found[0]

    def _permitted(self, asker: Asker, domain_id: int, account_id: int) -> FaxAccount:
        domain = managed(self._book, asker, domain_id)
        found = self._book.find(FaxAccount, id=account_id, domain_id=domain.id)
        if not found:
            raise UnknownError(f"There is no fax account {account_id} in {domain.name}", "look at the list")
        if not found[0].manager_may_open:
            raise ForbiddenError("This fax account does not let managers open its box", "have the account permit it")
        return found[0]

    # deleted, restored, purged

    def delete(self, asker: Asker, job_id: int) -> Job:
        """Into the bin. Raises UnknownJobError, FinishedError."""
        job = self.fax(asker, job_id)
        if job.progress is not Progress.FINISHED:
            raise FinishedError(f"Fax {job_id} has not ended yet", "cancel it first")
        if job.deleted_at is not None:
            raise FinishedError(f"Fax {job_id} is deleted already", "restore it, or leave it")
        return self._bin(asker, job, self._now, "deleted")

    def restore(self, asker: Asker, job_id: int) -> Job:
        job = self.fax(asker, job_id)
        if job.deleted_at is None:
            raise FinishedError(f"Fax {job_id} is not deleted", "nothing is left to restore")
        domain = self._book.get(Domain, job.domain_id)
        if self._now >= rules.purge_at(job.created_at, job.deleted_at, domain):
            raise UnknownJobError(f"Fax {job_id} was deleted too long ago", "ask the sender to send it again")
        return self._bin(asker, job, None, "restored")

    def _bin(self, asker: Asker, job: Job, deleted_at: Instant | None, action: str) -> Job:
        self._audit(asker, action, job)
        query = sa.update(JOBS).where(JOBS.c.id == job.id).values(deleted_at=deleted_at)
        self._transaction.connection.execute(query)
        changed = self._transaction.job(job.id)
        assert changed is not None
        return changed

    def purge(self) -> list[int]:
        """Forget what has been kept for long enough; gives the jobs. Their blobs are swept away as orphans."""
        old = JOBS.c.created_at + DOMAINS.c.keep_days * rules.DAY <= self._now
        binned = JOBS.c.deleted_at + DOMAINS.c.keep_deleted_days * rules.DAY <= self._now
        due = sa.and_(JOBS.c.progress == int(Progress.FINISHED), sa.or_(old, binned))
        query = sa.select(JOBS.c.id).join(DOMAINS, DOMAINS.c.id == JOBS.c.domain_id).where(due).order_by(JOBS.c.id)
        gone = [int(row.id) for row in self._transaction.connection.execute(query.limit(1000))]
        for table, column in ((PAGES, PAGES.c.job_id), (LOG, LOG.c.job_id), (JOBS, JOBS.c.id)):
            self._transaction.connection.execute(sa.delete(table).where(column.in_(gone)))
        return gone

    def _audit(self, asker: Asker, action: str, job: Job) -> None:
        if asker.user is None:
            return
        ids = {"domain_id": job.domain_id, "user_id": asker.user_id, "job_id": job.id, "account_id": job.account_id}
        self._book.audit(self._now, asker.who, action, ids=ids)


def _in_account(account: FaxAccount) -> tuple[sa.ColumnElement[bool], ...]:
    return JOBS.c.account_id == account.id, JOBS.c.domain_id == account.domain_id


def caller_ids(book: Book, asker: Asker) -> list[str]:
    user = signed_in(asker)
    if user.domain_id is None:
        raise InvalidError("A reseller has no caller ID", "sign in as a user of a domain")
    groups = {group.id for group in boxes_of(book, user)[1:]}
    return rules.caller_ids(user.id, groups, book.find(Number, domain_id=user.domain_id))
