"""The machine's side of the pipe: octets of a tester in, octets of the answer out. Reads and writes no file itself."""

import struct
from collections.abc import Callable
from dataclasses import fields, replace
from typing import Any, Protocol

import numpy as np

from firmware_sim.errors import DecodeError
from firmware_sim.t4 import tiff
from firmware_sim.t4.page import Page
from rig.conformance.devices import Simulated
from rig.conformance.model import Role, Samples, Setup

BLOCK = 160
ANSWER = 2 + 2 * BLOCK
TRUE, FALSE = ("1", "yes", "true", "on"), ("0", "no", "false", "off", "")
KEYS = (
    "ident", "sub", "sep", "psa", "sid", "pwd", "require_pwd", "require_sep", "require_sub", "ecm", "tx_file",
    "rx_file", "nsf", "nsc", "tep", "modems", "resolutions", "compressions",
)  # fmt: skip
FLAGS = ("ecm", "tep")
LISTS = ("modems", "resolutions", "compressions")


class Files(Protocol):
    """What the machine asks of its shell."""

    def read(self, path: str) -> bytes: ...

    def write(self, path: str, octets: bytes) -> None: ...


class Refused(Exception):  # noqa: N818
    """The tester asks for what there is not; one sentence for its stderr."""


class Machine:
    """Our fax machine behind the pipe."""

    def __init__(self, files: Files, warn: Callable[[str], None] = lambda line: None) -> None:
        self._files, self._warn = files, warn
        self._settings: dict[str, str] = {}
        self._documents: list[tuple[Page, ...]] = []
        self._documents_used = False
        self._device = Simulated()
        self._running = self._filed = False
        self._pending = b""

    def receive(self, octets: bytes) -> bytes:
        """Whatever of the stream has come; -> what is to be answered. Raises Refused."""
        self._pending += octets
        answers = b""
        while True:
            length = self._length()
            if length is None or len(self._pending) < length:
                return answers
            message, self._pending = self._pending[:length], self._pending[length:]
            answers += self._handle(message)

    def _length(self) -> int | None:
        """Octets of the message that comes next, or None while that cannot be known."""
        if not self._pending:
            return None
        match self._pending[:1]:
            case b"C":
                return 3 + struct.unpack(">H", self._pending[1:3])[0] if len(self._pending) >= 3 else None
            case b"R":
                return 2
            case b"T":
                return 1
            case b"X":
                return 1 + 2 * BLOCK
        raise Refused(f"no message begins with {self._pending[:1]!r}: C, R, T and X do")

    def _handle(self, message: bytes) -> bytes:
        match message[:1]:
            case b"C":
                self._configure(message[3:])
            case b"R":
                self._start(message[1:2])
            case b"T":
                self._device.terminate()
                self._file_pages()
            case _:
                return self._exchange(message[1:])
        return b""

    def _configure(self, octets: bytes) -> None:
        key, equals, value = octets.decode("utf-8", "replace").partition("=")
        if not equals or key not in KEYS:
            raise Refused(f"no key {key!r}: there are {', '.join(KEYS)}")
        if key == "tx_file":
            self._load(value)
        elif key in FLAGS and value.lower() not in (*TRUE, *FALSE):
            raise Refused(f"{key} is 1 or 0, not {value!r}")
        else:
            self._settings[key] = value

    def _load(self, path: str) -> None:
        """The first document after a start begins a new list; an empty path empties it."""
        if self._documents_used or not path:
            self._documents, self._documents_used = [], False
        if not path:
            return
        try:
            pages = tuple(found.page for found in tiff.read(self._files.read(path)))
        except OSError as error:
            raise Refused(f"{path} cannot be read: {error.strerror}") from error
        except DecodeError as error:
            raise Refused(f"{path} is no fax TIFF: {error}") from error
        self._documents.append(pages)

    def _start(self, role: bytes) -> None:
        if role not in (b"C", b"A"):
            raise Refused(f"R is followed by C (caller) or A (answerer), not by {role!r}")
        setup, roles = self._setup(), {b"C": Role.CALLS, b"A": Role.ANSWERS}
        lacking = self._device.lacks(setup, roles[role])
        if lacking:
            self._warn(lacking)
            nothing: dict[str, Any] = dict.fromkeys(setup.asks - self._device.can, "")
            setup = replace(setup, **nothing)
        self._device = Simulated()
        self._device.start(roles[role], setup)
        self._documents_used, self._running, self._filed = True, True, False

    def _setup(self) -> Setup:
        known = {field.name for field in fields(Setup)}
        told: dict[str, Any] = {}
        for key, value in self._settings.items():
            if key in FLAGS:
                told[key] = value.lower() in TRUE
            elif key in LISTS:
                told[key] = tuple(filter(None, (part.strip() for part in value.split(","))))
            elif key in known:
                told[key] = value
        # A caller that has nothing to send has called to fetch.
        defaults: dict[str, Any] = {"ident": "", "documents": tuple(self._documents), "polls": not self._documents}
        return Setup(**(defaults | told))

    def _exchange(self, octets: bytes) -> bytes:
        heard: Samples = np.frombuffer(octets, "<i2").astype(np.int16)
        said = self._device.execute(heard) if self._running else np.zeros(BLOCK, np.int16)
        active = self._running and self._device.active
        if self._running and not active:
            self._file_pages()
        outcome = self._device.outcome if self._running else None
        return struct.pack("<Bb", active, -1 if outcome is None else outcome) + said.astype("<i2").tobytes()

    def _file_pages(self) -> None:
        """The pages received, once the call is over."""
        path, pages = self._settings.get("rx_file", ""), self._device.received()
        if self._running and not self._filed and path and pages:
            try:
                self._files.write(path, tiff.write(pages))
            except OSError as error:
                raise Refused(f"{path} cannot be written: {error.strerror}") from error
        self._filed = True
