"""Image signals read: first as they were commanded, then, when that fails, in every other way there is."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from firmware_sim.audio import wrong_share
from firmware_sim.dsp import hdlc
from firmware_sim.modems.api import Demodulator, Kind, ModemEvent
from firmware_sim.modems.catalog import demodulator
from firmware_sim.t30.tables import Rate
from rig.analysis.heard import MS, Take
from rig.analysis.listen import Samples

BLOCK = 800
PATIENCE = 160 * MS
"""A trained signal that stays away for longer is over: a receiver takes it up again within 100 ms."""
TRIAL = 4 * 8000
"""So much of a signal is enough to see whether another rate reads it."""
QUIET = 100 * MS
"""Silence that a receiver is given before a signal."""
BAD_TCF, GOOD_TCF = 0.2, 0.02
"""Wrong bits of a TCF: from what on another rate is tried, and up to what it is right."""


class Receiver:
    """An image receiver, kept for the call: V.17's short training rests on its long one."""

    def __init__(self, rate: Rate) -> None:
        self.rate = rate
        self.taught = False
        """It has heard a long training."""
        self._demodulator: Demodulator = demodulator(rate.modem, rate.bps)
        self._count = 0

    def follow(self, samples: Samples, start: int, stop: int, *, short: bool) -> Take | None:
        """Hear until the first trained signal is over, or *stop*. None where none trained."""
        hearing = _Hearing(start - QUIET - self._count)
        self._demodulator.restart(short=short)
        self._execute(hearing, np.zeros(QUIET, np.int16))
        at = start
        while at < stop and not hearing.over(at):
            block = samples[at : min(at + BLOCK, stop)]
            if not len(block):
                break
            at += len(block)
            self._execute(hearing, block)
        quality = self._demodulator.quality()
        self._execute(hearing, np.zeros(PATIENCE, np.int16))
        if hearing.trained_at < 0:
            return None
        self.taught |= not short
        row = np.concatenate(hearing.bits) if hearing.bits else np.zeros(0, np.uint8)
        end = min(max(hearing.end + 1, hearing.trained_at), stop)
        return Take(self.rate, short, max(hearing.start, start), end, hearing.trained_at, row, quality, hearing.resumed)

    def _execute(self, hearing: "_Hearing", samples: Samples) -> None:
        for event in self._demodulator.execute(samples):
            hearing.take(event)
        self._count += len(samples)


@dataclass(slots=True)
class _Hearing:
    """One receiver's way through a signal."""

    origin: int
    trained_at: int = -1
    start: int = -1
    end: int = -1
    up: bool = False
    another: bool = False
    """A new signal has begun after the one that is followed."""
    resumed: int = 0
    bits: list[NDArray[np.uint8]] = field(default_factory=list)

    def over(self, at: int) -> bool:
        return self.another or (self.trained_at >= 0 and not self.up and at - self.end > PATIENCE)

    def take(self, event: ModemEvent) -> None:
        at, trained = event.sample + self.origin, self.trained_at >= 0
        if event.kind is Kind.CARRIER_UP and trained and not event.resumed:
            self.another = True
        if self.another:
            return
        match event.kind:
            case Kind.CARRIER_UP:
                self.up = True
                self.start = self.start if trained else at
                self.resumed += event.resumed
            case Kind.TRAINED if not trained:
                self.trained_at = at
            case Kind.BITS if event.bits is not None and trained:
                self.bits.append(event.bits)
            case Kind.CARRIER_DOWN:
                self.up = False
                self.end = at if trained else self.end
            case _:
                pass


class Images:
    """The image receivers of one channel."""

    def __init__(self, samples: Samples) -> None:
        self._samples = samples
        self._kept: dict[Rate, Receiver] = {}

    def read(self, start: int, stop: int, rate: Rate | None, *, short: bool, tcf: bool) -> Take | None:
        """The first image signal between *start* and *stop*, of which energy is known to be there."""
        if rate is None:
            return self._best(start, stop, None, tcf=tcf)
        take = self._hear(rate, start, stop, short=short)
        if take is None:
            return self._best(start, stop, rate, tcf=tcf)
        if tcf and wrong_share(take.bits, rate.bps) > BAD_TCF:
            other = self._best(start, stop, rate, tcf=True, same_modem=True)
            if other is not None and wrong_share(other.bits, other.rate.bps) <= GOOD_TCF:
                return other
        return take

    def _hear(self, rate: Rate, start: int, stop: int, *, short: bool) -> Take | None:
        short = short and rate.modem == "V.17"
        kept = self._kept.get(rate)
        if short and kept is None:
            return None
        receiver = kept if kept is not None and short else Receiver(rate)
        take = receiver.follow(self._samples, start, stop, short=short)
        if take is not None:
            self._kept[rate] = receiver
        return take

    def _best(
        self, start: int, stop: int, commanded: Rate | None, *, tcf: bool, same_modem: bool = False
    ) -> Take | None:
        """The way that reads it best, of those that train."""
        found = list(self._trials(start, min(stop, start + TRIAL), commanded, same_modem))
        if not found:
            return None
        rate, short, _ = min(found, key=lambda trial: _badness(trial[2], tcf))
        take = self._hear(rate, start, stop, short=short)
        return replace(take, commanded=commanded in (rate, None)) if take is not None else None

    def _trials(
        self, start: int, stop: int, commanded: Rate | None, same_modem: bool
    ) -> Iterator[tuple[Rate, bool, Take]]:
        for rate, short in ((rate, short) for rate in Rate for short in (False, True)):
            if short and not (rate.modem == "V.17" and rate in self._kept):
                continue
            if same_modem and (commanded is None or rate.modem != commanded.modem or rate is commanded):
                continue
            receiver = self._kept[rate] if short else Receiver(rate)
            take = receiver.follow(self._samples, start, stop, short=short)
            if take is not None and len(take.bits) > rate.bps // 20:
                yield rate, short, take


def _badness(take: Take, tcf: bool) -> float:
    if tcf:
        return wrong_share(take.bits, take.rate.bps)
    frames = hdlc.Deframer().execute(take.bits)
    good = sum(octets is not None for _, octets in frames)
    return -good * 10.0 - _line_ends(take.bits) + (take.quality.eqm if take.quality.eqm == take.quality.eqm else 1.0)


def _line_ends(bits: NDArray[np.uint8]) -> int:
    """EOLs, 11 zeros and a one, not many more than a row could have."""
    text = bits.tobytes()
    return text.count(bytes(11) + b"\1")
