"""What digital equipment on the way does: companding, ADPCM, robbed bits, silence suppression."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from firmware_sim.clock import SAMPLE_RATE_HZ
from firmware_sim.dsp import line
from firmware_sim.dsp.levels import mean_square
from firmware_sim.dsp.line_g726 import G726, RATES
from firmware_sim.rtp.g711 import Codec
from rig.impairments.base import Impairment, Signal, parameter, samples_of

LAWS = {"a": Codec.PCMA, "mu": Codec.PCMU}


def to_pcm(block: Signal) -> NDArray[np.int16]:
    """Rounded to 16 bits, at full scale where there is more."""
    return np.rint(block).clip(-32768.0, 32767.0).astype(np.int16)


@dataclass
class ALaw(Impairment):
    """Coded in G.711 A-law and decoded again."""

    name: ClassVar[str] = "a-law"

    def execute(self, block: Signal) -> Signal:
        return Codec.PCMA.decode(Codec.PCMA.encode(to_pcm(block))).astype(np.float32)


@dataclass
class MuLaw(Impairment):
    """Coded in G.711 mu-law and decoded again."""

    name: ClassVar[str] = "mu-law"

    def execute(self, block: Signal) -> Signal:
        return Codec.PCMU.decode(Codec.PCMU.encode(to_pcm(block))).astype(np.float32)


@dataclass
class Adpcm(Impairment):
    """Coded in G.726 and decoded again, from 14 bits uniform."""

    name: ClassVar[str] = "g726"
    rate_kbps: int = parameter(32, choices=tuple(RATES))

    def _begin(self) -> None:
        self._coder = G726(self.rate_kbps)

    def execute(self, block: Signal) -> Signal:
        return self._coder.encode(to_pcm(block))[1].astype(np.float32)


@dataclass
class RobbedBits(Impairment):
    """Signalling on a T1 carrier takes the last bit of the octet in each 6th frame, and leaves it at *bit*."""

    name: ClassVar[str] = "robbed-bits"
    law: str = parameter("mu", choices=tuple(LAWS))
    bit: int = parameter(1, choices=(0, 1))

    def _begin(self) -> None:
        self._count = 0

    def execute(self, block: Signal) -> Signal:
        codec = LAWS[self.law]
        octets = np.frombuffer(codec.encode(to_pcm(block)), np.uint8).copy()
        robbed = slice(-self._count % 6, None, 6)
        octets[robbed] = (octets[robbed] & 0xFE) | self.bit
        self._count += len(block)
        return codec.decode(octets.tobytes()).astype(np.float32)


@dataclass
class VoiceActivity(Impairment):
    """A voice activity detector clips: silence until the level has been over *threshold_dbm0* for *attack_ms*.

    It goes on for *hangover_ms* after the level has fallen.
    """

    name: ClassVar[str] = "vad"
    threshold_dbm0: float = parameter(-40.0, -70.0, 0.0)
    attack_ms: float = parameter(10.0, 0.125, 200.0)
    hangover_ms: float = parameter(200.0, 0.0, 5000.0)

    def _begin(self) -> None:
        self._state = np.zeros(3)

    def execute(self, block: Signal) -> Signal:
        out = np.empty(len(block), np.float32)
        block = np.ascontiguousarray(block, np.float32)
        smoothing, threshold = 1.0 / (0.004 * SAMPLE_RATE_HZ), mean_square(self.threshold_dbm0)
        attack, hangover = max(samples_of(self.attack_ms), 1), samples_of(self.hangover_ms)
        line.gate(block, self._state, threshold, smoothing, attack, hangover, out)
        return out
