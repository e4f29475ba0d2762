"""Lines with two directions: echoes by delay and loss, hybrids at both ends, the echo canceller."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware_sim.fxs.line import Line
from rig.impairments import OneWayLine, TwoWayLine, impairment, two_way

from .signals import level, noise, sine

SILENCE = np.zeros(8000, np.int16)


def converse(line, port, machine, sizes=(160,)):
    """-> (what the machine hears, what the port hears) of two signals of equal length."""
    at, turn, heard_machine, heard_port = 0, 0, [], []
    while at < len(port):
        block = slice(at, at + sizes[turn % len(sizes)])
        heard_machine.append(line.toward_machine(port[block]))
        heard_port.append(line.toward_port(machine[block]))
        at, turn = block.stop, turn + 1
    return np.concatenate(heard_machine), np.concatenate(heard_port)


def pcm(x):
    return np.rint(x).astype(np.int16)


def click(at=400):
    signal = np.zeros(8000, np.int16)
    signal[at] = 20000
    return signal


def comes_back(heard, after=400):
    """-> (delay in ms, loss in dB) of a click's echo."""
    place = int(np.argmax(np.abs(heard)))
    return (place - after) / 8, 20 * np.log10(20000 / abs(int(heard[place])))


def test_it_is_a_line():
    line: Line = TwoWayLine()
    machine, port = converse(line, click(), click(900))
    assert np.array_equal(machine, click())
    assert np.array_equal(port, click(900))


def test_each_direction_has_its_own_impairments_and_noise():
    line = TwoWayLine(OneWayLine([impairment("loss:loss_db=3")]), OneWayLine([impairment("loss:loss_db=9")]))
    machine, port = converse(line, pcm(sine(1000)), pcm(sine(1000)))
    assert (level(machine), level(port)) == pytest.approx((-16.0, -22.0), abs=0.02)
    machine, port = converse(two_way("awgn:snr_db=20"), SILENCE, SILENCE)
    assert not np.array_equal(machine, port)
    assert level(machine) == pytest.approx(level(port), abs=0.2)


@pytest.mark.parametrize("delay_ms", [0.0, 2.5, 100.0])
@pytest.mark.parametrize("loss_db", [4.0, 20.0])
def test_the_ports_voice_comes_back_from_its_hybrid_to_the_sample(delay_ms, loss_db):
    heard = converse(two_way(f"near-echo:loss_db={loss_db},delay_ms={delay_ms}"), click(), SILENCE)[1]
    assert comes_back(heard) == pytest.approx((delay_ms, loss_db), abs=0.02)


@pytest.mark.parametrize(("delay_ms", "earliest_ms"), [(0.0, 20.0), (20.0, 20.0), (50.0, 50.0)])
def test_the_machines_voice_comes_back_a_block_later_at_the_earliest(delay_ms, earliest_ms):
    heard = converse(two_way(f"near-echo:loss_db=12,delay_ms={delay_ms}"), SILENCE, click())[0]
    assert comes_back(heard) == pytest.approx((earliest_ms, 12.0), abs=0.02)


def test_the_far_echo_has_gone_both_ways():
    """30 ms and 6 dB each way, 15 dB at the far hybrid: 60 ms later (and a block more into the machine's ear)."""
    text = "delay:delay_ms=30 + loss:loss_db=6 + far-echo:loss_db=15"
    assert comes_back(converse(two_way(text), click(), SILENCE)[1]) == pytest.approx((60.0, 27.0), abs=0.05)
    assert comes_back(converse(two_way(text), SILENCE, click())[0]) == pytest.approx((80.0, 27.0), abs=0.05)


def test_a_satellite_echo_with_its_own_delay():
    text = "satellite-delay:delay_ms=270 + far-echo:loss_db=10,delay_ms=7"
    assert comes_back(converse(two_way(text), click(), SILENCE)[1])[0] == 547.0


@settings(max_examples=15, deadline=None)
@given(st.lists(st.integers(1, 160), min_size=1, max_size=5))
def test_the_cut_into_blocks_changes_no_sample(sizes):
    text = "eia-ll-2 + awgn + near-echo:delay_ms=3 + far-echo:delay_ms=1 + delay:delay_ms=4 + echo-canceller"
    port, machine = pcm(noise(0.4, seed=1)), pcm(noise(0.4, seed=2))
    whole, parts = converse(two_way(text), port, machine), converse(two_way(text), port, machine, sizes)
    assert np.array_equal(whole[0], parts[0])
    assert np.array_equal(whole[1], parts[1])


def test_reset_and_seed():
    signal = pcm(noise(0.5))
    line = two_way("awgn + near-echo + delay", seed=4)
    first = converse(line, signal, signal)
    line.reset()
    assert np.array_equal(converse(line, signal, signal), first)
    assert not np.array_equal(converse(two_way("awgn + near-echo + delay", seed=5), signal, signal), first)


def test_rest_lets_everything_die_away():
    line = two_way("satellite-delay:delay_ms=600 + near-echo:delay_ms=300 + far-echo")
    converse(line, pcm(noise(1.0)), pcm(noise(1.0)))
    line.rest()
    assert not np.any(converse(line, SILENCE, SILENCE))


def test_wrong_use_is_told():
    line = TwoWayLine()
    with pytest.raises(ValueError, match="blocks of at most 160 samples, not 161"):
        line.toward_machine(SILENCE[:161])
    line.toward_machine(SILENCE[:160])
    with pytest.raises(ValueError, match="160 samples went toward the machine, so 80 cannot come back"):
        line.toward_port(SILENCE[:80])
    with pytest.raises(ValueError, match="each block goes toward the port, too"):
        line.toward_machine(SILENCE[:160])
    with pytest.raises(ValueError, match="near-echo needs a line with two directions"):
        OneWayLine([impairment("near-echo")])


# -- the canceller -----------------------------------------------------------------------------------------------------

ECHO = "near-echo:loss_db=12,delay_ms=8"


def echo_level(text, seconds=4.0):
    """Of what the port hears in the last second while only the port speaks."""
    port = pcm(noise(seconds))
    return level(converse(two_way(text), port, pcm(np.zeros(len(port))))[1][-8000:])


def test_it_takes_the_echo_away():
    """G.168 asks for some 30 dB of echo return loss enhancement from linear processing; A-law noise is not in it."""
    before, after = echo_level(ECHO), echo_level(f"{ECHO} + echo-canceller:nlp=0")
    assert before == pytest.approx(-25.0, abs=0.2)
    assert before - after > 30


def test_the_non_linear_processor_makes_the_rest_silent():
    assert echo_level(f"{ECHO} + a-law + echo-canceller:nlp=1,nlp_db=20") == -np.inf


def test_a_tail_that_is_too_short_does_nothing():
    assert echo_level("near-echo:loss_db=12,delay_ms=40 + echo-canceller:tail_ms=16,nlp=0") > -26


def test_who_speaks_at_the_near_end_is_heard():
    """After learning, the machine speaks while the port does: it comes through within a few tenths of a dB."""
    port, machine = pcm(noise(4.0)), np.zeros(32000, np.int16)
    machine[16000:] = pcm(sine(1800, 2.0, -10.0))
    heard = converse(two_way(f"{ECHO} + echo-canceller"), port, machine)[1]
    assert level(heard[20000:]) == pytest.approx(-10.0, abs=0.5)
