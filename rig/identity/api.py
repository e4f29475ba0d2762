"""The page for the phone, over HTTP: its files, its rules, and the codes in photos.

The page judges by itself, so that it needs the bench only for photos. Addresses are relative: it can be mounted
anywhere. Errors are ``application/problem+json`` with title, status, detail and remedy.
"""

import hashlib
from collections.abc import Callable, Mapping
from datetime import date
from functools import cache
from importlib.resources import files
from typing import Any

from fastapi import FastAPI, HTTPException, Query, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, Field
from starlette.middleware.gzip import GZipMiddleware

from rig.identity.codes import PhotoError, codes_in
from rig.identity.export import rules
from rig.identity.judge import judge
from rig.identity.model import ReadingError
from rig.identity.table import readings
from rig.identity.texts import of_codes

MOST_OCTETS = 20_000_000
PROBLEM = "application/problem+json"
KINDS: Mapping[str, str] = {
    "html": "text/html; charset=utf-8",
    "css": "text/css; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "json": "application/json",
    "svg": "image/svg+xml",
    "webmanifest": "application/manifest+json",
}
PAGE = ("index.html", "page.css", "page.js", "store.js", "camera.js", "judge.js", "icon.svg", "page.webmanifest")
"""What the page is made of, beside its rules and the worker that keeps all of it on the phone."""
SAFE = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Content-Security-Policy": "default-src 'self'; img-src 'self' blob: data:; object-src 'none'; base-uri 'none'; "
    "frame-ancestors 'self'",
    "Permissions-Policy": "camera=(self)",
    "Cache-Control": "no-cache",
}


class Adapter(BaseModel):
    """What is known of an adapter; empty where nothing is."""

    serial: str = Field("", max_length=200, examples=["FCH2443D9R4"])
    mac: str = Field("", max_length=200, examples=["00:02:FD:12:34:56"])
    model: str = Field("", max_length=200, examples=["ATA191"])
    vendor: str = Field("", max_length=200)
    date: str = Field("", max_length=200, examples=["2020-10"])
    user_agent: str = Field("", max_length=500)
    web_serial: str = Field("", max_length=200, description="The serial in its web page")
    console_serial: str = Field("", max_length=200, description="The serial on its console")
    account_serial: str = Field("", max_length=200, description="The serial in the fax account")


class EvidenceOut(BaseModel):
    source: str
    effect: str = Field(description="fits, agrees, disagrees, warns or note")
    text: str


class JudgementOut(BaseModel):
    serial: str
    given: str
    vendor: str | None
    verdict: str = Field(description="valid, plausible, inconsistent or unknown")
    reason: str
    evidence: list[EvidenceOut]


class CodeOut(BaseModel):
    kind: str = Field(description="Code 128, QR Code or Data Matrix")
    text: str


class CodesOut(BaseModel):
    codes: list[CodeOut]
    reading: dict[str, str] = Field(description="What the codes say: serial, mac, model, vendor, date")


def create_app(today: Callable[[], date]) -> FastAPI:
    app = FastAPI(title="Adapter check", version="0.1.0", description="Serial numbers, MACs and labels of adapters.")
    app.add_middleware(GZipMiddleware, minimum_size=2000)
    _problems(app)
    _pages(app)

    @app.get("/health", summary="Whether photos can be read")
    async def health() -> dict[str, str]:
        return {"status": "ok"}

    @app.post("/check", summary="Check one adapter")
    def check(adapter: Adapter) -> JudgementOut:
        return JudgementOut(**judge(readings(adapter.model_dump()), today()).as_json())

    @app.post("/codes", summary="The codes in a photo", openapi_extra=_photo_body())
    async def codes(
        request: Request, thorough: bool = Query(True, description="false for a camera's frames: quicker")
    ) -> CodesOut:
        photo = await _body(request)
        found = await run_in_threadpool(codes_in, photo, thorough=thorough)
        reading = of_codes(code.text for code in found)
        names = ("serial", "mac", "model", "vendor", "date")
        return CodesOut(
            codes=[CodeOut(kind=code.kind, text=code.text) for code in found],
            reading={name: getattr(reading, name) for name in names},
        )

    return app


async def _body(request: Request) -> bytes:
    """Raises HTTPException once it is longer than a photo."""
    data = bytearray()
    async for chunk in request.stream():
        data += chunk
        if len(data) > MOST_OCTETS:
            raise HTTPException(413, f"the photo has more than {MOST_OCTETS // 1_000_000} MB")
    return bytes(data)


def _photo_body() -> dict[str, Any]:
    return {
        "requestBody": {"required": True, "content": {"image/*": {"schema": {"type": "string", "format": "binary"}}}}
    }


# -- the page's files --------------------------------------------------------------------------------------------------


@cache
def page_file(name: str) -> bytes:
    if name == "rules.json":
        return rules().encode()
    data = files("rig.identity").joinpath("page", name).read_bytes()
    return data.replace(b"@VERSION@", version().encode()) if name == "sw.js" else data


@cache
def version() -> str:
    """Changes with every file: a phone then fetches all of them anew."""
    return hashlib.sha256(b"".join(page_file(name) for name in (*PAGE, "rules.json"))).hexdigest()[:16]


def _pages(app: FastAPI) -> None:
    def add(path: str, name: str) -> None:
        @app.get(path, include_in_schema=False, name=name)
        def page() -> Response:
            return Response(page_file(name), media_type=KINDS[name.rpartition(".")[2]], headers=SAFE)

    add("/", "index.html")
    for name in (*PAGE[1:], "rules.json", "sw.js"):
        add(f"/{name}", name)


# -- errors ------------------------------------------------------------------------------------------------------------


def problem(status: int, title: str, detail: str, remedy: str) -> JSONResponse:
    body = {"type": "about:blank", "title": title, "status": status, "detail": detail, "remedy": remedy}
    return JSONResponse(body, status_code=status, media_type=PROBLEM)


def _problems(app: FastAPI) -> None:
    @app.exception_handler(PhotoError)
    async def no_photo(_request: Request, error: PhotoError) -> JSONResponse:
        return problem(422, "Not a photo", str(error), "take a JPEG, PNG or WebP")

    @app.exception_handler(ReadingError)
    async def unreadable(_request: Request, error: ReadingError) -> JSONResponse:
        return problem(422, f"Not a {error.field}", str(error), "compare it with the label")

    @app.exception_handler(HTTPException)
    async def other(_request: Request, error: HTTPException) -> JSONResponse:
        return problem(error.status_code, "Not possible", str(error.detail), "see the API description at /docs")
