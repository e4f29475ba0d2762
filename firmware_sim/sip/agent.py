"""The user agent inside a device: it registers, calls and is called."""

import random
from collections import deque
from dataclasses import dataclass

from firmware_sim.clock import Duration, Instant
from firmware_sim.errors import DecodeError, LocalProtocolError
from firmware_sim.events import Address, Datagram
from firmware_sim.sip import call_events as ep
from firmware_sim.sip.digest import Credentials
from firmware_sim.sip.endpoint import Endpoint
from firmware_sim.sip.headers import NameAddr, Uri
from firmware_sim.sip.message import Request
from firmware_sim.sip.registration import (
    Account,
    Registered,
    Registration,
    RegistrationFailed,
    Unregistered,
)
from firmware_sim.sip.sdp import Sdp, answer_audio, audio_of
from firmware_sim.sip.timers import TIMER_C

__all__ = [
    "Account",
    "AgentEvent",
    "Answered",
    "Confirmed",
    "Ended",
    "Incoming",
    "Refused",
    "Registered",
    "RegistrationFailed",
    "ReofferAnswered",
    "ReofferRefused",
    "Reoffered",
    "Ringing",
    "Unregistered",
    "UserAgent",
]


@dataclass(frozen=True)
class Incoming:
    call: str
    caller: str
    called: str
    offer: Sdp


@dataclass(frozen=True)
class Ringing:
    """180, 183 or another provisional answer; *early* is its session description, when it has one."""

    call: str
    status: int
    early: Sdp | None = None


@dataclass(frozen=True)
class Answered:
    call: str
    answer: Sdp


@dataclass(frozen=True)
class Confirmed:
    """The ACK to our 2xx came."""

    call: str


@dataclass(frozen=True)
class Refused:
    call: str
    status: int
    reason: str


@dataclass(frozen=True)
class Ended:
    call: str
    reason: str
    by_peer: bool


@dataclass(frozen=True)
class Reoffered:
    """The peer wants another session, T.38 for one. Only with `ask_reoffers`: answer with `accept` or `reject`."""

    call: str
    offer: Sdp


@dataclass(frozen=True)
class ReofferAnswered:
    call: str
    answer: Sdp


@dataclass(frozen=True)
class ReofferRefused:
    """The session stays as it was."""

    call: str
    status: int
    reason: str


AgentEvent = (
    Registered
    | Unregistered
    | RegistrationFailed
    | Incoming
    | Ringing
    | Answered
    | Confirmed
    | Refused
    | Ended
    | Reoffered
    | ReofferAnswered
    | ReofferRefused
)


class UserAgent:
    def __init__(
        self,
        local: Address,
        rng: random.Random,
        *,
        account: Account | None = None,
        user_agent: str = "fax device",
        max_calls: int = 1,
        ask_reoffers: bool = False,
        unanswered: Duration = TIMER_C,
    ) -> None:
        """*unanswered* is how long a call may ring, either way. Each call ends in one Refused or Ended."""
        self.local = local
        self.account = account
        self._max_calls = max_calls
        self._ask_reoffers = ask_reoffers
        self._endpoint = Endpoint(local, rng, user_agent=user_agent, unanswered=unanswered, user=_user(account))
        self._registration: Registration | None = None
        if account is not None:
            contact = NameAddr(self._endpoint.contact())
            self._registration = Registration(account, contact, rng, self._register, user_agent=user_agent)
        self._events: deque[AgentEvent] = deque()
        self._sessions: dict[str, Sdp] = {}
        self._reoffered: set[str] = set()
        self._stopped = False

    # surface

    @property
    def deadline(self) -> Instant | None:
        mine = self._registration.deadline if self._registration else None
        return min((one for one in (mine, self._endpoint.deadline) if one is not None), default=None)

    @property
    def garbage(self) -> int:
        """Datagrams and answers from peers that could not be read."""
        return self._endpoint.garbage

    @property
    def registered(self) -> bool:
        return self._registration is not None and self._registration.registered

    @property
    def idle(self) -> bool:
        """Nothing holds a line and no call is being ended."""
        return self._endpoint.idle

    def start(self, now: Instant) -> None:
        self._stopped = False
        if self._registration is not None:
            self._registration.start(now)
        self._drain(now)

    def stop(self, now: Instant) -> None:
        """End the calls, unregister, and refuse what still comes with 480."""
        self._stopped = True
        for call in self._endpoint.handles:
            self._endpoint.end(call, now, reason="the device stopped")
        if self._registration is not None:
            self._registration.stop(now)
        self._drain(now)

    def receive(self, datagram: Datagram, now: Instant) -> None:
        self._endpoint.receive(datagram, now)
        self._drain(now)

    def expire(self, now: Instant) -> None:
        self._endpoint.expire(now)
        if self._registration is not None:
            self._registration.expire(now)
        self._drain(now)

    def outputs(self, now: Instant) -> list[Datagram]:
        return self._endpoint.outputs(now)

    def next_event(self) -> AgentEvent | None:
        return self._events.popleft() if self._events else None

    # calls

    def invite(self, target_user: str, offer: Sdp, now: Instant, *, caller: str = "") -> str:
        """Call *target_user* through the registrar; without an account *target_user* is a whole SIP URI.

        *caller* is the number shown to the called side, the account's user by default.
        """
        target = self._target(target_user)
        account = self.account
        if account is None:
            destination = target.address()
            if destination is None:
                raise LocalProtocolError(f"without an account a call needs an IP address, not {target_user!r}")
            identity = NameAddr(Uri(caller or "anonymous", self.local.host, self.local.port))
            credentials = None
        else:
            destination = account.registrar
            identity = NameAddr(Uri(caller or account.user, account.domain), account.display_name)
            credentials = Credentials(account.user, account.password)
        body = offer.encode()
        call = self._endpoint.invite(target, identity, body, destination, now, credentials=credentials)
        self._sessions[call] = offer
        self._drain(now)
        return call

    def ring(self, call: str, now: Instant) -> None:
        self._endpoint.ring(call, now)
        self._drain(now)

    def accept(self, call: str, answer: Sdp, now: Instant) -> None:
        """Answer the call, or the re-INVITE that the peer has open in it."""
        self._sessions[call] = answer
        if call in self._reoffered:
            self._reoffered.discard(call)
            self._endpoint.answer_reoffer(call, answer.encode(), now)
        else:
            self._endpoint.accept(call, answer.encode(), now)
        self._drain(now)

    def reject(self, call: str, status: int, now: Instant) -> None:
        """Refuse the call, or only the re-INVITE that the peer has open in it."""
        if call in self._reoffered:
            self._reoffered.discard(call)
            self._endpoint.refuse_reoffer(call, status, now)
        else:
            self._endpoint.reject(call, status, now)
        self._drain(now)

    def reoffer(self, call: str, offer: Sdp, now: Instant) -> None:
        """Ask the peer for another session; ReofferAnswered or ReofferRefused says what came of it."""
        if not self._endpoint.reoffer(call, offer.encode(), now):
            self._events.append(ReofferRefused(call, 491, "the call is not up, or another offer is still open"))
        self._drain(now)

    def end(self, call: str, now: Instant) -> None:
        self._endpoint.end(call, now)
        self._drain(now)

    # within

    def _target(self, user: str) -> Uri:
        if user.startswith(("sip:", "tel:")):
            return Uri.parse(user)
        return Uri(user, self.account.domain) if self.account else Uri.parse(f"sip:{user}")

    def _register(self, request: Request, now: Instant) -> None:
        assert self.account is not None
        self._endpoint.send_request(request, self.account.registrar, now)

    def _drain(self, now: Instant) -> None:
        while (event := self._endpoint.next_event()) is not None:
            try:
                self._take(event, now)
            except DecodeError:
                self._endpoint.unreadable()
                self._unreadable(event, now)
        while self._registration is not None and (told := self._registration.next_event()) is not None:
            self._events.append(told)

    def _take(self, event: ep.EndpointEvent, now: Instant) -> None:
        match event:
            case ep.CallOffered():
                self._offered(event, now)
            case ep.CallProgress(call, status, body):
                self._events.append(Ringing(call, status, Sdp.parse(body) if body else None))
            case ep.CallAnswered(call, body):
                self._events.append(Answered(call, Sdp.parse(body)))
            case ep.CallConfirmed(call):
                self._events.append(Confirmed(call))
            case ep.CallRefused(call, status, reason):
                self._close(call)
                self._events.append(Refused(call, status, reason))
            case ep.CallEnded(call, reason, by_peer):
                self._close(call)
                self._events.append(Ended(call, reason, by_peer))
            case ep.Reoffered(call, body):
                self._reoffer_arrived(call, body, now)
            case ep.ReofferAnswered(call, body):
                self._events.append(ReofferAnswered(call, Sdp.parse(body)))
            case ep.ReofferRefused(call, status, reason):
                self._events.append(ReofferRefused(call, status, reason))
            case ep.OtherResponse():
                self._registrar_said(event, now)
            case _:
                pass

    def _unreadable(self, event: ep.EndpointEvent, now: Instant) -> None:
        """The peer's session description is broken: the cause belongs into what we tell and answer."""
        match event:
            case ep.CallOffered(call):
                self._endpoint.reject(call, 488, now)
            case ep.CallProgress(call, status):
                self._events.append(Ringing(call, status))
            case ep.CallAnswered(call):
                self._endpoint.end(call, now, reason="the answer's session description cannot be read")
            case ep.Reoffered(call):
                self._endpoint.refuse_reoffer(call, 488, now)
            case ep.ReofferAnswered(call):
                self._events.append(ReofferRefused(call, 488, "the answer's session description cannot be read"))
            case _:
                pass

    def _offered(self, event: ep.CallOffered, now: Instant) -> None:
        user, to = event.request.uri.user, event.request.to.uri.user
        if self._stopped:
            self._endpoint.reject(event.call, 480, now)
        elif self.account is not None and user not in ("", self.account.user):
            self._endpoint.reject(event.call, 404, now)
        elif self._endpoint.calls_in_use > self._max_calls:
            self._endpoint.reject(event.call, 486, now)
        elif not event.request.body:
            warning = f'399 {self.local.host} "calls without an offer are not taken"'
            self._endpoint.reject(event.call, 488, now, headers=[("Warning", warning)])
        else:
            offer = Sdp.parse(event.request.body)
            called = to if self.account is not None and to else user
            self._events.append(Incoming(event.call, event.request.from_.uri.user, called, offer))

    def _reoffer_arrived(self, call: str, body: bytes, now: Instant) -> None:
        current = self._sessions.get(call)
        offer = Sdp.parse(body) if body else current
        if offer is None or current is None:
            self._endpoint.refuse_reoffer(call, 488, now)
        elif not body:
            self._endpoint.answer_reoffer(call, current.encode(), now)
        elif self._ask_reoffers:
            self._reoffered.add(call)
            self._events.append(Reoffered(call, offer))
        else:
            self._keep_session(call, current, offer, now)

    def _keep_session(self, call: str, current: Sdp, offer: Sdp, now: Instant) -> None:
        """Answer audio with the audio we have, refuse anything else."""
        mine = audio_of(current)
        answer = answer_audio(offer, mine.address, (mine.codec,)) if mine else None
        if answer is None:
            self._endpoint.refuse_reoffer(call, 488, now)
        else:
            self._endpoint.answer_reoffer(call, answer.encode(), now)

    def _registrar_said(self, event: ep.OtherResponse, now: Instant) -> None:
        if self._registration is None or event.request.method != "REGISTER":
            return
        if event.response is None:
            self._registration.timed_out(event.request, now)
        else:
            self._registration.answered(event.request, event.response, now)

    def _close(self, call: str) -> None:
        self._sessions.pop(call, None)
        self._reoffered.discard(call)


def _user(account: Account | None) -> str:
    return account.user if account else ""
