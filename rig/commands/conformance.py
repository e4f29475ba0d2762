"""`rig conformance`: judge a fax device by the cases of the suite."""

import json as json_text
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

app = typer.Typer(help="Cases that judge any fax device on 8 kHz audio.", no_args_is_help=True)

USAGE = 2
ENOUGH = 0.95
"""Share of broken firmwares that must be caught."""
Json = Annotated[bool, typer.Option("--json", help="JSON alone on stdout; progress stays on stderr.")]
Pattern = Annotated[str, typer.Option("--case", help="Id or TSB-85 name, or a glob of it.")]
Jobs = Annotated[int, typer.Option("--jobs", min=0, help="Processes; 0 is one for each core.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="No progress on stderr.")]


@app.command("list")
def list_(pattern: Pattern = "*", json: Json = False) -> None:
    """Show every case: id, the family whose ground it covers, what the device does, title."""
    from rig.conformance.plan import chosen

    cases = chosen(pattern)
    if json:
        rows = [
            {
                "id": case.id,
                "family": case.family,
                "device": case.role.value,
                "clause": case.clause,
                "title": case.title,
            }
            for case in cases
        ]
        sys.stdout.write(json_text.dumps(rows, indent=2) + "\n")
        return
    for case in cases:
        sys.stdout.write(f"{case.id:<36} {case.family:<24} {case.role.value:<8} {case.title}\n")


@app.command()
def run(
    dut: Annotated[str, typer.Option("--dut", help="simulated, spandsp or pipe:COMMAND.")] = "simulated",
    pattern: Pattern = "*",
    jobs: Jobs = 0,
    seed: Annotated[int, typer.Option("--seed", min=0, help="All randomness of the tester.")] = 1,
    junit: Annotated[Path | None, typer.Option("--junit", help="Write JUnit XML to this file.")] = None,
    reports: Annotated[Path | None, typer.Option("--reports", help="Where the report goes; none with --json.")] = None,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Play the cases on a device.

    Exit code: 0 pass, 1 the device failed, 2 the bench or its use is wrong, 3 nothing could run.
    """
    from rig.conformance import shell

    place = reports or (None if json else Path("reports"))
    options = shell.Options(dut, pattern, jobs, seed, junit, place)
    try:
        summary, page = shell.run(options, None if quiet else _tell)
    except shell.UsageError as error:
        raise _refuse(error) from None
    except OSError as error:
        raise _refuse(f"{error.filename}: {error.strerror}") from None
    if json:
        _print(summary.as_json())
    else:
        _show(summary, options, page)
    raise typer.Exit(summary.exit_code)


@app.command()
def mutants(
    pattern: Annotated[str, typer.Option("--mutant", help="A name, or a glob of names.")] = "*",
    jobs: Jobs = 0,
    seed: Annotated[int, typer.Option("--seed", min=0, help="All randomness of the tester.")] = 1,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Break our own firmware in many small ways; the cases must catch 95 in 100.

    Exit code: 0 enough were caught, 1 too many escaped, 2 the use is wrong.
    """
    from rig.conformance import shell

    try:
        verdicts = shell.mutants(jobs, pattern, seed, None if quiet else _tell_mutant)
    except shell.UsageError as error:
        raise _refuse(error) from None
    escaped = [verdict.name for verdict in verdicts if not verdict.case]
    caught = len(verdicts) - len(escaped)
    if json:
        _print({"mutants": len(verdicts), "caught": caught, "escaped": escaped})
    else:
        sys.stdout.write(f"{caught} of {len(verdicts)} caught; escaped: {', '.join(escaped) or 'none'}\n")
    raise typer.Exit(0 if caught >= ENOUGH * len(verdicts) else 1)


def _tell_mutant(verdict: Any) -> None:
    by = f"{verdict.case}: {verdict.reason}" if verdict.case else "no case"
    sys.stderr.write(f"{'caught' if verdict.case else 'ESCAPED':8}{verdict.name:<28} {by}\n")


def _tell(result: Any) -> None:
    if result.status != "pass":
        sys.stderr.write(f"{result.status.upper():5} {result.id}  {result.reason}\n")


def _show(summary: Any, options: Any, page: Path | None) -> None:
    from rich.console import Console

    from rig.conformance.shell import replay
    from rig.report import Ladder
    from rig.report.console import print_ladder

    console = Console(highlight=False)
    for result in summary.results:
        status = summary.status(result)
        sys.stdout.write(f"{status.upper():<17} {result.id:<36} {result.reason}\n")
    for result in summary.results:
        if summary.status(result) == "fail":
            print_ladder(Ladder(f"{result.id}: {result.reason}", "tester", summary.dut, result.ladder), console)
            sys.stdout.write(f"again: {replay(summary.dut, result.id, options.seed)}\n")
    counts = summary.as_json()
    sys.stdout.write(
        f"{counts['passed']} passed, {len(counts['failed'])} failed, {len(counts['skipped'])} skipped, "
        f"{len(counts['expected_failures'])} failed as expected, in {counts['seconds']} s\n"
    )
    if page:
        sys.stdout.write(f"report: {page}\n")


def _print(document: Any) -> None:
    sys.stdout.write(json_text.dumps(document, indent=2) + "\n")


def _refuse(error: object) -> typer.Exit:
    sys.stderr.write(f"rig conformance: {error}\n")
    return typer.Exit(USAGE)
