"""The boxes of the flow charts (T.30 5.2): what a procedure may ask for, what it may hear, what may befall it.

A procedure is a generator. It yields a request and is resumed with what came of it:

    Send, SendTraining, SendPage, SendBlock    None, once the last bit has left
    Listen                                     Message, Spoilt, Training, Page, Block or Silence
    Alert                                      Answered or Silence

What can happen in any box is not heard but thrown in, an `Interrupt`. A procedure that cannot go on
raises `Failed`. Neither leaves `station.session`, which turns both into an Outcome.
"""

from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from enum import Enum

from firmware_sim.clock import Instant
from firmware_sim.errors import LocalProtocolError
from firmware_sim.t30 import timers
from firmware_sim.t30.capabilities import ALL_MODEMS, Dcs, Dis, Rate, acceptable, choose, ladder
from firmware_sim.t30.frames import Frame, Message, decode_number
from firmware_sim.t30.outcome import Cause, Phase
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


# -- what the procedures of one call share -----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Copy:
    """What a T.4 decoder found in a page."""

    rows: int
    bad_rows: int
    complete: bool
    """Whether the return to control was there; without it the end of the page may be missing."""


@dataclass(slots=True)
class Sheet:
    """One page of a call, sent or received; of a page that was sent again, the last copy."""

    octets: bytes
    terms: Dcs
    """What was in force when it travelled."""
    number: int
    """From 1, in the order of `Call.sent` or `Call.received`."""
    good: bool = False
    """Confirmed: the receiver said so, or we as the receiver are about to. Seen as soon as the MCF has been heard."""
    copy: Copy | None = None
    """What we as the receiver found in it; not known with error correction."""


def as_it_is(page: object, terms: Dcs) -> bytes:
    """A page that is octets already, whatever the terms."""
    if not isinstance(page, bytes):
        raise LocalProtocolError(f"no encoder for a page of type {type(page).__name__}")
    return page


def take_all(octets: bytes, terms: Dcs) -> Copy:
    """No decoder: every octet a good row."""
    return Copy(len(octets), 0, bool(octets))


@dataclass(frozen=True)
class Settings:
    """A terminal's habits."""

    capabilities: Dis = ALL_MODEMS
    identification: bytes = b""
    ecm: bool = True
    """False: error correction is neither offered nor used, whatever the capabilities say."""
    frames_of_64: bool = False
    polls: bool = False
    """Fetch what the peer has ready, after sending what we have."""
    options: dict[Frame, bytes] = field(default_factory=dict)
    """Frames that accompany our DCS or DTC: SUB, SID, SEP, PWD."""
    attempts: int = 3
    training_limit: float = 0.01
    bad_row_limit: float = 0.05
    retrain_limit: float = 0.02
    copies: int = 3
    """How often a rejected page is sent in all."""
    corrects_on: bool = True
    """After four PPRs, continue to correct (CTC) while a slower rate is left, rather than end (EOR)."""
    asks_repeat: bool = False
    """Say CRP to a post-message command that could not be read."""
    encode: Callable[[object, Dcs], bytes] = as_it_is
    """A page of the outbox as octets: called for each copy that is about to be sent, with the terms of that moment."""
    inspect: Callable[[bytes, Dcs], Copy] = take_all
    """What is to be found in a page that came without error correction."""
    is_fine: Callable[[object], bool] = lambda page: False
    """Whether a page of the outbox has fine resolution. A document is sent as fine where all its pages are."""
    t1: Timer = timers.T1
    t2: Timer = timers.T2
    t4: Timer = timers.T4


@dataclass
class Call:
    """State that outlives one box. `now` is set by the terminal before each step."""

    settings: Settings = field(default_factory=Settings)
    outbox: list[list[object]] = field(default_factory=list)
    """Documents to send: each a list of pages, at least one, that mean something to `Settings.encode` only."""
    now: Instant = 0
    phase: Phase = Phase.A
    x: bool = False
    rates: list[Rate] = field(default_factory=list)
    terms: Dcs = field(default_factory=Dcs)
    sent: list[Sheet] = field(default_factory=list)
    received: list[Sheet] = field(default_factory=list)
    peer: dict[Frame, bytes] = field(default_factory=dict)
    busy_until: Instant = 0
    """When our store can take another block."""
    operator_wanted: bool = False

    @property
    def rate(self) -> Rate:
        return self.terms.rate or Rate.V27TER_2400

    @property
    def offer(self) -> Dis:
        """Our DIS or DTC of this moment."""
        ours = self.settings.capabilities.replace(ready_to_send=bool(self.outbox))
        if self.settings.ecm and ours.ecm:
            return ours
        return ours.replace(ecm=False, t6=False, t85=False, t85_optional=False)

    def meet(self, theirs: Dis) -> None:
        """Choose what the next document is sent with. A peer may poll what is not there, or have no modem of ours."""
        ours = self.offer
        self.rates = ladder(ours, theirs)
        if not self.rates or not self.outbox:
            raise Failed(Cause.INCOMPATIBLE)
        fine = all(self.settings.is_fine(page) for page in self.outbox[0])
        self.terms = choose(ours, theirs, self.rates[0], fine=fine, frames_of_64=self.settings.frames_of_64)

    def obey(self, commanded: Dcs) -> None:
        """Receive with what a DCS says, unless we never offered it."""
        if not acceptable(self.offer, commanded):
            raise Failed(Cause.INCOMPATIBLE)
        self.terms = commanded

    def step_down(self) -> bool:
        """To the next slower rate; false where there is none."""
        slower = [rate for rate in self.rates if rate.bps < self.rate.bps]
        if slower:
            self.terms = self.terms.replace(rate=slower[0])
        return bool(slower)


def remote_identification(call: Call) -> str:
    """The number that the peer gave as its own: TSI from a sender, CSI or CIG from a receiver. May be empty."""
    said = (decode_number(call.peer.get(frame, b"")) for frame in (Frame.TSI, Frame.CSI, Frame.CIG))
    return next(filter(None, said), "")


# -- boxes that many charts share --------------------------------------------------------------------------------------


def ask(
    call: Call, *command: Request, expect: tuple[Frame, ...], again: tuple[Frame, ...] = ()
) -> Generator[Request, Heard, Message]:
    """Send a command until it is answered, three times at most ("response received?", figure 5-2).

    CRP, and any frame in *again*, says that the peer missed the command. Raises Failed.
    """
    for _ in range(call.settings.attempts):
        for request in command:  # noqa: UP028
            yield request
        match (yield Listen(call.settings.t4)):
            case Message(code) as answer if code in expect:
                return answer
            case Message(code) if code is Frame.CRP or code in again:
                pass
            case Message():
                raise Failed(Cause.UNEXPECTED)
            case Silence():
                pass
    raise Failed(Cause.NO_RESPONSE)


def listen_on(call: Call, image: Image, closed: Frame) -> Generator[Request, Heard, Heard]:
    """What the sender does next ("command received?", figure 5-2). Raises Failed where T2 runs out with something due.

    Once EOM has *closed* the document, silence and a new DIS are both leave to go on; once EOP has, so are
    a DCN, a dead line and our own wish. All are heard as silence then.
    """
    try:
        heard = yield Listen(call.settings.t2, image, call.rate)
    except Interrupt:
        if closed is Frame.EOP:
            return Silence()
        raise
    match heard:
        case Message(Frame.DIS) if closed is Frame.EOM:
            return Silence()
        case Silence() if closed not in (Frame.EOM, Frame.EOP):
            raise Failed(Cause.NO_COMMAND)
    return heard


def confirmations(command: Frame) -> tuple[Frame, ...]:
    """What confirms a page. After EOM the receiver goes back to its DIS by itself, so that says it too."""
    return (Frame.MCF, Frame.DIS) if command is Frame.EOM else (Frame.MCF,)


def say(code: Frame, fif: bytes = b"", options: dict[Frame, bytes] | None = None) -> Send:
    return Send(Message(code, fif, options or {}))
