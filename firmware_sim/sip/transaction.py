"""The four transactions of RFC 3261 section 17 with the Accepted states of RFC 6026, as tables.

An event that has no row in a transaction's table is illegal in its state: from the peer it is ignored, from our own
side it is a LocalProtocolError. A timer lives for as long as its state has a row for it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

from firmware_sim.clock import Duration, Instant
from firmware_sim.events import Address
from firmware_sim.sip.message import Request, Response
from firmware_sim.sip.timers import T2, TIMERS, Timer


class State(Enum):
    CALLING = "Calling"
    TRYING = "Trying"
    PROCEEDING = "Proceeding"
    COMPLETED = "Completed"
    CONFIRMED = "Confirmed"
    ACCEPTED = "Accepted"
    TERMINATED = "Terminated"


class Trigger(Enum):
    REQUEST = "request again"
    ACK = "ACK"
    PROVISIONAL = "1xx"
    SUCCESS = "2xx"
    FAILURE = "300-699"
    SEND_PROVISIONAL = "send 1xx"
    SEND_SUCCESS = "send 2xx"
    SEND_FAILURE = "send 300-699"


class Action(Enum):
    SEND = "send the request or the last response"
    SEND_ACK = "send ACK"
    PASS = "hand to the user"
    TIMEOUT = "tell the user of the timeout"


@dataclass(frozen=True, slots=True)
class Step:
    state: State
    actions: tuple[Action, ...] = ()


Table = Mapping[tuple[State, Trigger | Timer], Step]
_S, _T, _A = State, Trigger, Action

INVITE_CLIENT: Table = {
    (_S.CALLING, Timer.A): Step(_S.CALLING, (_A.SEND,)),
    (_S.CALLING, Timer.B): Step(_S.TERMINATED, (_A.TIMEOUT,)),
    (_S.CALLING, _T.PROVISIONAL): Step(_S.PROCEEDING, (_A.PASS,)),
    (_S.CALLING, _T.SUCCESS): Step(_S.ACCEPTED, (_A.PASS,)),
    (_S.CALLING, _T.FAILURE): Step(_S.COMPLETED, (_A.SEND_ACK, _A.PASS)),
    (_S.PROCEEDING, _T.PROVISIONAL): Step(_S.PROCEEDING, (_A.PASS,)),
    (_S.PROCEEDING, _T.SUCCESS): Step(_S.ACCEPTED, (_A.PASS,)),
    (_S.PROCEEDING, _T.FAILURE): Step(_S.COMPLETED, (_A.SEND_ACK, _A.PASS)),
    (_S.COMPLETED, _T.FAILURE): Step(_S.COMPLETED, (_A.SEND_ACK,)),
    (_S.COMPLETED, Timer.D): Step(_S.TERMINATED),
    (_S.ACCEPTED, _T.SUCCESS): Step(_S.ACCEPTED, (_A.PASS,)),
    (_S.ACCEPTED, Timer.M): Step(_S.TERMINATED),
}

NON_INVITE_CLIENT: Table = {
    (_S.TRYING, Timer.E): Step(_S.TRYING, (_A.SEND,)),
    (_S.TRYING, Timer.F): Step(_S.TERMINATED, (_A.TIMEOUT,)),
    (_S.TRYING, _T.PROVISIONAL): Step(_S.PROCEEDING, (_A.PASS,)),
    (_S.TRYING, _T.SUCCESS): Step(_S.COMPLETED, (_A.PASS,)),
    (_S.TRYING, _T.FAILURE): Step(_S.COMPLETED, (_A.PASS,)),
    (_S.PROCEEDING, Timer.E): Step(_S.PROCEEDING, (_A.SEND,)),
    (_S.PROCEEDING, Timer.F): Step(_S.TERMINATED, (_A.TIMEOUT,)),
    (_S.PROCEEDING, _T.PROVISIONAL): Step(_S.PROCEEDING, (_A.PASS,)),
    (_S.PROCEEDING, _T.SUCCESS): Step(_S.COMPLETED, (_A.PASS,)),
    (_S.PROCEEDING, _T.FAILURE): Step(_S.COMPLETED, (_A.PASS,)),
    (_S.COMPLETED, _T.SUCCESS): Step(_S.COMPLETED),
    (_S.COMPLETED, _T.FAILURE): Step(_S.COMPLETED),
    (_S.COMPLETED, Timer.K): Step(_S.TERMINATED),
}

INVITE_SERVER: Table = {
    (_S.PROCEEDING, _T.REQUEST): Step(_S.PROCEEDING, (_A.SEND,)),
    (_S.PROCEEDING, _T.SEND_PROVISIONAL): Step(_S.PROCEEDING, (_A.SEND,)),
    (_S.PROCEEDING, _T.SEND_SUCCESS): Step(_S.ACCEPTED, (_A.SEND,)),
    (_S.PROCEEDING, _T.SEND_FAILURE): Step(_S.COMPLETED, (_A.SEND,)),
    (_S.COMPLETED, _T.REQUEST): Step(_S.COMPLETED, (_A.SEND,)),
    (_S.COMPLETED, Timer.G): Step(_S.COMPLETED, (_A.SEND,)),
    (_S.COMPLETED, Timer.H): Step(_S.TERMINATED, (_A.TIMEOUT,)),
    (_S.COMPLETED, _T.ACK): Step(_S.CONFIRMED),
    (_S.CONFIRMED, _T.REQUEST): Step(_S.CONFIRMED),
    (_S.CONFIRMED, _T.ACK): Step(_S.CONFIRMED),
    (_S.CONFIRMED, Timer.I): Step(_S.TERMINATED),
    (_S.ACCEPTED, _T.REQUEST): Step(_S.ACCEPTED),
    (_S.ACCEPTED, _T.ACK): Step(_S.ACCEPTED, (_A.PASS,)),
    (_S.ACCEPTED, _T.SEND_SUCCESS): Step(_S.ACCEPTED, (_A.SEND,)),
    (_S.ACCEPTED, Timer.L): Step(_S.TERMINATED),
}

NON_INVITE_SERVER: Table = {
    (_S.TRYING, _T.REQUEST): Step(_S.TRYING),
    (_S.TRYING, _T.SEND_PROVISIONAL): Step(_S.PROCEEDING, (_A.SEND,)),
    (_S.TRYING, _T.SEND_SUCCESS): Step(_S.COMPLETED, (_A.SEND,)),
    (_S.TRYING, _T.SEND_FAILURE): Step(_S.COMPLETED, (_A.SEND,)),
    (_S.PROCEEDING, _T.REQUEST): Step(_S.PROCEEDING, (_A.SEND,)),
    (_S.PROCEEDING, _T.SEND_PROVISIONAL): Step(_S.PROCEEDING, (_A.SEND,)),
    (_S.PROCEEDING, _T.SEND_SUCCESS): Step(_S.COMPLETED, (_A.SEND,)),
    (_S.PROCEEDING, _T.SEND_FAILURE): Step(_S.COMPLETED, (_A.SEND,)),
    (_S.COMPLETED, _T.REQUEST): Step(_S.COMPLETED, (_A.SEND,)),
    (_S.COMPLETED, Timer.J): Step(_S.TERMINATED),
}


class Kind(Enum):
    """What a transaction is: its table and the state in which it begins."""

    INVITE_CLIENT = ("INVITE client", _S.CALLING)
    NON_INVITE_CLIENT = ("non-INVITE client", _S.TRYING)
    INVITE_SERVER = ("INVITE server", _S.PROCEEDING)
    NON_INVITE_SERVER = ("non-INVITE server", _S.TRYING)

    @property
    def first(self) -> State:
        return self.value[1]

    @property
    def table(self) -> Table:
        return TABLES[self]


TABLES: Mapping[Kind, Table] = {
    Kind.INVITE_CLIENT: INVITE_CLIENT,
    Kind.NON_INVITE_CLIENT: NON_INVITE_CLIENT,
    Kind.INVITE_SERVER: INVITE_SERVER,
    Kind.NON_INVITE_SERVER: NON_INVITE_SERVER,
}


@dataclass(eq=False)
class Transaction:
    """One request and its responses. Decides; the layer around it sends, passes on and keeps the clock."""

    kind: Kind
    key: tuple[str, ...]
    request: Request
    destination: Address
    state: State = field(init=False)
    last: Response | None = None
    timers: dict[Timer, Instant] = field(default_factory=dict)
    _intervals: dict[Timer, Duration] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.state = self.kind.first

    def start(self, now: Instant) -> None:
        self._tend_timers(now)

    def step(self, trigger: Trigger | Timer, now: Instant) -> tuple[Action, ...] | None:
        """What is to be done, None when *trigger* is illegal in this state."""
        found = self.kind.table.get((self.state, trigger))
        if found is None:
            return None
        changed, self.state = found.state is not self.state, found.state
        if isinstance(trigger, Timer):
            self._repeat(trigger, now)
        if changed:
            self._tend_timers(now)
        return found.actions

    def _repeat(self, timer: Timer, now: Instant) -> None:
        del self.timers[timer]
        spec = TIMERS[timer]
        if not spec.repeats or self.state is State.TERMINATED:
            return
        longer = min(2 * self._intervals[timer], spec.cap)
        if timer is Timer.E and self.state is State.PROCEEDING:
            longer = T2
        self._intervals[timer] = longer
        self.timers[timer] = now + longer

    def _tend_timers(self, now: Instant) -> None:
        """Start the timers that the new state has rows for and stop the others."""
        wanted = [timer for timer in Timer if (self.state, timer) in self.kind.table]
        for timer in wanted:
            if timer not in self.timers:
                self._intervals[timer] = TIMERS[timer].first
                self.timers[timer] = now + TIMERS[timer].first
        for timer in set(self.timers) - set(wanted):
            del self.timers[timer]
