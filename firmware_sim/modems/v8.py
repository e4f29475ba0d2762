"""V.8's signals: CI, CM and CJ of the caller (V.21 channel 1), JM of the answerer (channel 2), as bits and menus.

A signal is characters with a start bit 0 and a stop bit 1, lowest bit first, after ten ones and a character that says
which signal it is. A fax that is no Super G3 answers a CM with a JM that has no V.34 in it, and the caller goes on with
T.30; `answer` makes that JM. Layout of the octets as an independent implementation has it.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum

import numpy as np
from numpy.typing import NDArray

from firmware_sim.modems.fsk import FskDemodulator, FskModulator

Bits = NDArray[np.uint8]


class Signal(Enum):
    """What a decoder may hear. CM and JM look alike; who sent it says which it is."""

    CI = 0x00
    CM = 0xE0
    CJ = -1


class Function(Enum):
    """What the call is for."""

    OTHER = 0
    H324 = 1
    TEXT = 2
    T101 = 3
    FAX_SENT_BY_CALLER = 4
    FAX_SENT_BY_ANSWERER = 5
    DATA = 6
    EXTENSION = 7


FUNCTION, MODULATION, EXTENSION = 0x01, 0x05, 0x10
TAG, EXTENSION_MASK = 0x1F, 0x38
MODULATIONS = (
    {"V.34 half-duplex": 0x80, "V.34": 0x40, "V.90": 0x20},
    {"V.27ter": 0x80, "V.29": 0x40, "V.17": 0x04, "V.22": 0x02, "V.32": 0x01},
    {"V.21": 0x80, "V.23 half-duplex": 0x40, "V.23": 0x04, "V.26bis": 0x02, "V.26ter": 0x01},
)
"""Name -> bit, for each octet of the modulations."""
GROUP_3 = frozenset({"V.17", "V.27ter", "V.29", "V.21"})
PREAMBLE = 10


@dataclass(frozen=True, slots=True)
class Menu:
    """What one side can do. *octets* is how many the modulations take: a JM has as many as the CM it answers."""

    function: Function
    modulations: frozenset[str] = frozenset()
    octets: int = 3


def encode_menu(menu: Menu) -> bytes:
    """The octets of a CM or a JM. Modulations without a bit in them are left out."""
    octets = [FUNCTION | menu.function.value << 5]
    for k, names in enumerate(MODULATIONS[: menu.octets]):
        octets.append(sum((names[n] for n in menu.modulations if n in names), EXTENSION if k else MODULATION))
    return bytes(octets)


def decode_menu(octets: bytes) -> Menu:
    """What is not known is passed over."""
    function, found, count, k = Function.OTHER, set(), 0, 0
    while k < len(octets):
        tag, first = octets[k] & TAG, k
        k += 1
        while k < len(octets) and octets[k] & EXTENSION_MASK == EXTENSION:
            k += 1
        if tag == FUNCTION:
            function = Function(octets[first] >> 5)
        elif tag == MODULATION:
            count = k - first
            for octet, names in zip(octets[first:k], MODULATIONS, strict=False):
                found |= {name for name, bit in names.items() if octet & bit}
    return Menu(function, frozenset(found), count)


def answer(heard: Menu, able: frozenset[str] = GROUP_3) -> Menu:
    """The JM to a CM: what both can, and the caller's function if that is fax."""
    fax = heard.function in (Function.FAX_SENT_BY_CALLER, Function.FAX_SENT_BY_ANSWERER)
    return Menu(heard.function if fax else Function.OTHER, heard.modulations & able, heard.octets)


# -- bits --------------------------------------------------------------------------------------------------------------
def _characters(octets: Iterable[int]) -> list[int]:
    return [bit for octet in octets for bit in (0, *(octet >> k & 1 for k in range(8)), 1)]


def encode(signal: Signal, menu: Menu | None = None, times: int = 1) -> Bits:
    """Bits of a CI, of *times* CMs or JMs, or of a CJ."""
    if signal is Signal.CJ:
        return np.array(_characters((0, 0, 0)), np.uint8)
    assert menu is not None
    octets = encode_menu(menu)
    octets = octets[:1] if signal is Signal.CI else octets
    once = [1] * PREAMBLE + _characters((signal.value, *octets))
    return np.array(once * times, np.uint8)


def _number(bits: Iterable[int]) -> int:
    return int("".join(map(str, bits)), 2)


STARTS = {_number([1] * PREAMBLE + _characters((s.value,))): s for s in (Signal.CI, Signal.CM)}
CJ_BITS = _number(_characters((0, 0, 0)))


class Decoder:
    """Bits to signals. A CM or JM is told when two alike have come, a CI and a CJ at once."""

    def __init__(self) -> None:
        self._last = 0
        self._signal: Signal | None = None
        self._octets = bytearray()
        self._before = b""
        self._character: list[int] = []
        self._ones = 0

    def execute(self, bits: Iterable[int]) -> list[tuple[Signal, Menu | None]]:
        found = []
        for bit in bits:
            told = self._take(int(bit))
            if told is not None:
                found.append(told)
        return found

    def _take(self, bit: int) -> tuple[Signal, Menu | None] | None:
        self._last = (self._last << 1 | bit) & 0x3FFFFFFF
        self._ones = self._ones + 1 if bit else 0
        if self._last == CJ_BITS:
            self._signal = None
            return Signal.CJ, None
        signal = STARTS.get(self._last & 0xFFFFF)
        if signal is not None:
            self._signal, self._character = signal, []
            self._octets.clear()
            return None
        if self._signal is None:
            return None
        if self._ones >= PREAMBLE:
            return self._end()
        if self._character or bit == 0:
            self._character.append(bit)
        return self._whole() if len(self._character) == 10 else None

    def _whole(self) -> tuple[Signal, Menu | None] | None:
        """A character is whole."""
        octet = sum(b << k for k, b in enumerate(self._character[1:9]))
        good = self._character[9] == 1
        self._character = []
        if not good:
            self._signal = None
            return None
        self._octets.append(octet)
        if self._signal is Signal.CI:
            self._signal = None
            return (Signal.CI, decode_menu(bytes(self._octets))) if octet & TAG == FUNCTION else None
        return None

    def _end(self) -> tuple[Signal, Menu | None] | None:
        """Ten ones: what came before them was all."""
        octets, self._signal = bytes(self._octets), None
        again = octets == self._before and bool(octets)
        self._before = octets
        return (Signal.CM, decode_menu(octets)) if again else None


class Listener:
    """Samples to signals: channel 1 to hear a caller, channel 2 to hear an answerer."""

    def __init__(self, channel: int) -> None:
        self._receiver, self._decoder = FskDemodulator(channel, raw=True), Decoder()

    def execute(self, samples: NDArray[np.int16]) -> list[tuple[int, Signal, Menu | None]]:
        """-> (first sample of the bits it was noticed in, signal, menu) of each signal noticed."""
        found = []
        for event in self._receiver.execute(samples):
            if event.bits is not None:
                found += [(event.sample, *told) for told in self._decoder.execute(event.bits.tolist())]
        return found


def sender(channel: int, level_dbm0: float = -13.0) -> FskModulator:
    """What V.8's bits are sent with: channel 1 by the caller, 2 by the answerer."""
    return FskModulator(level_dbm0, channel)
