"""A box of the flow chart is a generator: a test can sit inside it, with neither terminal nor line."""

from dataclasses import replace

import pytest

from firmware_sim.t30 import timers
from firmware_sim.t30.capabilities import Dcs, Rate
from firmware_sim.t30.ecm import Assembly, send_block
from firmware_sim.t30.frames import Frame, Message, PartialPage, request_frames
from firmware_sim.t30.outcome import Cause
from firmware_sim.t30.procedure import Call, Disconnected, Failed, Listen, SendBlock, Silence, ask, say

LABEL = PartialPage(Frame.EOP, page=0, block=0, frames=3)
T4 = Listen(timers.T4)


def walk(box, *heard):
    """Answer each request in turn; returns the last one made, and lets what ends the box out."""
    request = next(box)
    for answer in heard:
        request = box.send(answer)
    return request


def test_a_command_is_given_three_times():
    box = ask(Call(), say(Frame.EOP), expect=(Frame.MCF,))
    assert next(box) == say(Frame.EOP)
    for _ in range(2):
        assert box.send(None) == T4
        assert box.send(Silence()) == say(Frame.EOP)
    box.send(None)
    with pytest.raises(Failed) as failure:
        box.send(Silence())
    assert failure.value.cause is Cause.NO_RESPONSE


def test_only_the_frames_asked_for_go_again():
    call = Call(terms=Dcs.of(rate=Rate.V29_9600))
    block = [b"zero", b"one", b"two"]
    ppr = Message(Frame.PPR, request_frames([1], sent=3))
    assert walk(send_block(call, block, LABEL), None, None, ppr) == SendBlock(Rate.V29_9600, ((1, b"one"),))


def test_an_interrupt_falls_through_every_open_box():
    box = send_block(Call(), [b"zero"], LABEL)
    assert walk(box, None, None) == T4
    with pytest.raises(Disconnected):
        box.throw(Disconnected())


@pytest.mark.parametrize("counted", [3, 1])
def test_a_pps_may_count_the_block_or_what_was_sent_again(counted):
    """Both kinds of senders exist; the page is as long either way."""
    assembly = Assembly(Call())
    assembly.frames.update({0: b"zero", 2: b"two"})
    assembly.judge(LABEL)
    assert assembly.verdict == Message(Frame.PPR, request_frames([1], sent=3))
    assembly.frames.update({1: b"one"})
    assembly.judge(replace(LABEL, frames=counted))
    assert assembly.verdict == Message(Frame.MCF)
    (sheet,) = assembly.call.received
    assert sheet.good
    assert len(sheet.octets) == len(b"zeroonetwo")
