"""Calls through the PBX in simulated time."""

import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware_sim.clock import ms, seconds
from firmware_sim.events import Address, Datagram
from firmware_sim.sip import agent as ua
from firmware_sim.sip.sdp import Sdp, answer_audio, audio_of, offer_audio
from tests.pbx.bench import ALICE, BOB, PBX, Bench, account, answer
from tests.sip.network import drain


def test_a_call_and_its_events() -> None:
    bench = Bench()
    bench.register()
    mine = bench.call("201")
    bench.net.run(100)
    (incoming,) = drain(bench.bob)
    assert (incoming.caller, incoming.called) == ("100", "201")
    bench.bob.ring(incoming.call, bench.now)
    bench.net.run(100)
    assert drain(bench.alice) == [ua.Ringing(mine, 180)]
    answer(bench.bob, incoming, bench.now)
    bench.net.run(100)
    (answered,) = drain(bench.alice)
    audio = audio_of(answered.answer)
    assert audio is not None
    assert audio.address == Address(BOB.host, 5000), "media flows past the PBX"
    bench.net.run(5_000)
    bench.alice.end(mine, bench.now)
    bench.net.run(100)
    assert drain(bench.alice) == [ua.Ended(mine, "ended here", False)]
    assert drain(bench.bob) == [ua.Confirmed(incoming.call), ua.Ended(incoming.call, "the other side hung up", True)]
    told = bench.told()
    assert [one.name for one in told] == ["call", "call answered", "call ended"]
    assert told[2].detail["by"] == "caller"
    assert 5_000 <= int(told[2].detail["duration_ms"] or 0) < 5_200


def test_the_called_side_hangs_up() -> None:
    bench = Bench()
    bench.register()
    mine, theirs = bench.up()
    bench.bob.end(theirs, bench.now)
    bench.bob.end(theirs, bench.now)
    bench.net.run(100)
    assert drain(bench.alice) == [ua.Ended(mine, "the other side hung up", True)]
    assert drain(bench.bob) == [ua.Ended(theirs, "ended here", False)]
    assert bench.told()[-1].detail["by"] == "callee"


@pytest.mark.parametrize(("number", "status"), [("999", 404), ("300", 480), ("carol", 480), ("", 404)])
def test_numbers_that_no_one_answers(number: str, status: int) -> None:
    bench = Bench()
    bench.register()
    bench.call(number)
    bench.net.run(100)
    (refused,) = drain(bench.alice)
    assert refused.status == status
    assert bench.told()[-1].detail["status"] == status


@pytest.mark.parametrize("status", [404, 480, 486, 488, 500, 503, 600, 603])
def test_final_answers_pass_through(status: int) -> None:
    bench = Bench()
    bench.register()
    mine = bench.call()
    bench.net.run(100)
    (incoming,) = drain(bench.bob)
    bench.bob.reject(incoming.call, status, bench.now)
    bench.net.run(100)
    (refused,) = drain(bench.alice)
    assert (refused.call, refused.status) == (mine, status)
    assert drain(bench.bob) == []


def test_busy_when_all_lines_are_in_use() -> None:
    bench = Bench()
    bench.register()
    bench.up()
    second = bench.call()
    bench.net.run(100)
    assert drain(bench.alice) == [ua.Refused(second, 486, "Busy Here")]
    assert drain(bench.bob) == []


def test_the_caller_gives_up() -> None:
    bench = Bench()
    bench.register()
    mine = bench.call()
    bench.net.run(100)
    (incoming,) = drain(bench.bob)
    bench.alice.end(mine, bench.now)
    bench.net.run(100)
    assert drain(bench.alice) == [ua.Ended(mine, "ended here", False)]
    assert drain(bench.bob) == [ua.Ended(incoming.call, "cancelled by the caller", True)]
    assert bench.told()[-1].detail["status"] == 487


def test_no_one_answers_within_the_ring_timeout() -> None:
    bench = Bench(ring_timeout=seconds(20))
    bench.register()
    mine = bench.call()
    bench.net.run(19_000)
    (incoming,) = drain(bench.bob)
    assert drain(bench.alice) == []
    bench.net.run(2_000)
    assert drain(bench.alice) == [ua.Refused(mine, 480, "No Answer")]
    assert [type(one) for one in drain(bench.bob)] == [ua.Ended]
    assert incoming.call
    assert bench.names() == ["call", "call refused"]


def test_a_device_that_vanished_while_registered() -> None:
    bench = Bench()
    bench.register()
    del bench.net.nodes[BOB]
    mine = bench.call()
    bench.net.run(40_000)
    assert drain(bench.alice) == [ua.Refused(mine, 408, "no answer")]


def test_the_callee_dies_within_the_call() -> None:
    bench = Bench()
    bench.register()
    mine, _ = bench.up()
    del bench.net.nodes[BOB]
    bench.alice.end(mine, bench.now)
    bench.net.run(100_000)
    assert drain(bench.alice)[0] == ua.Ended(mine, "ended here", False)
    assert bench.pbx.idle
    assert "call ended" in bench.names()


@pytest.mark.parametrize("dead", [ALICE, BOB])
def test_a_call_does_not_outlive_a_dead_device(dead: Address) -> None:
    bench = Bench()
    bench.register()
    mine, theirs = bench.up()
    bench.told()
    del bench.net.nodes[dead]
    bench.net.run(200_000)
    handle, alive = (mine, bench.alice) if dead == BOB else (theirs, bench.bob)
    assert drain(alive) == [ua.Ended(handle, "the other side hung up", True)]
    (told,) = [one for one in bench.told() if one.name.startswith("call")]
    assert (told.name, told.detail["by"]) == ("call ended", "callee" if dead == BOB else "caller")
    assert "no longer has the call" in str(told.detail["reason"])


def test_a_long_call_is_audited_and_stays() -> None:
    bench = Bench()
    bench.register()
    mine, _ = bench.up()
    bench.net.run(1_000_000)
    assert bench.net.methods().count("OPTIONS") == 16
    assert all(isinstance(one, ua.Registered) for one in drain(bench.alice) + drain(bench.bob))
    bench.alice.end(mine, bench.now)
    bench.net.run(100)
    assert bench.names()[-1] == "call ended"


def test_cancel_and_answer_cross() -> None:
    bench = Bench()
    bench.register()
    mine = bench.call()
    bench.net.run(100)
    (incoming,) = drain(bench.bob)
    answer(bench.bob, incoming, bench.now)
    bench.alice.end(mine, bench.now)
    bench.net.run(60_000)
    assert [type(one) for one in drain(bench.alice)] == [ua.Ended]
    assert [type(one) for one in drain(bench.bob)][-1] is ua.Ended
    assert bench.pbx.idle


def test_a_reinvite_goes_through_both_ways() -> None:
    bench = Bench()
    bench.register()
    mine, theirs = bench.up()
    fresh = offer_audio(Address(BOB.host, 6000), ("PCMU",))
    bench.bob.reoffer(theirs, fresh, bench.now)
    bench.net.run(100)
    (asked,) = drain(bench.alice)
    assert asked == ua.Reoffered(mine, fresh)
    back = answer_audio(fresh, Address(ALICE.host, 4002))
    assert isinstance(back, Sdp)
    bench.alice.accept(mine, back, bench.now)
    bench.net.run(100)
    assert drain(bench.bob) == [ua.ReofferAnswered(theirs, back)]
    bench.alice.reoffer(mine, fresh, bench.now)
    bench.net.run(100)
    bench.bob.reject(theirs, 488, bench.now)
    bench.net.run(100)
    assert drain(bench.alice) == [ua.ReofferRefused(mine, 488, "Not Acceptable Here")]
    bench.alice.end(mine, bench.now)
    bench.net.run(100)
    assert [type(one) for one in drain(bench.bob)] == [ua.Reoffered, ua.Ended]


def test_reinvites_that_cross_both_come_through() -> None:
    bench = Bench()
    bench.register()
    mine, theirs = bench.up()
    first, second = offer_audio(Address(BOB.host, 6000)), offer_audio(Address(ALICE.host, 6002))
    bench.bob.reoffer(theirs, first, bench.now)
    bench.alice.reoffer(mine, second, bench.now)
    done = 0
    for _ in range(400):
        bench.net.run(50)
        for agent, port in ((bench.alice, 4000), (bench.bob, 5000)):
            for event in drain(agent):
                if isinstance(event, ua.Reoffered):
                    reply = answer_audio(event.offer, Address(agent.local.host, port))
                    assert reply is not None
                    agent.accept(event.call, reply, bench.now)
                done += isinstance(event, ua.ReofferAnswered)
    assert done == 2


def test_a_device_behind_nat_is_found_where_it_came_from() -> None:
    """The router gives bob another address than the one he writes into Via and Contact."""
    bench = Bench()
    outside = Address("10.0.0.77", 31_000)
    inside = bench.bob

    class Router:
        local = outside
        deadline = property(lambda self: inside.deadline)

        def receive(self, datagram: Datagram, now: int) -> None:
            inside.receive(Datagram(datagram.source, BOB, datagram.data), now)

        def expire(self, now: int) -> None:
            inside.expire(now)

        def outputs(self, now: int) -> list[Datagram]:
            return [Datagram(outside, one.destination, one.data) for one in inside.outputs(now)]

    bench.net.nodes.pop(BOB)
    bench.net.nodes[outside] = Router()
    bench.register()
    mine, theirs = bench.up()
    bench.net.run(300_000)
    bench.alice.end(mine, bench.now)
    bench.net.run(1_000)
    assert ua.Ended(theirs, "the other side hung up", True) in drain(bench.bob)
    assert {one.detail.get("by") for one in bench.told() if one.name == "call ended"} == {"caller"}


def test_both_contacts_of_an_account_are_tried() -> None:
    bench = Bench()
    bench.register()
    elsewhere = Address("10.0.0.9", 5060)
    second = ua.UserAgent(elsewhere, random.Random(9), account=account("bob", "builder"))
    bench.net.nodes[elsewhere] = second
    second.start(bench.now)
    bench.net.run(100)
    del bench.net.nodes[elsewhere]
    bench.call()
    bench.net.run(35_000)
    assert [type(one) for one in drain(bench.bob)] == [ua.Incoming]


def test_garbage_is_counted_and_harmless() -> None:
    bench = Bench()
    bench.register()
    rng = random.Random(5)
    recorded = [datagram for _, datagram in bench.net.log]
    for _ in range(500):
        data = bytearray(rng.choice(recorded).data)
        for _ in range(rng.randrange(1, 20)):
            data[rng.randrange(len(data))] = rng.randrange(256)
        bench.pbx.receive(Datagram(Address("10.0.0.66", 666), PBX, bytes(data)), bench.now)
    assert bench.pbx.garbage > 100
    bench.net.run(100_000)
    drain(bench.alice)
    drain(bench.bob)
    bench.up()


@settings(max_examples=25, deadline=None)
@given(
    seed=st.integers(0, 2**32),
    loss=st.sampled_from([0.0, 0.1, 0.3]),
    doubling=st.sampled_from([0.0, 0.3]),
    jitter_ms=st.sampled_from([0, 40, 700]),
    who=st.sampled_from(["caller", "callee", "both", "caller early"]),
)
def test_loss_heals_and_all_agree(seed: int, loss: float, doubling: float, jitter_ms: int, who: str) -> None:
    bench = Bench(seed, loss=loss, doubling=doubling, jitter_ms=jitter_ms)
    bench.alice.start(0)
    bench.bob.start(0)
    bench.net.run(120_000)
    if not (bench.alice.registered and bench.bob.registered):
        return
    drain(bench.alice)
    drain(bench.bob)
    mine, ends = bench.call(), []
    events: list[Any] = []
    hang_up = bench.now + ms(200 if who == "caller early" else 20_000)
    for _ in range(300):
        bench.net.run(1_000)
        for event in drain(bench.alice):
            events.append(event)
        for event in drain(bench.bob):
            events.append(event)
            if isinstance(event, ua.Incoming):
                ends.append(event.call)
                answer(bench.bob, event, bench.now)
        if bench.now >= hang_up:
            if who != "callee":
                bench.alice.end(mine, bench.now)
            if who in ("callee", "both"):
                for call in ends:
                    bench.bob.end(call, bench.now)
    finals = [one.call for one in events if isinstance(one, ua.Ended | ua.Refused)]
    assert len(finals) == 1 + len(ends), "each end is told once, and once only, how its call ended"
    assert bench.alice.idle
    assert bench.bob.idle
    assert bench.pbx.idle
    names = [one.name for one in bench.told() if one.name.startswith("call")]
    assert names.count("call") == names.count("call refused") + names.count("call ended")
