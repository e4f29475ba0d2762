"""The sending side: phase B from the DIS or DTC on, phases C and D without error correction."""

from collections.abc import Generator

from firmware_sim.t30 import ecm
from firmware_sim.t30.capabilities import Dis
from firmware_sim.t30.frames import Frame
from firmware_sim.t30.outcome import Cause, Phase
from firmware_sim.t30.procedure import (
    Alert,
    Answered,
    Call,
    Failed,
    Heard,
    Request,
    SendPage,
    SendTraining,
    Sheet,
    ask,
    confirmations,
    say,
)
from firmware_sim.t30.timers import T3

Steps = Generator[Request, Heard, None]

PRI = {Frame.MPS: Frame.PRI_MPS, Frame.EOM: Frame.PRI_EOM, Frame.EOP: Frame.PRI_EOP}


def send_document(call: Call, theirs: Dis, more: bool) -> Generator[Request, Heard, Frame]:
    """Send the first document of the outbox. Returns what closed it: EOM where *more* is to follow, or EOP."""
    call.meet(theirs)
    yield from train(call)
    pages, last = call.outbox.pop(0), Frame.EOM if more else Frame.EOP
    for number, page in enumerate(pages):
        then = Frame.MPS if number < len(pages) - 1 else last
        sheet = Sheet(b"", call.terms, len(call.sent) + 1)
        call.sent.append(sheet)
        if call.terms.ecm:
            sheet.octets = call.settings.encode(page, call.terms)
            yield from ecm.send_page(call, sheet, number, then)
        else:
            yield from send_page(call, page, sheet, then)
    return last


def train(call: Call) -> Steps:
    """DCS and TCF until the receiver is trained, one rate down at each failure."""
    call.phase = Phase.B
    while True:
        dcs = say(Frame.DCS, call.terms.encode(), _introduction(call))
        tcf = SendTraining(call.rate)
        answer = yield from ask(call, dcs, tcf, expect=(Frame.CFR, Frame.FTT), again=(Frame.DIS, Frame.DTC))
        if answer.code is Frame.CFR:
            return
        if not call.step_down():
            raise Failed(Cause.CANNOT_TRAIN)


def send_page(call: Call, page: object, sheet: Sheet, then: Frame) -> Steps:
    """One page without error correction, again where the receiver rejects the copy."""
    for copy in range(call.settings.copies):
        if copy > 0:
            call.step_down()
            yield from train(call)
        call.phase = Phase.C
        sheet.terms, sheet.octets = call.terms, call.settings.encode(page, call.terms)
        yield SendPage(call.rate, sheet.octets)
        match (yield from post_message(call, then)):
            case Frame.MCF | Frame.DIS | Frame.PIP:
                sheet.good = True
                return
            case Frame.RTP:
                sheet.good = True
                if then is Frame.MPS:
                    yield from train(call)
                return
            case Frame.RTN | Frame.PIN:
                pass
    raise Failed(Cause.COPY_REJECTED)


def post_message(call: Call, then: Frame) -> Generator[Request, Heard, Frame]:
    """Ask for the receiver's verdict on the page, and let an operator in where either side wants one."""
    call.phase = Phase.D
    command = PRI[then] if call.operator_wanted else then
    answer = yield from ask(
        call, say(command), expect=(*confirmations(then), Frame.RTP, Frame.RTN, Frame.PIP, Frame.PIN)
    )
    if answer.code in (Frame.PIP, Frame.PIN):
        if (yield Alert(T3)) == Answered():
            raise Failed(Cause.VOICE)
        call.operator_wanted = False
    return answer.code


def _introduction(call: Call) -> dict[Frame, bytes]:
    own = call.settings.identification
    return {Frame.TSI: own, **call.settings.options} if own else call.settings.options
