"""Documents and pages outside the database: written first, named in the database afterwards, never changed."""

from typing import Protocol

from firmware_sim.clock import Instant


class Blobs(Protocol):
    def put(self, data: bytes, now: Instant) -> str:
        """Keep *data* for good and give the name under which it is found."""
        ...

    def get(self, name: str) -> bytes:
        """KeyError when there is none of that name."""
        ...

    def delete(self, name: str) -> None:
        """Nothing happens when there is none of that name."""
        ...

    def older_than(self, instant: Instant) -> list[str]:
        """Names of all that were written before *instant*."""
        ...


class MemoryBlobs:
    """For simulated time and tests."""

    def __init__(self) -> None:
        self.kept: dict[str, tuple[Instant, bytes]] = {}
        self._count = 0

    def put(self, data: bytes, now: Instant) -> str:
        self._count += 1
        name = f"blob-{self._count}"
        self.kept[name] = (now, data)
        return name

    def get(self, name: str) -> bytes:
        return self.kept[name][1]

    def delete(self, name: str) -> None:
        self.kept.pop(name, None)

    def older_than(self, instant: Instant) -> list[str]:
        return [name for name, (at, _) in self.kept.items() if at < instant]
