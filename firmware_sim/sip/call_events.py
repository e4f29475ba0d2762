"""What an endpoint tells its owner of its calls. Each call that was offered or begun ends in one refusal or end."""

from dataclasses import dataclass

from firmware_sim.events import Address
from firmware_sim.sip.message import Request, Response
from firmware_sim.sip.transaction import Transaction


@dataclass(frozen=True)
class CallOffered:
    call: str
    request: Request
    source: Address


@dataclass(frozen=True)
class CallProgress:
    call: str
    status: int
    body: bytes


@dataclass(frozen=True)
class CallAnswered:
    call: str
    body: bytes


@dataclass(frozen=True)
class CallConfirmed:
    """The ACK to our 2xx came."""

    call: str


@dataclass(frozen=True)
class CallRefused:
    call: str
    status: int
    reason: str


@dataclass(frozen=True)
class CallEnded:
    call: str
    reason: str
    by_peer: bool


@dataclass(frozen=True)
class Reoffered:
    """The peer's re-INVITE. It waits for `answer_reoffer` or `refuse_reoffer`."""

    call: str
    body: bytes


@dataclass(frozen=True)
class ReofferAnswered:
    call: str
    body: bytes


@dataclass(frozen=True)
class ReofferRefused:
    """The call itself goes on as it was, but for a 408 or 481."""

    call: str
    status: int
    reason: str


@dataclass(frozen=True)
class OtherRequest:
    """A request outside calls, of a method that the owner wanted."""

    transaction: Transaction
    request: Request
    source: Address


@dataclass(frozen=True)
class OtherResponse:
    """An answer to `send_request`; None when there was none."""

    request: Request
    response: Response | None


EndpointEvent = (
    CallOffered
    | CallProgress
    | CallAnswered
    | CallConfirmed
    | CallRefused
    | CallEnded
    | Reoffered
    | ReofferAnswered
    | ReofferRefused
    | OtherRequest
    | OtherResponse
)
