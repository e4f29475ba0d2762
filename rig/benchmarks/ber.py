"""Bit errors against noise, every modem and rate beside libspandsp on the same noisy samples.

White noise over 0 to 4 kHz against the power of the burst begins with the burst's first sample. The peer's own
transmitter sends for both. A burst that one of them does not hear counts with all its errors.
"""

import json
import math
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray

from firmware_sim.clock import SAMPLE_RATE_HZ
from firmware_sim.dsp import hdlc
from firmware_sim.modems import demodulator
from firmware_sim.modems.fsk import FskDemodulator
from firmware_sim.rtp.g711 import Codec
from rig.benchmarks.spandsp import Channels

Samples = NDArray[np.int16]
Floats = NDArray[np.float64]
Bits = NDArray[np.uint8]

THRESHOLDS_DB = {
    ("V.21", 300): 4,
    ("V.27ter", 4800): 16,
    ("V.27ter", 2400): 10,
    ("V.29", 9600): 22,
    ("V.29", 7200): 18,
    ("V.17", 14400): 24,
    ("V.17", 12000): 21,
    ("V.17", 9600): 18,
    ("V.17", 7200): 14,
}
"""The last SNR at which libspandsp 0.0.6 was seen to err."""
BELOW_DB, ABOVE_DB = 4, 2
LINES = ("awgn", "a-law 7 Hz", "100 ppm", "v56bis-ad-5-edd-1")
ERRORS, MOST_BITS = 100, 3_000_000
"""A point ends with so many of the peer's errors, or so many bits."""
BURST_BITS = 200_000
LOST = 0.2
TRAININGS = 20


@dataclass(frozen=True)
class Row:
    modem: str
    rate: int
    line: str
    snr_db: int
    ours_errors: int
    peer_errors: int
    bits: int


@dataclass(frozen=True)
class Training:
    modem: str
    rate: int
    snr_db: int
    ours: int
    peer: int
    of: int


# -- the line ----------------------------------------------------------------------------------------------------------
def _shifted(x: Floats, hz: float) -> Floats:
    """Every frequency moved by *hz*: the analytic signal by its spectrum."""
    spectrum = np.fft.fft(x)
    half = (len(x) + 1) // 2
    spectrum[half:] = 0
    spectrum[1:half] *= 2
    turn = np.exp(2j * np.pi * hz / SAMPLE_RATE_HZ * np.arange(len(x)))
    return np.asarray((np.fft.ifft(spectrum) * turn).real, np.float64)


def _stretched(x: Floats, ppm: float) -> Floats:
    """What a receiver hears whose clock is *ppm* slow: eight points of a windowed sinc about each place."""
    at = np.arange(16, len(x) - 16, 1 + ppm * 1e-6)
    whole = np.floor(at).astype(np.int64)
    part = at - whole
    y = np.zeros(len(at))
    for k in range(-15, 17):
        t = k - part
        y += x[whole + k] * np.sinc(t) * (0.5 + 0.5 * np.cos(np.pi * t / 17))
    return y


def _channel(x: Floats, name: str) -> Floats:
    """A named channel of the bench, at the level that went in."""
    from rig.impairments import impairment

    late = np.append(x, np.zeros(400))  # the filter gives as many samples as it is given
    bent = impairment(name).execute(late.astype(np.float32)).astype(np.float64)
    return bent * math.sqrt((x**2).mean() / max((bent**2).mean(), 1e-9))


def carry(x: Samples, line: str, snr_db: float, seed: int) -> Samples:
    """One burst over one of LINES, silence around it."""
    rng, y = np.random.default_rng(seed), x.astype(np.float64)
    if "Hz" in line:
        y = _shifted(y, 7.0)
    elif "ppm" in line:
        y = _stretched(y, 100.0)
    elif line.startswith("v56bis"):
        y = _channel(y, line)
    first = int(np.flatnonzero(np.abs(y) > 0.05 * np.abs(y).max())[0])
    sigma = math.sqrt((y[first:] ** 2).mean() * 10 ** (-snr_db / 10))
    y[first:] += sigma * rng.standard_normal(len(y) - first)
    y = np.concatenate([np.zeros(800 + seed * 331 % 400), y, np.zeros(1600)])
    heard = np.rint(y.clip(-32768, 32767)).astype(np.int16)
    return Codec.PCMA.decode(Codec.PCMA.encode(heard)) if line.startswith("a-law") else heard


# -- both ends ---------------------------------------------------------------------------------------------------------
def payload(modem: str, count: int, seed: int) -> Bits:
    """Random bits; on V.21 behind flags, which a receiver of bits can find its clock in."""
    rng = np.random.default_rng(seed)
    if modem != "V.21":
        return rng.integers(0, 2, count, np.uint8)
    return np.concatenate([hdlc.encode([], 20), rng.integers(0, 2, count, np.uint8)])


def peer_burst(modem: str, bps: int, bits: Bits) -> Samples:
    """A whole burst by the peer."""
    with Channels(modem, bps, 1, len(bits), send=True) as peer:
        peer.load(bits[None])
        out = np.zeros((len(bits) * 50 // bps + 110, 1, 160), np.int16)
        peer.play(out)
    flat = out.ravel()
    return flat[: int(np.flatnonzero(flat)[-1]) + 1]


def peer_hears(modem: str, bps: int, heard: Samples) -> Bits:
    with Channels(modem, bps, 1, 2 * len(heard), send=False) as peer:
        peer.play(_whole(heard))
        return peer.bits(of_data=modem != "V.21")


def _whole(x: Samples) -> Samples:
    """Cut into whole blocks."""
    return np.append(x, np.zeros(-len(x) % 160, np.int16)).reshape(-1, 1, 160)


def we_hear(modem: str, bps: int, heard: Samples) -> Bits:
    receiver = FskDemodulator(raw=True) if modem == "V.21" else demodulator(modem, bps)
    parts = [e.bits for e in receiver.execute(heard) if e.bits is not None]
    return np.concatenate(parts) if parts else np.zeros(0, np.uint8)


def errors(got: Bits, sent: Bits, *, anywhere: bool = False) -> int:
    """Bits wrong or missing; *anywhere*: the receiver may have lost or invented some before the burst."""
    best = len(sent)
    for ahead in range(-40, 41) if anywhere else (0,):
        a, b = (got[ahead:], sent) if ahead >= 0 else (got, sent[-ahead:])
        n = min(len(a), len(b))
        best = min(best, int((a[:n] != b[:n]).sum()) + len(b) - n)
    return best


# -- the points --------------------------------------------------------------------------------------------------------
def point(modem: str, bps: int, line: str, snr_db: int, most: int) -> Row:
    """Bursts until there are enough errors or bits; one that neither has heard is left out."""
    count = min(BURST_BITS, most, 40 * bps)
    ours = peers = bits = seed = 0
    while bits < most and peers < ERRORS and seed < 2 * most // count + 2:
        sent = payload(modem, count, seed)
        heard = carry(peer_burst(modem, bps, sent), line, snr_db, seed + 100 * snr_db)
        a, b = (errors(hear(modem, bps, heard), sent, anywhere=modem == "V.21") for hear in (we_hear, peer_hears))
        seed += 1
        if min(a, b) < LOST * count:
            ours, peers, bits = ours + a, peers + b, bits + len(sent)
    return Row(modem, bps, line, snr_db, ours, peers, bits)


def trainings(modem: str, bps: int, snr_db: int, count: int) -> Training:
    """How many of *count* bursts each hears with less than one bit in a hundred wrong."""
    good = [0, 0]
    for seed in range(count):
        sent = payload(modem, bps // 2, seed)
        heard = carry(peer_burst(modem, bps, sent), "awgn", snr_db, 7000 + seed)
        for k, hear in enumerate((we_hear, peer_hears)):
            good[k] += errors(hear(modem, bps, heard), sent, anywhere=modem == "V.21") < 0.01 * len(sent)
    return Training(modem, bps, snr_db, good[0], good[1], count)


def grid(modem: str, bps: int) -> range:
    """SNRs in dB about the threshold."""
    middle = THRESHOLDS_DB[modem, bps]
    return range(middle - BELOW_DB, middle + ABOVE_DB + 1)


def run(*, quick: bool = False) -> Iterator[Row | Training]:
    """Every modem, rate, line and SNR; *quick*: a twentieth of the bits and a fifth of the trainings."""
    for modem, bps in THRESHOLDS_DB:
        for snr_db in grid(modem, bps):
            most = (MOST_BITS if modem != "V.21" else MOST_BITS // 30) // (20 if quick else 1)
            for line in LINES:
                yield point(modem, bps, line, snr_db, most)
            yield trainings(modem, bps, snr_db, TRAININGS // (5 if quick else 1))


def plot(rows: list[Row], file: str) -> None:
    """Error rates over SNR on white noise, ours in full lines, the peer's in broken ones."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 6), layout="constrained")
    axes = figure.subplots()
    for k, (modem, bps) in enumerate(THRESHOLDS_DB):
        own = [r for r in rows if (r.modem, r.rate, r.line) == (modem, bps, "awgn") and r.bits]
        for name, style in (("ours_errors", "-o"), ("peer_errors", "--x")):
            at = [(r.snr_db, getattr(r, name) / r.bits) for r in own if getattr(r, name)]
            label = f"{modem} {bps}" if style == "-o" else None
            axes.semilogy([p[0] for p in at], [p[1] for p in at], style, color=f"C{k}", label=label, markersize=4)
    axes.set(xlabel="SNR, dB (noise over 0 to 4 kHz)", ylabel="bit error rate")
    axes.set_title("Ours (full) and libspandsp (broken)")
    axes.grid(alpha=0.3, which="both")
    axes.legend(fontsize=8)
    figure.savefig(file)


# -- shown -------------------------------------------------------------------------------------------------------------
def show(found: Iterator[Row | Training], as_json: bool, file: str) -> None:
    """To stdout as it comes, or JSON at the end; a plot into *file* if it has a name."""
    rows: list[Row | Training] = []
    trained: list[Row | Training] = []
    for one in found:
        (rows if isinstance(one, Row) else trained).append(one)
        if not as_json:
            sys.stdout.write(" ".join(f"{value!s:>9}" for value in asdict(one).values()) + "\n")
            sys.stdout.flush()
    if as_json:
        plain = {"rows": [asdict(row) for row in rows], "training": [asdict(row) for row in trained]}
        sys.stdout.write(json.dumps(plain) + "\n")
    if file:
        plot([row for row in rows if isinstance(row, Row)], file)
