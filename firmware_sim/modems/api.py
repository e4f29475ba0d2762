"""What a modem looks like from outside: two small protocols and the events that a receiver tells."""

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
    """

    kind: Kind
    sample: int
    bits: NDArray[np.uint8] | None = None
    octets: bytes | None = None


@dataclass(frozen=True, slots=True)
class Quality:
    """What the receiver thinks of the line; NaN where a modem does not measure it."""

    level_dbm0: float
    snr_db: float
    carrier_offset_hz: float
    clock_offset_ppm: float
    """Positive when the sender's clock is fast."""


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

    def restart(self) -> None:
        """Forget everything but the sample count."""
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
