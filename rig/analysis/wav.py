"""WAV files, read by ourselves: PCM of 8 to 32 bits, float, A-law and mu-law; files cut short are read to their end."""

import struct
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from firmware_sim.rtp.g711 import Codec
from rig.analysis.recording import Channel, Recording, UnreadableError, of_channels
from rig.analysis.resample import to_8k

PCM, FLOAT, A_LAW, MU_LAW, EXTENSIBLE = 1, 3, 6, 7, 0xFFFE
NAMES = ("left", "right")
RATES_HZ = range(4000, 400_001)
MOST_CHANNELS = 64
UNKNOWN_SIZES = (0, 0xFFFFFFFF, 0x7FFFFFFF)
"""What writers put who could not go back to say the size."""


@dataclass(frozen=True, slots=True)
class Format:
    tag: int
    channels: int
    rate_hz: int
    octets: int
    """Of one sample."""


def is_wav(octets: bytes) -> bool:
    return octets[:4] == b"RIFF" and octets[8:12] == b"WAVE"


def read(octets: bytes, title: str) -> Recording:
    """Raises UnreadableError."""
    kind, data, notes = _chunks(octets)
    step = kind.octets * kind.channels
    if len(data) % step:
        notes.append("the last sample is cut off")
    data = data[: len(data) // step * step]
    if not data:
        raise UnreadableError("the WAV file holds no samples")
    rows = _linear(kind, data).reshape(-1, kind.channels)
    names = NAMES if kind.channels > 1 else ("mixed",)
    channels = [
        Channel(name, to_8k(np.ascontiguousarray(rows[:, n]), kind.rate_hz))
        for n, name in enumerate(names[: kind.channels])
    ]
    if kind.channels > 2:
        notes.append(f"of {kind.channels} channels only the first two are decoded")
    recording = of_channels(title, channels, notes)
    recording.facts["Audio"] = _described(kind, len(rows))
    return recording


def write(channels: list[NDArray[np.int16]], rate_hz: int = 8000) -> bytes:
    """16-bit PCM, a channel each; shorter ones end in silence."""
    count = max((len(samples) for samples in channels), default=0)
    rows = np.zeros((count, len(channels)), "<i2")
    for n, samples in enumerate(channels):
        rows[: len(samples), n] = samples
    step = 2 * len(channels)
    head = struct.pack("<4sIHHIIHH", b"fmt ", 16, PCM, len(channels), rate_hz, rate_hz * step, step, 16)
    body = head + struct.pack("<4sI", b"data", rows.nbytes) + rows.tobytes()
    return struct.pack("<4sI4s", b"RIFF", 4 + len(body), b"WAVE") + body


def _described(kind: Format, count: int) -> str:
    names = {PCM: f"{8 * kind.octets} bit", FLOAT: f"{8 * kind.octets} bit float", A_LAW: "A-law", MU_LAW: "mu-law"}
    channels = {1: "mono", 2: "stereo"}.get(kind.channels, f"{kind.channels} channels")
    return f"WAV, {names[kind.tag]}, {kind.rate_hz} Hz, {channels}, {count / kind.rate_hz:.1f} s"


def _chunks(octets: bytes) -> tuple[Format, bytes, list[str]]:
    kind, at, notes = None, 12, list[str]()
    while at + 8 <= len(octets):
        name, size = struct.unpack_from("<4sI", octets, at)
        body = octets[at + 8 : at + 8 + size]
        if name == b"fmt ":
            kind = _format(body, at + 8)
        elif name == b"data":
            if kind is None:
                raise UnreadableError(f"the WAV file has its samples before their format (at octet {at})")
            if size in UNKNOWN_SIZES:
                return kind, octets[at + 8 :], notes
            if len(body) < size:
                notes.append(f"the file is cut off: {len(body)} of {size} octets of audio are there")
            return kind, body, notes
        at += 8 + size + (size & 1)
    raise UnreadableError(f"the WAV file ends at octet {len(octets)} without samples")


def _format(body: bytes, at: int) -> Format:
    if len(body) < 16:
        raise UnreadableError(f"the WAV file's format is cut short (at octet {at})")
    tag, channels, rate_hz, _, align, bits = struct.unpack_from("<HHIIHH", body)
    if tag == EXTENSIBLE and len(body) >= 26:
        tag = struct.unpack_from("<H", body, 24)[0]
    if not 1 <= channels <= MOST_CHANNELS or rate_hz not in RATES_HZ:
        raise UnreadableError(f"a WAV file of {channels} channels at {rate_hz} Hz cannot be decoded (at octet {at})")
    sizes = {PCM: (1, 2, 3, 4), FLOAT: (4, 8), A_LAW: (1,), MU_LAW: (1,)}
    octets = align // channels if align and align % channels == 0 else (bits + 7) // 8
    if octets not in sizes.get(tag, ()):
        raise UnreadableError(
            f"the WAV file's samples have format {tag} with {bits} bits; PCM, float, A-law and mu-law can be read "
            f"(at octet {at})"
        )
    return Format(tag, channels, rate_hz, octets)


def _linear(kind: Format, data: bytes) -> NDArray[np.float32]:
    """Samples at 16-bit scale."""
    wide: NDArray[Any]
    if kind.tag in (A_LAW, MU_LAW):
        wide = (Codec.PCMA if kind.tag == A_LAW else Codec.PCMU).decode(data).astype(np.float32)
    elif kind.tag == FLOAT:
        with np.errstate(all="ignore"):
            real = np.nan_to_num(np.frombuffer(data, f"<f{kind.octets}"), nan=0.0).clip(-2, 2)
        wide = (real * 32767).astype(np.float32)
    elif kind.octets == 1:
        wide = (np.frombuffer(data, np.uint8).astype(np.float32) - 128) * 256
    elif kind.octets == 3:
        parts = np.frombuffer(data, np.uint8).reshape(-1, 3).astype(np.int32)
        wide = (((parts[:, 0] | parts[:, 1] << 8 | parts[:, 2] << 16) << 8 >> 8) / 256).astype(np.float32)
    else:
        wide = np.frombuffer(data, f"<i{kind.octets}").astype(np.float32) / np.float32(1 << 8 * (kind.octets - 2))
    return wide.astype(np.float32, copy=False)
