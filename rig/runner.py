"""What `rig run` and `rig up` do: stand the bench up, play, judge, report; and take it down whatever happens."""

import json
import signal
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from platform import python_version
from typing import Any

from rich.console import Console

from firmware_sim.events import Stamped
from firmware_sim.warm import warm
from firmware_sim.wire import event_line
from rig import data
from rig.bench import Bench, EventLog
from rig.bench.live import LiveBench
from rig.bench.simulated import SimulatedBench
from rig.errors import InventoryError, RigError
from rig.inventory import Inventory, load
from rig.narrator import Narrator
from rig.report import Ladder, Run, Status, write
from rig.report.console import print_ladder, print_verdicts
from rig.report.record import Check
from rig.scenarios import end_to_end
from rig.service.convert import page_of_image

PASSED, FAILED, BENCH_ERROR, NOTHING_RAN, INTERRUPTED = 0, 1, 2, 3, 130
EXIT_CODES = {
    Status.PASS: PASSED,
    Status.FAIL: FAILED,
    Status.ERROR: BENCH_ERROR,
    Status.SKIP: NOTHING_RAN,
}
TITLE = "One PDF through the whole pipeline, and a page back"
REPLY = "fixtures/pages/reply.png"
DOCUMENT = "fixtures/documents/two_pages.pdf"
VERSIONS = ("faxrig", "numpy", "numba", "pypdfium2", "sqlalchemy", "fastapi")


@dataclass(frozen=True, slots=True)
class Options:
    """What the user asked for."""

    hardware: Path | None = None
    simulated: bool = False
    seed: int | None = None
    trace: Path | None = None
    reports: Path = Path("reports")
    document: Path | None = None
    number: str = ""
    json: bool = False
    quiet: bool = False


class UsageError(Exception):
    """What the user has to change, in one sentence."""


def inventory_of(hardware: Path | None) -> Inventory:
    """hardware.yaml of the working folder, or the one that came with faxrig. Raises InventoryError."""
    if hardware is not None:
        return load(hardware)
    here = Path("hardware.yaml")
    return load(here) if here.exists() else load(data.path("hardware.yaml")).placed_in(Path.cwd())


def run(options: Options) -> int:
    """Play the end-to-end scenario. Returns the exit code; everything that can be known is on the screen by then."""
    with _StoppingOnSignals():
        try:
            material = _material(options)
            return _report(options, _play(options, material))
        except (RigError, UsageError) as error:
            return _cannot_run(options, error)
        except KeyboardInterrupt:
            return _interrupted(options)


def up(options: Options) -> int:
    """Start the bench and leave it running until Ctrl-C."""
    with _StoppingOnSignals():
        try:
            return _stay_up(options)
        except (RigError, UsageError) as error:
            return _cannot_run(options, error)
        except KeyboardInterrupt:
            return PASSED


# -- rig run -----------------------------------------------------------------------------------------------------------


def _material(options: Options) -> end_to_end.Material:
    path = options.document or data.path(DOCUMENT)
    try:
        document = path.read_bytes()
        reply = page_of_image(data.path(REPLY).read_bytes())
    except OSError as error:
        raise UsageError(f"{path} cannot be read ({error.strerror}): name a PDF with --document") from error
    return end_to_end.Material(document, path.name, (reply,), options.number)


def _play(options: Options, material: end_to_end.Material) -> Run:
    inventory = inventory_of(options.hardware)
    started = datetime.now(UTC)
    began = time.monotonic()
    with Narrator(0 if options.simulated else None, quiet=options.quiet) as narrator:
        log = EventLog(narrator.tell)
        bench: Bench = (SimulatedBench if options.simulated else LiveBench)(inventory, log, options.seed)
        narrator.step(f"starting the bench that {options.hardware or 'hardware.yaml'} describes, in {bench.world}")
        warm()
        played, before = time.monotonic(), bench.now_us
        try:
            bench.start()
            story = end_to_end.play(bench, material, narrator.step)
        finally:
            with _Uninterrupted():
                bench.stop()
        times = (bench.now_us - before) / 1e6 / (time.monotonic() - played)
    return Run(
        title=TITLE,
        started_at=started,
        world="simulated time" if options.simulated else "real time",
        seed=bench.seed,
        checks=story.checks,
        ladders=[_from(before, ladder) for ladder in story.ladders],
        pages=story.pages,
        log=[replace(event, at=event.at - before) for event in log.since()],
        times_real_time=round(times, 1),
        versions={"python": python_version(), **{name: version(name) for name in VERSIONS}},
        took_s=round(time.monotonic() - began, 3),
    )


def _from(start_us: int, ladder: Ladder) -> Ladder:
    """The ladder with times that begin with the run."""
    return replace(ladder, lines=[replace(line, at_us=line.at_us - start_us) for line in ladder.lines])


def _report(options: Options, record: Run) -> int:
    if options.trace is not None:
        _write_trace(options.trace, record.log)
    try:
        report = write(record, options.reports)
    except OSError as error:
        place = options.reports
        raise UsageError(f"the report cannot be written to {place} ({error.strerror}): use --reports") from error
    if options.json:
        _print_json(_as_json(record, report))
    else:
        console = Console(highlight=False)
        for ladder in record.ladders:
            print_ladder(ladder, console)
        print_verdicts(record, console)
        console.print(f"report: {report}", soft_wrap=True)
    return EXIT_CODES[record.status]


def _as_json(record: Run, report: Path) -> dict[str, Any]:
    return {
        "ok": record.status is Status.PASS,
        "status": record.status.value,
        "world": record.world,
        "seed": record.seed,
        "checks": [_check_as_json(check) for check in record.checks],
        "times_real_time": record.times_real_time,
        "took_s": record.took_s,
        "report": str(report),
    }


def _check_as_json(check: Check) -> dict[str, Any]:
    return {"name": check.name, "ok": check.ok, "status": check.status.value, "detail": check.detail}


def _write_trace(path: Path, log: Sequence[Stamped]) -> None:
    try:
        path.write_bytes(b"".join(map(event_line, log)))
    except OSError as error:
        raise UsageError(f"the trace cannot be written to {path} ({error.strerror}): name another file") from error


def _print_json(document: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(document, indent=2) + "\n")


def _cannot_run(options: Options, error: Exception) -> int:
    """One plain sentence (or, for hardware.yaml, one a mistake) on stderr; with --json the same as a document."""
    sys.stderr.write(f"{error}\n")
    if isinstance(error, InventoryError):
        sys.stderr.write("Nothing was started. Mend the lines above and try again.\n")
    if options.json:
        detail = {"name": "bench", "ok": False, "status": Status.ERROR.value, "detail": str(error)}
        _print_json({"ok": False, "status": Status.ERROR.value, "checks": [detail], "times_real_time": None})
    return BENCH_ERROR


def _interrupted(options: Options) -> int:
    sys.stderr.write("Stopped. The bench is down; faxes that were accepted stay in the service's database.\n")
    if options.json:
        _print_json({"ok": False, "status": "interrupted", "checks": [], "times_real_time": None})
    return INTERRUPTED


# -- rig up ------------------------------------------------------------------------------------------------------------


def _stay_up(options: Options) -> int:
    inventory = inventory_of(options.hardware)
    tell: Callable[[Stamped], None] = _print_event if options.json else (lambda event: None)
    with Narrator(quiet=options.quiet or options.json) as narrator:
        log = EventLog(tell if options.json else narrator.tell)
        bench = LiveBench(inventory, log, options.seed)
        narrator.step("starting the bench")
        try:
            bench.start()
            log.append(Stamped(bench.now_us, "bench", "up", {"service": bench.url}))
            _greet(bench, narrator)
            while True:
                bench.check()
                time.sleep(0.2)
        finally:
            with _Uninterrupted():
                bench.stop()
                sys.stderr.write("The bench is down.\n")


def _greet(bench: LiveBench, narrator: Narrator) -> None:
    called = (*bench.names("fax interface"), *bench.names("fax machine"))
    numbers = ", ".join(f"{name} {bench.number_of(name)}" for name in called)
    narrator.step(f"the bench is up: {numbers}")
    narrator.step(f"fax service: {bench.url} (API: {bench.url}/docs)")
    machine = bench.names("fax machine")[0]
    narrator.step(f"send a fax: curl -F file=@document.pdf -F number={bench.number_of(machine)} {bench.url}/faxes")
    narrator.step("Ctrl-C stops it")


def _print_event(event: Stamped) -> None:
    sys.stdout.buffer.write(event_line(event))
    sys.stdout.buffer.flush()


# -- being stopped -----------------------------------------------------------------------------------------------------


class _StoppingOnSignals:
    """SIGTERM is Ctrl-C, and Ctrl-C is one even where a shell in the background has it ignored: taken down in order."""

    def __enter__(self) -> None:
        def stop(number: int, frame: object) -> None:
            raise KeyboardInterrupt

        self._before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)


class _Uninterrupted:
    """While the bench is taken down, an impatient second Ctrl-C is not heard: it takes a second or two."""

    def __enter__(self) -> None:
        self._before = {number: signal.signal(number, signal.SIG_IGN) for number in (signal.SIGINT, signal.SIGTERM)}

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            with suppress(ValueError):
                signal.signal(number, handler)
