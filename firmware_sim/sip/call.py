"""A call as one of its ends sees it: its states, and what may happen in each (RFC 3261 sections 9, 13, 15)."""

from dataclasses import dataclass, field
from enum import Enum

from firmware_sim.clock import Duration, Instant
from firmware_sim.errors import LocalProtocolError
from firmware_sim.events import Address
from firmware_sim.sip.dialog import Dialog
from firmware_sim.sip.digest import DigestClient
from firmware_sim.sip.message import Request, Response
from firmware_sim.sip.transaction import Transaction


class CallState(Enum):
    CALLING = "Calling"
    """INVITE sent, nothing heard."""
    PROCEEDING = "Proceeding"
    CANCELLING = "Cancelling"
    """We gave up; the INVITE's final answer is still to come."""
    OFFERED = "Offered"
    """INVITE received, no final answer given."""
    ACCEPTED = "Accepted"
    """2xx sent, no ACK yet."""
    LEAVING = "Leaving"
    """As Accepted, but we have hung up: BYE follows the ACK (15)."""
    CONFIRMED = "Confirmed"
    ENDING = "Ending"
    """BYE sent."""
    ENDED = "Ended"


class CallTrigger(Enum):
    PROVISIONAL = "1xx"
    CHALLENGED = "401 or 407, answered"
    ANSWERED = "2xx"
    REFUSED = "300-699"
    TIMEOUT = "no response"
    ACCEPT = "accept"
    REJECT = "reject"
    ACK = "ACK"
    NO_ACK = "no ACK"
    CANCEL = "CANCEL"
    END = "end"
    BYE = "BYE"
    BYE_DONE = "BYE answered, or not"


_S, _T = CallState, CallTrigger
CALL: dict[tuple[CallState, CallTrigger], CallState] = {
    (_S.CALLING, _T.PROVISIONAL): _S.PROCEEDING,
    (_S.CALLING, _T.CHALLENGED): _S.CALLING,
    (_S.CALLING, _T.ANSWERED): _S.CONFIRMED,
    (_S.CALLING, _T.REFUSED): _S.ENDED,
    (_S.CALLING, _T.TIMEOUT): _S.ENDED,
    (_S.CALLING, _T.END): _S.CANCELLING,
    (_S.PROCEEDING, _T.PROVISIONAL): _S.PROCEEDING,
    (_S.PROCEEDING, _T.CHALLENGED): _S.CALLING,
    (_S.PROCEEDING, _T.ANSWERED): _S.CONFIRMED,
    (_S.PROCEEDING, _T.REFUSED): _S.ENDED,
    (_S.PROCEEDING, _T.END): _S.CANCELLING,
    (_S.CANCELLING, _T.PROVISIONAL): _S.CANCELLING,
    (_S.CANCELLING, _T.ANSWERED): _S.ENDING,
    (_S.CANCELLING, _T.REFUSED): _S.ENDED,
    (_S.CANCELLING, _T.TIMEOUT): _S.ENDED,
    (_S.OFFERED, _T.ACCEPT): _S.ACCEPTED,
    (_S.OFFERED, _T.REJECT): _S.ENDED,
    (_S.OFFERED, _T.END): _S.ENDED,
    (_S.OFFERED, _T.CANCEL): _S.ENDED,
    (_S.OFFERED, _T.BYE): _S.ENDED,
    (_S.ACCEPTED, _T.ACK): _S.CONFIRMED,
    (_S.ACCEPTED, _T.NO_ACK): _S.ENDING,
    (_S.ACCEPTED, _T.END): _S.LEAVING,
    (_S.ACCEPTED, _T.BYE): _S.ENDED,
    (_S.LEAVING, _T.ACK): _S.ENDING,
    (_S.LEAVING, _T.NO_ACK): _S.ENDING,
    (_S.LEAVING, _T.BYE): _S.ENDED,
    (_S.CONFIRMED, _T.END): _S.ENDING,
    (_S.CONFIRMED, _T.BYE): _S.ENDED,
    (_S.ENDING, _T.BYE): _S.ENDING,
    (_S.ENDING, _T.BYE_DONE): _S.ENDED,
}
IN_USE = {_S.CALLING, _S.PROCEEDING, _S.OFFERED, _S.ACCEPTED, _S.CONFIRMED}
"""States in which a call holds a line."""


@dataclass
class Success:
    """A 2xx that is repeated until its ACK comes (13.3.1.4)."""

    transaction: Transaction
    response: Response
    interval: Duration
    until: Instant


@dataclass(eq=False)
class Call:
    handle: str
    state: CallState
    invite: Transaction
    """The INVITE that began the call, its latest try."""
    tag: str
    destination: Address
    digest: DigestClient | None = None
    dialog: Dialog | None = None
    tries: int = 0
    provisional: bool = False
    """Whether the INVITE was answered at all: only then may a CANCEL go out (9.1)."""
    acks: dict[str, tuple[Request, Address]] = field(default_factory=dict)
    """The ACKs of 2xx, to be sent again, by To tag and CSeq."""
    success: Success | None = None
    reinvite: Transaction | None = None
    """The peer's re-INVITE that waits for our answer."""
    reoffer: bytes | None = None
    """Our own re-INVITE's body while it runs."""
    reoffer_sent: bool = False
    transactions: list[Transaction] = field(default_factory=list)
    told: bool = False
    """Whether the user knows that the call is over."""

    def step(self, trigger: CallTrigger) -> bool:
        found = CALL.get((self.state, trigger))
        if found is None:
            return False
        self.state = found
        return True

    def open_reinvite(self) -> Transaction | None:
        """Take the peer's re-INVITE that waits for an answer."""
        transaction, self.reinvite = self.reinvite, None
        return transaction

    @property
    def outgoing(self) -> bool:
        return self.invite.key[0] == "client"


class CallBook:
    """The calls of an endpoint, by handle, by transaction and by dialog."""

    def __init__(self) -> None:
        self.calls: dict[str, Call] = {}
        self.count = 0
        self._by_transaction: dict[Transaction, Call] = {}
        self._dialogs: dict[tuple[str, str, str], Call] = {}

    def new_handle(self) -> str:
        self.count += 1
        return f"call-{self.count}"

    def add(self, call: Call) -> None:
        self.calls[call.handle] = call
        self.own(call, call.invite)
        self.enter_dialog(call)

    def own(self, call: Call, transaction: Transaction) -> None:
        call.transactions.append(transaction)
        self._by_transaction[transaction] = call

    def enter_dialog(self, call: Call) -> None:
        if call.dialog is not None:
            self._dialogs[call.dialog.key] = call

    def owner(self, transaction: Transaction) -> Call | None:
        return self._by_transaction.get(transaction)

    def of_request(self, request: Request) -> Call | None:
        return self._dialogs.get((request.call_id, request.to.tag, request.from_.tag))

    def find(self, handle: str) -> Call | None:
        """None for a call that is over and forgotten. Raises LocalProtocolError for one that never was."""
        call = self.calls.get(handle)
        number = handle.removeprefix("call-")
        if call is None and not (number.isdecimal() and 0 < int(number) <= self.count):
            raise LocalProtocolError(f"no call {handle!r}")
        return call

    def forget(self, call: Call) -> None:
        del self.calls[call.handle]
        for transaction in call.transactions:
            del self._by_transaction[transaction]
        if call.dialog is not None:
            del self._dialogs[call.dialog.key]
