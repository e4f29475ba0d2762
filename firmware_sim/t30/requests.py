"""What a procedure may ask for, what it may hear, what may befall it.

A procedure is a generator. It yields a request and is resumed with what came of it:

    Send, SendTraining, SendPage, SendBlock    None, once the last bit has left
    Listen                                     Message, Spoilt, Training, Page, Block, Silence, or Answered
    Alert                                      Answered or Silence

What can happen in any box is not heard but thrown in, an `Interrupt`. A procedure that cannot go on
raises `Failed`. Neither leaves `station.session`, which turns both into an Outcome.
"""

from dataclasses import dataclass, field
from enum import Enum

from firmware_sim.t30.frames import Message
from firmware_sim.t30.outcome import Cause
from firmware_sim.t30.tables import Rate
from firmware_sim.t30.timers import Timer

# -- requests ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Send:
    """A V.21 burst."""

    message: Message


@dataclass(frozen=True, slots=True)
class SendTraining:
    """TCF: one and a half seconds of zeros."""

    rate: Rate


@dataclass(frozen=True, slots=True)
class SendPage:
    """A page without error correction, RTC included. Each octet goes out most significant bit first."""

    rate: Rate
    octets: bytes


@dataclass(frozen=True, slots=True)
class SendBlock:
    """A partial page: numbered frames, and the three RCP after them. The first after a CTC trains at length."""

    rate: Rate
    frames: tuple[tuple[int, bytes], ...]


class Image(Enum):
    """What an image modem is tuned to receive."""

    TRAINING = "TCF"
    PAGE = "page"
    BLOCK = "partial page"


@dataclass(frozen=True, slots=True)
class Listen:
    """Wait for a burst on V.21, or for an image signal where one is due, until the timer has run."""

    timer: Timer
    image: Image | None = None
    rate: Rate | None = None
    operator: bool = False
    """Ring for the operator, who may take the handset meanwhile."""


@dataclass(frozen=True, slots=True)
class Alert:
    """Call the operator."""

    timer: Timer


Request = Send | SendTraining | SendPage | SendBlock | Listen | Alert

# -- what is heard -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Training:
    """A training check. *wrong* is the share of bits that were not zero; an untrainable carrier has all wrong."""

    wrong: float = 1.0


@dataclass(frozen=True, slots=True)
class Page:
    """An image signal without error correction; no octets where the carrier could not be read."""

    octets: bytes = b""


@dataclass(frozen=True, slots=True)
class Block:
    """The frames of a partial page that arrived whole, by number."""

    frames: dict[int, bytes] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Silence:
    """The timer ran out."""


@dataclass(frozen=True, slots=True)
class Spoilt:
    """Something could not be read. Heard only where that begins the timer anew; else the wait goes on."""


@dataclass(frozen=True, slots=True)
class Answered:
    """The operator took the handset."""


Heard = Message | Spoilt | Training | Page | Block | Silence | Answered | None

# -- what may befall a procedure ---------------------------------------------------------------------------------------


class Interrupt(Exception):  # noqa: N818
    """Thrown into whatever box is open."""

    cause: Cause


class Disconnected(Interrupt):
    """The peer said DCN."""

    cause = Cause.PEER_DISCONNECTED


class PollRefused(Disconnected):
    """The peer said DCN to our DTC."""

    cause = Cause.POLL_REFUSED


class LineDropped(Interrupt):
    """Nothing more can be said or heard."""

    cause = Cause.LINE_DROPPED


class Aborted(Interrupt):
    """Our own side wants the call to end; the peer is told."""

    cause = Cause.ABORTED


class Failed(Exception):  # noqa: N818
    """The procedure gives up; the peer is told."""

    def __init__(self, cause: Cause) -> None:
        super().__init__(cause.words)
        self.cause = cause
