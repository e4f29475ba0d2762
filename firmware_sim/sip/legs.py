"""What the parts of an endpoint share: its calls, and how requests, answers and their repeats are made."""

import random
from collections import deque
from collections.abc import Iterable

from firmware_sim.clock import Instant, seconds
from firmware_sim.events import Address
from firmware_sim.sip.call import Call, CallBook, CallState, CallTrigger, Success
from firmware_sim.sip.call_events import CallEnded, CallRefused, EndpointEvent
from firmware_sim.sip.dialog import Dialog
from firmware_sim.sip.headers import CSeq, Uri
from firmware_sim.sip.layer import TransactionLayer
from firmware_sim.sip.message import Headers, Request, Response, respond
from firmware_sim.sip.timers import SUCCESS_LIMIT, SUCCESS_REPEAT, Alarms
from firmware_sim.sip.transaction import Transaction

METHODS = ("INVITE", "ACK", "CANCEL", "BYE", "OPTIONS")
MAX_TRIES = 4
FORGET_AFTER = seconds(40)
"""Longer than any transaction of the call, so that late repeats still find it."""
SDP_TYPE = "application/sdp"

Lines = Iterable[tuple[str, str]]


class Legs:
    def __init__(
        self, local: Address, rng: random.Random, *, user_agent: str, user: str, methods: tuple[str, ...]
    ) -> None:
        self.local = local
        self.rng = rng
        self.layer = TransactionLayer(local, rng)
        self.book = CallBook()
        self.alarms: Alarms[tuple[str, str]] = Alarms()
        self.events: deque[EndpointEvent] = deque()
        self._user_agent = user_agent
        self._user = user
        self._methods = methods

    def respond(
        self, transaction: Transaction, status: int, now: Instant, *, reason: str = "", headers: Lines = ()
    ) -> None:
        response = respond(transaction.request, status, reason, tag=self.tag())
        for name, value in (*headers, *self.server_line()):
            response.headers.add(name, value)
        self.layer.respond(transaction, response, now)

    def answer(
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
            response.headers.add("Allow", self.allow())
        for name, value in (*headers, *self.server_line()):
            response.headers.add(name, value)
        self.with_body(response.headers, body)
        self.layer.respond(transaction, response, now)
        return response

    def succeed(self, call: Call, transaction: Transaction, body: bytes, now: Instant) -> None:
        response = self.answer(call, transaction, 200, now, body=body)
        call.success = Success(transaction, response, SUCCESS_REPEAT.first, now + SUCCESS_LIMIT)
        self.alarms.set(("success", call.handle), now + SUCCESS_REPEAT.first)

    def repeat_success(self, call: Call, now: Instant) -> None:
        success = call.success
        if success is None:
            return
        if now >= success.until:
            self.no_ack(call, success, now)
            return
        self.layer.respond(success.transaction, success.response, now)
        success.interval = min(2 * success.interval, SUCCESS_REPEAT.cap)
        self.alarms.set(("success", call.handle), min(now + success.interval, success.until))

    def no_ack(self, call: Call, success: Success, now: Instant) -> None:
        call.success = None
        initial = success.transaction is call.invite
        if call.step(CallTrigger.NO_ACK if initial else CallTrigger.END):
            self.bye(call, now)
            self.tell_end(call, "no ACK came", by_peer=False)

    def send_ack(self, call: Call, dialog: Dialog, invite: Request, response: Response) -> None:
        names = ("authorization", "proxy-authorization")
        credentials = Headers([line for line in invite.headers if line[0].lower() in names])
        ack = dialog.request("ACK", credentials, sequence=invite.cseq.sequence)
        sent = self.layer.send(ack, dialog.next_hop())
        call.acks[ack_key(response)] = (sent, dialog.next_hop())

    def retry(self, call: Call, transaction: Transaction, response: Response, now: Instant) -> bool:
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
        self.book.own(call, again)
        if transaction is call.invite:
            call.invite, call.provisional = again, False
            call.step(CallTrigger.CHALLENGED)
        return True

    def bye(self, call: Call, now: Instant) -> None:
        assert call.dialog is not None
        self.drop_reinvite(call, now)
        self.within_dialog(call, "BYE", b"", now)

    def within_dialog(self, call: Call, method: str, body: bytes, now: Instant) -> None:
        assert call.dialog is not None
        headers = Headers(self.own_lines() if method == "INVITE" else self.server_line())
        request = call.dialog.request(method, self.with_body(headers, body), body)
        self.book.own(call, self.layer.request(request, call.dialog.next_hop(), now))

    def drop_reinvite(self, call: Call, now: Instant) -> None:
        transaction = call.open_reinvite()
        if transaction is not None:
            self.answer(call, transaction, 487, now)

    def over(self, call: Call, now: Instant) -> None:
        for kind in ("unanswered", "success", "reoffer", "cancelled", "audit"):
            self.alarms.cancel((kind, call.handle))
        call.success = None
        self.drop_reinvite(call, now)
        self.alarms.set(("forget", call.handle), now + FORGET_AFTER)

    def forget(self, call: Call) -> None:
        """And with it what still waits for an answer that can no longer matter, such as a re-INVITE after its 100."""
        for transaction in call.transactions:
            self.layer.abandon(transaction)
        self.book.forget(call)

    def tell_end(self, call: Call, reason: str, *, by_peer: bool) -> None:
        if not call.told:
            call.told = True
            self.events.append(CallEnded(call.handle, reason, by_peer))

    def tell_refusal(self, call: Call, status: int, reason: str) -> None:
        if not call.told:
            call.told = True
            self.events.append(CallRefused(call.handle, status, reason))

    def contact(self, user: str = "") -> Uri:
        return Uri(user or self._user, self.local.host, self.local.port)

    def own_lines(self) -> list[tuple[str, str]]:
        return [("Contact", f"<{self.contact()}>"), ("Allow", self.allow()), *self.server_line()]

    def server_line(self) -> list[tuple[str, str]]:
        return [("User-Agent", self._user_agent)] if self._user_agent else []

    def allow(self) -> str:
        return ", ".join((*METHODS, *self._methods))

    @staticmethod
    def with_body(headers: Headers, body: bytes) -> Headers:
        if body:
            headers.set("Content-Type", SDP_TYPE)
        return headers

    def tag(self) -> str:
        return f"{self.rng.getrandbits(48):012x}"


def ack_key(response: Response) -> str:
    """What a repeated 2xx has in common with the first."""
    return f"{response.to.tag} {response.cseq.sequence}"


def readable(request: Request) -> bool:
    """Whether the body, if any, is a session description."""
    kind = (request.headers.get("Content-Type") or SDP_TYPE).partition(";")[0].strip().lower()
    return not request.body or kind == SDP_TYPE
