"""Whose adapter it is: by its serial's form, its vendor's name, its model, its MAC, in this order."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from rig.identity import mac
from rig.identity.model import Reading
from rig.identity.serials import fit
from rig.identity.vendors import BY_KEY, VENDORS, VendorRule


@dataclass(frozen=True, slots=True)
class Choice:
    """The rule to judge by, None when there is none, and what it was chosen by.

    *form*: the serial's form is only this vendor's. *common form*: others have it too. *owner*: the MAC belongs to
    someone without a row. *like_mac_of*: the serial is a registered MAC of that owner, and no vendor's serial is one.
    """

    rule: VendorRule | None
    by: Literal["form", "named", "model", "mac", "owner", "common form", ""]
    like_mac_of: str = ""


@lru_cache(4096)
def named(vendor: str) -> str:
    """The key of the vendor that someone wrote; empty when there is no row for it."""
    plain = re.sub("[^a-z0-9]", "", vendor.lower())
    if not plain:
        return ""
    by_owner = mac.vendor_of(plain)
    names = ((rule.key, [rule.key, *rule.name.lower().split(", ")]) for rule in VENDORS)
    return by_owner or next((key for key, starts in names if plain.startswith(tuple(starts))), "")


@lru_cache(4096)
def models_of(model: str) -> tuple[str, ...]:
    """The keys of the vendors whose model it can be, those with the longest matching beginning."""
    plain = re.sub("[^A-Z0-9]", "", model.upper())
    matches = [(len(start), rule.key) for rule in VENDORS for start in rule.models if plain.startswith(start)]
    longest = max((length for length, _ in matches), default=0)
    return tuple(key for length, key in matches if length == longest)


def choose(text: str, readings: Sequence[Reading], macs: Sequence[str], owners: mac.Owners) -> Choice:
    """*text* is the cleaned serial, *macs* are bare."""
    for rule in VENDORS:
        if rule.distinctive and _is_only_of(rule, text, owners):
            return Choice(rule, "form")
    like = _like_mac(text, owners)
    for key in (named(reading.vendor) for reading in readings):
        if key:
            return Choice(BY_KEY[key], "named", like)
    owner = next(filter(None, (owners(bare[:6]) for bare in macs if not mac.is_local(bare))), "")
    vendor = mac.vendor_of(owner)
    for keys in (models_of(reading.model) for reading in readings):
        if keys:
            fitting = [key for key in keys if BY_KEY[key].form and fit(BY_KEY[key], text).fits]
            return Choice(BY_KEY[vendor if vendor in keys else (fitting or keys)[0]], "model", like)
    if vendor:
        return Choice(BY_KEY[vendor], "mac", like)
    if owner:
        return Choice(None, "owner", like)
    return _by_common_form(text, like)


def _is_only_of(rule: VendorRule, text: str, owners: mac.Owners) -> bool:
    found = fit(rule, text)
    whole = found.field(rule, "mac") if found.fits else ""
    return found.fits and (not whole or mac.vendor_of(owners(whole[:6])) == rule.key)


def _by_common_form(text: str, like: str) -> Choice:
    if like:
        return Choice(None, "", like)
    tried = [(rule, fit(rule, text)) for rule in VENDORS if rule.form and not rule.distinctive]
    fitting = sorted((found.swaps != (), place) for place, (_, found) in enumerate(tried) if found.fits)
    return Choice(tried[fitting[0][1]][0], "common form") if fitting else Choice(None, "")


def _like_mac(text: str, owners: mac.Owners) -> str:
    return owners(text[:6]) if re.fullmatch("[0-9A-F]{12}", text) and not mac.is_local(text) else ""
