"""Every route, asked by everyone: nobody reaches what is another user's, domain's or reseller's."""

import asyncio
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from fastapi.routing import APIRoute

from rig.service.accounts.access import OPERATOR
from rig.service.accounts.model import BENCH, Licence, Treatment
from rig.service.accounts.people import Changes
from rig.service.api import create_app
from rig.service.core import FaxService
from rig.service.interface import ReceivedFax
from rig.service.tables import JOBS
from tests.service.bench import START, World, paper_converter, some_pages
from tests.service.bureau import PASSWORD, Bureau

ASKERS = ("anonymous", "bad token", "anna", "ben", "manu", "bea", "max", "north", "south")
OWNER, MANAGER, SELLER, BOTH = {"anna"}, {"manu"}, {"north"}, {"manu", "north"}
LETTER = {"files": {"file": ("a.pdf", b"pages 1")}}
SEND = {**LETTER, "data": {"number": "1 305 555 0199"}}
ACCOUNT = {"json": {"user": "ben", "number": "13055550104"}}
D = "/domains/{domain_id}"

# Who may, and what is asked. The fax is one that came in for anna, the account is hers.
GUARDED: dict[tuple[str, str], tuple[set[str], dict[str, Any]]] = {
    ("GET", "/faxes/{job_id}"): (OWNER, {}),
    ("DELETE", "/faxes/{job_id}"): (set(), {}),  # it has ended: 409 for anna
    ("POST", "/faxes/{job_id}/delete"): (OWNER, {}),
    ("POST", "/faxes/{job_id}/restore"): (set(), {}),  # it is not deleted: 409 for anna
    ("POST", "/faxes/{job_id}/resend"): (OWNER, {"data": {"number": "1 305 555 0199"}}),
    ("GET", "/faxes/{job_id}/document"): (OWNER, {}),
    ("GET", "/faxes/{job_id}/original"): (set(), {}),  # it came in: 404 for anna, too
    ("GET", "/faxes/{job_id}/pages/{number}.png"): (OWNER, {}),
    ("GET", D): (BOTH, {}),
    ("PATCH", D): (BOTH, {"json": {"keep_days": 100}}),
    ("GET", f"{D}/audit"): (BOTH, {}),
    ("GET", f"{D}/users"): (BOTH, {}),
    ("POST", f"{D}/users"): (BOTH, {"json": {"name": "carl"}}),
    ("PATCH", f"{D}/users/{{user_id}}"): (BOTH, {"json": {"licence": "fax"}}),
    ("GET", f"{D}/users/{{user_id}}/members"): (BOTH, {}),
    ("PUT", f"{D}/users/{{user_id}}/members"): (BOTH, {"json": ["ben"]}),
    ("GET", f"{D}/numbers"): (BOTH, {}),
    ("POST", f"{D}/numbers"): (SELLER, {"json": {"digits": "13055550177"}}),
    ("PATCH", f"{D}/numbers/{{number_id}}"): (BOTH, {"json": {"treatment": "other"}}),
    ("DELETE", f"{D}/numbers/{{number_id}}"): (SELLER, {}),
    ("GET", f"{D}/accounts"): (BOTH, {}),
    ("POST", f"{D}/accounts"): (BOTH, ACCOUNT),
    ("POST", f"{D}/accounts/import"): (BOTH, {"files": {"file": ("a.csv", b"number,user\n13055550104,ben\n")}}),
    ("GET", f"{D}/accounts/{{account_id}}"): (BOTH, {}),
    ("PUT", f"{D}/accounts/{{account_id}}"): (BOTH, {"json": {"user": "ben"}}),
    ("DELETE", f"{D}/accounts/{{account_id}}"): (BOTH, {}),
    ("GET", f"{D}/accounts/{{account_id}}/faxes"): (MANAGER, {}),
    ("GET", f"{D}/accounts/{{account_id}}/faxes/{{job_id}}"): (MANAGER, {}),
    ("GET", f"{D}/accounts/{{account_id}}/faxes/{{job_id}}/document"): (MANAGER, {}),
    ("GET", f"{D}/interfaces"): (BOTH, {}),
    ("POST", f"{D}/interfaces/{{interface_id}}/register"): (BOTH, {}),
    ("POST", f"{D}/interfaces/{{interface_id}}/release"): (BOTH, {}),
    ("PATCH", f"{D}/interfaces/{{interface_id}}"): (BOTH, {"json": {"name": "front"}}),
    ("POST", "/domains"): ({"north", "south"}, {"json": {"name": "new"}}),
    ("DELETE", "/tokens/{token_id}"): (OWNER, {}),
}
# Those that show each asker the own things only, and those that are the same for all: looked at further below.
OWN = {("GET", "/faxes"), ("POST", "/faxes"), ("GET", "/me"), ("PUT", "/me/password"), ("GET", "/tokens")}
OWN |= {("POST", "/tokens"), ("POST", "/session"), ("GET", "/domains"), ("GET", "/"), ("GET", "/health")}
OWN |= {("GET", "/domains/devices")}


class Town:
    """A bench with two resellers on it. Fax 1 came in for anna, 2 for the group sales, 3 for the bench."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.bureau = Bureau(world.store)
        world.service = FaxService(world.store, world.blobs, paper_converter, world.policy, office=self.bureau.office)
        self.app = create_app(world.service, lambda: world.now)
        self.account = self.bureau.account("anna", "13055550100", manager_may_open=True).account
        self.bureau.account("sales", "13055550101")
        for called in ("13055550100", "13055550101", "201"):
            fax = ReceivedFax(f"in-{called}", called, "1", "X", some_pages(1), "ok", "")
            world.interface.inbox.append(fax)
        world.step()
        self.ids = self._ids()
        self._connection = world.store._engine.raw_connection().dbapi_connection
        self._whole = self._connection.serialize()

    def again(self) -> "Town":
        """As it was at first."""
        self._connection.deserialize(self._whole)
        return self

    def _ids(self) -> dict[str, int]:
        with self.bureau.office.at(START) as clerks:
            domain = self.bureau.domains["acme"].id
            interface = clerks.plant.found("fi", "127.0.0.1:1", 1, shared=False)
            (token,) = clerks.people.tokens(clerks.asker(self.bureau.tokens["anna"]))
            free = clerks.numbers.numbers(OPERATOR, domain, Treatment.AVAILABLE)[0]
        ids = {"domain_id": domain, "user_id": self.bureau.users["sales"].id, "number_id": free.id, "number": 1}
        return ids | {
            "account_id": self.account.id,
            "job_id": 1,
            "interface_id": interface.id,
            "token_id": token.id,
        }

    def ask(self, who: str, method: str, path: str, **named: Any) -> httpx.Response:
        token = {"bad token": "fax_wrong"}.get(who) or self.bureau.tokens.get(who)
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        headers |= named.pop("headers", {})

        async def one() -> httpx.Response:
            async with httpx.AsyncClient(transport=httpx.ASGITransport(self.app), base_url="http://fax") as client:
                return await client.request(method, path, headers=headers, **named)

        return asyncio.run(one())

    def ready_for(self, method: str, path: str) -> None:
        """What has to be done before, so that the allowed ones succeed."""
        if path.endswith("/release") or (method, path) == ("PATCH", f"{D}/interfaces/{{interface_id}}"):
            with self.bureau.office.at(START) as clerks:
                clerks.plant.register(OPERATOR, self.ids["domain_id"], self.ids["interface_id"])


@pytest.fixture(scope="module")
def one_town() -> Iterator[Town]:
    town = Town(World())
    yield town
    town.world.close()


@pytest.fixture
def town(one_town: Town) -> Callable[[], Town]:
    return one_town.again


def routes() -> list[tuple[str, str]]:
    app = create_app(World().service, lambda: START)
    found = []
    for route in app.routes:
        inner = getattr(route, "routes", None) or getattr(getattr(route, "original_router", None), "routes", None)
        for one in inner or [route]:
            if isinstance(one, APIRoute):
                found += [(method, one.path) for method in sorted(one.methods)]
    return found


def test_every_route_is_in_one_of_the_tables():
    assert sorted(routes()) == sorted(GUARDED.keys() | OWN)


@pytest.mark.parametrize(("method", "path"), GUARDED, ids=lambda one: str(one))
def test_only_those_who_may(town, method, path):
    allowed, named = GUARDED[method, path]
    here = town()
    here.ready_for(method, path)
    for who in ASKERS:
        if who in allowed:
            assert here.ask(who, method, path.format(**here.ids), **named).status_code < 300, who
            town().ready_for(method, path)
            continue
        answer = here.ask(who, method, path.format(**here.ids), **named)
        owner = who == "anna" and not allowed
        expected = (404, 409) if owner else (401,) if who == "bad token" else (401, 403, 404)
        assert answer.status_code in expected, (who, answer.text)
        assert answer.json()["remedy"]
        if who == "bad token":
            assert answer.headers["www-authenticate"] == "Bearer"


@pytest.mark.parametrize("who", ["anonymous", "ben", "bea", "max", "south"])
def test_what_is_anothers_looks_like_what_is_not_there(town, who):
    here = town()
    for path in ("/faxes/{}", "/faxes/{}/document", "/faxes/{}/pages/1.png"):
        theirs, nothing = (here.ask(who, "GET", path.format(job)) for job in (1, 999))
        assert (theirs.status_code, nothing.status_code) == (404, 404)
        assert theirs.text == nothing.text.replace("999", "1")


def test_lists_hold_the_own_faxes_only(town):
    here = town()
    seen = {who: [fax["id"] for fax in here.ask(who, "GET", "/faxes").json().get("faxes", [])] for who in ASKERS}
    assert seen == {**{who: [] for who in ASKERS}, "anonymous": [3], "anna": [2, 1]}
    for who in ("anonymous", "anna"):
        assert ("/faxes/1" in here.ask(who, "GET", "/").text) is (who == "anna")
    assert [domain["name"] for domain in here.ask("north", "GET", "/domains").json()] == ["acme", "bond"]
    assert [domain["name"] for domain in here.ask("manu", "GET", "/domains").json()] == ["acme"]
    assert [here.ask(who, "GET", "/domains").status_code for who in ("anonymous", "anna")] == [401, 403]


def test_the_bench_can_be_closed(town):
    here = town()
    with here.bureau.office.at(START) as clerks:
        clerks.plant.open_bench(OPERATOR, False)
    for method, path in sorted(GUARDED.keys() | OWN - {("GET", "/health")}):
        assert here.ask("anonymous", method, path.format(**here.ids)).status_code in (401, 422), path
    assert here.ask("anonymous", "GET", "/faxes").status_code == 401
    assert here.ask("anonymous", "POST", "/faxes", **SEND).status_code == 401
    assert here.ask("anna", "GET", "/faxes").status_code == 200
    assert here.ask("anonymous", "GET", "/health").status_code == 200


@pytest.mark.parametrize("header", ["Basic YTpi", "Bearer", "Bearer ", "fax_x", "bearer\tx"])
def test_a_header_that_is_no_token_is_not_anonymous(town, header):
    assert town().ask("anonymous", "GET", "/faxes", headers={"Authorization": header}).status_code == 401


def test_a_manager_opens_a_box_where_the_account_permits_it_and_that_is_logged(town):
    here = town()
    base = f"/domains/{here.ids['domain_id']}/accounts"
    assert [fax["id"] for fax in here.ask("manu", "GET", f"{base}/{here.account.id}/faxes").json()] == [1]
    assert here.ask("manu", "GET", f"{base}/{here.account.id}/faxes/2").status_code == 404
    assert here.ask("manu", "GET", f"{base}/{here.account.id}/faxes/1/document").content[:5] == b"%PDF-"
    assert here.ask("manu", "GET", f"{base}/{here.account.id + 1}/faxes").status_code == 403
    here.ask("anna", "GET", "/faxes/1/document")
    log = here.ask("manu", "GET", f"/domains/{here.ids['domain_id']}/audit").json()
    told = [(entry["who"], entry["action"], entry["job_id"]) for entry in log[:3]]
    assert told == [
        ("anna@acme", "document opened", 1),
        ("manu@acme", "document opened by manager", 1),
        ("manu@acme", "box opened by manager", None),
    ]


def test_signing_in_and_tokens(town):
    here = town()
    login = {"login": "ben@acme", "password": PASSWORD}
    session = here.ask("anonymous", "POST", "/session", json=login).json()["token"]
    me = here.ask("anonymous", "GET", "/me", headers={"Authorization": f"Bearer {session}"}).json()
    assert (me["login"], me["role"], me["domain"], me["licence"]) == ("ben@acme", "user", "acme", "uc")
    assert me["caller_ids"] == ["13055550102", "13055550103", "13055550104"]
    assert here.ask("anonymous", "POST", "/session", json={**login, "password": "x"}).status_code == 401
    made = here.ask("ben", "POST", "/tokens", json={"name": "our CRM", "days": 1}).json()
    listed = here.ask("ben", "GET", "/tokens").json()
    assert [token["name"] for token in listed] == ["test", "session", "our CRM"]
    assert "token" not in listed[0]
    assert here.ask("ben", "DELETE", f"/tokens/{made['id']}").status_code == 204
    assert here.ask("anonymous", "GET", "/tokens").status_code == 401
    wrong = here.ask("ben", "PUT", "/me/password", json={"old": "x", "new": "another horse"})
    assert wrong.status_code == 422
    assert here.ask("ben", "PUT", "/me/password", json={"old": PASSWORD, "new": "another horse"}).status_code == 204
    assert here.ask("anonymous", "POST", "/session", json=login).status_code == 401


def test_without_a_licence_nothing_goes_and_what_comes_waits(town):
    here = town()
    anna = here.bureau.users["anna"].id
    with here.bureau.office.at(START) as clerks:
        clerks.people.change(OPERATOR, 2, anna, Changes(licence=Licence.NONE))
    refused = here.ask("anna", "POST", "/faxes", **SEND)
    assert (refused.status_code, refused.json()["title"]) == (403, "A licence is missing")
    listed = here.ask("anna", "GET", "/faxes").json()
    assert listed["faxes"] == []
    assert "anna has no licence" in listed["notice"]
    assert here.ask("anna", "GET", "/faxes/1").status_code == 404
    with here.bureau.office.at(START) as clerks:
        clerks.people.change(OPERATOR, 2, anna, Changes(licence=Licence.UC))
    assert [fax["id"] for fax in here.ask("anna", "GET", "/faxes").json()["faxes"]] == [2, 1]
    assert BENCH == 1


def test_a_fax_in_ones_own_name(town):
    here = town()
    sent = here.ask("anna", "POST", "/faxes", **SEND, headers={"Idempotency-Key": "order-7"})
    again = here.ask("anna", "POST", "/faxes", **SEND, headers={"Idempotency-Key": "order-7"})
    assert (sent.status_code, again.json()["id"]) == (201, sent.json()["id"])
    assert (sent.json()["number"], sent.json()["caller"]) == ("13055550199", "13055550100")
    other = {**LETTER, "data": {"number": "1 305 555 0198"}}
    refused = here.ask("anna", "POST", "/faxes", **other, headers={"Idempotency-Key": "order-7"})
    assert (refused.status_code, refused.json()["title"]) == (409, "Idempotency key used before")
    assert here.ask("ben", "GET", f"/faxes/{sent.json()['id']}").status_code == 404
    wrong = here.ask("anna", "POST", "/faxes", **LETTER, data={"number": "201"})
    assert (wrong.status_code, wrong.json()["title"]) == (422, "Not a fax number")
    group = {**LETTER, "data": {"number": "13055550199", "box": "sales"}}
    assert here.ask("anna", "POST", "/faxes", **group).json()["caller"] == "13055550101"
    assert here.ask("ben", "POST", "/faxes", **group).status_code == 404


def test_the_tables_would_notice_an_open_door(town, monkeypatch):
    monkeypatch.setattr("rig.service.accounts.boxes.visible", lambda *_: JOBS.c.id > 0)
    assert town().ask("bea", "GET", "/faxes/1").status_code == 200
    with pytest.raises(AssertionError, match=r"bea|anonymous"):
        test_only_those_who_may(town, "GET", "/faxes/{job_id}")
