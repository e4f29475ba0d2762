"""The tester: the far end of a call, which may say what no sane machine says and measures what it hears.

It moves block by block in lock-step with the device. What it hears is cut into bursts by energy; each burst is read
as a whole when it has ended, with code of its own (see wire, frames), so a measurement is exact to a few milliseconds
and nothing is shared with the terminal of the device. A script adds what it expects; what holds for every signal of
every call is judged in rules.
"""

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from firmware_sim.modems.api import Kind
from firmware_sim.modems.catalog import CATALOG, demodulator, modulator
from firmware_sim.t4 import mh
from firmware_sim.t4.page import Page, Resolution, difference
from rig.conformance import frames as f
from rig.conformance import rules, wire
from rig.conformance.model import Deviation, Role, Row, Samples, Script, Setup, Skipped
from rig.report.record import Check, Direction, LadderLine, PagePair

BLOCK = 160
MS = 8
"""Samples."""
LOUD = (wire.peak(-48.0) ** 2) / 2
PIECE = 8
HANG = 30 * MS
"""A pause longer than this parts two signals: longer than those within a modem's training, shorter than T.30's."""
PREAMBLE_FLAGS = 37
T4_MS = (2550.0, 3450.0)
ANSWER_MS = 1500.0
"""An answer begins within this time."""
SILENT_ONSET_MS = {"V.29": 20.0}
"""Training that begins with silence."""


@dataclass(slots=True)
class Signal:
    """One signal of the call, of either end. *start* and *end* are samples."""

    who: str
    kind: str
    """tone, V.21, image, other"""
    start: int
    end: int = 0
    text: str = ""
    frames: list[f.Heard] = field(default_factory=list)
    samples: Samples = field(default_factory=lambda: np.zeros(0, np.int16))
    hz: float = 0.0
    preamble_ms: float = 0.0
    flags: int = 0

    @property
    def ms(self) -> float:
        return (self.end - self.start) / MS

    @property
    def names(self) -> list[str]:
        return [frame.name for frame in self.frames]

    @property
    def last(self) -> f.Heard:
        return self.frames[-1]

    def frame(self, name: str) -> f.Heard:
        """The frame of that name. Raises KeyError."""
        for frame in self.frames:
            if frame.name == name:
                return frame
        raise KeyError(name)

    def has(self, name: str) -> bool:
        return name in self.names


Wait = Generator[None, None, Signal]


class Tester:
    """One call. *role* is what the device does; the tester does the other."""

    def __init__(
        self, setup: Setup, role: Role, uncertainty_ms: float, level_dbm0: float = -13.0, seed: int = 1
    ) -> None:
        self.setup, self.role, self.uncertainty_ms, self.seed = setup, role, uncertainty_ms, seed
        self.level_dbm0 = level_dbm0
        self.now = 0
        self.signals: list[Signal] = []
        """Both ends' signals in the order in which they began; a burst of the device is entered when it has ended."""
        self.checks: list[Check] = []
        self.ladder: list[LadderLine] = []
        self.pages: list[PagePair] = []
        self.heard_pages: list[Page] = []
        self.wanted_pages: list[Page] | None = None
        """What the device must hold when the call is over."""
        self.wanted_success: bool | None = None
        """Whether the device must call the call a success; None where the recommendation leaves it open."""
        self.device_active = True
        self.ppm = 0.0
        """How much too fast our clock is."""
        self.noise_dbm0: float | None = None
        """White noise under all that we say."""
        self.drop_line = False
        """Set by a script: the line goes away."""
        self.device_dis = b""
        self.terms: Any = None
        """What is in force (acts.Terms), kept for the next step."""
        self.offered = b""
        """The DIS or DTC that we said last."""
        self._said: list[tuple[int, Samples]] = []
        self._spoken: list[Samples] = []
        self._heard: list[Samples] = []
        self._new: list[Signal] = []
        self._ignored_until = 0
        self._burst: Signal | None = None
        self._parts: list[Samples] = []
        self._loud_until = 0
        self.busy_until = 0
        """The sample after the last of what we have to say."""

    # -- the surface ---------------------------------------------------------------------------------------------------

    def say(self) -> Samples:
        """The next block of ours."""
        out = np.zeros(BLOCK, np.int16)
        kept = []
        for start, samples in self._said:
            low, high = max(start, self.now), min(start + len(samples), self.now + BLOCK)
            if low < high:
                mixed = out[low - self.now : high - self.now].astype(np.int32) + samples[low - start : high - start]
                out[low - self.now : high - self.now] = mixed.clip(-32768, 32767)
            if start + len(samples) > self.now + BLOCK:
                kept.append((start, samples))
        self._said = kept
        self._spoken.append(out)
        return out

    def hear(self, said: Samples) -> None:
        """What the device said during that block; bursts that have ended are read."""
        self._heard.append(said)
        at, self.now = self.now, self.now + len(said)
        if said.any():
            power = (said.astype(np.float32) ** 2).reshape(-1, PIECE).mean(axis=1)
            loud = np.flatnonzero(power > LOUD)
            for piece in loud:
                place = at + int(piece) * PIECE
                if self._burst is not None and place - self._loud_until > HANG:
                    self._close()
                if self._burst is None:
                    self._burst = Signal("device", "other", place)
                self._loud_until = place + PIECE
        if self._burst is not None and self.now - self._loud_until > HANG:
            self._close()

    def audio(self) -> tuple[Samples, Samples]:
        return _joined(self._spoken), _joined(self._heard)

    def close(self) -> None:
        """The call is over: what is still sounding is read as it is."""
        if self._burst is not None:
            self._close()

    # -- reading a burst -----------------------------------------------------------------------------------------------

    def _close(self) -> None:
        assert self._burst is not None
        burst, self._burst = self._burst, None
        burst.end = self._loud_until
        first, last = burst.start // BLOCK, -(-burst.end // BLOCK)
        whole = np.concatenate(self._heard[first:last])
        burst.samples = whole[burst.start - first * BLOCK : burst.end - first * BLOCK]
        read(burst)
        rules.judge(self, burst)
        self._enter(burst)
        if burst.kind in ("V.21", "image") or burst.start >= self._ignored_until:
            self._new.append(burst)
        for frame in burst.frames:
            if frame.good and frame.name == "DIS":
                self.device_dis = frame.fif

    def _enter(self, signal: Signal) -> None:
        self.signals.append(signal)
        ours = signal.who == "tester"
        arrow: Direction = ("=>" if ours else "<=") if signal.kind == "image" else ("->" if ours else "<-")
        self.ladder.append(LadderLine(signal.start * 125, arrow, signal.text))

    def drop_tones(self) -> None:
        """Forget tones that were heard and not asked for yet, and those that sound now."""
        self._new = [signal for signal in self._new if signal.kind in ("V.21", "image")]
        self._ignored_until = self.now

    def began(self, since: int) -> bool:
        """Whether a burst of the device has begun after that sample."""
        return (self._burst is not None and self._burst.start > since) or bool(self._new)

    @property
    def onset(self) -> int:
        """When the device's newest burst began."""
        return self._new[0].start if self._new else self._burst.start if self._burst else self.now

    def remark(self, text: str) -> None:
        self.ladder.append(LadderLine(self.now * 125, "..", text))

    def relabel(self, text: str) -> None:
        """Say of the signal heard last what it turned out to be."""
        self.ladder[-1] = replace(self.ladder[-1], text=text)

    # -- judging -------------------------------------------------------------------------------------------------------

    def check(self, name: str, ok: bool, detail: str = "") -> None:
        self.checks.append(Check(name, bool(ok), "" if ok else detail))
        if not ok:
            self.remark(f"WRONG: {name}: {detail}")

    def within(
        self, name: str, value: float, low: float, high: float, unit: str = "ms", slack: float | None = None
    ) -> None:
        """A measurement against its limits, widened by the uncertainty of measuring."""
        slack = self.uncertainty_ms if slack is None else slack
        ok = low - slack <= value <= high + slack
        limit = f"{low:g} to {high:g} {unit} (measured to {slack:g})"
        self.checks.append(Check(name, ok, "" if ok else "outside its limits", float(value), unit, limit))
        if not ok:
            self.remark(f"WRONG: {name}: {value:.1f} {unit}, limits {low:g} to {high:g}")

    def wrong(self, step: str, expected: str, seen: str) -> Deviation:
        self.remark(f"WRONG: {step}: expected {expected}, seen {seen}")
        return Deviation(step, expected, seen)

    def compare(self, title: str, sent: Page, received: Page | None) -> None:
        """Bit for bit; white rows that are added at the end do not count."""
        found = "did not arrive" if received is None else difference(sent, received)
        if received is not None and not found and received.height_px > sent.height_px:
            found = "" if sent.hash == received.hash else "rows were added"
        self.pages.append(PagePair(title, sent, received, found))
        self.check(title, not found, found)

    # -- waiting -------------------------------------------------------------------------------------------------------

    def until(self, done: Callable[[], bool]) -> Script:
        while not done():
            yield

    def pause(self, ms: float) -> Script:
        end = self.now + round(ms * MS)
        yield from self.until(lambda: self.now >= end)

    @property
    def last_end(self) -> int:
        """When the last signal of either end was over."""
        return max([self.busy_until, *(signal.end for signal in self.signals[-3:])], default=0)

    def next_signal(self, within_ms: float, since: int | None = None) -> Generator[None, None, Signal | None]:
        """The next burst of the device that begins before that time has passed *since* (the last signal's end)."""
        limit = (self.last_end if since is None else since) + round((within_ms + self.uncertainty_ms) * MS)
        while True:
            if self._new:
                return self._new.pop(0)
            if self._burst is None and self.now > limit:
                return None
            if self._burst is None and not self.device_active and self.now > self._loud_until + HANG:
                return None
            yield

    def expect(self, name: str, within_ms: float = ANSWER_MS, *, step: str = "") -> Wait:
        """A V.21 burst whose last frame has this name (or one of "MCF|RTN"), in time."""
        signal = yield from self.next_signal(within_ms)
        step, expected = step or f"wait for {name}", f"{name} within {within_ms / 1000:g} s"
        if signal is None:
            raise self.wrong(step, expected, "nothing" if self.device_active else "nothing: the device hung up")
        if signal.kind != "V.21" or not signal.frames or signal.last.text not in name.split("|"):
            raise self.wrong(step, expected, f"{signal.kind} {signal.text}")
        return signal

    def expect_image(self, what: str, rate: str, within_ms: float = 200.0, *, since: int | None = None) -> Wait:
        signal = yield from self.next_signal(within_ms, since)
        if signal is None:
            raise self.wrong(f"wait for {what}", f"{what} by {rate}", "nothing")
        if signal.kind != "image":
            raise self.wrong(f"wait for {what}", f"{what} by {rate}", f"{signal.kind} {signal.text}")
        return signal

    def quiet(self, ms: float, why: str) -> Script:
        """Nothing may begin in this time from the last signal's end."""
        signal = yield from self.next_signal(ms)
        if signal is not None:
            raise self.wrong(why, f"silence for {ms / 1000:g} s", signal.text)

    def hangs_up(self, within_ms: float = 10_000.0) -> Script:
        """The device ends the call, without saying more."""
        limit = self.last_end + round(within_ms * MS)
        while self.device_active:
            if self._new:
                raise self.wrong("wait for the end", "the device to hang up", self._new[0].text)
            if self.now > limit:
                raise self.wrong(
                    "wait for the end", f"the device to hang up within {within_ms / 1000:g} s", "still there"
                )
            yield
        self.close()
        if self._new:
            raise self.wrong("wait for the end", "no more signals", self._new[0].text)

    def gives_up(self, low_s: float, high_s: float, since: int = 0) -> Script:
        """The device ends the call by itself within these limits; a DCN as its last word is allowed."""
        yield from self.until(lambda: not self.device_active or self.now - since > (high_s + 3) * 1000 * MS)
        self.close()
        ended = self.now
        if self._new and self._new[-1].names[-1:] == ["DCN"]:
            ended = self._new.pop().start
        self.within("the device gives up", (ended - since) / MS / 1000, low_s, high_s, "s", slack=0.1)
        if self.device_active:
            raise self.wrong("wait for the end", "the device to hang up", "still there")

    # -- saying --------------------------------------------------------------------------------------------------------

    @property
    def x(self) -> bool:
        """Our X bit: we have received a DIS where we are the caller."""
        return self.role is Role.ANSWERS

    def play(self, samples: Samples, text: str, kind: str = "other", after_ms: float = 75.0) -> Signal:
        """Put it on the line *after_ms* after whatever came last; does not wait."""
        start = max(self.now, self.last_end + round(after_ms * MS))
        samples = wire.drifted(samples, self.ppm)
        if self.noise_dbm0 is not None:
            hiss = wire.noise(self.noise_dbm0, len(samples) / MS, self.seed + len(self.signals))[: len(samples)]
            samples = (samples.astype(np.int32) + hiss).clip(-32768, 32767).astype(np.int16)
        self._said.append((start, samples))
        self.busy_until = start + len(samples)
        signal = Signal("tester", kind, start, self.busy_until, text)
        self._enter(signal)
        return signal

    def sent(self) -> Script:
        """Wait until all of ours has left."""
        yield from self.until(lambda: self.now >= self.busy_until)

    def frames_of(self, *frames: str | bytes | tuple[str, bytes]) -> list[bytes]:
        """Names, or (name, field), or whole frames as octets; the last one of named ones is final."""
        made = []
        for index, entry in enumerate(frames):
            name, fif = (entry, b"") if isinstance(entry, str) else entry if isinstance(entry, tuple) else ("", entry)
            final = index == len(frames) - 1
            made.append(f.frame(name, fif, x=self.x, final=final) if name else fif)
        return made

    def send(
        self,
        *frames: str | bytes | tuple[str, bytes],
        after_ms: float = 75.0,
        flags: int = PREAMBLE_FLAGS,
        spoil: Sequence[int] = (),
        wait: bool = True,
    ) -> Script:
        """A V.21 burst; *spoil* names the frames whose FCS is to be wrong."""
        made = self.frames_of(*frames)
        line = wire.hdlc(made, flags, spoil=wire.Spoil(frozenset(spoil)))
        text = " ".join(f.Heard(octets).text + (" (bad FCS)" if n in spoil else "") for n, octets in enumerate(made))
        for index, octets in enumerate(made):
            if f.Heard(octets).name in ("DIS", "DTC") and index not in spoil:
                self.offered = f.Heard(octets).fif
        self.play(wire.v21(line, self.level_dbm0), text or "flags", "V.21", after_ms)
        if wait:
            yield from self.sent()

    def image(self, rate: str, data: Row | str, text: str, after_ms: float = 75.0, wait: bool = True) -> Script:
        """Bits by an image modem."""
        row = np.frombuffer(data.encode("ascii"), np.uint8) - 48 if isinstance(data, str) else data.astype(np.uint8)
        modem, bps = split_rate(rate)
        sender = modulator(modem, bps, self.level_dbm0)
        sender.start(row)
        self.play(
            sender.execute(sender.remaining), f"{text} {rate}", "image", after_ms - SILENT_ONSET_MS.get(modem, 0.0)
        )
        if wait:
            yield from self.sent()

    def skip(self, why: str) -> Skipped:
        return Skipped(why)


def split_rate(rate: str) -> tuple[str, int]:
    modem, _, bps = rate.partition(" ")
    return modem, int(bps)


def tester_has(rate: str) -> bool:
    modem, bps = split_rate(rate)
    return modem in CATALOG and bps in CATALOG[modem].rates


def _joined(blocks: list[Samples]) -> Samples:
    return np.concatenate(blocks) if blocks else np.zeros(0, np.int16)


# -- what a burst is ---------------------------------------------------------------------------------------------------


def read(burst: Signal) -> None:
    """Find out what a burst is, and read it if it is V.21."""
    middle = burst.samples[len(burst.samples) // 8 : max(len(burst.samples) * 7 // 8, 256)][:16000]
    if len(burst.samples) < 50 * MS:
        burst.text = f"a signal of {burst.ms:.0f} ms"
        return
    hz, near, v21_share = wire.spectrum(middle)
    burst.hz = hz
    if near > 0.8:
        burst.kind, burst.text = "tone", f"tone of {hz:.0f} Hz, {burst.ms / 1000:.2f} s"
    elif v21_share > 0.8:
        read_v21(burst)
    else:
        burst.kind, burst.text = "image", f"image signal, {burst.ms / 1000:.2f} s"


def read_v21(burst: Signal) -> None:
    burst.kind = "V.21"
    line, first = wire.read_v21(burst.samples)
    found = wire.deframe(line)
    burst.flags = found.flags
    burst.frames = [
        replace(frame, start=burst.start + round(first + frame.start * wire.BIT),
                end=burst.start + round(first + frame.end * wire.BIT))
        for frame in found.frames
    ]  # fmt: skip
    until = burst.frames[0].start if burst.frames else burst.end
    burst.preamble_ms = (until - burst.start) / MS
    burst.text = " ".join(frame.text for frame in burst.frames) or "flags without a frame"


def demodulate(burst: Signal, rate: str) -> tuple[Row, int] | None:
    """The bits of an image signal and the sample of the first of them, or None where it does not train."""
    modem, bps = split_rate(rate)
    receiver = demodulator(modem, bps)
    quiet = np.zeros(800, np.int16)
    parts, trained = [], -1
    for event in receiver.execute(np.concatenate((quiet, burst.samples, quiet))):
        if event.kind is Kind.TRAINED and trained < 0:
            trained = event.sample - 800
        elif event.kind is Kind.BITS and event.bits is not None:
            parts.append(event.bits)
    if trained < 0:
        return None
    bits = np.concatenate(parts) if parts else np.zeros(0, np.uint8)
    return bits, burst.start + trained


def decode_page(bits: Row, fine: bool, width_px: int = 1728) -> mh.Decoded:
    return mh.decode(
        np.packbits(bits.astype(np.uint8)).tobytes(), width_px, Resolution.FINE if fine else Resolution.STANDARD
    )
