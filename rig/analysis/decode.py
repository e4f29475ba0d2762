"""A capture's octets to all that can be said of the fax call in it."""

from dataclasses import dataclass, field

from rig.analysis import capture, network, wav
from rig.analysis.cause import verdict
from rig.analysis.evidence import Verdict
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


def decode(octets: bytes, title: str, call: int | None = None) -> Decoding:
    """*call* counts from 1; without it the first call with a fax in it.

    Raises UnreadableError for what is no capture, and for a call that is not there; nothing else.
    """
    recordings = read(octets, title)
    if call is not None:
        if not 1 <= call <= len(recordings):
            calls = "is 1 call" if len(recordings) == 1 else f"are {len(recordings)} calls"
            raise UnreadableError(f"there {calls} in it, and no call {call}")
        return decode_recording(recordings[call - 1])
    first = None
    for recording in recordings:
        found = decode_recording(recording)
        if found.verdict is not None:
            return found
        first = first or found
    assert first is not None
    return first


def read(octets: bytes, title: str) -> list[Recording]:
    """The calls in it, one at least. Raises UnreadableError."""
    if wav.is_wav(octets):
        return [wav.read(octets, title)]
    if capture.is_capture(octets):
        return network.read(octets, title)
    raise UnreadableError("neither a WAV nor a pcap file (its first octets are none of theirs)")


def decode_recording(recording: Recording) -> Decoding:
    found = walk(recording)
    measures = judge(found.signals, recording.uncertainty_ms)
    describe(found.signals, found.paper.sheets)
    return Decoding(recording, found.signals, found.paper.sheets, measures, verdict(found, recording))
