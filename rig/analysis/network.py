"""A packet capture to recordings: one for each call whose audio is in it, the longest first."""

import numpy as np

from firmware_sim.clock import SAMPLE_US, Instant
from rig.analysis import capture
from rig.analysis.recording import Channel, Line, Recording, Stream, UnreadableError
from rig.analysis.signalling import OF_CALLS, Said, Signalling, is_sip, listen
from rig.analysis.streams import Flow, flows, render

UNCERTAINTY_MS = 20.0
OUTLYING_US = 30_000_000
"""Signalling so long before and after the audio still belongs to the call."""


def read(octets: bytes, title: str) -> list[Recording]:
    """Raises UnreadableError where the file is none, or holds no audio."""
    found = capture.read(octets)
    spoken = [packet for packet in found.packets if is_sip(packet.data)]
    signalling = listen(spoken)
    streams = flows([packet for packet in found.packets if not is_sip(packet.data)])
    if not streams:
        return [_silent(title, found, signalling)]
    pairs = _pairs(streams, signalling)
    return [_recording(title, pair, found, signalling, len(pairs)) for pair in pairs]


Pair = tuple[list[Flow], list[Flow]]
"""The flows of each direction."""


def _pairs(streams: list[Flow], signalling: Signalling) -> list[Pair]:
    """Two directions between the same two addresses are a call; what has no other direction is one alone."""
    found: dict[frozenset[object], Pair] = {}
    for flow in streams:
        one, other = found.setdefault(frozenset((flow.source, flow.target)), ([], []))
        side = one if not one or one[0].source == flow.source else other
        side.append(flow)
    whole = [pair for pair in found.values() if pair[1]]
    alone = [pair for pair in found.values() if not pair[1]]
    whole += _matched(alone, signalling)
    return sorted(whole, key=lambda pair: -sum(len(flow.packets) for side in pair for flow in side))


def _matched(alone: list[Pair], signalling: Signalling) -> list[Pair]:
    """Directions that do not mirror each other (ports differ by direction) belong together by their descriptions."""
    found: list[Pair] = []
    for one, _ in alone:
        mine = _call_of(one[0], signalling)
        for place, (kept, other) in enumerate(found):
            if mine and not other and _call_of(kept[0], signalling) == mine and kept[0].source != one[0].source:
                found[place] = (kept, one)
                break
        else:
            found.append((one, []))
    return found


def _call_of(flow: Flow, signalling: Signalling) -> str:
    party = signalling.parties.get(flow.target) or signalling.parties.get(flow.source)
    return party.call if party else ""


def _recording(title: str, pair: Pair, found: capture.Capture, signalling: Signalling, calls: int) -> Recording:
    everything = [flow for side in pair for flow in side]
    origin, end = min(flow.start for flow in everything), max(flow.end for flow in everything)
    channels: list[Channel] = []
    streams: list[Stream] = []
    notes = [*found.notes, *signalling.notes]
    for side in pair:
        if side:
            channel, told = _channel(side, origin, signalling)
            channels.append(channel)
            streams += told
    if signalling.image_at is not None:
        notes.append(f"the call speaks of T.38 at {(signalling.image_at - origin) / 1e6:.3f} s: T.38 is not decoded")
    if calls > 1:
        notes.append(f"{calls} calls with audio are in the file, the longest first")
    if len(channels) == 1:
        notes.append("only one direction is there")
    said = [one for one in signalling.said if origin - OUTLYING_US <= one.at <= end + OUTLYING_US]
    jitter = max((stream.jitter_ms for stream in streams), default=0.0)
    recording = Recording(
        title, channels, notes, streams, [_line(one, origin) for one in said if one.method in OF_CALLS],
        UNCERTAINTY_MS + round(jitter),
    )  # fmt: skip
    recording.facts.update(_facts(found, signalling, everything))
    return recording


def _channel(side: list[Flow], origin: Instant, signalling: Signalling) -> tuple[Channel, list[Stream]]:
    parts, told = [], []
    party = signalling.parties.get(side[0].source)
    asked = signalling.parties.get(side[0].target)
    codecs = asked.codecs if asked else party.codecs if party else {}
    for flow in side:
        samples, stream = render(flow, origin, codecs)
        parts.append(samples)
        told.append(stream)
    whole = np.zeros(max(len(part) for part in parts), np.int16)
    for part in parts:
        whole[: len(part)] = np.where(part != 0, part, whole[: len(part)])
    caller = party.caller if party else not asked.caller if asked else None
    return Channel(f"{side[0].source} -> {side[0].target}", whole, caller), told


def _line(one: Said, origin: Instant) -> Line:
    return Line((one.at - origin) // SAMPLE_US, str(one.source), str(one.target), one.text)


def _facts(found: capture.Capture, signalling: Signalling, streams: list[Flow]) -> dict[str, str]:
    length = (max(flow.end for flow in streams) - min(flow.start for flow in streams)) / 1e6
    counts = f"{found.frames} packets, {len(signalling.said)} of SIP, {len(streams)} streams of RTP"
    facts = {"Capture": f"{counts}, {length:.1f} s"}
    call = next((call for flow in streams if (call := _call_of(flow, signalling))), "")
    names = signalling.names.get(call)
    return facts | ({"Call": f"{names[0]} calls {names[1]}"} if names else {})


def _silent(title: str, found: capture.Capture, signalling: Signalling) -> Recording:
    """No audio: what SIP says may still be of use."""
    if not found.packets:
        raise UnreadableError(f"there is no UDP datagram among its {found.frames} packets"
                              + (f" ({'; '.join(found.notes)})" if found.notes else ""))  # fmt: skip
    origin = found.packets[0].at
    notes = [*found.notes, *signalling.notes, "there is no RTP in it"]
    if signalling.image_at is not None:
        notes.append("the call speaks of T.38, which is not decoded")
    said = [_line(one, origin) for one in signalling.said if one.method in OF_CALLS]
    recording = Recording(title, [], notes, (), said)
    recording.facts["Capture"] = f"{found.frames} packets, {len(signalling.said)} of SIP, no RTP"
    return recording
