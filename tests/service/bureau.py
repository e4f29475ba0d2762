"""Two resellers with domains and users, for tests of who may do what.

north: acme (manager manu, users anna and ben, group sales with anna), bond (manager max, user bea)
south: coda (manager mia, user cleo)
"""

from firmware_sim.clock import seconds
from rig.service.accounts.access import OPERATOR, Asker
from rig.service.accounts.devices import PlainDevices
from rig.service.accounts.model import Domain, FaxAccount, Kind, Licence, Role, Treatment, User
from rig.service.accounts.numbers import Shown, Wanted
from rig.service.accounts.office import Clerks, Office
from rig.service.accounts.passwords import Passwords
from rig.service.accounts.people import NewUser
from rig.service.store import Store
from tests.service.bench import FAST_HASHER, START

PASSWORD = "correct horse"
PEOPLE = {
    "acme": ("13055550100", ("manu", Role.MANAGER), ("anna", Role.USER), ("ben", Role.USER)),
    "bond": ("13055550200", ("max", Role.MANAGER), ("bea", Role.USER)),
    "coda": ("13055550300", ("mia", Role.MANAGER), ("cleo", Role.USER)),
}
LOTS = {"uc_licences": 10, "fax_licences": 10, "port_licences": 1}


class Bureau:
    """Everybody by name: domains, users, tokens."""

    def __init__(self, store: Store) -> None:
        self.store, self.now = store, START
        self.office = Office(store, Passwords(FAST_HASHER))
        self.domains: dict[str, Domain] = {}
        self.users: dict[str, User] = {}
        self.tokens: dict[str, str] = {}
        with self.office.at(self.now) as clerks:
            for reseller, domains in (("north", ("acme", "bond")), ("south", ("coda",))):
                self._reseller(clerks, reseller, domains)
        self._connection = store._engine.raw_connection().dbapi_connection
        self._whole = self._connection.serialize(), dict(self.domains)

    def again(self) -> "Bureau":
        """As it was at first: quicker than a new one."""
        whole, domains = self._whole
        self._connection.deserialize(whole)
        self.domains, self.office.devices = dict(domains), PlainDevices()
        return self

    def _reseller(self, clerks: Clerks, name: str, domains: tuple[str, ...]) -> None:
        reseller = clerks.plant.add_reseller(OPERATOR, name)
        self._know(clerks, clerks.people.add_reseller_user(OPERATOR, reseller.id, name, password=PASSWORD))
        for domain_name in domains:
            domain = clerks.plant.add_domain(OPERATOR, domain_name, reseller.id, **LOTS)
            self.domains[domain_name] = domain
            first, *people = PEOPLE[domain_name]
            for person, role in people:
                new = NewUser(person, Kind.USER, role, f"{person}@{domain_name}.example", Licence.UC, PASSWORD)
                self._know(clerks, clerks.people.add(OPERATOR, domain.id, new))
            for number in range(5):
                clerks.numbers.add_number(OPERATOR, domain.id, str(int(first) + number))
            if domain_name == "acme":
                self.users["sales"] = clerks.people.add(OPERATOR, domain.id, NewUser("sales", Kind.GROUP))
                clerks.people.set_members(OPERATOR, domain.id, self.users["sales"].id, ["anna"])

    def _know(self, clerks: Clerks, user: User) -> None:
        self.users[user.name] = user
        self.tokens[user.name], _ = clerks.people.token_for(OPERATOR, user, "test")

    def asker(self, name: str) -> Asker:
        with self.office.at(self.now) as clerks:
            return clerks.asker(self.tokens[name])

    def advance(self, duration: int = seconds(1)) -> None:
        self.now += duration

    def account(self, owner: str, number: str, by: str = "manu", domain: str = "acme", **more: object) -> Shown:
        with self.office.at(self.now) as clerks:
            return clerks.numbers.add_account(
                self.asker_in(clerks, by), self.domains[domain].id, Wanted(number, owner, **more)
            )

    def asker_in(self, clerks: Clerks, name: str) -> Asker:
        return OPERATOR if name == "operator" else clerks.asker(self.tokens[name])

    def change_domain(self, name: str, **settings: object) -> Domain:
        with self.office.at(self.now) as clerks:
            self.domains[name] = clerks.plant.change_domain(OPERATOR, self.domains[name].id, **settings)
        return self.domains[name]

    def used(self, domain: str = "acme") -> tuple[int, int]:
        """Fax accounts, and numbers whose treatment says so."""
        with self.office.at(self.now) as clerks:
            accounts = clerks.book.count(FaxAccount, domain_id=self.domains[domain].id)
            return accounts, len(clerks.numbers.numbers(OPERATOR, self.domains[domain].id, Treatment.FAX))
