"""A packet network in simulated time: it joins cores with the message surface, and may lose, double and delay."""

import heapq
import random
from typing import Any, Protocol

from firmware_sim.clock import Instant, ms
from firmware_sim.events import Address, Datagram


class Node(Protocol):
    local: Address

    @property
    def deadline(self) -> Instant | None: ...
    def receive(self, datagram: Datagram, now: Instant) -> None: ...
    def expire(self, now: Instant) -> None: ...
    def outputs(self, now: Instant) -> list[Datagram]: ...


class Network:
    def __init__(
        self,
        *nodes: Node,
        seed: int = 1,
        loss: float = 0,
        doubling: float = 0,
        jitter_ms: float = 0,
    ) -> None:
        self.now: Instant = 0
        self.nodes = {node.local: node for node in nodes}
        self.log: list[tuple[Instant, Datagram]] = []
        self.loss, self.doubling, self.jitter_ms = loss, doubling, jitter_ms
        self.dropping: Any = None
        """Called with each datagram; true loses it."""
        self._rng = random.Random(seed)
        self._flying: list[tuple[Instant, int, Datagram]] = []
        self._count = 0

    def collect(self) -> None:
        for node in self.nodes.values():
            for datagram in node.outputs(self.now):
                self.log.append((self.now, datagram))
                for _ in range(1 + (self._rng.random() < self.doubling)):
                    self._fly(datagram)

    def _fly(self, datagram: Datagram) -> None:
        if self._rng.random() < self.loss or (self.dropping and self.dropping(datagram)):
            return
        self._count += 1
        at = self.now + ms(5 + self._rng.random() * self.jitter_ms)
        heapq.heappush(self._flying, (at, self._count, datagram))

    def step(self, until: Instant) -> bool:
        """To the next thing that happens, but not beyond *until*."""
        self.collect()
        waiting = [node.deadline for node in self.nodes.values()]
        times = [at for at in waiting if at is not None] + [self._flying[0][0] for _ in self._flying[:1]]
        if not times or min(times) > until:
            self.now = max(self.now, until)
            return False
        self.now = max(self.now, min(times))
        while self._flying and self._flying[0][0] <= self.now:
            datagram = heapq.heappop(self._flying)[2]
            if datagram.destination in self.nodes:
                self.nodes[datagram.destination].receive(datagram, self.now)
        for node in self.nodes.values():
            if node.deadline is not None and node.deadline <= self.now:
                node.expire(self.now)
        return True

    def run(self, duration_ms: float) -> None:
        until = self.now + ms(duration_ms)
        for _ in range(200_000):
            if not self.step(until):
                return
        raise AssertionError("a core asks for its alarm again and again")

    def methods(self) -> list[str]:
        """What was sent, as first words: `INVITE`, `200`."""
        words = [datagram.data.split(b" ", 2) for _, datagram in self.log]
        return [(word[1] if word[0] == b"SIP/2.0" else word[0]).decode() for word in words]


def drain(core: Any) -> list[Any]:
    events = []
    while (event := core.next_event()) is not None:
        events.append(event)
    return events
