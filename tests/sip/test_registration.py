"""A registration against a registrar that says what the case wants."""

import random

import pytest

from firmware_sim.clock import seconds
from firmware_sim.events import Address
from firmware_sim.sip.digest import parse_fields
from firmware_sim.sip.headers import NameAddr, Uri
from firmware_sim.sip.message import Request, Response, respond
from firmware_sim.sip.registration import (
    REGISTRATION,
    Account,
    Registered,
    Registration,
    RegistrationFailed,
    RegState,
    RegTrigger,
    Unregistered,
    refresh_after,
)
from tests.sip.network import drain

ACCOUNT = Account("fax1", "secret", "fax.test", Address("10.0.0.1", 5060))
CHALLENGE = 'Digest realm="fax.test", nonce="{}", qop="auth"'


class Desk:
    def __init__(self, account: Account = ACCOUNT) -> None:
        self.sent: list[Request] = []
        contact = NameAddr(Uri(account.user, "10.0.0.2", 5060))
        self.registration = Registration(account, contact, random.Random(1), lambda one, now: self.sent.append(one))

    def say(self, status: int, *headers: tuple[str, str], now: int = 0) -> None:
        request = self.sent[-1]
        via = Request(request.headers.copy(), method="REGISTER", uri=request.uri)
        via.headers.set("Via", "SIP/2.0/UDP 10.0.0.2")
        response: Response = respond(via, status)
        for name, value in headers:
            response.headers.add(name, value)
        self.registration.answered(request, response, now)


def test_every_state_and_trigger_is_used() -> None:
    assert {state for state, _ in REGISTRATION} == set(RegState)
    assert {trigger for _, trigger in REGISTRATION} == set(RegTrigger)


def test_challenged_accepted_refreshed_and_stopped() -> None:
    desk = Desk()
    desk.registration.start(0)
    desk.registration.start(0)
    desk.say(401, ("WWW-Authenticate", CHALLENGE.format("n1")))
    assert "Authorization" in desk.sent[-1].headers
    desk.say(200, ("Contact", '<sip:other@h>;expires=9, "x" <sip:fax1@10.0.0.2>;expires=120'))
    assert drain(desk.registration) == [Registered(120)]
    assert desk.registration.deadline == refresh_after(120) == seconds(80)
    desk.registration.expire(seconds(79))
    assert len(desk.sent) == 2
    desk.registration.expire(seconds(80))
    assert len(desk.sent) == 3
    assert desk.registration.registered
    assert [one.cseq.sequence for one in desk.sent] == [1, 2, 3]
    assert len({one.call_id for one in desk.sent}) == 1
    desk.say(200, ("Expires", "60"), now=seconds(80))
    desk.registration.stop(seconds(90))
    assert desk.sent[-1].headers.get("Expires") == "0"
    desk.say(200)
    assert drain(desk.registration) == [Registered(60), Unregistered()]
    assert desk.registration.deadline is None


def test_a_registrar_that_challenges_again_is_answered_with_a_fresh_count() -> None:
    desk = Desk()
    desk.registration.start(0)
    for nonce in ("n1", "n1", "n2"):
        desk.say(401, ("WWW-Authenticate", CHALLENGE.format(nonce)))
    counts = [parse_fields(one.headers.get("Authorization") or "")["nc"] for one in desk.sent[1:]]
    assert counts == ["00000001", "00000002", "00000001"]
    desk.say(200)
    assert drain(desk.registration) == [Registered(300)]


@pytest.mark.parametrize("status", [401, 403])
def test_a_wrong_password_ends_it(status: int) -> None:
    desk = Desk()
    desk.registration.start(0)
    desk.say(401, ("WWW-Authenticate", CHALLENGE.format("n")))
    for _ in range(10):
        desk.say(status, *([("WWW-Authenticate", CHALLENGE.format("n"))] if status == 401 else []))
    (failed,) = drain(desk.registration)
    assert isinstance(failed, RegistrationFailed)
    assert (failed.status, failed.retry_s) == (status, None)
    assert failed.text.startswith("The registrar 10.0.0.1:5060 refused user fax1")
    assert failed.text.endswith("check user name and password of the account on both sides.")
    assert desk.registration.deadline is None
    assert len(desk.sent) <= 5


def test_an_account_that_is_not_there() -> None:
    desk = Desk()
    desk.registration.start(0)
    desk.say(404)
    (failed,) = drain(desk.registration)
    assert "create the account" in failed.text
    desk.registration.start(1)
    assert len(desk.sent) == 2, "started again by hand"


def test_too_brief_a_term_is_lengthened() -> None:
    desk = Desk()
    desk.registration.start(0)
    desk.say(423, ("Min-Expires", "1800"))
    assert desk.sent[-1].headers.get("Expires") == "1800"
    desk.say(423, ("Min-Expires", "1800"))
    (failed,) = drain(desk.registration)
    assert failed.retry_s is not None, "a registrar that contradicts itself is not asked in a circle"


def test_back_off_grows_to_a_minute() -> None:
    desk = Desk()
    now = 0
    desk.registration.start(now)
    waits = []
    for _ in range(9):
        desk.registration.timed_out(desk.sent[-1], now)
        (failed,) = drain(desk.registration)
        assert failed.status == 408
        assert "check its address" in failed.text
        waits.append(failed.retry_s)
        now = desk.registration.deadline or 0
        desk.registration.expire(now)
    assert all(low <= wait <= 2 * low for low, wait in zip([1, 2, 4, 8, 16, 30, 30, 30, 30], waits, strict=True))
    desk.say(200, now=now)
    assert drain(desk.registration) == [Registered(300)]


def test_answers_to_older_requests_are_not_heard() -> None:
    desk = Desk()
    desk.registration.start(0)
    old = desk.sent[-1]
    desk.say(401, ("WWW-Authenticate", CHALLENGE.format("n")))
    desk.registration.timed_out(old, 0)
    assert drain(desk.registration) == []


def test_the_password_is_never_shown() -> None:
    assert "secret" not in repr(ACCOUNT)
