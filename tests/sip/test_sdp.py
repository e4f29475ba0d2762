import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware_sim.errors import DecodeError
from firmware_sim.events import Address
from firmware_sim.sip.sdp import Audio, Sdp, answer_audio, audio_of, offer_audio

HERE, THERE = Address("10.0.0.1", 4000), Address("10.0.0.2", 5000)
FULL = b"""v=0\r
o=- 20518 7 IN IP4 203.0.113.1\r
s= \r
i=a line no one needs\r
t=0 0\r
a=x-flag\r
m=audio 54400/2 RTP/AVP 18 96 0 97\r
c=IN IP4 203.0.113.9/127\r
b=AS:64\r
a=rtpmap:96 pcma/8000/1\r
a=rtpmap:97 telephone-event/8000\r
a=ptime:30\r
a=sendonly\r
a=x-odd:1:2 3\r
m=image 54500 udptl t38\r
c=IN IP4 203.0.113.9\r
a=T38FaxVersion:0\r
"""


def test_everything_survives() -> None:
    sdp = Sdp.parse(FULL)
    assert sdp.encode() == FULL
    assert sdp.attribute("x-flag") == ""
    assert sdp.media[0].attribute("x-odd") == "1:2 3"
    assert sdp.media[1].attribute("T38FaxVersion") == "0"
    assert sdp.next_version().origin == "- 20518 8 IN IP4 203.0.113.1"


def test_what_the_peer_wants() -> None:
    wanted = audio_of(Sdp.parse(FULL))
    assert wanted == Audio(Address("203.0.113.9", 54400), 96, "PCMA", 97, 30, "sendonly")
    assert audio_of(Sdp.parse(FULL), ("PCMU",)) == Audio(Address("203.0.113.9", 54400), 0, "PCMU", 97, 30, "sendonly")


def test_the_answer_mirrors_the_offer_line_by_line() -> None:
    answer = answer_audio(Sdp.parse(FULL), HERE)
    assert answer is not None
    assert [(one.kind, one.port) for one in answer.media] == [("audio", 4000), ("image", 0)]
    assert answer.media[0].formats == ("96", "97")
    assert audio_of(answer) == Audio(HERE, 96, "PCMA", 97, 30, "recvonly")


@pytest.mark.parametrize("codecs", [("PCMA", "PCMU"), ("PCMU", "PCMA"), ("PCMU",), ("PCMA",)])
def test_offer_and_answer(codecs: tuple[str, ...]) -> None:
    offer = offer_audio(HERE, codecs)
    assert Sdp.parse(offer.encode()) == offer
    assert audio_of(offer) == Audio(HERE, {"PCMA": 8, "PCMU": 0}[codecs[0]], codecs[0], 101)
    answer = answer_audio(offer, THERE)
    assert answer is not None
    assert audio_of(answer) == Audio(THERE, {"PCMA": 8, "PCMU": 0}[codecs[0]], codecs[0], 101)
    assert answer_audio(offer, THERE, ("G729",)) is None


def test_a_refused_line_is_no_audio() -> None:
    text = FULL.replace(b"audio 54400/2", b"audio 0")
    assert audio_of(Sdp.parse(text)) is None
    assert answer_audio(Sdp.parse(text), HERE) is None


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"v=0\r\n", b""),
        (b"o=- 20518 7 IN IP4 203.0.113.1", b"o=- 1 x IN IP4 h"),
        (b"c=IN IP4 203.0.113.9/127", b"c=IN"),
        (b"54400/2", b"70000"),
        (b"m=image 54500 udptl t38", b"m=image"),
        (b"b=AS:64", b"b AS"),
    ],
)
def test_broken_descriptions(old: bytes, new: bytes) -> None:
    assert old in FULL
    with pytest.raises(DecodeError):
        Sdp.parse(FULL.replace(old, new))


@given(st.lists(st.tuples(st.integers(0, len(FULL) - 1), st.binary(max_size=4)), min_size=1, max_size=8))
def test_damage_never_crashes(damage: list[tuple[int, bytes]]) -> None:
    data = bytearray(FULL)
    for at, piece in damage:
        data[at : at + len(piece)] = piece
    try:
        sdp = Sdp.parse(bytes(data))
    except DecodeError:
        return
    assert Sdp.parse(sdp.encode()) == sdp
    audio_of(sdp)
    answer = answer_audio(sdp, HERE)
    assert answer is None or len(answer.media) == len(sdp.media)
