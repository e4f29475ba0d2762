"""The command `rig`. Everything heavy is imported inside the commands, so that `rig --help` is quick."""

import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from rig.commands import ata, bench, conformance, decode, dut, line, service

app = typer.Typer(
    help="A bench for fax over IP: devices, PBX and fax service, real or simulated; verdicts by page hash.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.add_typer(ata.app, name="ata")
app.add_typer(line.app, name="line")
app.add_typer(conformance.app, name="conformance")
app.add_typer(dut.app, name="dut")
app.add_typer(bench.app, name="bench")
app.add_typer(service.app, name="service")
app.command("decode")(decode.decode)


class World(StrEnum):
    REAL = "real"
    SIMULATED = "simulated"


Hardware = Annotated[
    Path | None, typer.Option("--hardware", help="What stands on the bench. Default: hardware.yaml here, else ours.")
]
Seed = Annotated[int | None, typer.Option("--seed", min=0, help="All randomness. Default: the one in hardware.yaml.")]
Trace = Annotated[Path | None, typer.Option("--trace", help="Write every event to this file, a JSON line each.")]
Document = Annotated[Path | None, typer.Option("--document", help="The PDF to fax. Default: ours, two pages.")]
Json = Annotated[bool, typer.Option("--json", help="JSON alone on stdout; progress stays on stderr.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="No progress on stderr.")]


@app.command()
def run(
    time: Annotated[World, typer.Option("--time", help="Real sockets in real time, or simulated time.")] = World.REAL,
    seed: Seed = None,
    trace: Trace = None,
    document: Document = None,
    number: Annotated[str, typer.Option("--number", help="Whom to fax it to. Default: the first fax machine.")] = "",
    reports: Annotated[Path, typer.Option("--reports", help="Where reports go.")] = Path("reports"),
    hardware: Hardware = None,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Fax one PDF through the whole pipeline and a page back; judge every page by its hash.

    Exit code: 0 pass, 1 a device failed, 2 the bench or its use is wrong, 3 nothing could run.
    """
    from rig.runner import Options
    from rig.runner import run as play

    simulated = time is World.SIMULATED
    raise typer.Exit(play(Options(hardware, simulated, seed, trace, reports, document, number, json, quiet)))


@app.command()
def up(hardware: Hardware = None, seed: Seed = None, json: Json = False, quiet: Quiet = False) -> None:
    """Start the bench in real time and leave it running until Ctrl-C."""
    from rig.runner import Options
    from rig.runner import up as stay_up

    raise typer.Exit(stay_up(Options(hardware=hardware, seed=seed, json=json, quiet=quiet)))


@app.command()
def version() -> None:
    """Show the version."""
    from rig import __version__

    sys.stdout.write(f"faxrig {__version__}\n")


def main() -> None:
    try:
        app()
    except KeyboardInterrupt:  # before a command could take care of it itself
        sys.exit(130)
