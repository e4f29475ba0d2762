"""Numbers as users of a domain write them, and as they are dialled."""

import re

from rig.service.accounts.model import Numbering
from rig.service.errors import NumberError
from rig.service.number import FORGIVEN, NATIONAL_ZERO, normalised

US = re.compile(r"1[2-9][0-9]{2}[2-9][0-9]{6}")
ABROAD = re.compile(r"011[1-9][0-9]{5,14}")
HOW = "write the 11 digits of a US number (1 305 555 0123), or 011 and the number abroad (011 49 7031 1234)"


def dialled(number: str, numbering: Numbering) -> str:
    """Raises NumberError for what is no number under *numbering*."""
    return normalised(number) if numbering is Numbering.PLAIN else us_number(number)


def us_number(number: str) -> str:
    """11 digits, or 011 and the destination; spaces and punctuation are forgiven, and a plus in front is understood."""
    written = number.strip()
    compact = FORGIVEN.sub("", NATIONAL_ZERO.sub("", written) if "+" in written else written)
    if compact.startswith("+"):
        compact = compact[1:] if compact.startswith("+1") else f"011{compact[1:]}"
    if US.fullmatch(compact) or ABROAD.fullmatch(compact):
        return compact
    raise NumberError(_why(written, compact), HOW)


def _why(written: str, compact: str) -> str:
    shown = f"“{written[:60]}”" if written else "An empty text"
    if not (compact.isascii() and compact.isdigit()):
        return f"{shown} is not a fax number"
    if len(compact) == 10 and US.fullmatch(f"1{compact}"):
        return f"{shown} lacks the 1 in front of a US number"
    if compact.startswith("011"):
        return f"{shown} is no number abroad: 011 is followed by 6 to 15 digits, the first not 0"
    if compact.startswith("00"):
        return f"{shown} begins with 00: from the US abroad is 011"
    if len(compact) == 11 and compact.startswith("1"):
        return f"{shown} is no US number: area code and exchange begin with 2 to 9"
    return f"{shown} has {len(compact)} digits, a US number has 11 with the 1 in front"
