"""The tester: the far end of a call, which may say what no sane machine says and measures what it hears.

It moves block by block in lock-step with the device. What it hears is cut into bursts by energy; each burst is read
as a whole when it has ended, with code of its own (see wire, frames), so a measurement is exact to a few milliseconds
and nothing is shared with the terminal of the device. A script adds what it expects; what holds for every signal of
every call is judged in rules.
"""

from collections.abc import Callable, Generator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from firmware_sim.modems.api import Kind
from firmware_sim.modems.catalog import demodulator, modulator
from firmware_sim.t4.page import Page, difference
from rig.conformance import frames as f
from rig.conformance import rules, wire
from rig.conformance.model import Deviation, Role, Row, Samples, Script, Setup, Skipped
from rig.conformance.signals import MS, Receiver, Signal, read, split_rate, trains_briefly
from rig.report.record import Check, Direction, LadderLine, PagePair

BLOCK = 160
LOUD = (wire.peak(-48.0) ** 2) / 2
PIECE = 8
HANG = 30 * MS
"""A pause longer than this parts two signals: longer than those within a modem's training, shorter than T.30's."""
PREAMBLE_FLAGS = 37
T4_MS = (2550.0, 3450.0)
ANSWER_MS = 1500.0
"""An answer begins within this time."""
QUIET = 800
"""Samples of silence that a receiver is given before and after a burst."""


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
        self._receivers: dict[str, Receiver] = {}
        self._at_length = False
        """The next image signal trains at length: a CTC went before it."""
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
        self._at_length |= signal.text.split("-")[0] in ("CTC", "CTR")
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

    def image(
        self, rate: str, data: Row | str, text: str, after_ms: float = 75.0, *, long: bool = False, wait: bool = True
    ) -> Script:
        """Bits by an image modem, which trains at *long* with a TCF, and by itself after a CTC."""
        row = np.frombuffer(data.encode("ascii"), np.uint8) - 48 if isinstance(data, str) else data.astype(np.uint8)
        modem, bps = split_rate(rate)
        sender = modulator(modem, bps, self.level_dbm0, short=trains_briefly(modem, long or self._at_length))
        self._at_length = False
        sender.start(row)
        samples = sender.execute(sender.remaining)
        silence = int(np.argmax(samples != 0))  # some trainings begin with it
        self.play(samples[silence:], f"{text} {rate}", "image", after_ms)
        if wait:
            yield from self.sent()

    def demodulate(self, burst: "Signal", rate: str, *, long: bool = False) -> tuple[Row, int] | None:
        """The bits of an image signal and the sample of the first of them, or None where it does not train.

        A receiver is kept for each rate: V.17's short training rests on what the long one taught.
        """
        modem, bps = split_rate(rate)
        short = trains_briefly(modem, long or self._at_length)
        self._at_length = False
        start = burst.start - QUIET
        kept = self._receivers.get(rate)
        if kept is None or not short:
            kept = self._receivers[rate] = Receiver(demodulator(modem, bps, short=short), start, start)
        else:
            kept.demodulator.restart(short=True)
            kept.demodulator.skip(max(0, start - kept.told))
        quiet = np.zeros(QUIET, np.int16)
        parts, trained = [], -1
        for event in kept.demodulator.execute(np.concatenate((quiet, burst.samples, quiet))):
            if event.kind is Kind.TRAINED and trained < 0:
                trained = event.sample + kept.origin
            elif event.kind is Kind.BITS and event.bits is not None:
                parts.append(event.bits)
        kept.told = burst.end + QUIET
        if trained < 0:
            return None
        return (np.concatenate(parts) if parts else np.zeros(0, np.uint8)), trained

    def skip(self, why: str) -> Skipped:
        return Skipped(why)


def _joined(blocks: list[Samples]) -> Samples:
    return np.concatenate(blocks) if blocks else np.zeros(0, np.int16)
