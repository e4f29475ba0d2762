"""The information field of DIS, DTC and DCS (T.30 Table 2), each bit declared beside its number."""

from collections.abc import Iterator
from enum import Enum
from typing import Any, Generic, Self, TypeVar, overload

T = TypeVar("T")


class Rate(Enum):
    """A modem at a rate, and bits 11 to 14 of the DCS that commands it. Fastest first."""

    V17_14400 = "V.17", 14400, "0001"
    V17_12000 = "V.17", 12000, "0101"
    V17_9600 = "V.17", 9600, "1001"
    V29_9600 = "V.29", 9600, "1000"
    V17_7200 = "V.17", 7200, "1101"
    V29_7200 = "V.29", 7200, "1100"
    V27TER_4800 = "V.27ter", 4800, "0100"
    V27TER_2400 = "V.27ter", 2400, "0000"

    def __init__(self, modem: str, bps: int, bits: str) -> None:
        self.modem, self.bps, self.bits = modem, bps, bits

    def __str__(self) -> str:
        return f"{self.modem} {self.bps}"


class Modems(Enum):
    """The modems that a DIS offers, and bits 11 to 14 that say so."""

    V27TER_2400_ONLY = "0000"
    V27TER = "0100"
    V29 = "1000"
    V27TER_V29 = "1100"
    V27TER_V29_V17 = "1101"

    @property
    def rates(self) -> frozenset[Rate]:
        if self is Modems.V27TER_2400_ONLY:
            return frozenset({Rate.V27TER_2400})
        return frozenset(rate for rate in Rate if rate.modem.replace(".", "").upper() in self.name.split("_"))


class Field(Generic[T]):
    """Neighbouring bits of a table, *first* counted from 0, read as one setting."""

    def __init__(self, number: int, mask: int) -> None:
        self.first, self.mask = number - 1, mask

    @overload
    def __get__(self, table: None, owner: type) -> Self: ...
    @overload
    def __get__(self, table: "Table", owner: type) -> T: ...
    def __get__(self, table: "Table | None", owner: type) -> Self | T:
        return self if table is None else self.read(table.value >> self.first & self.mask)

    def read(self, raw: int) -> T:
        raise NotImplementedError

    def write(self, setting: Any) -> int:
        raise NotImplementedError


class Bit(Field[bool]):
    """One bit, true when set."""

    def __init__(self, number: int) -> None:
        super().__init__(number, mask=1)

    def read(self, raw: int) -> bool:
        return bool(raw)

    def write(self, setting: Any) -> int:
        return int(bool(setting))


class Bits(Field[T | None]):
    """Some neighbouring bits. The meanings are keyed as the recommendation prints them, first bit first."""

    def __init__(self, first: int, meanings: dict[str, T]) -> None:
        super().__init__(first, mask=(1 << len(next(iter(meanings)))) - 1)
        self.meanings = {int(bits[::-1], 2): meaning for bits, meaning in meanings.items()}
        self.raw = {meaning: raw for raw, meaning in self.meanings.items()}

    def read(self, raw: int) -> T | None:
        """None where the recommendation gives these bits no meaning."""
        return self.meanings.get(raw)

    def write(self, setting: Any) -> int:
        return self.raw[setting]


class Table:
    """An immutable field of bits. The last bit of the third and each later octet says that one more follows."""

    def __init__(self, value: int = 0) -> None:
        self.value = value

    @classmethod
    def of(cls, **settings: Any) -> Self:
        return cls().replace(**settings)

    @classmethod
    def fields(cls) -> Iterator[tuple[str, Field[Any]]]:
        return (
            (name, bit) for base in reversed(cls.__mro__) for name, bit in vars(base).items() if isinstance(bit, Field)
        )

    def replace(self, **settings: Any) -> Self:
        value, declared = self.value, dict(self.fields())
        for name, setting in settings.items():
            bit = declared[name]
            value = value & ~(bit.mask << bit.first) | bit.write(setting) << bit.first
        return type(self)(value)

    @classmethod
    def decode(cls, fif: bytes) -> Self:
        value = 0
        for index, octet in enumerate(fif):
            value |= (octet & 0x7F if index >= 2 else octet) << 8 * index
            if index >= 2 and not octet & 0x80:
                break
        return cls(value)

    def encode(self) -> bytes:
        octets = bytearray(self.value.to_bytes(max(3, (self.value.bit_length() + 7) // 8), "little"))
        for index in range(2, len(octets) - 1):
            octets[index] |= 0x80
        return bytes(octets)

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and other.value == self.value

    def __hash__(self) -> int:
        return hash(self.value)

    def __repr__(self) -> str:
        said = {name: bit.__get__(self, type(self)) for name, bit in self.fields()}
        return f"{type(self).__name__}({', '.join(f'{name}={value}' for name, value in said.items() if value)})"


SCAN_TIMES_MS = {  # at standard and at fine resolution
    "000": (20, 20),
    "001": (40, 40),
    "010": (10, 10),
    "100": (5, 5),
    "011": (10, 5),
    "110": (20, 10),
    "101": (40, 20),
    "111": (0, 0),
}


class _Common(Table):
    """The bits that mean much the same offered and chosen."""

    receives = Bit(10)
    fine = Bit(15)
    two_dimensional = Bit(16)
    uncompressed = Bit(26)
    ecm = Bit(27)
    t6 = Bit(31)
    superfine = Bit(41)
    dpi_300 = Bit(42)
    dpi_400 = Bit(43)
    subaddress = Bit(49)
    jpeg = Bit(68)
    colour = Bit(69)
    letter = Bit(76)
    legal = Bit(77)
    t85 = Bit(78)
    t85_optional = Bit(79)


class Dis(_Common):
    """What a station can do: DIS, and DTC from one that polls."""

    v8 = Bit(6)
    prefers_64 = Bit(7)
    ready_to_send = Bit(9)
    modems = Bits(11, {modems.value: modems for modems in Modems})
    widths_px = Bits(17, {"00": (1728,), "10": (1728, 2048), "01": (1728, 2048, 2432)})
    length = Bits(19, {"00": "A4", "10": "B4", "01": "unlimited"})
    scan_times_ms = Bits(21, SCAN_TIMES_MS)
    multiple_polling = Bit(34)
    polled_subaddress = Bit(35)
    prefers_inch = Bit(44)
    prefers_metric = Bit(45)
    selective_polling = Bit(47)
    password = Bit(50)


class Dcs(_Common):
    """What the sender chose of it."""

    rate = Bits(11, {rate.bits: rate for rate in Rate})
    width_px = Bits(17, {"00": 1728, "10": 2048, "01": 2432})
    length = Bits(19, {"00": "A4", "10": "B4", "01": "unlimited"})
    scan_time_ms = Bits(21, {"000": 20, "001": 40, "010": 10, "100": 5, "111": 0})
    frames_of_64 = Bit(28)
    inch = Bit(44)
    sender_identification = Bit(50)

    @property
    def min_row_bits(self) -> int:
        """How many bits a row with its EOL takes at least, so that it lasts the minimum scan line time."""
        return -(-(self.scan_time_ms or 0) * self.rate.bps // 1000) if self.rate else 0


def ladder(*stations: Dis) -> list[Rate]:
    """The rates that all stations have, fastest first, one modem for each speed."""
    shared = frozenset.intersection(*((station.modems or Modems.V27TER_2400_ONLY).rates for station in stations))
    by_speed: dict[int, Rate] = {}
    for rate in Rate:
        if rate in shared:
            by_speed.setdefault(rate.bps, rate)
    return list(by_speed.values())


def choose(ours: Dis, theirs: Dis, rate: Rate, *, fine: bool = False, frames_of_64: bool = False) -> Dcs:
    """The terms of a document at *rate*: what both can do of what it needs. T.6 and T.85 need error correction."""

    def both(bit: str) -> bool:
        return bool(getattr(ours, bit) and getattr(theirs, bit))

    fine, ecm = fine and both("fine"), both("ecm")
    standard_ms, fine_ms = theirs.scan_times_ms or (20, 20)
    return Dcs.of(
        receives=True,
        rate=rate,
        fine=fine,
        two_dimensional=both("two_dimensional"),
        ecm=ecm,
        t6=ecm and both("t6"),
        t85=ecm and both("t85"),
        frames_of_64=ecm and frames_of_64,
        length=theirs.length or "A4",
        scan_time_ms=0 if ecm else fine_ms if fine else standard_ms,
    )


RESOLUTIONS = ("fine", "superfine", "dpi_300", "dpi_400")
CODINGS = ("two_dimensional", "uncompressed", "ecm", "t6", "jpeg", "t85")


def acceptable(ours: Dis, commanded: Dcs) -> bool:
    """Whether a DCS keeps to what our DIS offered: a modem we have, coding and resolution that we take."""
    rates = (ours.modems or Modems.V27TER_2400_ONLY).rates
    widths = ours.widths_px or (1728,)
    return (
        commanded.rate in rates
        and commanded.width_px in widths
        and all(getattr(ours, bit) or not getattr(commanded, bit) for bit in (*RESOLUTIONS, *CODINGS))
    )


AUDIO_V29 = Dis.of(receives=True, modems=Modems.V29, fine=True, length="unlimited", scan_times_ms=(0, 0))
"""V.29 without error correction, for a station whose only image modem that is. Bits 11 to 14 have a code for it."""

ALL_MODEMS = Dis.of(receives=True, modems=Modems.V27TER_V29_V17, fine=True, ecm=True, t6=True, length="unlimited")
"""Every modem, error correction, T.6. With 20 ms a row it asks for the slowest usual printer."""
