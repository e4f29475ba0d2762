"""Lines put together from impairments: one way, and both ways with hybrids, echoes and an echo canceller."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from firmware_sim.clock import BLOCK_SAMPLES, SAMPLE_RATE_HZ
from firmware_sim.dsp import line
from rig.impairments.base import DelayLine, Impairment, Signal, amplitude, parameter, samples_of
from rig.impairments.codecs import to_pcm

Samples = NDArray[np.int16]

REST_SAMPLES = 3 * SAMPLE_RATE_HZ
"""The silence that a line is given to die away."""


class OneWayLine:
    """Impairments one after another; `execute` takes and gives 16-bit samples.

    Each has a random stream of its own that grows from *seed* and from its name; the second "awgn" of a line has
    another one than the first.
    """

    def __init__(self, impairments: Sequence[Impairment] = (), seed: int | str = 1) -> None:
        self.impairments = tuple(impairments)
        for impairment in self.impairments:
            if isinstance(impairment, TwoWayPart):
                raise ValueError(f"{impairment.name} needs a line with two directions")
        seen: Counter[str] = Counter()
        for impairment in self.impairments:
            seen[impairment.name] += 1
            impairment.sow(f"{seed}/{seen[impairment.name]}")

    @property
    def latency(self) -> int:
        """Samples by which the line comes late because of how its impairments are made."""
        return sum(impairment.latency for impairment in self.impairments)

    def reset(self) -> None:
        for impairment in self.impairments:
            impairment.reset()

    def carry(self, block: Signal) -> Signal:
        """`execute` without rounding."""
        for impairment in self.impairments:
            block = impairment.execute(block)
        return block

    def execute(self, block: Samples) -> Samples:
        return to_pcm(self.carry(block.astype(np.float32)))


@dataclass
class TwoWayPart(Impairment):
    """What only a line with two directions can have."""

    def execute(self, block: Signal) -> Signal:
        raise ValueError(f"{self.name} needs a line with two directions")


@dataclass
class Echo(TwoWayPart):
    """An echo path: *loss_db* down, *delay_ms* late."""

    loss_db: float = parameter(20.0, 4.0, 60.0)
    delay_ms: float = parameter(0.0, 0.0, 1000.0)

    def path(self, least: int = 0) -> "EchoPath":
        return EchoPath(amplitude(-self.loss_db), max(samples_of(self.delay_ms), least), least)


@dataclass
class NearEcho(Echo):
    """The hybrid of an end lets what that end says into what it hears, at both ends."""

    name: ClassVar[str] = "near-echo"


@dataclass
class FarEcho(Echo):
    """The hybrid of an end sends back what arrives there: its talker hears it after both ways, at both ends."""

    name: ClassVar[str] = "far-echo"


@dataclass
class EchoCanceller(TwoWayPart):
    """Stands at the port: learns how its voice comes back within *tail_ms* and takes that away from what it hears.

    Its non-linear processor (*nlp* 1, or 0 for none) makes silent what is left when that is *nlp_db* below what was
    sent. No tone disables it: a fax has to live with it.
    """

    name: ClassVar[str] = "echo-canceller"
    tail_ms: float = parameter(32.0, 4.0, 128.0)
    nlp: int = parameter(1, choices=(0, 1))
    nlp_db: float = parameter(30.0, 6.0, 60.0)

    def _begin(self) -> None:
        taps = samples_of(self.tail_ms)
        self._weights, self._past = np.zeros(taps, np.float32), np.zeros(taps - 1, np.float32)
        self._state = np.zeros(3)

    def cancel(self, sent: Signal, heard: Signal) -> Signal:
        joined = np.concatenate((self._past, sent))
        out = np.empty(len(heard), np.float32)
        suppression = 10.0 ** (-self.nlp_db / 10.0) if self.nlp else 0.0
        line.cancel(joined, np.ascontiguousarray(heard), self._weights, self._state, 0.5, suppression, out)
        self._past = joined[len(sent) :].copy()
        return out


class EchoPath:
    """A delay line that is read before it is written: what is put in comes out *samples* later, attenuated.

    With *ahead* of the delay the samples are read that many before those of the same instant can be put in.
    """

    def __init__(self, gain: float, samples: int, ahead: int = 0) -> None:
        self._gain, self._line = np.float32(gain), DelayLine(samples - ahead)
        self._ready = np.zeros(ahead, np.float32)

    def put(self, block: Signal) -> None:
        self._ready = np.concatenate((self._ready, self._gain * self._line.execute(block)))

    def get(self, count: int) -> Signal:
        taken, self._ready = self._ready[:count], self._ready[count:]
        return taken


class TwoWayLine:
    """Implements `firmware_sim.fxs.line.Line`: a line for each direction, with what leaks between them at its ends.

    *near* and *far* are echoes at both ends. The order of calls lets an echo into the machine's ear come one block
    (20 ms) late at the earliest; echoes into the port's ear keep their delay to the sample.
    """

    def __init__(
        self,
        to_machine: OneWayLine | None = None,
        to_port: OneWayLine | None = None,
        *,
        near: NearEcho | None = None,
        far: FarEcho | None = None,
        canceller: EchoCanceller | None = None,
    ) -> None:
        self.to_machine, self.to_port = to_machine or OneWayLine(), to_port or OneWayLine()
        self.near, self.far, self.canceller = near, far, canceller
        self._begin()

    def _begin(self) -> None:
        self._sent = np.zeros(0, np.float32)
        near, far = self.near, self.far
        self._near_port = near.path() if near else None
        self._near_machine = near.path(BLOCK_SAMPLES) if near else None
        self._far_port = far.path(BLOCK_SAMPLES) if far else None
        self._far_machine = far.path() if far else None

    def reset(self) -> None:
        """As new, the streams of random numbers too."""
        for part in (self.to_machine, self.to_port, self.canceller):
            if part is not None:
                part.reset()
        self._begin()

    def rest(self) -> None:
        """On hook the loop is open: nothing is reflected, and what is on its way runs out within 3 s."""
        self._begin()
        for way in (self.to_machine, self.to_port):
            way.carry(np.zeros(REST_SAMPLES, np.float32))

    def toward_machine(self, block: Samples) -> Samples:
        """Raises ValueError for a block of more than 160 samples, or when `toward_port` was not called in between."""
        if len(block) > BLOCK_SAMPLES:
            raise ValueError(f"a line moves by blocks of at most {BLOCK_SAMPLES} samples, not {len(block)}")
        if len(self._sent):
            raise ValueError("toward_machine was called twice: each block goes toward the port, too")
        sent = self._sent = block.astype(np.float32)
        if self._near_port is not None:
            self._near_port.put(sent)
        if self._far_port is not None:
            sent = sent + self._far_port.get(len(sent))
        heard = self.to_machine.carry(sent)
        if self._far_machine is not None:
            self._far_machine.put(heard)
        if self._near_machine is not None:
            heard = heard + self._near_machine.get(len(heard))
        return to_pcm(heard)

    def toward_port(self, block: Samples) -> Samples:
        """Raises ValueError when it is not as long as the block that went toward the machine."""
        if len(block) != len(self._sent):
            raise ValueError(f"{len(self._sent)} samples went toward the machine, so {len(block)} cannot come back")
        said = block.astype(np.float32)
        if self._near_machine is not None:
            self._near_machine.put(said)
        if self._far_machine is not None:
            said = said + self._far_machine.get(len(said))
        heard = self.to_port.carry(said)
        if self._far_port is not None:
            self._far_port.put(heard)
        if self._near_port is not None:
            heard = heard + self._near_port.get(len(heard))
        if self.canceller is not None:
            heard = self.canceller.cancel(self._sent, heard)
        self._sent = np.zeros(0, np.float32)
        return to_pcm(heard)
