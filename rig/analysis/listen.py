"""A passive ear on one channel: its tones, its V.21 bursts, and where there is energy besides."""

import math
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from firmware_sim.dsp import hdlc
from firmware_sim.dsp.detectors import ToneDetector
from firmware_sim.dsp.levels import dbm0, mean_square
from firmware_sim.errors import DecodeError
from firmware_sim.modems.api import Kind, ModemEvent
from firmware_sim.modems.catalog import demodulator
from firmware_sim.t30.frames import decode
from rig.analysis.heard import MS, Signal, Sort

Samples = NDArray[np.int16]

V21_BIT = 80 / 3
"""Samples."""
V21_BAND_HZ = (1500, 2000)
V21_SHARE = 0.7
"""Of the power in that band, in a burst of which no frame could be read."""
PIECE = MS
SPAN = 10 * MS
"""Over which a tone is measured."""
EDGE = 40 * MS
ONSET = 160
"""Samples over which the onset of V.21 is looked for."""
SHORTEST_CED_MS = 500
QUIETEST_DBM0 = -48.0
LOUDEST_FLOOR_DBM0 = -30.0
ABOVE_FLOOR_DB = 6.0
HANG = 30 * MS
"""A pause longer than this parts two signals."""
TAIL = np.zeros(800, np.int16)
"""A tenth of a second of silence after the end, so that receivers tell what they have."""


class Ear:
    """One channel, heard from end to end."""

    def __init__(self, channel: int, samples: Samples) -> None:
        self.channel = channel
        self.samples = samples
        self.signals: list[Signal] = sorted(
            [*self._v21(), *self._cng(), *self._answer_tones()], key=lambda signal: signal.start
        )

    # -- V.21 ----------------------------------------------------------------------------------------------------------

    def _v21(self) -> list[Signal]:
        found: list[Signal] = []
        current: Signal | None = None
        for event in demodulator("V.21", 300).execute(np.concatenate((self.samples, TAIL))):
            if event.kind is Kind.CARRIER_UP:
                current = Signal(self.channel, Sort.V21, event.sample, event.sample)
                found.append(current)
            elif current is not None:
                _put(current, event)
        return [burst for burst in found if self._read(burst)]

    def _read(self, burst: Signal) -> bool:
        """Whether it is one; noise and image signals may look like it for a moment."""
        burst.end = min(burst.end, len(self.samples))
        for _, octets in burst.frames:
            if octets is not None:
                try:
                    burst.controls.append(decode(octets))
                except DecodeError as error:
                    burst.details.append(str(error))
        burst.start = self._onset(burst)
        burst.preamble_ms = _preamble(burst)
        burst.level_dbm0 = self.level(burst.start, burst.end)
        good = any(octets is not None for _, octets in burst.frames)
        return good or (burst.ms > 150 and self._v21_like(burst))

    def _onset(self, burst: Signal) -> int:
        """Where V.21 begins, when another tone sounded up to then."""
        for at in range(burst.start, min(burst.start + 8000, burst.end - ONSET), 5 * MS):
            if self._in_band(at, at + ONSET) > V21_SHARE:
                return at if at > burst.start + ONSET // 2 else burst.start
        return burst.start

    def _v21_like(self, burst: Signal) -> bool:
        length = min(burst.end - burst.start, 16000)
        return length >= 400 and self._in_band(burst.start, burst.start + length) > V21_SHARE

    def _in_band(self, start: int, end: int) -> float:
        """The share of power where V.21 is."""
        piece = self.samples[start:end].astype(np.float64)
        power = np.abs(np.fft.rfft(piece * np.hanning(len(piece)))) ** 2
        hz = np.fft.rfftfreq(len(piece), 1 / 8000)
        total = float(power.sum())
        return float(power[(hz >= V21_BAND_HZ[0]) & (hz <= V21_BAND_HZ[1])].sum()) / total if total else 0.0

    # -- tones ---------------------------------------------------------------------------------------------------------

    def _cng(self) -> list[Signal]:
        return [self._tone(Sort.CNG, start, end) for start, end in self._stretches(1100, 250.0, 40.0)]

    def _answer_tones(self) -> list[Signal]:
        tones = [self._tone(Sort.CED, start, end) for start, end in self._stretches(2100, 250.0, 60.0)]
        for tone in tones:
            wave = self._baseband(tone.start, tone.end, 2100.0)
            steps = np.abs(np.angle(wave[20:] * np.conj(wave[:-20]))) if len(wave) > 40 else np.zeros(0)
            tone.reversals = _runs(steps > 2.0) >= max(2, tone.ms // 900)
            envelope = np.abs(wave[8:-8])
            if len(envelope) > 500:
                n = np.arange(len(envelope))
                depth = abs(np.mean(envelope * np.exp(-2j * math.pi * 15 / 1000 * n))) * 2 / float(envelope.mean())
                tone.sort = Sort.ANSAM if depth > 0.08 else Sort.CED
        return [tone for tone in tones if tone.ms >= SHORTEST_CED_MS]

    def _stretches(self, hz: float, least_ms: float, gap_ms: float) -> list[tuple[int, int]]:
        changes = ToneDetector(hz, least_ms=least_ms, gap_ms=gap_ms).execute(np.concatenate((self.samples, TAIL)))
        starts = [at for at, on in changes if on]
        ends = [at for at, on in changes if not on] + [len(self.samples)]
        return [self._edges(hz, a, b) for a, b in zip(starts, ends, strict=False) if b > a]

    def _edges(self, hz: float, start: int, end: int) -> tuple[int, int]:
        """The detector looks every 10 ms; where the tone begins and ends is seen to a few milliseconds."""
        low, high = max(0, start - EDGE), min(len(self.samples), end + EDGE)
        strength = np.abs(self._baseband(low, high, hz))
        loud = np.flatnonzero(strength > np.median(strength) / 2) if len(strength) else strength
        if not len(loud):
            return start, end
        return low + int(loud[0]) * MS + SPAN // 2, min(low + int(loud[-1]) * MS + SPAN // 2, high)

    def _tone(self, sort: Sort, start: int, end: int) -> Signal:
        tone = Signal(self.channel, sort, start, end, level_dbm0=self.level(start, end))
        hz = 1100.0 if sort is Sort.CNG else 2100.0
        wave = self._baseband(start, end, hz)
        if len(wave) > 40:
            turn = np.median(np.angle(wave[11:-10] * np.conj(wave[10:-11])))
            tone.hz = hz + float(turn) * 1000 / (2 * math.pi)
        return tone

    def _baseband(self, start: int, end: int, hz: float) -> NDArray[np.complex128]:
        """A tone against *hz*, a value a millisecond, each over 10 ms."""
        x = self.samples[start:end].astype(np.float64)
        mixed = np.cumsum(x * np.exp(-2j * math.pi * hz / 8000 * np.arange(len(x))))
        wave: NDArray[np.complex128] = (mixed[SPAN:] - mixed[:-SPAN])[::MS] / SPAN
        return wave

    # -- energy --------------------------------------------------------------------------------------------------------

    def level(self, start: int, end: int) -> float:
        piece = self.samples[start:end]
        return dbm0(float(np.mean(piece.astype(np.float64) ** 2))) if len(piece) else -math.inf

    @cached_property
    def floor_dbm0(self) -> float:
        """What is on the line when nobody speaks."""
        powers = _powers(self.samples, 10 * MS)
        return dbm0(float(np.percentile(powers, 3))) if len(powers) else -math.inf

    def loud(self, start: int, end: int, least_ms: float = 40.0) -> list[tuple[int, int]]:
        """Stretches with energy within start..end; pauses of up to 30 ms do not part them."""
        floor = min(max(self.floor_dbm0 + ABOVE_FLOOR_DB, QUIETEST_DBM0), LOUDEST_FLOOR_DBM0)
        pieces = np.flatnonzero(_powers(self.samples[start:end]) > mean_square(floor))
        if not len(pieces):
            return []
        cuts = np.flatnonzero(np.diff(pieces) > HANG // PIECE)
        firsts = pieces[np.concatenate(([0], cuts + 1))]
        lasts = pieces[np.concatenate((cuts, [len(pieces) - 1]))]
        found = [(start + int(a) * PIECE, start + (int(b) + 1) * PIECE) for a, b in zip(firsts, lasts, strict=True)]
        return [(a, b) for a, b in found if b - a >= least_ms * MS]


def without_crosstalk(ears: list[Ear]) -> list[Signal]:
    """The signals of all channels in order; what is heard on two channels at once is the louder one's."""
    everything = sorted((s for ear in ears for s in ear.signals), key=lambda signal: (signal.start, signal.channel))
    return [one for one in everything if not any(_echo_of(one, other) for other in everything)]


def _echo_of(one: Signal, other: Signal) -> bool:
    if one.channel == other.channel or one.sort is not other.sort or one.level_dbm0 > other.level_dbm0 - 3.0:
        return False
    both = min(one.end, other.end) - max(one.start, other.start)
    if both < 0.5 * (one.end - one.start):
        return False
    said = {octets for _, octets in other.frames if octets}
    heard = {octets for _, octets in one.frames if octets}
    return not heard or bool(said & heard)


def _put(burst: Signal, event: ModemEvent) -> None:
    burst.end = max(burst.end, event.sample + 1)
    if event.kind is Kind.FRAME:
        burst.frames.append((event.sample, event.octets))


def _preamble(burst: Signal) -> float | None:
    """From the start of the carrier to the first frame, when that one is whole."""
    if not burst.frames or burst.frames[0][1] is None:
        return None
    end, octets = burst.frames[0]
    assert octets is not None
    bits = len(hdlc.encode([octets], 0, closing=1))
    return (end - burst.start - bits * V21_BIT) / MS


def _powers(samples: Samples, piece: int = PIECE) -> NDArray[np.float64]:
    """Mean square of each whole piece."""
    whole = len(samples) // piece * piece
    powers: NDArray[np.float64] = (samples[:whole].astype(np.float64) ** 2).reshape(-1, piece).mean(axis=1)
    return powers


def _runs(flags: NDArray[np.bool_]) -> int:
    return int(np.count_nonzero(flags[1:] & ~flags[:-1]))
