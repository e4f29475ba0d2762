"""What is read from an adapter, and what is made of it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class ReadingError(ValueError):
    """A MAC or a date that cannot be read. *field* is which: "mac" or "date"."""

    def __init__(self, field: str, text: str) -> None:
        super().__init__(text)
        self.field = field


class Verdict(StrEnum):
    """None of them says that an adapter is what it claims to be: no vendor publishes a check digit."""

    VALID = "valid"
    """A rule and a second source agree."""
    PLAUSIBLE = "plausible"
    """The form is right; nothing else was there to compare with."""
    INCONSISTENT = "inconsistent"
    """Serial, MAC, model or date disagree."""
    UNKNOWN = "unknown"
    """No public rule."""


class Effect(StrEnum):
    FITS = "fits"
    """The serial has the form of the vendor's rule."""
    AGREES = "agrees"
    DISAGREES = "disagrees"
    WARNS = "warns"
    """Worth a look, and too weak to decide anything."""
    NOTE = "note"


LABEL, USER_AGENT, WEB_PAGE, CONSOLE, ACCOUNT, INFORM = (
    "label",
    "User-Agent",
    "web page",
    "console",
    "fax account",
    "TR-069 Inform",
)


@dataclass(frozen=True, slots=True)
class Reading:
    """What one source says of an adapter; empty where it says nothing."""

    source: str = LABEL
    serial: str = ""
    mac: str = ""
    model: str = ""
    vendor: str = ""
    date: str = ""

    @property
    def says_something(self) -> bool:
        return bool(self.serial or self.mac or self.model or self.vendor or self.date)


@dataclass(frozen=True, slots=True)
class Evidence:
    source: str
    effect: Effect
    text: str

    def as_json(self) -> dict[str, str]:
        return {"source": self.source, "effect": self.effect.value, "text": self.text}


@dataclass(frozen=True, slots=True)
class Judgement:
    """*serial* is how it was read, *given* how it was written; *vendor* is empty when nothing names one."""

    serial: str
    given: str
    vendor: str
    verdict: Verdict
    reason: str
    evidence: Sequence[Evidence] = field(default_factory=tuple)

    def as_json(self) -> dict[str, Any]:
        return {
            "serial": self.serial,
            "given": self.given,
            "vendor": self.vendor or None,
            "verdict": self.verdict.value,
            "reason": self.reason,
            "evidence": [evidence.as_json() for evidence in self.evidence],
        }
