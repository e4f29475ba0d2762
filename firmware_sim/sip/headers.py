"""The values that stand in SIP headers: parameters, URIs, name-addr, Via, CSeq (RFC 3261 sections 19.1, 20, 25.1)."""

import re
from dataclasses import dataclass, field, replace
from urllib.parse import quote, unquote

from firmware_sim.errors import DecodeError
from firmware_sim.events import Address

DEFAULT_PORT = 5060
MAGIC_COOKIE = "z9hG4bK"

_TOKEN = re.compile(r"[A-Za-z0-9\-.!%*_+`'~]+\Z")
_NUMBER = re.compile(r"[0-9]{1,10}\Z")
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*\Z")
_HOST = re.compile(r"(?:[A-Za-z0-9_](?:[A-Za-z0-9_\-.]*)|\[[0-9A-Fa-f:.]+\])\Z")
_IPV4 = re.compile(r"[0-9]{1,3}(?:\.[0-9]{1,3}){3}\Z")
_USER_SAFE = "-_.!~*'()&=+$,;?/"

Params = dict[str, str | None]


def number(text: str, what: str, limit: int = 2**32 - 1) -> int:
    """A decimal number not above *limit*. Raises DecodeError."""
    text = text.strip()
    if not _NUMBER.match(text) or int(text) > limit:
        raise DecodeError(f"{what} is not a number that fits: {text[:40]!r}")
    return int(text)


def split_outside(text: str, separator: str) -> list[str]:
    """Cut at *separator*, but not within quotes or angle brackets."""
    parts, start, quoted, angled, skip = [], 0, False, False, False
    for position, letter in enumerate(text):
        if skip:
            skip = False
        elif quoted:
            skip, quoted = letter == "\\", letter != '"'
        elif letter == '"':
            quoted = True
        elif letter in "<>":
            angled = letter == "<"
        elif letter == separator and not angled:
            parts.append(text[start:position])
            start = position + 1
    parts.append(text[start:])
    return [part.strip() for part in parts]


def unquoted(text: str) -> str:
    text = text.strip()
    if len(text) >= 2 and text[0] == text[-1] == '"':
        return re.sub(r"\\(.)", r"\1", text[1:-1])
    return text


def quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def parse_params(pieces: list[str]) -> Params:
    """`name` and `name=value` pieces; names in lower case, None for a name without a value."""
    params: Params = {}
    for piece in pieces:
        if not piece:
            continue
        name, equals, value = piece.partition("=")
        params.setdefault(name.strip().lower(), value.strip() if equals else None)
    return params


def format_params(params: Params) -> str:
    return "".join(f";{name}" if value is None else f";{name}={value}" for name, value in params.items())


def _host_port(text: str) -> tuple[str, int | None]:
    if text.startswith("["):
        host, bracket, rest = text.partition("]")
        host += bracket
    else:
        host, colon, rest = text.partition(":")
        rest = colon + rest
    host, rest = host.strip(), rest.strip()
    if not _HOST.match(host):
        raise DecodeError(f"not a host: {text[:60]!r}")
    if not rest:
        return host, None
    if not rest.startswith(":"):
        raise DecodeError(f"not a port: {text[:60]!r}")
    return host, number(rest[1:], "port", 65535)


def _with_port(host: str, port: int | None) -> str:
    return host if port is None else f"{host}:{port}"


def is_ip(host: str) -> bool:
    return bool(_IPV4.match(host)) and all(int(part) < 256 for part in host.split("."))


@dataclass(frozen=True)
class Uri:
    """A SIP, SIPS or tel URI. A tel URI has its number as *user* and no host; other schemes have all of it as host."""

    user: str
    host: str
    port: int | None = None
    params: Params = field(default_factory=dict)
    scheme: str = "sip"
    headers: str = ""

    @classmethod
    def parse(cls, text: str) -> "Uri":
        scheme, colon, rest = text.strip().partition(":")
        scheme = scheme.lower()
        if not colon or not _SCHEME.match(scheme) or not rest or any(letter in rest for letter in " <>\t\r\n"):
            raise DecodeError(f"not a URI: {text[:60]!r}")
        if scheme == "tel":
            number_, *pieces = rest.split(";")
            return cls(number_, "", None, parse_params(pieces), scheme)
        if scheme not in ("sip", "sips"):
            return cls("", rest, None, {}, scheme)
        userinfo, at, hostpart = rest.rpartition("@")
        user = unquote(userinfo.partition(":")[0], errors="surrogateescape") if at else ""
        hostpart, _, headers = hostpart.partition("?")
        hostport, *pieces = hostpart.split(";")
        host, port = _host_port(hostport)
        return cls(user, host, port, parse_params(pieces), scheme, headers)

    def __str__(self) -> str:
        if self.scheme == "tel":
            return f"tel:{self.user}{format_params(self.params)}"
        if self.scheme not in ("sip", "sips"):
            return f"{self.scheme}:{self.host}"
        user = quote(self.user, safe=_USER_SAFE, errors="surrogateescape")
        text = f"{self.scheme}:{user}@" if user else f"{self.scheme}:"
        text += _with_port(self.host, self.port) + format_params(self.params)
        return f"{text}?{self.headers}" if self.headers else text

    def address(self) -> Address | None:
        """Where to send for this URI, None when only a name server could say."""
        host = self.params.get("maddr") or self.host
        return Address(host, self.port or DEFAULT_PORT) if self.scheme == "sip" and is_ip(host) else None

    def same_as(self, other: "Uri") -> bool:
        """Equal for a registrar: scheme, user, host without case, port (section 19.1.4, parameters left out)."""
        mine = (self.scheme, self.user, self.host.lower(), self.port or DEFAULT_PORT)
        return mine == (other.scheme, other.user, other.host.lower(), other.port or DEFAULT_PORT)


@dataclass(frozen=True)
class NameAddr:
    """What stands in From, To, Contact, Route and Record-Route."""

    uri: Uri
    display: str = ""
    params: Params = field(default_factory=dict)

    @classmethod
    def parse(cls, text: str) -> "NameAddr":
        text = text.strip()
        before, bracket, rest = _open_bracket(text)
        if not bracket:
            uri, *pieces = text.split(";")
            return cls(Uri.parse(uri), "", parse_params(pieces))
        inside, closing, after = rest.partition(">")
        if not closing:
            raise DecodeError(f"no closing bracket: {text[:60]!r}")
        after = after.strip()
        if after and not after.startswith(";"):
            raise DecodeError(f"unexpected text after an address: {text[:60]!r}")
        return cls(Uri.parse(inside), unquoted(before), parse_params(split_outside(after, ";")))

    def __str__(self) -> str:
        display = f"{quoted(self.display)} " if self.display else ""
        return f"{display}<{self.uri}>{format_params(self.params)}"

    @property
    def tag(self) -> str:
        return self.params.get("tag") or ""

    def with_tag(self, tag: str) -> "NameAddr":
        return replace(self, params={**self.params, "tag": tag})


def _open_bracket(text: str) -> tuple[str, str, str]:
    """Cut at the first `<` that is not in a quoted display name."""
    if text.startswith('"'):
        end = re.match(r'"(?:[^"\\]|\\.)*"', text)
        if end is None:
            raise DecodeError(f"a quoted name without its end: {text[:60]!r}")
        _, bracket, rest = text[end.end() :].partition("<")
        return end.group(), bracket, rest
    return text.partition("<")


@dataclass(frozen=True)
class Via:
    host: str
    port: int | None = None
    params: Params = field(default_factory=dict)
    transport: str = "UDP"

    @classmethod
    def parse(cls, text: str) -> "Via":
        first, *pieces = split_outside(text, ";")
        protocol = re.match(r"SIP\s*/\s*2\.0\s*/\s*([A-Za-z0-9\-]+)\s+(.*)\Z", first, re.IGNORECASE)
        if protocol is None:
            raise DecodeError(f"not a Via: {text[:60]!r}")
        host, port = _host_port(protocol.group(2))
        return cls(host, port, parse_params(pieces), protocol.group(1).upper())

    def __str__(self) -> str:
        return f"SIP/2.0/{self.transport} {_with_port(self.host, self.port)}{format_params(self.params)}"

    @property
    def branch(self) -> str:
        return self.params.get("branch") or ""

    def stamped(self, source: Address) -> "Via":
        """As the receiver of a request writes it: `received` (18.2.1) and, when asked for, `rport` (RFC 3581)."""
        params = {name: value for name, value in self.params.items() if name != "received"}
        if self.host != source.host or "rport" in params:
            params["received"] = source.host
        if "rport" in params:
            params["rport"] = str(source.port)
        return replace(self, params=params)

    def response_address(self) -> Address:
        """Where the response goes (18.2.2, RFC 3581)."""
        port = self.port or DEFAULT_PORT
        if self.params.get("rport"):
            port = number(str(self.params["rport"]), "rport", 65535)
        return Address(self.params.get("received") or self.host, port)


@dataclass(frozen=True)
class CSeq:
    sequence: int
    method: str

    @classmethod
    def parse(cls, text: str) -> "CSeq":
        sequence, _, method = text.strip().partition(" ")
        if not _TOKEN.match(method.strip()):
            raise DecodeError(f"not a CSeq: {text[:60]!r}")
        return cls(number(sequence, "CSeq", 2**31 - 1), method.strip())

    def __str__(self) -> str:
        return f"{self.sequence} {self.method}"


def is_token(text: str) -> bool:
    return bool(_TOKEN.match(text))
