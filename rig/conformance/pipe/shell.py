"""The two ends of the pipe in the world of processes and files."""

import os
import shlex
import struct
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

from firmware_sim.errors import DecodeError
from firmware_sim.t4 import tiff
from firmware_sim.t4.page import Page
from rig.conformance.model import Deviation, Role, Samples, Setup
from rig.conformance.pipe.protocol import ANSWER, BLOCK, KEYS, LISTS, Machine, Refused

DIED = 2


class Disk:
    """Files where they are."""

    def read(self, path: str) -> bytes:
        return Path(path).read_bytes()

    def write(self, path: str, octets: bytes) -> None:
        Path(path).write_bytes(octets)


def serve() -> int:
    """Our fax machine on stdin and stdout, until stdin ends. Returns the exit code."""
    machine = Machine(Disk(), lambda line: print(f"rig dut pipe: {line}", file=sys.stderr, flush=True))  # noqa: T201
    while octets := os.read(0, 1 << 16):
        try:
            answer = machine.receive(octets)
        except Refused as error:
            sys.stderr.write(f"rig dut pipe: {error}\n")
            return DIED
        while answer:
            answer = answer[os.write(1, answer) :]
    return 0


class PipeDevice:
    """Anybody's fax machine, a program that speaks the protocol on its stdin and stdout."""

    uncertainty_ms = 5.0

    def __init__(self, command: str) -> None:
        self.name = f"pipe:{command}"
        self._command = shlex.split(command)
        self._process: subprocess.Popen[bytes] | None = None
        self._folder = tempfile.TemporaryDirectory(prefix="faxrig-")
        self._received = Path(self._folder.name) / "received.tif"
        self._active, self._outcome = False, -1

    def lacks(self, setup: Setup, role: Role) -> str:
        return ""

    def start(self, role: Role, setup: Setup) -> None:
        if self._process is None or self._process.poll() is not None:
            self._process = subprocess.Popen(self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self._received.unlink(missing_ok=True)
        self._configure("tx_file", "")
        for number, document in enumerate(setup.documents):
            path = Path(self._folder.name) / f"send-{number}.tif"
            path.write_bytes(tiff.write(list(document)))
            self._configure("tx_file", str(path))
        for key in KEYS:
            if key not in ("tx_file", "rx_file"):
                self._configure(key, _text(key, getattr(setup, key, "")))
        self._configure("rx_file", str(self._received))
        self._send(b"R" + (b"C" if role is Role.CALLS else b"A"))
        self._active, self._outcome = True, -1

    def _configure(self, key: str, value: str) -> None:
        text = f"{key}={value}".encode()
        self._send(b"C" + struct.pack(">H", len(text)) + text)

    def _send(self, octets: bytes) -> None:
        assert self._process is not None
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(octets)
            self._process.stdin.flush()
        except OSError:
            raise self._died() from None

    def _died(self) -> Deviation:
        self._active = False
        return Deviation("the device's program", "an answer", "it has ended")

    def execute(self, heard: Samples) -> Samples:
        self._send(b"X" + heard.astype("<i2").tobytes())
        assert self._process is not None
        assert self._process.stdout is not None
        answer = self._process.stdout.read(ANSWER)
        if len(answer) < ANSWER:
            raise self._died()
        active, self._outcome = struct.unpack("<Bb", answer[:2])
        self._active = bool(active)
        said: Samples = np.frombuffer(answer[2:], "<i2").astype(np.int16)
        return said

    @property
    def active(self) -> bool:
        return self._active

    @property
    def outcome(self) -> int | None:
        return None if self._outcome == -1 else self._outcome

    @property
    def outcome_text(self) -> str:
        return f"outcome {self._outcome}"

    def received(self) -> list[Page]:
        try:
            return [found.page for found in tiff.read(self._received.read_bytes())]
        except (OSError, DecodeError):
            return []

    def terminate(self) -> None:
        if self._process is not None and self._process.poll() is None:
            self._send(b"T")
            self._active = False

    def close(self) -> None:
        if self._process is not None:
            for stream in (self._process.stdin, self._process.stdout):
                if stream is not None:
                    stream.close()
            self._process.wait(timeout=10)
            self._process = None
        self._folder.cleanup()


def _text(key: str, value: object) -> str:
    if key in LISTS and isinstance(value, tuple):
        return ",".join(value)
    return "01"[value] if isinstance(value, bool) else str(value)


__all__ = ["BLOCK", "PipeDevice", "serve"]
