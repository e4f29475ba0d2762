"""What a case is, what it may ask of a device, and how it ends."""

from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

from firmware_sim.t4.page import Page
from rig.report.record import Check, LadderLine, PagePair

if TYPE_CHECKING:
    from rig.conformance.tester import Tester

Samples = NDArray[np.int16]
Row = NDArray[np.uint8]
"""Bits, one each, 0 or 1."""
Script = Generator[None, None, None]
"""A case at work: it yields whenever it needs another block of audio. Its helpers are entered with `yield from`."""


LISTS = ("modems", "resolutions", "compressions")
FEATURES = (
    "sub", "sep", "psa", "sid", "pwd", "require_pwd", "require_sep", "require_sub", "polls", "nsf", "nsc", "tep", *LISTS
)  # fmt: skip


class Role(StrEnum):
    """What the device does in the call."""

    ANSWERS = "answers"
    CALLS = "calls"


@dataclass(frozen=True, slots=True)
class Setup:
    """What the device is asked to be before the call. The names are the keys of the pipe."""

    documents: tuple[tuple[Page, ...], ...] = ()
    """To send; each ends with EOM but for the last."""
    ident: str = "+49 30 2010"
    ecm: bool = False
    sub: str = ""
    sep: str = ""
    psa: str = ""
    sid: str = ""
    pwd: str = ""
    require_pwd: str = ""
    require_sep: str = ""
    require_sub: str = ""
    polls: bool = False
    """A caller fetches what the far machine has ready."""
    nsf: str = ""
    """Country code, maker and more, as hexadecimal digits."""
    nsc: str = ""
    tep: bool = False
    """Talker echo protection before image signals."""
    modems: tuple[str, ...] = ()
    """"V.17", "V.29", "V.27ter"; empty: all it has. So are the next two."""
    resolutions: tuple[str, ...] = ()
    """"STANDARD", "FINE", "SUPERFINE"."""
    compressions: tuple[str, ...] = ()
    """"MH", "MR", "MMR", "JBIG"."""

    @property
    def asks(self) -> frozenset[str]:
        """The features beyond a plain call that this needs of a device."""
        wanted = {name for name in FEATURES if getattr(self, name)}
        return frozenset(wanted | ({"documents"} if len(self.documents) > 1 else set()))


class Device(Protocol):
    """A device under test: audio block in, audio block out. One object plays one call after the other."""

    name: str
    uncertainty_ms: float
    """How exactly the instants of its signals can be seen."""

    def lacks(self, setup: Setup, role: Role) -> str:
        """Empty, or why this device cannot be asked to do that."""
        ...

    def start(self, role: Role, setup: Setup) -> None: ...

    def execute(self, heard: Samples) -> Samples:
        """160 samples said while 160 were heard."""
        ...

    @property
    def active(self) -> bool: ...

    @property
    def outcome(self) -> int | None:
        """0 success, None not yet, else the device's own code."""
        ...

    @property
    def outcome_text(self) -> str: ...

    def received(self) -> list[Page]:
        """The pages that it keeps; asked for once the call is over."""
        ...

    def terminate(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Case:
    """One case. *family* is the name of TIA TSB-85 (or of a field case) whose ground it covers, if any."""

    id: str
    title: str
    script: "Callable[[Tester], Script]"
    role: Role
    family: str = ""
    clause: str = ""
    """Only where a source gives it."""
    setup: Setup = field(default_factory=Setup)
    longest_s: float = 120.0
    """Of simulated time; a call that lasts longer is stopped and fails."""

    @property
    def group(self) -> str:
        return self.id.split("-")[0]


CASES: dict[str, Case] = {}


def case(
    id: str,
    family: str = "",
    *,
    role: Role = Role.ANSWERS,
    clause: str = "",
    setup: Setup = Setup(),
    longest_s: float = 120.0,
) -> "Callable[[Callable[[Tester], Script]], Callable[[Tester], Script]]":
    """Enter a script into the list of cases; its docstring's first line is the title."""

    def enter(script: "Callable[[Tester], Script]") -> "Callable[[Tester], Script]":
        title = (script.__doc__ or "").strip().split("\n")[0].rstrip(".")
        add(Case(id, title, script, role, family, clause, setup, longest_s))
        return script

    return enter


def add(entry: Case) -> None:
    if entry.id in CASES:
        raise ValueError(f"two cases are called {entry.id}")
    CASES[entry.id] = entry


class Deviation(Exception):  # noqa: N818
    """The device did something else than the case allows, and the case cannot go on."""

    def __init__(self, step: str, expected: str, seen: str) -> None:
        super().__init__(f"{step}: expected {expected}, seen {seen}")
        self.step, self.expected, self.seen = step, expected, seen


class Skipped(Exception):  # noqa: N818
    """The device cannot be asked this: what it offers does not include it."""


@dataclass(frozen=True, slots=True)
class Result:
    """What came of one case."""

    id: str
    status: str
    """pass, fail, skip or error."""
    reason: str
    checks: tuple[Check, ...] = ()
    ladder: tuple[LadderLine, ...] = ()
    pages: tuple[PagePair, ...] = ()
    simulated_s: float = 0.0
    took_s: float = 0.0
    audio: "tuple[Samples, Samples] | None" = None
    """What the tester and the device said, kept of a failed case."""
