"""Any event at any time, sense or nonsense: a terminal never raises, and comes to an end when left alone."""

from random import Random

import pytest

from firmware_sim.clock import ms, seconds
from firmware_sim.t30.capabilities import ALL_MODEMS, AUDIO_V29, Dcs, Dis, Rate
from firmware_sim.t30.frames import ADDRESS, FINAL, MORE, Frame, encode_number
from firmware_sim.t30.outcome import Cause
from firmware_sim.t30.procedure import Call, Settings, remote_identification
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
)
from firmware_sim.t30.station import called, calling
from firmware_sim.t30.terminal import Terminal
from tests.t30.scenarios import build
from tests.t30.world import Port


def a_frame(rng: Random) -> bytes:
    fif = rng.choice(
        (
            b"",
            rng.randbytes(rng.randrange(40)),
            Dis.of(receives=True).encode(),
            Dcs.of(rate=rng.choice(list(Rate))).encode(),
        )
    )
    return (
        bytes((ADDRESS, rng.choice((MORE, FINAL, FINAL, FINAL)), rng.choice(list(Frame)).octet(rng.random() < 0.5)))
        + fif
    )


def an_event(rng: Random) -> Event:
    carrier = rng.choice(list(Carrier))
    return rng.choice(
        (
            Sent(),
            Sent(),
            Sent(),
            CarrierUp(carrier),
            CarrierDown(carrier),
            CarrierDown(carrier),
            FrameHeard(a_frame(rng)),
            FrameHeard(a_frame(rng)),
            FrameHeard(None),
            FrameHeard(rng.randbytes(rng.randrange(5))),
            TrainingHeard(rng.random()),
            TrainingHeard(0.0),
            DataHeard(rng.randbytes(9)),
            OperatorAnswers(),
        )
    )


def a_call(rng: Random) -> Call:
    able = rng.choice((ALL_MODEMS, AUDIO_V29, ALL_MODEMS.replace(two_dimensional=True, t85=True, superfine=True)))
    habits = Settings(
        able,
        ecm=rng.random() < 0.5,
        polls=rng.random() < 0.3,
        asks_repeat=rng.random() < 0.5,
        options={frame: rng.randbytes(rng.randrange(30)) for frame in rng.sample(list(Frame), 5)},
        poll_password=rng.choice((b"", b"", encode_number("1"))),
        sender_password=rng.choice((b"", b"", encode_number("1"))),
        longest_page=rng.choice((10, 8_000_000)),
    )
    shelf = {"": [b"a page"], "1": [b"another"]} if rng.random() < 0.3 else {}
    return Call(habits, [[b"a page"] * 2] * rng.randrange(3), shelf, operator_wanted=rng.random() < 0.3)


@pytest.mark.parametrize("first", range(0, 400, 100))
def test_no_event_breaks_a_terminal(first):
    bombard(range(first, first + 100))


@pytest.mark.soak
@pytest.mark.parametrize("first", range(1000, 21_000, 2000))
def test_no_event_breaks_a_terminal_at_length(first):
    bombard(range(first, first + 2000))


# -- real calls, a little wrong ----------------------------------------------------------------------------------------


def journal(port: Port) -> list[tuple[Event, int]]:
    """What a terminal of a call will have heard."""
    heard: list[tuple[Event, int]] = []
    receive = port.terminal.receive

    def listening(event: Event, now: int) -> None:
        heard.append((event, now))
        receive(event, now)

    port.terminal.receive = listening
    return heard


def mutated(event: Event, rng: Random) -> Event:
    """The same event with a few wrong bits, or shorter, longer, or of another name."""
    if not isinstance(event, FrameHeard) or not event.octets:
        return rng.choice((event, an_event(rng)))
    octets = bytearray(event.octets)
    match rng.randrange(5):
        case 0:
            for _ in range(rng.randrange(1, 4)):
                octets[rng.randrange(len(octets))] ^= 1 << rng.randrange(8)
        case 1:
            del octets[rng.randrange(len(octets)) :]
        case 2:
            octets += rng.randbytes(rng.randrange(1, 300))
        case 3 if len(octets) > 2:
            octets[2] = rng.choice(list(Frame)).octet(rng.random() < 0.5)
        case _:
            return FrameHeard(None)
    return FrameHeard(bytes(octets))


def replay(seeds):
    """Each end hears again what it heard in a good call, one event in twenty wrong, missing, early or twice."""
    for seed in seeds:
        world = build(seed)
        journals = [journal(port) for port in world.ports]
        world.run()
        for index, station in enumerate((calling, called)):
            rng = Random(seed)
            terminal, last = Terminal(build(seed).ports[index].terminal.call, station), 0
            for event, now in journals[index]:
                last = max(last, now + ms(rng.choice((0, 0, 0, 0, -200, 4000))))
                chance = rng.random()
                events = [event] if chance > 0.05 else rng.choice(([], [event] * 2, [mutated(event, rng)]))
                for heard in events:
                    while terminal.deadline is not None and terminal.deadline <= last:
                        terminal.expire(terminal.deadline)
                    terminal.receive(heard, last)
            leave_alone(terminal, last)
            assert isinstance(terminal.outcome.cause, Cause), seed
            assert all(text.isprintable() for _, _, text in terminal.trace), seed
            assert len(terminal.trace) < 10 * len(journals[index]) + 1000, seed


@pytest.mark.parametrize("first", range(0, 120, 40))
def test_a_call_that_goes_a_little_wrong(first):
    replay(range(first, first + 40))


@pytest.mark.soak
@pytest.mark.parametrize("first", range(1000, 8000, 500))
def test_a_call_that_goes_a_little_wrong_at_length(first):
    replay(range(first, first + 500))


# -- no call at all ----------------------------------------------------------------------------------------------------


def bombard(seeds):
    for seed in seeds:
        rng = Random(seed)
        terminal, now = Terminal(a_call(rng), rng.choice((calling, called))), 0
        for _ in range(rng.randrange(200)):
            now += ms(rng.choice((0, 1, 100, 3000)))
            terminal.receive(an_event(rng), now)
            terminal.expire(now)
        if rng.random() < 0.2:
            terminal.receive(rng.choice((Abort(), LineLost())), now)
        leave_alone(terminal, now)
        assert isinstance(terminal.outcome.cause, Cause), seed
        assert all(text.isprintable() for _, _, text in terminal.trace), seed
        assert remote_identification(terminal.call).isprintable(), seed


def leave_alone(terminal: Terminal, now: int) -> None:
    """A silent line and a modem that sends what it is told to."""
    sending = True
    while terminal.outcome is None:
        for output in terminal.outputs():
            sending = isinstance(output, Transmit) or (sending and not isinstance(output, (Release, RingOperator)))
        if terminal.deadline is None or sending:
            now, sending = now + seconds(1), False
            terminal.receive(Sent(), now)
        else:
            now = terminal.deadline
            terminal.expire(now)
        assert now < seconds(100_000), f"no end: {terminal.where}"
