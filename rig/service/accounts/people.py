"""Users, groups, their licences, passwords and tokens."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from firmware_sim.clock import Duration, Instant, seconds
from rig.service.accounts import rules
from rig.service.accounts.access import Asker, administered, signed_in
from rig.service.accounts.book import Book
from rig.service.accounts.model import Domain, FaxAccount, Kind, Licence, Number, Role, Token, User
from rig.service.accounts.passwords import Passwords, digest, new_token
from rig.service.errors import AccountError, ForbiddenError, InvalidError, SignInError, UnknownError

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
MAIL = re.compile(r"[^@\s,;<>\"\\\x00-\x1f\x7f]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9.-]{0,180}[A-Za-z0-9])?")
SESSION = seconds(12 * 3600)


@dataclass(frozen=True, slots=True)
class Changes:
    """What is to become of a user; None leaves a thing as it is."""

    mail: str | None = None
    licence: Licence | None = None
    role: Role | None = None
    active: bool | None = None
    password: str | None = None


@dataclass(frozen=True, slots=True)
class NewUser:
    name: str
    kind: Kind = Kind.USER
    role: Role = Role.USER
    mail: str = ""
    licence: Licence = Licence.NONE
    password: str = ""


class People:
    """Each method does one thing inside the transaction of *book*. Raises AccountError and its kin."""

    def __init__(self, book: Book, passwords: Passwords, now: Instant) -> None:
        self._book, self._passwords, self._now = book, passwords, now

    def users(self, asker: Asker, domain_id: int) -> Sequence[User]:
        domain = administered(self._book, asker, domain_id)
        return self._book.find(User, domain_id=domain.id)

    def user(self, asker: Asker, domain_id: int, user_id: int) -> User:
        return self._inside(administered(self._book, asker, domain_id), user_id)

    def add(self, asker: Asker, domain_id: int, new: NewUser) -> User:
        """A group gets its licence here; a user gets the one that is asked for."""
        domain = administered(self._book, asker, domain_id)
        if new.kind is Kind.GROUP:
            new = NewUser(new.name, Kind.GROUP, Role.USER, new.mail, Licence.FAX)
        if new.role is Role.RESELLER:
            raise InvalidError("A user of a domain cannot be a reseller", "choose user or manager")
        if new.kind is not Kind.USER and new.role is not Role.USER:
            raise InvalidError(f"A {new.kind} cannot be an office manager", "make a user for that")
        if new.kind is Kind.FAX_ONLY and not new.mail:
            raise InvalidError("A fax-only user is there for its mail address", "give one")
        self._check_licence(domain, new.licence)
        user = self._insert(new, domain.id, domain.reseller_id, f"{checked_name(new.name)}@{domain.name}")
        self._audit(asker, "user added", user, new.kind)
        return user

    def add_reseller_user(self, asker: Asker, reseller_id: int, name: str, mail: str = "", password: str = "") -> User:
        if not asker.operator:
            raise ForbiddenError("Only the operator adds users of a reseller", "use the command line of the service")
        new = NewUser(name, Kind.USER, Role.RESELLER, mail, Licence.NONE, password)
        user = self._insert(new, None, reseller_id, checked_name(name))
        self._audit(asker, "user added", user, "reseller")
        return user

    def change(self, asker: Asker, domain_id: int, user_id: int, changes: Changes) -> User:
        domain = administered(self._book, asker, domain_id)
        user = self._inside(domain, user_id)
        values: dict[str, object] = {}
        if changes.mail is not None:
            values["mail"] = self._mail_for(user, changes.mail)
        if changes.licence is not None and changes.licence is not user.licence:
            if user.kind is Kind.GROUP and changes.licence is Licence.UC:
                raise InvalidError("A group needs a fax licence, not one for UC", "assign a fax licence")
            self._check_licence(domain, changes.licence)
            values["licence"] = changes.licence
        if changes.role is not None and changes.role is not user.role:
            values["role"] = self._role_for(asker, user, changes.role)
        if changes.active is not None and changes.active is not user.active:
            values |= self._switched(asker, user, changes.active)
        if changes.password is not None:
            values["password"] = self._password_for(user, changes.password)
        changed = self._book.change(User, user.id, **values)
        self._audit(asker, "user changed", changed, ", ".join(sorted(values)))
        return changed

    def set_members(self, asker: Asker, domain_id: int, group_id: int, names: Sequence[str]) -> Sequence[User]:
        domain = administered(self._book, asker, domain_id)
        group = self._inside(domain, group_id)
        if group.kind is not Kind.GROUP:
            raise InvalidError(f"{group.name} is no group", "name a group")
        users = [self.named(domain, name) for name in names]
        for user in users:
            if user.kind is Kind.GROUP:
                raise InvalidError(f"{user.name} is a group itself", "name its users")
        self._book.set_members(group.id, [user.id for user in users])
        self._audit(asker, "members set", group, ", ".join(user.name for user in users))
        return self._book.members(group.id)

    def members(self, asker: Asker, domain_id: int, group_id: int) -> Sequence[User]:
        return self._book.members(self.user(asker, domain_id, group_id).id)

    def named(self, domain: Domain, name: str) -> User:
        """By name, with or without the domain."""
        login = name if "@" in name else f"{name}@{domain.name}"
        found = self._book.find(User, domain_id=domain.id, login=login.strip().lower())
        if not found:
            raise UnknownError(f"There is no user “{name[:64]}” in {domain.name}", "create the user first")
        return found[0]

    def licences(self, domain: Domain) -> dict[str, tuple[int, int | None]]:
        """Of each kind how many are in use, and how many there are (None: unlimited)."""
        users = {kind: self._book.count(User, domain_id=domain.id, licence=kind) for kind in (Licence.UC, Licence.FAX)}
        return {"uc": (users[Licence.UC], domain.uc_licences), "fax": (users[Licence.FAX], domain.fax_licences)}

    # tokens

    def sign_in(self, login: str, password: str) -> tuple[str, Token]:
        """A token for some hours. Raises SignInError, which does not tell whether there is such a user."""
        found = self._book.find(User, login=login.strip().lower())
        fits = self._passwords.fits(password, found[0].password if found else "")
        if not found or not fits or not found[0].active:
            raise SignInError("Name and password do not belong together", "write the name as name@domain, try again")
        return self._token(found[0], "session", SESSION)

    def change_own_password(self, asker: Asker, old: str, new: str) -> None:
        user = signed_in(asker)
        if not self._passwords.fits(old, user.password):
            raise InvalidError("The old password is another one", "try again, or ask your office manager")
        self._book.change(User, user.id, password=self._password_for(user, new))
        self._audit(asker, "user changed", user, "password")

    def add_token(self, asker: Asker, name: str, lasts: Duration | None = None) -> tuple[str, Token]:
        return self._token(signed_in(asker), name, lasts)

    def token_for(self, asker: Asker, user: User, name: str) -> tuple[str, Token]:
        if not asker.operator:
            raise ForbiddenError("Only the operator makes tokens for others", "have the user sign in")
        return self._token(user, name, None)

    def tokens(self, asker: Asker) -> Sequence[Token]:
        return self._book.find(Token, user_id=signed_in(asker).id)

    def remove_token(self, asker: Asker, token_id: int) -> None:
        if not self._book.count(Token, id=token_id, user_id=signed_in(asker).id):
            raise UnknownError(f"There is no token {token_id}", "look at the list for those there are")
        self._book.remove(Token, token_id)

    def _token(self, user: User, name: str, lasts: Duration | None) -> tuple[str, Token]:
        text = new_token()
        expires = None if lasts is None else self._now + lasts
        kept = self._book.add(
            Token, user_id=user.id, name=name[:64], digest=digest(text), created_at=self._now, expires_at=expires
        )
        return text, kept

    # small things

    def _inside(self, domain: Domain, user_id: int) -> User:
        found = self._book.find(User, id=user_id, domain_id=domain.id)
        if not found:
            raise UnknownError(f"There is no user {user_id} in {domain.name}", "look at the list for those there are")
        return found[0]

    def _insert(self, new: NewUser, domain_id: int | None, reseller_id: int, login: str) -> User:
        login = login.lower()
        if self._book.count(User, login=login):
            raise AccountError(f"There is a user {login} already", "choose another name")
        return self._book.add(
            User,
            domain_id=domain_id,
            reseller_id=reseller_id,
            kind=new.kind,
            role=new.role,
            name=new.name,
            login=login,
            mail=checked_mail(new.mail),
            licence=new.licence,
            active=True,
            password=self._passwords.hashed(new.password) if new.password else "",
            created_at=self._now,
        )

    def _check_licence(self, domain: Domain, licence: Licence) -> None:
        if licence is not Licence.NONE:
            used, had = self.licences(domain)[licence.value]
            rules.check_licences_left("UC" if licence is Licence.UC else "fax", had, used, domain.name)

    def _mail_for(self, user: User, mail: str) -> str:
        """Taking away a mail address that an account needs is refused."""
        if not mail:
            for account in self._book.find(FaxAccount, owner_id=user.id):
                bare = User(**{**{name: getattr(user, name) for name in User.__slots__}, "mail": ""})
                rules.check_account(
                    bare, account.methods, account.handling, account.device_type, account.serial, account.hipaa
                )
        return checked_mail(mail)

    def _role_for(self, asker: Asker, user: User, role: Role) -> Role:
        if role is Role.RESELLER or (role is Role.MANAGER and user.kind is not Kind.USER):
            raise InvalidError(f"A {user.kind} of a domain cannot be {role}", "choose another role")
        if user.id == asker.user_id:
            raise ForbiddenError("You cannot take your own role away", "have another manager or the reseller do it")
        return role

    def _switched(self, asker: Asker, user: User, active: bool) -> dict[str, object]:
        """Somebody who is switched off gives back the licence and loses all tokens."""
        if active:
            return {"active": True}
        if user.id == asker.user_id:
            raise ForbiddenError("You cannot switch yourself off", "have another manager or the reseller do it")
        owned = self._book.count(FaxAccount, owner_id=user.id) + self._book.count(Number, user_id=user.id)
        if owned:
            raise AccountError(f"Numbers are routed to {user.name}", "route them elsewhere and delete the accounts")
        for token in self._book.find(Token, user_id=user.id):
            self._book.remove(Token, token.id)
        return {"active": False, "licence": Licence.NONE}

    def _password_for(self, user: User, password: str) -> str:
        if user.kind is Kind.GROUP:
            raise InvalidError("A group does not sign in", "its members do, each with a password")
        for token in self._book.find(Token, user_id=user.id, name="session"):
            self._book.remove(Token, token.id)
        return self._passwords.hashed(password)

    def _audit(self, asker: Asker, action: str, user: User, text: str) -> None:
        words = f"{user.login}: {text}"
        ids = {"domain_id": user.domain_id, "user_id": asker.user_id}
        self._book.audit(self._now, asker.who, action, words, ids)


def checked_name(name: str) -> str:
    if not NAME.fullmatch(name):
        raise InvalidError(
            f"“{name[:64]}” cannot be a name", "use letters, digits, dot, hyphen and underscore, at most 64"
        )
    return name


def checked_mail(mail: str) -> str:
    if mail and not MAIL.fullmatch(mail):
        raise InvalidError(f"“{mail[:80]}” is no mail address", "write it as name@example.com")
    return mail
