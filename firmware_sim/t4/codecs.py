"""The codecs by name, all with one signature; and which of them the terms of a call ask for."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from firmware_sim.t4 import jbig, mh, mmr, mr
from firmware_sim.t4.page import Decoded, Page, Resolution


class Terms(Protocol):
    """What a DCS says of the coding."""

    @property
    def two_dimensional(self) -> bool: ...
    @property
    def t6(self) -> bool: ...
    @property
    def t85(self) -> bool: ...


@dataclass(frozen=True, slots=True)
class Codec:
    name: str
    encode: Callable[[Page, int], bytes]
    """A page, and how many bits a row takes at least; those without fill pay no heed to it."""
    decode: Callable[[bytes, int, Resolution, int], Decoded]
    """Octets, width in pixels, resolution, most rows. Raises nothing on any octets."""
    marks_rows: bool
    """Whether damage costs only some rows. The others need a channel without errors."""


CODECS = {
    codec.name: codec
    for codec in (
        Codec("MH", mh.encode, mh.decode, True),
        Codec("MR", mr.encode, mr.decode, True),
        Codec("MMR", lambda page, _: mmr.encode(page), mmr.decode, False),
        Codec("JBIG", lambda page, _: jbig.encode(page), jbig.decode, False),
    )
}


def agreed(terms: Terms) -> Codec:
    """The codec of a DCS."""
    return CODECS["JBIG" if terms.t85 else "MMR" if terms.t6 else "MR" if terms.two_dimensional else "MH"]
