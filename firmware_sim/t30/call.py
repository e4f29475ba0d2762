"""What the procedures of one call share: the habits of the terminal, and what is known so far."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from firmware_sim.clock import Instant
from firmware_sim.errors import LocalProtocolError
from firmware_sim.t30 import timers
from firmware_sim.t30.capabilities import ALL_MODEMS, Form, acceptable, choose, ladder
from firmware_sim.t30.frames import Frame, Message, decode_number
from firmware_sim.t30.outcome import Cause, Phase
from firmware_sim.t30.requests import Failed
from firmware_sim.t30.tables import Dcs, Dis, Rate
from firmware_sim.t30.timers import Timer

PATIENCE = 100
"""How many commands may come one after another without getting on by a page, a block or a training."""


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
    page: object = field(default=None, compare=False)
    """What we as the sender were given to send."""
    last_part: bool = True
    """Of a page that was too long for the receiver's paper and went as several, this is the last or only one."""


def as_it_is(page: object, terms: Dcs) -> bytes:
    """A page that is octets already, whatever the terms."""
    if not isinstance(page, bytes):
        raise LocalProtocolError(f"no encoder for a page of type {type(page).__name__}")
    return page


def take_all(octets: bytes, terms: Dcs) -> Copy:
    """No decoder: every octet a good row."""
    return Copy(len(octets), 0, bool(octets))


def as_a_whole(page: object, terms: Dcs) -> Sequence[object]:
    """However long the page is, it is not divided."""
    return (page,)


@dataclass(frozen=True)
class Settings:
    """A terminal's habits."""

    capabilities: Dis = ALL_MODEMS
    identification: bytes = b""
    ecm: bool = True
    """False: error correction is neither offered nor used, whatever the capabilities say."""
    frames_of_64: bool = False
    fastest_bps: int = 1 << 30
    """As a sender, never faster than this."""
    polls: bool = False
    """Fetch what the peer has ready, after sending what we have."""
    options: dict[Frame, bytes] = field(default_factory=dict)
    """Frames that accompany our DIS (NSF), DTC (NSC, PWD, SEP, PSA) or DCS (NSS, SUB, SID), each where it belongs.
    Those that the peer's DIS does not ask for are left out, see `Call.left_out`."""
    poll_password: bytes = b""
    """The PWD without which nothing can be polled here."""
    sender_password: bytes = b""
    """The SID without which nothing is received here."""
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
    longest_page: int = 8_000_000
    """Octets of a page that are taken; a call with a longer one is ended."""
    encode: Callable[[object, Dcs], bytes] = as_it_is
    """A page of the outbox as octets: called for each copy that is about to be sent, with the terms of that moment."""
    inspect: Callable[[bytes, Dcs], Copy] = take_all
    """What is to be found in a page that came without error correction."""
    form: Callable[[object], Form] = lambda page: Form()
    """The resolution, width and length of a page of the outbox."""
    divide: Callable[[object, Dcs], Sequence[object]] = as_a_whole
    """A page as pages that fit the receiver's paper."""
    t1: Timer = timers.T1
    t2: Timer = timers.T2
    t3: Timer = timers.T3
    t4: Timer = timers.T4
    t5: Timer = timers.T5


ACCOMPANY: dict[Frame, tuple[Frame, ...]] = {
    Frame.DIS: (Frame.NSF, Frame.CSI),
    Frame.DTC: (Frame.NSC, Frame.CIG, Frame.PWD, Frame.SEP, Frame.PSA),
    Frame.DCS: (Frame.NSS, Frame.TSI, Frame.SUB, Frame.SID),
}
"""The frames that may stand before a DIS, DTC or DCS, in this order."""
ASKED_FOR = {
    Frame.PWD: "password",
    Frame.SEP: "selective_polling",
    Frame.PSA: "polled_subaddress",
    Frame.SUB: "subaddress",
    Frame.SID: "password",
}
"""The bit of the peer's DIS without which a frame would be lost on it."""
ANNOUNCED = {**ASKED_FOR, Frame.SID: "sender_identification"}
"""The bit of our DTC or DCS that says that the frame stands before it."""


@dataclass
class Call:
    """State that outlives one box. `now` is set by the terminal before each step."""

    settings: Settings = field(default_factory=Settings)
    outbox: list[list[object]] = field(default_factory=list)
    """Documents to send: each a list of pages, at least one, that mean something to `Settings.encode` only."""
    shelf: dict[str, list[object]] = field(default_factory=dict)
    """Documents that may be polled by their number (SEP)."""
    now: Instant = 0
    phase: Phase = Phase.A
    x: bool = False
    rates: list[Rate] = field(default_factory=list)
    terms: Dcs = field(default_factory=Dcs)
    sent: list[Sheet] = field(default_factory=list)
    received: list[Sheet] = field(default_factory=list)
    peer: dict[Frame, bytes] = field(default_factory=dict)
    left_out: set[Frame] = field(default_factory=set)
    """Frames that we were to send and that the peer has no ear for."""
    busy_until: Instant = 0
    """When our store can take another block."""
    operator_wanted: bool = False
    """Somebody here wants to speak: a sender says PRI-commands then, a receiver PIP or PIN."""
    introduction: dict[Frame, bytes] = field(default_factory=dict)
    """The frames before our DCS."""
    must_train: bool = False
    """The receiver wants to be trained before the next page."""
    trained: Rate | None = None
    """The rate that last worked for our pages; the next document begins with it."""
    consulting: bool = False
    """The receiver has asked for an operator."""
    dis: Message | None = None
    """A DIS that confirmed an EOM; the next document begins with it."""
    picked: str = ""
    """The number of the document from the shelf that is in the outbox."""
    left: int = PATIENCE

    @property
    def rate(self) -> Rate:
        return self.terms.rate or Rate.V27TER_2400

    @property
    def offer(self) -> Dis:
        """Our DIS or DTC of this moment."""
        habits, ours = self.settings, self.settings.capabilities
        ours = ours.replace(
            ready_to_send=bool(self.outbox or self.shelf),
            selective_polling=ours.selective_polling or bool(self.shelf),
            password=ours.password or bool(habits.poll_password or habits.sender_password),
        )
        if habits.ecm and ours.ecm:
            return ours
        return ours.replace(ecm=False, t6=False, t85=False, t85_optional=False, prefers_64=False)

    # -- what is said with a command -----------------------------------------------------------------------------------

    def accompany(self, code: Frame, theirs: Dis | None = None) -> dict[Frame, bytes]:
        """The frames before our DIS, DTC or DCS."""
        identification = dict.fromkeys((Frame.CSI, Frame.CIG, Frame.TSI), self.settings.identification)
        wanted = {**identification, **self.settings.options}
        wanted = {frame: wanted[frame] for frame in ACCOMPANY[code] if wanted.get(frame)}
        deaf = {frame for frame in wanted if theirs and frame in ASKED_FOR and not getattr(theirs, ASKED_FOR[frame])}
        self.left_out |= deaf
        return {frame: fif for frame, fif in wanted.items() if frame not in deaf}

    def request(self, options: dict[Frame, bytes]) -> Dis:
        """Our DTC: its polling bits say which frames stand before it."""
        bits = {ANNOUNCED[frame]: frame in options for frame in (Frame.PWD, Frame.SEP, Frame.PSA)}
        return self.offer.replace(**bits, subaddress=False, multiple_polling=False)

    # -- sending -------------------------------------------------------------------------------------------------------

    def meet(self, theirs: Dis) -> list[object]:
        """Choose what the next pages are sent with, and take them from the outbox: as many as go with the same terms.

        A peer may have no modem of ours.
        """
        self.rates = ladder(self.offer, theirs, self.settings.fastest_bps)
        if not self.rates:
            raise Failed(Cause.INCOMPATIBLE)
        self.introduction = self.accompany(Frame.DCS, theirs)
        rate = self.trained if self.trained in self.rates else self.rates[0]
        document = self.outbox.pop(0)
        fitting = [self._terms(page, theirs, rate) for page in document]
        self.terms = fitting[0]
        count = next((number for number, terms in enumerate(fitting) if terms != self.terms), len(document))
        if count < len(document):
            self.outbox.insert(0, document[count:])
        return document[:count]

    def _terms(self, page: object, theirs: Dis, rate: Rate) -> Dcs:
        form = self.settings.form(page)
        terms = choose(self.offer, theirs, rate, form, frames_of_64=self.settings.frames_of_64)
        return terms.replace(**{ANNOUNCED[frame]: True for frame in self.introduction if frame in ANNOUNCED})

    def step_down(self, *, slower: bool = False) -> bool:
        """To the next rate of the ladder, or the next *slower* one; false where there is none."""
        rest = self.rates[self.rates.index(self.rate) + 1 :] if self.rate in self.rates else []
        rest = [rate for rate in rest if rate.bps < self.rate.bps or not slower]
        if rest:
            self.terms = self.terms.replace(rate=rest[0])
        return bool(rest)

    def pick(self, number: str) -> None:
        """Only the document that is polled by its number is sent, unless it is under way already."""
        if number == self.picked and self.outbox:
            return
        if number not in self.shelf:
            raise Failed(Cause.NO_DOCUMENT)
        self.picked = number
        self.outbox = [self.shelf.pop(number)]

    # -- receiving -----------------------------------------------------------------------------------------------------

    def obey(self, commanded: Dcs) -> None:
        """Receive with what a DCS says, unless we never offered it."""
        if not acceptable(self.offer, commanded):
            raise Failed(Cause.INCOMPATIBLE)
        self.terms = commanded

    def check_password(self, message: Message, frame: Frame, wanted: bytes) -> None:
        if wanted and decode_number(message.options.get(frame, b"")) != decode_number(wanted):
            raise Failed(Cause.WRONG_PASSWORD)

    def check_length(self, octets: int) -> None:
        if octets > self.settings.longest_page:
            raise Failed(Cause.PAGE_TOO_LONG)

    # -- patience ------------------------------------------------------------------------------------------------------

    def got_on(self) -> None:
        self.left = PATIENCE

    def lose_patience(self) -> None:
        """One more command that brought nothing new. No peer may keep us for ever."""
        self.left -= 1
        if self.left < 0:
            raise Failed(Cause.UNEXPECTED)


def remote_identification(call: Call) -> str:
    """The number that the peer gave as its own: TSI from a sender, CSI or CIG from a receiver. May be empty."""
    said = (decode_number(call.peer.get(frame, b"")) for frame in (Frame.TSI, Frame.CSI, Frame.CIG))
    return next(filter(None, said), "")
