"""What is decoded: audio at 8 kHz, a channel for each direction or one for both."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from rig.errors import RigError

Samples = NDArray[np.int16]

ALIKE = 1e-3
"""Two channels whose difference has less than this share of their power are one."""


class UnreadableError(RigError):
    """A file that is none of those that can be read, or is damaged where it must not be. Its text names the place."""


@dataclass(frozen=True, slots=True)
class Channel:
    """One direction of a call, or both mixed. *caller* is known where signalling says whose audio it is."""

    name: str
    samples: Samples
    caller: bool | None = None


@dataclass(frozen=True, slots=True)
class Stream:
    """A stream of packets that a channel was made of."""

    name: str
    codec: str
    packets: int
    lost: int
    reordered: int
    duplicates: int
    jitter_ms: float
    gaps: tuple[tuple[int, int], ...] = ()
    """Stretches of the channel, [first sample, sample after the last), where silence stands for what was lost."""


@dataclass(frozen=True, slots=True)
class Line:
    """A line of signalling beside the audio: when (samples), which way (from, to), what."""

    at: int
    source: str
    target: str
    text: str


@dataclass(frozen=True, slots=True)
class Recording:
    """*channels* are one (both directions mixed) or two, equally long in time from a common start."""

    title: str
    channels: Sequence[Channel]
    notes: Sequence[str] = ()
    streams: Sequence[Stream] = ()
    signalling: Sequence[Line] = ()
    uncertainty_ms: float = 20.0
    """How far a measured time may be off."""
    facts: dict[str, str] = field(default_factory=dict)

    @property
    def mixed(self) -> bool:
        return len(self.channels) == 1

    @property
    def samples(self) -> int:
        return max((len(channel.samples) for channel in self.channels), default=0)


def of_channels(title: str, channels: Sequence[Channel], notes: Sequence[str] = ()) -> Recording:
    """Two channels that are the same, or of which one is silent, are one that may hold both directions."""
    said = list(notes)
    kept = list(channels)
    if len(kept) > 2:
        said.append(f"of {len(kept)} channels only the first two are decoded")
        kept = kept[:2]
    if len(kept) == 2:
        one, other = kept
        if _alike(one.samples, other.samples):
            said.append("both channels hold the same: both directions are taken from one")
            kept = [one]
        elif not one.samples.any() or not other.samples.any():
            quiet, loud = (one, other) if not one.samples.any() else (other, one)
            said.append(f"the {quiet.name} channel is silent")
            kept = [loud]
    return Recording(title, kept, said)


def _alike(one: Samples, other: Samples) -> bool:
    if len(one) != len(other):
        return False
    power = float(np.mean(one.astype(np.float32) ** 2)) if len(one) else 0.0
    apart = float(np.mean((one.astype(np.float32) - other.astype(np.float32)) ** 2)) if len(one) else 0.0
    return apart <= ALIKE * power
