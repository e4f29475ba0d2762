"""The fax service's way to a simulated fax interface: over the control line, or directly in simulated time."""

from collections.abc import Callable
from typing import Any

from firmware_sim.clock import Instant
from firmware_sim.device.build import FAX_INTERFACE
from firmware_sim.device.fax_interface import Attempt, FaxInterface, StaleFenceError
from firmware_sim.errors import LocalProtocolError
from firmware_sim.wire import pack_pages, unpack_pages
from rig.drivers.control import ControlLine, RefusedError
from rig.errors import InstrumentError
from rig.service import errors
from rig.service.interface import CallState, DialRequest, ReceivedFax


class RemoteFaxInterface:
    """A fax interface in a daemon. Without *device* the only one there is taken."""

    def __init__(self, host: str, port: int, device: str = "") -> None:
        self._control, self._device = ControlLine(host, port), device

    def dial(self, request: DialRequest) -> CallState:
        return _call_state(
            self._ask(
                "dial",
                job_id=request.job_id,
                attempt=request.attempt,
                fence=request.fence,
                number=request.number,
                pages=pack_pages(request.pages),
            )
        )

    def state(self, job_id: int, attempt: int, fence: int) -> CallState:
        return _call_state(self._ask("state", job_id=job_id, attempt=attempt, fence=fence))

    def hang_up(self, job_id: int, fence: int) -> None:
        self._ask("hang_up", job_id=job_id, fence=fence)

    def received(self) -> list[ReceivedFax]:
        return [ReceivedFax(**{**fax, "pages": unpack_pages(fax["pages"])}) for fax in self._ask("received")]

    def take(self, fax_id: str) -> None:
        self._ask("take", fax_id=fax_id)

    def _ask(self, method: str, **params: Any) -> Any:
        try:
            return self._control.ask(self._name(), method, **params)
        except RefusedError as error:
            kind = errors.StaleFenceError if error.code == "stale_fence" else errors.DeliveryError
            raise kind(str(error)) from error
        except InstrumentError as error:
            raise errors.DeliveryError(str(error)) from error

    def _name(self) -> str:
        if not self._device:
            found = [device["name"] for device in self._control.ask("", "devices") if device["kind"] == FAX_INTERFACE]
            if len(found) != 1:
                raise errors.DeliveryError(f"{len(found)} fax interfaces at this address: name the one to use")
            self._device = found[0]
        return self._device


class VirtualFaxInterface:
    """A fax interface in the same process, in simulated time. *touch* is told after each word to the device."""

    def __init__(self, device: FaxInterface, now: Callable[[], Instant], touch: Callable[[], None]) -> None:
        self._device, self._now, self._touch = device, now, touch

    def dial(self, request: DialRequest) -> CallState:
        try:
            attempt = self._device.dial(
                request.job_id, request.attempt, request.fence, request.number, request.pages, self._now()
            )
        except StaleFenceError as error:
            raise errors.StaleFenceError(str(error)) from error
        self._touch()
        return _state_of(attempt)

    def state(self, job_id: int, attempt: int, fence: int) -> CallState:
        try:
            return _state_of(self._device.state(job_id, attempt, fence))
        except StaleFenceError as error:
            raise errors.StaleFenceError(str(error)) from error
        except LocalProtocolError as error:
            raise errors.DeliveryError(str(error)) from error

    def hang_up(self, job_id: int, fence: int) -> None:
        try:
            self._device.hang_up(job_id, fence, self._now())
        except StaleFenceError as error:
            raise errors.StaleFenceError(str(error)) from error
        self._touch()

    def received(self) -> list[ReceivedFax]:
        return [
            ReceivedFax(fax.fax_id, fax.called, fax.caller, fax.remote_id, fax.pages, fax.cause, fax.text)
            for fax in self._device.received()
        ]

    def take(self, fax_id: str) -> None:
        self._device.take(fax_id)


def _state_of(attempt: Attempt) -> CallState:
    return CallState(
        attempt.job_id,
        attempt.attempt,
        attempt.finished,
        attempt.pages_confirmed,
        attempt.rate_bps,
        attempt.cause,
        attempt.text,
        attempt.retry,
    )


def _call_state(plain: dict[str, Any]) -> CallState:
    return _state_of(Attempt(**plain))
