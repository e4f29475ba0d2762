"""The boxes that many of the flow charts share (T.30 5.2)."""

from collections.abc import Generator
from dataclasses import replace

from firmware_sim.t30.call import (
    Call,
    Copy,
    Settings,
    Sheet,
    as_it_is,
    remote_identification,
    take_all,
)
from firmware_sim.t30.frames import Frame, Message
from firmware_sim.t30.outcome import Cause
from firmware_sim.t30.requests import (
    Aborted,
    Alert,
    Answered,
    Block,
    Disconnected,
    Failed,
    Heard,
    Image,
    Interrupt,
    LineDropped,
    Listen,
    Page,
    PollRefused,
    Request,
    Send,
    SendBlock,
    SendPage,
    SendTraining,
    Silence,
    Spoilt,
    Training,
)

__all__ = [
    "Aborted", "Alert", "Answered", "Block", "Call", "Copy", "Disconnected", "Failed", "Heard", "Image", "Interrupt",
    "LineDropped", "Listen", "Page", "PollRefused", "Request", "Send", "SendBlock", "SendPage", "SendTraining",
    "Settings", "Sheet", "Silence", "Spoilt", "Training", "as_it_is", "ask", "confirmations", "consult", "listen_on",
    "remote_identification", "say", "take_all",
]  # fmt: skip


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
                call.dis = answer if code is Frame.DIS else None
                call.consulting |= code in (Frame.PIP, Frame.PIN)
                return answer
            case Message(code) if code is Frame.CRP or code in again:
                pass
            case Message():
                raise Failed(Cause.UNEXPECTED)
            case Silence():
                pass
    raise Failed(Cause.NO_RESPONSE)


def listen_on(call: Call, image: Image, closed: Frame, said: Frame) -> Generator[Request, Heard, Heard]:
    """What the sender does next ("command received?", figure 5-2). Raises Failed where T2 runs out with something due.

    Once EOM has *closed* the document, silence and a new DIS are both leave to go on; once EOP has, so are
    a DCN, a dead line and our own wish. All are heard as silence then. While an operator is asked for, because we
    *said* so, the sender may be silent for T3 before it goes on.
    """
    timer = call.settings.t2
    operator = said in (Frame.PIP, Frame.PIN)
    if operator:
        timer = replace(timer, nominal=timer.nominal + call.settings.t3.nominal)
    try:
        heard = yield Listen(timer, image, call.rate, operator)
    except Interrupt:
        if closed is Frame.EOP:
            return Silence()
        raise
    match heard:
        case Answered():
            raise Failed(Cause.VOICE)
        case Message(Frame.DIS) as dis if closed is Frame.EOM:
            call.dis = dis
            return Silence()
        case Silence() if closed not in (Frame.EOM, Frame.EOP):
            raise Failed(Cause.NO_COMMAND)
        case Message():
            call.lose_patience()
    return heard


def confirmations(command: Frame) -> tuple[Frame, ...]:
    """What confirms a page. After EOM the receiver goes back to its DIS by itself, so that says it too."""
    return (Frame.MCF, Frame.DIS) if command is Frame.EOM else (Frame.MCF,)


def consult(call: Call) -> Generator[Request, Heard, None]:
    """The receiver asks for an operator (PIP, PIN): ours has T3 to take the handset, else the fax goes on."""
    call.consulting = call.operator_wanted = False
    if (yield Alert(call.settings.t3)) == Answered():
        raise Failed(Cause.VOICE)
    call.must_train = True


def say(code: Frame, fif: bytes = b"", options: dict[Frame, bytes] | None = None) -> Send:
    return Send(Message(code, fif, options or {}))
