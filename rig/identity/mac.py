"""MACs: how they are written, and whose they are (netaddr's copy of the IEEE list)."""

import re
from collections.abc import Callable, Mapping
from functools import cache
from importlib.resources import files

from rig.identity.model import ReadingError
from rig.identity.vendors import VENDORS
from rig.identity.words import say

Owners = Callable[[str], str]
"""The owner's name by the first 6 digits of a MAC; empty when it is not public."""

_SEPARATORS = re.compile(r"[\s:.\-\u2010-\u2015]+")
_MAC = re.compile(r"[0-9A-F]{12}")
_NOT_TOLD = ("IEEE Registration Authority", "Private")
"""Blocks that the IEEE splits among many owners, and owners who do not want to be named."""


def bare(text: str) -> str:
    """12 capital hexadecimal digits. O and I, which a MAC cannot have, are read as 0 and 1. Raises ReadingError."""
    plain = _SEPARATORS.sub("", text).upper().replace("O", "0").replace("I", "1")
    if not _MAC.fullmatch(plain):
        raise ReadingError("mac", say("bad_mac", mac=text.strip()))
    return plain


def written(mac: str) -> str:
    """00:0B:82:12:34:56."""
    return ":".join(mac[start : start + 2] for start in range(0, 12, 2))


def is_for_groups(mac: str) -> bool:
    return bool(int(mac[1], 16) & 1)


def is_local(mac: str) -> bool:
    return bool(int(mac[1], 16) & 2)


@cache
def owner_of(oui: str) -> str:
    """*oui* is the first 6 digits of a bare MAC."""
    from netaddr import OUI
    from netaddr.core import NotRegisteredError

    try:
        owner = str(OUI(int(oui, 16)).registration().org)
    except NotRegisteredError:
        return ""
    return "" if owner in _NOT_TOLD else owner


@cache
def vendor_of(owner: str) -> str:
    """The key of the vendor to whom an owner's name belongs; empty when we have no row for it."""
    plain = re.sub("[^a-z0-9]", "", owner.lower())
    return next((rule.key for rule in VENDORS if plain.startswith(rule.owners)), "") if plain else ""


def all_owners() -> Mapping[str, list[str]]:
    """Every owner with the first 6 digits of its MACs, for a page that has no netaddr."""
    text = files("netaddr.eui").joinpath("oui.txt").read_text(encoding="utf-8")
    found: dict[str, list[str]] = {}
    for oui, owner in re.findall(r"^([0-9A-F]{2}-[0-9A-F]{2}-[0-9A-F]{2}) +\(hex\)\s+(.*?)\s*$", text, re.MULTILINE):
        if owner not in _NOT_TOLD:
            found.setdefault(owner, []).append(oui.replace("-", ""))
    return found
