"""The picture of a line: loss above, group delay below, over 0 to 4 kHz."""

from pathlib import Path
from textwrap import wrap
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from rig.impairments.channels import CHANNELS, Points
from rig.impairments.measure import Response

CURVE, POINTS, BAND = "#1f5fa8", "#c2410c", "#eef2f7"
VOICE_BAND_HZ = (300.0, 3400.0)
TOLD_HZ = (100.0, 3900.0)
"""Beyond these next to nothing comes through a line, and its delay says nothing."""
DEEPEST_DB = 60.0


def draw(title: str, response: Response, target: Path) -> None:
    """Raises OSError."""
    figure = Figure(figsize=(9.0, 6.4), dpi=110, layout="constrained")
    upper, lower = figure.subplots(2, 1, sharex=True)
    published = CHANNELS.get(title.strip().lower())
    told = (response.hz >= TOLD_HZ[0]) & (response.hz <= TOLD_HZ[1])
    delay_ms = np.where(told, response.delay_ms, np.nan)
    _panel(upper, "loss, dB", response.hz, response.loss_db, published.loss_db if published else None)
    _panel(lower, "group delay, ms", response.hz, delay_ms, published.delay_ms if published else None)
    _limits(upper, lower, response)
    lower.set_xlabel("frequency, Hz")
    figure.align_ylabels()
    if published:
        upper.legend(loc="best", frameon=False)
    figure.suptitle("\n".join(_heading(title, response)), fontsize=11, x=0.01, ha="left")
    figure.savefig(target, format="png")


def _heading(title: str, response: Response) -> list[str]:
    channel = CHANNELS.get(title.strip().lower())
    lines = wrap(channel.title if channel else title.strip(), 100)
    if response.left_out:
        lines += wrap(f"no response describes {', '.join(response.left_out)}: left out", 100)
    return lines


def _panel(axes: Any, label: str, hz: Points, values: Points, points: Points | None) -> None:
    axes.axvspan(*VOICE_BAND_HZ, color=BAND, zorder=0)
    axes.plot(hz, values, color=CURVE, linewidth=1.6, label="as built")
    if points is not None:
        axes.plot(points[:, 0], points[:, 1], "o", color=POINTS, markersize=3.5, label="as published")
    axes.set_ylabel(label)
    axes.grid(True, color="#d5dbe3", linewidth=0.6)
    axes.set_axisbelow(True)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)


def _limits(upper: Any, lower: Any, response: Response) -> None:
    """Loss downward, as a response is drawn; both axes by what happens in the band and a little beyond."""
    inner = (response.hz >= 200.0) & (response.hz <= 3800.0)
    loss = response.loss_db[inner]
    deepest, least = min(float(loss.max()), DEEPEST_DB), min(float(loss.min()), 0.0)
    upper.set_ylim(max(deepest + 2.0, 6.0), least - 1.0)
    delay = response.delay_ms[inner & (response.loss_db < DEEPEST_DB)]
    delay = delay[np.isfinite(delay)]
    low, high = (float(delay.min()), float(delay.max())) if len(delay) else (0.0, 0.0)
    margin = max((high - low) * 0.1, 0.05)
    lower.set_ylim(low - margin, high + margin)
    lower.set_xlim(0.0, 4000.0)
    lower.set_xticks(range(0, 4001, 500))
