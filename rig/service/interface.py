"""The one way in which the fax service reaches a device. Calls belong to the device, not to the worker."""

from dataclasses import dataclass
from typing import Protocol

from firmware_sim.t4.page import Page


@dataclass(frozen=True, slots=True)
class DialRequest:
    """One attempt at one job. *pages* are those still to be sent, the already confirmed ones left out.

    *fence* grows each time another worker claims the job. The device ends or refuses what comes with an older one.
    """

    job_id: int
    attempt: int
    fence: int
    number: str
    pages: tuple[Page, ...]
    trace_id: str = ""


@dataclass(frozen=True, slots=True)
class CallState:
    """What the device knows of an attempt. *cause* is a stable code, empty while the call runs, "ok" on success."""

    job_id: int
    attempt: int
    finished: bool = False
    pages_confirmed: int = 0
    rate_bps: int = 0
    cause: str = ""
    text: str = ""
    retry: bool = False
    """Whether another attempt makes sense."""


@dataclass(frozen=True, slots=True)
class ReceivedFax:
    """A fax that came in. The device keeps it until it is taken."""

    fax_id: str
    called: str
    caller: str
    remote_id: str
    """TSI of the sender, empty when it sent none."""
    pages: tuple[Page, ...]
    cause: str
    text: str


class FaxInterface(Protocol):
    """Every call raises DeliveryError when the device cannot be reached, StaleFenceError for an old fence."""

    def dial(self, request: DialRequest) -> CallState:
        """Begin the attempt. Said again for the same job and attempt it only attaches to what runs (or has ended)."""
        ...

    def state(self, job_id: int, attempt: int, fence: int) -> CallState: ...

    def hang_up(self, job_id: int, fence: int) -> None:
        """End the job's call, if one runs."""
        ...

    def received(self) -> list[ReceivedFax]:
        """Faxes that came in and were not yet taken, oldest first."""
        ...

    def take(self, fax_id: str) -> None:
        """The service has stored this fax; the device may forget it."""
        ...
