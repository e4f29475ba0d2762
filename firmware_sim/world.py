"""Simulated time: devices and the network between them in one deterministic run, far faster than real time.

The world steps to the next instant at which anything happens: a datagram arrives, a node's deadline comes (the next
block of 20 ms is one while audio flows), or something scheduled is due. Nothing in it looks at a clock.
"""

from collections.abc import Callable, Sequence
from heapq import heappop, heappush
from typing import Protocol

from firmware_sim.clock import Duration, Instant, ms
from firmware_sim.errors import ConfigError
from firmware_sim.events import Address, Datagram, Stamped

LATENCY = ms(5)
NEVER: Instant = 1 << 62


class Node(Protocol):
    """What the world can step: a device, a PBX, or the shell of something that polls."""

    @property
    def addresses(self) -> Sequence[Address]: ...

    @property
    def deadline(self) -> Instant | None: ...

    def receive(self, datagram: Datagram, now: Instant) -> None: ...

    def expire(self, now: Instant) -> None: ...

    def outputs(self, now: Instant) -> list[Datagram]: ...

    def events(self) -> list[Stamped]: ...


class World:
    """*latency* is how long a datagram travels. *watch* is told of every event, in the order in which it is noticed."""

    def __init__(self, watch: Callable[[Stamped], None], latency: Duration = LATENCY) -> None:
        self.now: Instant = 0
        self.unrouted = 0
        self._latency, self._watch = latency, watch
        self._nodes: list[Node] = []
        self._deadlines: list[Instant] = []
        self._places: dict[int, int] = {}
        self._owners: dict[Address, Node] = {}
        self._heap: list[tuple[Instant, int, Callable[[], None]]] = []
        self._sequence = 0

    def add(self, node: Node) -> None:
        """Raises ConfigError for an address that another node has."""
        for address in node.addresses:
            if address in self._owners:
                raise ConfigError(f"{address} is in use twice: give each device a port of its own")
            self._owners[address] = node
        self._places[id(node)] = len(self._nodes)
        self._nodes.append(node)
        self._deadlines.append(NEVER)
        self._note_deadline(node)

    def at(self, when: Instant, action: Callable[[], None]) -> None:
        self._sequence += 1
        heappush(self._heap, (max(when, self.now), self._sequence, action))

    def touch(self, node: Node) -> None:
        """After a node was told something from outside: carry what it says, and watch what happened."""
        for datagram in node.outputs(self.now):
            self.at(self.now + self._latency, lambda datagram=datagram: self._deliver(datagram))  # type: ignore[misc]
        for event in node.events():
            self._watch(event)
        self._note_deadline(node)

    def run(self, until: Callable[[], bool], limit: Instant) -> bool:
        """Step until *until* holds; false where *limit* came first, and then it is *limit*."""
        while not until():
            due = min(self._deadlines, default=NEVER)
            if self._heap and self._heap[0][0] <= due:
                if self._heap[0][0] > limit:
                    break
                self.now, _, action = heappop(self._heap)
                action()
            elif due <= limit:
                self.now = max(self.now, due)
                node = self._nodes[self._deadlines.index(due)]  # of equal ones the node that was added first
                node.expire(self.now)
                self.touch(node)
            else:
                break
        else:
            return True
        self.now = max(self.now, limit)
        return until()

    def _note_deadline(self, node: Node) -> None:
        """A node's deadline moves only when it is told something, so it is asked for only then."""
        due = node.deadline
        self._deadlines[self._places[id(node)]] = NEVER if due is None else due

    def _deliver(self, datagram: Datagram) -> None:
        owner = self._owners.get(datagram.destination)
        if owner is None:
            self.unrouted += 1
            return
        owner.receive(datagram, self.now)
        self.touch(owner)
