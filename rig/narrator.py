"""Shows on stderr what happens on the bench while it happens. Verdicts and JSON go to stdout; this never does."""

import re
import sys
from collections.abc import Callable
from threading import Event, Lock, Thread

from rich.console import Console
from rich.text import Text

from firmware_sim.events import Detail, Stamped

HEARTBEAT_S = 10.0
"""On a pipe: when nothing was said for this long, say that it goes on."""
IMAGE = re.compile(r"(?:page of (\d+) octets|(\d+) frames) \S+ (\d+)")
"""How a terminal's trace tells of a page or partial page that begins."""
FRAME_OCTETS = 262
"""A frame of a partial page on the line, flags and stuffing aside."""


def _job(detail: dict[str, Detail]) -> str:
    return f"job {detail.get('job')}: {detail.get('text')}"


def _t30(detail: dict[str, Detail]) -> str:
    verb, text = {"->": "says", "<-": "hears"}.get(str(detail.get("direction"))), str(detail.get("text"))
    image = IMAGE.match(text)
    if verb == "says" and image is not None:
        octets, frames, bps = (int(group or 0) for group in image.groups())
        return f"sends {text}: about {(octets + frames * FRAME_OCTETS) * 8 / bps:.0f} s"
    return f"{verb} {text}" if verb else ""


LINES: dict[str, Callable[[dict[str, Detail]], str]] = {
    "registered": lambda d: f"registered as {d.get('user')}",
    "registration failed": lambda d: f"registration failed: {d.get('text')}",
    "registration refused": lambda d: f"refused a registration as {d.get('user')}: {d.get('reason')}",
    "call": lambda d: f"call to {d.get('called')}",
    "rung": lambda d: f"called by {d.get('caller')}",
    "ringing": lambda d: f"rings ({d.get('ring')})",
    "dialling": lambda d: f"goes off hook and dials {d.get('number')}",
    "answered": lambda d: "answers",
    "call answered": lambda d: "call answered",
    "call refused": lambda d: f"call refused: {d.get('status')} {d.get('reason')}",
    "trained": lambda d: f"trained: {d.get('modem')} at {d.get('rate_bps')} bit/s",
    "page sent": lambda d: f"page {d.get('page')} confirmed",
    "page received": lambda d: f"page {d.get('page')} received, {d.get('rows')} rows, {d.get('bad_rows')} bad",
    "fax ended": lambda d: f"fax ended: {d.get('text')}",
    "job": _job,
    "t30": _t30,
    "worker restarted": lambda d: "the worker had ended; a new one takes over",
    "interface_away": lambda d: str(d.get("text")),
}


def line_of(event: Stamped) -> str:
    """One plain line, empty for what only the log need know."""
    shown = LINES.get(event.name)
    text = shown(dict(event.detail)) if shown is not None else ""
    if event.source == "pbx" and event.name in ("call", "call answered", "registered"):
        return ""  # its devices tell the same
    return text


class Narrator:
    """*start_us* is the bench's time at which the telling begins. Use as a context; `tell` from any thread."""

    def __init__(self, start_us: int | None = None, *, quiet: bool = False) -> None:
        self._console = Console(stderr=True, highlight=False, soft_wrap=True)
        self._start_us, self._quiet = start_us, quiet
        self._lock, self._stop, self._spoke = Lock(), Event(), Event()
        self._step = ""
        self._status = self._console.status("") if self._console.is_terminal and not quiet else None
        self._thread = Thread(target=self._heartbeat, daemon=True)

    def __enter__(self) -> "Narrator":
        if self._status is not None:
            self._status.start()
        elif not self._quiet:
            self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._spoke.set()
        if self._status is not None:
            self._status.stop()

    def step(self, text: str) -> None:
        """A step of the case begins."""
        self._print(Text(text, style="bold"))
        self._under_way(text)

    def tell(self, event: Stamped) -> None:
        text = line_of(event)
        if not text:
            return
        if self._start_us is None:
            self._start_us = event.at
        seconds = max(0, event.at - self._start_us) / 1e6
        self._print(Text.assemble((f"{seconds:8.3f} ", "dim"), (f"{event.source:16} ", "cyan"), text))
        self._under_way(f"{event.source} {text}")

    def _under_way(self, text: str) -> None:
        self._step = text
        if self._status is not None:
            self._status.update(Text(f"{text} ..."))

    def _print(self, text: Text) -> None:
        if self._quiet:
            return
        self._spoke.set()
        with self._lock:
            self._console.print(text)

    def _heartbeat(self) -> None:
        waited = 0.0
        while not self._stop.is_set():
            if self._spoke.wait(HEARTBEAT_S):
                self._spoke.clear()
                waited = 0.0
                continue
            waited += HEARTBEAT_S
            with self._lock:
                sys.stderr.write(f"         ... {self._step or 'still at it'} ({waited:.0f} s)\n")
