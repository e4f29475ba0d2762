"""One signal of a call as the tester sees it, and how a burst is read: tone, V.21 or image."""

from dataclasses import dataclass, field, replace

import numpy as np

from firmware_sim.modems.api import Demodulator
from firmware_sim.modems.catalog import CATALOG
from firmware_sim.t4.codecs import CODECS
from firmware_sim.t4.page import Decoded, Resolution
from rig.conformance import frames as f
from rig.conformance import wire
from rig.conformance.model import Row, Samples

MS = 8
"""Samples."""
GRIDS = {41: Resolution.SUPERFINE, f.FINE: Resolution.FINE}
CODINGS = {f.T85: "JBIG", f.T6: "MMR", f.MR: "MR"}
WIDTHS = {"00": 1728, "10": 2048, "01": 2432}
MOST_ROWS = 20_000


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


@dataclass(slots=True)
class Receiver:
    """An image modem of ours; *origin* and *told* are samples of the call."""

    demodulator: Demodulator
    origin: int
    told: int


def trains_briefly(modem: str, long: bool) -> bool:
    return modem == "V.17" and not long


def split_rate(rate: str) -> tuple[str, int]:
    modem, _, bps = rate.partition(" ")
    return modem, int(bps)


def tester_has(rate: str) -> bool:
    modem, bps = split_rate(rate)
    return modem in CATALOG and bps in CATALOG[modem].rates


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


def decode_page(bits: Row, dcs: bytes) -> Decoded:
    """A page by the coding, width and resolution of a DCS."""
    octets = np.packbits(bits.astype(np.uint8)).tobytes()
    return decode_octets(octets, dcs)


def decode_octets(octets: bytes, dcs: bytes) -> Decoded:
    resolution = next((grid for bit, grid in GRIDS.items() if f.is_set(dcs, bit)), Resolution.STANDARD)
    return CODECS[coding_of(dcs)].decode(octets, WIDTHS.get(f.bits(dcs, 17, 2), 1728), resolution, MOST_ROWS)


def coding_of(dcs: bytes) -> str:
    return next((name for bit, name in CODINGS.items() if f.is_set(dcs, bit)), "MH")
