"""The tables of the four transactions, and their timers in simulated time."""

import random

import pytest

from firmware_sim.clock import ms, seconds
from firmware_sim.errors import LocalProtocolError
from firmware_sim.events import Address, Datagram
from firmware_sim.sip.headers import Uri
from firmware_sim.sip.layer import RequestArrived, ResponseArrived, TimedOut, TransactionLayer
from firmware_sim.sip.message import Headers, Request, respond
from firmware_sim.sip.timers import TIMERS, Alarms, Timer
from firmware_sim.sip.transaction import TABLES, Kind, State

HERE, THERE = Address("10.0.0.1", 5060), Address("10.0.0.2", 5060)


def request(method: str) -> Request:
    headers = Headers([("From", "<sip:a@x>;tag=1"), ("To", "<sip:b@x>"), ("Call-ID", "c"), ("CSeq", f"1 {method}")])
    return Request(headers, method=method, uri=Uri("b", "10.0.0.2"))


def sent_at(layer: TransactionLayer, until: int) -> list[int]:
    """When the layer sends something, by its own alarms."""
    times, now = [], 0
    times += [now for _ in layer.outputs(now)]
    while layer.deadline is not None and layer.deadline <= until:
        now = layer.deadline
        layer.expire(now)
        times += [now for _ in layer.outputs(now)]
    return times


@pytest.mark.parametrize("kind", Kind)
def test_every_state_can_be_left_and_reached(kind: Kind) -> None:
    table = kind.table
    reached = {kind.first} | {step.state for step in table.values()}
    assert {state for state, _ in table} == reached - {State.TERMINATED}
    assert State.TERMINATED in reached


def test_each_timer_has_a_row() -> None:
    used = {trigger for table in TABLES.values() for _, trigger in table if isinstance(trigger, Timer)}
    assert used == set(Timer) == set(TIMERS)


def test_timers_are_those_of_the_standard() -> None:
    half, long = ms(500), seconds(32)
    first = {timer.name: spec.first for timer, spec in TIMERS.items()}
    assert first == {
        **dict.fromkeys("AEG", half),
        **dict.fromkeys("BDFHJLM", long),
        **dict.fromkeys("IK", seconds(5)),
    }


def test_an_invite_is_repeated_at_doubling_intervals_for_32_s() -> None:
    layer = TransactionLayer(HERE, random.Random(1))
    transaction = layer.request(request("INVITE"), THERE, 0)
    assert sent_at(layer, seconds(100)) == [ms(500) * (2**n - 1) for n in range(7)]
    assert layer.next_event() == TimedOut(transaction)


def test_other_requests_are_repeated_every_4_s_in_the_end() -> None:
    layer = TransactionLayer(HERE, random.Random(1))
    layer.request(request("OPTIONS"), THERE, 0)
    times = [at / 1e6 for at in sent_at(layer, seconds(100))]
    assert times == [0, 0.5, 1.5, 3.5, 7.5, 11.5, 15.5, 19.5, 23.5, 27.5, 31.5]


def pair() -> tuple[TransactionLayer, TransactionLayer]:
    return TransactionLayer(HERE, random.Random(1)), TransactionLayer(THERE, random.Random(2))


def carry(one: TransactionLayer, other: TransactionLayer, now: int = 0) -> list[bytes]:
    moved = one.outputs(now)
    for datagram in moved:
        other.receive(datagram, now)
    return [datagram.data for datagram in moved]


def test_a_refused_invite_is_acknowledged_and_its_repeats_absorbed() -> None:
    client, server = pair()
    client.request(request("INVITE"), THERE, 0)
    (data,) = carry(client, server)
    event = server.next_event()
    assert isinstance(event, RequestArrived)
    assert event.transaction is not None
    server.respond(event.transaction, respond(event.request, 486, tag="t"), 0)
    (refusal,) = carry(server, client)
    (ack,) = carry(client, server)
    assert ack.startswith(b"ACK ")
    assert event.transaction.state is State.CONFIRMED
    assert isinstance(client.next_event(), ResponseArrived)
    client.receive(Datagram(THERE, HERE, refusal), 1)
    assert carry(client, server) == [ack], "a repeated refusal gets the ACK again, and no one hears of it"
    assert client.next_event() is None
    server.receive(Datagram(HERE, THERE, data), 2)
    assert server.outputs(2) == []
    assert server.next_event() is None


def test_a_repeated_request_gets_the_answer_again() -> None:
    client, server = pair()
    client.request(request("OPTIONS"), THERE, 0)
    (data,) = carry(client, server)
    event = server.next_event()
    assert isinstance(event, RequestArrived)
    assert event.transaction is not None
    server.respond(event.transaction, respond(event.request, 200, tag="t"), 0)
    first = [one.data for one in server.outputs(0)]
    server.receive(Datagram(HERE, THERE, data), 1)
    assert [one.data for one in server.outputs(1)] == first
    with pytest.raises(LocalProtocolError):
        server.respond(event.transaction, respond(event.request, 500), 2)


def test_transactions_are_forgotten() -> None:
    client, server = pair()
    client.request(request("INVITE"), THERE, 0)
    carry(client, server)
    event = server.next_event()
    assert isinstance(event, RequestArrived)
    assert event.transaction is not None
    server.respond(event.transaction, respond(event.request, 200, tag="t"), 0)
    carry(server, client)
    for layer in (client, server):
        layer.expire(seconds(33))
        assert layer.deadline is None


def test_answers_to_nothing_are_counted() -> None:
    client, server = pair()
    client.request(request("OPTIONS"), THERE, 0)
    carry(client, server)
    event = server.next_event()
    assert isinstance(event, RequestArrived)
    stray = respond(event.request, 200, tag="t").encode().replace(b"z9hG4bK", b"z9hG4bKx")
    client.receive(Datagram(THERE, HERE, stray), 0)
    assert client.strays == 1
    assert client.next_event() is None


def test_alarms_come_in_order_and_once() -> None:
    alarms: Alarms[str] = Alarms()
    for name, at in (("b", 20), ("a", 10), ("c", 20), ("gone", 5)):
        alarms.set(name, at)
    alarms.cancel("gone")
    alarms.set("a", 30)
    assert alarms.deadline == 20
    assert [alarms.pop(25), alarms.pop(25), alarms.pop(25)] == ["b", "c", None]
    assert alarms.pop(30) == "a"
    assert alarms.deadline is None
