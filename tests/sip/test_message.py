import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware_sim.errors import DecodeError
from firmware_sim.events import Address
from firmware_sim.sip.headers import CSeq, NameAddr, Uri, Via
from firmware_sim.sip.message import Headers, Request, Response, parse, respond

INVITE = (
    b"INVITE sip:bob@biloxi.example.com;user=phone SIP/2.0\r\n"
    b"v: SIP/2.0/UDP 10.0.0.1:5070;branch=z9hG4bK776;rport, SIP/2.0/TCP proxy.example.com\r\n"
    b"Via: SIP/2.0/UDP 10.0.0.9\r\n"
    b'f: "A. \\"G.\\" Bell, <of> fame" <sip:agb@bell-telephone.com>;tag=a48s\r\n'
    b"t: sip:bob@biloxi.example.com;tag=xyz\r\n"
    b"i: f81d4fae@foo.bar.com\r\n"
    b"CSeq: 0007 INVITE\r\n"
    b"Subject: I know you're there,\r\n"
    b"\tpick up\r\n   the phone\r\n"
    b"X-Unknown:  keeps = its; \xff value \r\n"
    b"l: 4\r\n"
    b"\r\n"
    b"v=0\nrest that is not ours"
)


def test_compact_folded_and_unknown_headers() -> None:
    request = parse(INVITE)
    assert isinstance(request, Request)
    assert request.body == b"v=0\n"
    assert [via.host for via in request.vias] == ["10.0.0.1", "proxy.example.com", "10.0.0.9"]
    assert request.from_.display == 'A. "G." Bell, <of> fame'
    assert (request.from_.tag, request.to.tag) == ("a48s", "xyz")
    assert request.to.uri == Uri("bob", "biloxi.example.com")
    assert request.cseq == CSeq(7, "INVITE")
    assert request.headers.get("s") == "I know you're there, pick up the phone"
    assert b"X-Unknown: keeps = its; \xff value\r\n" in request.encode()


def test_what_was_written_is_read_again() -> None:
    request = parse(INVITE)
    again = parse(request.encode())
    assert again.encode() == request.encode()
    assert again.body == request.body


@pytest.mark.parametrize(
    "text",
    [
        "sip:alice@10.0.0.1:5080;transport=udp;lr",
        "sips:alice@host.example",
        "sip:10.0.0.1",
        "sip:*21%23@host?Subject=x",
        "tel:+49301234;phone-context=x",
        "sip:a%20b@[2001:db8::1]:5060",
    ],
)
def test_uris_come_out_as_they_went_in(text: str) -> None:
    assert str(Uri.parse(text)) == text


@pytest.mark.parametrize(
    "text", ["", "sip:", "alice@host", "sip:a@", "sip:a@h:99999", "sip:a@h:x", "sip:a b@h", "<sip:a@h"]
)
def test_uris_that_are_none(text: str) -> None:
    with pytest.raises(DecodeError):
        Uri.parse(text)


def test_a_star_user_and_a_hash_are_decoded() -> None:
    assert Uri.parse("sip:*21%23@h").user == "*21#"


def test_via_is_stamped_with_where_it_came_from() -> None:
    via = Via.parse("SIP/2.0/UDP 192.168.1.2:5060;branch=z9hG4bK1;rport;received=6.6.6.6")
    stamped = via.stamped(Address("10.0.0.7", 1024))
    assert stamped.response_address() == Address("10.0.0.7", 1024)
    plain = Via.parse("SIP / 2.0 / UDP 192.168.1.2;branch=z9hG4bK1").stamped(Address("10.0.0.7", 1024))
    assert plain.response_address() == Address("10.0.0.7", 5060)
    liar = Via.parse("SIP/2.0/UDP 10.0.0.7;received=6.6.6.6").stamped(Address("10.0.0.7", 1024))
    assert liar.response_address() == Address("10.0.0.7", 5060)


def test_a_response_copies_what_it_must() -> None:
    request = parse(INVITE)
    assert isinstance(request, Request)
    response = respond(request, 486, tag="ours")
    assert response.reason == "Busy Here"
    assert response.headers.lines("Via") == request.headers.values("Via")
    assert response.to.tag == "xyz", "a To tag that is there stays"
    assert isinstance(parse(response.encode()), Response)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"CSeq: 0007 INVITE", b"CSeq: 7 BYE"),
        (b"CSeq: 0007 INVITE", b"CSeq: 99999999999 INVITE"),
        (b"l: 4", b"l: 400"),
        (b"l: 4", b"l: -1"),
        (b"i: f81d4fae@foo.bar.com\r\n", b""),
        (b"SIP/2.0\r\nv:", b"SIP/3.0\r\nv:"),
        (b"f: ", b"Fr om: "),
        (b"<sip:agb@bell-telephone.com>", b"<sip:agb@bell-telephone.com"),
        (b"rport,", b"rport=99999,"),
    ],
)
def test_broken_messages_are_refused(old: bytes, new: bytes) -> None:
    assert old in INVITE
    with pytest.raises(DecodeError):
        parse(INVITE.replace(old, new))


def test_an_error_says_where() -> None:
    with pytest.raises(DecodeError) as wrong:
        parse(INVITE.replace(b"X-Unknown:", b"X Unknown:"))
    assert wrong.value.offset == INVITE.index(b"X-Unknown")


@given(st.binary(max_size=300))
def test_noise_never_crashes(data: bytes) -> None:
    with pytest.raises(DecodeError):
        parse(data)


@given(st.lists(st.tuples(st.integers(0, len(INVITE) - 1), st.binary(max_size=6)), min_size=1, max_size=6))
def test_damaged_messages_are_read_or_refused(damage: list[tuple[int, bytes]]) -> None:
    data = bytearray(INVITE)
    for at, piece in damage:
        data[at : at + len(piece)] = piece
    try:
        message = parse(bytes(data))
    except DecodeError:
        return
    parse(message.encode())


@given(st.text(max_size=40))
def test_values_never_crash(text: str) -> None:
    for kind in (Uri, NameAddr, Via, CSeq):
        try:
            value = kind.parse(text)
        except DecodeError:
            continue
        str(value)


@given(st.text(st.characters(exclude_categories=("Cs",)), min_size=1, max_size=20), st.integers(1, 65535))
def test_any_user_name_survives(user: str, port: int) -> None:
    uri = Uri(user, "10.0.0.1", port)
    assert Uri.parse(str(uri)) == uri


def test_headers_keep_their_order() -> None:
    headers = Headers([("X-A", "1"), ("X-B", "2"), ("x-a", "3"), ("X-C", "4")])
    headers.set("x-A", "5", "6")
    assert list(headers) == [("x-A", "5"), ("x-A", "6"), ("X-B", "2"), ("X-C", "4")]
    headers.remove("x-b")
    assert "X-B" not in headers
