"""A worker's steps of converting one document: a few pages at each, so that nobody waits for a long one."""

from collections.abc import Iterator

from firmware_sim.clock import Instant
from rig.service import convert
from rig.service.desk import Desk, trace
from rig.service.errors import ConversionError
from rig.service.held import Held
from rig.service.model import Job, Progress, Result

PAGES_PER_STEP = 5
PAGES_PER_REPORT = 10
MOST_CONVERSIONS = 5
"""A document whose conversion ended so many workers is not given to another one."""


class Conversion:
    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def advance(self, one: Held, now: Instant) -> None:
        try:
            if one.conversion is None:
                one.conversion = self._begin_conversion(one, now)
            for _ in range(PAGES_PER_STEP):
                step = _step(one.conversion)
                if step is None:
                    self._converted(one, now)
                    return
                if step.page is None:
                    return
                one.converted.append(step.page)
                self._report_conversion(one.job, len(one.converted), step.total, now)
        except ConversionError as error:
            with self._desk.changes(now) as change:
                one.job = change.finish(one.job, Result.CONVERT_FAILED, "convert_failed", str(error))

    def _begin_conversion(self, one: Held, now: Instant) -> Iterator[convert.Converted]:
        with self._desk.changes(now) as change:
            one.job = change.update(one.job, progress=Progress.QUEUED, text="being converted")
            change.log(one.job)
        assert one.job.original_blob is not None
        if one.job.fence > MOST_CONVERSIONS:
            raise ConversionError("The document stopped the converter again and again", "save it as a new PDF")
        try:
            document = self._desk.blobs.get(one.job.original_blob)
        except KeyError:
            raise ConversionError("The stored document is lost", "send it again") from None
        return self._desk.converter(document, one.job.resolution)

    def _report_conversion(self, job: Job, done: int, total: int, now: Instant) -> None:
        if done % PAGES_PER_REPORT == 0 and done < total:
            self._desk.tell("conversion", now, job=job.id, page=done, pages=total, **trace(job))

    def _converted(self, one: Held, now: Instant) -> None:
        pages, one.conversion, one.converted = one.converted, None, []
        blob = self._desk.blobs.put(convert.pdf_of_pages(pages), now)
        with self._desk.changes(now) as change:
            change.transaction.add_pages(one.job.id, pages)
            one.job = change.update(
                one.job,
                progress=Progress.CONVERTED,
                pages=len(pages),
                pages_blob=blob,
                text="converted, waits for its call",
                owner="",
                lease=None,
                due=now,
            )
            change.log(one.job)


def _step(conversion: Iterator[convert.Converted]) -> convert.Converted | None:
    """Whatever a document does to the converter, it ends as a failed conversion of this document."""
    try:
        return next(conversion, None)
    except ConversionError:
        raise
    except Exception as error:
        raise ConversionError(
            f"The document could not be converted ({type(error).__name__})", "save it as a new PDF and send that"
        ) from error
