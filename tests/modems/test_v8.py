"""V.8: menus, bits, signals over the line, the answer tone, special information tones."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware_sim.dsp import tones
from firmware_sim.dsp.detectors import AnswerToneDetector
from firmware_sim.modems import v8
from firmware_sim.modems.v8 import Function, Menu, Signal

from .line import Line, burst
from .test_silence import QUIET, on_the_line, v21, v29

NAMES = sorted(name for names in v8.MODULATIONS for name in names)
MENUS = st.builds(Menu, st.sampled_from(Function), st.frozensets(st.sampled_from(NAMES)), st.just(3))
SUPER_G3 = Menu(Function.FAX_SENT_BY_CALLER, frozenset({"V.34 half-duplex", "V.17", "V.29", "V.27ter", "V.21"}))


@given(MENUS)
def test_a_menu_survives(menu):
    assert v8.decode_menu(v8.encode_menu(menu)) == menu
    found = v8.Decoder().execute([*v8.encode(Signal.CM, menu, 3).tolist(), *[1] * 10])
    assert found[:1] == [(Signal.CM, menu)]


@given(st.lists(st.integers(0, 1), max_size=300))
def test_any_bits_may_come(bits):
    v8.Decoder().execute(bits)


def test_a_damaged_menu_waits_for_two_alike():
    bits = v8.encode(Signal.CM, SUPER_G3, 4)
    bits[28] ^= 1
    assert v8.Decoder().execute(bits.tolist()) == [(Signal.CM, SUPER_G3)]


def test_the_octets_are_those_of_the_recommendation():
    assert v8.encode_menu(SUPER_G3).hex(" ") == "81 85 d4 90"
    assert "".join(map(str, v8.encode(Signal.CM, SUPER_G3)[:20])) == "1111111111" + "0000001111"
    assert "".join(map(str, v8.encode(Signal.CI, SUPER_G3)[:30])) == "1111111111" + "0000000001" + "0100000011"


def test_the_answer_of_a_group_3_fax_has_no_v34():
    jm = v8.answer(SUPER_G3)
    assert (jm.function, jm.modulations, jm.octets) == (SUPER_G3.function, v8.GROUP_3, 3)
    assert v8.answer(Menu(Function.DATA, frozenset({"V.34"}))).modulations == frozenset()


@pytest.mark.parametrize("line", [Line(), Line(snr_db=15), Line(hz=7, ppm=100), Line(gain_db=-20)], ids=repr)
@pytest.mark.parametrize("channel", [1, 2])
def test_signals_over_the_line(line, channel):
    for bits, expected in (
        (v8.encode(Signal.CM, SUPER_G3, 4), Signal.CM),
        (np.tile(v8.encode(Signal.CI, SUPER_G3), 3), Signal.CI),
        (np.append(np.ones(20, np.uint8), v8.encode(Signal.CJ)), Signal.CJ),
    ):
        heard = line.carry(burst(v8.sender(channel), np.append(bits, np.ones(12, np.uint8))))
        listener = v8.Listener(channel)
        found = [f for k in range(0, len(heard), 160) for f in listener.execute(heard[k : k + 160])]
        assert {signal for _, signal, _ in found} == {expected}
        if expected is Signal.CM:
            assert found[0][2] == SUPER_G3
        elif expected is Signal.CI:
            assert found[0][2].function is SUPER_G3.function


@pytest.mark.parametrize("name", sorted(QUIET))
def test_no_signal_in_other_sounds(name):
    for channel in (1, 2):
        assert v8.Listener(channel).execute(on_the_line(QUIET[name], 25)) == []


@pytest.mark.parametrize("snr_db", [None, 15])
@pytest.mark.parametrize("reversals", [True, False])
def test_ansam_is_told_from_ced(snr_db, reversals):
    for player, modulated in ((tones.Ansam(reversals=reversals), True), (tones.ToneGenerator(tones.ced()), False)):
        samples = np.append(np.zeros(1000), player.execute(40000).astype(float))
        detector, found = AnswerToneDetector(), []
        for k in range(0, len(samples), 160):
            found += detector.execute(on_the_line(samples, snr_db)[k : k + 160])
        assert [m for _, m in found] == [modulated]
        assert abs(found[0][0] - 1000) <= 160


@pytest.mark.parametrize("name", [*sorted(set(QUIET) - {"CED"}), "V.21", "V.29"])
def test_no_answer_tone_in_other_sounds(name):
    x = {"V.21": v21, "V.29": v29}.get(name, lambda: QUIET[name])()
    assert AnswerToneDetector().execute(on_the_line(x, 25)) == []


def test_ansam_has_its_level_and_length():
    player = tones.Ansam(-13.0, 3000)
    samples = np.concatenate([player.execute(77) for _ in range(400)]).astype(float)
    assert player.remaining == 0
    assert not samples[24000:].any()
    assert 10 * np.log10((samples[:24000] ** 2).mean() / (32768**2 / 2)) + 3.14 == pytest.approx(-13, abs=0.02)
    player.restart()
    assert np.array_equal(player.execute(500), samples[:500].astype(np.int16))
    turn = samples[3600 - 40 : 3600] @ np.sin(2 * np.pi * 2100 / 8000 * np.arange(3560, 3600))
    back = samples[3600:3640] @ np.sin(2 * np.pi * 2100 / 8000 * np.arange(3600, 3640))
    assert turn * back < 0


def test_special_information_tones():
    cadence = tones.sit((True, False), (True, False))
    assert [tone.sines[0][0] for tone, _ in cadence.steps] == [985, 1371, 1777]
    assert [count for _, count in cadence.steps] == [3040, 2192, 3040]
