"""The control line to a daemon of simulated devices: one JSON line out, one back (`firmware_sim.wire`)."""

import socket
from collections.abc import Sequence
from typing import Any

from firmware_sim.errors import DecodeError
from firmware_sim.t4.page import Page
from firmware_sim.wire import line, pack_pages, parse, unpack_pages
from rig.errors import InstrumentError

TIMEOUT_S = 5.0


class RefusedError(InstrumentError):
    """The device answered that it will not. *code* is the wire's."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code = code


class ControlLine:
    """One connection, made when it is first needed and again after it broke.

    Raises InstrumentError when the daemon cannot be reached, RefusedError when the device refuses.
    """

    def __init__(self, host: str, port: int) -> None:
        self.host, self.port = host, port
        self._socket: socket.socket | None = None
        self._buffer = b""
        self._count = 0

    def ask(self, device: str, method: str, **params: Any) -> Any:
        self._count += 1
        message = {"id": self._count, "device": device, "method": method, "params": params}
        try:
            self._connected().sendall(line(message))
            reply = parse(self._line())
        except (OSError, DecodeError) as error:
            self.close()
            raise InstrumentError(
                f"the device daemon on {self.host}:{self.port} cannot be reached ({error}): see that it is running"
            ) from error
        if "error" in reply:
            raise RefusedError(reply["error"]["code"], reply["error"]["text"])
        return reply.get("result")

    def close(self) -> None:
        if self._socket is not None:
            self._socket.close()
        self._socket, self._buffer = None, b""

    def _connected(self) -> socket.socket:
        if self._socket is None:
            self._socket = socket.create_connection((self.host, self.port), TIMEOUT_S)
        return self._socket

    def _line(self) -> bytes:
        parts = [self._buffer]
        while b"\n" not in parts[-1]:
            received = self._connected().recv(1 << 16)
            if not received:
                raise OSError("it closed the connection")
            parts.append(received)
        answer, _, self._buffer = b"".join(parts).partition(b"\n")
        return answer


class RemoteFaxMachine:
    """The fax machine on the port of an ATA in a daemon. Implements `FaxMachineDriver`."""

    def __init__(self, control: ControlLine, ata: str) -> None:
        self._control, self._ata = control, ata

    def send(self, number: str, pages: Sequence[Page]) -> None:
        self._control.ask(self._ata, "send", number=number, pages=pack_pages(pages))

    def printed(self) -> tuple[Page, ...]:
        return unpack_pages(self._control.ask(self._ata, "printed"))

    def off_hook(self) -> None:
        self._control.ask(self._ata, "off_hook")

    def on_hook(self) -> None:
        self._control.ask(self._ata, "on_hook")
