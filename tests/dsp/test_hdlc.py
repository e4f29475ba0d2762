"""HDLC: what is framed comes back, and damage never passes for a frame."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware_sim.dsp import hdlc

FRAMES = st.lists(st.binary(min_size=3, max_size=60), min_size=1, max_size=6)
FLAG = [0, 1, 1, 1, 1, 1, 1, 0]


def fcs(octets):
    """CRC-16/X-25, bit by bit from its polynomial."""
    register = 0xFFFF
    for octet in octets:
        for k in range(8):
            top = (register & 1) ^ (octet >> k & 1)
            register = register >> 1 ^ (0x8408 if top else 0)
    return register ^ 0xFFFF


def test_the_published_check_value_and_the_bits_on_the_line():
    assert fcs(b"123456789") == 0x906E
    bits = hdlc.encode([b"123456789"], 1, closing=1).tolist()
    assert bits[:8] == bits[-8:] == FLAG
    expected = []
    for octet in b"123456789" + (0x906E).to_bytes(2, "little"):
        for k in range(8):
            expected.append(octet >> k & 1)
            if expected[-5:] == [1] * 5:
                expected.append(0)
    assert bits[8:-8] == expected


@settings(max_examples=150, deadline=None)
@given(frames=FRAMES, preamble=st.integers(1, 9), between=st.integers(1, 3), closing=st.integers(1, 3))
def test_roundtrip(frames, preamble, between, closing):
    bits = hdlc.encode(frames, preamble, between, closing)
    found = hdlc.Deframer().execute(bits)
    assert [octets for _, octets in found] == frames
    assert found[-1][0] == len(bits) - 8 * (closing - 1) - 1


@settings(max_examples=100, deadline=None)
@given(frames=FRAMES, cuts=st.lists(st.integers(1, 90), min_size=1, max_size=8))
def test_the_cut_into_calls_changes_nothing(frames, cuts):
    bits = hdlc.encode(frames, 3)
    deframer, found, at, k = hdlc.Deframer(), [], 0, 0
    while at < len(bits):
        found += deframer.execute(bits[at : at + cuts[k % len(cuts)]])
        at, k = at + cuts[k % len(cuts)], k + 1
    assert found == hdlc.Deframer().execute(bits)


@settings(max_examples=200, deadline=None)
@given(frames=FRAMES, flips=st.lists(st.integers(0, 10**6), min_size=1, max_size=12), cut=st.integers(0, 3))
def test_damage_gives_none_or_nothing(frames, flips, cut):
    bits = hdlc.encode(frames, 3)
    for flip in flips:
        bits[flip % len(bits)] ^= 1
    bits = np.delete(bits, [f % len(bits) for f in flips[:cut]])
    for _, octets in hdlc.Deframer().execute(bits):
        assert octets is None or octets in frames or collides(octets, bits)


def collides(octets, bits):
    """A wrong frame may pass only when the damaged line really holds those octets with their right FCS."""
    line = "".join(map(str, hdlc.encode([octets], 1, closing=1).tolist()))
    return line in "".join(map(str, bits.tolist()))


def test_random_bits_hold_no_frames():
    bits = np.random.default_rng(4).integers(0, 2, 400_000).astype(np.uint8)
    found = hdlc.Deframer().execute(bits)
    assert sum(octets is not None for _, octets in found) <= 1
    assert len(found) > 300


def test_an_abort_in_a_frame_and_fragments():
    bits = hdlc.encode([bytes(10)], 2)
    aborted = np.concatenate([bits[:80], np.ones(9, np.uint8), hdlc.encode([b"abc"], 2)])
    assert hdlc.Deframer().execute(aborted) == [(86, None), (len(aborted) - 9, b"abc")]
    assert hdlc.Deframer().execute(hdlc.encode([b""], 2)) == []
    assert hdlc.Deframer().execute(np.zeros(1000, np.uint8)) == []
    assert hdlc.Deframer().execute(np.ones(1000, np.uint8)) == []


def test_flags_with_a_shared_zero():
    shared = np.array(FLAG + FLAG[1:] + FLAG[1:], np.uint8)
    frame = hdlc.encode([b"shared"], 0, closing=0)
    deframer = hdlc.Deframer()
    bits = np.concatenate([shared, frame, shared])
    assert [octets for _, octets in deframer.execute(bits)] == [b"shared"]
    assert deframer.flags == 3


def test_a_frame_longer_than_any_is_damaged_and_the_next_is_not():
    bits = hdlc.encode([bytes(hdlc.LONGEST + 5), b"next"], 2)
    assert [octets for _, octets in hdlc.Deframer().execute(bits)] == [None, b"next"]


@pytest.mark.parametrize("size", [3, 260])
def test_restart_forgets_the_frame_but_not_the_count(size):
    deframer, bits = hdlc.Deframer(), hdlc.encode([bytes(size)], 2)
    deframer.execute(bits[:30])
    deframer.restart()
    assert deframer.execute(bits) == [(30 + len(bits) - 9, bytes(size))]
