"""Session descriptions (RFC 4566) and audio offers and answers (RFC 3264). Lines that no one knows survive."""

import re
from dataclasses import dataclass, field, replace

from firmware_sim.errors import DecodeError
from firmware_sim.events import Address
from firmware_sim.sip.headers import number

CODECS = {"PCMU": 0, "PCMA": 8}
"""Static payload types of RFC 3551."""
TELEPHONE_EVENT = 101
DIRECTIONS = ("sendrecv", "sendonly", "recvonly", "inactive")
_MIRRORED = {"sendrecv": "sendrecv", "sendonly": "recvonly", "recvonly": "sendonly", "inactive": "inactive"}
_TOKEN = re.compile(r"[!-~]+\Z")

Line = tuple[str, str]


@dataclass(frozen=True)
class Media:
    """One m= line and what belongs to it. *port* 0 means refused."""

    kind: str
    port: int
    protocol: str
    formats: tuple[str, ...]
    lines: tuple[Line, ...] = ()
    ports: int = 1

    @property
    def connection(self) -> str | None:
        return _connection(self.lines)

    def attribute(self, name: str) -> str | None:
        return _attribute(self.lines, name)

    def attributes(self, name: str) -> list[str]:
        return _attributes(self.lines, name)

    def codec_of(self, payload_type: int) -> str:
        """Encoding name in capitals, from rtpmap or the static table; empty when neither knows."""
        for value in self.attributes("rtpmap"):
            which, _, encoding = value.partition(" ")
            if which == str(payload_type):
                return encoding.strip().partition("/")[0].upper()
        return next((name for name, static in CODECS.items() if static == payload_type), "")

    def encode(self) -> list[str]:
        port = str(self.port) if self.ports == 1 else f"{self.port}/{self.ports}"
        lines = [f"m={self.kind} {port} {self.protocol} {' '.join(self.formats)}"]
        return lines + [f"{letter}={value}" for letter, value in self.lines]


@dataclass(frozen=True)
class Sdp:
    lines: tuple[Line, ...]
    media: tuple[Media, ...] = ()

    @classmethod
    def parse(cls, data: bytes) -> "Sdp":
        """Raises DecodeError."""
        return _parse(data)

    def encode(self) -> bytes:
        lines = [f"{letter}={value}" for letter, value in self.lines]
        for media in self.media:
            lines += media.encode()
        return ("\r\n".join(lines) + "\r\n").encode("utf-8", "surrogateescape")

    @property
    def connection(self) -> str | None:
        return _connection(self.lines)

    @property
    def origin(self) -> str:
        return dict(self.lines)["o"]

    def attribute(self, name: str) -> str | None:
        return _attribute(self.lines, name)

    def next_version(self) -> "Sdp":
        """The same with the version in o= counted up, as a changed description needs (RFC 3264 section 8)."""
        parts = self.origin.split(" ")
        parts[2] = str(int(parts[2]) + 1)
        return replace(self, lines=tuple((key, " ".join(parts) if key == "o" else text) for key, text in self.lines))


@dataclass(frozen=True)
class Audio:
    """Where the peer wants its audio, and how."""

    address: Address
    payload_type: int
    codec: str
    telephone_event: int | None = None
    ptime_ms: int = 20
    direction: str = field(default="sendrecv")
    """As the description says it of its own side."""


def _connection(lines: tuple[Line, ...]) -> str | None:
    value = next((value for letter, value in lines if letter == "c"), None)
    return value.split(" ")[2].partition("/")[0] if value is not None else None


def _attributes(lines: tuple[Line, ...], name: str) -> list[str]:
    found = []
    for letter, value in lines:
        key, _, text = value.partition(":")
        if letter == "a" and key == name:
            found.append(text)
    return found


def _attribute(lines: tuple[Line, ...], name: str) -> str | None:
    """The value, empty for a flag, None when there is no such attribute."""
    return next(iter(_attributes(lines, name)), None)


def _parse(data: bytes) -> Sdp:
    session: list[Line] = []
    media: list[Media] = []
    offset = 0
    for raw in data.split(b"\n"):
        text = raw.decode("utf-8", "surrogateescape").rstrip("\r")
        if text:
            _parse_line(text, session, media, offset)
        offset += len(raw) + 1
    keys = [letter for letter, _ in session]
    if keys[:1] != ["v"] or keys.count("o") != 1:
        raise DecodeError("a session description begins with v= and has one o=", 0)
    return Sdp(tuple(session), tuple(media))


def _parse_line(text: str, session: list[Line], media: list[Media], offset: int) -> None:
    if len(text) < 2 or text[1] != "=" or not text[0].isalpha() or "\r" in text or "\0" in text:
        raise DecodeError(f"not a line of a session description: {text[:40]!r}", offset)
    letter, value = text[0], text[2:]
    if letter == "m":
        media.append(_parse_media(value, offset))
        return
    _check_line(letter, value, offset)
    if media:
        media[-1] = replace(media[-1], lines=(*media[-1].lines, (letter, value)))
    else:
        session.append((letter, value))


def _check_line(letter: str, value: str, offset: int) -> None:
    parts = value.split(" ")
    if letter == "c" and (len(parts) != 3 or not all(parts)):
        raise DecodeError(f"not a connection line: {value[:40]!r}", offset)
    if letter == "o" and (len(parts) != 6 or not re.match(r"[0-9]{1,20}\Z", parts[2])):
        raise DecodeError(f"not an origin line: {value[:40]!r}", offset)


def _parse_media(value: str, offset: int) -> Media:
    parts = value.split()
    if len(parts) < 4 or not all(_TOKEN.match(part) for part in parts):
        raise DecodeError(f"not a media line: {value[:40]!r}", offset)
    port, slash, count = parts[1].partition("/")
    ports = number(count, "number of ports", 65535) if slash else 1
    return Media(parts[0], number(port, "media port", 65535), parts[2], tuple(parts[3:]), (), ports)


def session(address: Address, media: tuple[Media, ...], *, session_id: int = 1, name: str = "fax") -> Sdp:
    lines = (
        ("v", "0"),
        ("o", f"- {session_id} {session_id} IN IP4 {address.host}"),
        ("s", name),
        ("c", f"IN IP4 {address.host}"),
        ("t", "0 0"),
    )
    return Sdp(lines, media)


def _audio_lines(codecs: list[tuple[int, str]], event: int | None, ptime_ms: int, direction: str) -> tuple[Line, ...]:
    lines = [("a", f"rtpmap:{payload_type} {name}/8000") for payload_type, name in codecs]
    if event is not None:
        lines += [("a", f"rtpmap:{event} telephone-event/8000"), ("a", f"fmtp:{event} 0-15")]
    return (*lines, ("a", f"ptime:{ptime_ms}"), ("a", direction))


def offer_audio(
    address: Address,
    codecs: tuple[str, ...] = ("PCMA", "PCMU"),
    *,
    ptime_ms: int = 20,
    telephone_event: bool = True,
    direction: str = "sendrecv",
) -> Sdp:
    """An offer of G.711 at *address*, in the order of *codecs*."""
    event = TELEPHONE_EVENT if telephone_event else None
    types = [(CODECS[name], name) for name in codecs]
    formats = tuple(str(payload_type) for payload_type, _ in types) + ((str(event),) if event is not None else ())
    lines = _audio_lines(types, event, ptime_ms, direction)
    return session(address, (Media("audio", address.port, "RTP/AVP", formats, lines),))


def answer_audio(
    offer: Sdp,
    address: Address,
    codecs: tuple[str, ...] = ("PCMA", "PCMU"),
    *,
    telephone_event: bool = True,
) -> Sdp | None:
    """The answer that takes the first audio line with a codec of ours, in the offerer's order of preference.

    Every other media line is refused with port 0 (RFC 3264 section 6). None when no line can be taken.
    """
    audio = audio_of(offer, codecs)
    if audio is None:
        return None
    taken = _audio_index(offer, codecs)
    event = audio.telephone_event if telephone_event else None
    lines = _audio_lines([(audio.payload_type, audio.codec)], event, audio.ptime_ms, _MIRRORED[audio.direction])
    formats = (str(audio.payload_type), *((str(event),) if event is not None else ()))
    media = tuple(
        Media("audio", address.port, one.protocol, formats, lines)
        if index == taken
        else replace(one, port=0, lines=(), ports=1)
        for index, one in enumerate(offer.media)
    )
    return session(address, media)


def audio_of(sdp: Sdp, codecs: tuple[str, ...] = ("PCMA", "PCMU")) -> Audio | None:
    """The first audio line that is not refused and has one of *codecs*; None when there is none."""
    index = _audio_index(sdp, codecs)
    if index is None:
        return None
    media = sdp.media[index]
    host = media.connection or sdp.connection
    if host is None:
        return None
    payload_type, codec = _first_codec(media, codecs) or (0, "")
    events = [one for one in _payload_types(media) if media.codec_of(one) == "TELEPHONE-EVENT"]
    event = events[0] if events else None
    return Audio(Address(host, media.port), payload_type, codec, event, _ptime(media), direction_of(sdp, media))


def direction_of(sdp: Sdp, media: Media) -> str:
    for lines in (media.lines, sdp.lines):
        for letter, value in lines:
            if letter == "a" and value in DIRECTIONS:
                return value
    return "sendrecv"


def _ptime(media: Media) -> int:
    text = media.attribute("ptime") or ""
    return int(text) if re.match(r"[0-9]{1,3}\Z", text) and 0 < int(text) <= 200 else 20


def _payload_types(media: Media) -> list[int]:
    return [int(one) for one in media.formats if re.match(r"[0-9]{1,3}\Z", one) and int(one) < 128]


def _first_codec(media: Media, codecs: tuple[str, ...]) -> tuple[int, str] | None:
    known = ((one, media.codec_of(one)) for one in _payload_types(media))
    return next(((one, name) for one, name in known if name in codecs), None)


def _audio_index(sdp: Sdp, codecs: tuple[str, ...]) -> int | None:
    for index, media in enumerate(sdp.media):
        plain = media.kind == "audio" and media.protocol in ("RTP/AVP", "RTP/AVPF") and media.port
        if plain and _first_codec(media, codecs):
            return index
    return None
