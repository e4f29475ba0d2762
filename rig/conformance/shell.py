"""Runs cases in processes, times them, and writes what came of them: the shell of the suite."""

import multiprocessing
import os
import shutil
import sys
import time
import wave
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from importlib.metadata import version
from pathlib import Path
from platform import python_version
from typing import Any

import numpy as np

from rig.conformance import plan
from rig.conformance.breaking import Mutant
from rig.conformance.model import CASES, Case, Device, Result
from rig.conformance.proving import Verdict, prove
from rig.conformance.runner import play
from rig.report import Check, Ladder, Run, Status, write
from rig.report.junit import junit

Tell = Callable[[Any], None] | None
DUTS = ("simulated", "spandsp", "pipe:COMMAND")


class Unavailable(Exception):  # noqa: N818
    """The device is not here; the reason."""


class UsageError(Exception):
    """What the user has to change, in one sentence."""


@dataclass(frozen=True, slots=True)
class Options:
    dut: str = "simulated"
    pattern: str = "*"
    jobs: int = 0
    """0: one for each core."""
    seed: int = 1
    junit: Path | None = None
    reports: Path | None = None


def device(dut: str) -> Device:
    """Raises Unavailable where it is not here, UsageError where there is no such device."""
    if dut == "simulated":
        from rig.conformance.devices import Simulated

        return Simulated()
    if dut == "spandsp":
        from rig.conformance.spandsp.shell import NAME, Spandsp, library

        found = library()
        if found is None:
            raise Unavailable(f"{NAME} is not installed (Debian: libspandsp2)")
        return Spandsp(found)
    if dut.startswith("pipe:"):
        from rig.conformance.pipe.shell import PipeDevice

        command = dut.removeprefix("pipe:")
        if not command.strip():
            raise UsageError("pipe: needs a command, as in --dut 'pipe:rig dut pipe'")
        program = command.split()[0]
        if shutil.which(program) is None:
            raise Unavailable(f"there is no program {program}")
        return PipeDevice(command)
    raise UsageError(f"no device {dut!r}: choose one of {', '.join(DUTS)}")


def known_failures(dut: str) -> dict[str, str]:
    from rig.conformance.known import KNOWN

    return KNOWN.get(dut.partition(":")[0], {})


# -- playing -----------------------------------------------------------------------------------------------------------

_DEVICES: dict[str, Device] = {}


def _play(dut: str, id: str, seed: int) -> Result:
    plan.all_cases()
    if dut not in _DEVICES:
        _DEVICES[dut] = device(dut)
    began = time.perf_counter()
    return replace(play(CASES[id], _DEVICES[dut], seed), took_s=time.perf_counter() - began)


def results(options: Options, cases: Sequence[Case]) -> Iterator[Result]:
    """As they come. Raises Unavailable."""
    device(options.dut)
    jobs = min(options.jobs or os.cpu_count() or 1, len(cases))
    if jobs <= 1:
        yield from (_play(options.dut, case.id, options.seed) for case in cases)
        return
    context = multiprocessing.get_context("fork" if sys.platform == "linux" else "spawn")
    with ProcessPoolExecutor(jobs, mp_context=context) as pool:
        waiting = [pool.submit(_play, options.dut, case.id, options.seed) for case in cases]
        for done in as_completed(waiting):
            yield done.result()


def run(options: Options, tell: Tell = None) -> tuple[plan.Summary, Path | None]:
    """Play them all. Raises UsageError; a device that is not here makes every case a SKIP."""
    cases = plan.chosen(options.pattern)
    if not cases:
        raise UsageError(f"no case fits {options.pattern!r}: `rig conformance list` shows them all")
    began, started = time.perf_counter(), datetime.now(UTC)
    found: dict[str, Result] = {}
    try:
        for result in results(options, cases):
            found[result.id] = result
            if tell is not None:
                tell(result)
    except Unavailable as reason:
        found = {case.id: Result(case.id, "skip", str(reason)) for case in cases}
    ordered = [found[case.id] for case in cases]
    summary = plan.Summary(options.dut, ordered, known_failures(options.dut), time.perf_counter() - began)
    record = as_run(summary, started, options.seed)
    if options.junit is not None:
        options.junit.write_bytes(junit(record))
    page = None
    if options.reports is not None:
        page = write(record, options.reports)
        _write_audio(page.parent, ordered)
    return summary, page


# -- broken firmwares --------------------------------------------------------------------------------------------------


def _mutants() -> dict[str, Mutant]:
    from rig.conformance.mutants import MUTANTS
    from rig.conformance.table_mutants import table_mutants

    return {mutant.name: mutant for mutant in (*MUTANTS, *table_mutants())}


def _prove(name: str, good: Sequence[str], seed: int) -> Verdict:
    plan.all_cases()
    return prove(_mutants()[name], good, seed)


def mutants(jobs: int = 0, pattern: str = "*", seed: int = 1, tell: Tell = None) -> list[Verdict]:
    """Each broken firmware against the cases that the whole one passes, shortest first. Raises UsageError."""
    names = [name for name in _mutants() if fnmatchcase(name, pattern)]
    if not names:
        raise UsageError(f"no broken firmware fits {pattern!r}")
    found = list(results(Options(jobs=jobs, seed=seed), plan.all_cases()))
    good = [result.id for result in sorted(found, key=lambda one: one.simulated_s) if result.status == "pass"]
    context = multiprocessing.get_context("fork" if sys.platform == "linux" else "spawn")
    verdicts: dict[str, Verdict] = {}
    with ProcessPoolExecutor(jobs or os.cpu_count() or 1, mp_context=context) as pool:
        for done in as_completed([pool.submit(_prove, name, good, seed) for name in names]):
            verdict = done.result()
            verdicts[verdict.name] = verdict
            if tell is not None:
                tell(verdict)
    return [verdicts[name] for name in names]


# -- what is left of a run ---------------------------------------------------------------------------------------------


def replay(dut: str, id: str, seed: int) -> str:
    quoted = f"'{dut}'" if " " in dut else dut
    return f"rig conformance run --dut {quoted} --case {id} --seed {seed}"


def as_run(summary: plan.Summary, started: datetime, seed: int) -> Run:
    failed = [result for result in summary.results if result.status in ("fail", "error")]
    return Run(
        title=f"Conformance of {summary.dut}",
        started_at=started,
        world="simulated time",
        seed=seed,
        checks=[_check(summary, result, seed) for result in summary.results],
        ladders=[
            Ladder(f"{result.id}: {result.reason}", "tester", summary.dut, result.ladder) for result in failed
        ],
        pages=[
            replace(pair, title=f"{result.id}: {pair.title}") for result in failed for pair in result.pages
            if pair.difference
        ],
        versions={"python": python_version(), "faxrig": version("faxrig")},
        summary="",
        took_s=round(summary.seconds, 3),
    )  # fmt: skip


def _check(summary: plan.Summary, result: Result, seed: int) -> Check:
    entry = CASES[result.id]
    name = f"{result.id} ({entry.family})" if entry.family else result.id
    duration = round(result.took_s * 1e6)
    if result.status == "skip":
        return Check(name, False, result.reason, fault=Status.SKIP)
    if result.status == "pass":
        return Check(
            name, True, f"{len(result.checks)} checks in {result.simulated_s:.1f} s of line", duration=duration
        )
    if summary.status(result) == "expected failure":
        why = summary.known[result.id]
        return Check(name, True, f"expected failure: {why} ({result.reason})", duration=duration)
    detail = f"{result.reason}; again: {replay(summary.dut, result.id, seed)}; audio: {result.id}.wav"
    return Check(name, False, detail, duration=duration, fault=Status.ERROR if result.status == "error" else None)


def _write_audio(folder: Path, found: Sequence[Result]) -> None:
    """Tester left, device right, of each failed case."""
    for result in found:
        if result.audio is None:
            continue
        left, right = result.audio
        count = min(len(left), len(right))
        with wave.open(str(folder / f"{result.id}.wav"), "wb") as file:
            file.setnchannels(2)
            file.setsampwidth(2)
            file.setframerate(8000)
            file.writeframes(np.stack((left[:count], right[:count]), axis=1).astype("<i2").tobytes())
