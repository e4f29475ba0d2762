"""The transaction layer: finds a message's transaction, keeps timers, writes Via (RFC 3261 sections 17, 18)."""

import random
from collections import deque
from dataclasses import dataclass, replace

from firmware_sim.clock import Instant
from firmware_sim.errors import DecodeError, LocalProtocolError
from firmware_sim.events import Address, Datagram
from firmware_sim.sip.headers import MAGIC_COOKIE, CSeq, Via
from firmware_sim.sip.message import Headers, Request, Response, parse
from firmware_sim.sip.timers import Alarms, Timer
from firmware_sim.sip.transaction import Action, Kind, State, Transaction, Trigger

KEEPALIVE = b"\r\n\r\n"


@dataclass(frozen=True)
class RequestArrived:
    """A new request. An ACK to a 2xx has no transaction."""

    transaction: Transaction | None
    request: Request
    source: Address


@dataclass(frozen=True)
class ResponseArrived:
    transaction: Transaction
    response: Response


@dataclass(frozen=True)
class TimedOut:
    """No response to our request, or no ACK to our final response."""

    transaction: Transaction


LayerEvent = RequestArrived | ResponseArrived | TimedOut


def trigger_of(response: Response, *, sending: bool = False) -> Trigger:
    if response.status < 200:
        return Trigger.SEND_PROVISIONAL if sending else Trigger.PROVISIONAL
    if response.status < 300:
        return Trigger.SEND_SUCCESS if sending else Trigger.SUCCESS
    return Trigger.SEND_FAILURE if sending else Trigger.FAILURE


class TransactionLayer:
    def __init__(self, local: Address, rng: random.Random) -> None:
        self.local = local
        self.garbage = 0
        """Datagrams that were no SIP message."""
        self.strays = 0
        """Messages that belong to nothing we know."""
        self._rng = rng
        self._transactions: dict[tuple[str, ...], Transaction] = {}
        self._alarms: Alarms[tuple[tuple[str, ...], Timer]] = Alarms()
        self._out: list[Datagram] = []
        self._events: deque[LayerEvent] = deque()

    # surface

    @property
    def deadline(self) -> Instant | None:
        return self._alarms.deadline

    def receive(self, datagram: Datagram, now: Instant) -> None:
        if not datagram.data.strip(b"\r\n\0 "):
            if datagram.data == KEEPALIVE:
                self._out.append(Datagram(self.local, datagram.source, b"\r\n"))
            return
        try:
            message = parse(datagram.data)
            if isinstance(message, Response):
                self._response(message, now)
            else:
                self._request(message, datagram.source, now)
        except DecodeError:
            self.garbage += 1

    def expire(self, now: Instant) -> None:
        while (due := self._alarms.pop(now)) is not None:
            key, timer = due
            transaction = self._transactions.get(key)
            if transaction is not None:
                self._step(transaction, timer, None, now)

    def outputs(self, now: Instant) -> list[Datagram]:
        out, self._out = self._out, []
        return out

    def next_event(self) -> LayerEvent | None:
        return self._events.popleft() if self._events else None

    # what the user of the layer asks for

    def request(self, request: Request, destination: Address, now: Instant) -> Transaction:
        """Send *request* in a new client transaction; its Via is written here."""
        branch = self.branch()
        sent = self._with_via(request, branch)
        kind = Kind.INVITE_CLIENT if request.method == "INVITE" else Kind.NON_INVITE_CLIENT
        transaction = Transaction(kind, ("client", branch, request.method), sent, destination)
        self._begin(transaction, now)
        self._send(transaction.request, destination)
        return transaction

    def cancel(self, invite: Transaction, now: Instant) -> Transaction:
        """CANCEL with the branch of its INVITE (9.1)."""
        headers = _headers_like(invite.request, "CANCEL")
        request = Request(headers, method="CANCEL", uri=invite.request.uri)
        branch = invite.request.via.branch
        key = ("client", branch, "CANCEL")
        transaction = Transaction(Kind.NON_INVITE_CLIENT, key, request, invite.destination)
        self._begin(transaction, now)
        self._send(request, invite.destination)
        return transaction

    def send(self, request: Request, destination: Address) -> Request:
        """Send the ACK of a 2xx, which has no transaction. Returns it as sent, for a repeat."""
        sent = self._with_via(request, self.branch())
        self._send(sent, destination)
        return sent

    def resend(self, request: Request, destination: Address) -> None:
        self._send(request, destination)

    def respond(self, transaction: Transaction, response: Response, now: Instant) -> None:
        """Raises LocalProtocolError when the transaction can send no such response any more."""
        before, transaction.last = transaction.last, response
        if self._step(transaction, trigger_of(response, sending=True), None, now) is None:
            transaction.last = before
            raise LocalProtocolError(f"a {response.status} in state {transaction.state.value}")

    def invite_of(self, cancel: Transaction) -> Transaction | None:
        """The INVITE that a received CANCEL means (9.2)."""
        return self._transactions.get(("server", *cancel.key[1:-1], "INVITE"))

    def abandon(self, transaction: Transaction) -> None:
        """Forget a transaction that may never end by itself, such as a cancelled INVITE without its 487 (9.1)."""
        if self._transactions.pop(transaction.key, None) is not None:
            for timer in transaction.timers:
                self._alarms.cancel((transaction.key, timer))

    def branch(self) -> str:
        return f"{MAGIC_COOKIE}{self._rng.getrandbits(80):020x}"

    # within

    def _with_via(self, request: Request, branch: str) -> Request:
        headers = request.headers.copy()
        via = Via(self.local.host, self.local.port, {"branch": branch, "rport": None})
        headers.remove("Via")
        with_via = Headers([("Via", str(via)), *headers])
        return replace(request, headers=with_via)

    def _begin(self, transaction: Transaction, now: Instant) -> None:
        self._transactions[transaction.key] = transaction
        transaction.start(now)
        self._set_alarms(transaction)

    def _request(self, request: Request, source: Address, now: Instant) -> None:
        vias = request.vias
        headers = request.headers.copy()
        headers.set("Via", str(vias[0].stamped(source)), *(str(via) for via in vias[1:]))
        request = replace(request, headers=headers)
        key = _server_key(request)
        known = self._transactions.get(key)
        if request.method == "ACK":
            if known is not None and known.state is not State.ACCEPTED:
                self._step(known, Trigger.ACK, None, now)
            else:
                self._events.append(RequestArrived(None, request, source))
        elif known is not None:
            self._step(known, Trigger.REQUEST, None, now)
        else:
            kind = Kind.INVITE_SERVER if request.method == "INVITE" else Kind.NON_INVITE_SERVER
            transaction = Transaction(kind, key, request, request.via.response_address())
            self._begin(transaction, now)
            self._events.append(RequestArrived(transaction, request, source))

    def _response(self, response: Response, now: Instant) -> None:
        transaction = self._transactions.get(("client", response.via.branch, response.cseq.method))
        if transaction is None:
            self.strays += 1
            return
        self._step(transaction, trigger_of(response), response, now)

    def _step(
        self, transaction: Transaction, trigger: Trigger | Timer, response: Response | None, now: Instant
    ) -> tuple[Action, ...] | None:
        actions = transaction.step(trigger, now)
        if actions is None:
            self.strays += 1
            return None
        for action in actions:
            self._act(action, transaction, response)
        if transaction.state is State.TERMINATED:
            del self._transactions[transaction.key]
        else:
            self._set_alarms(transaction)
        return actions

    def _act(self, action: Action, transaction: Transaction, response: Response | None) -> None:
        if action is Action.SEND:
            server = transaction.key[0] == "server"
            message = transaction.last if server else transaction.request
            if message is not None:
                self._send(message, transaction.destination)
        elif action is Action.TIMEOUT:
            self._events.append(TimedOut(transaction))
        elif response is None:
            return
        elif action is Action.SEND_ACK:
            self._send(_ack_of_failure(transaction.request, response), transaction.destination)
        else:
            self._events.append(ResponseArrived(transaction, response))

    def _set_alarms(self, transaction: Transaction) -> None:
        for timer in Timer:
            if timer in transaction.timers:
                self._alarms.set((transaction.key, timer), transaction.timers[timer])
            else:
                self._alarms.cancel((transaction.key, timer))

    def _send(self, message: Request | Response, destination: Address) -> None:
        self._out.append(Datagram(self.local, destination, message.encode()))


def _server_key(request: Request) -> tuple[str, ...]:
    """How a request finds its transaction (17.2.3); a peer of RFC 2543 writes no magic cookie."""
    method = "INVITE" if request.method == "ACK" else request.method
    via = request.via
    sent_by = f"{via.host.lower()}:{via.port or 5060}"
    if via.branch.startswith(MAGIC_COOKIE):
        return ("server", via.branch, sent_by, method)
    cseq = str(request.cseq.sequence)
    return ("server", request.call_id, request.from_.tag, cseq, via.branch, sent_by, method)


def _headers_like(request: Request, method: str) -> Headers:
    """The headers that CANCEL and the ACK of a failure copy from their INVITE (9.1, 17.1.1.3)."""
    headers = Headers([("Via", request.headers.values("Via")[0])])
    for name in ("Max-Forwards", "Route", "From", "To", "Call-ID"):
        for value in request.headers.lines(name):
            headers.add(name, value)
    headers.add("CSeq", str(CSeq(request.cseq.sequence, method)))
    return headers


def _ack_of_failure(invite: Request, response: Response) -> Request:
    headers = _headers_like(invite, "ACK")
    headers.set("To", response.headers.get("To") or "")
    return Request(headers, method="ACK", uri=invite.uri)
