"""The tester's own instruments, held against the firmware's, which were made apart from them."""

import numpy as np
import pytest

from firmware_sim.dsp import hdlc
from firmware_sim.modems.api import Kind
from firmware_sim.modems.catalog import demodulator, modulator
from firmware_sim.t30.frames import Frame
from firmware_sim.t30.tables import Dcs, Dis, Rate
from rig.conformance import frames as f
from rig.conformance import tester, wire
from rig.conformance.devices import Simulated
from rig.conformance.model import Case, Role, Setup
from rig.conformance.runner import play
from rig.conformance.signals import Signal, read

CSI = f.frame("CSI", f.number("+49 30 2010"), x=False, final=False)
DIS = f.frame("DIS", bytes((0x00, 0x70, 0xFE)), x=False)


@pytest.mark.parametrize("frame", [frame for frame in Frame if str(frame) in {**f.FIXED, **f.WITH_X}])
def test_codes_are_those_of_the_firmware(frame):
    for x in (False, True):
        assert f.frame(str(frame), x=x)[2] == f.turned(bytes((frame.octet(x),)))[0]


def test_rates_are_those_of_the_firmware():
    assert {f"{rate.modem} {rate.bps}": rate.bits for rate in Rate} == f.RATES


def test_bits_are_where_the_firmware_has_them():
    dis = f.turned(Dis.of(receives=True, ecm=True, fine=True, ready_to_send=True, t6=True).encode())
    said = {bit for bit in range(1, 8 * len(dis) + 1) if f.is_set(dis, bit)}
    assert said - {24, 32} == {f.CAN_RECEIVE, f.ECM, f.FINE, f.READY_TO_SEND, f.T6}
    assert Dcs.decode(f.turned(f.field({10: "1", 11: "1000", 27: "1"}))).rate is Rate.V29_9600


@pytest.mark.parametrize("bit", range(128))
def test_fields_of_any_length_carry_their_extension_bits(bit):
    if bit == 0 or bit % 8 == 0:
        return
    made = f.field({bit: "1"})
    assert f.is_set(made, bit)
    assert [octet for octet in range(3, len(made) + 1) if f.is_set(made, 8 * octet)] == list(range(3, len(made)))


def test_hdlc_is_read_by_the_firmware():
    frames = [CSI, DIS, bytes((0xFF, 0xC0, 0xFF, 0xFF, 0xFF))]
    line = np.frombuffer(wire.hdlc(frames, 5).encode(), np.uint8) - 48
    assert [octets for _, octets in hdlc.Deframer().execute(line)] == [f.turned(octets) for octets in frames]


def test_the_firmwares_hdlc_is_read():
    line = "".join(map(str, hdlc.encode([f.turned(CSI), f.turned(DIS)], 7, between=3)))
    found = wire.deframe(line)
    assert [frame.octets for frame in found.frames] == [CSI, DIS]
    assert [frame.flags_before for frame in found.frames] == [7, 3]
    assert all(frame.good for frame in found.frames)


def test_a_spoilt_frame_is_sent_and_seen():
    found = wire.deframe(wire.hdlc([CSI, DIS], 5, spoil=wire.Spoil(frozenset({0}))))
    assert [frame.good for frame in found.frames] == [False, True]


@pytest.mark.parametrize("dbm0", [-3.0, -13.0, -40.0])
def test_v21_is_heard_by_the_firmware(dbm0):
    samples = wire.v21(wire.hdlc([CSI, DIS], 37), dbm0)
    heard = demodulator("V.21", 300).execute(np.concatenate((samples, np.zeros(800, np.int16))))
    assert [event.octets for event in heard if event.kind is Kind.FRAME] == [f.turned(CSI), f.turned(DIS)]


def test_the_firmwares_v21_is_read_and_measured():
    sender = modulator("V.21", 300, -20.0)
    sender.start(hdlc.encode([f.turned(DIS)], 37))
    samples = sender.execute(sender.remaining)
    burst = Signal("device", "other", 1000, 1000 + len(samples), samples=samples)
    read(burst)
    assert burst.names == ["DIS"]
    assert burst.preamble_ms == pytest.approx(37 * 8 / 0.3, abs=3)
    assert wire.level_dbm0(samples) == pytest.approx(-20.0, abs=0.1)


@pytest.mark.parametrize("hz", [1062, 1100, 2100, 2150])
def test_tones_are_measured(hz):
    burst = Signal("device", "other", 0, 8000, samples=wire.tone(hz, -20.0, 1000))
    read(burst)
    assert (burst.kind, burst.hz) == ("tone", pytest.approx(hz, abs=1))


def test_ppr_names_its_frames():
    assert f.ppr_frames(f.ppr({0, 7, 8, 255})) == {0, 7, 8, 255}


def test_a_clock_that_is_fast_is_fast():
    tone = wire.tone(1000, -10.0, 2000)
    assert len(wire.drifted(tone, 100.0)) == pytest.approx(len(tone) * (1 - 1e-4), abs=1)
    assert wire.spectrum(wire.drifted(tone, 10_000.0))[0] == pytest.approx(1010, abs=1)


class Mute:
    """A device that never says anything."""

    name, uncertainty_ms, active, outcome, outcome_text = "mute", 5.0, True, None, ""

    def lacks(self, setup, role):
        return ""

    def start(self, role, setup):
        pass

    def execute(self, heard):
        return np.zeros(len(heard), np.int16)

    def received(self):
        return []

    def terminate(self):
        pass


def test_a_silent_device_fails_with_the_step_and_what_was_due():
    def script(t):
        yield from t.expect("DIS", 2000)

    result = play(Case("x", "x", script, Role.ANSWERS), Mute())
    assert result.status == "fail"
    assert result.reason == "wait for DIS: expected DIS within 2 s, seen nothing"
    assert result.audio is not None


def test_a_call_without_end_fails():
    def script(t):
        while True:
            yield

    result = play(Case("x", "x", script, Role.ANSWERS, longest_s=3.0), Mute())
    assert "a call that goes on" in result.reason


def test_a_device_that_breaks_fails_and_is_no_error_of_the_bench():
    def script(t):
        yield

    class Broken(Mute):
        def execute(self, heard):
            raise ValueError("inside")

    result = play(Case("x", "x", script, Role.ANSWERS), Broken())
    assert result.status == "fail"
    assert "inside" in result.reason


def test_a_gap_is_measured_to_the_limit():
    t = tester.Tester(Setup(), Role.ANSWERS, 5.0)
    t.within("gap", 95.0, 55, 95)
    t.within("gap", 99.9, 55, 95)
    t.within("gap", 100.1, 55, 95)
    assert [check.ok for check in t.checks] == [True, True, False]
    assert Simulated().uncertainty_ms == 5.0
