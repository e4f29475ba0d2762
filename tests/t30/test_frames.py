"""Octets against traces that others printed: service manuals show frames as they stood on the line."""

import pytest

from firmware_sim.errors import DecodeError
from firmware_sim.t30.capabilities import Dcs, Dis, Modems, Rate, ladder
from firmware_sim.t30.frames import (
    Control,
    Frame,
    Message,
    PartialPage,
    decode,
    decode_number,
    encode_number,
    request_frames,
    requested_frames,
)


def test_a_printed_dis_reads_as_its_table_says():
    dis = Dis.decode(bytes.fromhex("20C28AC480D5838018"))
    assert dis.v8
    assert dis.receives
    assert dis.ecm
    assert dis.t6
    assert dis.password
    assert not dis.ready_to_send
    assert (dis.length, dis.widths_mm, dis.scan_times_ms) == ("unlimited", (215, 255, 303), (20, 20))
    assert dis.encode() == bytes.fromhex("20C28AC480D5838018")


def test_a_printed_dcs_reads_as_its_table_says():
    dcs = Dcs.decode(bytes.fromhex("0042F844"))
    assert dcs.ecm
    assert dcs.t6
    assert dcs.fine
    assert dcs.rate is Rate.V27TER_2400
    assert not dcs.frames_of_64
    assert dcs.encode() == bytes.fromhex("0042F844")


def test_a_printed_pps_and_its_ppr():
    pps = Message(Frame.PPS, PartialPage(Frame.MPS, page=0, block=0, frames=16).encode())
    assert pps.encode(x=True)[0][2:] == bytes.fromhex("BF4F00000F")
    fif = request_frames(range(4, 8), sent=16)
    assert fif == bytes.fromhex("F000" + "FF" * 30)
    assert requested_frames(fif, sent=16) == [4, 5, 6, 7]


@pytest.mark.parametrize("frame", Frame)
@pytest.mark.parametrize("x", [False, True])
def test_every_frame_comes_back_whatever_its_x_bit(frame, x):
    assert decode(Message(frame, b"\x2a").encode(x)[0]) == Control(frame, b"\x2a", final=True)


def test_control_fields_differ():
    octets = [frame.octet(x) for frame in Frame for x in {False, frame.value.startswith("X")}]
    assert len(octets) == len(set(octets))


@pytest.mark.parametrize("octets", [b"", b"\xff\x13", b"\xfe\x13\x80", b"\xff\x00\x80", b"\xff\x13\x55"])
def test_what_is_no_frame_is_refused(octets):
    with pytest.raises(DecodeError):
        decode(octets)


def test_numbers_stand_last_digit_first():
    assert encode_number("+49 30") == b"03 94+" + b" " * 14
    assert decode_number(encode_number("+49 30")) == "+49 30"


@pytest.mark.parametrize("table", [Dis, Dcs])
def test_every_declared_bit_survives_alone(table):
    for name, bit in table.fields():
        for raw in range(bit.mask + 1):
            setting = bit.read(raw)
            if setting is not None:
                assert getattr(table.decode(table.of(**{name: setting}).encode()), name) == setting


@pytest.mark.parametrize("table", [Dis, Dcs])
def test_no_two_fields_share_a_bit(table):
    used = [bit.first + offset for _, bit in table.fields() for offset in range(bit.mask.bit_length())]
    assert len(used) == len(set(used))
    assert not {23, 31, 39, 47, 55, 63, 71, 79} & set(used)


def test_the_ladder_is_what_both_have():
    v17, v29 = Dis.of(modems=Modems.V27TER_V29_V17), Dis.of(modems=Modems.V27TER_V29)
    assert ladder(v17, v17) == list(Rate)
    assert [rate.bps for rate in ladder(v17, v17, fastest_bps=7200)] == [7200, 7200, 4800, 2400]
    assert ladder(v17, v29) == [Rate.V29_9600, Rate.V29_7200, Rate.V27TER_4800, Rate.V27TER_2400]
