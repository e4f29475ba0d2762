"""`rig bench`: how fast the devices' parts are beside programs that no one here wrote.

A bench is a command here and a module in `rig/benchmarks` whose `run()` yields `Measured` rows.
"""

import sys
from collections.abc import Iterable
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
