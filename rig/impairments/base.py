"""What every impairment is: a dataclass with a name and checked parameters that changes a signal block by block.

A signal is float32 in 16-bit units at 8 kHz (`firmware_sim.dsp.levels` says what 0 dBm0 is). `execute` returns as many
samples as it was given; how the samples are cut into blocks changes none of them. What is random comes from a stream
of the component's own, which `sow` begins and `reset` begins anew.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from firmware_sim.clock import SAMPLE_RATE_HZ

Signal = NDArray[np.float32]
REGISTRY: dict[str, type["Impairment"]] = {}
"""Every impairment by its name; a class with a name enters itself."""


def parameter(default: Any, low: float | None = None, high: float | None = None, choices: Sequence[Any] = ()) -> Any:
    """A field of an impairment with the limits that its value must keep, both included."""
    return field(default=default, metadata={"low": low, "high": high, "choices": tuple(choices)})


def samples_of(ms: float) -> int:
    return round(ms * SAMPLE_RATE_HZ / 1000)


def amplitude(db: float) -> float:
    return float(10.0 ** (db / 20.0))


@dataclass
class Impairment:
    """Changes a signal. A subclass with a `name` can be used by that name in scenarios and on the command line.

    *latency* is by how many samples the signal comes late on top of what the impairment is meant to do. *linear* says
    that a response and a group delay describe it whole.
    """

    name: ClassVar[str] = ""
    linear: ClassVar[bool] = False

    def __init_subclass__(cls) -> None:
        if "name" in cls.__dict__:
            if cls.name in REGISTRY and REGISTRY[cls.name].__qualname__ != cls.__qualname__:
                raise TypeError(f"two impairments are named {cls.name!r}")
            REGISTRY[cls.name] = cls

    def __post_init__(self) -> None:
        for entry in fields(self):
            if entry.metadata:
                self._check(entry.name, getattr(self, entry.name), entry.metadata)
        self._prepare()
        self.sow("1")

    def _check(self, name: str, value: Any, limits: Any) -> None:
        if limits["choices"] and value not in limits["choices"]:
            choices = ", ".join(map(str, limits["choices"]))
            raise ValueError(f"{self.name}: {name} is {value}; it can be {choices}")
        low, high = limits["low"], limits["high"]
        if low is not None and not low <= value <= high:  # "not" catches NaN too
            raise ValueError(f"{self.name}: {name} is {value:g}; it must lie between {low:g} and {high:g}")

    @property
    def latency(self) -> int:
        return 0

    def sow(self, seed: str) -> None:
        """Begin with the random stream of this seed."""
        self._seed = seed
        self.reset()

    def reset(self) -> None:
        """As new: the same input gives the same output again."""
        digest = hashlib.sha256(f"{self._seed}/{self.name}".encode()).digest()
        self._rng = np.random.Generator(np.random.PCG64(int.from_bytes(digest[:16], "big")))
        self._begin()

    def execute(self, block: Signal) -> Signal:
        raise NotImplementedError

    def _prepare(self) -> None:
        """Once, before the first reset: refuse what does not fit together, make filters."""

    def _begin(self) -> None:
        """Set all state to where it starts. `_rng` is fresh."""


class DelayLine:
    """Gives back what it was given *samples* samples ago; zeros at first."""

    def __init__(self, samples: int) -> None:
        self._held = np.zeros(samples, np.float32)

    def execute(self, block: Signal) -> Signal:
        if not len(self._held):
            return block
        joined = np.concatenate((self._held, block))
        self._held = joined[len(block) :]
        return joined[: len(block)]
