"""Whatever the line does: both ends come to an end, tell the truth, and tell it the same way twice."""

import os

import pytest

from firmware_sim.t30.terminal import Terminal
from tests.t30.scenarios import build, check

SEEDS = int(os.environ.get("T30_SEEDS", "200"))


def story(world):
    return [(port.terminal.trace, port.terminal.outcome) for port in world.ports]


@pytest.mark.parametrize("first", range(0, SEEDS, 100))
def test_random_calls(first):
    judge(range(first, first + 100))


@pytest.mark.soak
@pytest.mark.parametrize("first", range(SEEDS, SEEDS + 5000, 500))
def test_random_calls_at_length(first):
    judge(range(first, first + 500))


def judge(seeds):
    for seed in seeds:
        world = build(seed).run()
        try:
            check(world)
        except AssertionError as problem:
            raise AssertionError(f"seed {seed}: {problem}") from problem


def test_equal_seeds_tell_equal_stories():
    for seed in range(0, SEEDS, 10):
        assert story(build(seed).run()) == story(build(seed).run())


def test_a_terminal_is_restored_by_replaying_what_it_heard():
    """A generator cannot be copied; but it is a function of its events, so a journal of them is its snapshot."""
    world = build(8)
    journal, terminal = [], world.answerer.terminal
    receive, expire = terminal.receive, terminal.expire
    terminal.receive = lambda event, now: (journal.append((event, now)), receive(event, now))[1]
    terminal.expire = lambda now: (journal.append((None, now)), expire(now))[1]
    world.run()
    twin = Terminal(build(8).answerer.terminal.call, _called(), 0)
    for event, now in journal:
        twin.expire(now) if event is None else twin.receive(event, now)
    assert (twin.trace, twin.outcome) == (terminal.trace, terminal.outcome)


def _called():
    from firmware_sim.t30.station import called

    return called
