"""Digest authentication, both sides (RFC 2617, RFC 7616): MD5 and SHA-256, qop=auth, nonce counting, stale."""

import hashlib
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import Enum

from firmware_sim.clock import Duration, Instant, seconds
from firmware_sim.errors import DecodeError
from firmware_sim.sip.headers import quoted, split_outside, unquoted
from firmware_sim.sip.message import Request, Response

ALGORITHMS = {"SHA-256": "sha256", "MD5": "md5"}
"""Strongest first."""
MAX_NONCES = 10_000
NONCE_LIFE = seconds(300)

_HEADERS = {401: ("WWW-Authenticate", "Authorization"), 407: ("Proxy-Authenticate", "Proxy-Authorization")}
_UNQUOTED = {"algorithm", "qop", "nc", "stale"}


@dataclass(frozen=True)
class Credentials:
    user: str
    password: str = field(repr=False)


@dataclass(frozen=True)
class Challenge:
    realm: str
    nonce: str
    algorithm: str = "MD5"
    qop: tuple[str, ...] = ()
    opaque: str | None = None
    stale: bool = False

    @classmethod
    def parse(cls, value: str) -> "Challenge":
        fields = parse_fields(value)
        if "realm" not in fields or "nonce" not in fields:
            raise DecodeError(f"a challenge without realm or nonce: {value[:60]!r}")
        qop = tuple(part.strip().lower() for part in fields.get("qop", "").split(",") if part.strip())
        stale = fields.get("stale", "").lower() == "true"
        algorithm = fields.get("algorithm", "MD5").upper()
        return cls(fields["realm"], fields["nonce"], algorithm, qop, fields.get("opaque"), stale)

    def __str__(self) -> str:
        fields = {"realm": self.realm, "nonce": self.nonce, "algorithm": self.algorithm}
        if self.opaque is not None:
            fields["opaque"] = self.opaque
        text = _format(fields)
        if self.qop:
            text += f', qop="{",".join(self.qop)}"'
        return text + (", stale=true" if self.stale else "")

    @property
    def usable(self) -> bool:
        return self.algorithm.removesuffix("-SESS") in ALGORITHMS and (not self.qop or "auth" in self.qop)


def parse_fields(value: str) -> dict[str, str]:
    """The fields of a `Digest ...` value. Raises DecodeError for another scheme."""
    scheme, _, rest = value.strip().partition(" ")
    if scheme.lower() != "digest":
        raise DecodeError(f"not digest authentication: {value[:40]!r}")
    fields: dict[str, str] = {}
    for part in split_outside(rest, ","):
        name, _, text = part.partition("=")
        fields.setdefault(name.strip().lower(), unquoted(text))
    return fields


def _format(fields: dict[str, str]) -> str:
    return "Digest " + ", ".join(
        f"{name}={text}" if name in _UNQUOTED else f"{name}={quoted(text)}" for name, text in fields.items()
    )


def strongest(response: Response) -> Challenge | None:
    """The strongest challenge of a 401 or 407 that we can answer."""
    found = []
    for value in response.headers.lines(_HEADERS[response.status][0]):
        try:
            challenge = Challenge.parse(value)
        except DecodeError:
            continue
        if challenge.usable:
            found.append(challenge)
    order = list(ALGORITHMS)
    return min(found, key=lambda one: order.index(one.algorithm.removesuffix("-SESS")), default=None)


def digest_response(
    method: str, uri: str, user: str, password: str, fields: dict[str, str], body: bytes = b""
) -> str | None:
    """The `response` for these *fields* (realm, nonce; with qop also nc, cnonce, qop); None when we cannot."""
    algorithm = fields.get("algorithm", "MD5").upper()
    name = ALGORITHMS.get(algorithm.removesuffix("-SESS"))
    if name is None:
        return None

    def hashed(text: str) -> str:
        return hashlib.new(name, text.encode("utf-8", "surrogateescape"), usedforsecurity=False).hexdigest()

    nonce, cnonce = fields.get("nonce", ""), fields.get("cnonce", "")
    first = hashed(f"{user}:{fields.get('realm', '')}:{password}")
    if algorithm.endswith("-SESS"):
        first = hashed(f"{first}:{nonce}:{cnonce}")
    second = hashed(f"{method}:{uri}")
    qop = fields.get("qop")
    if not qop:
        return hashed(f"{first}:{nonce}:{second}")
    if qop != "auth":
        return None
    return hashed(f"{first}:{nonce}:{fields.get('nc', '')}:{cnonce}:{qop}:{second}")


class DigestClient:
    """Answers challenges for one account and counts how often each nonce was used."""

    def __init__(self, credentials: Credentials, rng: random.Random) -> None:
        self.credentials = credentials
        self._rng = rng
        self._nonce = ""
        self._count = 0

    def authorize(self, request: Request, response: Response) -> Request | None:
        """*request* with the answer to the challenge in *response* in it; None when we can answer none of them."""
        challenge = strongest(response)
        if challenge is None:
            return None
        headers = request.headers.copy()
        headers.set(_HEADERS[response.status][1], self._answer(challenge, request))
        return Request(headers, request.body, method=request.method, uri=request.uri)

    def _answer(self, challenge: Challenge, request: Request) -> str:
        self._count = self._count + 1 if challenge.nonce == self._nonce else 1
        self._nonce = challenge.nonce
        user, uri = self.credentials.user, str(request.uri)
        fields = {"username": user, "realm": challenge.realm, "nonce": challenge.nonce, "uri": uri}
        fields["algorithm"] = challenge.algorithm
        if challenge.qop or challenge.algorithm.endswith("-SESS"):
            fields["cnonce"] = f"{self._rng.getrandbits(64):016x}"
        if challenge.qop:
            fields |= {"qop": "auth", "nc": f"{self._count:08x}"}
        if challenge.opaque is not None:
            fields["opaque"] = challenge.opaque
        answer = digest_response(request.method, uri, user, self.credentials.password, fields)
        return _format({**fields, "response": answer or ""})


class Verdict(Enum):
    GOOD = "good"
    MISSING = "no credentials for this realm"
    STALE = "right password, but the nonce is too old or its count was used before"
    WRONG = "unknown user or wrong password"


@dataclass
class _Nonce:
    issued: Instant
    count: int = 0


class DigestServer:
    """Challenges and judges. One challenge header for each algorithm, strongest first, all with one nonce."""

    def __init__(
        self,
        realm: str,
        rng: random.Random,
        *,
        algorithms: Sequence[str] = tuple(ALGORITHMS),
        nonce_life: Duration = NONCE_LIFE,
    ) -> None:
        self.realm = realm
        self._rng = rng
        self._algorithms = tuple(algorithms)
        self._life = nonce_life
        self._nonces: dict[str, _Nonce] = {}

    def challenge(self, status: int, now: Instant, *, stale: bool = False) -> list[tuple[str, str]]:
        """The header lines for a 401 or 407."""
        nonce = f"{self._rng.getrandbits(128):032x}"
        self._forget_old(now)
        self._nonces[nonce] = _Nonce(now)
        lines = []
        for algorithm in self._algorithms:
            challenge = Challenge(self.realm, nonce, algorithm, ("auth",), None, stale)
            lines.append((_HEADERS[status][0], str(challenge)))
        return lines

    def judge(
        self, request: Request, status: int, password_of: Callable[[str], str | None], now: Instant
    ) -> tuple[Verdict, str]:
        """The verdict and the user name as claimed. *status* is the challenge that is answered, 401 or 407."""
        fields = self._fields_for_realm(request, status)
        if fields is None:
            return Verdict.MISSING, ""
        user = fields.get("username", "")
        password = password_of(user)
        if fields.get("algorithm", "MD5").upper() not in self._algorithms or fields.get("qop") != "auth":
            return Verdict.WRONG, user
        expected = digest_response(request.method, fields.get("uri", ""), user, password or "", fields)
        if password is None or expected != fields.get("response", "").lower():
            return Verdict.WRONG, user
        return (Verdict.GOOD if self._fresh(fields, now) else Verdict.STALE), user

    def _fields_for_realm(self, request: Request, status: int) -> dict[str, str] | None:
        for value in request.headers.lines(_HEADERS[status][1]):
            try:
                fields = parse_fields(value)
            except DecodeError:
                continue
            if fields.get("realm") == self.realm:
                return fields
        return None

    def _fresh(self, fields: dict[str, str], now: Instant) -> bool:
        nonce = self._nonces.get(fields.get("nonce", ""))
        try:
            count = int(fields.get("nc", ""), 16)
        except ValueError:
            return False
        if nonce is None or now - nonce.issued > self._life or count <= nonce.count:
            return False
        nonce.count = count
        return True

    def _forget_old(self, now: Instant) -> None:
        """They stand in the order of their issue."""
        while self._nonces:
            oldest = next(iter(self._nonces))
            if len(self._nonces) < MAX_NONCES and now - self._nonces[oldest].issued <= self._life:
                return
            del self._nonces[oldest]
