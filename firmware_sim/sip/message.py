"""Requests and responses, to and from octets (RFC 3261 sections 7, 18.3, 25.1). Headers that no one knows survive."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from firmware_sim.errors import DecodeError
from firmware_sim.sip.headers import CSeq, NameAddr, Uri, Via, is_token, number, split_outside

COMPACT = {
    "a": "Accept-Contact",
    "b": "Referred-By",
    "c": "Content-Type",
    "e": "Content-Encoding",
    "f": "From",
    "i": "Call-ID",
    "k": "Supported",
    "l": "Content-Length",
    "m": "Contact",
    "o": "Event",
    "r": "Refer-To",
    "s": "Subject",
    "t": "To",
    "u": "Allow-Events",
    "v": "Via",
    "x": "Session-Expires",
}
MAX_OCTETS = 65_535

REASONS = {
    100: "Trying",
    180: "Ringing",
    181: "Call Is Being Forwarded",
    183: "Session Progress",
    200: "OK",
    202: "Accepted",
    400: "Bad Request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    405: "Method Not Allowed",
    406: "Not Acceptable",
    407: "Proxy Authentication Required",
    408: "Request Timeout",
    415: "Unsupported Media Type",
    416: "Unsupported URI Scheme",
    420: "Bad Extension",
    422: "Session Interval Too Small",
    423: "Interval Too Brief",
    480: "Temporarily Unavailable",
    481: "Call/Transaction Does Not Exist",
    482: "Loop Detected",
    483: "Too Many Hops",
    484: "Address Incomplete",
    486: "Busy Here",
    487: "Request Terminated",
    488: "Not Acceptable Here",
    491: "Request Pending",
    500: "Server Internal Error",
    501: "Not Implemented",
    503: "Service Unavailable",
    504: "Server Time-out",
    513: "Message Too Large",
    600: "Busy Everywhere",
    603: "Decline",
    604: "Does Not Exist Anywhere",
    606: "Not Acceptable",
}

_STATUS_LINE = re.compile(r"SIP/2\.0 ([1-6][0-9]{2})(?: (.*))?\Z", re.IGNORECASE)


class Headers:
    """Header lines in their order. Names compare without case; a compact name is its long one."""

    def __init__(self, lines: Iterable[tuple[str, str]] = ()) -> None:
        self._lines = [(_long(name), value) for name, value in lines]

    def __iter__(self) -> Iterator[tuple[str, str]]:
        return iter(self._lines)

    def __contains__(self, name: str) -> bool:
        return self.get(name) is not None

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Headers) and self._lines == other._lines

    def __repr__(self) -> str:
        return f"Headers({self._lines!r})"

    def get(self, name: str) -> str | None:
        """The first line's value, None when there is none."""
        wanted = _long(name).lower()
        return next((value for key, value in self._lines if key.lower() == wanted), None)

    def lines(self, name: str) -> list[str]:
        wanted = _long(name).lower()
        return [value for key, value in self._lines if key.lower() == wanted]

    def values(self, name: str) -> list[str]:
        """All values of a header that may hold several, separated by commas, on one line."""
        return [part for line in self.lines(name) for part in split_outside(line, ",") if part]

    def add(self, name: str, value: str) -> None:
        self._lines.append((_long(name), value))

    def set(self, name: str, *values: str) -> None:
        """Put *values* where the header first stood, or at the end."""
        wanted = _long(name).lower()
        where = next((index for index, line in enumerate(self._lines) if line[0].lower() == wanted), len(self._lines))
        rest = [line for line in self._lines[where:] if line[0].lower() != wanted]
        self._lines[where:] = [(_long(name), value) for value in values] + rest

    def remove(self, name: str) -> None:
        self.set(name)

    def copy(self) -> "Headers":
        return Headers(self._lines)


def _long(name: str) -> str:
    return COMPACT.get(name.lower(), name) if len(name) == 1 else name


@dataclass(frozen=True)
class Message:
    headers: Headers
    body: bytes = b""

    @property
    def via(self) -> Via:
        return self.vias[0]

    @property
    def vias(self) -> list[Via]:
        found = [Via.parse(value) for value in self.headers.values("Via")]
        if not found:
            raise DecodeError("no Via")
        return found

    @property
    def call_id(self) -> str:
        return self._needed("Call-ID").strip()

    @property
    def cseq(self) -> CSeq:
        return CSeq.parse(self._needed("CSeq"))

    @property
    def from_(self) -> NameAddr:
        return NameAddr.parse(self._needed("From"))

    @property
    def to(self) -> NameAddr:
        return NameAddr.parse(self._needed("To"))

    @property
    def contacts(self) -> list[NameAddr]:
        """Raises DecodeError for `Contact: *`, which only a REGISTER may carry."""
        return [NameAddr.parse(value) for value in self.headers.values("Contact")]

    def _needed(self, name: str) -> str:
        value = self.headers.get(name)
        if not value:
            raise DecodeError(f"no {name}")
        return value

    def _first_line(self) -> str:
        raise NotImplementedError

    def encode(self) -> bytes:
        lines = [self._first_line()]
        lines += [f"{name}: {value}" for name, value in self.headers if name.lower() != "content-length"]
        lines.append(f"Content-Length: {len(self.body)}")
        return ("\r\n".join(lines) + "\r\n\r\n").encode("utf-8", "surrogateescape") + self.body


@dataclass(frozen=True)
class Request(Message):
    method: str = field(default="", kw_only=True)
    uri: Uri = field(kw_only=True)

    def _first_line(self) -> str:
        return f"{self.method} {self.uri} SIP/2.0"


@dataclass(frozen=True)
class Response(Message):
    status: int = field(kw_only=True)
    reason: str = field(default="", kw_only=True)

    def _first_line(self) -> str:
        return f"SIP/2.0 {self.status} {self.reason}"


def respond(request: Request, status: int, reason: str = "", *, tag: str = "", body: bytes = b"") -> Response:
    """The response to *request* (8.2.6). *tag* becomes the To tag when the request has none."""
    headers = Headers([("Via", value) for value in request.headers.values("Via")])
    headers.add("From", request.headers.get("From") or "")
    to = request.to
    headers.add("To", str(to.with_tag(tag)) if tag and not to.tag else request.headers.get("To") or "")
    headers.add("Call-ID", request.call_id)
    headers.add("CSeq", str(request.cseq))
    if status < 300:
        for value in request.headers.values("Record-Route"):
            headers.add("Record-Route", value)
    return Response(headers, body, status=status, reason=reason or REASONS.get(status, "Unknown"))


def parse(data: bytes) -> Request | Response:
    """One datagram. Raises DecodeError for anything that is not a whole message with its mandatory headers."""
    if len(data) > MAX_OCTETS:
        raise DecodeError("longer than a datagram", MAX_OCTETS)
    start = len(data) - len(data.lstrip(b"\r\n"))
    first, lines, body_at = _read_lines(data, start)
    headers = Headers(lines)
    message = _start_line(first, headers, _body(headers, data, body_at), start)
    _check(message, start)
    return message


def _read_lines(data: bytes, start: int) -> tuple[str, list[tuple[str, str]], int]:
    end = re.search(rb"\r?\n\r?\n", data[start:])
    if end is None:
        raise DecodeError("no end of the headers", len(data))
    first = ""
    lines: list[tuple[str, str]] = []
    offset = start
    for raw in re.split(rb"\r?\n", data[start : start + end.start()]):
        text = raw.decode("utf-8", "surrogateescape")
        at = data.index(raw, offset)
        if at == start:
            first = text
        elif text[:1] in (" ", "\t"):
            _fold(lines, text, at)
        else:
            lines.append(_header(text, at))
        offset = at + len(raw)
    return first, lines, start + end.end()


def _header(text: str, offset: int) -> tuple[str, str]:
    name, colon, value = text.partition(":")
    name = name.rstrip(" \t")
    if not colon or not is_token(name):
        raise DecodeError(f"not a header: {text[:40]!r}", offset)
    if any(letter in value for letter in "\r\0"):
        raise DecodeError("a control character in a header", offset)
    return name, value.strip(" \t")


def _fold(lines: list[tuple[str, str]], text: str, offset: int) -> None:
    if not lines:
        raise DecodeError("a folded line without a header before it", offset)
    name, value = lines[-1]
    lines[-1] = (name, f"{value} {text.strip()}".strip().replace("\r", " ").replace("\0", " "))


def _body(headers: Headers, data: bytes, at: int) -> bytes:
    length = headers.get("Content-Length")
    if length is None:
        return data[at:]
    octets = number(length, "Content-Length")
    if octets > len(data) - at:
        raise DecodeError(f"the body has {len(data) - at} octets, Content-Length says {octets}", at)
    return data[at : at + octets]


def _start_line(first: str, headers: Headers, body: bytes, offset: int) -> Request | Response:
    status = _STATUS_LINE.match(first)
    if status:
        return Response(headers, body, status=int(status.group(1)), reason=status.group(2) or "")
    parts = first.split(" ")
    if len(parts) != 3 or parts[2].upper() != "SIP/2.0" or not is_token(parts[0]):
        raise DecodeError(f"neither a request line nor a status line: {first[:40]!r}", offset)
    return Request(headers, body, method=parts[0], uri=Uri.parse(parts[1]))


def _check(message: Request | Response, offset: int) -> None:
    """Read once what every layer above relies on."""
    try:
        _ = message.vias, message.from_, message.to, message.call_id
        message.via.response_address()
        method = message.cseq.method
    except DecodeError as wrong:
        raise DecodeError(str(wrong), offset) from wrong
    if isinstance(message, Request) and method != message.method:
        raise DecodeError(f"CSeq says {method[:20]}, the request line {message.method[:20]}", offset)
