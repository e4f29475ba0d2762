"""What a device tells of itself: events stamped with the instant at which they happened, and datagrams."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from firmware_sim.clock import Instant

Detail = str | int | float | bool | None


class Address(NamedTuple):
    """A UDP address."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"


@dataclass(frozen=True, slots=True)
class Datagram:
    source: Address
    destination: Address
    data: bytes


@dataclass(frozen=True, slots=True)
class Stamped:
    """One line of the bench's log. *name* is the event's stable name; *detail* is plain data, fit for JSON."""

    at: Instant
    source: str
    name: str
    detail: Mapping[str, Detail] = field(default_factory=dict)
