"""Verdicts and ladders for the terminal; plain lines when it is no terminal."""

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from firmware_sim.clock import Instant
from rig.report.record import Ladder, Run, Status
from rig.report.text import clock_time, length, printable

_STYLES = {Status.PASS: "bold green", Status.FAIL: "bold red", Status.ERROR: "bold magenta", Status.SKIP: "yellow"}
_LANE = 44


def print_verdicts(run: Run, console: Console) -> None:
    """The table of checks and the verdict. On a pipe: one line a check, so that grep finds it."""
    if console.is_terminal:
        console.print(_table(run))
    else:
        for check in run.checks:
            parts = (check.name, check.detail, check.value, check.limit and f"limit {check.limit}")
            line = f"{check.status.value.upper():5} " + "  ".join(part for part in parts if part)
            console.print(Text(printable(line).replace("\n", " ")), soft_wrap=True)
    console.print(Text.assemble(verdict(run), f"  {run.tally}", *_speed(run)), soft_wrap=True)


def verdict(run: Run) -> Text:
    return Text(run.status.value.upper(), style=_STYLES[run.status])


def _speed(run: Run) -> list[str]:
    parts = [f", took {length(round(run.took_s * 1e6))}"] if run.took_s is not None else []
    if run.times_real_time is not None and run.world == "simulated time":
        parts.append(f", {run.times_real_time:.3g} times real time")
    return parts


def _table(run: Run) -> Table:
    measured, limited = any(check.value for check in run.checks), any(check.limit for check in run.checks)
    table = Table(box=box.SIMPLE_HEAD, title=Text(printable(run.title)), title_justify="left", title_style="bold")
    table.add_column("verdict", no_wrap=True)
    table.add_column("check", overflow="fold", ratio=2)
    if measured:
        table.add_column("measured", justify="right")
    if limited:
        table.add_column("limit")
    table.add_column("detail", overflow="fold", ratio=3)
    for check in run.checks:
        cells = [Text(check.status.value.upper(), style=_STYLES[check.status]), Text(printable(check.name))]
        cells += [Text(printable(check.value))] if measured else []
        cells += [Text(printable(check.limit))] if limited else []
        table.add_row(*cells, Text(printable(check.detail)))
    return table


def print_ladder(ladder: Ladder, console: Console, origin: Instant | None = None) -> None:
    """The exchange as text between two lifelines; times count from *origin*, or from the ladder's first line."""
    if origin is None:
        origin = min((line.at_us for line in ladder.lines), default=0)
    head = f"{ladder.left} {' ' * (_LANE - len(ladder.left) - len(ladder.right))} {ladder.right}"
    console.print(Text(printable(ladder.title), style="bold"), soft_wrap=True)
    console.print(Text(" " * 12 + printable(head)), soft_wrap=True)
    for line in ladder.lines:
        lane = _lane(line.direction, printable(line.text).replace("\n", " "), ascii_only=not _draws(console))
        console.print(Text(f"{clock_time(line.at_us - origin):>10}  {lane}"), soft_wrap=True)


def _draws(console: Console) -> bool:
    return console.encoding.lower().startswith("utf")


def _lane(direction: str, text: str, *, ascii_only: bool) -> str:
    text = text if len(text) <= _LANE - 6 else text[: _LANE - 7] + ("~" if ascii_only else "…")
    dash, rail = ("-", "|") if ascii_only else ("─", "│")
    if direction in ("=>", "<=", "=="):
        dash = "=" if ascii_only else "═"
    if direction == "..":
        return f"{rail}{text.center(_LANE)}{rail}"
    line = f" {text} ".center(_LANE - 2, dash)
    left, right = ("<" if direction[0] == "<" else dash), (">" if direction[1] == ">" else dash)
    return f"{rail}{left}{line}{right}{rail}"
