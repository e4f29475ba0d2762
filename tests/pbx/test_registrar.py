"""Registrations at the PBX in simulated time."""

import random

import pytest

from firmware_sim.clock import seconds
from firmware_sim.errors import DecodeError
from firmware_sim.events import Address
from firmware_sim.sip import agent as ua
from firmware_sim.sip.headers import Uri
from firmware_sim.sip.message import Headers, Request
from rig.pbx.core import Pbx
from rig.pbx.registrar import Registrar
from tests.pbx.bench import ACCOUNTS, ALICE, BOB, PBX, Bench, account
from tests.sip.network import Network, drain


def test_registration_is_told() -> None:
    bench = Bench()
    bench.alice.start(0)
    bench.net.run(100)
    assert drain(bench.alice) == [ua.Registered(300)]
    (told,) = bench.told()
    assert (told.source, told.name) == ("pbx", "registered")
    assert told.detail == {"user": "alice", "contact": "sip:alice@10.0.0.2:5060", "expires_s": 300, "refresh": False}


def test_registration_is_refreshed_for_hours() -> None:
    bench = Bench()
    bench.alice.start(0)
    bench.net.run(7_200_000)
    names = bench.names()
    assert set(names) == {"registered"}
    assert len(names) == 28
    assert all(isinstance(one, ua.Registered) for one in drain(bench.alice))


@pytest.mark.parametrize(("user", "password"), [("alice", "wrong"), ("nobody", "wonder")])
def test_wrong_credentials_end_with_a_remedy(user: str, password: str) -> None:
    pbx = Pbx(PBX, ACCOUNTS, random.Random(1), domain="fax.test")
    agent = ua.UserAgent(ALICE, random.Random(2), account=account(user, password))
    net = Network(pbx, agent)
    agent.start(0)
    net.run(600_000)
    (failed,) = drain(agent)
    assert isinstance(failed, ua.RegistrationFailed)
    assert (failed.status, failed.retry_s) == (403, None)
    assert "check user name and password" in failed.text
    (told,) = pbx.events()
    assert (told.name, told.detail["status"], told.detail["user"]) == ("registration refused", 403, user)
    assert net.methods().count("REGISTER") == 2


def test_a_silent_registrar_is_tried_again_until_it_answers() -> None:
    bench = Bench()
    bench.net.dropping = lambda datagram: datagram.destination == PBX and bench.now < seconds(120)
    bench.alice.start(0)
    bench.net.run(400_000)
    *failures, last = drain(bench.alice)[:4]
    assert [one.status for one in failures] == [408] * len(failures)
    assert failures
    assert isinstance(last, ua.Registered)


def test_a_device_that_stops_is_unregistered_at_once() -> None:
    bench = Bench()
    bench.register()
    bench.bob.stop(bench.now)
    bench.net.run(100)
    assert drain(bench.bob) == [ua.Unregistered()]
    (told,) = bench.told()
    assert (told.name, told.detail["reason"]) == ("unregistered", "by the device")
    bench.call()
    bench.net.run(100)
    assert [one.status for one in drain(bench.alice)] == [480]


def test_a_dead_device_expires() -> None:
    bench = Bench()
    bench.register()
    del bench.net.nodes[BOB]
    bench.net.run(301_000)
    gone = [one for one in bench.told() if one.name == "unregistered"]
    assert [(one.detail["user"], one.detail["reason"]) for one in gone] == [("bob", "expired")]


def register(*lines: tuple[str, str], sequence: int = 1, call_id: str = "c") -> Request:
    headers = Headers([("Call-ID", call_id), ("CSeq", f"{sequence} REGISTER"), *lines])
    return Request(headers, method="REGISTER", uri=Uri("", "fax.test"))


ONE, TWO = ("Contact", "<sip:a@10.0.0.5>"), ("Contact", "<sip:a@10.0.0.6:5070>;expires=7200")


def test_contacts_are_listed_newest_first_and_their_term_is_capped() -> None:
    registrar = Registrar(ACCOUNTS)
    registrar.register("alice", register(ONE, ("Expires", "60")), ALICE, 0)
    answer = registrar.register("alice", register(TWO, sequence=2), ALICE, seconds(1))
    listed = [value for _, value in answer.headers]
    assert listed == ["<sip:a@10.0.0.6:5070>;expires=3600", "<sip:a@10.0.0.5>;expires=59"]
    assert registrar.register("alice", register(sequence=3), ALICE, seconds(1)) == answer, "asking changes nothing"


def test_a_star_takes_all_contacts_away() -> None:
    registrar = Registrar(ACCOUNTS)
    registrar.register("alice", register(ONE, TWO), ALICE, 0)
    assert registrar.register("alice", register(("Contact", "*")), ALICE, 1).status == 400
    assert registrar.register("alice", register(("Contact", "*"), ("Expires", "0")), ALICE, 1).headers == ()
    assert registrar.bindings("alice", 1) == []


def test_too_short_and_out_of_order() -> None:
    registrar = Registrar(ACCOUNTS)
    brief = registrar.register("alice", register(ONE, ("Expires", "5")), ALICE, 0)
    assert (brief.status, brief.headers) == (423, (("Min-Expires", "10"),))
    registrar.register("alice", register(ONE, sequence=5), ALICE, 0)
    assert registrar.register("alice", register(ONE, sequence=5), ALICE, 0).status == 500
    assert registrar.register("alice", register(ONE, sequence=1, call_id="d"), ALICE, 0).status == 200


@pytest.mark.parametrize("line", [("Contact", "nonsense"), ("Contact", "<sip:a@h>;expires=x")])
def test_broken_contacts(line: tuple[str, str]) -> None:
    with pytest.raises(DecodeError):
        Registrar(ACCOUNTS).register("alice", register(line), Address("10.0.0.5", 5060), 0)
