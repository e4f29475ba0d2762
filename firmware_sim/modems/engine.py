"""What the receiver objects share: states in rows that many channels can share, and blocks in pieces that fit."""

from collections.abc import Sequence
from typing import Any, ClassVar, Protocol

import numpy as np
from numpy.typing import NDArray

from firmware_sim.dsp import presence
from firmware_sim.modems.api import ModemEvent, Quality

MAX_BLOCK = 1600
"""Samples of a kernel call at most; longer blocks are cut."""


class Bank(Protocol):
    """Scratch and kernel for some rows of state of one engine."""

    def execute(self, states: NDArray[Any], samples: NDArray[np.int16]) -> list[list[ModemEvent]]: ...


class Receiver:
    """A demodulator whose state is one row of an array. Engines derive from it."""

    bank_type: ClassVar[type]

    def __init__(self, state: NDArray[Any]) -> None:
        self.state = state
        self.bank: Bank = self.bank_type(1)
        self.group: Group | None = None

    def restart(self, *, short: bool = False) -> None:
        """Forget everything but the sample count."""
        self.skip(0)

    def skip(self, count: int) -> None:
        """*count* samples passed unheard: they count, and the state is as after restart."""
        raise NotImplementedError

    def execute(self, samples: NDArray[np.int16]) -> list[ModemEvent]:
        """Hear *samples*, int16 [n]; the events noticed, sorted by sample."""
        block = samples.reshape(1, -1)
        if block.shape[1] <= MAX_BLOCK:
            return self.bank.execute(self.state, block)[0]
        return [e for part in _parts(block) for e in self.bank.execute(self.state, part)[0]]

    def quality(self) -> Quality:
        raise NotImplementedError

    def constellation(self) -> NDArray[np.complex64]:
        """A modem that has no points has none to show."""
        return np.zeros(0, np.complex64)


def _parts(blocks: NDArray[np.int16]) -> list[NDArray[np.int16]]:
    return [np.ascontiguousarray(blocks[:, k : k + MAX_BLOCK]) for k in range(0, blocks.shape[1], MAX_BLOCK)]


class Group:
    """Receivers of one engine whose states lie in one array."""

    def __init__(self, receivers: Sequence[Receiver]) -> None:
        self.receivers = tuple(receivers)
        self.states = presence.rows(len(receivers), receivers[0].state.dtype)
        self.states[:] = np.concatenate([r.state for r in receivers])
        for row, receiver in enumerate(receivers):
            receiver.state, receiver.group = self.states[row : row + 1], self
        self.bank: Bank = receivers[0].bank_type(len(receivers))

    def holds(self, receivers: Sequence[Receiver]) -> bool:
        """Whether it is these, in this order, and none has been moved to another group since."""
        return len(receivers) == len(self.receivers) and all(
            a is b and a.group is self for a, b in zip(receivers, self.receivers, strict=True)
        )

    def execute(self, blocks: NDArray[np.int16]) -> list[list[ModemEvent]]:
        """blocks int16 [receiver, sample] -> the events of each receiver."""
        if blocks.shape[1] <= MAX_BLOCK:
            return self.bank.execute(self.states, np.ascontiguousarray(blocks))
        events: list[list[ModemEvent]] = [[] for _ in self.receivers]
        for part in _parts(blocks):
            for all_of_one, new in zip(events, self.bank.execute(self.states, part), strict=True):
                all_of_one.extend(new)
        return events
