"""Whole calls in simulated time, both ends in one thread, against libspandsp's own two terminals on the same pages.

The peer is looped natively: a compiled loop calls its functions block by block, as a C program would. Both lines are
A-law. Ours plays longer blocks while nothing can happen (`audio.steady_block`), with the same events and the same page.
"""

import ctypes
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from numba import njit
from PIL import Image

from firmware_sim.audio import steady_block
from firmware_sim.clock import BLOCK_SAMPLES, SAMPLE_RATE_HZ
from firmware_sim.device.station import FaxStation, StationProfile
from firmware_sim.errors import FirmwareError
from firmware_sim.rtp.g711 import Codec
from firmware_sim.t4 import patterns
from firmware_sim.t4.page import Page
from firmware_sim.warm import warm

LIBRARY = "libspandsp.so.2"
ROUNDS = 5
LONGEST_S = 3600
ALL_MODEMS = 7
COMPRESSIONS = {"MH": 1, "MMR": 7}
PHASE_E = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int)


@dataclass(frozen=True, slots=True)
class Work:
    call: str
    pages: int
    ecm: bool
    coding: str


WORKS = (
    Work("audio-ecm-1p", 1, True, "MMR"),
    Work("audio-ecm-10p", 10, True, "MMR"),
    Work("audio-1p", 1, False, "MH"),
)


@dataclass(frozen=True, slots=True)
class Row:
    """Seconds of call in a second of CPU time. No *peer_x* where the library is not installed."""

    call: str
    ours_x: float
    peer_x: float | None

    @property
    def ratio(self) -> float | None:
        return self.ours_x / self.peer_x if self.peer_x else None


class CallFailedError(FirmwareError):
    """A call whose speed was to be measured did not bring its pages: its speed means nothing."""


def run() -> Iterator[Row]:
    """Raises CallFailedError."""
    warm()
    peer = find_peer()
    with TemporaryDirectory(prefix="faxrig-") as folder:
        for work in WORKS:
            pages = [patterns.text(seed=number) for number in range(work.pages)]
            tiff = Path(folder) / "pages.tif"
            _write_tiff(tiff, pages)
            jobs: list[Callable[[], float]] = [lambda work=work, pages=pages: ours(work, pages)]  # type: ignore[misc]
            if peer is not None:
                jobs.append(lambda work=work, tiff=tiff: theirs(peer, work, tiff))  # type: ignore[misc]
            speeds = _alternate(jobs)
            yield Row(work.call, speeds[0], speeds[1] if len(speeds) > 1 else None)


def _alternate(jobs: Sequence[Callable[[], float]]) -> list[float]:
    """The median speed of each, measured by turns after a first round that does not count."""
    found: list[list[float]] = [[] for _ in jobs]
    for turn in range(ROUNDS + 1):
        for job, speeds in zip(jobs, found, strict=True):
            began = time.process_time()
            seconds = job()
            if turn:
                speeds.append(seconds / (time.process_time() - began))
    return [statistics.median(speeds) for speeds in found]


def ours(work: Work, pages: Sequence[Page]) -> float:
    """Play the call; its length in seconds. Raises CallFailedError."""
    profile = StationProfile("1", ecm=work.ecm, codings=("MH", work.coding))
    caller = FaxStation(profile, lambda at, name, detail: None, is_calling=True, pages=pages)
    answerer = FaxStation(profile, lambda at, name, detail: None, is_calling=False)
    samples = 0
    while not (caller.finished and answerer.finished):
        count = steady_block(caller.session, answerer.session)
        said, answered = caller.say(count), answerer.say(count)
        answerer.hear(_line(said))
        caller.hear(_line(answered))
        samples += count
    if [page.hash for page in answerer.received] != [page.hash for page in pages]:
        raise CallFailedError(f"{work.call}: {len(answerer.received)} of {len(pages)} pages arrived as they were sent")
    return samples / SAMPLE_RATE_HZ


def _line(block: Any) -> Any:
    return Codec.PCMA.decode(Codec.PCMA.encode(block))


# -- the peer ----------------------------------------------------------------------------------------------------------


class Peer:
    """libspandsp, with the loop that plays two of its terminals."""

    def __init__(self, library: ctypes.CDLL) -> None:
        self.library = library
        library.fax_init.restype = library.fax_get_t30_state.restype = ctypes.c_void_p
        tx, rx = library.fax_tx, library.fax_rx
        for function in (tx, rx):
            function.argtypes, function.restype = (ctypes.c_size_t, ctypes.c_size_t, ctypes.c_int), ctypes.c_int
        self.loop = _loop(tx, rx)

    def terminal(self, done: Any, place: int, *, calling: bool, work: Work) -> tuple[int, int, Any]:
        library = self.library
        fax = library.fax_init(None, ctypes.c_int(calling))
        t30 = ctypes.c_void_p(library.fax_get_t30_state(ctypes.c_void_p(fax)))
        library.t30_set_tx_ident(t30, b"1")
        library.t30_set_ecm_capability(t30, ctypes.c_int(work.ecm))
        library.t30_set_supported_modems(t30, ctypes.c_int(ALL_MODEMS))
        library.t30_set_supported_compressions(t30, ctypes.c_int(COMPRESSIONS[work.coding]))

        def ended(_t30: Any, _user: Any, code: int) -> None:
            done[place] = code + 1

        handler = PHASE_E(ended)
        library.t30_set_phase_e_handler(t30, handler, None)
        library.fax_set_transmit_on_idle(ctypes.c_void_p(fax), 1)
        return fax, t30.value or 0, handler


def _loop(tx: Any, rx: Any) -> Any:
    """Two terminals and an A-law line until both have ended; compiled. Returns the number of blocks."""
    encode = np.array([Codec.PCMA.encode(np.array([n], np.int16))[0] for n in range(-32768, 32768)], np.uint8)
    through = Codec.PCMA.decode(encode.tobytes())

    @njit
    def play(one: int, other: int, done: Any, most: int, a: Any, b: Any, through: Any) -> int:
        for count in range(most):
            tx(one, a.ctypes.data, a.shape[0])
            tx(other, b.ctypes.data, b.shape[0])
            for n in range(a.shape[0]):
                a[n] = through[a[n] + 32768]
                b[n] = through[b[n] + 32768]
            rx(other, a.ctypes.data, a.shape[0])
            rx(one, b.ctypes.data, b.shape[0])
            if done[0] and done[1]:
                return count + 1
        return most

    def begin(one: int, other: int, done: Any) -> int:
        blocks = [np.zeros(BLOCK_SAMPLES, np.int16) for _ in range(2)]
        return int(play(one, other, done, LONGEST_S * 50, *blocks, through))

    return begin


def find_peer() -> Peer | None:
    try:
        return Peer(ctypes.CDLL(LIBRARY))
    except OSError:
        return None


def theirs(peer: Peer, work: Work, tiff: Path) -> float:
    """Play the call; its length in seconds. Raises CallFailedError."""
    done = np.zeros(2, np.int64)
    caller, sender, first = peer.terminal(done, 0, calling=True, work=work)
    answerer, receiver, second = peer.terminal(done, 1, calling=False, work=work)
    peer.library.t30_set_tx_file(ctypes.c_void_p(sender), str(tiff).encode(), -1, -1)
    peer.library.t30_set_rx_file(ctypes.c_void_p(receiver), str(tiff.with_name("received.tif")).encode(), -1)
    blocks = peer.loop(caller, answerer, done)
    for fax in (caller, answerer):
        peer.library.fax_free(ctypes.c_void_p(fax))
    del first, second
    if done.tolist() != [1, 1]:
        raise CallFailedError(f"{work.call}: libspandsp ended with {(done - 1).tolist()}")
    return float(blocks * BLOCK_SAMPLES / SAMPLE_RATE_HZ)


def _write_tiff(path: Path, pages: Sequence[Page]) -> None:
    images = []
    for page in pages:
        rows = np.unpackbits(np.frombuffer(page.rows, np.uint8)).reshape(page.height_px, -1)[:, : page.width_px]
        images.append(Image.fromarray((rows == 0).astype(np.uint8) * 255).convert("1", dither=Image.Dither.NONE))
    dpi = (pages[0].resolution.x_dpi, pages[0].resolution.y_dpi)
    images[0].save(path, save_all=True, append_images=images[1:], compression="group4", dpi=dpi, strip_size=1 << 30)
