"""The numbers of a domain and the fax accounts on them."""

from collections.abc import Sequence
from dataclasses import dataclass

from firmware_sim.clock import Instant
from rig.service.accounts import rules
from rig.service.accounts.access import Asker, administered, sold
from rig.service.accounts.book import Book
from rig.service.accounts.devices import Devices, check_device, plain_serial
from rig.service.accounts.model import (
    Domain,
    FaxAccount,
    Handling,
    Kind,
    Licence,
    Method,
    Number,
    Treatment,
    User,
)
from rig.service.accounts.numbering import dialled
from rig.service.accounts.people import People
from rig.service.errors import AccountError, InvalidError, UnknownError


@dataclass(frozen=True, slots=True)
class Wanted:
    """A fax account as it is asked for. *owner* is the name of a user, a fax-only user or a group."""

    number: str
    owner: str
    methods: frozenset[Method] = frozenset({Method.PORTAL})
    handling: Handling = Handling.PORTAL
    device_type: str = ""
    serial: str = ""
    hipaa: bool = False
    manager_may_open: bool = False


@dataclass(frozen=True, slots=True)
class Shown:
    """A fax account with what belongs to it. *missing* says what keeps it from working; empty when nothing does."""

    account: FaxAccount
    number: Number
    owner: User
    missing: str


class Numbers:
    def __init__(self, book: Book, people: People, devices: Devices, now: Instant) -> None:
        self._book, self._people, self._devices, self._now = book, people, devices, now

    # numbers

    def numbers(self, asker: Asker, domain_id: int, treatment: Treatment | None = None) -> Sequence[Number]:
        domain = administered(self._book, asker, domain_id)
        found = self._book.find(Number, domain_id=domain.id)
        return [number for number in found if treatment in (None, number.treatment)]

    def add_number(self, asker: Asker, domain_id: int, digits: str) -> Number:
        """Into the domain's inventory, available."""
        domain = sold(self._book, asker, domain_id)
        plain = dialled(digits, domain.numbering).lstrip("+")
        if self._book.count(Number, digits=plain):
            raise AccountError(f"The number {plain} is in an inventory already", "take it out there first")
        number = self._book.add(Number, domain_id=domain.id, digits=plain, treatment=Treatment.AVAILABLE, user_id=None)
        self._audit(asker, domain, "number added", plain)
        return number

    def treat(self, asker: Asker, domain_id: int, number_id: int, treatment: Treatment, user: str = "") -> Number:
        domain = administered(self._book, asker, domain_id)
        number = self._number(domain, number_id)
        if Treatment.FAX in (number.treatment, treatment):
            raise AccountError(f"{number.digits} is treated by fax accounts alone", "add or delete a fax account")
        if (treatment is Treatment.USER) is not bool(user):
            raise InvalidError("Only the treatment “user” has a user, and needs one", "give both or neither")
        to = self._people.named(domain, user).id if user else None
        number = self._book.change(Number, number.id, treatment=treatment, user_id=to)
        self._audit(asker, domain, "number treated", f"{number.digits}: {treatment} {user}".strip())
        return number

    def remove_number(self, asker: Asker, domain_id: int, number_id: int) -> None:
        domain = sold(self._book, asker, domain_id)
        number = self._number(domain, number_id)
        if number.treatment is not Treatment.AVAILABLE:
            raise AccountError(f"{number.digits} is in use ({number.treatment})", "make it available first")
        self._book.remove(Number, number.id)
        self._audit(asker, domain, "number removed", number.digits)

    # fax accounts

    def accounts(self, asker: Asker, domain_id: int) -> Sequence[Shown]:
        domain = administered(self._book, asker, domain_id)
        return [self._shown(account) for account in self._book.find(FaxAccount, domain_id=domain.id)]

    def account(self, asker: Asker, domain_id: int, account_id: int) -> Shown:
        return self._shown(self._account(administered(self._book, asker, domain_id), account_id))

    def add_account(self, asker: Asker, domain_id: int, wanted: Wanted) -> Shown:
        domain = administered(self._book, asker, domain_id)
        rules.check_room(domain.max_fax_numbers, self._book.count(FaxAccount, domain_id=domain.id))
        number = self._available(domain, wanted.number)
        owner = self._people.named(domain, wanted.owner)
        values = self._checked(domain, owner, wanted)
        self._book.change(Number, number.id, treatment=Treatment.FAX, user_id=owner.id)
        account = self._book.add(FaxAccount, domain_id=domain.id, number_id=number.id, created_at=self._now, **values)
        self._audit(asker, domain, "fax account added", f"{number.digits} for {owner.name}", account.id)
        return self._shown(account)

    def change_account(self, asker: Asker, domain_id: int, account_id: int, wanted: Wanted) -> Shown:
        """All of it anew but for the number."""
        domain = administered(self._book, asker, domain_id)
        account = self._account(domain, account_id)
        owner = self._people.named(domain, wanted.owner)
        values = self._checked(domain, owner, wanted, account.id)
        self._book.change(Number, account.number_id, user_id=owner.id)
        changed = self._book.change(FaxAccount, account.id, **values)
        self._audit(asker, domain, "fax account changed", f"for {owner.name}", account.id)
        return self._shown(changed)

    def remove_account(self, asker: Asker, domain_id: int, account_id: int) -> None:
        """Its number is available again; its faxes stay in the box of its owner."""
        domain = administered(self._book, asker, domain_id)
        account = self._account(domain, account_id)
        self._book.remove(FaxAccount, account.id)
        number = self._book.change(Number, account.number_id, treatment=Treatment.AVAILABLE, user_id=None)
        self._audit(asker, domain, "fax account removed", number.digits, account.id)

    # small things

    def _available(self, domain: Domain, digits: str) -> Number:
        plain = dialled(digits, domain.numbering).lstrip("+")
        found = self._book.find(Number, digits=plain, domain_id=domain.id)
        if not found:
            raise UnknownError(f"{plain} is not in the inventory of {domain.name}", "have it added by the reseller")
        if found[0].treatment is not Treatment.AVAILABLE:
            raise AccountError(
                f"{plain} is not available (its treatment is “{found[0].treatment}”)",
                "make it available, or choose another number",
            )
        return found[0]

    def _checked(self, domain: Domain, owner: User, wanted: Wanted, account_id: int | None = None) -> dict[str, object]:
        serial = plain_serial(wanted.serial)
        hipaa = domain.hipaa or wanted.hipaa
        if not owner.active:
            raise AccountError(f"{owner.name} is switched off", "switch the user on first")
        rules.check_account(owner, wanted.methods, wanted.handling, wanted.device_type, serial, hipaa)
        if serial:
            check_device(self._devices, wanted.device_type, serial)
            for other in self._book.find(FaxAccount, serial=serial):
                if other.id != account_id:
                    raise AccountError(
                        f"The serial number {serial} belongs to another fax account", "compare it with the label"
                    )
        return {
            "owner_id": owner.id,
            "methods": wanted.methods,
            "handling": wanted.handling,
            "device_type": wanted.device_type,
            "serial": serial,
            "hipaa": wanted.hipaa,
            "manager_may_open": wanted.manager_may_open,
        }

    def _number(self, domain: Domain, number_id: int) -> Number:
        found = self._book.find(Number, id=number_id, domain_id=domain.id)
        if not found:
            raise UnknownError(f"There is no number {number_id} in {domain.name}", "look at the list")
        return found[0]

    def _account(self, domain: Domain, account_id: int) -> FaxAccount:
        found = self._book.find(FaxAccount, id=account_id, domain_id=domain.id)
        if not found:
            raise UnknownError(f"There is no fax account {account_id} in {domain.name}", "look at the list")
        return found[0]

    def _shown(self, account: FaxAccount) -> Shown:
        owner = self._book.get(User, account.owner_id)
        missing = ""
        if owner.licence is Licence.NONE:
            kind = "fax" if owner.kind is Kind.GROUP else "UC or fax"
            missing = f"{owner.name} has no {kind} licence: nothing is sent, what comes in waits; assign one"
        elif owner.kind is Kind.GROUP and not self._book.members(owner.id):
            missing = f"the group {owner.name} has no members: nobody sees its box; add some"
        return Shown(account, self._book.get(Number, account.number_id), owner, missing)

    def _audit(self, asker: Asker, domain: Domain, action: str, text: str, account_id: int | None = None) -> None:
        ids = {"domain_id": domain.id, "user_id": asker.user_id, "account_id": account_id}
        self._book.audit(self._now, asker.who, action, text, ids=ids)
