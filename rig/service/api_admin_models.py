"""What the administration's API takes and gives."""

from typing import Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field

from rig.service.accounts.model import Domain, Handling, Interface, Kind, Licence, Method, Numbering, Role, Treatment
from rig.service.accounts.numbers import Shown, Wanted
from rig.service.accounts.office import Clerks

Most = int | Literal["disabled", "unlimited"]
Count = int | Literal["unlimited"]


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Settings(Strict):
    """What is left out stays as it is."""

    max_fax_numbers: Most | None = Field(None, description="disabled, a number from 1, or unlimited")
    uc_licences: Count | None = Field(None, description="How many the domain has")
    fax_licences: Count | None = None
    port_licences: Count | None = Field(None, description="One per fax interface")
    numbering: Numbering | None = None
    hipaa: bool | None = Field(None, description="Portal only, no group, one recipient, for all accounts")
    keep_days: int | None = Field(None, description="After so many days a fax is purged")
    keep_deleted_days: int | None = Field(None, description="For so many days a deleted fax can be restored")


class NewDomain(Settings):
    name: str = Field(examples=["acme"])


class Pool(BaseModel):
    used: int
    of: Count


class DomainOut(BaseModel):
    id: int
    name: str
    numbering: str
    max_fax_numbers: Most
    hipaa: bool
    keep_days: int
    keep_deleted_days: int
    licences: dict[str, Pool] = Field(description="uc, fax, port")


class UserIn(Strict):
    name: str
    kind: Kind = Kind.USER
    role: Role = Role.USER
    mail: str = Field("", max_length=254)
    licence: Licence = Licence.NONE
    password: str = Field("", max_length=256)


class UserChange(Strict):
    mail: str | None = Field(None, max_length=254)
    licence: Licence | None = None
    role: Role | None = None
    active: bool | None = None
    password: str | None = Field(None, max_length=256)


class UserOut(BaseModel):
    id: int
    name: str
    login: str
    kind: str
    role: str
    mail: str
    licence: str
    active: bool


class NumberIn(Strict):
    digits: str = Field(max_length=64, examples=["1 305 555 0123"])


class NumberChange(Strict):
    treatment: Treatment
    user: str = Field("", max_length=130, description="For the treatment “user”: to whom it is routed")


class NumberOut(BaseModel):
    id: int
    digits: str
    treatment: str
    user_id: int | None


class AccountChange(Strict):
    user: str = Field(max_length=130, description="The primary user: a user, a fax-only user, or a group")
    methods: list[Method] = Field([Method.PORTAL], description="How it sends")
    handling: Handling = Field(Handling.PORTAL, description="What becomes of a fax that came in")
    device_type: str = Field("", max_length=64, description="For the method ATA, see /domains/devices")
    serial: str = Field("", max_length=64)
    hipaa: bool = False
    manager_may_open: bool = Field(False, description="Whether office managers may open its box; each time is logged")


class AccountIn(AccountChange):
    number: str = Field(max_length=64, description="An available number of the domain")


class AccountOut(BaseModel):
    id: int
    number: str
    user: str
    methods: list[str]
    handling: str
    device_type: str
    serial: str
    hipaa: bool
    manager_may_open: bool
    missing: str = Field(description="What keeps it from working, with the remedy; empty when nothing does")


class ImportOut(BaseModel):
    accounts: int
    fax_only_users: int
    added: bool = Field(description="All were added, or none")
    errors: list[dict[str, Any]] = Field(description="line and text of each")


class InterfaceChange(Strict):
    name: str | None = Field(None, max_length=64)
    channels: int | None = None
    enabled: bool | None = None


class InterfaceOut(BaseModel):
    id: int
    name: str
    address: str
    registered: bool
    channels: int
    enabled: bool
    seen_at: int | None
    away_since: int | None
    text: str


class AuditOut(BaseModel):
    id: int
    at: int
    who: str
    action: str
    job_id: int | None
    account_id: int | None
    text: str


OutModel = TypeVar("OutModel", bound=BaseModel)


def same(model: type[OutModel], value: object) -> OutModel:
    """Each field as it is called there."""
    return model(**{name: getattr(value, name) for name in model.model_fields})


def settings_of(given: Settings) -> dict[str, Any]:
    """Those that were given, as the domain keeps them."""
    settings = {name: value for name, value in given.model_dump(exclude_unset=True).items() if value is not None}
    words = {"unlimited": None, "disabled": 0}
    return {name: words.get(value, value) if isinstance(value, str) else value for name, value in settings.items()}


def domain_out(clerks: Clerks, domain: Domain) -> DomainOut:
    used = clerks.people.licences(domain)
    used["port"] = (clerks.book.count(Interface, domain_id=domain.id), domain.port_licences)
    most = domain.max_fax_numbers
    return DomainOut(
        id=domain.id,
        name=domain.name,
        numbering=domain.numbering,
        max_fax_numbers="unlimited" if most is None else most or "disabled",
        hipaa=domain.hipaa,
        keep_days=domain.keep_days,
        keep_deleted_days=domain.keep_deleted_days,
        licences={kind: Pool(used=count, of="unlimited" if of is None else of) for kind, (count, of) in used.items()},
    )


def account_out(shown: Shown) -> AccountOut:
    account = shown.account
    return AccountOut(
        id=account.id,
        number=shown.number.digits,
        user=shown.owner.name,
        methods=sorted(account.methods),
        handling=account.handling,
        device_type=account.device_type,
        serial=account.serial,
        hipaa=account.hipaa,
        manager_may_open=account.manager_may_open,
        missing=shown.missing,
    )


def wanted_of(given: AccountChange, number: str) -> Wanted:
    return Wanted(
        number,
        given.user,
        frozenset(given.methods),
        given.handling,
        given.device_type,
        given.serial,
        given.hipaa,
        given.manager_may_open,
    )


def interface_out(interface: Interface) -> InterfaceOut:
    fields = {name: getattr(interface, name) for name in InterfaceOut.model_fields if name != "registered"}
    return InterfaceOut(registered=interface.domain_id is not None, **fields)
