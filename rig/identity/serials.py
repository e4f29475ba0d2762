"""A serial number against a form. O and 0, I and 1 are taken for each other where the form leaves only one of them."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, lru_cache

from rig.identity.vendors import CHARACTERS, LOOKALIKES, VendorRule

_FORGIVEN = (
    ("spaces", re.compile(r"\s+")),
    ("hyphens", re.compile(r"[-\u2010-\u2015\u2212]+")),
    ("colons", re.compile(":+")),
)


@dataclass(frozen=True, slots=True)
class Cleaned:
    text: str
    without: tuple[str, ...] = ()
    """What was left out: spaces, hyphens, colons."""
    lower_case: bool = False


@lru_cache(1024)
def clean(given: str) -> Cleaned:
    text, without = given.strip(), []
    for name, pattern in _FORGIVEN:
        text, count = pattern.subn("", text)
        if count:
            without.append(name)
    return Cleaned(text.upper(), tuple(without), text != text.upper())


@dataclass(frozen=True, slots=True)
class Fit:
    """*text* is the serial as the form reads it. *place* is the first character (from 1) that does not fit, 0 when
    the length does not; both only without *fits*. *swaps* are (place, found, meant)."""

    fits: bool
    text: str
    swaps: Sequence[tuple[int, str, str]] = ()
    place: int = 0

    def field(self, rule: VendorRule, name: str) -> str:
        """A part of the serial; empty when the form has no such part."""
        if name not in rule.fields:
            return ""
        first, last = rule.fields[name]
        return self.text[first : last + 1]


def fit(rule: VendorRule, text: str) -> Fit:
    if len(text) != len(rule.form):
        return Fit(False, text)
    if _exact(rule.form).fullmatch(text):
        return Fit(True, text)
    read, swaps = [], []
    for place, (character, kind) in enumerate(zip(text, rule.form, strict=True), 1):
        meant = character if character in CHARACTERS[kind] else LOOKALIKES.get(character, "")
        if not meant or meant not in CHARACTERS[kind]:
            return Fit(False, text, place=place)
        if meant != character:
            swaps.append((place, character, meant))
        read.append(meant)
    return Fit(True, "".join(read), tuple(swaps))


@cache
def _exact(form: str) -> re.Pattern[str]:
    return re.compile("".join(f"[{CHARACTERS[kind]}]" for kind in form))


def folded(text: str) -> str:
    """What two serials have in common that differ only in O and 0, I and 1."""
    return text.replace("O", "0").replace("I", "1")
