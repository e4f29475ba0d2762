"""A capture's octets to all that can be said of the fax call in it."""

from dataclasses import dataclass, field

from rig.analysis import wav
from rig.analysis.cause import Verdict, verdict
from rig.analysis.heard import Signal
from rig.analysis.judge import Measure, judge
from rig.analysis.paper import Sheet
from rig.analysis.recording import Recording, UnreadableError
from rig.analysis.tell import describe
from rig.analysis.walk import walk

SUCCEEDED, FAILED, UNREADABLE, NO_FAX = range(4)
"""Exit codes."""


@dataclass(frozen=True, slots=True)
class Decoding:
    """One call. *verdict* is None where there is no fax in the recording."""

    recording: Recording
    signals: list[Signal]
    sheets: list[Sheet]
    measures: list[Measure] = field(default_factory=list)
    verdict: Verdict | None = None

    @property
    def exit_code(self) -> int:
        if self.verdict is None:
            return NO_FAX
        return SUCCEEDED if self.verdict.ok else FAILED

    @property
    def violations(self) -> int:
        return sum(len(signal.violations) for signal in self.signals)


def decode(octets: bytes, title: str) -> Decoding:
    """Raises UnreadableError for what is no capture, and for nothing else."""
    return decode_recording(read(octets, title))


def read(octets: bytes, title: str) -> Recording:
    if wav.is_wav(octets):
        return wav.read(octets, title)
    raise UnreadableError("neither a WAV nor a pcap file (its first octets are none of theirs)")


def decode_recording(recording: Recording) -> Decoding:
    found = walk(recording)
    measures = judge(found.signals, recording.uncertainty_ms)
    describe(found.signals, found.paper.sheets)
    return Decoding(recording, found.signals, found.paper.sheets, measures, verdict(found, recording))
