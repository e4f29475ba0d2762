"""One end of SIP calls: what a user agent and both legs of a PBX have in common. Bodies pass as octets, unread."""

import random
from collections import deque
from collections.abc import Iterable

from firmware_sim.clock import Duration, Instant, ms, seconds
from firmware_sim.errors import DecodeError
from firmware_sim.events import Address, Datagram
from firmware_sim.sip.call import IN_USE, Call, CallBook, CallState, CallTrigger, Success
from firmware_sim.sip.call_events import (
    CallAnswered,
    CallConfirmed,
    CallEnded,
    CallOffered,
    CallProgress,
    CallRefused,
    EndpointEvent,
    OtherRequest,
    OtherResponse,
    ReofferAnswered,
    Reoffered,
    ReofferRefused,
)
from firmware_sim.sip.dialog import Dialog
from firmware_sim.sip.digest import Credentials, DigestClient
from firmware_sim.sip.headers import CSeq, NameAddr, Uri
from firmware_sim.sip.layer import RequestArrived, ResponseArrived, TimedOut, TransactionLayer
from firmware_sim.sip.message import Headers, Request, Response, respond
from firmware_sim.sip.timers import SUCCESS_LIMIT, SUCCESS_REPEAT, T1, TIMER_C, Alarms
from firmware_sim.sip.transaction import State, Transaction

METHODS = ("INVITE", "ACK", "CANCEL", "BYE", "OPTIONS")
MAX_TRIES = 4
FORGET_AFTER = seconds(40)
"""Longer than any transaction of the call, so that late repeats still find it."""
REOFFER_LIMIT = 64 * T1
"""How long a re-INVITE may stay without a final answer."""
SDP_TYPE = "application/sdp"

Lines = Iterable[tuple[str, str]]


class Endpoint:
    def __init__(
        self,
        local: Address,
        rng: random.Random,
        *,
        user_agent: str = "",
        methods: tuple[str, ...] = (),
        unanswered: Duration = TIMER_C,
        user: str = "",
    ) -> None:
        """*user* stands in our Contact. *methods* beyond those of calls come as OtherRequest.

        *unanswered* is how long a call may ring, either way.
        """
        self.local = local
        self.layer = TransactionLayer(local, rng)
        self._rng = rng
        self._user_agent = user_agent
        self._methods = methods
        self._unanswered = unanswered
        self._user = user
        self._book = CallBook()
        self._alarms: Alarms[tuple[str, str]] = Alarms()
        self._events: deque[EndpointEvent] = deque()

    # surface

    @property
    def deadline(self) -> Instant | None:
        known = [one for one in (self.layer.deadline, self._alarms.deadline) if one is not None]
        return min(known, default=None)

    def receive(self, datagram: Datagram, now: Instant) -> None:
        self.layer.receive(datagram, now)
        self._digest_layer(now)

    def expire(self, now: Instant) -> None:
        self.layer.expire(now)
        self._digest_layer(now)
        while (due := self._alarms.pop(now)) is not None:
            kind, handle = due
            call = self._book.calls.get(handle)
            if call is not None:
                self._alarm(kind, call, now)

    def outputs(self, now: Instant) -> list[Datagram]:
        return self.layer.outputs(now)

    def next_event(self) -> EndpointEvent | None:
        return self._events.popleft() if self._events else None

    @property
    def calls_in_use(self) -> int:
        return sum(call.state in IN_USE for call in self._book.calls.values())

    @property
    def idle(self) -> bool:
        """No call holds or ends; late repeats may still come."""
        return all(call.state is CallState.ENDED for call in self._book.calls.values())

    @property
    def handles(self) -> list[str]:
        return [handle for handle, call in self._book.calls.items() if call.state in IN_USE]

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
        tag = self._tag()
        lines = [("Max-Forwards", "70"), ("From", str(caller.with_tag(tag))), ("To", str(called or NameAddr(target)))]
        lines += [("Call-ID", f"{self._rng.getrandbits(96):024x}@{self.local.host}"), ("CSeq", "1 INVITE")]
        lines += [*self._own_lines(), *headers]
        request = Request(self._with_body(Headers(lines), body), body, method="INVITE", uri=target)
        transaction = self.layer.request(request, destination, now)
        digest = DigestClient(credentials, self._rng) if credentials else None
        call = Call(self._book.new_handle(), CallState.CALLING, transaction, tag, destination, digest)
        self._add(call, now)
        return call.handle

    def ring(self, handle: str, now: Instant, *, status: int = 180, body: bytes = b"") -> None:
        call = self._book.find(handle)
        if call is not None and call.state is CallState.OFFERED:
            self._answer(call, call.invite, status, now, body=body)

    def accept(self, handle: str, body: bytes, now: Instant) -> None:
        """Nothing happens when the peer has given up meanwhile."""
        call = self._book.find(handle)
        if call is not None and call.step(CallTrigger.ACCEPT):
            self._alarms.cancel(("unanswered", handle))
            self._succeed(call, call.invite, body, now)

    def reject(self, handle: str, status: int, now: Instant, *, reason: str = "", headers: Lines = ()) -> None:
        call = self._book.find(handle)
        if call is not None:
            call.told = True
            self._reject(call, status, reason, headers, now)

    def end(self, handle: str, now: Instant, *, reason: str = "ended here", decline: int = 603) -> None:
        """CANCEL, decline or BYE, whatever the call's state asks for. Said twice it does nothing more."""
        call = self._book.calls.get(handle)
        if call is None:
            return
        before = call.state
        if not call.step(CallTrigger.END):
            return
        if before is CallState.PROCEEDING:
            self._cancel(call, now)
        elif before is CallState.OFFERED:
            self._answer(call, call.invite, decline, now)
        elif before is CallState.CONFIRMED:
            self._bye(call, now)
        self._tell_end(call, reason, by_peer=False)
        if call.state is CallState.ENDED:
            self._over(call, now)

    def reoffer(self, handle: str, body: bytes, now: Instant) -> bool:
        """Send a re-INVITE; the answer comes as an event, a 491 is retried by itself (14.1).

        False when the call is not up, or another re-INVITE of it is still open.
        """
        call = self._book.find(handle)
        if call is None or call.state is not CallState.CONFIRMED or call.success is not None:
            return False
        if call.reoffer is not None or call.reinvite is not None:
            return False
        call.reoffer = body
        self._send_reoffer(call, now)
        return True

    def answer_reoffer(self, handle: str, body: bytes, now: Instant) -> None:
        call = self._book.find(handle)
        transaction = call.open_reinvite() if call is not None else None
        if call is not None and transaction is not None:
            self._succeed(call, transaction, body, now)

    def refuse_reoffer(self, handle: str, status: int, now: Instant, *, reason: str = "") -> None:
        call = self._book.find(handle)
        transaction = call.open_reinvite() if call is not None else None
        if call is not None and transaction is not None:
            self._answer(call, transaction, status, now, reason=reason)

    # requests outside calls

    def send_request(self, request: Request, destination: Address, now: Instant) -> None:
        self.layer.request(request, destination, now)

    def respond(
        self, transaction: Transaction, status: int, now: Instant, *, reason: str = "", headers: Lines = ()
    ) -> None:
        response = respond(transaction.request, status, reason, tag=self._tag())
        for name, value in (*headers, *self._server_line()):
            response.headers.add(name, value)
        self.layer.respond(transaction, response, now)

    # what comes from the layer

    def _digest_layer(self, now: Instant) -> None:
        while (event := self.layer.next_event()) is not None:
            try:
                if isinstance(event, RequestArrived):
                    self._request(event, now)
                elif isinstance(event, ResponseArrived):
                    self._response(event.transaction, event.response, now)
                else:
                    self._timed_out(event, now)
            except DecodeError:
                self.layer.garbage += 1
                if isinstance(event, RequestArrived) and event.transaction is not None:
                    self._bad_request(event.transaction, now)

    def _bad_request(self, transaction: Transaction, now: Instant) -> None:
        if transaction.state in (State.TRYING, State.PROCEEDING):
            self.respond(transaction, 400, now)

    def _request(self, event: RequestArrived, now: Instant) -> None:
        request, transaction = event.request, event.transaction
        call = self._book.of_request(request)
        if transaction is None:
            self._ack(call, request, now)
        elif request.method == "CANCEL":
            self._cancelled(transaction, now)
        elif request.method in self._methods and not request.to.tag:
            self._events.append(OtherRequest(transaction, request, event.source))
        elif request.method not in METHODS:
            self.respond(transaction, 405, now, headers=[("Allow", self._allow())])
        elif request.headers.values("Require"):
            unsupported = ", ".join(request.headers.values("Require"))
            self.respond(transaction, 420, now, headers=[("Unsupported", unsupported)])
        elif request.method == "OPTIONS" and not request.to.tag:
            self.respond(transaction, 200, now, headers=[("Allow", self._allow()), ("Accept", SDP_TYPE)])
        elif request.to.tag:
            self._within(call, transaction, now)
        elif request.uri.scheme not in ("sip", "sips", "tel"):
            self.respond(transaction, 416, now)
        elif not _readable(request):
            self.respond(transaction, 415, now, headers=[("Accept", SDP_TYPE)])
        elif request.method == "INVITE":
            self._offered(transaction, event.source, now)
        else:
            self.respond(transaction, 481, now)

    def _within(self, call: Call | None, transaction: Transaction, now: Instant) -> None:
        """A request within a dialog."""
        request = transaction.request
        if call is None or call.dialog is None or call.state is CallState.ENDED:
            self.respond(transaction, 481, now)
        elif not call.dialog.accepts(request):
            self.respond(transaction, 500, now, reason="Out Of Order")
        elif request.method == "BYE":
            self._bye_received(call, transaction, now)
        elif request.method == "OPTIONS":
            self.respond(transaction, 200, now, headers=[("Allow", self._allow()), ("Accept", SDP_TYPE)])
        else:
            self._reinvited(call, transaction, now)

    def _offered(self, transaction: Transaction, source: Address, now: Instant) -> None:
        request = transaction.request
        tag = self._tag()
        dialog = Dialog.of_request(request, tag, source)
        call = Call(self._book.new_handle(), CallState.OFFERED, transaction, tag, source, dialog=dialog)
        self._add(call, now)
        self.layer.respond(transaction, respond(request, 100), now)
        self._events.append(CallOffered(call.handle, request, source))

    def _reinvited(self, call: Call, transaction: Transaction, now: Instant) -> None:
        if call.state in (CallState.ENDING, CallState.LEAVING):
            self._answer(call, transaction, 481, now)
        elif not _readable(transaction.request):
            self._answer(call, transaction, 415, now, headers=[("Accept", SDP_TYPE)])
        elif call.reoffer_sent:
            self._answer(call, transaction, 491, now)
        elif call.state is not CallState.CONFIRMED or call.reinvite is not None or call.success is not None:
            wait = ("Retry-After", str(self._rng.randint(0, 10)))
            self._answer(call, transaction, 500, now, headers=[wait])
        else:
            assert call.dialog is not None
            call.dialog.refresh_target(transaction.request)
            call.reinvite = transaction
            self._answer(call, transaction, 100, now)
            self._events.append(Reoffered(call.handle, transaction.request.body))

    def _bye_received(self, call: Call, transaction: Transaction, now: Instant) -> None:
        before = call.state
        if not call.step(CallTrigger.BYE):
            self.respond(transaction, 481, now)
            return
        self.respond(transaction, 200, now)
        if before is CallState.OFFERED:
            self._answer(call, call.invite, 487, now)
        self._tell_end(call, "the other side hung up", by_peer=True)
        if call.state is CallState.ENDED:
            self._over(call, now)

    def _cancelled(self, transaction: Transaction, now: Instant) -> None:
        invite = self.layer.invite_of(transaction)
        if invite is None:
            self.respond(transaction, 481, now)
            return
        self.respond(transaction, 200, now)
        call = self._book.owner(invite)
        if call is not None and call.step(CallTrigger.CANCEL):
            self._answer(call, invite, 487, now)
            self._tell_end(call, "cancelled by the caller", by_peer=True)
            self._over(call, now)

    def _ack(self, call: Call | None, request: Request, now: Instant) -> None:
        success = call.success if call is not None else None
        if call is None or success is None or success.transaction.request.cseq.sequence != request.cseq.sequence:
            self.layer.strays += call is None
            return
        call.success = None
        self._alarms.cancel(("success", call.handle))
        if success.transaction is call.invite and call.step(CallTrigger.ACK):
            if call.state is CallState.ENDING:
                self._bye(call, now)
            else:
                self._events.append(CallConfirmed(call.handle))

    def _timed_out(self, event: TimedOut, now: Instant) -> None:
        transaction = event.transaction
        call = self._book.owner(transaction)
        if transaction.key[0] == "server":
            return
        if call is None:
            if transaction.request.method != "CANCEL":
                self._events.append(OtherResponse(transaction.request, None))
        elif transaction is call.invite:
            if call.step(CallTrigger.TIMEOUT):
                self._tell_refusal(call, 408, "no answer")
                self._over(call, now)
        elif transaction.request.method == "BYE":
            self._bye_done(call, now)
        else:
            self._reoffer_failed(call, 408, "no answer", now)

    def _response(self, transaction: Transaction, response: Response, now: Instant) -> None:
        call = self._book.owner(transaction)
        if call is None:
            if transaction.request.method != "CANCEL" and response.status >= 200:
                self._events.append(OtherResponse(transaction.request, response))
        elif response.status in (401, 407) and self._retry(call, transaction, response, now):
            return
        elif transaction is call.invite:
            self._invite_answered(call, response, now)
        elif response.status < 200:
            return
        elif transaction.request.method == "BYE":
            self._bye_done(call, now)
        else:
            self._reoffer_answered(call, transaction, response, now)

    def _retry(self, call: Call, transaction: Transaction, response: Response, now: Instant) -> bool:
        """The same request once more, with the answer to the challenge (22.2)."""
        if call.digest is None or call.tries >= MAX_TRIES or call.state is CallState.CANCELLING:
            return False
        request = call.digest.authorize(transaction.request, response)
        if request is None:
            return False
        call.tries += 1
        sequence = request.cseq.sequence + 1
        if call.dialog is not None:
            call.dialog.local_sequence = sequence = max(sequence, call.dialog.local_sequence + 1)
        request.headers.set("CSeq", str(CSeq(sequence, request.method)))
        again = self.layer.request(request, transaction.destination, now)
        self._book.own(call, again)
        if transaction is call.invite:
            call.invite, call.provisional = again, False
            call.step(CallTrigger.CHALLENGED)
        return True

    def _invite_answered(self, call: Call, response: Response, now: Instant) -> None:
        if response.status < 200:
            self._progress(call, response, now)
        elif response.status >= 300:
            if call.step(CallTrigger.REFUSED):
                self._tell_refusal(call, response.status, response.reason)
                self._over(call, now)
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
            self._events.append(CallProgress(call.handle, response.status, response.body))

    def _answered(self, call: Call, response: Response, now: Instant) -> None:
        call.dialog = Dialog.of_response(call.invite.request, response, call.destination)
        self._book.enter_dialog(call)
        self._send_ack(call, call.dialog, call.invite.request, response)
        self._alarms.cancel(("unanswered", call.handle))
        if not call.step(CallTrigger.ANSWERED):
            return
        call.tries = 0
        if call.state is CallState.ENDING:
            self._bye(call, now)
        else:
            self._events.append(CallAnswered(call.handle, response.body))

    def _answered_again(self, call: Call, response: Response, now: Instant) -> None:
        """A repeated 2xx is acknowledged again; one from another branch of a fork is hung up at once (13.2.2.4)."""
        known = call.acks.get(_ack_key(response))
        if known is not None:
            self.layer.resend(*known)
            return
        other = Dialog.of_response(call.invite.request, response, call.destination)
        self._send_ack(call, other, call.invite.request, response)
        self.layer.request(other.request("BYE", Headers(self._server_line())), other.next_hop(), now)

    def _send_ack(self, call: Call, dialog: Dialog, invite: Request, response: Response) -> None:
        names = ("authorization", "proxy-authorization")
        credentials = Headers([line for line in invite.headers if line[0].lower() in names])
        ack = dialog.request("ACK", credentials, sequence=invite.cseq.sequence)
        sent = self.layer.send(ack, dialog.next_hop())
        call.acks[_ack_key(response)] = (sent, dialog.next_hop())

    # what we do by ourselves

    def _succeed(self, call: Call, transaction: Transaction, body: bytes, now: Instant) -> None:
        response = self._answer(call, transaction, 200, now, body=body)
        call.success = Success(transaction, response, SUCCESS_REPEAT.first, now + SUCCESS_LIMIT)
        self._alarms.set(("success", call.handle), now + SUCCESS_REPEAT.first)

    def _alarm(self, kind: str, call: Call, now: Instant) -> None:
        if kind == "success":
            self._repeat_success(call, now)
        elif kind == "unanswered":
            self._give_up(call, now)
        elif kind == "reoffer":
            self._reoffer_again(call, now)
        elif kind == "cancelled":
            if call.step(CallTrigger.TIMEOUT):
                self.layer.abandon(call.invite)
                self._over(call, now)
        else:
            self._book.forget(call)

    def _repeat_success(self, call: Call, now: Instant) -> None:
        success = call.success
        if success is None:
            return
        if now >= success.until:
            self._no_ack(call, success, now)
            return
        self.layer.respond(success.transaction, success.response, now)
        success.interval = min(2 * success.interval, SUCCESS_REPEAT.cap)
        self._alarms.set(("success", call.handle), min(now + success.interval, success.until))

    def _no_ack(self, call: Call, success: Success, now: Instant) -> None:
        call.success = None
        initial = success.transaction is call.invite
        if call.step(CallTrigger.NO_ACK if initial else CallTrigger.END):
            self._bye(call, now)
            self._tell_end(call, "no ACK came", by_peer=False)

    def _give_up(self, call: Call, now: Instant) -> None:
        if call.state is CallState.OFFERED:
            self._tell_end(call, "not answered here", by_peer=False)
            self._reject(call, 480, "No Answer", (), now)
        elif call.state in (CallState.CALLING, CallState.PROCEEDING):
            self._tell_refusal(call, 408, "no answer")
            self.end(call.handle, now)

    def _reject(self, call: Call, status: int, reason: str, headers: Lines, now: Instant) -> None:
        if call.step(CallTrigger.REJECT):
            self._answer(call, call.invite, status, now, reason=reason, headers=headers)
            self._over(call, now)

    def _cancel(self, call: Call, now: Instant) -> None:
        self.layer.cancel(call.invite, now)
        self._alarms.set(("cancelled", call.handle), now + 64 * T1)

    def _bye(self, call: Call, now: Instant) -> None:
        assert call.dialog is not None
        self._drop_reinvite(call, now)
        self._within_dialog(call, "BYE", b"", now)

    def _bye_done(self, call: Call, now: Instant) -> None:
        if call.step(CallTrigger.BYE_DONE):
            self._over(call, now)

    def _send_reoffer(self, call: Call, now: Instant) -> None:
        assert call.reoffer is not None
        call.tries = 0
        call.reoffer_sent = True
        self._alarms.set(("reoffer", call.handle), now + REOFFER_LIMIT)
        self._within_dialog(call, "INVITE", call.reoffer, now)

    def _reoffer_again(self, call: Call, now: Instant) -> None:
        if call.state is not CallState.CONFIRMED or call.reoffer is None:
            return
        if call.reoffer_sent:
            self._reoffer_failed(call, 408, "no answer", now)
        elif call.reinvite is not None or call.success is not None:
            self._alarms.set(("reoffer", call.handle), now + T1)
        else:
            self._send_reoffer(call, now)

    def _within_dialog(self, call: Call, method: str, body: bytes, now: Instant) -> None:
        assert call.dialog is not None
        headers = Headers(self._own_lines() if method == "INVITE" else self._server_line())
        request = call.dialog.request(method, self._with_body(headers, body), body)
        self._book.own(call, self.layer.request(request, call.dialog.next_hop(), now))

    def _reoffer_answered(self, call: Call, transaction: Transaction, response: Response, now: Instant) -> None:
        if response.status >= 300:
            self._reoffer_failed(call, response.status, response.reason, now)
            return
        known = call.acks.get(_ack_key(response))
        if known is not None:
            self.layer.resend(*known)
            return
        if call.dialog is None:
            return
        call.reoffer_sent = False
        self._alarms.cancel(("reoffer", call.handle))
        call.dialog.refresh_target(response)
        self._send_ack(call, call.dialog, transaction.request, response)
        if call.reoffer is not None and call.state is CallState.CONFIRMED:
            call.reoffer = None
            self._events.append(ReofferAnswered(call.handle, response.body))

    def _reoffer_failed(self, call: Call, status: int, reason: str, now: Instant) -> None:
        call.reoffer_sent = False
        if call.reoffer is None or call.state is not CallState.CONFIRMED:
            return
        if status == 491:
            steps = self._rng.randint(210, 400) if call.outgoing else self._rng.randint(0, 200)
            self._alarms.set(("reoffer", call.handle), now + steps * ms(10))
            return
        call.reoffer = None
        self._alarms.cancel(("reoffer", call.handle))
        self._events.append(ReofferRefused(call.handle, status, reason))
        if status in (408, 481) and call.step(CallTrigger.END):
            self._bye(call, now)
            self._tell_end(call, f"re-INVITE got {status} {reason}", by_peer=True)

    def _drop_reinvite(self, call: Call, now: Instant) -> None:
        transaction = call.open_reinvite()
        if transaction is not None:
            self._answer(call, transaction, 487, now)

    # small things

    def _answer(
        self,
        call: Call,
        transaction: Transaction,
        status: int,
        now: Instant,
        *,
        reason: str = "",
        body: bytes = b"",
        headers: Lines = (),
    ) -> Response:
        response = respond(transaction.request, status, reason, tag="" if status == 100 else call.tag, body=body)
        if 100 < status < 300:
            response.headers.add("Contact", f"<{self.contact()}>")
            response.headers.add("Allow", self._allow())
        for name, value in (*headers, *self._server_line()):
            response.headers.add(name, value)
        self._with_body(response.headers, body)
        self.layer.respond(transaction, response, now)
        return response

    def contact(self, user: str = "") -> Uri:
        return Uri(user or self._user, self.local.host, self.local.port)

    def _own_lines(self) -> list[tuple[str, str]]:
        return [("Contact", f"<{self.contact()}>"), ("Allow", self._allow()), *self._server_line()]

    def _server_line(self) -> list[tuple[str, str]]:
        return [("User-Agent", self._user_agent)] if self._user_agent else []

    def _allow(self) -> str:
        return ", ".join((*METHODS, *self._methods))

    @staticmethod
    def _with_body(headers: Headers, body: bytes) -> Headers:
        if body:
            headers.set("Content-Type", SDP_TYPE)
        return headers

    def _tag(self) -> str:
        return f"{self._rng.getrandbits(48):012x}"

    def _add(self, call: Call, now: Instant) -> None:
        self._book.add(call)
        self._alarms.set(("unanswered", call.handle), now + self._unanswered)

    def _tell_end(self, call: Call, reason: str, *, by_peer: bool) -> None:
        if not call.told:
            call.told = True
            self._events.append(CallEnded(call.handle, reason, by_peer))

    def _tell_refusal(self, call: Call, status: int, reason: str) -> None:
        if not call.told:
            call.told = True
            self._events.append(CallRefused(call.handle, status, reason))

    def _over(self, call: Call, now: Instant) -> None:
        for kind in ("unanswered", "success", "reoffer", "cancelled"):
            self._alarms.cancel((kind, call.handle))
        call.success = None
        self._drop_reinvite(call, now)
        self._alarms.set(("forget", call.handle), now + FORGET_AFTER)


def _ack_key(response: Response) -> str:
    return f"{response.to.tag} {response.cseq.sequence}"


def _readable(request: Request) -> bool:
    kind = (request.headers.get("Content-Type") or SDP_TYPE).partition(";")[0].strip().lower()
    return not request.body or kind == SDP_TYPE
