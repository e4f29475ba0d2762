"""Every signal of a reference call, lost one at a time and two at a time: the call still ends well."""

from itertools import combinations

import pytest

from firmware_sim.clock import seconds
from firmware_sim.t30.outcome import Cause
from firmware_sim.t30.procedure import Image
from tests.t30.scenarios import check
from tests.t30.test_calls import BOTH_OK, LONG, OTHER, PAGE, call, causes
from tests.t30.world import Faults, World


def busy(seconds_busy):
    answerer = call(ecm=True)
    answerer.busy_until = seconds(seconds_busy)
    return answerer


CALLS = {
    "plain": lambda: (call([PAGE, OTHER]), call()),
    "corrected": lambda: (call([LONG, OTHER], ecm=True), call(ecm=True)),
    "turned round": lambda: (call([PAGE], polls=True), call([OTHER], [PAGE])),
    "turned round, corrected": lambda: (call([PAGE], ecm=True, polls=True), call([OTHER], [PAGE], ecm=True)),
    "stubborn": lambda: (call([PAGE], ecm=True), call(ecm=True)),
    "given up": lambda: (call([PAGE, OTHER], ecm=True, corrects_on=False), call(ecm=True)),
    "busy": lambda: (call([PAGE, OTHER], ecm=True), busy(30)),
}
STUBBORN = {"stubborn": 4, "given up": 4}
ENDS = {"given up": [Cause.INCOMPLETE, Cause.INCOMPLETE]}


def lose(name, lost):
    """The call of that name without the signals of these numbers, and how many signals it took.

    A lost burst leaves nothing; a lost image leaves a carrier that nobody can read.
    """
    count, unread = 0, STUBBORN.get(name, 0)

    def script(port, signal):
        nonlocal count, unread
        gone = count in lost
        count += 1
        if signal.image is Image.BLOCK and unread:
            gone, unread = True, unread - 1
        port.world.faults = Faults(image_unreadable=float(gone))
        return not gone or signal.image is not None

    world = World(7, *CALLS[name](), Faults(), script).run()
    check(world)
    return world, count


@pytest.mark.parametrize("name", CALLS)
def test_any_one_signal_may_be_lost(name):
    _, signals = lose(name, ())
    for number in range(signals):
        world, _ = lose(name, (number,))
        assert causes(world) == ENDS.get(name, BOTH_OK), f"without signal {number}: {causes(world)}"


@pytest.mark.parametrize("name", CALLS)
def test_any_two_signals_may_be_lost(name):
    """Not two in a row: T2 (6 s) may run out before a third attempt, which comes 8.6 s after the first."""
    _, signals = lose(name, ())
    for pair in combinations(range(signals + 2), 2):
        world, _ = lose(name, pair)
        assert causes(world) == ENDS.get(name, BOTH_OK) or pair[1] == pair[0] + 1, (
            f"without signals {pair}: {causes(world)}"
        )


def test_a_dis_after_eom_confirms_the_page():
    """Its MCF and the second EOM are lost, the receiver's T2 runs out, and it goes back to phase B."""
    world, _ = lose("turned round", (6, 7))
    assert causes(world) == BOTH_OK
    assert world.caller.terminal.call.sent[0].good
