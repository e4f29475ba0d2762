"""`rig bench`: how fast the devices' parts are beside programs that no one here wrote.

A bench is a command here and a module in `rig/benchmarks` whose `run()` yields `Measured` rows.
"""

import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Annotated, Protocol

import typer

app = typer.Typer(help="Measure parts of the devices beside their peers.", no_args_is_help=True)
Json = Annotated[bool, typer.Option("--json", help="JSON alone on stdout.")]


class Measured(Protocol):
    @property
    def work(self) -> str: ...
    @property
    def ours_per_s(self) -> float: ...
    @property
    def peer(self) -> str: ...
    @property
    def peer_per_s(self) -> float | None: ...
    @property
    def ratio(self) -> float | None: ...


@app.command()
def pages(json: Json = False) -> None:
    """Page codecs: pages a second, encoded and decoded, beside libtiff."""
    from rig.benchmarks import pages as bench

    show(bench.run(), "pages a second", json)


@app.command()
def calls(json: Json = False) -> None:
    """Whole calls in simulated time: seconds of call in a second of CPU, beside libspandsp's two terminals."""
    from rig.benchmarks import calls as bench

    rows = [{"call": r.call, "ours_x": r.ours_x, "peer_x": r.peer_x, "ratio": r.ratio} for r in bench.run()]
    show_plain(rows, json, "times real time, both ends in one thread")


@app.command()
def modems(json: Json = False) -> None:
    """Modems: seconds of audio in a second of one core, 64 channels, beside libspandsp."""
    from rig.benchmarks import modems as bench

    with _peer_needed():
        bench.show(bench.run(), json)


@app.command()
def ber(
    json: Json = False,
    quick: Annotated[bool, typer.Option("--quick", help="A twentieth of the bits.")] = False,
    plot: Annotated[str, typer.Option("--plot", help="Draw the error rates into this file (png, svg, pdf).")] = "",
) -> None:
    """Modems: bit errors against noise, on the same samples as libspandsp (half an hour; --quick two minutes)."""
    from rig.benchmarks import ber as bench

    with _peer_needed():
        bench.show(bench.run(quick=quick), json, plot)


@contextmanager
def _peer_needed() -> Iterator[None]:
    """Exit code 3 when the peer is not installed: nothing could run."""
    from rig.errors import InstrumentError

    try:
        yield
    except InstrumentError as error:
        sys.stderr.write(f"{error}\n")
        raise typer.Exit(3) from error


# -- shared by all benches ---------------------------------------------------------------------------------------------


def show(rows: Iterable[Measured], unit: str, as_json: bool) -> None:
    if as_json:
        _print_json(rows)
    else:
        _print_table(rows, unit)


def _print_json(rows: Iterable[Measured]) -> None:
    import json

    plain = [
        {
            "work": row.work,
            "ours_per_s": round(row.ours_per_s, 2),
            "peer": row.peer,
            "peer_per_s": None if row.peer_per_s is None else round(row.peer_per_s, 2),
            "ratio": None if row.ratio is None else round(row.ratio, 3),
        }
        for row in rows
    ]
    sys.stdout.write(json.dumps({"rows": plain}) + "\n")


def _print_table(rows: Iterable[Measured], unit: str) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table("work", "ours", "peer", "", "ratio", caption=unit)
    for column in (1, 2, 4):
        table.columns[column].justify = "right"
    for row in rows:
        peer = "-" if row.peer_per_s is None else f"{row.peer_per_s:,.0f}"
        ratio = "-" if row.ratio is None else f"{row.ratio:.2f}"
        table.add_row(row.work, f"{row.ours_per_s:,.0f}", peer, row.peer or "no peer here", ratio)
    Console().print(table)


def show_plain(rows: Iterable[Mapping[str, str | float | None]], as_json: bool, caption: str) -> None:
    """Rows as they are: a JSON document, or a table with their keys as its head."""
    rows = [{key: round(v, 3) if isinstance(v, float) else v for key, v in row.items()} for row in rows]
    if as_json:
        import json

        sys.stdout.write(json.dumps({"rows": rows}) + "\n")
        return
    from rich.console import Console
    from rich.table import Table

    table = Table(*(rows[0] if rows else ()), caption=caption)
    for row in rows:
        table.add_row(*("-" if v is None else f"{v:,.2f}" if isinstance(v, float) else str(v) for v in row.values()))
    Console().print(table)
