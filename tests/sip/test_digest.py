import random

import pytest

from firmware_sim.clock import seconds
from firmware_sim.errors import DecodeError
from firmware_sim.sip.digest import (
    Challenge,
    Credentials,
    DigestClient,
    DigestServer,
    Verdict,
    digest_response,
    parse_fields,
    strongest,
)
from firmware_sim.sip.headers import Uri
from firmware_sim.sip.message import Headers, Request, Response

RFC7616 = {
    "realm": "http-auth@example.org",
    "nonce": "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v",
    "nc": "00000001",
    "cnonce": "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ",
    "qop": "auth",
}


def test_the_examples_of_rfc_7616() -> None:
    """Section 3.9.1: Mufasa, Circle of Life."""
    for algorithm, expected in (
        ("MD5", "8ca523f5e9506fed4657c9700eebdbec"),
        ("SHA-256", "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"),
    ):
        fields = {**RFC7616, "algorithm": algorithm}
        assert digest_response("GET", "/dir/index.html", "Mufasa", "Circle of Life", fields) == expected


def test_the_example_of_rfc_2617() -> None:
    fields = {
        "realm": "testrealm@host.com",
        "nonce": "dcd98b7102dd2f0e8b11d0f600bfb0c093",
        "nc": "00000001",
        "cnonce": "0a4f113b",
        "qop": "auth",
    }
    answer = digest_response("GET", "/dir/index.html", "Mufasa", "Circle Of Life", fields)
    assert answer == "6629fae49393a05397450978507c4ef1"


def test_what_we_do_not_speak() -> None:
    assert digest_response("GET", "/", "u", "p", {"algorithm": "SHA-512-256"}) is None
    assert digest_response("GET", "/", "u", "p", {**RFC7616, "qop": "auth-int"}) is None


def challenged(*values: str) -> Response:
    return Response(Headers([("WWW-Authenticate", value) for value in values]), status=401)


def test_the_strongest_challenge_is_taken() -> None:
    md5, sha = 'Digest realm="r", nonce="n", algorithm=MD5', 'Digest realm="r", nonce="n", algorithm=SHA-256'
    odd = 'Digest realm="r", nonce="n", algorithm=SHA-512-256'
    for order in ((md5, sha), (sha, md5), (odd, "Basic x", md5, "Digest", sha)):
        chosen = strongest(challenged(*order))
        assert chosen is not None
        assert chosen.algorithm == "SHA-256"
    assert strongest(challenged(odd, 'Digest realm="r", nonce="n", qop="auth-int"')) is None


def register() -> Request:
    return Request(Headers(), method="REGISTER", uri=Uri("", "fax.test"))


def test_a_nonce_is_counted() -> None:
    client = DigestClient(Credentials("u", 'p"\\'), random.Random(1))
    counts = []
    for nonce in ("a", "a", "b", "a"):
        response = challenged(f'Digest realm="r", nonce="{nonce}", qop="auth,auth-int"')
        request = client.authorize(register(), response)
        assert request is not None
        counts.append(parse_fields(request.headers.get("Authorization") or "")["nc"])
    assert counts == ["00000001", "00000002", "00000001", "00000001"]


@pytest.mark.parametrize("algorithms", [("SHA-256", "MD5"), ("MD5",), ("SHA-256",)])
@pytest.mark.parametrize("status", [401, 407])
def test_client_and_server_agree(algorithms: tuple[str, ...], status: int) -> None:
    server = DigestServer('realm, "x"', random.Random(1), algorithms=algorithms)
    passwords = {"ümlaut": "s3cret", 'a"b': "x"}
    for user, password in passwords.items():
        response = Response(Headers(server.challenge(status, 0)), status=status)
        right = DigestClient(Credentials(user, password), random.Random(2)).authorize(register(), response)
        wrong = DigestClient(Credentials(user, "no"), random.Random(2)).authorize(register(), response)
        assert right is not None
        assert wrong is not None
        assert server.judge(wrong, status, passwords.get, 1) == (Verdict.WRONG, user)
        assert server.judge(right, status, passwords.get, 1) == (Verdict.GOOD, user)
        assert server.judge(right, status, passwords.get, 1) == (Verdict.STALE, user), "the same count again"
        assert server.judge(register(), status, passwords.get, 1) == (Verdict.MISSING, "")


def test_an_old_nonce_is_stale() -> None:
    server = DigestServer("r", random.Random(1), nonce_life=seconds(10))
    response = Response(Headers(server.challenge(401, 0)), status=401)
    request = DigestClient(Credentials("u", "p"), random.Random(2)).authorize(register(), response)
    assert request is not None
    assert server.judge(request, 401, {"u": "p"}.get, seconds(11))[0] is Verdict.STALE
    (line, *_) = server.challenge(401, seconds(11), stale=True)
    assert Challenge.parse(line[1]).stale


def test_an_unknown_user_is_as_wrong_as_a_wrong_password() -> None:
    server = DigestServer("r", random.Random(1))
    response = Response(Headers(server.challenge(401, 0)), status=401)
    request = DigestClient(Credentials("u", ""), random.Random(2)).authorize(register(), response)
    assert request is not None
    assert server.judge(request, 401, {}.get, 0) == (Verdict.WRONG, "u")


def test_other_schemes_are_no_challenge() -> None:
    for value in ("Basic abc", "Digest", 'Digest realm="x"', ""):
        with pytest.raises(DecodeError):
            Challenge.parse(value)
