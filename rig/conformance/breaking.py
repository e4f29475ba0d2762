"""Ways to break the simulated device in process: what it says, what it hears, how long it waits, what it knows.

A broken device is our own firmware with one thing changed, at the border between its terminal and its modems or in a
table; nothing of the tester is touched, which has frames, HDLC and V.21 of its own.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from importlib import import_module
from typing import Any

import numpy as np

from firmware_sim.audio import FaxSession
from firmware_sim.clock import Instant
from firmware_sim.dsp import hdlc
from firmware_sim.t30.requests import Image
from firmware_sim.t30.signals import Event, FrameHeard, Transmit
from rig.conformance import frames as f

Say = Callable[[Transmit], list[Transmit]]
Hear = Callable[[Event], list[Event]]


@dataclass(frozen=True, slots=True)
class Mutant:
    """*patches* are attributes of modules and classes, "module:name.name" -> value or a function of what was there."""

    name: str
    what: str
    patches: Mapping[str, Any] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)
    """Fields of `Settings`."""
    say: Say | None = None
    hear: Hear | None = None
    wrap: Mapping[str, Callable[[Any], Any]] = field(default_factory=dict)
    """As *patches*, but each is made from what was there."""
    first: str = ""
    """The case that is tried first."""


@contextmanager
def broken(mutant: Mutant) -> Iterator[None]:
    """The simulated device is broken while this lasts."""
    undo: list[tuple[Any, str, Any]] = []

    def put(target: str, value: Any, *, made: bool = False) -> None:
        owner, name = _find(target)
        before = owner[name] if isinstance(owner, dict) else vars(owner).get(name, getattr(owner, name))
        undo.append((owner, name, before))
        _set(owner, name, value(before) if made else value)

    try:
        for target, value in mutant.patches.items():
            put(target, value)
        for target, make in mutant.wrap.items():
            put(target, make, made=True)
        if mutant.settings or mutant.say or mutant.hear:
            put("firmware_sim.device.station:FaxSession", _session(mutant))
        yield
    finally:
        for owner, name, before in reversed(undo):
            _set(owner, name, before)


def _find(target: str) -> tuple[Any, str]:
    module, _, path = target.partition(":")
    owner: Any = import_module(module)
    *steps, name = path.split(".")
    for step in steps:
        owner = owner[step] if isinstance(owner, dict) else getattr(owner, step)
    return owner, name


def _set(owner: Any, name: str, value: Any) -> None:
    if isinstance(owner, dict):
        owner[name] = value
    else:
        setattr(owner, name, value)


def _session(mutant: Mutant) -> type[FaxSession]:
    """The engine of a station whose terminal's signals pass through the mutant's hands."""

    class Broken(FaxSession):
        def __init__(self, call: Any, *args: Any, **options: Any) -> None:
            if mutant.settings:
                call.settings = replace(call.settings, **mutant.settings)
            super().__init__(call, *args, **options)

        def _follow(self, now: Instant) -> None:
            terminal = self.terminal
            if terminal is not None and mutant.say is not None and "outputs" not in vars(terminal):
                self._pass_through(terminal)
            super()._follow(now)

        def _pass_through(self, terminal: Any) -> None:
            said = terminal.outputs
            assert mutant.say is not None
            change = mutant.say

            def outputs() -> list[Any]:
                changed: list[Any] = []
                for output in said():
                    changed += change(output) if isinstance(output, Transmit) else [output]
                return changed

            terminal.outputs = outputs

        def _tell(self, event: Event, now: Instant) -> None:
            for changed in mutant.hear(event) if mutant.hear else [event]:
                super()._tell(changed, now)

    return Broken


# -- building blocks ---------------------------------------------------------------------------------------------------


def code_of(octets: bytes | None) -> str:
    """The name of a frame as the firmware holds it, least significant bit first."""
    return f.Heard(f.turned(octets)).name if octets and len(octets) >= 3 else ""


def octets_of(name: str, fif: bytes = b"", *, x: bool = True) -> bytes:
    return f.turned(f.frame(name, fif, x=x))


def frames_changed(change: Callable[[bytes], bytes | None], *names: str) -> Say:
    """Each V.21 frame of these names (of all, without names) changed, or left out where None comes back."""

    def say(signal: Transmit) -> list[Transmit]:
        if signal.image is not None:
            return [signal]
        changed = [change(octets) if not names or code_of(octets) in names else octets for octets in signal.frames]
        return [replace(signal, frames=tuple(octets for octets in changed if octets is not None))]

    return say


def printed_changed(change: Callable[[bytes], bytes], *names: str) -> Say:
    """The information field of these frames, first bit sent leftmost, changed."""

    def one(octets: bytes) -> bytes:
        return octets[:3] + f.turned(change(f.turned(octets[3:])))

    return frames_changed(one, *names)


def bit_changed(bit: int, value: str, *names: str) -> Say:
    """One bit, or some, of DIS or DCS."""

    def change(fif: bytes) -> bytes:
        text = "".join(f"{octet:08b}" for octet in fif).ljust(bit - 1 + len(value), "0")
        text = text[: bit - 1] + value + text[bit - 1 + len(value) :]
        text = text.ljust(-(-len(text) // 8) * 8, "0")
        return bytes(int(text[at : at + 8], 2) for at in range(0, len(text), 8))

    return printed_changed(change, *names)


def heard_as(said: str, taken: str) -> Hear:
    """A frame of one name is taken for another."""

    def hear(event: Event) -> list[Event]:
        if isinstance(event, FrameHeard) and code_of(event.octets) == said and event.octets is not None:
            return [FrameHeard(octets_of(taken) + (event.octets[3:] if taken in ("PPS", "DCS") else b""))]
        return [event]

    return hear


def spoilt_as(taken: str) -> Hear:
    """A frame with a wrong check sequence is taken for one that was due."""

    def hear(event: Event) -> list[Event]:
        bad = isinstance(event, FrameHeard) and event.octets is None
        return [FrameHeard(octets_of(taken))] if bad else [event]

    return hear


def deaf_to(*names: str) -> Hear:
    def hear(event: Event) -> list[Event]:
        return [] if isinstance(event, FrameHeard) and code_of(event.octets) in names else [event]

    return hear


def blocks_changed(change: Callable[[tuple[bytes, ...]], tuple[bytes, ...]]) -> Say:
    """The frames of a partial page, RCP among them."""

    def say(signal: Transmit) -> list[Transmit]:
        if signal.image is Image.BLOCK:
            return [replace(signal, frames=change(signal.frames))]
        return [signal]

    return say


def pages_changed(change: Callable[[bytes], bytes]) -> Say:
    def say(signal: Transmit) -> list[Transmit]:
        return [replace(signal, octets=change(signal.octets))] if signal.octets else [signal]

    return say


def delayed(ms: int, *, image: bool) -> Say:
    """The silence before a signal."""

    def say(signal: Transmit) -> list[Transmit]:
        return [replace(signal, after=ms * 1000)] if (signal.image is not None) is image else [signal]

    return say


class Hdlc:
    """Stands in for the firmware's HDLC coder in its engine."""

    Deframer = hdlc.Deframer

    def __init__(self, change: Callable[[Any, int], Any]) -> None:
        self._change = change

    def encode(self, frames: Any, preamble_flags: int, between: int = 1, closing: int = 2) -> Any:
        return self._change(hdlc.encode(frames, preamble_flags, between, closing), preamble_flags)


def one_bit_wrong(bits: Any, flags: int) -> Any:
    """In the first frame, past its control field."""
    changed = np.array(bits)
    changed[flags * 8 + 30] ^= 1
    return changed
