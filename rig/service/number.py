"""Fax numbers as people write them, and as a fax interface dials them."""

import re

from rig.service.errors import NumberError

FORGIVEN = re.compile(r"[\s\-./()\u2010-\u2015]+")
NATIONAL_ZERO = re.compile(r"\(\s*0\s*\)")
"""The "(0)" of "+49 (0)7031 ...": not dialled from abroad, and we dial as from abroad when there is a plus."""
DIALLED = re.compile(r"\+?[0-9]{1,32}")


def normalised(number: str) -> str:
    """Digits with at most one plus in front. Raises NumberError for anything else."""
    compact = number.strip()
    if "+" in compact:
        compact = NATIONAL_ZERO.sub("", compact)
    compact = FORGIVEN.sub("", compact)
    if not DIALLED.fullmatch(compact):
        shown = "An empty text" if not number.strip() else f"“{number.strip()[:60]}”"
        raise NumberError(f"{shown} is not a fax number", "write its digits, with a plus in front if it is abroad")
    return compact
