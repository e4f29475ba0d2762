"""A call as evidence: who said what, what was answered, what was lost; and the words that verdicts are made of."""

from collections.abc import Sequence
from dataclasses import dataclass

from firmware_sim.t30.frames import Frame
from rig.analysis.heard import MS, Side, Signal, Sort
from rig.analysis.paper import Sheet
from rig.analysis.recording import Recording
from rig.analysis.walk import VERDICTS, Walk

GOOD = (Frame.MCF, Frame.RTP, Frame.PIP)
ENDS = (Frame.MPS, Frame.EOM, Frame.EOP)
NEAR = 24_000
"""Samples: what SIP says within three seconds of a fax's end belongs to it."""


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
        return bool(self.bursts or self.images or long_tone or self.calls)

    @property
    def calls(self) -> bool:
        """Whether CNG was heard."""
        return any(s.sort is Sort.CNG for s in self.signals)

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

    def hung_up(self, sample: int) -> str:
        """What SIP says of the call's end, when that was near."""
        for line in self.recording.signalling:
            if line.text.startswith("BYE") and abs(line.at - sample) < NEAR:
                return f" (BYE from {line.source} at {at(line.at)})"
        return ""


def then(signal: Signal) -> Frame | None:
    """What a post-message command says comes next; None for a page that goes on."""
    code, message = signal.code, signal.message
    if code in (Frame.PPS, Frame.EOR) and message is not None:
        name = str(message).rpartition("-")[2]
        return next((frame for frame in ENDS if frame.name == name), None)
    return code.plain if code is not None and code.plain in ENDS else None


# -- words -------------------------------------------------------------------------------------------------------------


def no(code: str, sentence: str, sure: bool = True) -> Verdict:
    return Verdict(False, code, sentence, sure)


def yes(sentence: str) -> Verdict:
    return Verdict(True, "ok", sentence)


def damage(sheet: Sheet) -> str:
    if sheet.page is None:
        return "no row of it could be read"
    if sheet.missing_frames:
        return f"{sheet.missing_frames} frames are missing"
    return f"{sheet.bad_rows} of {sheet.page.height_px} rows are damaged"


def packets(call: Evidence, first: Signal, last: Signal) -> str:
    lost = call.lost(first.start, last.end)
    return f" ({lost} ms of audio were lost in packets meanwhile)" if lost else ""


def page_packets(call: Evidence) -> str:
    pages = [s for s in call.images if s.sort is not Sort.TCF]
    return packets(call, pages[-1], pages[-1]) if pages else ""


def said(signal: Signal) -> str:
    return str(signal.message or signal.sort)


def at(sample: int) -> str:
    return f"{sample / 8000:.1f} s"


def count(signals: Sequence[Signal]) -> str:
    return {1: "once", 2: "twice"}.get(len(signals), f"{len(signals)} times")
