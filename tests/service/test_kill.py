"""A worker is killed at every point of a fax's way, another one ends it. Never a second fax, never a lost one."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from firmware_sim.clock import Instant, seconds
from rig.service.core import FaxService
from rig.service.interface import ReceivedFax
from rig.service.model import Direction, Progress, Result
from rig.service.retry import CauseRule, Policy
from tests.service.bench import Plan, World, paper_converter, some_pages

HASTY = Policy(
    poll_call=seconds(5),
    poll_idle=seconds(5),
    shortest_wait=0,
    causes={cause: CauseRule("it failed", "try again", (seconds(2),)) for cause in ("line_dropped",)},
)


class KilledError(BaseException):
    """Not an Exception: nothing in the service may catch it, as nothing catches a kill."""


@dataclass
class Fuse:
    """Burns one tick at each instrumented point and kills at the last."""

    left: int

    def tick(self) -> None:
        self.left -= 1
        if self.left == 0:
            raise KilledError


LOOKS = {"job", "jobs", "pages", "history", "known_fax", "next_due", "blob_names", "older_than", "received"}
"""They change nothing: a kill there is the same as one at the next point."""


class Fused:
    """Anything, with a tick after each call that changes something: before the next one is the same moment."""

    def __init__(self, inner: Any, fuse: Fuse) -> None:
        self._inner = inner
        self._fuse = fuse

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._inner, name)
        if not callable(found) or name in LOOKS:
            return found

        def fused(*args: Any, **named: Any) -> Any:
            result = found(*args, **named)
            if hasattr(result, "__exit__"):
                return _FusedContext(result, self._fuse)
            self._fuse.tick()
            return result

        return fused


class _FusedContext:
    """A transaction that may die just before its commit or just after it."""

    def __init__(self, inner: Any, fuse: Fuse) -> None:
        self._inner = inner
        self._fuse = fuse

    def __enter__(self) -> Any:
        return self._inner.__enter__()

    def __exit__(self, kind: Any, error: Any, trace: Any) -> None:
        if kind is None:
            try:
                self._fuse.tick()
            except KilledError as killed:
                self._inner.__exit__(KilledError, killed, None)
                raise
        self._inner.__exit__(kind, error, trace)
        if kind is None:
            self._fuse.tick()


def run_with_kill(w: World, at: int, until: Callable[[], bool]) -> bool:
    """Work until *until*, killed at the point numbered *at*; False when there was no such point any more."""
    fuse = Fuse(at)
    w.service = FaxService(Fused(w.store, fuse), Fused(w.blobs, fuse), paper_converter, w.policy)
    real, limit = w.interface, w.now + seconds(3600)
    killed = False
    while not until():
        assert w.now < limit
        try:
            wanted = w.service.work(real if killed else Fused(real, fuse), w.worker, w.now)
            w.advance(max(1, wanted - w.now))
        except KilledError:
            killed = True
            w.replace_worker("second")
    w.replace_worker("second")
    return killed


def all_points(one: Callable[[int], bool]) -> int:
    """Call *one* with 1, 2, 3, ... until it says that there was no such point."""
    at = 1
    while one(at):
        at += 1
    return at - 1


def test_an_outgoing_fax_survives_a_kill_anywhere():
    def one(at: int) -> bool:
        w = World(Plan("line_dropped", 1), policy=HASTY)
        job = w.submit(b"slow 2")
        killed = run_with_kill(w, at, lambda: w.job(job.id).progress is Progress.FINISHED)
        ended = w.job(job.id)
        assert ended.result is Result.SUCCESS, (at, ended)
        assert w.interface.paper(job.id) == [page.hash for page in some_pages(2)], at
        assert len(w.interface.calls) == ended.attempts == 2, at
        lines = [entry.line for entry in w.service.show(job.id).history]
        assert len([line for line in lines if "result 0" in line]) == 1
        w.close()
        return killed

    assert all_points(one) > 30


def test_a_cancelled_fax_survives_a_kill_anywhere():
    def one(at: int) -> bool:
        w = World()
        job = w.submit(b"pages 3")
        while w.job(job.id).pages_confirmed < 1:
            w.step()
        w.service.cancel(job.id, w.now)
        w.service.release(w.worker, w.now)
        killed = run_with_kill(w, at, lambda: w.job(job.id).progress is Progress.FINISHED)
        ended = w.job(job.id)
        paper = w.interface.paper(job.id)
        assert paper == [page.hash for page in some_pages(3)][: len(paper)]
        assert ended.pages_confirmed == len(paper)
        assert (ended.result, len(w.interface.calls)) == (Result.SUCCESS if len(paper) == 3 else Result.ABORT, 1)
        w.close()
        return killed

    assert all_points(one) >= 8


def test_an_incoming_fax_survives_a_kill_anywhere():
    def one(at: int) -> bool:
        w = World()
        w.interface.inbox.append(ReceivedFax("in-1", "200", "1", "X", some_pages(2), "ok", ""))
        killed = run_with_kill(w, at, lambda: not w.interface.inbox)
        (job,) = w.service.jobs(Direction.INCOMING)
        assert (job.result, job.pages) == (Result.SUCCESS, 2)
        w.advance(seconds(7200))
        w.service.sweep(w.now)
        assert set(w.blobs.kept) == {job.pages_blob}
        w.close()
        return killed

    assert all_points(one) >= 4


def test_a_submission_that_is_killed_leaves_a_job_or_nothing():
    def one(at: int) -> bool:
        w = World()
        fuse = Fuse(at)
        w.service = FaxService(Fused(w.store, fuse), Fused(w.blobs, fuse), paper_converter, w.policy)
        killed = False
        try:
            w.submit()
        except KilledError:
            killed = True
        w.replace_worker("second")
        w.advance(seconds(7200))
        w.service.sweep(w.now)
        jobs = w.service.jobs()
        assert len(w.blobs.kept) == len(jobs)
        assert all(w.service.original(job.id) for job in jobs)
        w.close()
        return killed

    assert all_points(one) >= 3


@pytest.mark.parametrize("sleep", [seconds(11), seconds(300)])
def test_a_worker_that_was_believed_dead_wakes_up(sleep: Instant):
    w = World()
    job = w.submit(b"pages 4")
    while w.job(job.id).pages_confirmed < 1:
        w.step()
    sleeper = w.service
    w.replace_worker("second")
    w.advance(sleep)
    w.step()
    fence = w.job(job.id).fence
    sleeper.work(w.interface, "first", w.now)
    assert w.job(job.id).progress is Progress.FINISHED or w.job(job.id).fence == fence
    w.run(job.id)
    assert w.interface.paper(job.id) == [page.hash for page in some_pages(4)]
    assert len(w.interface.calls) == 1
    w.close()
