"""What an adapter shows of itself as text: User-Agent, web page, console, TR-069 Inform, the codes of its label."""

import html
import re
from collections.abc import Iterable, Mapping
from functools import cache

from rig.identity import mac
from rig.identity.model import LABEL, USER_AGENT, Reading, ReadingError
from rig.identity.vendors import BY_KEY, USER_AGENTS

_NAMES: Mapping[str, str] = {
    "serial": r"serial(?: ?(?:number|num|no\.?|nr\.?|#))?|s/?n|s/no\.?",
    "mac": r"mac(?: ?(?:address|addr|id))?|ethernet address|hardware address|wan mac(?: address)?",
    "model": r"model(?: ?(?:number|name|no\.?))?|product(?: ?(?:class|name|model|id))?|p/?n",
    "vendor": r"manufacturer|vendor",
    "date": r"(?:production|manufacturing|mfg\.?|mfd\.?) ?date|date of manufacture|mfd\.?|dom",
}
_LINE = {
    field: re.compile(rf"(?:^|[\n;,|]) *(?:{names}) *(?:[:=#]|is\b|\t|  +) *([^\n;,|]+)", re.IGNORECASE)
    for field, names in _NAMES.items()
}
_TAG_ENDS = re.compile(r"</(?:tr|p|div|li|h\d|dd|title|pre|table)>|<br */?>", re.IGNORECASE)
_CELL_ENDS = re.compile(r"</(?:td|th|dt|span|label|b|strong)>", re.IGNORECASE)
_LEAVES = re.compile(r"<(?:\w+:)?(\w+)(?: [^<>]*)?>([^<>]+)</(?:\w+:)?\1>")
_INFORM = {"serialnumber": "serial", "productclass": "model", "manufacturer": "vendor"}


def of_user_agent(text: str) -> Reading:
    """Empty but for its source when no row knows the text."""
    for vendor, pattern in _user_agents():
        found = pattern.search(text.strip())
        if found:
            parts = {name: value.strip() for name, value in found.groupdict().items()}
            return Reading(USER_AGENT, vendor=BY_KEY[vendor].name, **parts)
    return Reading(USER_AGENT)


@cache
def _user_agents() -> list[tuple[str, re.Pattern[str]]]:
    return [(vendor, re.compile(pattern)) for vendor, pattern in USER_AGENTS]


def of_page(source: str, text: str) -> Reading:
    """What stands behind names such as "Serial Number:" in a saved web page, the text of a console, an Inform."""
    inform = {
        _INFORM[name.lower()]: html.unescape(value).strip()
        for name, value in _LEAVES.findall(text)
        if name.lower() in _INFORM
    }
    plain = _plain(text) if "<" in text else text.replace("\r", "\n")
    found = {field: match[1].strip(" :") for field, pattern in _LINE.items() if (match := pattern.search(plain))}
    return Reading(source, **{**found, **inform})


def _plain(text: str) -> str:
    text = re.sub(r"(?is)<(script|style)\b.*?</\1>", " ", text)
    text = _TAG_ENDS.sub("\n", re.sub(r"\s+", " ", text))
    text = re.sub(r"<[^>]*>", "", _CELL_ENDS.sub("\t", text))
    text = html.unescape(text).replace("\xa0", " ")
    return re.sub(r" *:? *\t[\t ]*", ": ", text)


def of_codes(texts: Iterable[str], owners: mac.Owners = mac.owner_of) -> Reading:
    """The codes of one label. A bare code is a MAC when it is one of a registered owner; else the first is the serial.

    A label that shows one and the same number as serial and MAC names them, or has it twice.
    """
    found: dict[str, str] = {}
    bare: list[str] = []
    for text in texts:
        named = of_page(LABEL, text)
        for name in ("serial", "mac", "model", "vendor", "date"):
            if getattr(named, name):
                found.setdefault(name, getattr(named, name))
        if not named.says_something and "://" not in text and text.strip():
            bare.append(text.strip())
    for text in bare:
        _place(text, found, owners)
    if "serial" not in found and mac.vendor_of(_owner(found.get("mac", ""), owners)) == "patton":
        found["serial"] = found["mac"]
    return Reading(LABEL, **found)


def _place(text: str, found: dict[str, str], owners: mac.Owners) -> None:
    if _owner(text, owners):
        found.setdefault("mac", text)
    elif text not in found.values() and re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9 -]{5,31}", text):
        found.setdefault("serial", text)


def _owner(text: str, owners: mac.Owners) -> str:
    try:
        return owners(mac.bare(text)[:6]) if text else ""
    except ReadingError:
        return ""
