"""The receiving side: from the DCS on, phases C and D without error correction."""

from collections.abc import Generator

from firmware_sim.t30 import ecm, timers
from firmware_sim.t30.frames import Frame, Message
from firmware_sim.t30.outcome import Cause, Phase
from firmware_sim.t30.procedure import (
    Call,
    Failed,
    Heard,
    Image,
    Listen,
    Page,
    Request,
    Sheet,
    Silence,
    Spoilt,
    Training,
    listen_on,
    say,
)
from firmware_sim.t30.tables import Dcs

Command = Generator[Request, Heard, Message]


def receive_document(call: Call, command: Message) -> Command:
    """Be trained and take pages, as often as the sender commands it.

    Returns what closed the document, EOM or EOP, or the DTC that came right behind an EOM.
    """
    while command.code is Frame.DCS:
        yield from be_trained(call, command)
        take_pages = ecm.take_pages if call.terms.ecm else take_pages_plain
        command = yield from take_pages(call)
    return command


def be_trained(call: Call, dcs: Message) -> Generator[Request, Heard, None]:
    """Judge training checks until one is good enough. A DCS may come again at any time.

    A DCS that is refused has its TCF right behind it: nothing we said before its end would be heard.
    """
    call.phase = Phase.B
    while True:
        call.lose_patience()
        call.peer.update(dcs.options)
        commanded, refused = Dcs.decode(dcs.fif), refusal(call, dcs)
        heard = yield Listen(timers.TCF, Image.TRAINING if commanded.rate else None, commanded.rate)
        if refused and not isinstance(heard, Message):
            raise Failed(refused)
        match heard:
            case Training(wrong) if wrong <= call.settings.training_limit:
                yield say(Frame.CFR)
                return
            case Training() | Silence():
                yield say(Frame.FTT)
                dcs = yield from await_command(call, Frame.DCS)
            case Message(Frame.DCS) as again:
                dcs = again
            case _:
                raise Failed(Cause.UNEXPECTED)


def refusal(call: Call, dcs: Message) -> Cause | None:
    """Receive with what a DCS says, or not."""
    try:
        call.check_password(dcs, Frame.SID, call.settings.sender_password)
        call.obey(Dcs.decode(dcs.fif))
    except Failed as refused:
        return refused.cause
    return None


def await_command(call: Call, code: Frame) -> Command:
    while True:
        match (yield Listen(call.settings.t2)):
            case Message(heard) as command if heard is code:
                return command
            case Spoilt():
                pass
            case Silence():
                raise Failed(Cause.NO_COMMAND)
            case _:
                raise Failed(Cause.UNEXPECTED)


def take_pages_plain(call: Call) -> Command:
    """Take pages and answer for each, until the document closes or a DCS asks to train again.

    A post-message command does not name its page. With not so much as a carrier since our last answer it is
    the old one said again; so a modem must tell of energy that it cannot read, or a lost page passes for sent.
    """
    copy: Page | None = None
    asked, reply = Frame.NULL, Frame.CFR
    while True:
        closed = Frame.NULL if copy or reply in (Frame.RTN, Frame.PIN) else asked
        call.phase = Phase.D if copy or closed in (Frame.EOM, Frame.EOP) else Phase.C
        match (yield from listen_on(call, Image.PAGE, closed, reply)):
            case Page() as copy:
                pass
            case Message(code) if code.plain in (Frame.MPS, Frame.EOM, Frame.EOP):
                code = code.plain
                if copy is not None or code is not asked:
                    reply = judge(call, copy)
                copy, asked = None, code
                yield say(reply)
            case Message(Frame.DCS) as dcs:
                return dcs
            case Message(Frame.DTC) as poll if closed is Frame.EOM:
                return poll
            case Message(Frame.CRP) if asked is not Frame.NULL:
                yield say(reply)
            case Spoilt():
                if copy and call.settings.asks_repeat:
                    yield say(Frame.CRP)
            case Silence():
                return Message(closed)
            case _:
                raise Failed(Cause.UNEXPECTED)


def judge(call: Call, copy: Page | None) -> Frame:
    """What to say of a page, or PIP and PIN in its place where our operator wants to speak: once, not at each page."""
    verdict = inspect(call, copy)
    if not call.operator_wanted:
        return verdict
    call.operator_wanted = False
    return Frame.PIN if verdict is Frame.RTN else Frame.PIP


def inspect(call: Call, copy: Page | None) -> Frame:
    """MCF, RTP where the page was poor, RTN where it is not good enough to keep (5.3.6.1.7)."""
    if copy is None:
        return Frame.RTN
    call.check_length(len(copy.octets))
    found, limits = call.settings.inspect(copy.octets, call.terms), call.settings
    if not found.complete or found.bad_rows > limits.bad_row_limit * found.rows:
        return Frame.RTN
    call.got_on()
    call.received.append(Sheet(copy.octets, call.terms, len(call.received) + 1, good=True, copy=found))
    return Frame.RTP if found.bad_rows > limits.retrain_limit * found.rows else Frame.MCF
