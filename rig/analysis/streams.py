"""RTP streams to audio: packets placed by their timestamps from when the first one came, silence for what was lost."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from firmware_sim.clock import SAMPLE_US, Instant
from firmware_sim.errors import DecodeError
from firmware_sim.events import Address
from firmware_sim.rtp.g711 import Codec
from firmware_sim.rtp.packet import Packet as Rtp
from rig.analysis.capture import Packet
from rig.analysis.recording import Stream

LEAST_PACKETS = 10
"""Fewer that look like RTP are chance."""
RTCP = range(72, 77)
ASTRAY_US = 500_000
"""A packet whose timestamp puts it so far from where it came is placed by its time: the sender began anew."""
LONGEST_SAMPLES = 8000 * 3600 * 6


@dataclass(slots=True)
class Flow:
    """All packets of one SSRC from one address to another, in the order of the capture."""

    source: Address
    target: Address
    ssrc: int
    packets: list[tuple[Instant, Rtp]] = field(default_factory=list)

    @property
    def start(self) -> Instant:
        return self.packets[0][0]

    @property
    def end(self) -> Instant:
        return self.packets[-1][0]


def flows(packets: Sequence[Packet]) -> list[Flow]:
    """What among *packets* is RTP: the same SSRC between the same addresses, often enough, numbers that go on."""
    found: dict[tuple[Address, Address, int], Flow] = {}
    for packet in packets:
        try:
            rtp = Rtp.decode(packet.data)
        except DecodeError:
            continue
        if rtp.payload_type in RTCP or not rtp.payload:
            continue
        key = (packet.source, packet.target, rtp.ssrc)
        found.setdefault(key, Flow(*key)).packets.append((packet.at, rtp))
    return [flow for flow in found.values() if _goes_on(flow)]


def _goes_on(flow: Flow) -> bool:
    if len(flow.packets) < LEAST_PACKETS:
        return False
    steps = [(b.sequence - a.sequence) & 0xFFFF for (_, a), (_, b) in pairwise(flow.packets)]
    return sum(step < 100 or step > 0xFF00 for step in steps) > 0.8 * len(steps)


@dataclass(slots=True)
class Placed:
    """A packet's place in its channel."""

    sequence: int
    first: int
    samples: NDArray[np.int16]


def render(flow: Flow, origin: Instant, codecs: dict[int, str]) -> tuple[NDArray[np.int16], Stream]:
    """Its audio from *origin* on, and its statistics. *codecs* is what SDP says of dynamic payload types."""
    placed, duplicates, reordered = _place(flow, origin, codecs)
    length = min(max((p.first + len(p.samples) for p in placed), default=0), LONGEST_SAMPLES)
    out = np.zeros(max(length, 0), np.int16)
    for piece in placed:
        start, stop = max(piece.first, 0), min(piece.first + len(piece.samples), length)
        if start < stop:
            out[start:stop] = piece.samples[start - piece.first : stop - piece.first]
    numbers = sorted(piece.sequence for piece in placed)
    lost, gaps = 0, list[tuple[int, int]]()
    ordered = sorted(placed, key=lambda piece: piece.sequence)
    for before, piece in pairwise(ordered):
        missing = piece.sequence - before.sequence - 1
        if missing > 0 and (numbers[-1] - numbers[0]) < 1 << 24:
            lost += missing
            gaps.append((before.first + len(before.samples), piece.first))
    name = f"{flow.source} -> {flow.target}"
    used = ", ".join(sorted({codec_of(rtp, codecs) or f"payload type {rtp.payload_type}" for _, rtp in flow.packets}))
    return out, Stream(name, used, len(flow.packets), lost, reordered, duplicates, _jitter_ms(flow), tuple(gaps))


def codec_of(rtp: Rtp, codecs: dict[int, str]) -> str:
    static = next((codec.name for codec in Codec if codec.payload_type == rtp.payload_type), "")
    return codecs.get(rtp.payload_type) or static


def _place(flow: Flow, origin: Instant, codecs: dict[int, str]) -> tuple[list[Placed], int, int]:
    seen: set[int] = set()
    placed: list[Placed] = []
    duplicates = reordered = 0
    newest: int | None = None
    stamp = place = 0
    for at, rtp in flow.packets:
        came = (at - origin) // SAMPLE_US
        sequence = rtp.sequence if newest is None else _near(rtp.sequence, newest, 1 << 16)
        if sequence in seen:
            duplicates += 1
            continue
        seen.add(sequence)
        reordered += newest is not None and sequence < newest
        first = came if newest is None else place + _near(rtp.timestamp, stamp, 1 << 32) - stamp
        if abs(first - came) * SAMPLE_US > ASTRAY_US:
            first = came
        if newest is None or sequence > newest:
            newest, stamp, place = sequence, rtp.timestamp, first
            stamp = rtp.timestamp
        codec = codec_of(rtp, codecs)
        sound = Codec[codec].decode(rtp.payload) if codec in Codec.__members__ else np.zeros(0, np.int16)
        placed.append(Placed(sequence, first, sound))
    return placed, duplicates, reordered


def _near(value: int, known: int, modulus: int) -> int:
    """The unbounded count nearest to *known* that *value* may stand for."""
    ahead = (value - known) % modulus
    return known + (ahead if ahead < modulus // 2 else ahead - modulus)


def _jitter_ms(flow: Flow) -> float:
    """RFC 3550 6.4.1, its value at the end."""
    jitter = 0.0
    for (at, a), (then, b) in pairwise(flow.packets):
        apart = _near(b.timestamp, a.timestamp, 1 << 32) - a.timestamp
        if abs(apart) > 8000:
            continue
        jitter += (abs((then - at) - apart * SAMPLE_US) - jitter) / 16
    return jitter / 1000
