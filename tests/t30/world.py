"""Two terminals and the line between them, in simulated time: carriers, frames and page octets, no bits or samples.

Durations are real ones. What goes wrong comes from one seed, so a seed is a call, and the same one every time.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from heapq import heappop, heappush
from random import Random

from firmware_sim.clock import Duration, Instant, ms, seconds
from firmware_sim.t30.procedure import Call, Image
from firmware_sim.t30.signals import (
    Abort,
    Carrier,
    CarrierDown,
    CarrierUp,
    DataHeard,
    Event,
    FrameHeard,
    LineLost,
    OperatorAnswers,
    Release,
    RingOperator,
    Sent,
    TrainingHeard,
    Transmit,
    Tune,
)
from firmware_sim.t30.station import called, calling
from firmware_sim.t30.tables import Rate
from firmware_sim.t30.terminal import Station, Terminal
from tests.t30 import pages

PREAMBLE = seconds(1)
TCF = ms(1500)
TRAINING = {"V.17": ms(1393), "V.29": ms(253), "V.27ter": ms(943)}
SHORT_TRAINING = {**TRAINING, "V.17": ms(142)}


def on_air(octets: int, bps: int) -> Duration:
    return octets * 8 * 1_000_000 // bps


@dataclass(frozen=True)
class Faults:
    """Chances, each between 0 and 1, of what a line does to a signal."""

    burst_lost: float = 0.0
    frame_spoilt: float = 0.0
    training_spoilt: float = 0.0
    image_lost: float = 0.0
    """Not a trace of the image signal arrives."""
    image_unreadable: float = 0.0
    """The carrier is there, but the modem does not train."""
    block_frame_spoilt: float = 0.0
    row_spoilt: float = 0.0
    page_cut: float = 0.0
    echo: float = 0.0
    jitter: Duration = 0
    latency: Duration = 20_000
    echo_delay: Duration = 300_000
    operator_comes: float = 0.0
    """Somebody takes the handset when called to it."""
    fastest_bps: int = 1 << 30
    """Faster image signals cannot be read."""


@dataclass(slots=True)
class Flight:
    """A signal on its way. What its sender had not yet sent when it was cut short does not arrive."""

    delay: Duration
    cut: Instant = 1 << 62


Script = Callable[["Port", Transmit], bool]
"""Sees every signal as it is sent; false and it is lost."""


class Port:
    """A terminal's end of the line, half duplex: what comes while it sends is not heard."""

    def __init__(self, world: "World", name: str, terminal: Terminal) -> None:
        self.world, self.name, self.terminal = world, name, terminal
        self.tuned = Tune()
        self.sending_until: Instant = -1
        self.flight = Flight(0)
        self.on_hook = False
        self.trained: Rate | None = None
        """The rate at which the modem last trained at length."""
        self.peer: Port

    def hear(self, arrival: tuple[Flight, Event], now: Instant) -> None:
        flight, event = arrival
        gone = now - flight.delay > flight.cut and not isinstance(event, CarrierDown)
        if self.sending_until <= now and not self.on_hook and not gone:
            self.deliver(event, now)

    def deliver(self, event: Event, now: Instant) -> None:
        self.terminal.receive(event, now)
        self.flush(now)

    def flush(self, now: Instant) -> None:
        for output in self.terminal.outputs():
            match output:
                case Tune():
                    self.tuned = output
                case Transmit():
                    self.world.carry(self, output, now)
                case RingOperator():
                    if self.world.rng.random() < self.world.faults.operator_comes:
                        self.world.at(now + seconds(3), self.deliver, OperatorAnswers())
                case Release():
                    self.on_hook = True

    def sent(self, flight: Flight, now: Instant) -> None:
        if flight is self.flight and not self.on_hook:
            self.deliver(Sent(), now)


class World:
    """A call from end to end. `run` returns when both terminals have their outcome."""

    def __init__(
        self, seed: int, caller: Call, answerer: Call, faults: Faults = Faults(), script: Script | None = None
    ) -> None:
        self.rng, self.faults, self.script = Random(seed), faults, script
        self.now: Instant = 0
        self.heap: list[tuple[Instant, int, Callable, object]] = []
        self.count = 0
        self.caller = self._port("caller", caller, calling)
        self.answerer = self._port("answerer", answerer, called)
        self.caller.peer, self.answerer.peer = self.answerer, self.caller
        self.ports = (self.caller, self.answerer)
        for port in self.ports:
            port.flush(0)

    def _port(self, name: str, call: Call, station: Station) -> Port:
        return Port(self, name, Terminal(call, station))

    def at(self, when: Instant, action: Callable, value: object) -> None:
        self.count += 1
        heappush(self.heap, (when, self.count, action, value))

    def run(self, limit: Duration = 7_200_000_000) -> "World":
        while not all(port.terminal.outcome for port in self.ports):
            due = [
                (port.terminal.deadline, index)
                for index, port in enumerate(self.ports)
                if port.terminal.deadline is not None
            ]
            when, index = min(due, default=(limit, -1))
            if self.heap and self.heap[0][0] <= when:
                self.now, _, action, value = heappop(self.heap)
                action(value, self.now)
            elif index >= 0 and when < limit:
                self.now = when
                self.ports[index].terminal.expire(when)
                self.ports[index].flush(when)
            else:
                raise AssertionError(f"no end: {[port.terminal.where for port in self.ports]}")
        return self

    # -- what the line does to a signal --------------------------------------------------------------------------------

    def carry(self, port: Port, signal: Transmit, now: Instant) -> None:
        """Put a signal on the line: `Sent` to its sender in due time, and to the other end what survives of it."""
        start = now + signal.after
        if signal.image is None:
            times = [start + PREAMBLE]
            for frame in signal.frames:
                times.append(times[-1] + on_air(len(frame) + 3, 300))
            end = times[-1]
        else:
            times, end = [], start + self._training(port, signal) + self._image_time(signal)
        if port.sending_until > now:
            port.flight.cut = now
        delay = self.faults.latency + (self.rng.randrange(self.faults.jitter) if self.faults.jitter else 0)
        flight = port.flight = Flight(delay)
        port.sending_until = end
        self.at(end, port.sent, flight)
        if self.script is not None and not self.script(port, signal):
            return
        if signal.image is None:
            self._carry_burst(port.peer, flight, signal, start, times[1:])
            if self.rng.random() < self.faults.echo:
                self._carry_burst(port, Flight(self.faults.echo_delay), signal, start, times[1:])
        else:
            self._carry_image(port.peer, flight, signal, start, end)

    def _carry_burst(self, port: Port, flight: Flight, signal: Transmit, start: Instant, times: list[Instant]) -> None:
        if self.rng.random() < self.faults.burst_lost:
            return
        self.at(start + flight.delay + ms(100), port.hear, (flight, CarrierUp(Carrier.V21)))
        for frame, when in zip(signal.frames, times, strict=True):
            spoilt = self.rng.random() < self.faults.frame_spoilt
            self.at(when + flight.delay, port.hear, (flight, FrameHeard(None if spoilt else frame)))
        self.at(times[-1] + flight.delay + ms(20), port.hear, (flight, CarrierDown(Carrier.V21)))

    def _carry_image(self, port: Port, flight: Flight, signal: Transmit, start: Instant, end: Instant) -> None:
        if self.rng.random() < self.faults.image_lost:
            return
        self.at(start + flight.delay + ms(20), port.hear, (flight, CarrierUp(Carrier.IMAGE)))
        assert signal.rate is not None
        if self.rng.random() >= self.faults.image_unreadable and signal.rate.bps <= self.faults.fastest_bps:
            self.at(end + flight.delay, self._demodulate, (port, flight, signal))
        self.at(end + flight.delay + ms(20), port.hear, (flight, CarrierDown(Carrier.IMAGE)))

    def _demodulate(self, arrival: tuple[Port, Flight, Transmit], now: Instant) -> None:
        port, flight, signal = arrival
        if port.tuned.rate is signal.rate and self._trains(port, signal):
            for event in self._read(port.tuned.image, signal):
                port.hear((flight, event), now)

    @staticmethod
    def _trains(port: Port, signal: Transmit) -> bool:
        """Only V.17 has a short training, which lives on what a long one at the same rate has left."""
        assert signal.rate is not None
        if signal.rate.modem != "V.17":
            return True
        if signal.long_training:
            port.trained = signal.rate if port.tuned.long_training else None
            return port.tuned.long_training
        return port.trained is signal.rate and not port.tuned.long_training

    def _read(self, tuned: Image | None, signal: Transmit) -> Iterator[Event]:
        """What a modem tuned to one kind of image makes of another, and of its own."""
        match tuned, signal.image:
            case Image.TRAINING, Image.TRAINING:
                yield TrainingHeard(self.rng.random() if self.rng.random() < self.faults.training_spoilt else 0.0)
            case Image.TRAINING, _:
                yield TrainingHeard(0.5)
            case Image.PAGE, Image.PAGE:
                yield DataHeard(self._spoil(signal.octets))
            case Image.PAGE, Image.TRAINING:
                yield DataHeard(bytes(2000))
            case Image.BLOCK, Image.BLOCK:
                chance, random = self.faults.block_frame_spoilt, self.rng.random
                for frame in signal.frames:
                    yield FrameHeard(None if chance and random() < chance else frame)

    def _spoil(self, page: bytes) -> bytes:
        rows = pages.rows_of(page)
        if self.rng.random() < self.faults.page_cut:
            rows = rows[: self.rng.randrange(len(rows))]
        if self.faults.row_spoilt:
            rows = [self.rng.randbytes(len(row)) if self.rng.random() < self.faults.row_spoilt else row for row in rows]
        return b"".join(rows)

    @staticmethod
    def _training(port: Port, signal: Transmit) -> Duration:
        assert signal.rate is not None
        return (TRAINING if signal.long_training else SHORT_TRAINING)[signal.rate.modem]

    @staticmethod
    def _image_time(signal: Transmit) -> Duration:
        assert signal.rate is not None
        if signal.image is Image.TRAINING:
            return TCF
        return on_air(len(signal.octets) + sum(len(frame) + 3 for frame in signal.frames), signal.rate.bps)


def hang_up(world: World, when: Instant) -> None:
    """The exchange takes the line away from both ends."""
    for port in world.ports:
        world.at(when, port.deliver, LineLost())


def abort(port: Port, when: Instant) -> None:
    port.world.at(when, port.deliver, Abort())
