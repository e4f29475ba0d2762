"""Error correction (T.30 Annex A): a page goes in blocks of up to 256 frames, each repeated until whole."""

from collections.abc import Generator
from dataclasses import dataclass, field, replace

from firmware_sim.t30.frames import FRAMES_PER_BLOCK, Frame, Message, PartialPage, request_frames, requested_frames
from firmware_sim.t30.outcome import Cause, Phase
from firmware_sim.t30.procedure import (
    Block,
    Call,
    Failed,
    Heard,
    Image,
    Request,
    Send,
    SendBlock,
    Sheet,
    Silence,
    Spoilt,
    ask,
    confirmations,
    listen_on,
    say,
)
from firmware_sim.t30.tables import Dcs

Frames = list[bytes]
PPR_LIMIT = 4
TURNED = bytes(int(f"{octet:08b}"[::-1], 2) for octet in range(256))
"""Each octet with its bits in the other order."""

# -- sending -----------------------------------------------------------------------------------------------------------


def send_page(call: Call, sheet: Sheet, then: Frame) -> Generator[Request, Heard, None]:
    """All blocks of a page. It is good when every block was confirmed. Pages are counted through the whole call."""
    blocks = cut(sheet.octets, 64 if call.terms.frames_of_64 else 256)
    whole = True
    for index, block in enumerate(blocks):
        after = then if index == len(blocks) - 1 else Frame.NULL
        whole &= yield from send_block(
            call, block, PartialPage(after, (sheet.number - 1) % 256, index % 256, len(block), call.operator_wanted)
        )
    sheet.terms, sheet.good = call.terms, whole


def send_block(call: Call, block: Frames, label: PartialPage) -> Generator[Request, Heard, bool]:
    """One block until it is whole. False where we gave up and left holes in it."""
    wanted, requests = list(range(len(block))), 0
    while True:
        call.phase = Phase.C
        yield SendBlock(call.rate, tuple((number, block[number]) for number in wanted))
        call.phase = Phase.D
        pps = say(Frame.PPS, label.encode())
        answer = yield from ask_until_ready(call, pps, (*confirmations(label.then), Frame.PIP, Frame.PPR))
        if answer.code is not Frame.PPR:
            return True
        wanted, requests = requested_frames(answer.fif, len(block)), requests + 1
        if requests == PPR_LIMIT:
            if not (call.settings.corrects_on and call.step_down(slower=True)):
                eor = say(Frame.EOR, label.encode()[:1])
                yield from ask_until_ready(call, eor, expect=(Frame.ERR, Frame.PIN))
                return False
            call.trained = call.rate
            yield from ask(call, say(Frame.CTC, call.terms.encode()[:2]), expect=(Frame.CTR,))
            requests = 0


def ask_until_ready(call: Call, command: Request, expect: tuple[Frame, ...]) -> Generator[Request, Heard, Message]:
    """Ask, and while the receiver is not ready, ask again with RR until T5 has run."""
    answer = yield from ask(call, command, expect=(*expect, Frame.RNR))
    give_up = call.now + call.settings.t5.nominal
    while answer.code is Frame.RNR:
        if call.now >= give_up:
            raise Failed(Cause.NOT_READY)
        answer = yield from ask(call, say(Frame.RR), expect=(*expect, Frame.RNR))
    return answer


def cut(octets: bytes, size: int) -> list[Frames]:
    """A page as blocks of frames, at least one. HDLC sends an octet's least significant bit first, a page its most."""
    turned = octets.translate(TURNED)
    frames = [turned[start : start + size].ljust(size, b"\0") for start in range(0, max(1, len(turned)), size)]
    return [frames[start : start + FRAMES_PER_BLOCK] for start in range(0, len(frames), FRAMES_PER_BLOCK)]


# -- receiving ---------------------------------------------------------------------------------------------------------


@dataclass
class Assembly:
    """The blocks of a document as they come together, and what is to be said of the last one."""

    call: Call
    page: Sheet = field(init=False)
    frames: dict[int, bytes] = field(default_factory=dict)
    open: PartialPage | None = None
    """A block that a PPS has named and that still has holes."""
    settled: PartialPage | None = None
    verdict: Message = field(default_factory=lambda: Message(Frame.CFR))

    def __post_init__(self) -> None:
        self._next_page()

    def judge(self, label: PartialPage) -> None:
        """A PPS names its block, so one that is settled already is known, and its verdict stands."""
        if label == self.settled:
            return
        if self.open == label:
            label = replace(label, frames=max(label.frames, self.open.frames))
        missing = [number for number in range(label.frames) if number not in self.frames]
        if missing:
            self.open, self.verdict = label, Message(Frame.PPR, request_frames(missing, label.frames))
        else:
            self._settle(label, Frame.MCF, Frame.PIP)

    def give_up(self) -> None:
        """An EOR names no block: with none open, it is the old one said again."""
        if self.open is not None:
            self.page.good = False
            self._settle(self.open, Frame.ERR, Frame.PIN)

    def _settle(self, label: PartialPage, verdict: Frame, with_operator: Frame) -> None:
        """At the end of a page our operator may want to speak: once, not at each."""
        self.call.got_on()
        frames = (self.frames[number] for number in sorted(self.frames) if number < label.frames)
        self.page.octets += b"".join(frames).translate(TURNED)
        self.call.check_length(len(self.page.octets))
        if self.call.operator_wanted and label.then is not Frame.NULL:
            self.call.operator_wanted, verdict = False, with_operator
        self.settled, self.open, self.frames, self.verdict = label, None, {}, Message(verdict)
        if label.then is not Frame.NULL:
            self.page.terms = self.call.terms
            self.call.received.append(self.page)
            self._next_page()

    def _next_page(self) -> None:
        self.page = Sheet(b"", self.call.terms, len(self.call.received) + 1, good=True)


def take_pages(call: Call) -> Generator[Request, Heard, Message]:
    """Take blocks and answer for each, until the document closes or a DCS asks to train again."""
    assembly, closed = Assembly(call), Frame.NULL
    while True:
        call.phase = Phase.D if assembly.frames or closed in (Frame.EOM, Frame.EOP) else Phase.C
        match (yield from listen_on(call, Image.BLOCK, closed, assembly.verdict.code)):
            case Block(frames):
                assembly.frames.update(frames)
                continue
            case Message(Frame.PPS, fif):
                assembly.judge(PartialPage.decode(fif))
            case Message(Frame.EOR):
                assembly.give_up()
            case Message(Frame.RR | Frame.CRP):
                pass
            case Message(Frame.CTC, fif):
                slow_down(call, Dcs.decode(fif))
                yield say(Frame.CTR)
                continue
            case Message(Frame.DCS) as dcs:
                return dcs
            case Message(Frame.DTC) as poll if closed is Frame.EOM:
                return poll
            case Spoilt():
                if assembly.frames and call.settings.asks_repeat:
                    yield say(Frame.CRP)
                continue
            case Silence():
                return Message(closed)
            case _:
                raise Failed(Cause.UNEXPECTED)
        closed = yield from give_verdict(call, assembly)


def slow_down(call: Call, commanded: Dcs) -> None:
    """A CTC names a rate and nothing else."""
    if commanded.rate is None:
        raise Failed(Cause.INCOMPATIBLE)
    call.obey(call.terms.replace(rate=commanded.rate))


def give_verdict(call: Call, assembly: Assembly) -> Generator[Request, Heard, Frame]:
    """Say what is to be said of the last block, or RNR while our store is busy. Returns what was thereby closed."""
    verdict = assembly.verdict
    settles = verdict.code in (Frame.MCF, Frame.ERR, Frame.PIP, Frame.PIN)
    if settles and call.now < call.busy_until:
        yield say(Frame.RNR)
        return Frame.NULL
    yield Send(verdict)
    return assembly.settled.then if settles and assembly.settled else Frame.NULL
