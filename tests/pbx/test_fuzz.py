"""Calls while a part of all datagrams arrives damaged: nothing crashes, every call ends, and nothing is left behind."""

import random
from typing import Any

import pytest

from firmware_sim.events import Address, Datagram
from firmware_sim.sip import agent as ua
from firmware_sim.sip.sdp import answer_audio, offer_audio
from tests.pbx.bench import ALICE, Bench
from tests.sip.network import drain

ODD = (
    b"",
    b"*",
    b"\xff\xfe",
    b"9" * 30,
    b"<sip:",
    b'"',
    b"a;b=c;d",
    b"sip:x@0.0.0.0:0",
    b"SIP/2.0/UDP 1;branch=z9hG4bK1",
)


def damaged(data: bytes, rng: random.Random) -> bytes:
    chance = rng.random()
    if chance < 0.25:
        octets = bytearray(data)
        for _ in range(rng.randrange(1, 6)):
            octets[rng.randrange(len(octets))] = rng.choice([rng.randrange(256), *b';,:<>"@= \r\n0'])
        return bytes(octets)
    if chance > 0.35:
        return data
    lines = data.split(b"\r\n")
    at = rng.randrange(len(lines))
    if chance < 0.29:
        del lines[at]
    elif chance < 0.32:
        lines.insert(rng.randrange(len(lines)), lines[at])
    else:
        lines[at] = lines[at].split(b":")[0] + b": " + rng.choice(ODD)
    return b"\r\n".join(lines)


def damaging(node: Any, rng: random.Random) -> None:
    receive = node.receive

    def receive_damaged(datagram: Datagram, now: int) -> None:
        receive(Datagram(datagram.source, datagram.destination, damaged(datagram.data, rng)), now)

    node.receive = receive_damaged


def react(bench: Bench, agent: ua.UserAgent, event: Any, rng: random.Random) -> None:
    if isinstance(event, ua.Incoming | ua.Reoffered):
        session = answer_audio(event.offer, Address(agent.local.host, 5000))
        if session is None or rng.random() < 0.2:
            agent.reject(event.call, 486, bench.now)
        else:
            agent.ring(event.call, bench.now)
            agent.accept(event.call, session, bench.now)
    elif isinstance(event, ua.Answered | ua.Confirmed) and rng.random() < 0.5:
        agent.reoffer(event.call, offer_audio(Address(agent.local.host, 7000)), bench.now)
    if hasattr(event, "call") and rng.random() < 0.1:
        agent.end(event.call, bench.now)


def play(bench: Bench, rng: random.Random) -> None:
    bench.alice.start(0)
    bench.bob.start(0)
    for _ in range(60):
        bench.net.run(rng.choice([50, 500, 5000]))
        for agent in (bench.alice, bench.bob):
            for event in drain(agent):
                react(bench, agent, event, rng)
        if rng.random() < 0.3:
            bench.call(rng.choice(["200", "bob", "9", "alice"]))
        if rng.random() < 0.1:
            bench.bob.invite("100", offer_audio(Address(ALICE.host, 1)), bench.now)
    bench.alice.stop(bench.now)
    bench.bob.stop(bench.now)
    bench.net.run(600_000)


@pytest.mark.parametrize("seed", range(10))
def test_damage_leaves_nothing_behind(seed: int) -> None:
    rng, bench = random.Random(seed), Bench(seed)
    for node in (bench.pbx, bench.alice, bench.bob):
        damaging(node, rng)
    play(bench, rng)
    assert (bench.alice.idle, bench.bob.idle, bench.pbx.idle) == (True, True, True)
    names = bench.names()
    assert names.count("call") <= names.count("call refused") + names.count("call ended")
    for core in (bench.pbx, bench.alice, bench.bob):
        assert core._endpoint.deadline is None, "no call, no transaction, no alarm"
        assert not core._endpoint._legs.book.calls
        assert not core._endpoint._legs.layer._transactions
    assert not bench.pbx._bridges
