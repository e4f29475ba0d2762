"""An FXS port as a table of states: what the telephone side does, what the network side does, what is heard.

The port rings, sees the hook, collects digits and plays the tones of a local exchange. It knows nothing of SIP: the
device tells it what the far end did, and asks it what to do next.
"""

from enum import Enum

from firmware_sim.clock import Duration, Instant, seconds

RING_ON, RING_OFF = seconds(1), seconds(4)
"""Ringing cadence of ETSI networks: one second on, four off."""
INTERDIGIT = seconds(4)
"""A number is complete when no further digit came for this long, or at '#'."""
FIRST_DIGIT = seconds(20)


class Hook(Enum):
    ON = "on hook"
    OFF = "off hook"


class PortState(Enum):
    IDLE = "idle"
    RINGING = "ringing"
    COLLECTING = "collecting digits"
    CALLING = "calling"
    TALKING = "talking"
    RELEASED = "released"
    """The far end is gone; busy tone until the hook goes down."""


class Signal(Enum):
    """What can happen to a port."""

    RING = "the network calls"
    STOP = "the caller gave up"
    OFF_HOOK = "the telephone went off hook"
    ON_HOOK = "the telephone went on hook"
    DIALLED = "the number is complete"
    ANSWERED = "the called party answered"
    CLEARED = "the far end is gone, or the call failed"


TRANSITIONS: dict[tuple[PortState, Signal], PortState] = {
    (PortState.IDLE, Signal.RING): PortState.RINGING,
    (PortState.IDLE, Signal.OFF_HOOK): PortState.COLLECTING,
    (PortState.RINGING, Signal.STOP): PortState.IDLE,
    (PortState.RINGING, Signal.CLEARED): PortState.IDLE,
    (PortState.RINGING, Signal.OFF_HOOK): PortState.TALKING,
    (PortState.COLLECTING, Signal.DIALLED): PortState.CALLING,
    (PortState.COLLECTING, Signal.CLEARED): PortState.RELEASED,
    (PortState.COLLECTING, Signal.ON_HOOK): PortState.IDLE,
    (PortState.CALLING, Signal.ANSWERED): PortState.TALKING,
    (PortState.CALLING, Signal.CLEARED): PortState.RELEASED,
    (PortState.CALLING, Signal.ON_HOOK): PortState.IDLE,
    (PortState.TALKING, Signal.CLEARED): PortState.RELEASED,
    (PortState.TALKING, Signal.ON_HOOK): PortState.IDLE,
    (PortState.RELEASED, Signal.ON_HOOK): PortState.IDLE,
}


class FxsPort:
    """`signal` it, look at `state`; `deadline` and `expire` run ringing and digit collection."""

    def __init__(self) -> None:
        self.state = PortState.IDLE
        self.digits = ""
        self._since: Instant = 0
        self._digits_due: Instant = 0

    def signal(self, signal: Signal, now: Instant) -> bool:
        """False where the signal has no place in this state: nothing happens."""
        new = TRANSITIONS.get((self.state, signal))
        if new is None:
            return False
        self.state, self._since = new, now
        if new is PortState.COLLECTING:
            self.digits, self._digits_due = "", now + FIRST_DIGIT
        return True

    def digit(self, digit: str, now: Instant) -> None:
        """A digit was heard. '#' ends the number at once."""
        if self.state is not PortState.COLLECTING:
            return
        if digit == "#":
            self._digits_due = now
            return
        self.digits += digit
        self._digits_due = now + INTERDIGIT

    @property
    def number_complete_at(self) -> Instant | None:
        """When the number counts as complete (or as never dialled), if no further digit comes."""
        return self._digits_due if self.state is PortState.COLLECTING else None

    def ring_on(self, now: Instant) -> bool:
        """Whether ringing voltage is on the line at *now*."""
        return self.state is PortState.RINGING and (now - self._since) % (RING_ON + RING_OFF) < RING_ON

    def next_ring_edge(self, now: Instant) -> Instant | None:
        """When ringing voltage next goes on or off."""
        if self.state is not PortState.RINGING:
            return None
        period: Duration = RING_ON + RING_OFF
        elapsed = (now - self._since) % period
        return now + (RING_ON - elapsed if elapsed < RING_ON else period - elapsed)
