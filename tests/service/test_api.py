"""The service as its users meet it, without a socket."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from rig.service import convert
from rig.service.api import create_app
from rig.service.core import FaxService
from rig.service.interface import ReceivedFax
from tests.service.bench import World, some_pages

DOCUMENTS = Path(__file__).parents[2] / "fixtures" / "documents"


class Client:
    """httpx over ASGI, one request at a time."""

    def __init__(self, world: World) -> None:
        self.world = world
        world.service = FaxService(world.store, world.blobs, policy=world.policy)
        self.app = create_app(world.service, lambda: world.now)

    def __call__(self, method: str, path: str, **named: Any) -> httpx.Response:
        async def one() -> httpx.Response:
            transport = httpx.ASGITransport(self.app)
            async with httpx.AsyncClient(transport=transport, base_url="http://fax") as client:
                return await client.request(method, path, **named)

        return asyncio.run(one())

    def send(self, document: bytes | None = None, name: str = "note.pdf", **data: str) -> httpx.Response:
        given = (DOCUMENTS / "two_pages.pdf").read_bytes() if document is None else document
        return self("POST", "/faxes", files={"file": (name, given)}, data={"number": "200", **data})


@pytest.fixture
def client(world: Callable[..., World]) -> Client:
    return Client(world())


def is_problem(answer: httpx.Response, status: int) -> dict[str, Any]:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    body = answer.json()
    assert body["status"] == status
    assert body["title"]
    assert body["detail"]
    assert body["remedy"]
    return body


def test_a_fax_from_upload_to_download(client):
    sent = client.send(name="Lieferschein März.pdf", number="+49 7031-12", trace_id="case-7")
    assert sent.status_code == 201
    job = sent.json()
    assert (job["id"], job["direction"], job["progress"], job["result"]) == (1, 1, 0, None)
    assert (job["number"], job["trace_id"], job["progress_name"]) == ("+49703112", "case-7", "created")
    client.world.run(1)
    shown = client("GET", "/faxes/1").json()
    assert (shown["progress"], shown["result"], shown["result_name"]) == (3, 0, "success")
    assert [entry["progress"] for entry in shown["history"]][-1] == 3
    assert [page["hash"] for page in shown["page_list"]] == client.world.interface.paper(1)
    document = client("GET", "/faxes/1/document")
    assert document.headers["content-type"] == "application/pdf"
    assert [page.hash for page in convert.pages_of_pdf(document.content)] == client.world.interface.paper(1)
    original = client("GET", "/faxes/1/original")
    assert original.content == (DOCUMENTS / "two_pages.pdf").read_bytes()
    assert original.headers["content-disposition"] == "attachment; filename*=UTF-8''Lieferschein%20M%C3%A4rz.pdf"
    png = client("GET", "/faxes/1/pages/2.png")
    assert (png.headers["content-type"], png.content[:4]) == ("image/png", b"\x89PNG")


def test_fine(client):
    client.send(resolution="fine")
    client.world.run(1)
    assert client("GET", "/faxes/1").json()["page_list"][0]["height_px"] == 2292


def test_lists(client):
    for _ in range(3):
        client.send()
    client.world.interface.inbox.append(ReceivedFax("in-1", "200", "1", "X", some_pages(1), "ok", ""))
    client.world.run(1)
    ids = lambda query: [fax["id"] for fax in client("GET", f"/faxes{query}").json()["faxes"]]  # noqa: E731
    assert ids("") == [4, 3, 2, 1]
    assert ids("?limit=2") == [4, 3]
    assert ids("?direction=0") == [4]
    assert 1 in ids("?direction=1&progress=3")
    assert ids("?progress=3&direction=0") == [4]
    for bad in ("?direction=2", "?progress=x", "?limit=0", "?limit=100000"):
        is_problem(client("GET", f"/faxes{bad}"), 422)


def test_bad_documents_are_accepted_and_their_conversion_fails(client):
    for number, name in enumerate(("empty.pdf", "not_a_pdf.pdf", "password.pdf", "truncated.pdf"), 1):
        assert client.send((DOCUMENTS / name).read_bytes(), name).status_code == 201
        client.world.run(number)
        fax = client("GET", f"/faxes/{number}").json()
        assert (fax["result"], fax["cause"]) == (3, "convert_failed")
        is_problem(client("GET", f"/faxes/{number}/document"), 404)
    assert client("GET", "/faxes/2/original").headers["content-type"] == "application/octet-stream"


def test_what_is_refused(client):
    assert "abc" in is_problem(client.send(number="abc"), 422)["detail"]
    is_problem(client.send(resolution="superb"), 422)
    is_problem(client("POST", "/faxes", data={"number": "200"}), 422)
    is_problem(client("POST", "/faxes", files={"file": ("a.pdf", b"x")}), 422)
    is_problem(client("POST", "/faxes", content=b"{}", headers={"content-type": "application/json"}), 422)
    is_problem(client("GET", "/nothing"), 404)
    is_problem(client("PUT", "/faxes"), 405)
    for path in ("/faxes/9", "/faxes/9/document", "/faxes/9/original", "/faxes/9/pages/1.png"):
        is_problem(client("GET", path), 404)
    for path in ("/faxes/0", "/faxes/x", "/faxes/99999999999999999999", "/faxes/1/pages/0.png"):
        is_problem(client("GET", path), 422)
    is_problem(client("DELETE", "/faxes/9"), 404)
    assert client.world.blobs.kept == {}


def test_malformed_forms(client):
    kind = {"content-type": "multipart/form-data; boundary=x"}
    for body in (b"", b"--x\r\n", b"--y\r\n\r\n", b"\xff" * 100):
        answer = client("POST", "/faxes", content=body, headers=kind)
        assert 400 <= answer.status_code < 500
        assert answer.headers["content-type"] == "application/problem+json"
    no_boundary = client("POST", "/faxes", content=b"x", headers={"content-type": "multipart/form-data"})
    assert 400 <= no_boundary.status_code < 500


def test_the_upload_limit_holds_while_reading(client):
    client.world.service.max_octets = 1000
    client.app = create_app(client.world.service, lambda: client.world.now)
    is_problem(client.send(bytes(1001)), 413)
    is_problem(client.send(bytes(1_000_000)), 413)
    read = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal read
        yield b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.pdf"\r\n\r\n'
        for _ in range(1000):
            read += 10_000
            yield bytes(10_000)

    kind = {"content-type": "multipart/form-data; boundary=x"}
    is_problem(client("POST", "/faxes", content=endless(), headers=kind), 413)
    assert read < 200_000
    assert client.world.blobs.kept == {}


def test_cancel(client):
    client.send()
    cancelled = client("DELETE", "/faxes/1").json()
    assert (cancelled["progress"], cancelled["result"], cancelled["cause"]) == (3, 1, "cancelled")
    is_problem(client("DELETE", "/faxes/1"), 409)


def test_an_incoming_fax(client):
    client.world.interface.inbox.append(ReceivedFax("in-1", "200", "+49", "X", some_pages(2), "ok", ""))
    client.world.step()
    assert convert.pages_of_pdf(client("GET", "/faxes/1/document").content) == list(some_pages(2))
    is_problem(client("GET", "/faxes/1/original"), 404)


def test_health_and_description(client):
    assert client("GET", "/health").json() == {"status": "ok", "now": client.world.now}
    description = client("GET", "/openapi.json").json()
    assert set(description["paths"]) >= {"/faxes", "/faxes/{job_id}", "/faxes/{job_id}/document", "/health"}
    operations = [one for path in description["paths"].values() for one in path.values()]
    assert all(one.get("summary") for one in operations)


def test_the_landing_page_escapes_what_users_typed(client):
    assert "No faxes yet" in client("GET", "/").text
    client.send(name="<script>alert(1)</script>.pdf")
    page = client("GET", "/")
    assert page.status_code == 200
    assert "<script>" not in page.text


def test_an_unexpected_fault_is_no_stack_trace_for_the_client(client, monkeypatch):
    def broken(*_: Any) -> Awaitable[None]:
        raise OSError("disk on fire")

    monkeypatch.setattr(client.world.service, "submit", broken)

    async def one() -> httpx.Response:
        transport = httpx.ASGITransport(client.app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://fax") as http:
            return await http.post("/faxes", files={"file": ("a.pdf", b"x")}, data={"number": "1"})

    answer = asyncio.run(one())
    assert "fire" not in answer.text
    is_problem(answer, 500)
