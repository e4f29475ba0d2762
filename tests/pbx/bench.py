"""A PBX with two devices, in simulated time."""

import random
from typing import Any

from firmware_sim.clock import seconds
from firmware_sim.events import Address, Stamped
from firmware_sim.sip import agent as ua
from firmware_sim.sip.sdp import answer_audio, offer_audio
from rig.pbx.core import Pbx
from rig.pbx.registrar import PbxAccount
from tests.sip.network import Network, drain

PBX = Address("10.0.0.1", 5060)
ALICE = Address("10.0.0.2", 5060)
BOB = Address("10.0.0.3", 5060)
ACCOUNTS = (
    PbxAccount("alice", "wonder", ("100",)),
    PbxAccount("bob", "builder", ("200", "201")),
    PbxAccount("carol", "christmas", ("300",)),
)


class Bench:
    """A PBX with alice and bob, who do what *answering* says when called."""

    def __init__(self, seed: int = 1, ring_timeout: int = seconds(60), bob_calls: int = 1, **network: Any) -> None:
        self.pbx = Pbx(PBX, ACCOUNTS, random.Random(seed), domain="fax.test", ring_timeout=ring_timeout)
        self.alice = ua.UserAgent(ALICE, random.Random(seed + 1), account=account("alice", "wonder"), ask_reoffers=True)
        self.bob = ua.UserAgent(
            BOB, random.Random(seed + 2), account=account("bob", "builder"), max_calls=bob_calls, ask_reoffers=True
        )
        self.net = Network(self.pbx, self.alice, self.bob, seed=seed + 3, **network)

    @property
    def now(self) -> int:
        return self.net.now

    def register(self) -> None:
        self.alice.start(self.now)
        self.bob.start(self.now)
        self.net.run(1000)
        assert [type(one) for one in drain(self.alice) + drain(self.bob)] == [ua.Registered, ua.Registered]
        self.pbx.events()

    def call(self, number: str = "200", **more: Any) -> str:
        return self.alice.invite(number, offer_audio(Address(ALICE.host, 4000)), self.now, **more)

    def up(self) -> tuple[str, str]:
        """A call that is answered: alice's handle and bob's."""
        mine = self.call()
        self.net.run(200)
        (incoming,) = drain(self.bob)
        answer(self.bob, incoming, self.now)
        self.net.run(200)
        assert isinstance(drain(self.alice)[-1], ua.Answered)
        assert drain(self.bob) == [ua.Confirmed(incoming.call)]
        return mine, incoming.call

    def told(self) -> list[Stamped]:
        return self.pbx.events()

    def names(self) -> list[str]:
        return [one.name for one in self.told()]


def account(user: str, password: str, **more: Any) -> ua.Account:
    return ua.Account(user, password, "fax.test", PBX, **more)


def answer(agent: ua.UserAgent, incoming: ua.Incoming, now: int) -> None:
    session = answer_audio(incoming.offer, Address(agent.local.host, 5000))
    assert session is not None
    agent.accept(incoming.call, session, now)
