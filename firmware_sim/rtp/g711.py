"""G.711 companding by table. One octet a sample; linear samples are int16 at full scale (G.711 tables 1 and 2).

The tables are computed from the definition of the segments, once, at import: a look-up of a 20 ms block takes
about a microsecond.
"""

from enum import Enum

import numpy as np
from numpy.typing import NDArray

Samples = NDArray[np.int16]
Octets = NDArray[np.uint8]


def _a_law_decoder() -> NDArray[np.int16]:
    octets = np.arange(256) ^ 0x55  # every second bit is inverted on the line
    segment, step = (octets >> 4) & 7, octets & 15
    magnitude = np.where(segment == 0, (step << 1) + 1, ((step << 1) + 33) << np.maximum(segment - 1, 0))
    return np.where(octets & 0x80, magnitude, -magnitude).astype(np.int16) << 3  # 13 bits to 16


def _mu_law_decoder() -> NDArray[np.int16]:
    octets = ~np.arange(256) & 0xFF
    segment, step = (octets >> 4) & 7, octets & 15
    magnitude = (((step << 1) + 33) << segment) - 33
    return np.where(octets & 0x80, -magnitude, magnitude).astype(np.int16) << 2  # 14 bits to 16


def _encoder(decoder: NDArray[np.int16]) -> NDArray[np.uint8]:
    """For each int16 (as uint16) the octet whose value is nearest to it. Ties go to the smaller magnitude."""
    order = np.argsort(decoder, kind="stable")
    levels = decoder[order].astype(np.int32)
    wanted = np.arange(-32768, 32768)
    above = np.searchsorted(levels, wanted).clip(1, 255)
    low, high = levels[above - 1], levels[above]
    nearer_high = (high - wanted < wanted - low) | ((high - wanted == wanted - low) & (wanted <= 0))
    table = order[np.where(nearer_high, above, above - 1)].astype(np.uint8)
    return np.roll(table, -32768)  # indexed by the sample's two's complement


class Codec(Enum):
    """A companding law, its SDP name and its static RTP payload type (RFC 3551)."""

    PCMA = 8
    PCMU = 0

    @property
    def payload_type(self) -> int:
        return self.value

    def encode(self, samples: Samples) -> bytes:
        octets: Octets = _ENCODERS[self][samples.view(np.uint16)]
        return octets.tobytes()

    def decode(self, octets: bytes) -> Samples:
        decoded: Samples = _DECODERS[self][np.frombuffer(octets, np.uint8)]
        return decoded

    @property
    def silence(self) -> int:
        """The octet of a zero sample."""
        return int(_ENCODERS[self][0])


_DECODERS = {Codec.PCMA: _a_law_decoder(), Codec.PCMU: _mu_law_decoder()}
_ENCODERS = {codec: _encoder(decoder) for codec, decoder in _DECODERS.items()}
