"""The page's server: its files, codes in photos, and what it refuses."""

import asyncio
from datetime import date
from random import Random
from typing import Any

import httpx
import pytest

from rig.identity import api
from tests.identity import labels


class Client:
    """httpx over ASGI, one request at a time."""

    def __init__(self) -> None:
        self.app = api.create_app(lambda: date(2026, 11, 25))

    def get(self, path: str) -> httpx.Response:
        return asyncio.run(self._ask("GET", path))

    def post(self, path: str, **named: Any) -> httpx.Response:
        return asyncio.run(self._ask("POST", path, **named))

    async def _ask(self, method: str, path: str, **named: Any) -> httpx.Response:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(self.app), base_url="http://rig") as client:
            return await client.request(method, path, **named)


@pytest.fixture
def client() -> Client:
    return Client()


def test_every_file_of_the_page_is_there_and_is_kept_by_its_worker(client):
    worker = client.get("/sw.js").text
    assert api.version() in worker
    for name in ("", *api.PAGE[1:], "rules.json"):
        answer = client.get(f"/{name}")
        assert answer.status_code == 200
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert f'"{name or "./"}"' in worker
    assert "default-src 'self'" in client.get("/").headers["content-security-policy"]


def test_nothing_is_loaded_from_anywhere(client):
    for name in ("", *api.PAGE[1:], "sw.js"):
        text = client.get(f"/{name}").text.replace("http://www.w3.org/2000/svg", "")
        assert "http://" not in text
        assert "https://" not in text


def test_an_adapter_is_checked(client):
    said = client.post("/check", json={"serial": "FCH2443D9R4", "mac": "0002FD123456"}).json()
    assert (said["verdict"], said["vendor"]) == ("valid", "Cisco")


@pytest.mark.parametrize("body", [{"serial": "FCH2443D9R4", "mac": "?"}, {"serial": "FCH2443D9R4", "date": "?"}])
def test_what_cannot_be_read_is_told(client, body):
    answer = client.post("/check", json=body)
    assert (answer.status_code, answer.headers["content-type"]) == (422, api.PROBLEM)
    assert "is not a" in answer.json()["detail"]


@pytest.mark.parametrize("thorough", [True, False])
def test_a_photo_is_read(client, thorough):
    label = labels.draw(Random("a"))
    answer = client.post(f"/codes?thorough={thorough}", content=labels.jpeg(label.picture)).json()
    assert {code["text"] for code in answer["codes"]} == label.codes
    assert (answer["reading"]["serial"], answer["reading"]["mac"]) == (label.adapter.serial, label.adapter.mac)


def test_what_is_no_photo_is_refused(client):
    assert client.post("/codes", content=b"hello").status_code == 422


def test_a_photo_too_long_is_refused(client, monkeypatch):
    monkeypatch.setattr(api, "MOST_OCTETS", 1000)
    assert client.post("/codes", content=b"x" * 1001).status_code == 413


def test_it_can_be_mounted_below_another_address(client):
    assert 'src="page.js"' in client.get("/").text
    assert not any(f'{kind}="/' in client.get("/").text for kind in ("src", "href"))
