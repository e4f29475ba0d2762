"""What a device can be told over its control line, by method name. Pure: one message in, one plain result out."""

from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from firmware_sim.clock import Instant
from firmware_sim.device.ata import Ata
from firmware_sim.device.build import ATA, FAX_INTERFACE, SimulatedDevice
from firmware_sim.device.fax_interface import FaxInterface, StaleFenceError
from firmware_sim.errors import DecodeError, FirmwareError, LocalProtocolError
from firmware_sim.wire import pack_pages, unpack_pages

Params = dict[str, Any]


def _dial(device: FaxInterface, params: Params, now: Instant) -> Any:
    pages = unpack_pages(params["pages"])
    attempt = device.dial(params["job_id"], params["attempt"], params["fence"], params["number"], pages, now)
    return asdict(attempt)


def _state(device: FaxInterface, params: Params, now: Instant) -> Any:
    return asdict(device.state(params["job_id"], params["attempt"], params["fence"]))


def _hang_up(device: FaxInterface, params: Params, now: Instant) -> Any:
    device.hang_up(params["job_id"], params["fence"], now)


def _received(device: FaxInterface, params: Params, now: Instant) -> Any:
    faxes = []
    for fax in device.received():
        plain = {name: getattr(fax, name) for name in ("fax_id", "called", "caller", "remote_id", "cause", "text")}
        faxes.append(plain | {"pages": pack_pages(fax.pages)})
    return faxes


def _take(device: FaxInterface, params: Params, now: Instant) -> Any:
    device.take(params["fax_id"])


def _send(device: Ata, params: Params, now: Instant) -> Any:
    device.send(params["number"], unpack_pages(params["pages"]), now)


def _printed(device: Ata, params: Params, now: Instant) -> Any:
    return pack_pages(device.machine.printed)


def _off_hook(device: Ata, params: Params, now: Instant) -> Any:
    device.take_off_hook(now)


def _on_hook(device: Ata, params: Params, now: Instant) -> Any:
    device.put_on_hook(now)


METHODS: dict[type, dict[str, Callable[[Any, Params, Instant], Any]]] = {
    FaxInterface: {"dial": _dial, "state": _state, "hang_up": _hang_up, "received": _received, "take": _take},
    Ata: {"send": _send, "printed": _printed, "off_hook": _off_hook, "on_hook": _on_hook},
}

KINDS: dict[type, str] = {FaxInterface: FAX_INTERFACE, Ata: ATA}


def answer(devices: dict[str, SimulatedDevice], message: dict[str, Any], now: Instant) -> dict[str, Any]:
    """The reply to one control message. "devices" lists what is here; all else is asked of one device.

    Never raises: what is wrong with the message is the reply.
    """
    reply: dict[str, Any] = {"id": message.get("id")}
    if message.get("method") == "devices":
        reply["result"] = [{"name": name, "kind": KINDS[type(device)]} for name, device in devices.items()]
        return reply
    try:
        device = devices.get(str(message.get("device")))
        if device is None:
            raise LocalProtocolError(f"no device {message.get('device')!r} here; there are: {', '.join(devices)}")
        method = METHODS[type(device)].get(str(message.get("method")))
        if method is None:
            raise LocalProtocolError(f"{device.name} cannot be asked to {message.get('method')!r}")
        reply["result"] = method(device, message.get("params") or {}, now)
    except StaleFenceError as error:
        reply["error"] = {"code": "stale_fence", "text": str(error)}
    except DecodeError as error:
        reply["error"] = {"code": "bad_message", "text": str(error)}
    except FirmwareError as error:
        reply["error"] = {"code": "refused", "text": str(error)}
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        reply["error"] = {"code": "bad_message", "text": f"the parameters are not right: {error!r}"}
    return reply
