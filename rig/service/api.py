"""The service over HTTP. Handlers run on one thread, one after another: pdfium wants that, and each is short.

Errors are ``application/problem+json`` with title, status, detail and remedy; what a client does wrong is a 4xx.
Each handler first has the asker's right to the fax looked at, in the transaction that writes the audit log.
"""

from collections.abc import Callable
from typing import Annotated, Any

from fastapi import APIRouter, FastAPI, File, Form, Header, Path, Query, Request, UploadFile
from fastapi.responses import HTMLResponse, Response
from jinja2 import Environment, PackageLoader

from firmware_sim.clock import Instant
from firmware_sim.t4.page import Resolution
from rig.service import api_admin, api_me, convert
from rig.service.accounts.boxes import envelope
from rig.service.api_models import DetailOut, HealthOut, JobOut, ListOut, detail_out, job_out
from rig.service.core import FaxService
from rig.service.model import Direction, Progress
from rig.service.tables import JOBS
from rig.service.web import (
    FORM_OCTETS,
    NO_SNIFF,
    At,
    UploadLimit,
    download,
    fault_handler,
    kind_of,
    problem_handlers,
    problems,
)

JobId = Annotated[int, Path(ge=1, le=2**63 - 1, description="Number of the fax", examples=[58])]
Document = Annotated[UploadFile, File(description="A PDF of at most 20 MB and 100 pages")]
ToNumber = Annotated[str, Form(description="The number to dial", examples=["+49 7031 1234"], max_length=200)]
CallerId = Annotated[str, Form(max_length=64, description="One of yours, see /me; empty: the first routed to you")]
Box = Annotated[str, Form(max_length=130, description="A group of yours to send for; empty: yourself")]
Resolve = Annotated[str, Form(pattern="^(standard|fine)$", description="standard or fine")]
Key = Annotated[
    str | None,
    Header(alias="Idempotency-Key", min_length=1, max_length=200, description="The same request again: the same fax"),
]
PDF: dict[int | str, dict[str, Any]] = {200: {"content": {"application/pdf": {}}}, **problems(401, 404, 422)}
PNG: dict[int | str, dict[str, Any]] = {200: {"content": {"image/png": {}}}, **problems(401, 404, 422)}

faxes_api = APIRouter(tags=["faxes"])
rest_api = APIRouter()
TEMPLATES = Environment(loader=PackageLoader("rig.service"), autoescape=True, trim_blocks=True)


def create_app(service: FaxService, clock: Callable[[], Instant]) -> FastAPI:
    """*clock* gives the instant of a request: the database's own clock in the shell, anything in a test."""
    app = FastAPI(
        title="Fax service",
        version="0.1.0",
        description="Accepts documents, sends them as faxes, keeps what arrives. "
        "A fax is a job with a direction, a progress and, when finished, a result.",
    )
    app.state.service, app.state.clock = service, clock
    app.add_middleware(UploadLimit, octets=service.max_octets + FORM_OCTETS)
    problem_handlers(app)
    fault_handler(app, service, clock)
    for router in (faxes_api, api_me.router, api_admin.router, rest_api):
        app.include_router(router)
    return app


@faxes_api.post("/faxes", status_code=201, summary="Send a fax", responses=problems(401, 403, 409, 413, 422))
async def send(
    at: At,
    file: Document,
    number: ToNumber,
    resolution: Resolve = "standard",
    trace_id: Annotated[str, Form(max_length=64, description="Follows the fax all along")] = "",
    caller_id: CallerId = "",
    box: Box = "",
    idempotency_key: Key = None,
) -> JobOut:
    """Accepted as soon as it is stored. Whether it can be converted and delivered shows at its own address."""
    document = await file.read(at.service.max_octets + 1)
    with at.clerks() as clerks:
        to = envelope(clerks.book, at.asker, number, caller_id, box)
    wanted = Resolution[resolution.upper()]
    name = file.filename or ""
    return job_out(at.service.submit(document, name, number, at.now, wanted, trace_id, to, idempotency_key))


@faxes_api.get("/faxes", summary="List your faxes, the newest first", responses=problems(401, 422))
async def faxes(
    at: At,
    direction: Annotated[Direction | None, Query(description="0 incoming, 1 outgoing")] = None,
    progress: Annotated[Progress | None, Query(description="0 created, 1 queued, 2 converted, 3 finished")] = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    deleted: Annotated[bool, Query(description="Those in the bin instead")] = False,
) -> ListOut:
    """Those in your box and in the boxes of your groups."""
    wanted = {JOBS.c.direction: direction, JOBS.c.progress: progress}
    conditions = [column == int(value) for column, value in wanted.items() if value is not None]
    with at.clerks() as clerks:
        found = clerks.boxes.faxes(at.asker, conditions, deleted, limit)
        return ListOut(faxes=[job_out(job) for job in found], notice=clerks.boxes.notice(at.asker))


@faxes_api.get("/faxes/{job_id}", summary="One fax with its history and pages", responses=problems(401, 404, 422))
async def fax(at: At, job_id: JobId) -> DetailOut:
    _own(at, job_id, "opened")
    return detail_out(at.service.show(job_id))


@faxes_api.delete("/faxes/{job_id}", summary="Cancel a fax", responses=problems(401, 404, 409, 422))
async def cancel(at: At, job_id: JobId) -> JobOut:
    """At any stage. While a call runs the answer is still unfinished: the worker hangs up, the result follows."""
    _own(at, job_id, "cancelled")
    return job_out(at.service.cancel(job_id, at.now))


@faxes_api.post("/faxes/{job_id}/delete", summary="Into the bin", responses=problems(401, 404, 409, 422))
async def delete(at: At, job_id: JobId) -> JobOut:
    """It can be restored for 14 days (a setting of the domain), then it is gone."""
    with at.clerks() as clerks:
        return job_out(clerks.boxes.delete(at.asker, job_id))


@faxes_api.post("/faxes/{job_id}/restore", summary="Out of the bin", responses=problems(401, 404, 409, 422))
async def restore(at: At, job_id: JobId) -> JobOut:
    with at.clerks() as clerks:
        return job_out(clerks.boxes.restore(at.asker, job_id))


@faxes_api.post(
    "/faxes/{job_id}/resend",
    status_code=201,
    summary="Send it again, edited or to somebody else",
    responses=problems(401, 403, 404, 413, 422),
)
async def resend(
    at: At,
    job_id: JobId,
    number: Annotated[str, Form(max_length=200, description="Empty: the same; needed to forward what came in")] = "",
    resolution: Annotated[str, Form(pattern="^(|standard|fine)$", description="Empty: the same")] = "",
    caller_id: CallerId = "",
    box: Box = "",
    file: Annotated[UploadFile | None, File(description="The edited document; none: the same")] = None,
) -> JobOut:
    """A new fax; the old one stays as it is."""
    document = None if file is None else await file.read(at.service.max_octets + 1)
    with at.clerks() as clerks:
        job = clerks.boxes.fax(at.asker, job_id, "resent")
        same = job.number if job.direction is Direction.OUTGOING else ""
        to = envelope(clerks.book, at.asker, number or same, caller_id, box)
    wanted = Resolution[resolution.upper()] if resolution else None
    name = "" if file is None else file.filename or ""
    return job_out(at.service.resend(job_id, at.now, to, wanted, document, name))


@faxes_api.get("/faxes/{job_id}/document", summary="Its pages as PDF", response_class=Response, responses=PDF)
async def document(at: At, job_id: JobId) -> Response:
    """Incoming: what was received. Outgoing: the converted pages, bit for bit as they are sent."""
    _own(at, job_id, "document opened")
    return download(at.service.document(job_id), f"fax-{job_id}.pdf", "application/pdf")


@faxes_api.get("/faxes/{job_id}/original", summary="The document as given", response_class=Response, responses=PDF)
async def original(at: At, job_id: JobId) -> Response:
    _own(at, job_id, "original opened")
    data = at.service.original(job_id)
    return download(data, at.service.show(job_id).job.document_name, kind_of(data))


@faxes_api.get("/faxes/{job_id}/pages/{number}.png", summary="One page", response_class=Response, responses=PNG)
async def page(at: At, job_id: JobId, number: Annotated[int, Path(ge=1, le=100_000)]) -> Response:
    _own(at, job_id, f"page {number} opened")
    return Response(convert.png_of(at.service.page(job_id, number)), media_type="image/png", headers=NO_SNIFF)


@rest_api.get("/health", summary="Whether the service can work")
async def health(request: Request) -> HealthOut:
    request.app.state.service.jobs(limit=1)
    return HealthOut(status="ok", now=request.app.state.clock())


@rest_api.get("/", include_in_schema=False, response_class=HTMLResponse)
async def index(at: At) -> str:
    with at.clerks() as clerks:
        return TEMPLATES.get_template("index.html").render(jobs=clerks.boxes.faxes(at.asker, (), False, 50))


def _own(at: At, job_id: int, action: str) -> None:
    with at.clerks() as clerks:
        clerks.boxes.fax(at.asker, job_id, action)
