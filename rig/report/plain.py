"""The run as JSON: all of it but the pixels, for which their hashes stand."""

import json
from dataclasses import asdict
from math import isfinite
from typing import Any

from firmware_sim.t4.page import Page
from rig.report.record import Run


def plain(run: Run) -> str:
    data: dict[str, Any] = {
        "title": run.title,
        "verdict": run.status.value,
        "summary": run.summary,
        "started_at": run.started_at.isoformat(),
        "world": run.world,
        "seed": run.seed,
        "took_s": run.took_s,
        "times_real_time": run.times_real_time,
        "versions": dict(run.versions),
        "checks": [{"status": check.status.value, **asdict(check)} for check in run.checks],
        "ladders": [asdict(ladder) for ladder in run.ladders],
        "pages": [
            {
                "title": pair.title,
                "difference": pair.difference,
                "sent": _page(pair.sent),
                "received": pair.received and _page(pair.received),
            }
            for pair in run.pages
        ],
        "log": [
            {"at_us": line.at, "source": line.source, "name": line.name, "detail": dict(line.detail)}
            for line in run.log
        ],
    }
    return json.dumps(_finite(data), indent=1, default=str) + "\n"


def _finite(value: Any) -> Any:
    """JSON has no word for infinity or for what is not a number: they become text."""
    if isinstance(value, dict):
        return {str(key): _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    return str(value) if isinstance(value, float) and not isfinite(value) else value


def _page(page: Page) -> dict[str, Any]:
    return {
        "hash": page.hash,
        "width_px": page.width_px,
        "height_px": page.height_px,
        "resolution": page.resolution.name.lower(),
        "bad_rows": list(page.bad_rows),
    }
