"""Who asks, and how far that reaches. What is not the asker's own looks like what is not there."""

from dataclasses import dataclass

import sqlalchemy as sa

from firmware_sim.clock import Instant, seconds
from rig.service.accounts.book import Book
from rig.service.accounts.model import BENCH, Domain, Kind, Licence, Role, Token, User
from rig.service.accounts.passwords import digest
from rig.service.accounts.tables import TOKENS
from rig.service.errors import ForbiddenError, SignInError, UnknownError
from rig.service.model import Direction
from rig.service.tables import JOBS

USED_EVERY = seconds(60)
"""How exactly the last use of a token is kept: each note of it costs a write."""


@dataclass(frozen=True, slots=True)
class Asker:
    """*user* is None for whoever has no token, and for the operator at the machine itself."""

    user: User | None = None
    operator: bool = False
    token_id: int | None = None

    @property
    def who(self) -> str:
        return "operator" if self.operator else "anonymous" if self.user is None else self.user.login

    @property
    def user_id(self) -> int | None:
        return None if self.user is None else self.user.id

    @property
    def role(self) -> Role | None:
        return None if self.user is None else self.user.role


ANONYMOUS = Asker()
OPERATOR = Asker(operator=True)


def asker_of(book: Book, token: str | None, now: Instant) -> Asker:
    """Without a token it is the bench's own domain that asks, as long as that is open. Raises SignInError."""
    if token is None:
        if not book.get(Domain, BENCH).open:
            raise SignInError("This needs a token", "send Authorization: Bearer with a token of yours")
        return ANONYMOUS
    found = book.find(Token, TOKENS.c.digest == digest(token))
    if not found or (found[0].expires_at is not None and found[0].expires_at <= now):
        raise SignInError("The token is not known, or no longer valid", "sign in again, or have a new one made")
    user = book.get(User, found[0].user_id)
    if not user.active:
        raise SignInError(f"{user.login} is switched off", "ask your office manager")
    used = found[0].used_at
    if used is None or now - used >= USED_EVERY:
        book.change(Token, found[0].id, used_at=now)
    return Asker(user, token_id=found[0].id)


def signed_in(asker: Asker) -> User:
    if asker.user is None:
        raise SignInError("This needs a token", "send Authorization: Bearer with a token of yours")
    return asker.user


def administered(book: Book, asker: Asker, domain_id: int) -> Domain:
    """The domain, when *asker* manages it or sells to it. Raises UnknownError, ForbiddenError, SignInError."""
    if not asker.operator:
        user = signed_in(asker)
        if user.domain_id == domain_id and user.role is not Role.MANAGER:
            raise ForbiddenError("This is for office managers", "ask yours")
    return known_domain(book, asker, domain_id)


def sold(book: Book, asker: Asker, domain_id: int) -> Domain:
    """The domain, when *asker* is its reseller."""
    domain = administered(book, asker, domain_id)
    if asker.role is Role.MANAGER:
        raise ForbiddenError("This is for the reseller of the domain", "ask yours")
    return domain


def managed(book: Book, asker: Asker, domain_id: int) -> Domain:
    """The domain, when *asker* is its office manager: a reseller does not look into boxes."""
    domain = administered(book, asker, domain_id)
    if asker.role is not Role.MANAGER:
        raise ForbiddenError("Only an office manager of the domain may open its boxes", "ask the manager")
    return domain


def known_domain(book: Book, asker: Asker, domain_id: int) -> Domain:
    missing = UnknownError(f"There is no domain {domain_id}", "look at the list for those there are")
    found = book.find(Domain, id=domain_id)
    if not found:
        raise missing
    domain = found[0]
    if asker.operator:
        return domain
    user = signed_in(asker)
    mine = domain.reseller_id == user.reseller_id if user.role is Role.RESELLER else domain.id == user.domain_id
    if not mine:
        raise missing
    return domain


def boxes_of(book: Book, user: User) -> list[User]:
    """Whose boxes are open to *user*: the user's own, and those of the user's groups."""
    return [user, *book.groups_of(user.id)]


def visible(book: Book, asker: Asker) -> sa.ColumnElement[bool]:
    """Which jobs *asker* may see in the user portal. What came in for somebody without a licence waits."""
    if asker.operator:
        return sa.true()
    if asker.user is None:
        return sa.and_(JOBS.c.domain_id == BENCH, JOBS.c.owner_id.is_(None))
    if asker.user.domain_id is None:
        return sa.false()
    boxes = boxes_of(book, asker.user)
    licensed = [box.id for box in boxes if box.licence is not Licence.NONE]
    if asker.user.licence is Licence.NONE:
        licensed = []
    return sa.and_(
        JOBS.c.domain_id == asker.user.domain_id,
        JOBS.c.owner_id.in_([box.id for box in boxes]),
        sa.or_(JOBS.c.direction == int(Direction.OUTGOING), JOBS.c.owner_id.in_(licensed)),
    )


def unlicensed(book: Book, user: User) -> list[User]:
    """The user and groups whose missing licence keeps faxes from *user*."""
    if user.domain_id is None:
        return []
    return [box for box in boxes_of(book, user) if box.licence is Licence.NONE]


def group_named(user: User) -> str:
    return f"the group {user.name}" if user.kind is Kind.GROUP else user.name
