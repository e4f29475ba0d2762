"""A device's registration at its registrar (RFC 3261 section 10): refreshed before it ends, retried with back-off."""

import random
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum

from firmware_sim.clock import Duration, Instant, seconds
from firmware_sim.errors import DecodeError
from firmware_sim.events import Address
from firmware_sim.sip.digest import Credentials, DigestClient
from firmware_sim.sip.headers import CSeq, NameAddr, Uri
from firmware_sim.sip.message import Headers, Request, Response

MAX_CHALLENGES = 4
"""A registrar may challenge again when a repeat used a count twice; with a wrong password it does so for ever."""
RETRY_FIRST = seconds(2)
RETRY_LONGEST = seconds(60)


@dataclass(frozen=True)
class Account:
    user: str
    password: str = field(repr=False)
    domain: str
    registrar: Address
    expires_s: int = 300
    display_name: str = ""

    @property
    def identity(self) -> NameAddr:
        return NameAddr(Uri(self.user, self.domain), self.display_name)


@dataclass(frozen=True)
class Registered:
    expires_s: int


@dataclass(frozen=True)
class Unregistered:
    pass


@dataclass(frozen=True)
class RegistrationFailed:
    """*text* is one sentence for people, with the remedy. *retry_s* is None when no further attempt is made."""

    status: int
    reason: str
    text: str
    retry_s: float | None = None


RegistrationEvent = Registered | Unregistered | RegistrationFailed


class RegState(Enum):
    IDLE = "Idle"
    REGISTERING = "Registering"
    REGISTERED = "Registered"
    WAITING = "Waiting"
    UNREGISTERING = "Unregistering"
    FAILED = "Failed"


class RegTrigger(Enum):
    START = "start"
    STOP = "stop"
    ALARM = "alarm"
    CHALLENGED = "401 or 407"
    ACCEPTED = "2xx"
    TOO_BRIEF = "423"
    REFUSED = "final refusal"
    FAILED = "refused for now, or no answer"


_S, _T = RegState, RegTrigger
REGISTRATION: dict[tuple[RegState, RegTrigger], RegState] = {
    (_S.IDLE, _T.START): _S.REGISTERING,
    (_S.FAILED, _T.START): _S.REGISTERING,
    (_S.REGISTERING, _T.CHALLENGED): _S.REGISTERING,
    (_S.REGISTERING, _T.TOO_BRIEF): _S.REGISTERING,
    (_S.REGISTERING, _T.ACCEPTED): _S.REGISTERED,
    (_S.REGISTERING, _T.REFUSED): _S.FAILED,
    (_S.REGISTERING, _T.FAILED): _S.WAITING,
    (_S.REGISTERED, _T.ALARM): _S.REGISTERING,
    (_S.WAITING, _T.ALARM): _S.REGISTERING,
    (_S.REGISTERING, _T.STOP): _S.UNREGISTERING,
    (_S.REGISTERED, _T.STOP): _S.UNREGISTERING,
    (_S.WAITING, _T.STOP): _S.IDLE,
    (_S.FAILED, _T.STOP): _S.IDLE,
    (_S.UNREGISTERING, _T.START): _S.REGISTERING,
    (_S.UNREGISTERING, _T.CHALLENGED): _S.UNREGISTERING,
    (_S.UNREGISTERING, _T.ACCEPTED): _S.IDLE,
    (_S.UNREGISTERING, _T.REFUSED): _S.IDLE,
    (_S.UNREGISTERING, _T.FAILED): _S.IDLE,
}
_PERMANENT = {401, 403, 404, 405, 407, 416, 420, 501, 604}


class Registration:
    """Makes requests and judges answers; *send* puts a request on its way. Answers come back by `answered`."""

    def __init__(
        self,
        account: Account,
        contact: NameAddr,
        rng: random.Random,
        send: Callable[[Request, Instant], None],
        *,
        user_agent: str = "",
    ) -> None:
        self.account = account
        self.state = RegState.IDLE
        self.deadline: Instant | None = None
        self._contact = contact
        self._rng = rng
        self._send = send
        self._user_agent = user_agent
        self._digest = DigestClient(Credentials(account.user, account.password), rng)
        self._call_id = f"{rng.getrandbits(96):024x}@{contact.uri.host}"
        self._tag = f"{rng.getrandbits(48):012x}"
        self._sequence = 0
        self._wanted_s = account.expires_s
        self._challenges = 0
        self._failures = 0
        self._last: Request | None = None
        self._bound = False
        self._events: deque[RegistrationEvent] = deque()

    @property
    def registered(self) -> bool:
        """Bound as far as we know, a refresh under way included."""
        return self.state is RegState.REGISTERED or (self.state is RegState.REGISTERING and self._bound)

    def next_event(self) -> RegistrationEvent | None:
        return self._events.popleft() if self._events else None

    def start(self, now: Instant) -> None:
        if self._step(RegTrigger.START):
            self._fresh(now)

    def stop(self, now: Instant) -> None:
        if self._step(RegTrigger.STOP):
            self.deadline = None
            if self.state is RegState.UNREGISTERING:
                self._fresh(now)

    def expire(self, now: Instant) -> None:
        if self.deadline is not None and now >= self.deadline:
            self.deadline = None
            if self._step(RegTrigger.ALARM):
                self._fresh(now)

    def answered(self, request: Request, response: Response, now: Instant) -> None:
        if self._last is None or request.cseq != self._last.cseq or response.status < 200:
            return
        if response.status in (401, 407) and self._authorize(response, now):
            return
        if response.status < 300:
            self._accepted(response, now)
        elif response.status == 423 and self._longer(response, now):
            return
        else:
            self._refused(response.status, response.reason, now)

    def timed_out(self, request: Request, now: Instant) -> None:
        if self._last is not None and request.cseq == self._last.cseq:
            self._refused(408, "no answer", now)

    def _step(self, trigger: RegTrigger) -> bool:
        found = REGISTRATION.get((self.state, trigger))
        if found is None:
            return False
        self.state = found
        return True

    def _fresh(self, now: Instant) -> None:
        self._challenges = 0
        account = self.account
        identity = NameAddr(Uri(account.user, account.domain))
        expires = 0 if self.state is RegState.UNREGISTERING else self._wanted_s
        headers = Headers([("Max-Forwards", "70")])
        headers.add("From", str(account.identity.with_tag(self._tag)))
        headers.add("To", str(identity))
        headers.add("Call-ID", self._call_id)
        headers.add("Contact", str(self._contact))
        headers.add("Expires", str(expires))
        if self._user_agent:
            headers.add("User-Agent", self._user_agent)
        self._dispatch(Request(headers, method="REGISTER", uri=Uri("", account.domain)), now)

    def _dispatch(self, request: Request, now: Instant) -> None:
        self._sequence += 1
        request.headers.set("CSeq", str(CSeq(self._sequence, "REGISTER")))
        self._last = request
        self._send(request, now)

    def _authorize(self, response: Response, now: Instant) -> bool:
        assert self._last is not None
        if self._challenges >= MAX_CHALLENGES:
            return False
        request = self._digest.authorize(self._last, response)
        if request is None or not self._step(RegTrigger.CHALLENGED):
            return False
        self._challenges += 1
        self._dispatch(request, now)
        return True

    def _longer(self, response: Response, now: Instant) -> bool:
        least = response.headers.get("Min-Expires") or ""
        if not least.isdecimal() or len(least) > 6 or int(least) <= self._wanted_s:
            return False
        if not self._step(RegTrigger.TOO_BRIEF):
            return False
        self._wanted_s = int(least)
        self._fresh(now)
        return True

    def _accepted(self, response: Response, now: Instant) -> None:
        if not self._step(RegTrigger.ACCEPTED):
            return
        self._failures = 0
        self._bound = self.state is RegState.REGISTERED
        if self.state is RegState.IDLE:
            self._events.append(Unregistered())
            return
        granted = self._granted(response)
        self.deadline = now + refresh_after(granted)
        self._events.append(Registered(granted))

    def _granted(self, response: Response) -> int:
        """What the registrar grants our own contact, else what it says of all."""
        texts: list[str | None] = []
        try:
            own = [one for one in response.contacts if one.uri.same_as(self._contact.uri)]
            texts += [one.params.get("expires") for one in own]
        except DecodeError:
            pass
        texts.append(response.headers.get("Expires"))
        good = [int(text) for text in texts if text and text.isdecimal() and len(text) < 8]
        return max(1, good[0]) if good else self._wanted_s

    def _refused(self, status: int, reason: str, now: Instant) -> None:
        permanent = status in _PERMANENT
        if not self._step(RegTrigger.REFUSED if permanent else RegTrigger.FAILED):
            return
        if self.state is RegState.IDLE:
            self._events.append(Unregistered())
            return
        self._bound = False
        retry_s = None
        if self.state is RegState.WAITING:
            wait = min(RETRY_FIRST << min(self._failures, 10), RETRY_LONGEST)
            wait = round(wait * self._rng.uniform(0.5, 1.0))
            self._failures += 1
            self.deadline = now + wait
            retry_s = wait / 1_000_000
        text = self._explained(status, reason, retry_s)
        self._events.append(RegistrationFailed(status, reason, text, retry_s))

    def _explained(self, status: int, reason: str, retry_s: float | None) -> str:
        account = self.account
        where = f"the registrar {account.registrar}"
        if status in (401, 403, 407) and self._challenges:
            return _sentence(
                f"{where} refused user {account.user} ({status} {reason}): "
                "check user name and password of the account on both sides."
            )
        if status in (401, 407):
            return _sentence(
                f"{where} asks for an authentication other than digest with MD5 or SHA-256: allow one there."
            )
        if status in (403, 404):
            return _sentence(
                f"{where} does not accept user {account.user} ({status} {reason}): create the account there."
            )
        then = "no further try is made" if retry_s is None else f"next try in {retry_s:.0f} s"
        if status == 408:
            return _sentence(f"{where} does not answer: check its address and that it runs; {then}.")
        return _sentence(f"{where} answered {status} {reason}: see its log for the cause; {then}.")


def _sentence(text: str) -> str:
    return text[0].upper() + text[1:]


def refresh_after(granted_s: int) -> Duration:
    """Early enough for a whole transaction to fail (32 s) and another try, for short terms at their half."""
    return seconds(max(granted_s / 2, granted_s - 40))
