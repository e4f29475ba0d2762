"""Resellers, domains and their settings, fax interfaces."""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from firmware_sim.clock import Instant
from rig.service.accounts import rules
from rig.service.accounts.access import Asker, administered, signed_in, sold
from rig.service.accounts.book import Book
from rig.service.accounts.model import BENCH, Domain, FaxAccount, Interface, Numbering, Reseller, Role, User
from rig.service.accounts.people import checked_name
from rig.service.accounts.tables import INTERFACES
from rig.service.errors import AccountError, ForbiddenError, HipaaError, InvalidError, UnknownError

BY_RESELLER = ("max_fax_numbers", "uc_licences", "fax_licences", "port_licences", "numbering")
BY_MANAGER = ("hipaa", "keep_days", "keep_deleted_days")
MOST_CHANNELS = 64


class Plant:
    def __init__(self, book: Book, now: Instant) -> None:
        self._book, self._now = book, now

    # resellers and domains

    def add_reseller(self, asker: Asker, name: str) -> Reseller:
        if not asker.operator:
            raise ForbiddenError("Only the operator adds resellers", "use the command line of the service")
        if self._book.count(Reseller, name=checked_name(name)):
            raise AccountError(f"There is a reseller {name} already", "choose another name")
        return self._book.add(Reseller, name=name)

    def domains(self, asker: Asker) -> Sequence[Domain]:
        if asker.operator:
            return self._book.find(Domain)
        user = signed_in(asker)
        if user.role is Role.RESELLER:
            return self._book.find(Domain, reseller_id=user.reseller_id)
        if user.role is Role.MANAGER:
            return self._book.find(Domain, id=user.domain_id)
        raise ForbiddenError("This is for office managers and resellers", "ask yours")

    def domain(self, asker: Asker, domain_id: int) -> Domain:
        return administered(self._book, asker, domain_id)

    def add_domain(self, asker: Asker, name: str, reseller_id: int | None = None, **settings: Any) -> Domain:
        """Without settings: US numbers, no licences, unlimited fax numbers, 365 and 14 days."""
        if not asker.operator:
            if signed_in(asker).role is not Role.RESELLER:
                raise ForbiddenError("Only a reseller adds domains", "ask yours")
            reseller_id = signed_in(asker).reseller_id
        if self._book.count(Domain, name=checked_name(name).lower()):
            raise AccountError(f"There is a domain {name} already", "choose another name")
        values = {
            "numbering": Numbering.US,
            "max_fax_numbers": None,
            "uc_licences": 0,
            "fax_licences": 0,
            "port_licences": 0,
            "hipaa": False,
            "keep_days": 365,
            "keep_deleted_days": 14,
        }
        domain = self._book.add(
            Domain, name=name.lower(), reseller_id=reseller_id, open=False, created_at=self._now, **values
        )
        return self._set(asker, domain, settings, "domain added")

    def change_domain(self, asker: Asker, domain_id: int, **settings: Any) -> Domain:
        """The reseller sets limits and licences; HIPAA mode and retention are the manager's too."""
        reach = sold if any(name in BY_RESELLER for name in settings) else administered
        return self._set(asker, reach(self._book, asker, domain_id), settings, "domain changed")

    def open_bench(self, asker: Asker, is_open: bool) -> Domain:
        """Whether requests without a token are answered in the bench's name."""
        if not asker.operator:
            raise ForbiddenError("Only the operator opens or closes the bench", "use the command line of the service")
        return self._book.change(Domain, BENCH, open=is_open)

    def _set(self, asker: Asker, domain: Domain, settings: dict[str, Any], action: str) -> Domain:
        for name in settings:
            if name not in (*BY_RESELLER, *BY_MANAGER):
                raise InvalidError(f"There is no setting “{name}”", f"set {', '.join((*BY_RESELLER, *BY_MANAGER))}")
        if "max_fax_numbers" in settings:
            rules.check_most(settings["max_fax_numbers"], self._book.count(FaxAccount, domain_id=domain.id))
        for name in ("keep_days", "keep_deleted_days"):
            if name in settings:
                rules.check_days("The time that faxes are kept", settings[name])
        for kind in ("uc", "fax"):
            self._check_pool(domain, kind, settings, self._book.count(User, domain_id=domain.id, licence=kind))
        self._check_pool(domain, "port", settings, self._book.count(Interface, domain_id=domain.id))
        if settings.get("hipaa"):
            self._check_hipaa(domain)
        changed = self._book.change(Domain, domain.id, **settings)
        text = ", ".join(f"{name} {value}" for name, value in settings.items())
        ids = {"domain_id": domain.id, "user_id": asker.user_id}
        self._book.audit(self._now, asker.who, action, text, ids)
        return changed

    def _check_pool(self, domain: Domain, kind: str, settings: dict[str, Any], used: int) -> None:
        most = settings.get(f"{kind}_licences")
        if most is not None and most < used:
            raise AccountError(f"{used} {kind} licences of {domain.name} are in use", "take some back first")

    def _check_hipaa(self, domain: Domain) -> None:
        refused = []
        for account in self._book.find(FaxAccount, domain_id=domain.id):
            owner = self._book.get(User, account.owner_id)
            reasons = rules.hipaa_refusals(owner, account.methods, account.handling)
            if reasons:
                refused.append(f"the account of {owner.name} ({'; '.join(reasons)})")
        if refused:
            raise HipaaError(f"HIPAA mode refuses {', '.join(refused)}", "change or delete these accounts first")

    # fax interfaces

    def interfaces(self, asker: Asker, domain_id: int) -> Sequence[Interface]:
        """Those registered for the domain, and those that were found and are free."""
        domain = administered(self._book, asker, domain_id)
        mine = sa.or_(INTERFACES.c.domain_id == domain.id, INTERFACES.c.domain_id.is_(None))
        return self._book.find(Interface, mine)

    def register(self, asker: Asker, domain_id: int, interface_id: int) -> Interface:
        """Takes a port licence of the domain."""
        domain = administered(self._book, asker, domain_id)
        interface = self._interface(domain, interface_id)
        if interface.domain_id is not None:
            raise AccountError(f"{interface.name} is registered already", "nothing is left to do")
        used = self._book.count(Interface, domain_id=domain.id)
        rules.check_licences_left("port", domain.port_licences, used, domain.name)
        return self._changed(asker, domain, interface, "interface registered", domain_id=domain.id)

    def unregister(self, asker: Asker, domain_id: int, interface_id: int) -> Interface:
        domain = administered(self._book, asker, domain_id)
        interface = self._interface(domain, interface_id)
        return self._changed(asker, domain, interface, "interface released", domain_id=None)

    def configure(
        self,
        asker: Asker,
        domain_id: int,
        interface_id: int,
        name: str | None = None,
        channels: int | None = None,
        enabled: bool | None = None,
    ) -> Interface:
        """Jobs name an interface by its id: a new name changes nothing for them."""
        domain = administered(self._book, asker, domain_id)
        interface = self._interface(domain, interface_id)
        if interface.domain_id is None:
            raise AccountError(f"{interface.name} is not registered", "register it first")
        if name is not None and name != interface.name and self._book.count(Interface, name=checked_name(name)):
            raise AccountError("There is a fax interface of that name already", "choose another name")
        if channels is not None and not 1 <= channels <= MOST_CHANNELS:
            raise InvalidError(f"An interface cannot have {channels} channels", f"give 1 to {MOST_CHANNELS}")
        given = {"name": name, "channels": channels, "enabled": enabled}
        values = {key: value for key, value in given.items() if value is not None}
        return self._changed(asker, domain, interface, "interface configured", **values)

    def found(self, name: str, address: str, channels: int, shared: bool) -> Interface:
        """A worker has it. *shared*: it serves every domain that has none of its own, in the bench's name."""
        known = self._book.find(Interface, address=address)
        if known:
            return known[0]
        free = next(f"{name}{end}" for end in _endings() if not self._book.count(Interface, name=f"{name}{end}"))
        return self._book.add(
            Interface,
            name=free,
            address=address,
            domain_id=BENCH if shared else None,
            channels=channels,
            enabled=True,
            text="found",
        )

    def _changed(self, asker: Asker, domain: Domain, interface: Interface, action: str, **values: Any) -> Interface:
        changed = self._book.change(Interface, interface.id, **values)
        text = f"{interface.name}: " + ", ".join(f"{name} {value}" for name, value in values.items())
        ids = {"domain_id": domain.id, "user_id": asker.user_id}
        self._book.audit(self._now, asker.who, action, text, ids)
        return changed

    def _interface(self, domain: Domain, interface_id: int) -> Interface:
        found = self._book.find(Interface, id=interface_id)
        if not found or found[0].domain_id not in (None, domain.id):
            raise UnknownError(f"There is no fax interface {interface_id}", "look at the list for those there are")
        return found[0]


def _endings() -> Sequence[str]:
    return ("", *(f"-{number}" for number in range(2, 1000)))
