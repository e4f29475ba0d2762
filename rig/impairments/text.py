"""Lines written as text, for scenarios and the command line.

    eia-ll-4 + loss:loss_db=6 + awgn:snr_db=30,signal_dbm0=-25 + frequency-offset:offset_hz=7

Impairments stand in the order in which the signal meets them, joined by "+"; after ":" their parameters, joined by ",".
What is not given has its default. A channel stands with its bare name.
"""

import re
from collections.abc import Sequence
from dataclasses import fields
from difflib import get_close_matches
from typing import Any

from rig.impairments.base import REGISTRY, Impairment
from rig.impairments.channels import CHANNELS
from rig.impairments.filters import Channel
from rig.impairments.lines import EchoCanceller, FarEcho, NearEcho, OneWayLine, TwoWayLine, TwoWayPart

_JOINT = re.compile(r"\s*(?<![\d.][eE])\+\s*")  # not the plus of 1e+3


def impairment(text: str) -> Impairment:
    """One impairment from "name:parameter=value,...". Raises ValueError, which says what could be written instead."""
    name, _, rest = text.strip().partition(":")
    name = name.strip().lower()
    if name in CHANNELS and not rest:
        return Channel(name)
    kind = REGISTRY.get(name)
    if kind is None:
        raise ValueError(f"no impairment and no channel is named {name!r}; {_known(name)}")
    return kind(**_parameters(kind, rest))


def _known(name: str) -> str:
    near = get_close_matches(name, [*REGISTRY, *CHANNELS], 1)
    guess = f"did you mean {near[0]}? " if near else ""
    return f"{guess}there are {', '.join(sorted(REGISTRY))}, and the channels {', '.join(CHANNELS)}"


def _parameters(kind: type[Impairment], text: str) -> dict[str, Any]:
    known = {entry.name: entry for entry in fields(kind) if entry.metadata}
    values: dict[str, Any] = {}
    for part in filter(None, (part.strip() for part in text.split(","))):
        name, sign, value = (word.strip() for word in part.partition("="))
        if name not in known or not sign:
            wanted = ", ".join(f"{key}={entry.default}" for key, entry in known.items()) or "none"
            raise ValueError(f"{kind.name}: {part!r} is no parameter of it; it has {wanted}")
        if name in values:
            raise ValueError(f"{kind.name}: {name} is given twice")
        values[name] = _value(kind, known[name], value)
    return values


def _value(kind: type[Impairment], entry: Any, text: str) -> Any:
    try:
        return type(entry.default)(text)
    except ValueError:
        raise ValueError(f"{kind.name}: {entry.name} is {text!r}, which is not a number") from None


def impairments(text: str) -> list[Impairment]:
    """All impairments of a line as text; none for an empty one. Raises ValueError."""
    return [impairment(part) for part in _JOINT.split(text.strip())] if text.strip() else []


def one_way(text: str, seed: int | str = 1) -> OneWayLine:
    """Raises ValueError."""
    return OneWayLine(impairments(text), seed)


def two_way(text: str, seed: int = 1, toward_port: str | None = None) -> TwoWayLine:
    """The same impairments in both directions, each with its own streams; *toward_port* names others for that one.

    "near-echo", "far-echo" and "echo-canceller" belong to the line as a whole. Raises ValueError.
    """
    both = impairments(text)
    back = impairments(text if toward_port is None else toward_port)
    extra = both if toward_port is None else both + back
    parts: dict[type[TwoWayPart], Any] = {}
    for part in (part for part in extra if isinstance(part, TwoWayPart)):
        if type(part) in parts:
            raise ValueError(f"{part.name} is given twice")
        parts[type(part)] = part
    return TwoWayLine(
        OneWayLine(_one_way(both), f"{seed}/to machine"),
        OneWayLine(_one_way(back), f"{seed}/to port"),
        near=parts.get(NearEcho),
        far=parts.get(FarEcho),
        canceller=parts.get(EchoCanceller),
    )


def _one_way(parts: Sequence[Impairment]) -> list[Impairment]:
    return [part for part in parts if not isinstance(part, TwoWayPart)]
