"""The two stations of a call, from the first DIS to the last DCN (T.30 5.2, phase B and E)."""

from collections.abc import Callable, Generator
from contextlib import suppress
from dataclasses import replace

from firmware_sim.errors import DecodeError
from firmware_sim.t30.capabilities import Dis
from firmware_sim.t30.frames import Frame, Message
from firmware_sim.t30.outcome import Cause, Phase
from firmware_sim.t30.procedure import Aborted, Call, Failed, Heard, Interrupt, Listen, Request, Silence, say
from firmware_sim.t30.receiver import receive_document
from firmware_sim.t30.sender import send_document

Session = Generator[Request, Heard, Cause]


def session(call: Call, station: Callable[[Call], Generator[Request, Heard, bool]]) -> Session:
    """One call, whatever befalls it. Returns its cause."""
    try:
        sent_last = yield from station(call)
        cause = Cause.OK if all(sheet.good for sheet in (*call.sent, *call.received)) else Cause.INCOMPLETE
    except (Failed, Aborted) as end:
        sent_last, cause = True, end.cause
    except DecodeError:
        sent_last, cause = True, Cause.UNEXPECTED
    except Interrupt as end:
        return end.cause
    if sent_last and cause is not Cause.VOICE:
        with suppress(Interrupt):
            yield say(Frame.DCN)
    return cause


def calling(call: Call) -> Generator[Request, Heard, bool]:
    """Wait to be told what the called station can do, then send to it or poll it. True where we sent last."""
    while True:
        call.phase = Phase.B
        dis = yield from await_identification(call)
        theirs, call.x = Dis.decode(dis.fif), True
        call.peer.update(dis.options)
        if call.outbox and theirs.receives:
            more = len(call.outbox) > 1 or call.settings.polls
            if (yield from send_document(call, theirs, more)) is Frame.EOP:
                return True
        elif call.settings.polls and theirs.ready_to_send:
            dcs = yield from identify(
                call, Frame.DTC, {Frame.CIG: call.settings.identification} | call.settings.options, (Frame.DCS,)
            )
            if (yield from receive_document(call, dcs)) is Frame.EOP:
                return False
        else:
            raise Failed(Cause.INCOMPATIBLE)


def called(call: Call) -> Generator[Request, Heard, bool]:
    """Say what we can do until the calling station commands us to receive, or polls. True where we sent last."""
    while True:
        call.phase, call.x = Phase.B, False
        command = yield from identify(
            call, Frame.DIS, {Frame.CSI: call.settings.identification}, (Frame.DCS, Frame.DTC)
        )
        if command.code is Frame.DTC:
            call.peer.update(command.options)
            more = len(call.outbox) > 1
            if (yield from send_document(call, Dis.decode(command.fif), more)) is Frame.EOP:
                return True
        elif (yield from receive_document(call, command)) is Frame.EOP:
            return False


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
    call: Call, frame: Frame, options: dict[Frame, bytes], expect: tuple[Frame, ...]
) -> Generator[Request, Heard, Message]:
    """Say DIS or DTC every T4 until it is answered or T1 has run."""
    give_up = call.now + call.settings.t1.nominal
    while call.now < give_up:
        yield say(frame, call.offer.encode(), {code: fif for code, fif in options.items() if fif})
        match (yield Listen(call.settings.t4)):
            case Message(code) as command if code in expect:
                return command
            case Message() | Silence():
                pass
    raise Failed(Cause.NO_IDENTIFICATION)
