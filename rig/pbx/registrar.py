"""Where the PBX keeps who is registered, and answers REGISTER (RFC 3261 section 10.3)."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from firmware_sim.clock import Instant, seconds
from firmware_sim.errors import DecodeError
from firmware_sim.events import Address
from firmware_sim.sip.headers import NameAddr, Uri
from firmware_sim.sip.message import Request

MIN_EXPIRES_S = 10
MAX_EXPIRES_S = 3600
DEFAULT_EXPIRES_S = 300


@dataclass(frozen=True)
class PbxAccount:
    user: str
    password: str = field(repr=False)
    numbers: tuple[str, ...] = ()
    """Dialled numbers that ring this account, beside its user name."""

    @property
    def aliases(self) -> tuple[str, ...]:
        return (self.user, *self.numbers)


@dataclass(frozen=True)
class Binding:
    contact: Uri
    source: Address
    """Where the REGISTER came from: calls go there, so that a device behind NAT is found."""
    expires: Instant
    call_id: str
    sequence: int


@dataclass(frozen=True)
class Answer:
    status: int
    reason: str = ""
    headers: tuple[tuple[str, str], ...] = ()


class Registrar:
    def __init__(self, accounts: Sequence[PbxAccount]) -> None:
        self.accounts = {account.user: account for account in accounts}
        self._by_number = {alias: account for account in accounts for alias in account.aliases}
        self._bindings: dict[str, list[Binding]] = {user: [] for user in self.accounts}

    def password(self, user: str) -> str | None:
        account = self.accounts.get(user)
        return account.password if account else None

    def account_of(self, number: str) -> PbxAccount | None:
        return self._by_number.get(number)

    def bindings(self, user: str, now: Instant) -> list[Binding]:
        """Newest first."""
        return [one for one in reversed(self._bindings[user]) if one.expires > now]

    @property
    def deadline(self) -> Instant | None:
        return min((one.expires for bindings in self._bindings.values() for one in bindings), default=None)

    def expire(self, now: Instant) -> list[tuple[str, Binding]]:
        """Take out what is over."""
        gone = []
        for user, bindings in self._bindings.items():
            gone += [(user, one) for one in bindings if one.expires <= now]
            bindings[:] = [one for one in bindings if one.expires > now]
        return gone

    def register(self, user: str, request: Request, source: Address, now: Instant) -> Answer:
        """The answer to an authenticated REGISTER. Raises DecodeError for a broken contact."""
        contacts = request.headers.values("Contact")
        if contacts == ["*"]:
            if (request.headers.get("Expires") or "").strip() != "0":
                return Answer(400, "Contact * Needs Expires 0")
            self._bindings[user].clear()
            return self._listing(user, now)
        wanted = [(contact, _expires(contact, request)) for contact in request.contacts]
        if any(0 < expires < MIN_EXPIRES_S for _, expires in wanted):
            return Answer(423, headers=(("Min-Expires", str(MIN_EXPIRES_S)),))
        if any(self._out_of_order(user, contact.uri, request) for contact, _ in wanted):
            return Answer(500, "Out Of Order")
        for contact, expires in wanted:
            self._bind(user, contact.uri, min(expires, MAX_EXPIRES_S), request, source, now)
        return self._listing(user, now)

    def _out_of_order(self, user: str, contact: Uri, request: Request) -> bool:
        known = next((one for one in self._bindings[user] if one.contact.same_as(contact)), None)
        same_call = known is not None and known.call_id == request.call_id
        return known is not None and same_call and request.cseq.sequence <= known.sequence

    def _bind(self, user: str, contact: Uri, expires: int, request: Request, source: Address, now: Instant) -> None:
        kept = [one for one in self._bindings[user] if not one.contact.same_as(contact)]
        if expires:
            new = Binding(contact, source, now + seconds(expires), request.call_id, request.cseq.sequence)
            kept.append(new)
        self._bindings[user] = kept

    def _listing(self, user: str, now: Instant) -> Answer:
        lines = []
        for one in self.bindings(user, now):
            left = str(-(-(one.expires - now) // 1_000_000))
            lines.append(("Contact", str(NameAddr(one.contact, params={"expires": left}))))
        return Answer(200, headers=tuple(lines))


def _expires(contact: NameAddr, request: Request) -> int:
    text = contact.params.get("expires") or request.headers.get("Expires") or str(DEFAULT_EXPIRES_S)
    if not re.match(r"[0-9]{1,10}\Z", text.strip()):
        raise DecodeError(f"not a number of seconds: {text[:20]!r}")
    return int(text)
