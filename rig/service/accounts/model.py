"""Resellers, domains, users, numbers and fax accounts. Values only."""

from dataclasses import dataclass
from enum import StrEnum

from firmware_sim.clock import Instant

BENCH = 1
"""The domain (and reseller) that is always there: what is asked without a token is asked in its name."""
NO_CALLER_ID = "0000000000"


class Role(StrEnum):
    USER = "user"
    MANAGER = "manager"
    """Office manager of one domain."""
    RESELLER = "reseller"


class Kind(StrEnum):
    USER = "user"
    FAX_ONLY = "fax-only user"
    """Exists for a fax account whose mail address differs from that of every user."""
    GROUP = "group"


class Licence(StrEnum):
    NONE = ""
    UC = "uc"
    FAX = "fax"


class Treatment(StrEnum):
    """Where calls to a number go."""

    AVAILABLE = "available"
    USER = "user"
    FAX = "fax"
    """It belongs to a fax account."""
    OTHER = "other"
    """A conference, an announcement: not for faxes."""


class Method(StrEnum):
    """How an account sends."""

    MAIL = "mail"
    PORTAL = "portal"
    ATA = "ata"


class Handling(StrEnum):
    """What becomes of a fax that came in; it is in the portal in any case."""

    MAIL_ATTACHMENT = "mail with attachment"
    """A mail with the fax as its attachment."""
    MAIL_LINK = "mail with link"
    """A mail without the fax, with a link to it in the portal."""
    PORTAL = "portal"
    """No mail."""


class Numbering(StrEnum):
    US = "us"
    """11 digits, or 011 and the destination."""
    PLAIN = "plain"
    """Any digits, as the PBX of a bench understands them."""


@dataclass(frozen=True, slots=True)
class Reseller:
    id: int
    name: str


@dataclass(frozen=True, slots=True)
class Domain:
    id: int
    reseller_id: int
    name: str
    open: bool
    """Whether requests without a token are answered in its name (the bench's own domain only)."""
    numbering: Numbering
    max_fax_numbers: int | None
    """None: unlimited. 0: disabled."""
    uc_licences: int | None
    """How many it has; None: unlimited."""
    fax_licences: int | None
    port_licences: int | None
    hipaa: bool
    keep_days: int
    """After so many days a fax is purged."""
    keep_deleted_days: int
    """For so many days a deleted fax can be restored."""
    created_at: Instant


@dataclass(frozen=True, slots=True)
class User:
    """A user, a fax-only user, or a group. *domain_id* is None for a reseller's."""

    id: int
    domain_id: int | None
    reseller_id: int
    kind: Kind
    role: Role
    name: str
    login: str
    """``name@domain``; of a reseller's user the name alone."""
    mail: str
    licence: Licence
    active: bool
    password: str
    """The hash; empty: no log-in with a password."""
    created_at: Instant


@dataclass(frozen=True, slots=True)
class Number:
    id: int
    domain_id: int
    digits: str
    treatment: Treatment
    user_id: int | None
    """To whom it is routed."""


@dataclass(frozen=True, slots=True)
class FaxAccount:
    id: int
    domain_id: int
    number_id: int
    owner_id: int
    """The primary user, or a group."""
    methods: frozenset[Method]
    handling: Handling
    device_type: str
    serial: str
    hipaa: bool
    manager_may_open: bool
    created_at: Instant


@dataclass(frozen=True, slots=True)
class Interface:
    """A fax interface as the service knows it. Jobs name it by id, so a new name orphans nothing."""

    id: int
    name: str
    address: str
    domain_id: int | None
    """None: found, and registered for nobody."""
    channels: int
    enabled: bool
    seen_at: Instant | None
    away_since: Instant | None
    text: str


@dataclass(frozen=True, slots=True)
class Token:
    id: int
    user_id: int
    name: str
    created_at: Instant
    used_at: Instant | None
    expires_at: Instant | None


@dataclass(frozen=True, slots=True)
class AuditEntry:
    id: int
    at: Instant
    domain_id: int | None
    user_id: int | None
    who: str
    action: str
    job_id: int | None
    account_id: int | None
    text: str
