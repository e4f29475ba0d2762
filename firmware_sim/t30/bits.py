"""Fields of bits that are declared beside their number, as T.30 prints its Table 2."""

from collections.abc import Iterator
from typing import Any, Generic, Self, TypeVar, overload

T = TypeVar("T")

OCTETS_BEFORE_EXTENSION = 2
"""From the third octet on, the last bit of each says whether one more follows."""


class Field(Generic[T]):
    """Neighbouring bits of a table, *first* counted from 0, read as one setting.

    *binds*: a receiver that has not offered it cannot read what is sent with it.
    """

    def __init__(self, number: int, mask: int, binds: bool = False) -> None:
        self.first, self.mask, self.binds = number - 1, mask, binds

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

    @property
    def numbers(self) -> range:
        """The bits as the recommendation counts them, from 1."""
        return range(self.first + 1, self.first + 1 + self.mask.bit_length())


class Bit(Field[bool]):
    """One bit, true when set."""

    def __init__(self, number: int, binds: bool = False) -> None:
        super().__init__(number, 1, binds)

    def read(self, raw: int) -> bool:
        return bool(raw)

    def write(self, setting: Any) -> int:
        return int(bool(setting))


class Bits(Field[T | None]):
    """Some neighbouring bits. The meanings are keyed as the recommendation prints them, first bit first.

    Of two keys with one meaning the last is written.
    """

    def __init__(self, first: int, meanings: dict[str, T]) -> None:
        super().__init__(first, (1 << len(next(iter(meanings)))) - 1)
        self.meanings = {int(bits[::-1], 2): meaning for bits, meaning in meanings.items()}
        self.raw = {meaning: raw for raw, meaning in self.meanings.items()}

    def read(self, raw: int) -> T | None:
        """None where the recommendation gives these bits no meaning."""
        return self.meanings.get(raw)

    def write(self, setting: Any) -> int:
        return self.raw[setting]


class Number(Field[int]):
    """Some neighbouring bits as a number, the first the least significant. Not zero binds as a bit does."""

    def __init__(self, first: int, width: int, binds: bool = False) -> None:
        super().__init__(first, (1 << width) - 1, binds)

    def read(self, raw: int) -> int:
        return raw

    def write(self, setting: Any) -> int:
        return int(setting) & self.mask


class Table:
    """An immutable field of bits."""

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
        """What stands after an octet without the extend bit is not part of the field, however much it is."""
        value = 0
        for index, octet in enumerate(fif):
            value |= (octet & 0x7F if index >= OCTETS_BEFORE_EXTENSION else octet) << 8 * index
            if index >= OCTETS_BEFORE_EXTENSION and not octet & 0x80:
                break
        return cls(value)

    def encode(self) -> bytes:
        """At least three octets, and no more than are needed."""
        octets = bytearray(self.value.to_bytes(max(3, (self.value.bit_length() + 7) // 8), "little"))
        for index in range(OCTETS_BEFORE_EXTENSION, len(octets) - 1):
            octets[index] |= 0x80
        return bytes(octets)

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and other.value == self.value

    def __hash__(self) -> int:
        return hash(self.value)

    def __repr__(self) -> str:
        said = {name: bit.__get__(self, type(self)) for name, bit in self.fields()}
        return f"{type(self).__name__}({', '.join(f'{name}={value}' for name, value in said.items() if value)})"
