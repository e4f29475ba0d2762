"""How the call went, in one sentence, and why it failed where it did: from the evidence, and honest when unsure."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from firmware_sim.t30.frames import Frame
from rig.analysis.heard import MS, Side, Signal, Sort
from rig.analysis.paper import Sheet
from rig.analysis.recording import Recording
from rig.analysis.walk import VERDICTS, Walk

GOOD = (Frame.MCF, Frame.RTP, Frame.PIP)
ENDS = (Frame.MPS, Frame.EOM, Frame.EOP)
CUT_MS = 300.0
"""A signal that lasts until so short before the recording's end was cut by that end."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """*code* is stable; *sentence* says what happened and the likely cause."""

    ok: bool
    code: str
    sentence: str
    sure: bool = True


class Evidence:
    """The call, in the words that the rules below ask in."""

    def __init__(self, walk: Walk, recording: Recording) -> None:
        self.recording = recording
        self.signals = [s for s in walk.signals if s.sort is not Sort.OTHER]
        self.sheets: Sequence[Sheet] = walk.paper.sheets
        self.sender = walk.sender
        self.bursts = [s for s in walk.signals if s.sort is Sort.V21]
        self.messages = [s for s in self.bursts if s.controls]
        self.images = [s for s in walk.signals if s.is_image]

    def all(self, *codes: Frame) -> list[Signal]:
        return [s for s in self.messages if s.code in codes]

    def last(self, *codes: Frame) -> Signal | None:
        return next(reversed(self.all(*codes)), None)

    def of(self, side: Side) -> list[Signal]:
        return [s for s in self.signals if s.side is side]

    def after(self, signal: Signal) -> list[Signal]:
        return [s for s in self.signals if s.start > signal.start]

    @property
    def of_fax(self) -> bool:
        """Whether anything was heard that only a fax says."""
        long_tone = any(s.ms > 2000 and s.sort in (Sort.CED, Sort.ANSAM) for s in self.signals)
        return bool(self.bursts or self.images or long_tone or _calls(self))

    @property
    def who(self) -> str:
        return f"the {self.sender}"

    @property
    def posts(self) -> list[tuple[Signal, Frame | None]]:
        """Each post-message command, and what was answered to it."""
        found: list[tuple[Signal, Frame | None]] = []
        for signal in self.messages:
            code = signal.code
            assert code is not None
            if code is Frame.PPS or code.plain in ENDS or code is Frame.EOR:
                found.append((signal, None))
            elif code in VERDICTS and found and signal.side is not found[-1][0].side:
                found[-1] = (found[-1][0], code)
        return found

    def lost(self, start: int, end: int) -> int:
        """Milliseconds of audio that got lost in packets between these samples."""
        gaps = [gap for stream in self.recording.streams for gap in stream.gaps]
        return sum(max(0, min(b, end) - max(a, start)) for a, b in gaps) // MS


def then(signal: Signal) -> Frame | None:
    """What a post-message command says comes next; None for a page that goes on."""
    code, message = signal.code, signal.message
    if code in (Frame.PPS, Frame.EOR) and message is not None:
        name = str(message).rpartition("-")[2]
        return next((frame for frame in ENDS if frame.name == name), None)
    return code.plain if code is not None and code.plain in ENDS else None


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
    return _no(
        "unknown",
        f"The call ends after {_said(last)} at {_at(last.end)} without a reason that could be heard.",
        sure=False,
    )


def _calls(call: Evidence) -> bool:
    return any(s.sort is Sort.CNG for s in call.signals)


def _succeeded(call: Evidence) -> Verdict | None:
    posts = call.posts
    if not posts or then(posts[-1][0]) is not Frame.EOP or posts[-1][1] not in (*GOOD, Frame.ERR):
        return None
    confirmed = sum(sheet.verdict in GOOD for sheet in call.sheets)
    if posts[-1][1] is Frame.ERR or any(answer is Frame.ERR for _, answer in posts):
        return _no(
            "incomplete", "The call was carried through, but the sender gave up correcting (EOR): a page has holes."
        )
    pages = f"{confirmed} page{'s' if confirmed != 1 else ''}"
    spoilt = [f"page {s.number}: {_damage(s)}" for s in call.sheets if s.verdict in GOOD and not s.good]
    if spoilt:
        return _yes(f"The call succeeded and {pages} confirmed, but as heard here {'; '.join(spoilt)}.")
    return _yes(f"The call succeeded: {pages} confirmed, every row and frame of which was read here.")


def _nobody_answered(call: Evidence) -> Verdict | None:
    if call.of(Side.CALLED):
        return None
    if any(s.sort is not Sort.CNG for s in call.signals):
        return _no(
            "one_sided", "Only the caller can be heard: the called side is silent or was not recorded.", sure=False
        )
    heard = sum(s.sort is Sort.CNG for s in call.signals)
    return Verdict(
        False, "no_answer", f"No fax answered: the caller sent CNG {heard} times and heard neither CED nor DIS."
    )


def _no_identification(call: Evidence) -> Verdict | None:
    if call.all(Frame.DIS, Frame.DTC, Frame.DCS):
        return None
    spoilt = [s for s in call.bursts if s.side is Side.CALLED]
    if spoilt:
        return _no(
            "dis_unreadable",
            f"The called station spoke {_count(spoilt)} in V.21, but no DIS could be "
            f"read: its frames arrive damaged{_packets(call, spoilt[0], spoilt[-1])}.",
        )
    return _no(
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
        return _no(
            "incompatible",
            "The caller ended the call (DCN) right after the DIS: it found nothing in it that it could use.",
            sure=False,
        )
    if later:
        return _no(
            "dcs_unreadable",
            f"The caller answered the DIS, but its command could not be read: its "
            f"frames arrive damaged{_packets(call, later[0], later[-1])}.",
        )
    cng = ", although its CNG was heard" if _calls(call) else ""
    return _no(
        "no_answer_to_dis",
        f"The called station said DIS {_count(offers)} and the caller never answered"
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
            False, "cannot_train", f"The training check failed {_count(refused)} (FTT) and no rate was found: {why}."
        )
    if call.all(Frame.DCN) and call.all(Frame.DCN)[0].side is not call.sender:
        return _no(
            "refused",
            "The receiver ended the call (DCN) after the DCS: it does not take what was commanded.",
            sure=False,
        )
    if not checks:
        return Verdict(
            False, "no_tcf", f"{call.who.capitalize()} said DCS {_count(commands)}, but no training check followed."
        )
    answers = [s for s in call.bursts if s.side is not call.sender and s.start > commands[0].start and s.spoilt]
    if answers:
        return _no("answer_unreadable", "The training check was answered, but the answer could not be read.")
    return _no(
        "no_response_to_training",
        f"DCS and training check were sent {_count(commands)} and never "
        f"answered: the receiver does not hear them, or not well enough ({why}).",
    )


def _training(call: Evidence, checks: list[Signal]) -> str:
    """What can be said of the training checks at this point of the line."""
    if not checks:
        return "no training check was heard"
    for check in checks:
        if check.take is None:
            return f"the training signal at {_at(check.start)} cannot be read here by any modem of a fax"
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
    here = _damage(sheet) if sheet is not None and not sheet.good else "as heard here it is whole"
    return Verdict(
        False, "copy_rejected", f"The receiver rejected {number} ({posts[-1][1]}): {here}{_page_packets(call)}."
    )


def _not_corrected(call: Evidence) -> Verdict | None:
    posts = call.posts
    if not posts or posts[-1][1] not in (Frame.PPR, Frame.RNR):
        return None
    if posts[-1][1] is Frame.RNR:
        return _no("not_ready", "The receiver said that it was not ready (RNR) until the call ended.")
    requests = call.all(Frame.PPR)
    return _no(
        "not_corrected",
        f"The receiver asked for frames again {_count(requests)} (PPR) and the call ended "
        f"before the block was whole{_page_packets(call)}.",
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
        return _no(
            "peer_disconnected",
            f"The receiver answered {last.message} with DCN: it ended the call instead of confirming the page.",
        )
    answers = [s for s in call.after(last) if s.side is not call.sender and s.spoilt]
    if answers:
        return _no("answer_unreadable", f"{last.message} was answered, but the answer could not be read.")
    return _no(
        "no_response",
        f"{call.who.capitalize()} said {last.message} {_count(same)} and got no answer: "
        f"the receiver did not hear it, or had gone{_page_packets(call)}.",
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
    packets = f" {lost} ms of its audio were lost in packets." if lost else ""
    if image.take is None:
        return _no(
            "page_unreadable",
            f"The image signal at {_at(image.start)} cannot be read by any modem of a "
            f"fax: the sender trains otherwise than commanded, or the line is too bad.{packets}",
            sure=False,
        )
    if (call.recording.samples - image.end) / MS < CUT_MS:
        return _no("recording_ends", f"The recording ends in the middle of {name}.")
    said = next((s for s in call.after(image) if s.code is Frame.DCN), None)
    more = f"; then {'it' if said.side is image.side else 'the receiver'} says DCN" if said else " and nothing follows"
    return _no(
        "carrier_lost",
        f"The carrier is lost in the middle of {name} at {_at(image.end)}{more}: the line "
        f"was cut or the sender stopped.{packets}",
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
        return _no(
            "early_dcn",
            f"The {side} ended the call (DCN) after {went.message}, before the last page was sent and confirmed.",
        )
    return _no(
        "no_page",
        f"After {went.message} at {_at(went.end)} the sender says nothing more: it did not hear "
        "it, or the line was cut.",
    )


def _early_dcn(call: Evidence) -> Verdict | None:
    dcn = call.last(Frame.DCN)
    if dcn is None:
        return None
    before = [s for s in call.signals if s.end <= dcn.start]
    where = f"after {_said(before[-1])}" if before else "at once"
    return _no(
        "early_dcn", f"The {dcn.side} ended the call (DCN) {where}, before the last page was confirmed.", sure=False
    )


def _no(code: str, sentence: str, sure: bool = True) -> Verdict:
    return Verdict(False, code, sentence, sure)


def _yes(sentence: str) -> Verdict:
    return Verdict(True, "ok", sentence)


RULES: tuple[Callable[[Evidence], Verdict | None], ...] = (
    _succeeded,
    _nobody_answered,
    _no_identification,
    _no_answer_to_dis,
    _cannot_train,
    _lost_in_page,
    _rejected,
    _not_corrected,
    _no_response,
    _no_page,
    _early_dcn,
)


# -- words -------------------------------------------------------------------------------------------------------------


def _damage(sheet: Sheet) -> str:
    if sheet.page is None:
        return "no row of it could be read"
    if sheet.missing_frames:
        return f"{sheet.missing_frames} frames are missing"
    return f"{sheet.bad_rows} of {sheet.page.height_px} rows are damaged"


def _packets(call: Evidence, first: Signal, last: Signal) -> str:
    lost = call.lost(first.start, last.end)
    return f" ({lost} ms of audio were lost in packets meanwhile)" if lost else ""


def _page_packets(call: Evidence) -> str:
    pages = [s for s in call.images if s.sort is not Sort.TCF]
    return _packets(call, pages[-1], pages[-1]) if pages else ""


def _said(signal: Signal) -> str:
    return str(signal.message or signal.sort)


def _at(sample: int) -> str:
    return f"{sample / 8000:.1f} s"


def _count(signals: Sequence[Signal]) -> str:
    return {1: "once", 2: "twice"}.get(len(signals), f"{len(signals)} times")
