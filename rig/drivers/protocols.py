"""What can be asked of a device, in tiny protocols. A case sees these, never a driver."""

from collections.abc import Sequence
from typing import Protocol

from firmware_sim.t4.page import Page


class SendsFax(Protocol):
    """A fax machine that somebody feeds: pages in, number dialled. Raises InstrumentError when it cannot now."""

    def send(self, number: str, pages: Sequence[Page]) -> None: ...


class PrintsFax(Protocol):
    def printed(self) -> tuple[Page, ...]:
        """The pages in its tray, oldest first."""
        ...


class HasHook(Protocol):
    """A telephone line that can be made busy by hand."""

    def off_hook(self) -> None: ...

    def on_hook(self) -> None: ...


class FaxMachineDriver(SendsFax, PrintsFax, HasHook, Protocol):
    """All that the bench asks of a fax machine on an adapter."""
