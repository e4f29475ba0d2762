"""Any event at any time, sense or nonsense: a terminal never raises, and comes to an end when left alone."""

from random import Random

import pytest

from firmware_sim.clock import ms, seconds
from firmware_sim.t30.capabilities import ALL_MODEMS, AUDIO_V29, Dcs, Dis, Rate
from firmware_sim.t30.frames import ADDRESS, FINAL, MORE, Frame
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
    able = rng.choice((ALL_MODEMS, AUDIO_V29))
    habits = Settings(able, ecm=rng.random() < 0.5, polls=rng.random() < 0.3, asks_repeat=rng.random() < 0.5)
    return Call(habits, [[b"a page"] * 2] * rng.randrange(3), operator_wanted=rng.random() < 0.3)


@pytest.mark.parametrize("first", range(0, 400, 100))
def test_no_event_breaks_a_terminal(first):
    bombard(range(first, first + 100))


@pytest.mark.soak
@pytest.mark.parametrize("first", range(1000, 21_000, 2000))
def test_no_event_breaks_a_terminal_at_length(first):
    bombard(range(first, first + 2000))


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
