"""How the call went, in one sentence, and why it failed where it did: from the evidence, and honest when unsure."""

from collections.abc import Callable

from firmware_sim.t30.frames import Frame
from rig.analysis.evidence import (
    GOOD,
    Evidence,
    Verdict,
    at,
    count,
    damage,
    no,
    packets,
    page_packets,
    said,
    then,
    yes,
)
from rig.analysis.heard import MS, Side, Signal, Sort
from rig.analysis.recording import Recording
from rig.analysis.walk import Walk

CUT_MS = 300.0
"""A signal that lasts until so short before the recording's end was cut by that end."""


def verdict(walk: Walk, recording: Recording) -> Verdict | None:
    """None where there is no fax in it."""
    call = Evidence(walk, recording)
    if not call.of_fax:
        return None
    for rule in RULES:
        found = rule(call)
        if found is not None:
            return found
    last = call.signals[-1]
    return no(
        "unknown",
        f"The call ends after {said(last)} at {at(last.end)} without a reason that could be heard.",
        sure=False,
    )


def _succeeded(call: Evidence) -> Verdict | None:
    posts = call.posts
    if not posts or then(posts[-1][0]) is not Frame.EOP or posts[-1][1] not in (*GOOD, Frame.ERR):
        return None
    confirmed = sum(sheet.verdict in GOOD for sheet in call.sheets)
    if posts[-1][1] is Frame.ERR or any(answer is Frame.ERR for _, answer in posts):
        return no(
            "incomplete", "The call was carried through, but the sender gave up correcting (EOR): a page has holes."
        )
    last = posts[-1][0]
    repeats = sum(post.side is last.side and str(post.message) == str(last.message) for post, _ in posts)
    doubt = (
        f"; the sender said {last.message} {repeats} times and may not have heard the answers" if repeats > 1 else ""
    )
    pages = f"{confirmed} page{'s' if confirmed != 1 else ''}"
    spoilt = [f"page {s.number}: {damage(s)}" for s in call.sheets if s.verdict in GOOD and not s.good]
    if spoilt:
        return yes(f"The call succeeded and {pages} confirmed, but as heard here {'; '.join(spoilt)}{doubt}.")
    if not call.sheets:
        late = "the recording begins too late: no DCS was heard, so no page can be read"
        bad = "its image signals cannot be read as they are heard here: the line is worse here than at the receiver"
        return yes(f"The last page was confirmed, but {bad if call.all(Frame.DCS) else late}.")
    return yes(f"The call succeeded: {pages} confirmed, every row and frame of which was read here{doubt}.")


def _nobody_answered(call: Evidence) -> Verdict | None:
    if call.of(Side.CALLED):
        return None
    if any(s.sort is not Sort.CNG for s in call.signals):
        return no(
            "one_sided", "Only the caller can be heard: the called side is silent or was not recorded.", sure=False
        )
    heard = sum(s.sort is Sort.CNG for s in call.signals)
    return Verdict(
        False, "no_answer", f"No fax answered: the caller sent CNG {heard} times and heard neither CED nor DIS."
    )


def _no_identification(call: Evidence) -> Verdict | None:
    if call.all(Frame.DIS, Frame.DTC, Frame.DCS):
        return None
    if call.messages:
        return no(
            "begins_late",
            f"The recording begins in mid-call ({said(call.messages[0])} is its first message), so no page can be "
            f"read, and it ends after {said(call.signals[-1])} without the last page being confirmed.",
            sure=False,
        )
    spoilt = [s for s in call.bursts if s.side is Side.CALLED]
    if spoilt:
        return no(
            "dis_unreadable",
            f"The called station spoke {count(spoilt)} in V.21, but no DIS could be "
            f"read: its frames arrive damaged{packets(call, spoilt[0], spoilt[-1])}.",
        )
    return no(
        "no_dis",
        "The called station answered with a tone, but no DIS followed: it may be a modem or a "
        "voice answering machine, or its V.21 does not get through.",
        sure=False,
    )


def _no_answer_to_dis(call: Evidence) -> Verdict | None:
    offers = call.all(Frame.DIS)
    if not offers or call.all(Frame.DCS, Frame.DTC):
        return None
    later = [s for s in call.of(Side.CALLER) if s.start > offers[0].start and s.sort is not Sort.CNG]
    if any(s.code is Frame.DCN for s in later):
        return no(
            "incompatible",
            "The caller ended the call (DCN) right after the DIS: it found nothing in it that it could use.",
            sure=False,
        )
    if later:
        return no(
            "dcs_unreadable",
            f"The caller answered the DIS, but its command could not be read: its "
            f"frames arrive damaged{packets(call, later[0], later[-1])}.",
        )
    cng = ", although its CNG was heard" if call.calls else ""
    return no(
        "no_answer_to_dis",
        f"The called station said DIS {count(offers)} and the caller never answered"
        f"{cng}: it does not hear the called station.",
    )


def _cannot_train(call: Evidence) -> Verdict | None:
    commands = call.all(Frame.DCS)
    if not commands or call.all(Frame.CFR):
        return None
    checks = [s for s in call.images if s.sort is Sort.TCF]
    refused = call.all(Frame.FTT)
    why = _training(call, checks)
    if refused:
        return Verdict(
            False, "cannot_train", f"The training check failed {count(refused)} (FTT) and no rate was found: {why}."
        )
    if call.all(Frame.DCN) and call.all(Frame.DCN)[0].side is not call.sender:
        return no(
            "refused",
            "The receiver ended the call (DCN) after the DCS: it does not take what was commanded.",
            sure=False,
        )
    if not checks:
        return Verdict(
            False, "no_tcf", f"{call.who.capitalize()} said DCS {count(commands)}, but no training check followed."
        )
    answers = [s for s in call.bursts if s.side is not call.sender and s.start > commands[0].start and s.spoilt]
    if answers:
        return no("answer_unreadable", "The training check was answered, but the answer could not be read.")
    return no(
        "no_response_to_training",
        f"DCS and training check were sent {count(commands)} and never "
        f"answered: the receiver does not hear them, or not well enough ({why}).",
    )


def _training(call: Evidence, checks: list[Signal]) -> str:
    """What can be said of the training checks at this point of the line."""
    if not checks:
        return "no training check was heard"
    for check in checks:
        if check.take is None:
            return f"the training signal at {at(check.start)} cannot be read here by any modem of a fax"
        if not check.take.commanded:
            return f"the sender trains by {check.take.rate}, which is not what its DCS commands"
    shares = [check.wrong_share or 0.0 for check in checks]
    lost = call.lost(checks[0].start, checks[-1].end)
    if lost:
        return f"{lost} ms of audio were lost in packets meanwhile"
    if max(shares) > 0.01:
        return (
            f"up to {100 * max(shares):.2g} % of its bits are wrong as heard here, so it is damaged before it gets to "
            "this point"
        )
    return "as heard here it is good, so the damage lies between this point and the receiver"


def _rejected(call: Evidence) -> Verdict | None:
    posts = call.posts
    if not posts or posts[-1][1] not in (Frame.RTN, Frame.PIN):
        return None
    sheet = next((s for s in reversed(call.sheets) if s.verdict in (Frame.RTN, Frame.PIN)), None)
    number = f"page {sheet.number}" if sheet else "a page"
    here = damage(sheet) if sheet is not None and not sheet.good else "as heard here it is whole"
    return Verdict(
        False, "copy_rejected", f"The receiver rejected {number} ({posts[-1][1]}): {here}{page_packets(call)}."
    )


def _not_corrected(call: Evidence) -> Verdict | None:
    posts = call.posts
    if not posts or posts[-1][1] not in (Frame.PPR, Frame.RNR):
        return None
    if posts[-1][1] is Frame.RNR:
        return no("not_ready", "The receiver said that it was not ready (RNR) until the call ended.")
    requests = call.all(Frame.PPR)
    return no(
        "not_corrected",
        f"The receiver asked for frames again {count(requests)} (PPR) and the call ended "
        f"before the block was whole{page_packets(call)}.",
    )


def _no_response(call: Evidence) -> Verdict | None:
    """A post-message command without an answer."""
    posts = call.posts
    if not posts or posts[-1][1] is not None:
        return None
    last = posts[-1][0]
    if any(s.is_image for s in call.after(last)):
        return None
    same = [signal for signal, answer in posts if answer is None and str(signal.message) == str(last.message)]
    dcn = next((s for s in call.after(last) if s.code is Frame.DCN), None)
    if dcn is not None and dcn.side is not call.sender:
        return no(
            "peer_disconnected",
            f"The receiver answered {last.message} with DCN: it ended the call instead of confirming the page.",
        )
    answers = [s for s in call.after(last) if s.side is not call.sender and s.spoilt]
    if answers:
        return no("answer_unreadable", f"{last.message} was answered, but the answer could not be read.")
    return no(
        "no_response",
        f"{call.who.capitalize()} said {last.message} {count(same)} and got no answer: "
        f"the receiver did not hear it, or had gone{page_packets(call)}.",
    )


def _lost_in_page(call: Evidence) -> Verdict | None:
    """An image signal after which its sender says nothing more."""
    image = next((s for s in reversed(call.images) if s.sort is not Sort.TCF), None)
    if image is None or any(
        s.side is image.side and s.sort is Sort.V21 and s.code is not Frame.DCN for s in call.after(image)
    ):
        return None
    name = f"page {image.page}" if image.page else "an image signal"
    lost = call.lost(image.start, image.end)
    loss = f"; {lost} ms of its audio were lost in packets" if lost else ""
    if image.take is None:
        return no(
            "page_unreadable",
            f"The image signal at {at(image.start)} cannot be read by any modem of a "
            f"fax: the sender trains otherwise than commanded, or the line is too bad{loss}.",
            sure=False,
        )
    ended = call.hung_up(image.end)
    if (call.recording.samples - image.end) / MS < CUT_MS:
        if ended:
            return no("hung_up", f"The call was ended from outside the fax{ended} in the middle of {name}{loss}.")
        return no("recording_ends", f"The recording ends in the middle of {name}.")
    parting = next((s for s in call.after(image) if s.code is Frame.DCN), None)
    more = (
        f"; then {'it' if parting.side is image.side else 'the receiver'} says DCN"
        if parting
        else " and nothing follows"
    )
    return no(
        "carrier_lost",
        f"The carrier is lost in the middle of {name} at {at(image.end)}{more}"
        f"{ended}: the line "
        f"was cut or the sender stopped{loss}.",
    )


def _unheard(call: Evidence) -> Verdict | None:
    """A sender that commands and trains again although it was told to go on."""
    told = [s for s in call.all(Frame.CFR) if any(later.code is Frame.DCS for later in call.after(s))]
    pages = [s for s in call.images if s.sort is not Sort.TCF]
    if len(told) < 2 or pages:
        return None
    return no(
        "answer_unheard",
        f"The receiver said CFR {count(call.all(Frame.CFR))}, but the sender trained again each time and sent no page: "
        "it does not hear the receiver.",
    )


def _no_page(call: Evidence) -> Verdict | None:
    """Told to go on, the sender does not."""
    went = call.last(Frame.CFR, Frame.MCF, Frame.RTP, Frame.CTR)
    if went is None or any(
        s.is_image or s.sort is Sort.V21 for s in call.after(went) if s.side is call.sender and s.code is not Frame.DCN
    ):
        return None
    dcn = next((s for s in call.after(went) if s.code is Frame.DCN), None)
    if dcn is not None:
        side = "sender" if dcn.side is call.sender else "receiver"
        return no(
            "early_dcn",
            f"The {side} ended the call (DCN) after {went.message}, before the last page was sent and confirmed.",
        )
    return no(
        "no_page",
        f"After {went.message} at {at(went.end)} the sender says nothing more: it did not hear "
        "it, or the line was cut.",
    )


def _cut(call: Evidence) -> Verdict | None:
    """Ended from outside the fax: by SIP, or by the recording's end in mid-message."""
    last = call.signals[-1]
    where = f"in the middle of a message of the {last.side}" if last.spoilt else f"after {said(last)}"
    ended = call.hung_up(last.end)
    if ended:
        return no(
            "hung_up",
            f"The call was ended from outside the fax{ended} {where}, before the last page was confirmed.",
        )
    if (call.recording.samples - last.end) / MS < CUT_MS and last.code is not Frame.DCN:
        return no("recording_ends", f"The recording ends {where}, before the last page was confirmed.")
    return None


def _early_dcn(call: Evidence) -> Verdict | None:
    dcn = call.last(Frame.DCN)
    if dcn is None:
        return None
    before = [s for s in call.signals if s.end <= dcn.start]
    where = f"after {said(before[-1])}" if before else "at once"
    return no(
        "early_dcn", f"The {dcn.side} ended the call (DCN) {where}, before the last page was confirmed.", sure=False
    )


RULES: tuple[Callable[[Evidence], Verdict | None], ...] = (
    _succeeded,
    _nobody_answered,
    _no_identification,
    _no_answer_to_dis,
    _cannot_train,
    _unheard,
    _lost_in_page,
    _rejected,
    _not_corrected,
    _no_response,
    _no_page,
    _cut,
    _early_dcn,
)
