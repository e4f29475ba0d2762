"""What a worker remembers of its jobs between two steps."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from firmware_sim.clock import Instant
from firmware_sim.t4.page import Page
from rig.service.convert import Converted
from rig.service.model import Job


@dataclass(slots=True)
class Held:
    """What a worker remembers of a job that it owns. Losing it loses no more than the time of the lease."""

    job: Job
    conversion: Iterator[Converted] | None = None
    converted: list[Page] = field(default_factory=list)
    attached: bool = False
    """The device has heard of this attempt under our fence."""
    heard_at: Instant | None = None
    """When it last answered; goes into the database with the next renewal of the lease."""
