"""What a line does to frequencies: its response and group delay, measured with an impulse."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from firmware_sim.clock import SAMPLE_RATE_HZ
from rig.impairments.base import Impairment
from rig.impairments.lines import OneWayLine, TwoWayPart

GRID = 16384
IMPULSE = 1000.0
UNSEEN_DB = 90.0
"""Where the loss is greater than this, no delay can be told."""


@dataclass(frozen=True)
class Response:
    """*delay_ms* is NaN where nothing comes through. *left_out* are the impairments that no response describes."""

    hz: NDArray[np.float64]
    loss_db: NDArray[np.float64]
    delay_ms: NDArray[np.float64]
    latency_ms: float
    left_out: tuple[str, ...]


def response(impairments: Sequence[Impairment]) -> Response:
    """Of the linear ones among *impairments*, which are reset. *delay_ms* is what they mean to do, without latency.

    Raises ValueError for a part that only a line with two directions can have.
    """
    for part in impairments:
        if isinstance(part, TwoWayPart):
            raise ValueError(f"{part.name} needs a line with two directions, and a response is of one")
    linear = [part for part in impairments if part.linear]
    line = OneWayLine(linear)
    impulse = np.zeros(GRID, np.float32)
    impulse[0] = IMPULSE
    answer = line.carry(impulse).astype(np.float64) / IMPULSE
    line.reset()
    spectrum = np.fft.rfft(answer)
    magnitude = np.maximum(np.abs(spectrum), 1e-9)
    slope = np.fft.rfft(answer * np.arange(GRID))
    delay = (slope * np.conj(spectrum)).real / magnitude**2 - line.latency
    loss = -20.0 * np.log10(magnitude)
    return Response(
        hz=np.arange(len(spectrum)) * SAMPLE_RATE_HZ / GRID,
        loss_db=loss,
        delay_ms=np.where(loss < UNSEEN_DB, delay * 1000.0 / SAMPLE_RATE_HZ, np.nan),
        latency_ms=line.latency * 1000.0 / SAMPLE_RATE_HZ,
        left_out=tuple(part.name for part in impairments if not part.linear),
    )
