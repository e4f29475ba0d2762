"""What was heard on a channel: tones, V.21 bursts, image signals. Times are samples from the recording's start."""

from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from firmware_sim.modems.api import Quality
from firmware_sim.t30.frames import Control, Frame, Message
from firmware_sim.t30.tables import Rate

MS = 8
"""Samples."""


class Side(StrEnum):
    CALLER = "caller"
    CALLED = "called"

    @property
    def other(self) -> "Side":
        return Side.CALLED if self is Side.CALLER else Side.CALLER


class Sort(StrEnum):
    CNG = "CNG"
    CED = "CED"
    ANSAM = "ANSam"
    V21 = "V.21"
    TCF = "TCF"
    PAGE = "page"
    BLOCK = "block"
    IMAGE = "image"
    """An image signal of which nothing could be read, or of which it is not known what it is."""
    OTHER = "other"
    """Energy that is no signal of a fax."""


@dataclass(frozen=True, slots=True, eq=False)
class Take:
    """What a receiver made of an image signal. *bits* begin at *data_at*; *trained* with which training."""

    rate: Rate
    short: bool
    start: int
    end: int
    data_at: int
    bits: NDArray[np.uint8]
    quality: Quality
    resumed: int = 0
    """How often the carrier went away and came back."""
    commanded: bool = True
    """Whether this is the rate (and modem) that was commanded."""


@dataclass(slots=True, eq=False)
class Signal:
    """One signal. *end* is the sample after its last."""

    channel: int
    sort: Sort
    start: int
    end: int
    side: Side = Side.CALLER
    level_dbm0: float = 0.0
    hz: float = 0.0
    reversals: bool = False
    """Of an answer tone: its phase is turned over every 450 ms."""
    frames: list[tuple[int, bytes | None]] = field(default_factory=list)
    """Of V.21: (sample at which each frame ends, its octets or None where damaged)."""
    controls: list[Control] = field(default_factory=list)
    preamble_ms: float | None = None
    take: Take | None = None
    wrong_share: float | None = None
    """Of a TCF."""
    good_frames: int = 0
    bad_frames: int = 0
    """Of a block."""
    page: int | None = None
    """The page (its place among those of the call) that it carried."""
    text: str = ""
    details: list[str] = field(default_factory=list)
    violations: list[str] = field(default_factory=list)

    @property
    def ms(self) -> float:
        return (self.end - self.start) / MS

    @property
    def message(self) -> Message | None:
        return Message.gather(self.controls) if self.controls else None

    @property
    def code(self) -> Frame | None:
        """Of a V.21 burst: the frame that counts."""
        return self.controls[-1].frame if self.controls else None

    @property
    def spoilt(self) -> bool:
        """A V.21 burst of which nothing could be read."""
        return self.sort is Sort.V21 and not self.controls

    @property
    def is_image(self) -> bool:
        return self.sort in (Sort.TCF, Sort.PAGE, Sort.BLOCK, Sort.IMAGE)
