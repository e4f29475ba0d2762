"""Two user agents back to back, without a PBX, in simulated time."""

import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware_sim.clock import ms, seconds
from firmware_sim.errors import LocalProtocolError
from firmware_sim.events import Address, Datagram
from firmware_sim.sip import agent as ua
from firmware_sim.sip.call import CALL, CallState, CallTrigger
from firmware_sim.sip.message import parse
from firmware_sim.sip.sdp import Media, answer_audio, offer_audio, session
from tests.sip.network import Network, drain

A, B = Address("10.0.0.1", 5060), Address("10.0.0.2", 5060)
OFFER = offer_audio(Address(A.host, 4000))
ANSWER = answer_audio(OFFER, Address(B.host, 5000))
assert ANSWER is not None


class Pair:
    def __init__(self, seed: int = 1, *, ask: bool = False, unanswered: int = seconds(180), **network: Any) -> None:
        self.a = ua.UserAgent(A, random.Random(seed), ask_reoffers=ask, unanswered=unanswered)
        self.b = ua.UserAgent(B, random.Random(seed + 1), ask_reoffers=ask, unanswered=unanswered)
        self.net = Network(self.a, self.b, seed=seed, **network)

    def offered(self) -> tuple[str, str]:
        mine = self.a.invite("bob@10.0.0.2", OFFER, self.net.now)
        self.net.run(100)
        (incoming,) = drain(self.b)
        assert isinstance(incoming, ua.Incoming)
        return mine, incoming.call

    def up(self) -> tuple[str, str]:
        mine, theirs = self.offered()
        self.b.accept(theirs, ANSWER, self.net.now)
        self.net.run(100)
        assert drain(self.a) == [ua.Answered(mine, ANSWER)]
        assert drain(self.b) == [ua.Confirmed(theirs)]
        return mine, theirs

    def settle(self) -> None:
        """Long enough for every timer; then nothing may be left."""
        self.net.run(200_000)
        assert self.a.idle
        assert self.b.idle
        assert (self.a.deadline, self.b.deadline) == (None, None)


def losing(pair: Pair, *words: str) -> None:
    """Lose every message that begins with one of *words*, or answers with that status."""

    def lost(datagram: Datagram) -> bool:
        return datagram.data.removeprefix(b"SIP/2.0 ").split(b" ")[0].decode() in words

    pair.net.dropping = lost


def test_every_call_state_can_be_reached_and_left() -> None:
    first = {CallState.CALLING, CallState.OFFERED}
    reached = first | set(CALL.values())
    assert reached == set(CallState)
    assert {state for state, _ in CALL} == set(CallState) - {CallState.ENDED}
    assert {trigger for _, trigger in CALL} == set(CallTrigger)


def test_no_one_there_is_refused_with_408_after_32_s() -> None:
    pair = Pair()
    del pair.net.nodes[B]
    mine = pair.a.invite("bob@10.0.0.2", OFFER, 0)
    pair.net.run(31_900)
    assert drain(pair.a) == []
    pair.net.run(200)
    assert drain(pair.a) == [ua.Refused(mine, 408, "no answer")]
    assert pair.net.methods() == ["INVITE"] * 7


def test_a_call_that_no_one_answers_is_cancelled() -> None:
    pair = Pair(unanswered=seconds(20))
    mine, theirs = pair.offered()
    pair.b.ring(theirs, pair.net.now)
    pair.settle()
    assert drain(pair.a) == [ua.Ringing(mine, 180), ua.Refused(mine, 408, "no answer")]
    assert [type(one) for one in drain(pair.b)] == [ua.Ended]


def test_hanging_up_before_any_answer_sends_cancel_only_after_100() -> None:
    pair = Pair()
    mine = pair.a.invite("bob@10.0.0.2", OFFER, 0)
    pair.a.end(mine, 0)
    pair.a.end(mine, 0)
    pair.net.run(3)
    assert pair.net.methods() == ["INVITE"]
    pair.settle()
    assert drain(pair.a) == [ua.Ended(mine, "ended here", False)]
    assert [type(one) for one in drain(pair.b)] == [ua.Incoming, ua.Ended]
    assert sorted(pair.net.methods()) == ["100", "200", "487", "ACK", "CANCEL", "INVITE"]


def test_cancel_crosses_with_200() -> None:
    pair = Pair()
    mine, theirs = pair.offered()
    pair.b.accept(theirs, ANSWER, pair.net.now)
    pair.a.end(mine, pair.net.now)
    pair.settle()
    assert drain(pair.a) == [ua.Ended(mine, "ended here", False)]
    assert [type(one) for one in drain(pair.b)] == [ua.Confirmed, ua.Ended]
    assert "BYE" in pair.net.methods()


def test_a_2xx_is_repeated_until_its_ack_comes() -> None:
    pair = Pair()
    mine, theirs = pair.offered()
    losing(pair, "ACK")
    pair.b.accept(theirs, ANSWER, pair.net.now)
    pair.net.run(5_000)
    assert pair.net.methods().count("200") == 4
    assert pair.net.methods().count("ACK") == 4, "each repeat gets the ACK again"
    assert drain(pair.a) == [ua.Answered(mine, ANSWER)]
    pair.net.dropping = None
    pair.net.run(5_000)
    assert drain(pair.b) == [ua.Confirmed(theirs)]


def test_without_ack_the_called_side_hangs_up() -> None:
    pair = Pair()
    mine, theirs = pair.offered()
    losing(pair, "ACK")
    pair.b.accept(theirs, ANSWER, pair.net.now)
    pair.settle()
    assert drain(pair.b) == [ua.Ended(theirs, "no ACK came", False)]
    assert drain(pair.a)[-1] == ua.Ended(mine, "the other side hung up", True)


def test_hanging_up_before_the_ack_waits_for_it() -> None:
    pair = Pair()
    mine, theirs = pair.offered()
    pair.b.accept(theirs, ANSWER, pair.net.now)
    pair.b.end(theirs, pair.net.now)
    pair.settle()
    methods = pair.net.methods()
    assert methods.index("ACK") < methods.index("BYE")
    assert drain(pair.a)[-1] == ua.Ended(mine, "the other side hung up", True)


def test_both_hang_up_at_once() -> None:
    pair = Pair()
    mine, theirs = pair.up()
    pair.a.end(mine, pair.net.now)
    pair.b.end(theirs, pair.net.now)
    pair.settle()
    assert drain(pair.a) == [ua.Ended(mine, "ended here", False)]
    assert drain(pair.b) == [ua.Ended(theirs, "ended here", False)]


def test_declining_before_the_answer() -> None:
    pair = Pair()
    mine, theirs = pair.offered()
    pair.b.end(theirs, pair.net.now)
    pair.settle()
    assert drain(pair.a) == [ua.Refused(mine, 603, "Decline")]
    assert drain(pair.b) == [ua.Ended(theirs, "ended here", False)]


def test_late_wishes_do_nothing_and_unknown_calls_are_our_mistake() -> None:
    pair = Pair()
    mine, theirs = pair.offered()
    pair.a.end(mine, pair.net.now)
    pair.net.run(100)
    pair.b.ring(theirs, pair.net.now)
    pair.b.accept(theirs, ANSWER, pair.net.now)
    pair.b.reject(theirs, 486, pair.net.now)
    pair.settle()
    pair.b.accept(theirs, ANSWER, pair.net.now)
    pair.b.end("call-77", pair.net.now)
    with pytest.raises(LocalProtocolError):
        pair.b.accept("call-77", ANSWER, pair.net.now)


def test_a_bye_of_no_dialog_gets_481() -> None:
    pair = Pair()
    mine, _ = pair.up()
    pair.a.end(mine, pair.net.now)
    (bye,) = pair.a.outputs(pair.net.now)
    stranger = ua.UserAgent(B, random.Random(5))
    stranger.receive(bye, 0)
    assert [parse(one.data).status for one in stranger.outputs(0)] == [481]  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("line", "status"),
    [
        (b"OPTIONS sip:b@10.0.0.2 SIP/2.0", 200),
        (b"SUBSCRIBE sip:b@10.0.0.2 SIP/2.0", 405),
        (b"BYE sip:b@10.0.0.2 SIP/2.0", 481),
        (b"CANCEL sip:b@10.0.0.2 SIP/2.0", 481),
        (b"INVITE http://b SIP/2.0", 416),
        (b"INVITE sip:b@10.0.0.2 SIP/2.0", 488),
        (b"INVITE sip:b@10.0.0.2 SIP/2.0\r\nRequire: 100rel", 420),
        (b"INVITE sip:b@10.0.0.2 SIP/2.0\r\nContact: <<>", 400),
    ],
)
def test_single_requests(line: bytes, status: int) -> None:
    agent = ua.UserAgent(B, random.Random(1))
    method = line.split(b" ")[0]
    data = line + (
        b"\r\nVia: SIP/2.0/UDP 10.0.0.1:5060;branch=z9hG4bK1;rport\r\nFrom: <sip:a@x>;tag=1\r\nTo: <sip:b@x>\r\n"
        b"Call-ID: c\r\nCSeq: 1 " + method + b"\r\n\r\n"
    )
    agent.receive(Datagram(Address("10.0.0.9", 777), B, data), 0)
    answers = agent.outputs(0)
    assert {one.destination for one in answers} == {Address("10.0.0.9", 777)}
    assert parse(answers[-1].data).status == status  # type: ignore[union-attr]
    assert drain(agent) == []


def test_a_body_of_another_kind_gets_415() -> None:
    pair = Pair()
    pair.a.invite("bob@10.0.0.2", OFFER, 0)
    (invite,) = pair.a.outputs(0)
    data = invite.data.replace(b"application/sdp", b"text/plain")
    pair.b.receive(Datagram(A, B, data), 0)
    assert pair.b.outputs(0)[-1].data.startswith(b"SIP/2.0 415 ")


def test_audio_reinvite_is_answered_and_t38_refused_by_default() -> None:
    pair = Pair()
    mine, theirs = pair.up()
    pair.b.reoffer(theirs, offer_audio(Address(B.host, 5002), ("PCMU", "PCMA")), pair.net.now)
    pair.net.run(100)
    (answered,) = drain(pair.b)
    assert answered.answer.media[0].formats == ("8", "101"), "the codec that the call has"
    t38 = session(B, (Media("image", 6000, "udptl", ("t38",)),))
    pair.b.reoffer(theirs, t38, pair.net.now)
    pair.b.reoffer(theirs, t38, pair.net.now)
    pair.net.run(100)
    refusals = drain(pair.b)
    assert sorted(one.status for one in refusals) == [488, 491], "one at a time"
    assert drain(pair.a) == []
    pair.a.end(mine, pair.net.now)
    pair.settle()


def test_reinvites_that_cross_are_tried_again() -> None:
    pair = Pair(ask=True)
    mine, theirs = pair.up()
    pair.a.reoffer(mine, OFFER, pair.net.now)
    pair.b.reoffer(theirs, ANSWER, pair.net.now)
    answered = []
    for _ in range(100):
        pair.net.run(100)
        for agent in (pair.a, pair.b):
            for event in drain(agent):
                if isinstance(event, ua.Reoffered):
                    agent.accept(event.call, event.offer, pair.net.now)
                answered += [event] if isinstance(event, ua.ReofferAnswered) else []
    assert len(answered) == 2
    assert "491" in pair.net.methods()


def test_a_reinvite_that_is_never_answered_ends_the_call() -> None:
    pair = Pair(ask=True)
    mine, theirs = pair.up()
    pair.a.reoffer(mine, OFFER, pair.net.now)
    pair.net.run(33_000)
    assert [type(one) for one in drain(pair.a)] == [ua.ReofferRefused, ua.Ended]
    pair.settle()
    assert [type(one) for one in drain(pair.b)] == [ua.Reoffered, ua.Ended]
    assert theirs


def test_an_answer_that_cannot_be_read_ends_the_call() -> None:
    pair = Pair()
    mine, theirs = pair.offered()
    pair.b.accept(theirs, ANSWER, pair.net.now)
    for datagram in pair.b.outputs(pair.net.now):
        data = datagram.data.replace(b"v=0", b"w=0")
        pair.a.receive(Datagram(B, A, data), pair.net.now)
    pair.settle()
    (ended,) = drain(pair.a)
    assert (ended.call, ended.by_peer) == (mine, False)
    assert "session description" in ended.reason
    assert drain(pair.b)[-1].by_peer
    assert pair.a.garbage == 1


def test_an_agent_that_stopped_takes_no_call() -> None:
    pair = Pair()
    mine, theirs = pair.up()
    pair.b.stop(pair.net.now)
    pair.net.run(100)
    assert drain(pair.a) == [ua.Ended(mine, "the other side hung up", True)]
    assert drain(pair.b) == [ua.Ended(theirs, "the device stopped", False)]
    pair.a.invite("bob@10.0.0.2", OFFER, pair.net.now)
    pair.net.run(100)
    assert [one.status for one in drain(pair.a)] == [480]


def test_a_device_takes_only_calls_for_its_account() -> None:
    account = ua.Account("fax1", "secret", "fax.test", A)
    agent = ua.UserAgent(B, random.Random(1), account=account)
    caller = ua.UserAgent(A, random.Random(2))
    net = Network(agent, caller)
    wrong = caller.invite("fax2@10.0.0.2", OFFER, 0)
    caller.invite("fax1@10.0.0.2", OFFER, 0, caller="0301234")
    net.run(100)
    assert drain(caller) == [ua.Refused(wrong, 404, "Not Found")]
    (incoming,) = drain(agent)
    assert (incoming.caller, incoming.called) == ("0301234", "fax1")


def test_a_second_call_finds_the_device_busy_until_the_first_is_over() -> None:
    pair = Pair()
    mine, _ = pair.up()
    pair.a.invite("bob@10.0.0.2", OFFER, pair.net.now)
    pair.net.run(100)
    assert [one.status for one in drain(pair.a)] == [486]
    pair.a.end(mine, pair.net.now)
    pair.net.run(100)
    drain(pair.a), drain(pair.b)
    pair.up()


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 2**32),
    loss=st.sampled_from([0.0, 0.1, 0.3]),
    doubling=st.sampled_from([0.0, 0.3]),
    jitter_ms=st.sampled_from([0, 40, 900]),
    answer_ms=st.integers(0, 4_000),
    hang_up_ms=st.integers(0, 8_000),
    who=st.sampled_from(["a", "b", "both"]),
    accepts=st.booleans(),
)
def test_both_agree_whatever_the_network_does(
    seed: int, loss: float, doubling: float, jitter_ms: int, answer_ms: int, hang_up_ms: int, who: str, accepts: bool
) -> None:
    pair = Pair(seed, loss=loss, doubling=doubling, jitter_ms=jitter_ms)
    mine = pair.a.invite("bob@10.0.0.2", OFFER, 0)
    told: dict[str, list[Any]] = {"a": [], "b": []}
    theirs = ""
    answer_at, hang_up_at = ms(answer_ms), ms(hang_up_ms)
    for step in range(600):
        pair.net.run(50 if step < 400 else 2_000)
        told["a"] += drain(pair.a)
        for event in drain(pair.b):
            told["b"].append(event)
            if isinstance(event, ua.Incoming):
                assert not theirs, "one INVITE is one call, however often it arrives"
                theirs = event.call
                pair.b.ring(theirs, pair.net.now)
        if theirs and pair.net.now >= answer_at:
            if accepts:
                pair.b.accept(theirs, ANSWER, pair.net.now)
            else:
                pair.b.reject(theirs, 486, pair.net.now)
        if pair.net.now >= hang_up_at:
            if who in ("a", "both"):
                pair.a.end(mine, pair.net.now)
            if who in ("b", "both") and theirs:
                pair.b.end(theirs, pair.net.now)
    pair.settle()
    ends = {name: [one for one in events if isinstance(one, ua.Ended | ua.Refused)] for name, events in told.items()}
    assert len(ends["a"]) == 1
    confirmed = any(isinstance(one, ua.Confirmed) for one in told["b"])
    answered = any(isinstance(one, ua.Answered) for one in told["a"])
    assert len(ends["b"]) == (1 if theirs and (accepts or ends["b"]) else 0)
    assert not confirmed or answered or isinstance(ends["a"][0], ua.Ended)
