"""The run as one HTML file that needs nothing else: styles, script and pictures are inside it."""

import json
from collections.abc import Iterator, Mapping
from datetime import UTC
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from firmware_sim.clock import Instant
from firmware_sim.events import Detail, Stamped
from firmware_sim.t4.page import Page
from rig.report.picture import aspect, damaged_rows, data_address
from rig.report.record import Ladder, PagePair, Run, Status
from rig.report.text import clock_time, length, printable

LOG_LINES_SHOWN = 5000
"""More make browsers slow; report.json has them all."""

_WORDS = {
    Status.PASS: "What was checked is as it should be.",
    Status.FAIL: "A device on the bench did not do what it should.",
    Status.ERROR: "The bench itself was out of order: this says nothing of the devices.",
    Status.SKIP: "Nothing could be checked: what the checks need is not here.",
}
_KINDS = {"->": "right", "<-": "left", "=>": "right long", "<=": "left long", "==": "both", "..": "note"}


def html(run: Run) -> str:
    # A printable() string is no longer Markup, but nothing here is ever marked as safe, so that nothing is lost.
    environment = Environment(
        loader=PackageLoader("rig.report", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=lambda value: printable(value) if type(value) is str else value,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    template = environment.get_template("report.html")
    return template.render(
        run=run,
        words=_WORDS[run.status],
        facts=list(_facts(run)),
        ladders=[_ladder(ladder, run.origin) for ladder in run.ladders],
        pages=[_pair(pair) for pair in run.pages],
        log=[_log_line(line, run.origin) for line in run.log[:LOG_LINES_SHOWN]],
        length=length,
    )


def _facts(run: Run) -> Iterator[tuple[str, str]]:
    yield "Started", run.started_at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    yield "World", run.world
    if run.took_s is not None:
        yield "Took", length(round(run.took_s * 1e6))
    if run.times_real_time is not None and run.world == "simulated time":
        yield "Speed", f"{run.times_real_time:.3g} times real time"
    yield "Seed", str(run.seed)
    yield from run.versions.items()


def _ladder(ladder: Ladder, origin: Instant) -> dict[str, Any]:
    rows, before = [], None
    for line in ladder.lines:
        name, _, rest = line.text.partition(" ")
        gap = "" if before is None else f"+{length(line.at_us - before)}"
        before = line.at_us
        rows.append(
            {
                "at": clock_time(line.at_us - origin),
                "gap": gap,
                "kind": _KINDS[line.direction],
                "name": name,
                "rest": rest,
            }
        )
    return {"title": ladder.title, "left": ladder.left, "right": ladder.right, "rows": rows}


def _pair(pair: PagePair) -> dict[str, Any]:
    damaged = damaged_rows(pair.sent, pair.received) if pair.received else []
    received = _page(pair.received, damaged) if pair.received else None
    return {
        "title": pair.title,
        "difference": pair.difference or ("" if received else "did not arrive"),
        "sent": _page(pair.sent, []),
        "received": received,
        "damaged": len(damaged),
    }


def _page(page: Page, damaged: list[int]) -> dict[str, str]:
    return {
        "picture": data_address(page, damaged),
        "aspect": aspect(page),
        "size": f"{page.width_px} × {page.height_px} px, {page.resolution.name.lower()}",
        "hash": page.hash,
    }


def _log_line(line: Stamped, origin: Instant) -> dict[str, str]:
    return {
        "at": clock_time(line.at - origin),
        "source": line.source,
        "name": line.name,
        "detail": _detail(line.detail),
    }


def _detail(detail: Mapping[str, Detail]) -> str:
    return "  ".join(f"{key}={value if isinstance(value, str) else json.dumps(value)}" for key, value in detail.items())
