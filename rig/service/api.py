"""The service over HTTP. Handlers run on one thread, one after another: pdfium wants that, and each is short.

Errors are ``application/problem+json`` with title, status, detail and remedy; what a client does wrong is a 4xx.
"""

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import FastAPI, File, Form, Path, Query, Request, UploadFile
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, JSONResponse, Response
from jinja2 import Environment, PackageLoader
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

from firmware_sim.clock import Instant
from firmware_sim.t4.page import Resolution
from rig.service import convert
from rig.service.core import FaxService, Shown
from rig.service.errors import (
    ConversionError,
    FinishedError,
    NumberError,
    QueueError,
    ServiceError,
    TooLargeError,
    UnknownJobError,
)
from rig.service.model import Direction, Job, Progress, Result

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
JobId = Annotated[int, Path(ge=1, le=2**63 - 1, description="Number of the fax", examples=[58])]

FORM_OCTETS = 100_000
"""What a form may hold beside the document."""
PROBLEM = "application/problem+json"
STATUS: tuple[tuple[type[ServiceError], int, str], ...] = (
    (TooLargeError, 413, "Document too large"),
    (NumberError, 422, "Not a fax number"),
    (UnknownJobError, 404, "Not found"),
    (FinishedError, 409, "Already ended"),
    (ConversionError, 422, "Cannot be converted"),
    (QueueError, 409, "Not possible now"),
)


class JobOut(BaseModel):
    """A fax. Instants are microseconds since 1970, UTC."""

    id: int = Field(examples=[58])
    direction: int = Field(description="0 incoming, 1 outgoing", examples=[1])
    progress: int = Field(description="0 created, 1 queued, 2 converted, 3 finished", examples=[3])
    result: int | None = Field(
        description="0 success, 1 abort, 2 error, 3 convert failed; null until finished", examples=[0]
    )
    direction_name: str = Field(examples=["outgoing"])
    progress_name: str = Field(examples=["finished"])
    result_name: str | None = Field(examples=["success"])
    number: str = Field(description="The number to dial, or the one that was called", examples=["+4970311234"])
    caller: str
    remote_id: str = Field(description="What the sending machine called itself")
    document_name: str = Field(examples=["delivery note.pdf"])
    resolution: str = Field(description="standard, fine or superfine", examples=["standard"])
    pages: int = Field(description="0 until converted", examples=[2])
    pages_confirmed: int = Field(description="Pages that the far machine confirmed", examples=[2])
    attempts: int = Field(examples=[1])
    cause: str = Field(description="Stable code of what happened last; empty when nothing did", examples=["ok"])
    text: str = Field(description="The same for people, with the remedy", examples=["all 2 pages arrived"])
    created_at: int
    finished_at: int | None
    due: int | None = Field(description="When the next step is to be done")
    trace_id: str = Field(examples=["fax-58"])


class EntryOut(BaseModel):
    at: int
    line: str = Field(examples=["job id 58, direction 1, progress 2, result -: calling 200"])
    progress: int
    result: int | None
    cause: str
    text: str
    pages_confirmed: int
    attempts: int


class PageOut(BaseModel):
    number: int = Field(description="From 1")
    hash: str = Field(description="SHA-256 over width, resolution and rows without white rows at the end")
    width_px: int
    height_px: int
    resolution: str
    bad_rows: int = Field(description="Rows that arrived damaged")
    confirmed_at: int | None
    attempt: int | None = Field(description="The attempt that confirmed it")


class DetailOut(JobOut):
    history: list[EntryOut]
    page_list: list[PageOut]


class ListOut(BaseModel):
    faxes: list[JobOut]


class HealthOut(BaseModel):
    status: str = Field(examples=["ok"])
    now: int = Field(description="The database's clock")


class ProblemOut(BaseModel):
    type: str = "about:blank"
    title: str = Field(examples=["Not a fax number"])
    status: int = Field(examples=[422])
    detail: str = Field(examples=["“abc” is not a fax number"])
    remedy: str = Field(examples=["write its digits, with a plus in front if it is abroad"])


def _problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    return {status: {"model": ProblemOut, "content": {PROBLEM: {}}} for status in statuses}


def create_app(service: FaxService, clock: Callable[[], Instant]) -> FastAPI:
    """*clock* gives the instant of a request: the database's own clock in the shell, anything in a test."""
    app = FastAPI(
        title="Fax service",
        version="0.1.0",
        description="Accepts documents, sends them as faxes, keeps what arrives. "
        "A fax is a job with a direction, a progress and, when finished, a result.",
    )
    app.add_middleware(UploadLimit, octets=service.max_octets + FORM_OCTETS)
    _problem_handlers(app)
    _fault_handler(app, service, clock)
    _faxes(app, service, clock)
    _documents(app, service)
    _rest(app, service, clock)
    return app


def _faxes(app: FastAPI, service: FaxService, clock: Callable[[], Instant]) -> None:
    @app.post("/faxes", status_code=201, summary="Send a fax", responses=_problems(413, 422))
    async def send(
        file: Annotated[UploadFile, File(description="A PDF of at most 20 MB and 100 pages")],
        number: Annotated[str, Form(description="The number to dial", examples=["+49 7031 1234"], max_length=200)],
        resolution: Annotated[str, Form(pattern="^(standard|fine)$", description="standard or fine")] = "standard",
        trace_id: Annotated[str, Form(max_length=64, description="Follows the fax all along")] = "",
    ) -> JobOut:
        """Accepted as soon as it is stored. Whether it can be converted and delivered shows at its own address."""
        document = await file.read(service.max_octets + 1)
        job = service.submit(document, file.filename or "", number, clock(), Resolution[resolution.upper()], trace_id)
        return job_out(job)

    @app.get("/faxes", summary="List faxes, the newest first", responses=_problems(422))
    async def faxes(
        direction: Annotated[Direction | None, Query(description="0 incoming, 1 outgoing")] = None,
        progress: Annotated[Progress | None, Query(description="0 created, 1 queued, 2 converted, 3 finished")] = None,
        limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    ) -> ListOut:
        return ListOut(faxes=[job_out(job) for job in service.jobs(direction, progress, limit)])

    @app.get("/faxes/{job_id}", summary="One fax with its history and pages", responses=_problems(404, 422))
    async def fax(job_id: JobId) -> DetailOut:
        return detail_out(service.show(job_id))

    @app.delete("/faxes/{job_id}", summary="Cancel a fax", responses=_problems(404, 409, 422))
    async def cancel(job_id: JobId) -> JobOut:
        """At any stage. While a call runs the answer is still unfinished: the worker hangs up, the result follows."""
        return job_out(service.cancel(job_id, clock()))


def _documents(app: FastAPI, service: FaxService) -> None:
    pdf: dict[int | str, dict[str, Any]] = {200: {"content": {"application/pdf": {}}}, **_problems(404, 422)}
    png: dict[int | str, dict[str, Any]] = {200: {"content": {"image/png": {}}}, **_problems(404, 422)}

    @app.get("/faxes/{job_id}/document", summary="Its pages as PDF", response_class=Response, responses=pdf)
    async def document(job_id: JobId) -> Response:
        """Incoming: what was received. Outgoing: the converted pages, bit for bit as they are sent."""
        data = service.document(job_id)
        return _download(data, f"fax-{job_id}.pdf", "application/pdf")

    @app.get("/faxes/{job_id}/original", summary="The document as given", response_class=Response, responses=pdf)
    async def original(job_id: JobId) -> Response:
        data = service.original(job_id)
        kind = "application/pdf" if b"%PDF-" in data[:1024] else "application/octet-stream"
        return _download(data, service.show(job_id).job.document_name, kind)

    @app.get("/faxes/{job_id}/pages/{number}.png", summary="One page", response_class=Response, responses=png)
    async def page(job_id: JobId, number: Annotated[int, Path(ge=1, le=100_000)]) -> Response:
        return Response(convert.png_of(service.page(job_id, number)), media_type="image/png", headers=NO_SNIFF)


def _rest(app: FastAPI, service: FaxService, clock: Callable[[], Instant]) -> None:
    templates = Environment(loader=PackageLoader("rig.service"), autoescape=True, trim_blocks=True)

    @app.get("/health", summary="Whether the service can work")
    async def health() -> HealthOut:
        service.jobs(limit=1)
        return HealthOut(status="ok", now=clock())

    @app.get("/", include_in_schema=False, response_class=HTMLResponse)
    async def index() -> str:
        return templates.get_template("index.html").render(jobs=service.jobs(limit=50))


NO_SNIFF = {"X-Content-Type-Options": "nosniff"}


def _download(data: bytes, name: str, kind: str) -> Response:
    disposition = f"attachment; filename*=UTF-8''{quote(name, safe='')}"
    return Response(data, media_type=kind, headers={"Content-Disposition": disposition, **NO_SNIFF})


def job_out(job: Job) -> JobOut:
    return JobOut(**_job_fields(job))


def detail_out(shown: Shown) -> DetailOut:
    history = [EntryOut(**{name: getattr(entry, name) for name in EntryOut.model_fields}) for entry in shown.history]
    pages = [
        PageOut(
            number=page.number,
            hash=page.hash,
            width_px=page.width_px,
            height_px=page.height_px,
            resolution=page.resolution.name.lower(),
            bad_rows=page.bad_rows,
            confirmed_at=page.confirmed_at,
            attempt=page.attempt,
        )
        for page in shown.pages
    ]
    return DetailOut(**_job_fields(shown.job), history=history, page_list=pages)


def _job_fields(job: Job) -> dict[str, Any]:
    made = {"direction_name", "progress_name", "result_name", "resolution"}
    fields = {name: getattr(job, name) for name in JobOut.model_fields if name not in made}
    fields["resolution"] = job.resolution.name.lower()
    for name, value in (("direction", job.direction), ("progress", job.progress), ("result", job.result)):
        fields[f"{name}_name"] = _spoken(value)
    return fields


def _spoken(value: Direction | Progress | Result | None) -> str | None:
    return None if value is None else value.name.lower().replace("_", " ")


def problem(status: int, title: str, detail: str, remedy: str = "") -> JSONResponse:
    body = ProblemOut(title=title, status=status, detail=detail, remedy=remedy)
    return JSONResponse(body.model_dump(), status_code=status, media_type=PROBLEM)


def _problem_handlers(app: FastAPI) -> None:
    @app.exception_handler(ServiceError)
    async def refused(_request: Request, error: ServiceError) -> JSONResponse:
        for kind, status, title in STATUS:
            if isinstance(error, kind):
                return problem(status, title, error.detail, error.remedy)
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


def _fault_handler(app: FastAPI, service: FaxService, clock: Callable[[], Instant]) -> None:
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
