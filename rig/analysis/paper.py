"""Pages put together from what was heard: octets of a page, or numbered frames of partial pages named by PPS."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from firmware_sim.t4.codecs import CODECS
from firmware_sim.t4.page import MOST_ROWS, Page, Resolution
from firmware_sim.t30.ecm import TURNED
from firmware_sim.t30.frames import Frame, PartialPage
from firmware_sim.t30.tables import Dcs, Grid

RESOLUTIONS = {
    Grid.STANDARD: Resolution.STANDARD,
    Grid.FINE: Resolution.FINE,
    Grid.SUPERFINE: Resolution.SUPERFINE,
    Grid.DPI_300: Resolution.FINE,
    Grid.DPI_400: Resolution.SUPERFINE,
}
"""Files know no 300 and 400 dpi: the nearest stands for them, and a note says so."""
MOST_PAGES = 500


@dataclass(slots=True)
class Sheet:
    """One page (or one copy of it) as it came."""

    number: int
    """From 1, counted through the call; copies that were sent again count again."""
    terms: Dcs
    rate: str
    page: Page | None = None
    octets: int = 0
    complete: bool = False
    """Its end was heard as the coding has it."""
    missing_frames: int = 0
    blocks: int = 0
    verdict: Frame | None = None
    """What the receiver answered to its post-message command."""
    then: Frame | None = None
    """MPS, EOM or EOP; None where none was heard."""
    notes: list[str] = field(default_factory=list)

    @property
    def bad_rows(self) -> int:
        return len(self.page.bad_rows) if self.page else 0

    @property
    def good(self) -> bool:
        return bool(self.page and self.page.height_px and not self.bad_rows and not self.missing_frames)


@dataclass(slots=True)
class Block:
    frames: dict[int, bytes] = field(default_factory=dict)
    count: int = 0


@dataclass(slots=True)
class Paper:
    """The pages of a call."""

    sheets: list[Sheet] = field(default_factory=list)
    _blocks: dict[int, Block] = field(default_factory=dict)
    """Of the page that is open, by number."""
    _fresh: dict[int, bytes] = field(default_factory=dict)
    """Frames that no PPS has named yet."""
    _open: Sheet | None = None
    _named: PartialPage | None = None

    # -- plain pages ---------------------------------------------------------------------------------------------------

    def plain(self, bits: NDArray[np.uint8], terms: Dcs, rate: str) -> Sheet:
        self.close()
        sheet = self._new(terms, rate)
        _decode(sheet, np.packbits(bits).tobytes())
        return sheet

    # -- partial pages -------------------------------------------------------------------------------------------------

    def frames(self, octets: list[bytes | None], terms: Dcs, rate: str) -> tuple[Sheet, int, int]:
        """A block's signal; -> (its page, good frames, bad ones)."""
        data = [frame for frame in octets if frame is not None and len(frame) > 4 and frame[2] == 0x06]
        if self._open is None:
            self._open = self._new(terms, rate)
        self._fresh |= {frame[3]: frame[4:] for frame in data}
        return self._open, len(data), sum(frame is None for frame in octets)

    def name(self, label: PartialPage) -> None:
        """A PPS: the frames just heard are of this block."""
        if self._open is None:
            return
        if self._named is not None and label.page != self._named.page and self._blocks:
            fresh, terms, rate = self._fresh, self._open.terms, self._open.rate
            self._fresh = {}
            self.close()
            self._open, self._fresh = self._new(terms, rate), fresh
        block = self._blocks.setdefault(label.block, Block())
        block.frames |= self._fresh
        block.count = max(block.count, label.frames)
        self._fresh, self._named = {}, label
        if label.then is not Frame.NULL:
            self._open.then = label.then

    def answer(self, code: Frame) -> None:
        """What the receiver said to the last post-message command."""
        if not self.sheets:
            return
        sheet = self.sheets[-1]
        if self._open is None or code not in (Frame.PPR, Frame.RNR):
            sheet.verdict = code
        if self._named is not None and code in (Frame.MCF, Frame.PIP, Frame.RTP, Frame.ERR, Frame.PIN):
            if self._named.then is not Frame.NULL:
                self.close()
            else:
                sheet.verdict = None

    def command(self, code: Frame) -> None:
        if self.sheets and code.plain in (Frame.MPS, Frame.EOM, Frame.EOP):
            self.sheets[-1].then = code.plain

    def close(self) -> None:
        """Make a page of the blocks that are there."""
        sheet, self._open = self._open, None
        if sheet is None:
            return
        if self._fresh:
            block = self._blocks.setdefault(max(self._blocks, default=-1) + 1, Block())
            block.frames, block.count = self._fresh, max(self._fresh) + 1
            sheet.notes.append("its last block was never named by a PPS")
        octets = self._joined(sheet, 64 if sheet.terms.frames_of_64 else 256)
        sheet.blocks = len(self._blocks)
        self._blocks, self._fresh, self._named = {}, {}, None
        _decode(sheet, octets.translate(TURNED))

    def _joined(self, sheet: Sheet, size: int) -> bytes:
        """The frames in order; zeros where one is missing, or nothing from there on where the coding cannot bear it."""
        frames: list[bytes | None] = []
        for number in range(max(self._blocks, default=-1) + 1):
            block = self._blocks.get(number)
            if block is None:
                sheet.notes.append(f"block {number + 1} was not heard")
                block = Block(count=1)
            frames += [block.frames.get(n) for n in range(block.count)]
        sheet.missing_frames = sum(frame is None for frame in frames)
        if sheet.missing_frames and not CODECS[sheet.terms.coding].marks_rows:
            frames = frames[: frames.index(None)]
        return b"".join(bytes(size) if frame is None else frame for frame in frames)

    def _new(self, terms: Dcs, rate: str) -> Sheet:
        sheet = Sheet(len(self.sheets) + 1, terms, rate)
        self.sheets.append(sheet)
        return sheet


def _decode(sheet: Sheet, octets: bytes) -> None:
    terms = sheet.terms
    decoded = CODECS[terms.coding].decode(octets, terms.width_px, RESOLUTIONS[terms.grid], MOST_ROWS)
    sheet.octets, sheet.complete = len(octets), decoded.complete
    sheet.page = decoded.page if decoded.page.height_px else None
    if terms.grid in (Grid.DPI_300, Grid.DPI_400):
        sheet.notes.append(
            f"its file says {RESOLUTIONS[terms.grid].name.lower()}: it has no word for {terms.grid.name}"
        )
    if sheet.missing_frames:
        sheet.notes.append(f"{sheet.missing_frames} frames are missing")
