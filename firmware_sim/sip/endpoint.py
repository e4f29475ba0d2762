"""One end of SIP calls: what a user agent and both legs of a PBX have in common. Bodies pass as octets, unread."""

import random

from firmware_sim.clock import Duration, Instant
from firmware_sim.errors import DecodeError
from firmware_sim.events import Address, Datagram
from firmware_sim.sip.call import IN_USE, Call, CallState, CallTrigger
from firmware_sim.sip.call_events import (
    CallAnswered,
    CallConfirmed,
    CallOffered,
    CallProgress,
    EndpointEvent,
    OtherRequest,
    OtherResponse,
)
from firmware_sim.sip.dialog import Dialog
from firmware_sim.sip.digest import Credentials, DigestClient
from firmware_sim.sip.headers import NameAddr, Uri
from firmware_sim.sip.layer import RequestArrived, ResponseArrived, TimedOut
from firmware_sim.sip.legs import METHODS, SDP_TYPE, Legs, Lines, ack_key, readable
from firmware_sim.sip.message import Headers, Request, Response, respond
from firmware_sim.sip.reinvite import Reinvites
from firmware_sim.sip.timers import T1, TIMER_C
from firmware_sim.sip.transaction import State, Transaction


class Endpoint:
    def __init__(
        self,
        local: Address,
        rng: random.Random,
        *,
        user_agent: str = "",
        methods: tuple[str, ...] = (),
        unanswered: Duration = TIMER_C,
        audit: Duration = 0,
        user: str = "",
        symmetric: bool = False,
    ) -> None:
        """*user* stands in our Contact. *methods* beyond those of calls come as OtherRequest.

        *unanswered* is how long a call may ring, either way. Every *audit* an OPTIONS within each call that is up asks
        whether the peer still has it; 0 for never. *symmetric*: within a call send to where the peer's messages come
        from, not to its Contact, which may be an address behind NAT.
        """
        self._symmetric = symmetric
        self._audit = audit
        self.local = local
        self._methods = methods
        self._unanswered = unanswered
        self._legs = Legs(local, rng, user_agent=user_agent, user=user, methods=methods)
        self._reinvites = Reinvites(self._legs)

    @property
    def garbage(self) -> int:
        """Datagrams that no one could read."""
        return self._legs.layer.garbage

    def unreadable(self) -> None:
        """Count a body that the owner could not read."""
        self._legs.layer.garbage += 1

    def contact(self) -> Uri:
        return self._legs.contact()

    @property
    def deadline(self) -> Instant | None:
        known = [one for one in (self._legs.layer.deadline, self._legs.alarms.deadline) if one is not None]
        return min(known, default=None)

    def receive(self, datagram: Datagram, now: Instant) -> None:
        self._legs.layer.receive(datagram, now)
        self._digest_layer(now)

    def expire(self, now: Instant) -> None:
        self._legs.layer.expire(now)
        self._digest_layer(now)
        while (due := self._legs.alarms.pop(now)) is not None:
            kind, handle = due
            call = self._legs.book.calls.get(handle)
            if call is not None:
                self._alarm(kind, call, now)

    def outputs(self, now: Instant) -> list[Datagram]:
        return self._legs.layer.outputs(now)

    def next_event(self) -> EndpointEvent | None:
        return self._legs.events.popleft() if self._legs.events else None

    @property
    def calls_in_use(self) -> int:
        return sum(call.state in IN_USE for call in self._legs.book.calls.values())

    @property
    def idle(self) -> bool:
        """No call holds or ends; late repeats may still come."""
        return all(call.state is CallState.ENDED for call in self._legs.book.calls.values())

    @property
    def handles(self) -> list[str]:
        return [handle for handle, call in self._legs.book.calls.items() if call.state in IN_USE]

    # calls

    def invite(
        self,
        target: Uri,
        caller: NameAddr,
        body: bytes,
        destination: Address,
        now: Instant,
        *,
        called: NameAddr | None = None,
        credentials: Credentials | None = None,
        headers: Lines = (),
    ) -> str:
        """Begin a call; returns its handle. *called* is what stands in To, when it is not the target."""
        tag = self._legs.tag()
        lines = [("Max-Forwards", "70"), ("From", str(caller.with_tag(tag))), ("To", str(called or NameAddr(target)))]
        lines += [("Call-ID", f"{self._legs.rng.getrandbits(96):024x}@{self.local.host}"), ("CSeq", "1 INVITE")]
        lines += [*self._legs.own_lines(), *headers]
        request = Request(self._legs.with_body(Headers(lines), body), body, method="INVITE", uri=target)
        transaction = self._legs.layer.request(request, destination, now)
        digest = DigestClient(credentials, self._legs.rng) if credentials else None
        call = Call(self._legs.book.new_handle(), CallState.CALLING, transaction, tag, destination, digest)
        self._add(call, now)
        return call.handle

    def ring(self, handle: str, now: Instant, *, status: int = 180, body: bytes = b"") -> None:
        call = self._legs.book.find(handle)
        if call is not None and call.state is CallState.OFFERED:
            self._legs.answer(call, call.invite, status, now, body=body)

    def accept(self, handle: str, body: bytes, now: Instant) -> None:
        """Nothing happens when the peer has given up meanwhile."""
        call = self._legs.book.find(handle)
        if call is not None and call.step(CallTrigger.ACCEPT):
            self._legs.alarms.cancel(("unanswered", handle))
            self._legs.succeed(call, call.invite, body, now)

    def reject(self, handle: str, status: int, now: Instant, *, reason: str = "", headers: Lines = ()) -> None:
        call = self._legs.book.find(handle)
        if call is not None:
            call.told = True
            self._reject(call, status, reason, headers, now)

    def end(self, handle: str, now: Instant, *, reason: str = "ended here", decline: int = 603) -> None:
        """CANCEL, decline or BYE, whatever the call's state asks for. Said twice it does nothing more."""
        call = self._legs.book.calls.get(handle)
        if call is None:
            return
        before = call.state
        if not call.step(CallTrigger.END):
            return
        if before is CallState.PROCEEDING:
            self._cancel(call, now)
        elif before is CallState.OFFERED:
            self._legs.answer(call, call.invite, decline, now)
        elif before is CallState.CONFIRMED:
            self._legs.bye(call, now)
        self._legs.tell_end(call, reason, by_peer=False)
        if call.state is CallState.ENDED:
            self._legs.over(call, now)

    # re-INVITEs

    def reoffer(self, handle: str, body: bytes, now: Instant) -> bool:
        """Send a re-INVITE; the answer comes as an event, a 491 is retried by itself (14.1).

        False when the call is not up, or another re-INVITE of it is still open.
        """
        return self._reinvites.offer(handle, body, now)

    def answer_reoffer(self, handle: str, body: bytes, now: Instant) -> None:
        self._reinvites.answer(handle, body, now)

    def refuse_reoffer(self, handle: str, status: int, now: Instant, *, reason: str = "") -> None:
        self._reinvites.refuse(handle, status, now, reason=reason)

    # requests outside calls

    def respond(
        self, transaction: Transaction, status: int, now: Instant, *, reason: str = "", headers: Lines = ()
    ) -> None:
        self._legs.respond(transaction, status, now, reason=reason, headers=headers)

    def send_request(self, request: Request, destination: Address, now: Instant) -> None:
        self._legs.layer.request(request, destination, now)

    # what comes from the layer

    def _digest_layer(self, now: Instant) -> None:
        while (event := self._legs.layer.next_event()) is not None:
            try:
                if isinstance(event, RequestArrived):
                    self._request(event, now)
                elif isinstance(event, ResponseArrived):
                    self._response(event.transaction, event.response, now)
                else:
                    self._timed_out(event, now)
            except DecodeError:
                self._legs.layer.garbage += 1
                if isinstance(event, RequestArrived) and event.transaction is not None:
                    self._bad_request(event.transaction, now)

    def _bad_request(self, transaction: Transaction, now: Instant) -> None:
        if transaction.state in (State.TRYING, State.PROCEEDING):
            self._legs.respond(transaction, 400, now)

    def _request(self, event: RequestArrived, now: Instant) -> None:
        request, transaction = event.request, event.transaction
        call = self._legs.book.of_request(request)
        if transaction is None:
            self._ack(call, request, now)
        elif request.method == "CANCEL":
            self._cancelled(transaction, now)
        elif request.method in self._methods and not request.to.tag:
            self._legs.events.append(OtherRequest(transaction, request, event.source))
        elif request.method not in METHODS:
            self._legs.respond(transaction, 405, now, headers=[("Allow", self._legs.allow())])
        elif request.headers.values("Require"):
            unsupported = ", ".join(request.headers.values("Require"))
            self._legs.respond(transaction, 420, now, headers=[("Unsupported", unsupported)])
        elif request.method == "OPTIONS" and not request.to.tag:
            self._legs.respond(transaction, 200, now, headers=[("Allow", self._legs.allow()), ("Accept", SDP_TYPE)])
        elif request.to.tag:
            self._within(call, transaction, now)
        elif request.uri.scheme not in ("sip", "sips", "tel"):
            self._legs.respond(transaction, 416, now)
        elif not readable(request):
            self._legs.respond(transaction, 415, now, headers=[("Accept", SDP_TYPE)])
        elif request.method == "INVITE":
            self._offered(transaction, event.source, now)
        else:
            self._legs.respond(transaction, 481, now)

    def _within(self, call: Call | None, transaction: Transaction, now: Instant) -> None:
        """A request within a dialog."""
        request = transaction.request
        if call is None or call.dialog is None or call.state is CallState.ENDED:
            self._legs.respond(transaction, 481, now)
        elif not call.dialog.accepts(request):
            self._legs.respond(transaction, 500, now, reason="Out Of Order")
        elif request.method == "BYE":
            self._bye_received(call, transaction, now)
        elif request.method == "OPTIONS":
            self._legs.respond(transaction, 200, now, headers=[("Allow", self._legs.allow()), ("Accept", SDP_TYPE)])
        else:
            self._reinvites.received(call, transaction, now)

    def _offered(self, transaction: Transaction, source: Address, now: Instant) -> None:
        request = transaction.request
        tag = self._legs.tag()
        dialog = Dialog.of_request(request, tag, source)
        dialog.symmetric = self._symmetric
        call = Call(self._legs.book.new_handle(), CallState.OFFERED, transaction, tag, source, dialog=dialog)
        self._add(call, now)
        self._legs.layer.respond(transaction, respond(request, 100), now)
        self._legs.events.append(CallOffered(call.handle, request, source))

    def _bye_received(self, call: Call, transaction: Transaction, now: Instant) -> None:
        before = call.state
        if not call.step(CallTrigger.BYE):
            self._legs.respond(transaction, 481, now)
            return
        self._legs.respond(transaction, 200, now)
        if before is CallState.OFFERED:
            self._legs.answer(call, call.invite, 487, now)
        self._legs.tell_end(call, "the other side hung up", by_peer=True)
        if call.state is CallState.ENDED:
            self._legs.over(call, now)

    def _cancelled(self, transaction: Transaction, now: Instant) -> None:
        invite = self._legs.layer.invite_of(transaction)
        if invite is None:
            self._legs.respond(transaction, 481, now)
            return
        self._legs.respond(transaction, 200, now)
        call = self._legs.book.owner(invite)
        if call is not None and call.step(CallTrigger.CANCEL):
            self._legs.answer(call, invite, 487, now)
            self._legs.tell_end(call, "cancelled by the caller", by_peer=True)
            self._legs.over(call, now)

    def _ack(self, call: Call | None, request: Request, now: Instant) -> None:
        success = call.success if call is not None else None
        if call is None or success is None or success.transaction.request.cseq.sequence != request.cseq.sequence:
            self._legs.layer.strays += call is None
            return
        call.success = None
        self._legs.alarms.cancel(("success", call.handle))
        if success.transaction is call.invite and call.step(CallTrigger.ACK):
            if call.state is CallState.ENDING:
                self._legs.bye(call, now)
            else:
                self._legs.events.append(CallConfirmed(call.handle))
                self._audit_later(call, now)

    def _timed_out(self, event: TimedOut, now: Instant) -> None:
        transaction = event.transaction
        call = self._legs.book.owner(transaction)
        if transaction.key[0] == "server":
            return
        if call is None:
            if transaction.request.method != "CANCEL":
                self._legs.events.append(OtherResponse(transaction.request, None))
        elif transaction is call.invite:
            if call.step(CallTrigger.TIMEOUT):
                self._legs.tell_refusal(call, 408, "no answer")
                self._legs.over(call, now)
        elif transaction.request.method == "BYE":
            self._bye_done(call, now)
        elif transaction.request.method == "OPTIONS":
            self._audited(call, 408, now)
        else:
            self._reinvites.failed(call, 408, "no answer", now)

    def _response(self, transaction: Transaction, response: Response, now: Instant) -> None:
        call = self._legs.book.owner(transaction)
        if call is None:
            if transaction.request.method != "CANCEL" and response.status >= 200:
                self._legs.events.append(OtherResponse(transaction.request, response))
        elif response.status in (401, 407) and self._legs.retry(call, transaction, response, now):
            return
        elif transaction is call.invite:
            self._invite_answered(call, response, now)
        elif response.status < 200:
            return
        elif transaction.request.method == "BYE":
            self._bye_done(call, now)
        elif transaction.request.method == "OPTIONS":
            self._audited(call, response.status, now)
        else:
            self._reinvites.answered(call, transaction, response, now)

    def _invite_answered(self, call: Call, response: Response, now: Instant) -> None:
        if response.status < 200:
            self._progress(call, response, now)
        elif response.status >= 300:
            if call.step(CallTrigger.REFUSED):
                self._legs.tell_refusal(call, response.status, response.reason)
                self._legs.over(call, now)
        elif call.dialog is None:
            self._answered(call, response, now)
        else:
            self._answered_again(call, response, now)

    def _progress(self, call: Call, response: Response, now: Instant) -> None:
        first, call.provisional = not call.provisional, True
        if not call.step(CallTrigger.PROVISIONAL):
            return
        if call.state is CallState.CANCELLING:
            if first:
                self._cancel(call, now)
        elif response.status > 100:
            self._legs.events.append(CallProgress(call.handle, response.status, response.body))

    def _answered(self, call: Call, response: Response, now: Instant) -> None:
        call.dialog = Dialog.of_response(call.invite.request, response, call.destination)
        call.dialog.symmetric = self._symmetric
        self._legs.book.enter_dialog(call)
        self._legs.send_ack(call, call.dialog, call.invite.request, response)
        self._legs.alarms.cancel(("unanswered", call.handle))
        if not call.step(CallTrigger.ANSWERED):
            return
        call.tries = 0
        if call.state is CallState.ENDING:
            self._legs.bye(call, now)
        else:
            self._legs.events.append(CallAnswered(call.handle, response.body))
            self._audit_later(call, now)

    def _answered_again(self, call: Call, response: Response, now: Instant) -> None:
        """A repeated 2xx is acknowledged again; one from another branch of a fork is hung up at once (13.2.2.4)."""
        known = call.acks.get(ack_key(response))
        if known is not None:
            self._legs.layer.resend(*known)
            return
        other = Dialog.of_response(call.invite.request, response, call.destination)
        self._legs.send_ack(call, other, call.invite.request, response)
        self._legs.layer.request(other.request("BYE", Headers(self._legs.server_line())), other.next_hop(), now)

    # what we do by ourselves

    def _alarm(self, kind: str, call: Call, now: Instant) -> None:
        if kind == "success":
            self._legs.repeat_success(call, now)
        elif kind == "unanswered":
            self._give_up(call, now)
        elif kind == "reoffer":
            self._reinvites.again(call, now)
        elif kind == "audit":
            if call.state is CallState.CONFIRMED:
                self._legs.within_dialog(call, "OPTIONS", b"", now)
        elif kind == "cancelled":
            if call.step(CallTrigger.TIMEOUT):
                self._legs.layer.abandon(call.invite)
                self._legs.over(call, now)
        else:
            self._legs.forget(call)

    def _audit_later(self, call: Call, now: Instant) -> None:
        if self._audit:
            self._legs.alarms.set(("audit", call.handle), now + self._audit)

    def _audited(self, call: Call, status: int, now: Instant) -> None:
        """Any answer but 408 and 481 says that the peer has the call (12.2.1.2)."""
        if call.state is not CallState.CONFIRMED:
            return
        if status not in (408, 481):
            self._audit_later(call, now)
        elif call.step(CallTrigger.END):
            self._legs.bye(call, now)
            self._legs.tell_end(call, f"the other side no longer has the call ({status})", by_peer=True)

    def _give_up(self, call: Call, now: Instant) -> None:
        if call.state is CallState.OFFERED:
            self._legs.tell_end(call, "not answered here", by_peer=False)
            self._reject(call, 480, "No Answer", (), now)
        elif call.state in (CallState.CALLING, CallState.PROCEEDING):
            self._legs.tell_refusal(call, 408, "no answer")
            self.end(call.handle, now)

    def _reject(self, call: Call, status: int, reason: str, headers: Lines, now: Instant) -> None:
        if call.step(CallTrigger.REJECT):
            self._legs.answer(call, call.invite, status, now, reason=reason, headers=headers)
            self._legs.over(call, now)

    def _cancel(self, call: Call, now: Instant) -> None:
        self._legs.layer.cancel(call.invite, now)
        self._legs.alarms.set(("cancelled", call.handle), now + 64 * T1)

    def _bye_done(self, call: Call, now: Instant) -> None:
        if call.step(CallTrigger.BYE_DONE):
            self._legs.over(call, now)

    def _add(self, call: Call, now: Instant) -> None:
        self._legs.book.add(call)
        self._legs.alarms.set(("unanswered", call.handle), now + self._unanswered)
