"""The two stations of a call, from the first DIS to the last DCN (T.30 5.2, phase B and E)."""

from collections.abc import Callable, Generator
from contextlib import suppress
from dataclasses import replace

from firmware_sim.errors import DecodeError
from firmware_sim.t30.frames import Frame, Message, decode_number
from firmware_sim.t30.outcome import Cause, Phase
from firmware_sim.t30.procedure import (
    Aborted,
    Call,
    Disconnected,
    Failed,
    Heard,
    Interrupt,
    Listen,
    PollRefused,
    Request,
    Silence,
    say,
)
from firmware_sim.t30.receiver import receive_document
from firmware_sim.t30.sender import send_document
from firmware_sim.t30.tables import Dis

Session = Generator[Request, Heard, tuple[Cause, Phase]]


def session(call: Call, station: Callable[[Call], Generator[Request, Heard, bool]]) -> Session:
    """One call, whatever befalls it. Returns its cause, and the phase in which it was decided."""
    try:
        sent_last = yield from station(call)
        cause = Cause.OK if all(sheet.good for sheet in (*call.sent, *call.received)) else Cause.INCOMPLETE
    except (Failed, Aborted) as end:
        sent_last, cause = True, end.cause
    except DecodeError:
        sent_last, cause = True, Cause.UNEXPECTED
    except Interrupt as end:
        return end.cause, call.phase
    decided_in, call.phase = call.phase, Phase.E
    if sent_last and cause is not Cause.VOICE:
        with suppress(Interrupt):
            yield say(Frame.DCN)
    return cause, decided_in


def calling(call: Call) -> Generator[Request, Heard, bool]:
    """Wait to be told what the called station can do, then send to it or poll it. True where we sent last."""
    while True:
        call.phase = Phase.B
        dis, call.dis = call.dis, None
        if dis is None:
            dis = yield from await_identification(call)
        theirs, call.x = Dis.decode(dis.fif), True
        call.peer.update(dis.options)
        if call.outbox and theirs.receives:
            if (yield from send_document(call, theirs, more=call.settings.polls)) is Frame.EOP:
                return True
        elif call.settings.polls and theirs.ready_to_send:
            dcs = yield from poll(call, theirs)
            if (yield from receive_document(call, dcs)).code is Frame.EOP:
                if call.outbox:
                    raise Failed(Cause.INCOMPATIBLE)
                return False
        else:
            raise Failed(Cause.NOTHING_TO_POLL if call.settings.polls and not call.outbox else Cause.INCOMPATIBLE)


def poll(call: Call, theirs: Dis) -> Generator[Request, Heard, Message]:
    """Say DTC until the called station begins to send. Raises PollRefused where it hangs up instead."""
    options = call.accompany(Frame.DTC, theirs)
    try:
        return (yield from identify(call, Frame.DTC, call.request(options), options, (Frame.DCS,)))
    except Disconnected:
        raise PollRefused from None


def called(call: Call) -> Generator[Request, Heard, bool]:
    """Say what we can do until the calling station commands us to receive, or polls. True where we sent last.

    A DIS that comes in reply to ours is a poll by a station that has no DTC. A DTC right behind an EOM needs no DIS.
    """
    command: Message | None = None
    while True:
        call.phase, call.x = Phase.B, False
        if command is None:
            options = call.accompany(Frame.DIS)
            command = yield from identify(call, Frame.DIS, call.offer, options, (Frame.DCS, Frame.DTC, Frame.DIS))
        if command.code is Frame.DCS:
            closing = yield from receive_document(call, command)
            if closing.code is Frame.EOP:
                return False
            command = closing if closing.code is Frame.DTC else None
        else:
            poll, command = command, None
            accept_poll(call, poll)
            if (yield from send_document(call, Dis.decode(poll.fif))) is Frame.EOP:
                return True


def accept_poll(call: Call, command: Message) -> None:
    """Raises Failed where the password is wrong, or the document is not here."""
    call.peer.update(command.options)
    call.check_password(command, Frame.PWD, call.settings.poll_password)
    if Frame.SEP in command.options:
        call.pick(decode_number(command.options[Frame.SEP]))
    if not call.outbox:
        raise Failed(Cause.NO_DOCUMENT)


def await_identification(call: Call) -> Generator[Request, Heard, Message]:
    give_up = call.now + call.settings.t1.nominal
    while call.now < give_up:
        match (yield Listen(replace(call.settings.t1, nominal=give_up - call.now))):
            case Message(Frame.DIS) as dis:
                return dis
            case Message() | Silence():
                pass
    raise Failed(Cause.NO_IDENTIFICATION)


def identify(
    call: Call, frame: Frame, table: Dis, options: dict[Frame, bytes], expect: tuple[Frame, ...]
) -> Generator[Request, Heard, Message]:
    """Say DIS or DTC every T4 until it is answered or T1 has run."""
    give_up = call.now + call.settings.t1.nominal
    while call.now < give_up:
        yield say(frame, table.encode(), options)
        match (yield Listen(call.settings.t4)):
            case Message(code) as command if code in expect:
                return command
            case Message() | Silence():
                pass
    raise Failed(Cause.NO_IDENTIFICATION)
