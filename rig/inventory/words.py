"""Small words shared by all messages about hardware.yaml."""

from collections.abc import Iterable
from difflib import get_close_matches


def listing(names: Iterable[str]) -> str:
    return ", ".join(dict.fromkeys(names))


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """ "; did you mean X?", or what there is to choose from."""
    names = list(dict.fromkeys(known))
    if not names:
        return ""
    close = get_close_matches(word[:80].lower(), names, n=1, cutoff=0.6)
    return f'; did you mean "{close[0]}"?' if close else f"; there is: {listing(names)}"
