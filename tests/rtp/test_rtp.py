"""G.711 against its definition, packets off a hostile network, and what the jitter buffer does to order."""

from contextlib import suppress
from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware_sim.clock import BLOCK_SAMPLES
from firmware_sim.errors import DecodeError
from firmware_sim.rtp.g711 import Codec
from firmware_sim.rtp.jitter import JitterBuffer
from firmware_sim.rtp.packet import Packet


@pytest.mark.parametrize("codec", list(Codec))
def test_every_octet_comes_back(codec):
    octets = bytes(range(256))
    again = codec.encode(codec.decode(octets))
    differ = [o for o, a in zip(octets, again, strict=True) if o != a]
    assert codec.decode(octets).tolist() == codec.decode(again).tolist()
    assert len(differ) <= 1  # mu-law has two zeros


def test_known_values():
    """Idle octets and the ends of both laws, as any G.711 device has them."""
    assert Codec.PCMA.decode(b"\xd5\x55\xaa\x2a").tolist() == [8, -8, 32256, -32256]
    assert Codec.PCMU.decode(b"\xff\x80\x00").tolist() == [0, 32124, -32124]
    assert Codec.PCMA.silence == 0xD5
    assert Codec.PCMU.silence in (0xFF, 0x7F)


@pytest.mark.parametrize("codec", list(Codec))
def test_encoding_takes_the_nearest_level(codec):
    samples = np.arange(-32768, 32768).astype(np.int16)
    levels = codec.decode(bytes(range(256))).astype(int)
    coded = codec.decode(codec.encode(samples)).astype(int)
    nearest = np.abs(levels[None, :] - samples[:, None].astype(int)).min(axis=1)
    assert (np.abs(coded - samples) == nearest).all()


WORDS = st.integers(0, 2**32 - 1)


@given(st.integers(0, 127), st.integers(0, 65535), WORDS, WORDS, st.binary(max_size=400))
def test_packets_come_back(payload_type, sequence, timestamp, ssrc, payload):
    packet = Packet(payload_type, sequence, timestamp, ssrc, payload, marker=bool(sequence % 2))
    assert Packet.decode(packet.encode()) == packet


@given(st.binary(max_size=60))
def test_nonsense_is_a_decode_error_or_a_packet(data):
    with suppress(DecodeError):
        Packet.decode(data)


def blocks(count):
    return [bytes((n % 200 + 1,)) * BLOCK_SAMPLES for n in range(count)]


@given(st.integers(0, 2**32 - 1), st.integers(0, 1000))
def test_order_and_duplicates_do_not_matter(start, seed):
    rng, sent = Random(seed), blocks(40)
    buffer = JitterBuffer(3 * BLOCK_SAMPLES, 0)
    arrivals = sorted((n + rng.choice((0, 1, 1.4, 1.9)), n) for n in range(40) for _ in range(rng.choice((1, 2))))
    arrivals = [(0.0, 0), *arrivals]
    heard = []
    for tick in range(45):
        while arrivals and arrivals[0][0] <= tick:
            _, n = arrivals.pop(0)
            buffer.put((start + n * BLOCK_SAMPLES) % 2**32, sent[n])
        heard.append(buffer.get())
    assert heard[3:43] == sent
    assert buffer.statistics.lost_samples == buffer.statistics.slips == 0


def test_a_lost_packet_is_silence_and_is_counted():
    buffer, sent = JitterBuffer(2 * BLOCK_SAMPLES, 0), blocks(6)
    heard = []
    for n, block in enumerate(sent):
        if n != 3:
            buffer.put(n * BLOCK_SAMPLES, block)
        heard.append(buffer.get())
    heard += [buffer.get(), buffer.get()]
    assert heard[2:] == [*sent[:3], bytes(BLOCK_SAMPLES), *sent[4:]]
    assert buffer.statistics.lost_samples == BLOCK_SAMPLES


@pytest.mark.parametrize(("every", "drops"), [(50, True), (-50, False)])
def test_drift_slips_in_either_direction(every, drops):
    """A peer whose clock is 2 % off: the buffer must slip, count it, and go on in step."""
    buffer, n = JitterBuffer(2 * BLOCK_SAMPLES, 0), 0
    heard = bytearray()
    for tick in range(1, 1000):
        for _ in range(1 + (tick % abs(every) == 0 and drops) - (tick % abs(every) == 0 and not drops)):
            buffer.put(n * BLOCK_SAMPLES, bytes((n % 250 + 1,)) * BLOCK_SAMPLES)
            n += 1
        heard += buffer.get()
    assert buffer.statistics.slips > 2
    assert len(heard) == 999 * BLOCK_SAMPLES
    assert heard[-BLOCK_SAMPLES] != 0
