"""One fax station on audio: the T.30 terminal's signals become samples, and samples become what it hears.

`FaxSession.execute(heard) -> said` moves one block. Inside a session time is counted in samples (one is 125 us), so a
call is the same in simulated and in real time, and a signal of ours begins at an exact sample: 75 ms after the last
sample of the peer's, wherever the cut into blocks lay. Half duplex: while we send, nothing is heard.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from firmware_sim.clock import BLOCK_SAMPLES, SAMPLE_US, Duration, Instant, ms, seconds
from firmware_sim.dsp import hdlc
from firmware_sim.dsp.tones import ToneGenerator, ced, cng
from firmware_sim.modems.api import Demodulator, Kind, ModemEvent, Modulator, Quality
from firmware_sim.modems.catalog import demodulator, modulator
from firmware_sim.t30.capabilities import Rate
from firmware_sim.t30.procedure import Call, Image
from firmware_sim.t30.signals import (
    Abort,
    Carrier,
    CarrierDown,
    CarrierUp,
    DataHeard,
    Event,
    FrameHeard,
    LineLost,
    Release,
    Sent,
    TrainingHeard,
    Transmit,
    Tune,
)
from firmware_sim.t30.terminal import Station, Terminal

Samples = NDArray[np.int16]
Bits = NDArray[np.uint8]

LONGEST_BLOCK = 8000
"""Samples: a second."""
LONGEST_HOLE = ms(150)
"""An image signal that comes back by then goes on; nobody answers a page before its post-message command."""
V21_BPS = 300
PREAMBLE_FLAGS = 37
"""37 flags at 300 bit/s last 0.99 s: T.30 asks for 1 s +-15 %."""
CLOSING_FLAGS = 2
SILENCE_BEFORE_CED = ms(500)
CED_LENGTH = ms(3000)
BLOCK_SYNC = ms(200)
"""Flags between the training and the first frame of a partial page (T.4 A.3.1)."""
TCF_LENGTH = ms(1500)
TCF_JUDGED = ms(1250)
"""The stretch of a TCF that is judged: TCF may be 10 % short, and its ends carry what the modem makes of turn-on and
turn-off. The best stretch of this length counts."""


@dataclass(slots=True)
class _Burst:
    """A signal of ours on its way: from *start* on, as long as *modulator* has something left."""

    modulator: Modulator
    start: int


@dataclass(slots=True)
class Ear:
    """A receiver kept for the whole call: V.17's short training rests on what its long one taught."""

    demodulator: Demodulator
    origin: int
    """The session's sample at which it was made: its own count begins there."""
    told: int
    """Up to which of the session's samples it has been told."""

    def listen_from(self, first: int) -> None:
        """What comes next begins with the session's sample *first*; what came before it went unheard."""
        if first > self.told:
            self.demodulator.skip(first - self.told)
            self.told = first


class FaxSession:
    """A station on the line from the moment the line is there. *level_dbm0* is our transmit level.

    *calling* says CNG until V.21 is heard; a called station says CED first. `finished` when we have hung up.
    A station that cannot know when its call is answered (it dialled on an analogue line) gives *answer_wait*: T1
    begins with the first V.21 heard, or after this wait.
    """

    def __init__(
        self, call: Call, station: Station, *, calling: bool, level_dbm0: float, answer_wait: Duration = 0
    ) -> None:
        self.call = call
        self.terminal: Terminal | None = None
        self.quality: Quality | None = None
        self._station, self._level_dbm0 = station, level_dbm0
        self._samples = 0
        self._burst: _Burst | None = None
        self._released = self._deaf = False
        self._v21 = Ear(demodulator("V.21", V21_BPS), 0, 0)
        self._image: Ear | None = None
        self._image_ears: dict[Rate, Ear] = {}
        self._open_ears: list[Ear] = []
        self._tuned = Tune()
        self._v21_up = self._image_up = self._trained = False
        self._gone_since: Instant | None = None
        """When the signal of a page went away that may come back yet."""
        self._bits: list[Bits] = []
        self._deframer = hdlc.Deframer()
        tone = cng(level_dbm0) if calling else ced(level_dbm0, CED_LENGTH / ms(1))
        self._tone: ToneGenerator | None = ToneGenerator(tone)
        self._tone_start = 0 if calling else SILENCE_BEFORE_CED // SAMPLE_US
        self._begin_at = answer_wait if calling else SILENCE_BEFORE_CED + CED_LENGTH
        self._begin_if_due(0)

    # -- the surface ---------------------------------------------------------------------------------------------------

    @property
    def now(self) -> Instant:
        """Time since the session began."""
        return self._samples * SAMPLE_US

    @property
    def finished(self) -> bool:
        return self._released

    def execute(self, heard: Samples) -> Samples:
        """What we say during the block in which *heard* came."""
        said = self.say(len(heard))
        self.hear(heard)
        return said

    def say(self, count: int) -> Samples:
        """What we say next. `hear` with as many samples must follow: those that came meanwhile.

        Nothing that is heard is answered within the same block: T.30 leaves 75 ms between two signals.
        """
        self._deaf = self._sending or self._released
        self._begin_if_due((self._samples + count) * SAMPLE_US)
        return self._say(count)

    def hear(self, heard: Samples) -> None:
        self.understand([ear.demodulator.execute(heard) for ear in self.open_ears()], len(heard))

    def open_ears(self) -> list[Ear]:
        """The receivers that must hear the next block; `understand` must follow. In two steps, so that the receivers
        of many sessions can hear theirs in one kernel call (`engine`)."""
        self._open_ears = []
        if self._deaf:
            self._v21_up = False
        else:
            if self._image is not None:
                self._open_ears.append(self._image)
            if not self._trained:  # else an image signal is coming in: V.21 cannot be there
                self._open_ears.append(self._v21)
        for ear in self._open_ears:
            ear.listen_from(self._samples)
        return self._open_ears

    def understand(self, told: Sequence[list[ModemEvent]], count: int) -> None:
        """What each of the open ears made of the *count* samples of its block."""
        events: list[tuple[int, bool, Ear, ModemEvent]] = []
        for ear, new in zip(self._open_ears, told, strict=True):
            ear.told += count
            events += [(event.sample + ear.origin, ear is not self._v21, ear, event) for event in new]
        for sample, is_image, ear, event in sorted(events, key=lambda item: item[:2]):
            if is_image and ear is not self._image:
                continue  # tuned away by what came before it in this block
            now = max(sample * SAMPLE_US, self.call.now)
            self._expire(now - 1)
            (self._image_event if is_image else self._v21_event)(event, now)
        end = (self._samples + count) * SAMPLE_US
        if self._gone_since is not None and end - self._gone_since > LONGEST_HOLE:
            self._end_pages()
        self._expire(end)
        self._samples += count

    @property
    def calm(self) -> int:
        """How many samples pass before we do anything of our own accord: begin or end a signal, see a timer run out."""
        if self._released:
            return LONGEST_BLOCK
        due = [LONGEST_BLOCK]
        if self._burst is not None:
            ahead = self._burst.start - self._samples
            due.append(ahead if ahead > 0 else self._burst.modulator.remaining)
        if self.terminal is None:
            due.append(self._begin_at // SAMPLE_US - self._samples)
        elif self.terminal.deadline is not None:
            due.append((self.terminal.deadline - self.now) // SAMPLE_US)
        return max(0, min(due))

    @property
    def sending(self) -> bool:
        return self._sending and not self._released

    @property
    def waits_for_an_end(self) -> bool:
        """A carrier is up: soon after its end we shall answer."""
        return (self._v21_up or self._image_up) and not self._released

    def abort(self) -> None:
        """Our side wants the call to end: the peer is told with DCN."""
        self._tell(Abort(), self.now)

    def line_lost(self) -> None:
        self._tell(LineLost(), self.now)
        self._released = True

    # -- the terminal --------------------------------------------------------------------------------------------------

    def _begin_if_due(self, end: Instant) -> None:
        if self.terminal is None and self._begin_at <= end and not self._released:
            self.terminal = Terminal(self.call, self._station, self._begin_at)
            self._follow(self._begin_at)

    def _tell(self, event: Event, now: Instant) -> None:
        if self.terminal is not None:
            self.terminal.receive(event, now)
            self._follow(now)

    def _expire(self, until: Instant) -> None:
        """Let every deadline up to *until* pass, in order."""
        terminal = self.terminal
        while terminal is not None and terminal.deadline is not None and terminal.deadline <= until:
            due = max(terminal.deadline, self.call.now)
            terminal.expire(due)
            self._follow(due)

    def _follow(self, now: Instant) -> None:
        assert self.terminal is not None
        for output in self.terminal.outputs():
            match output:
                case Transmit():
                    if self._tone is not None and self._tone.remaining is None:
                        self._tone = None  # CNG is over; CED ends by itself, before our silence begins
                    self._burst = _Burst(self._modulate(output), (now + output.after) // SAMPLE_US)
                case Tune():
                    self._tune(output)
                case Release():
                    self._released = True
                case _:
                    pass

    # -- hearing -------------------------------------------------------------------------------------------------------

    @property
    def _sending(self) -> bool:
        return self._burst is not None and self._burst.start <= self._samples

    def _tune(self, wanted: Tune) -> None:
        self._tuned = wanted
        self._image_up = self._trained = False
        self._gone_since = None
        self._bits.clear()
        self._deframer.restart()
        if wanted.image is None or wanted.rate is None:
            self._image = None
            return
        short = _trains_briefly(wanted.rate, wanted.long_training)
        known = self._image_ears.get(wanted.rate)
        if known is None:
            made = demodulator(wanted.rate.modem, wanted.rate.bps, short=short)
            known = self._image_ears[wanted.rate] = Ear(made, self._samples, self._samples)
        else:
            known.demodulator.restart(short=short)
        self._image = known

    def _v21_event(self, event: ModemEvent, now: Instant) -> None:
        match event.kind:
            case Kind.CARRIER_UP:
                if self.terminal is None:
                    self._begin_at = now
                    self._begin_if_due(now)
                self._tone = None
                self._v21_up = True
                self._end_pages()
                self._tell(CarrierUp(Carrier.V21), now)
            case Kind.FRAME:
                self._tell(FrameHeard(event.octets), now)
            case Kind.CARRIER_DOWN:
                self._v21_up = False
                self._tell(CarrierDown(Carrier.V21), now)
            case _:
                pass

    def _image_event(self, event: ModemEvent, now: Instant) -> None:
        match event.kind:
            case Kind.CARRIER_UP | Kind.TRAINED if event.resumed:
                self._resume()
            case Kind.CARRIER_UP:
                self._end_pages()
                self._image_up = True
                self._tell(CarrierUp(Carrier.IMAGE), now)
            case Kind.TRAINED:
                self._trained = True
            case Kind.BITS if event.bits is not None and self._tuned.image is Image.BLOCK:
                for _, frame in self._deframer.execute(event.bits):
                    self._tell(FrameHeard(frame), now)
            case Kind.BITS if event.bits is not None:
                self._bits.append(event.bits)
            case Kind.CARRIER_DOWN if self._trained and self._tuned.image is not Image.TRAINING:
                self._gone_since, self._trained = now, False  # V.21 is heard meanwhile: it may come next
            case Kind.CARRIER_DOWN:
                self._image_down(now)
            case _:
                pass

    def _resume(self) -> None:
        """What looked like the end of a page was a hole of lost packets: its bits go on, zeros in their place."""
        if self._gone_since is not None:
            self._gone_since, self._trained = None, True

    def _end_pages(self) -> None:
        """It was the end of the page: something else has come, or nothing for long enough."""
        gone_since, self._gone_since = self._gone_since, None
        if gone_since is not None:
            self._trained = True
            self._image_down(max(gone_since, self.call.now))

    def _image_down(self, now: Instant) -> None:
        assert self._image is not None
        self.quality = self._image.demodulator.quality() if self._trained else self.quality
        bits = np.concatenate(self._bits) if self._bits else np.zeros(0, np.uint8)
        self._bits.clear()
        trained, self._image_up, self._trained = self._trained, False, False
        if trained and self._tuned.image is Image.TRAINING and self._tuned.rate is not None:
            self._tell(TrainingHeard(wrong_share(bits, self._tuned.rate.bps)), now)
        elif trained and self._tuned.image is Image.PAGE:
            self._tell(DataHeard(np.packbits(bits).tobytes()), now)
        self._tell(CarrierDown(Carrier.IMAGE), now)

    # -- saying --------------------------------------------------------------------------------------------------------

    def _modulate(self, signal: Transmit) -> Modulator:
        if signal.image is None or signal.rate is None:
            burst = modulator("V.21", V21_BPS, self._level_dbm0)
            burst.start(hdlc.encode(signal.frames, PREAMBLE_FLAGS, closing=CLOSING_FLAGS))
            return burst
        short = _trains_briefly(signal.rate, signal.long_training)
        burst = modulator(signal.rate.modem, signal.rate.bps, self._level_dbm0, short=short)
        if signal.image is Image.TRAINING:
            burst.start(np.zeros(signal.rate.bps * TCF_LENGTH // seconds(1), np.uint8))
        elif signal.image is Image.BLOCK:
            sync_flags = signal.rate.bps * BLOCK_SYNC // seconds(1) // 8
            burst.start(hdlc.encode(signal.frames, sync_flags, closing=CLOSING_FLAGS))
        else:
            burst.start(np.unpackbits(np.frombuffer(signal.octets, np.uint8)))
        return burst

    def _say(self, count: int) -> Samples:
        said = np.zeros(count, np.int16)
        if self._tone is not None:
            offset = min(max(self._tone_start - self._samples, 0), count)
            said[offset:] = self._tone.execute(count - offset)
        at = 0
        while self._burst is not None and at < count:
            burst = self._burst
            at = max(at, burst.start - self._samples)
            if at >= count:
                break
            share = min(count - at, burst.modulator.remaining)
            said[at : at + share] = burst.modulator.execute(share)
            at += share
            if burst.modulator.remaining:
                break
            self._burst = None
            self._tell(Sent(), (self._samples + at) * SAMPLE_US)
        return said


def steady_block(one: FaxSession, other: FaxSession) -> int:
    """How many samples, in whole blocks of 20 ms, both ends of a line may be played at once, with the same outcome.

    As long as one sends and neither does anything else nothing is answered; and while nobody sends only timers run.
    """
    if not (one.sending or other.sending) and (one.waits_for_an_end or other.waits_for_an_end):
        return BLOCK_SAMPLES
    return max(BLOCK_SAMPLES, min(one.calm, other.calm) // BLOCK_SAMPLES * BLOCK_SAMPLES)


def _trains_briefly(rate: Rate, long_training: bool) -> bool:
    """Of the modems of a fax only V.17 has a short training (V.27ter's is not used: T.4)."""
    return rate.modem == "V.17" and not long_training


def wrong_share(bits: Bits, bps: int) -> float:
    """The share of ones in the best stretch of a TCF. What is missing of the stretch counts as wrong."""
    length = bps * TCF_JUDGED // seconds(1)
    if len(bits) < length:
        return 1.0 if not len(bits) else (length - len(bits) + int(bits.sum())) / length
    ones = np.concatenate((np.zeros(1, np.int64), np.cumsum(bits, dtype=np.int64)))
    return float((ones[length:] - ones[:-length]).min()) / length
