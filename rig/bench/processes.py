"""The bench's processes: each tells its events as lines of JSON on stdout, and ends when the bench does."""

import ctypes
import os
import signal
import subprocess
import sys
from collections import deque
from collections.abc import Callable, Sequence
from threading import Event, Thread

from firmware_sim.errors import DecodeError
from firmware_sim.events import Detail, Stamped
from firmware_sim.wire import parse_event
from rig.errors import InstrumentError

START_TIMEOUT_S = 60.0
STOP_TIMEOUT_S = 5.0
_PR_SET_PDEATHSIG = 1


def _end_with_parent() -> None:
    """In the child: SIGTERM when the bench dies, even by SIGKILL. Linux only; elsewhere `stop` must do."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


class Process:
    """One child. *tell* is called with each of its events, from a thread of its own."""

    def __init__(self, name: str, module: str, arguments: Sequence[str], tell: Callable[[Stamped], None]) -> None:
        self.name = name
        self.ready: dict[str, Detail] = {}
        self._tell, self._stopping = tell, False
        self._is_ready, self._ended, self._errors = Event(), Event(), deque[str](maxlen=40)
        self._child = subprocess.Popen(
            [sys.executable, "-m", module, *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**os.environ, "PYTHONUNBUFFERED": "1", "OPENBLAS_NUM_THREADS": "1"},
            start_new_session=True,  # Ctrl-C is for the bench alone, which then stops its processes in order
            preexec_fn=_end_with_parent,
        )
        self._threads = [
            Thread(target=work, daemon=True) for work in (self._read_events, self._read_errors, self._await_end)
        ]
        for thread in self._threads:
            thread.start()

    @property
    def pid(self) -> int:
        return self._child.pid

    @property
    def running(self) -> bool:
        return not self._ended.is_set()

    @property
    def last_words(self) -> str:
        return "\n".join(self._errors).strip()

    def wait_ready(self) -> None:
        """Raises InstrumentError when the process ends, or says nothing for too long."""
        waited = 0.0
        while not self._is_ready.wait(0.05):
            waited += 0.05
            if not self.running:
                self._threads[1].join(1.0)
                code = self._child.returncode
                raise InstrumentError(self.last_words or f"{self.name} ended while it started: exit {code}")
            if waited > START_TIMEOUT_S:
                raise InstrumentError(f"{self.name} was not ready within {START_TIMEOUT_S:.0f} s")

    def check(self) -> None:
        """Raises InstrumentError when the process has ended and nobody asked it to."""
        if not self.running and not self._stopping:
            words = self.last_words or "it left no message"
            raise InstrumentError(f"{self.name} ended by itself (exit {self._child.returncode}): {words}")

    def stop(self) -> None:
        """Ask it to end, and wait; after a while insist."""
        self._stopping = True
        if self.running:
            self._child.terminate()
        if not self._ended.wait(STOP_TIMEOUT_S):
            self._child.kill()
            self._ended.wait()
        for thread in self._threads:
            thread.join(1.0)

    def kill(self) -> None:
        """As `kill -9`: nothing is said any more."""
        self._child.kill()
        self._ended.wait()

    def _await_end(self) -> None:
        """Only this thread waits for the child. Ctrl-C lands in the main thread, and there it can interrupt
        `Popen.poll` between taking its lock and giving it back: the next wait would last for ever."""
        self._child.wait()
        self._ended.set()

    def _read_events(self) -> None:
        assert self._child.stdout is not None
        with self._child.stdout as lines:
            for data in lines:
                self._take(data)

    def _take(self, data: bytes) -> None:
        try:
            event = parse_event(data)
        except DecodeError:
            self._errors.append(data.decode("utf-8", "replace").rstrip())
            return
        if event.name == "ready":
            self.ready = dict(event.detail)
            self._is_ready.set()
        else:
            self._tell(event)

    def _read_errors(self) -> None:
        assert self._child.stderr is not None
        with self._child.stderr as lines:
            for data in lines:
                self._errors.append(data.decode("utf-8", "replace").rstrip())
