"""What passes between a terminal and whatever carries its signals: audio modems, T.38, or a test line.

The driver owes a terminal these promises. Every Transmit is answered by one Sent, or by LineLost. A CarrierUp is
followed by a CarrierDown. Energy that cannot be read is still a carrier. Image data is told before its CarrierDown.
"""

from dataclasses import dataclass
from enum import Enum

from firmware_sim.clock import Duration, ms
from firmware_sim.t30.requests import Image
from firmware_sim.t30.tables import Rate

TURNAROUND = ms(75)
"""Silence before each signal of ours: between two modulations, and after the peer's last (T.30 5.3)."""


class Carrier(Enum):
    V21 = "V.21"
    IMAGE = "image"


# -- from the line -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class CarrierUp:
    """V.21: flags are there. Image: there is energy that may be an image modem's."""

    carrier: Carrier


@dataclass(frozen=True, slots=True)
class CarrierDown:
    carrier: Carrier


@dataclass(frozen=True, slots=True)
class FrameHeard:
    """An HDLC frame without its FCS, on whichever carrier is up; None where the FCS was wrong."""

    octets: bytes | None


@dataclass(frozen=True, slots=True)
class TrainingHeard:
    """A TCF was read to its end; *wrong* is the share of its bits that were not zero."""

    wrong: float


@dataclass(frozen=True, slots=True)
class DataHeard:
    """Octets of a page without error correction, the bit heard first the most significant of the first octet."""

    octets: bytes


@dataclass(frozen=True, slots=True)
class Sent:
    """The last bit of our signal has left."""


@dataclass(frozen=True, slots=True)
class LineLost:
    pass


@dataclass(frozen=True, slots=True)
class Abort:
    """The user stops the call."""


@dataclass(frozen=True, slots=True)
class OperatorAnswers:
    pass


Event = CarrierUp | CarrierDown | FrameHeard | TrainingHeard | DataHeard | Sent | LineLost | Abort | OperatorAnswers

# -- to the line -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Transmit:
    """Send after a silence, cutting short whatever is being sent. No *image*: frames on V.21.

    Octets of *frames* go out least significant bit first, as HDLC has it; *octets* of a page most significant bit
    first. A TCF has neither.
    """

    image: Image | None = None
    rate: Rate | None = None
    frames: tuple[bytes, ...] = ()
    octets: bytes = b""
    after: Duration = TURNAROUND
    long_training: bool = False
    """V.17 trains at length with a TCF and after a CTC, and briefly otherwise; the other modems have one training."""


@dataclass(frozen=True, slots=True)
class Tune:
    """Listen on V.21, and with the image modem where one is named."""

    image: Image | None = None
    rate: Rate | None = None
    long_training: bool = False


@dataclass(frozen=True, slots=True)
class RingOperator:
    pass


@dataclass(frozen=True, slots=True)
class Release:
    """Hang up, or hand the line to the operator."""


Output = Transmit | Tune | RingOperator | Release
