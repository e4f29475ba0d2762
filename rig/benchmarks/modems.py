"""Modems beside libspandsp's: seconds of audio per second of one core, 64 channels in blocks of 20 ms.

The signal is a burst with its training over A-law at 40 dB SNR. Both sides are looped natively, ours by its kernels of
many channels; the runs alternate, and the median counts. Our V.21 receiver finds HDLC frames, the peer's gives bits.
"""

import json
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from firmware_sim.clock import SAMPLE_RATE_HZ
from firmware_sim.dsp import hdlc
from firmware_sim.dsp.levels import mean_square
from firmware_sim.modems import CATALOG, fsk_kernels, qam_rx, qam_state, qam_tx
from firmware_sim.modems.qam_specs import row_of
from firmware_sim.rtp.g711 import Codec
from rig.benchmarks.spandsp import Channels

Samples = NDArray[np.int16]

CHANNELS, BLOCK = 64, 160
RUNS = 5
SECONDS = 2.0
"""Of data in a burst."""
SNR_DB = 40.0
LEVEL_DBM0 = -13.0
KINDS = ("V.21", "V.27ter", "V.29", "V.17")


@dataclass(frozen=True)
class Row:
    modem: str
    rate: int
    direction: str
    ours_x: float
    peer_x: float

    @property
    def ratio(self) -> float:
        return self.ours_x / self.peer_x


def _bits(modem: str, bps: int) -> NDArray[np.uint8]:
    """[channel, bit]: frames on V.21, noise elsewhere."""
    rng = np.random.default_rng(bps)
    if modem != "V.21":
        return rng.integers(0, 2, (CHANNELS, int(bps * SECONDS)), np.uint8)
    octets = [rng.integers(0, 256, 40, np.uint8).tobytes() for _ in range(CHANNELS)]
    frames = [hdlc.encode([o], 37) for o in octets]
    count = min(map(len, frames))
    return np.array([f[:count] for f in frames])


def _blocks(samples: int) -> Samples:
    return np.zeros((-(-samples // BLOCK), CHANNELS, BLOCK), np.int16)


def _cpu(job: Callable[[], None]) -> float:
    began = time.process_time()
    job()
    return time.process_time() - began


# -- ours --------------------------------------------------------------------------------------------------------------
def _our_sender(modem: str, bps: int, bits: NDArray[np.uint8]) -> tuple[Callable[[Samples], None], int]:
    """-> (what sends the burst into samples, how many there are)"""
    if modem == "V.21":
        states, padded = np.concatenate([fsk_kernels.tx_new(1, LEVEL_DBM0) for _ in range(CHANNELS)]), bits
        tx_many: Any = fsk_kernels.tx_many
        for c in range(CHANNELS):
            fsk_kernels.tx_start(states[c : c + 1], bits.shape[1])
    else:
        states = np.concatenate([qam_tx.new(row_of(modem, bps), LEVEL_DBM0) for _ in range(CHANNELS)])
        padded = np.array([qam_tx.start(states[c : c + 1], bits[c], False) for c in range(CHANNELS)])
        tx_many = qam_tx.tx_many

    def send(out: Samples) -> None:
        own = states.copy()
        for block in out:
            tx_many(own, padded, block)

    return send, int(states["left"].max())


def _our_receiver(modem: str, bps: int) -> Callable[[Samples], None]:
    told = np.zeros(CHANNELS, np.int64)
    if modem == "V.21":
        states = np.concatenate([fsk_kernels.rx_new(1) for _ in range(CHANNELS)])
        found = np.zeros((CHANNELS, fsk_kernels.OCTETS), np.uint8)
        events = np.zeros((CHANNELS, fsk_kernels.EVENTS, 4), np.int64)
        rx_many: Any = fsk_kernels.rx_many
    else:
        states = np.concatenate([qam_state.new(row_of(modem, bps)) for _ in range(CHANNELS)])
        found = np.zeros((CHANNELS, 2 * BLOCK + qam_state.SPARE_BITS), np.uint8)
        events = np.zeros((CHANNELS, qam_state.EVENTS, 4), np.int64)
        rx_many = qam_rx.rx_many

    def hear(blocks: Samples) -> None:
        own = states.copy()
        for block in blocks:
            rx_many(own, block, found, events, told)

    return hear


# -- the peer ----------------------------------------------------------------------------------------------------------
def _peer_send(modem: str, bps: int, bits: NDArray[np.uint8], out: Samples) -> float:
    with Channels(modem, bps, CHANNELS, bits.shape[1], send=True) as peer:
        peer.load(bits)
        return _cpu(lambda: peer.play(out))


def _peer_hear(modem: str, bps: int, room: int, heard: Samples) -> float:
    with Channels(modem, bps, CHANNELS, room, send=False) as peer:
        return _cpu(lambda: peer.play(heard))


# -- the race ----------------------------------------------------------------------------------------------------------
def line(sent: Samples, snr_db: float = SNR_DB) -> Samples:
    """White noise against the mean power, A-law."""
    rng, x = np.random.default_rng(1), sent.astype(np.float32)
    sigma = float(np.sqrt(mean_square(LEVEL_DBM0) * 10 ** (-snr_db / 10)))
    x += rng.standard_normal(x.shape, np.float32) * np.float32(sigma)
    y = np.rint(x.clip(-32768, 32767)).astype(np.int16)
    return Codec.PCMA.decode(Codec.PCMA.encode(y.ravel())).reshape(sent.shape)


def _medians(ours: Callable[[], float], peer: Callable[[], float]) -> tuple[float, float]:
    """Medians of alternating runs; the first of each, which may compile, does not count."""
    ours()
    peer()
    pairs = [(ours(), peer()) for _ in range(RUNS)]
    a, b = np.median(np.array(pairs), axis=0).tolist()
    return a, b


def race(modem: str, bps: int) -> Iterator[Row]:
    """Receive and send at one rate."""
    bits = _bits(modem, bps)
    send, count = _our_sender(modem, bps, bits)
    sent = _blocks(count)
    audio = sent.shape[0] * CHANNELS * BLOCK / SAMPLE_RATE_HZ
    name = modem.lower().replace(".", "")
    peer_out = np.zeros_like(sent)
    a, b = _medians(lambda: _cpu(lambda: send(sent)), lambda: _peer_send(modem, bps, bits, peer_out))
    heard, hear = line(sent), _our_receiver(modem, bps)
    room = bits.shape[1] + 4096
    c, d = _medians(lambda: _cpu(lambda: hear(heard)), lambda: _peer_hear(modem, bps, room, heard))
    yield Row(name, bps, "rx", audio / c, audio / d)
    yield Row(name, bps, "tx", audio / a, audio / b)


def run() -> Iterator[Row]:
    """Every modem at every rate. Raises InstrumentError where libspandsp is not installed."""
    for modem in KINDS:
        for bps in CATALOG[modem].rates:
            yield from race(modem, bps)


def show(rows: Iterator[Row], as_json: bool) -> None:
    """To stdout as they come, or as JSON at the end."""
    if as_json:
        plain = [{**asdict(r), "ratio": r.ratio} for r in rows]
        sys.stdout.write(json.dumps({"rows": [{k: _short(v) for k, v in row.items()} for row in plain]}) + "\n")
        return
    for r in rows:
        sys.stdout.write(f"{r.modem:8} {r.rate:6} {r.direction}  ours {r.ours_x:8,.0f} x  ")
        sys.stdout.write(f"libspandsp {r.peer_x:8,.0f} x  ratio {r.ratio:5.2f}\n")
        sys.stdout.flush()


def _short(value: object) -> object:
    return round(value, 3) if isinstance(value, float) else value
