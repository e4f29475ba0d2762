"""What all routes share: who asks, how refusals are told, how much may be uploaded, how a file is handed out."""

from collections.abc import Awaitable, Callable, Iterator, MutableMapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import Depends, FastAPI, Request, Security
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

from firmware_sim.clock import Instant
from rig.service.accounts.access import Asker
from rig.service.accounts.office import Clerks
from rig.service.core import FaxService
from rig.service.errors import (
    AccountError,
    ConversionError,
    FinishedError,
    ForbiddenError,
    HipaaError,
    InvalidError,
    LicenceError,
    NumberError,
    QueueError,
    ReusedKeyError,
    ServiceError,
    SignInError,
    TooLargeError,
    UnknownError,
    UnknownJobError,
)

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

FORM_OCTETS = 100_000
"""What a form may hold beside the document."""
PROBLEM = "application/problem+json"
STATUS: tuple[tuple[type[ServiceError], int, str], ...] = (
    (TooLargeError, 413, "Document too large"),
    (NumberError, 422, "Not a fax number"),
    (UnknownJobError, 404, "Not found"),
    (FinishedError, 409, "Already ended"),
    (ReusedKeyError, 409, "Idempotency key used before"),
    (ConversionError, 422, "Cannot be converted"),
    (QueueError, 409, "Not possible now"),
    (SignInError, 401, "Not signed in"),
    (ForbiddenError, 403, "Not allowed"),
    (LicenceError, 403, "A licence is missing"),
    (HipaaError, 409, "Refused by HIPAA mode"),
    (UnknownError, 404, "Not found"),
    (InvalidError, 422, "Not possible so"),
    (AccountError, 409, "Not possible now"),
)


class ProblemOut(BaseModel):
    type: str = "about:blank"
    title: str = Field(examples=["Not a fax number"])
    status: int = Field(examples=[422])
    detail: str = Field(examples=["“abc” is not a fax number"])
    remedy: str = Field(examples=["write its digits, with a plus in front if it is abroad"])


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    return {status: {"model": ProblemOut, "content": {PROBLEM: {}}} for status in statuses}


BEARER = HTTPBearer(
    auto_error=False,
    description="A token of yours. Without one the bench's own domain asks, as long as that is open.",
)


@dataclass(frozen=True, slots=True)
class Work:
    """One request: who asks what service, and when."""

    service: FaxService
    asker: Asker
    now: Instant

    @contextmanager
    def clerks(self) -> Iterator[Clerks]:
        with self.service.office.at(self.now) as clerks:
            yield clerks


async def work(request: Request, _: Annotated[HTTPAuthorizationCredentials | None, Security(BEARER)]) -> Work:
    service: FaxService = request.app.state.service
    now: Instant = request.app.state.clock()
    with service.office.at(now) as clerks:
        return Work(service, clerks.asker(_token(request.headers.get("authorization"))), now)


At = Annotated[Work, Depends(work)]


def _token(header: str | None) -> str | None:
    if header is None:
        return None
    scheme, _, token = header.strip().partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise SignInError("The header Authorization holds no bearer token", "send Authorization: Bearer TOKEN")
    return token.strip()


NO_SNIFF = {"X-Content-Type-Options": "nosniff"}


def download(data: bytes, name: str, kind: str) -> Response:
    disposition = f"attachment; filename*=UTF-8''{quote(name, safe='')}"
    return Response(data, media_type=kind, headers={"Content-Disposition": disposition, **NO_SNIFF})


def kind_of(data: bytes) -> str:
    return "application/pdf" if b"%PDF-" in data[:1024] else "application/octet-stream"


def problem(status: int, title: str, detail: str, remedy: str = "") -> JSONResponse:
    body = ProblemOut(title=title, status=status, detail=detail, remedy=remedy)
    return JSONResponse(body.model_dump(), status_code=status, media_type=PROBLEM)


def problem_handlers(app: FastAPI) -> None:
    @app.exception_handler(ServiceError)
    async def refused(_request: Request, error: ServiceError) -> JSONResponse:
        for kind, status, title in STATUS:
            if isinstance(error, kind):
                answer = problem(status, title, error.detail, error.remedy)
                if status == 401:
                    answer.headers["WWW-Authenticate"] = "Bearer"
                return answer
        return problem(503, "Not available", error.detail, error.remedy)

    @app.exception_handler(RequestValidationError)
    async def malformed(_request: Request, error: RequestValidationError) -> JSONResponse:
        wrong = "; ".join(f"{'.'.join(str(part) for part in one['loc'])}: {one['msg']}" for one in error.errors())
        return problem(422, "Request not understood", wrong, "compare it with the API description at /docs")

    @app.exception_handler(HTTPException)
    async def other(_request: Request, error: HTTPException) -> JSONResponse:
        answer = problem(error.status_code, str(error.detail), str(error.detail), "see the API description at /docs")
        answer.headers.update(error.headers or {})
        return answer


def fault_handler(app: FastAPI, service: FaxService, clock: Callable[[], Instant]) -> None:
    @app.exception_handler(Exception)
    async def fault(request: Request, error: Exception) -> JSONResponse:
        service.tell("fault", f"{request.method} {request.url.path}: {type(error).__name__}: {error}", clock())
        return problem(500, "Fault in the service", "The service could not do this", "have its log looked at")


class UploadLimit:
    """Counts a request's octets as they come in and ends it at the limit, before more of it is kept."""

    def __init__(self, app: Callable[[Scope, Receive, Send], Awaitable[None]], octets: int) -> None:
        self.app = app
        self.octets = octets

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        counted = _Counted(receive, send, self.octets)
        announced = dict(scope["headers"]).get(b"content-length", b"0")
        if announced.isdigit() and int(announced) > self.octets:
            counted.exceeded = True
        else:
            await counted.run(self.app, scope)
        if counted.exceeded and not counted.answered:
            detail = f"The request is larger than {self.octets / 1e6:.1f} MB"
            answer = problem(413, "Document too large", detail, "send the document in parts or with smaller images")
            await answer(scope, receive, send)


class _TooLongError(Exception):
    pass


class _Counted:
    def __init__(self, receive: Receive, send: Send, octets: int) -> None:
        self._receive = receive
        self._send = send
        self._left = octets
        self.exceeded = False
        self.answered = False

    async def run(self, app: Callable[[Scope, Receive, Send], Awaitable[None]], scope: Scope) -> None:
        try:
            await app(scope, self.receive, self.send)
        except Exception:
            if not self.exceeded:
                raise

    async def receive(self) -> MutableMapping[str, Any]:
        message = await self._receive()
        self._left -= len(message.get("body", b""))
        if self._left < 0:
            self.exceeded = True
            raise _TooLongError
        return message

    async def send(self, message: MutableMapping[str, Any]) -> None:
        """Once the limit is passed, whatever the application makes of it is not what the client should read."""
        if self.exceeded and not self.answered:
            return
        self.answered = True
        await self._send(message)
