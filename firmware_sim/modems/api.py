"""What a modem looks like from outside: two small protocols and the events that a receiver tells."""

import math
from dataclasses import dataclass
from enum import Enum
from typing import Protocol

import numpy as np
from numpy.typing import NDArray


class Kind(Enum):
    """What happened on the line."""

    CARRIER_UP = "carrier up"
    TRAINED = "trained"
    BITS = "bits"
    FRAME = "frame"
    CARRIER_DOWN = "carrier down"


@dataclass(frozen=True, slots=True)
class ModemEvent:
    """One event. *sample* is when it happened on the line, in the receiver's own count since it was made.

    CARRIER_UP    the first sample with energy
    TRAINED       the instant of the first data symbol
    BITS          the instant of the first symbol of *bits*: uint8 of 0 and 1, descrambled, in line order
    FRAME         the end of the closing flag; *octets* without FCS, None for a damaged frame
    CARRIER_DOWN  the last sample with energy

    A trained signal that stays away for less than 24 ms is told without a break; zeros stand for the bits of the
    silence. One that stays away longer is told as CARRIER_DOWN. If it goes on within 100 ms where it was, without a
    new training, CARRIER_UP and TRAINED come once more, both *resumed* and at the sample at which it came back, and the
    next BITS begin with zeros for all that was missed, so that every later bit has its place.
    """

    kind: Kind
    sample: int
    bits: NDArray[np.uint8] | None = None
    octets: bytes | None = None
    resumed: bool = False


@dataclass(frozen=True, slots=True)
class Quality:
    """What the receiver thinks of the line; NaN where a modem does not measure it."""

    level_dbm0: float
    snr_db: float
    carrier_offset_hz: float
    clock_offset_ppm: float
    """Positive when the sender's clock is fast."""
    eqm: float = math.nan
    """Eye quality: rms distance of the symbols from their points against the rms point; 0 is a perfect eye."""


class Modulator(Protocol):
    """Bits to samples, a burst at a time."""

    def start(self, bits: NDArray[np.uint8]) -> None:
        """Begin one burst, training first where the modem trains. *bits* are 0 and 1 in line order."""
        ...

    def execute(self, count: int) -> NDArray[np.int16]:
        """The next *count* samples; zeros after the burst."""
        ...

    @property
    def remaining(self) -> int:
        """Samples until the last one of the burst has been given out; 0 when it is over."""
        ...


class Demodulator(Protocol):
    """Samples to events. No event depends on how the samples are cut into blocks, but for how BITS are parcelled."""

    def restart(self, *, short: bool = False) -> None:
        """Forget everything but the sample count and what a long training taught; *short*: wait for a short one."""
        ...

    def skip(self, count: int) -> None:
        """*count* samples passed unheard: they count, and the state is as after restart."""
        ...

    def execute(self, samples: NDArray[np.int16]) -> list[ModemEvent]:
        """Hear *samples*; the events noticed, sorted by sample."""
        ...

    def quality(self) -> Quality:
        """Measured on the present or the last burst."""
        ...

    def constellation(self) -> NDArray[np.complex64]:
        """The last symbols, at most 64, oldest first, as the decision sees them; the rms point has magnitude 1."""
        ...
