"""The PBX: registers devices, authenticates and routes their calls. Each call is two legs; media flows past it.

It answers wrong credentials with 403 after it has challenged once: a further 401 would make a device try the same
password again for ever. Unknown user and wrong password get the same answer, so that no one can ask for names.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass, field

from firmware_sim.clock import Duration, Instant, seconds
from firmware_sim.errors import DecodeError
from firmware_sim.events import Address, Datagram, Detail, Stamped
from firmware_sim.sip import call_events as ep
from firmware_sim.sip.digest import ALGORITHMS, DigestServer, Verdict
from firmware_sim.sip.endpoint import Endpoint
from firmware_sim.sip.headers import NameAddr, Uri
from firmware_sim.sip.message import Request
from firmware_sim.sip.transaction import Transaction
from rig.pbx.registrar import Answer, Binding, PbxAccount, Registrar

RING_TIMEOUT = seconds(60)
AUDIT = seconds(120)
WRONG_CREDENTIALS = "Wrong User Or Password"
_TRY_NEXT = (408, 503)
"""Answers after which the next contact of the same account is tried."""


@dataclass(eq=False)
class Bridge:
    """One call: the caller's leg, and the callee's once it is routed."""

    caller_leg: str
    caller: str
    called: str
    account: str
    display: str
    offer: bytes
    targets: list[Binding] = field(default_factory=list)
    callee_legs: list[str] = field(default_factory=list)
    """Those that were tried; the last one is the one that counts."""
    contact: str = ""
    answered_at: Instant | None = None

    @property
    def callee_leg(self) -> str:
        return self.callee_legs[-1] if self.callee_legs else ""

    def other(self, leg: str) -> str:
        return self.callee_leg if leg == self.caller_leg else self.caller_leg

    def side(self, leg: str) -> str:
        return "caller" if leg == self.caller_leg else "callee"


class Pbx:
    def __init__(
        self,
        local: Address,
        accounts: Sequence[PbxAccount],
        rng: random.Random,
        *,
        domain: str,
        ring_timeout: Duration = RING_TIMEOUT,
        audit: Duration = AUDIT,
        algorithms: Sequence[str] = tuple(ALGORITHMS),
    ) -> None:
        """*algorithms* are offered in this order: a device that reads the first only and lacks SHA-256 needs MD5 first.

        Every *audit* both legs of a call are asked whether they still have it, so that none outlives its devices.
        """
        self.local = local
        self.domain = domain
        self.registrar = Registrar(accounts)
        self._endpoint = Endpoint(
            local,
            rng,
            user_agent="faxrig PBX",
            methods=("REGISTER",),
            unanswered=ring_timeout,
            audit=audit,
            symmetric=True,
        )
        self._digest = DigestServer(domain, rng, algorithms=algorithms)
        self._bridges: dict[str, Bridge] = {}
        self._events: list[Stamped] = []

    # surface

    @property
    def deadline(self) -> Instant | None:
        both = (self._endpoint.deadline, self.registrar.deadline)
        return min((one for one in both if one is not None), default=None)

    @property
    def garbage(self) -> int:
        return self._endpoint.garbage

    @property
    def idle(self) -> bool:
        return self._endpoint.idle

    def receive(self, datagram: Datagram, now: Instant) -> None:
        self._endpoint.receive(datagram, now)
        self._drain(now)

    def expire(self, now: Instant) -> None:
        self._endpoint.expire(now)
        for user, binding in self.registrar.expire(now):
            self._tell(now, "unregistered", user=user, contact=str(binding.contact), reason="expired")
        self._drain(now)

    def outputs(self, now: Instant) -> list[Datagram]:
        return self._endpoint.outputs(now)

    def events(self) -> list[Stamped]:
        events, self._events = self._events, []
        return events

    def stop(self, now: Instant) -> None:
        """End every call."""
        for leg in self._endpoint.handles:
            self._endpoint.end(leg, now, reason="the PBX stops", decline=503)
        self._drain(now)

    # within

    def _tell(self, now: Instant, name: str, **detail: Detail) -> None:
        self._events.append(Stamped(now, "pbx", name, detail))

    def _drain(self, now: Instant) -> None:
        while (event := self._endpoint.next_event()) is not None:
            self._take(event, now)

    def _take(self, event: ep.EndpointEvent, now: Instant) -> None:
        if isinstance(event, ep.OtherRequest):
            self._register(event.transaction, event.request, event.source, now)
        elif isinstance(event, ep.CallOffered):
            self._offered(event, now)
        elif not isinstance(event, ep.OtherResponse):
            bridge = self._bridges.get(event.call)
            if bridge is not None:
                self._take_of(bridge, event, now)

    def _take_of(self, bridge: Bridge, event: ep.EndpointEvent, now: Instant) -> None:
        match event:
            case ep.CallProgress(_, status, body):
                self._endpoint.ring(bridge.caller_leg, now, status=status, body=body)
            case ep.CallAnswered(_, body):
                self._answered(bridge, body, now)
            case ep.CallRefused(_, status, reason):
                self._refused(bridge, status, reason, now)
            case ep.CallEnded(leg, reason, by_peer):
                self._ended(bridge, leg, reason, by_peer, now)
            case ep.Reoffered(leg, body):
                self._reoffered(bridge, leg, body, now)
            case ep.ReofferAnswered(leg, body):
                self._endpoint.answer_reoffer(bridge.other(leg), body, now)
            case ep.ReofferRefused(leg, status, reason):
                self._endpoint.refuse_reoffer(bridge.other(leg), status, now, reason=reason)
            case _:
                pass

    # registrations

    def _register(self, transaction: Transaction, request: Request, source: Address, now: Instant) -> None:
        verdict, user = self._digest.judge(request, 401, self.registrar.password, now)
        if verdict in (Verdict.MISSING, Verdict.STALE):
            headers = self._digest.challenge(401, now, stale=verdict is Verdict.STALE)
            self._endpoint.respond(transaction, 401, now, headers=headers)
            return
        before = self._contacts(user, now)
        answer = self._judge_registration(verdict, user, request, source, now)
        self._endpoint.respond(transaction, answer.status, now, reason=answer.reason, headers=answer.headers)
        if answer.status == 200:
            self._tell_bindings(user, before, now)
        else:
            claimed = user or request.to.uri.user
            reason = answer.reason or "see status"
            self._tell(
                now, "registration refused", user=claimed, contact=str(source), status=answer.status, reason=reason
            )

    def _judge_registration(
        self, verdict: Verdict, user: str, request: Request, source: Address, now: Instant
    ) -> Answer:
        if verdict is Verdict.WRONG:
            return Answer(403, WRONG_CREDENTIALS)
        if request.to.uri.user != user:
            return Answer(403, "Not Your Account")
        try:
            return self.registrar.register(user, request, source, now)
        except DecodeError:
            return Answer(400, "Bad Contact Or Expires")

    def _contacts(self, user: str, now: Instant) -> dict[str, Instant]:
        if user not in self.registrar.accounts:
            return {}
        return {str(one.contact): one.expires for one in self.registrar.bindings(user, now)}

    def _tell_bindings(self, user: str, before: dict[str, Instant], now: Instant) -> None:
        after = self._contacts(user, now)
        for contact in before.keys() - after.keys():
            self._tell(now, "unregistered", user=user, contact=contact, reason="by the device")
        for contact, expires in after.items():
            if before.get(contact) != expires:
                left = (expires - now) // 1_000_000
                self._tell(now, "registered", user=user, contact=contact, expires_s=left, refresh=contact in before)

    # calls

    def _offered(self, event: ep.CallOffered, now: Instant) -> None:
        request = event.request
        verdict, user = self._digest.judge(request, 407, self.registrar.password, now)
        bridge = self._bridge(event, user)
        if verdict in (Verdict.MISSING, Verdict.STALE):
            headers = self._digest.challenge(407, now, stale=verdict is Verdict.STALE)
            self._endpoint.reject(event.call, 407, now, headers=headers)
            return
        self._bridges[event.call] = bridge
        if verdict is Verdict.WRONG:
            self._reject(bridge, 403, WRONG_CREDENTIALS, now)
            return
        self._tell(now, "call", call=bridge.caller_leg, user=user, caller=bridge.caller, called=bridge.called)
        self._route(bridge, request, now)

    def _bridge(self, event: ep.CallOffered, user: str) -> Bridge:
        request = event.request
        claimed = request.from_
        account = self.registrar.accounts.get(user)
        caller = claimed.uri.user
        if account is not None and caller not in account.numbers:
            caller = account.numbers[0] if account.numbers else user
        return Bridge(event.call, caller, request.uri.user, user, claimed.display, request.body)

    def _route(self, bridge: Bridge, request: Request, now: Instant) -> None:
        callee = self.registrar.account_of(bridge.called)
        if (request.headers.get("Max-Forwards") or "70").strip() == "0":
            self._reject(bridge, 483, "Too Many Hops", now)
        elif not bridge.offer:
            self._reject(bridge, 488, "Calls Without An Offer Are Not Taken", now)
        elif callee is None:
            self._reject(bridge, 404, "Not Found", now)
        else:
            bridge.targets = self.registrar.bindings(callee.user, now)
            self._next_target(bridge, 480, "Not Registered", now)

    def _next_target(self, bridge: Bridge, status: int, reason: str, now: Instant) -> None:
        """Ring the next contact of the account; *status* goes to the caller when none is left."""
        if not bridge.targets:
            self._reject(bridge, status, reason, now)
            return
        binding = bridge.targets.pop(0)
        bridge.contact = str(binding.contact)
        caller = NameAddr(Uri(bridge.caller, self.domain), bridge.display)
        called = NameAddr(Uri(bridge.called, self.domain))
        leg = self._endpoint.invite(binding.contact, caller, bridge.offer, binding.source, now, called=called)
        bridge.callee_legs.append(leg)
        self._bridges[leg] = bridge

    def _reject(self, bridge: Bridge, status: int, reason: str, now: Instant) -> None:
        self._endpoint.reject(bridge.caller_leg, status, now, reason=reason)
        self._tell_refused(bridge, status, reason, now)

    def _answered(self, bridge: Bridge, body: bytes, now: Instant) -> None:
        bridge.answered_at = now
        self._endpoint.accept(bridge.caller_leg, body, now)
        self._tell(now, "call answered", **self._named(bridge))

    def _refused(self, bridge: Bridge, status: int, reason: str, now: Instant) -> None:
        """The callee's leg got a final answer that is no."""
        if status in _TRY_NEXT:
            self._next_target(bridge, status, reason, now)
        elif status in (401, 407):
            self._reject(bridge, 480, f"The Device Asked For Credentials ({status})", now)
        else:
            self._reject(bridge, status, reason, now)

    def _ended(self, bridge: Bridge, leg: str, reason: str, by_peer: bool, now: Instant) -> None:
        """One leg is over, so the other goes too."""
        other = bridge.other(leg)
        if other:
            self._endpoint.end(other, now, reason=reason, decline=480)
        by = bridge.side(leg) if by_peer else "pbx"
        if bridge.answered_at is None:
            self._tell_refused(bridge, 487 if by == "caller" else 480, reason, now)
            return
        lasted = (now - bridge.answered_at) // 1000
        self._tell(now, "call ended", **self._named(bridge), by=by, reason=reason, duration_ms=lasted)
        self._forget(bridge)

    def _tell_refused(self, bridge: Bridge, status: int, reason: str, now: Instant) -> None:
        self._tell(now, "call refused", **self._named(bridge), user=bridge.account, status=status, reason=reason)
        self._forget(bridge)

    def _forget(self, bridge: Bridge) -> None:
        """What its legs still say from here on is of no interest."""
        for leg in (bridge.caller_leg, *bridge.callee_legs):
            self._bridges.pop(leg, None)

    @staticmethod
    def _named(bridge: Bridge) -> dict[str, Detail]:
        return {
            "call": bridge.caller_leg,
            "caller": bridge.caller,
            "called": bridge.called,
            "contact": bridge.contact,
        }

    def _reoffered(self, bridge: Bridge, leg: str, body: bytes, now: Instant) -> None:
        """A re-INVITE goes through to the other leg, so that both devices can go over to T.38 and back."""
        if not body:
            self._endpoint.refuse_reoffer(leg, 488, now, reason="Re-INVITE Without An Offer")
        elif not self._endpoint.reoffer(bridge.other(leg), body, now):
            self._endpoint.refuse_reoffer(leg, 491, now)
