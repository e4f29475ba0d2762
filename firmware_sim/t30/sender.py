"""The sending side: phase B from the DIS or DTC on, phases C and D without error correction."""

from collections.abc import Generator

from firmware_sim.t30 import ecm
from firmware_sim.t30.frames import Frame
from firmware_sim.t30.outcome import Cause, Phase
from firmware_sim.t30.procedure import (
    Call,
    Failed,
    Heard,
    Request,
    SendPage,
    SendTraining,
    Sheet,
    ask,
    confirmations,
    consult,
    say,
)
from firmware_sim.t30.tables import Dis

Steps = Generator[Request, Heard, None]


def send_document(call: Call, theirs: Dis, *, more: bool = False) -> Generator[Request, Heard, Frame]:
    """Send pages of the outbox that go with the same terms. Returns what closed them: EOM where others follow, or EOP.

    A page of another resolution or width needs another DCS, so EOM goes before it; *more*, and EOM goes after the last.
    """
    parts = [part for page in call.meet(theirs) for part in _parts(call, page)]
    last = Frame.EOM if more or call.outbox else Frame.EOP
    call.must_train = True
    for number, (part, page, is_last_part) in enumerate(parts):
        if call.must_train:
            yield from train(call)
        then = Frame.MPS if number < len(parts) - 1 else last
        sheet = Sheet(b"", call.terms, len(call.sent) + 1, page=page, last_part=is_last_part)
        call.sent.append(sheet)
        if call.terms.ecm:
            sheet.octets = call.settings.encode(part, call.terms)
            yield from ecm.send_page(call, sheet, then)
        else:
            yield from send_page(call, part, sheet, then)
        if call.consulting:
            yield from consult(call)
    return last


def _parts(call: Call, page: object) -> list[tuple[object, object, bool]]:
    """What goes as one page each: the part, the page it is of, whether it is the last of it."""
    parts = call.settings.divide(page, call.terms)
    return [(part, page, number == len(parts)) for number, part in enumerate(parts, 1)]


def train(call: Call) -> Steps:
    """DCS and TCF until the receiver is trained, one rate down at each failure."""
    call.phase = Phase.B
    while True:
        dcs = say(Frame.DCS, call.terms.encode(), call.introduction)
        tcf = SendTraining(call.rate)
        answer = yield from ask(call, dcs, tcf, expect=(Frame.CFR, Frame.FTT), again=(Frame.DIS, Frame.DTC))
        if answer.code is Frame.CFR:
            call.trained, call.must_train = call.rate, False
            return
        if not call.step_down():
            raise Failed(Cause.CANNOT_TRAIN)


def send_page(call: Call, page: object, sheet: Sheet, then: Frame) -> Steps:
    """One page without error correction, again where the receiver rejects the copy."""
    for copy in range(call.settings.copies):
        if copy > 0:
            if call.consulting:
                yield from consult(call)
            call.step_down(slower=True)
            yield from train(call)
        call.phase = Phase.C
        sheet.terms, sheet.octets = call.terms, call.settings.encode(page, call.terms)
        yield SendPage(call.rate, sheet.octets)
        match (yield from post_message(call, then)):
            case Frame.RTN | Frame.PIN:
                pass
            case verdict:
                sheet.good = True
                call.must_train |= verdict is Frame.RTP
                return
    raise Failed(Cause.COPY_REJECTED)


def post_message(call: Call, then: Frame) -> Generator[Request, Heard, Frame]:
    """Ask for the receiver's verdict on the page, and tell it where our operator wants to speak."""
    call.phase = Phase.D
    command = then.urgent if call.operator_wanted else then
    answer = yield from ask(
        call, say(command), expect=(*confirmations(then), Frame.RTP, Frame.RTN, Frame.PIP, Frame.PIN)
    )
    return answer.code
