"""What the API says of faxes."""

from typing import Any

from pydantic import BaseModel, Field

from rig.service.core import Shown
from rig.service.model import Direction, Job, Progress, Result


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
    caller: str = Field(description="Incoming: who called. Outgoing: the caller ID in the header line")
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
    resent_from: int | None = Field(description="The fax that was sent again, or forwarded")
    deleted_at: int | None = Field(description="Since when it lies in the bin")


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
    notice: str = Field("", description="What keeps faxes from you, with the remedy; empty when nothing does")


class HealthOut(BaseModel):
    status: str = Field(examples=["ok"])
    now: int = Field(description="The database's clock")


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
