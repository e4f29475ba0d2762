"""A fax station as a device has one: pages in, pages out, and news of what happens on the line."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from firmware_sim.audio import FaxSession, Samples
from firmware_sim.clock import Duration, Instant
from firmware_sim.events import Detail
from firmware_sim.t4 import mh
from firmware_sim.t4.page import Page, Resolution
from firmware_sim.t4.scale import at_resolution
from firmware_sim.t30.capabilities import AUDIO_V29, Dcs
from firmware_sim.t30.frames import encode_number
from firmware_sim.t30.outcome import Outcome
from firmware_sim.t30.procedure import Call, Copy, Settings, Sheet, remote_identification
from firmware_sim.t30.station import called, calling

News = Callable[[Instant, str, dict[str, Detail]], None]
"""Told of each thing that happened: when (since the session began), the event's name, its detail."""


@dataclass(frozen=True, slots=True)
class StationProfile:
    """A station's habits. *level_dbm0* is its transmit level, *station_id* goes out as TSI or CSI."""

    station_id: str = ""
    level_dbm0: float = -13.0
    ecm: bool = True
    """Offers and uses error correction (T.30 Annex A)."""


def encode_page(page: object, terms: Dcs) -> bytes:
    assert isinstance(page, Page)
    agreed = Resolution.FINE if terms.fine else Resolution.STANDARD
    return mh.encode(at_resolution(page, agreed), terms.min_row_bits)


def is_fine(page: object) -> bool:
    return isinstance(page, Page) and page.resolution is Resolution.FINE


def decode_page(octets: bytes, terms: Dcs) -> mh.Decoded:
    return mh.decode(octets, terms.width_px or 1728, Resolution.FINE if terms.fine else Resolution.STANDARD)


def inspect_page(octets: bytes, terms: Dcs) -> Copy:
    decoded = decode_page(octets, terms)
    return Copy(decoded.page.height_px, len(decoded.page.bad_rows), decoded.complete)


class FaxStation:
    """One call of a station. `execute` moves a block of audio; `news` is told what came of it."""

    def __init__(
        self,
        profile: StationProfile,
        news: News,
        *,
        is_calling: bool,
        pages: Sequence[Page] = (),
        answer_wait: Duration = 0,
    ) -> None:
        settings = Settings(
            capabilities=AUDIO_V29.replace(ecm=profile.ecm),
            identification=encode_number(profile.station_id) if profile.station_id else b"",
            ecm=profile.ecm,
            encode=encode_page,
            inspect=inspect_page,
            is_fine=is_fine,
        )
        self.pages = tuple(pages)
        self.received: list[Page] = []
        self.pages_confirmed = 0
        self.rate_bps = 0
        self._call = Call(settings, [list(pages)] if pages else [])
        self._session = FaxSession(
            self._call,
            calling if is_calling else called,
            calling=is_calling,
            level_dbm0=profile.level_dbm0,
            answer_wait=answer_wait,
        )
        self._news, self._told = news, 0

    def execute(self, heard: Samples) -> Samples:
        said = self._session.execute(heard)
        self._tell()
        return said

    def abort(self) -> None:
        self._session.abort()
        self._tell()

    def line_lost(self) -> None:
        self._session.line_lost()
        self._tell()

    @property
    def finished(self) -> bool:
        return self._session.finished

    @property
    def outcome(self) -> Outcome | None:
        return self._session.terminal.outcome if self._session.terminal else None

    @property
    def remote_id(self) -> str:
        return remote_identification(self._call)

    @property
    def summary(self) -> dict[str, Detail]:
        """What to tell when it is over."""
        counts = {"pages_sent": self.pages_confirmed, "pages_received": len(self.received)}
        return {"remote_id": self.remote_id, **counts}

    # -- news ----------------------------------------------------------------------------------------------------------

    def _tell(self) -> None:
        terminal = self._session.terminal
        if terminal is None:
            return
        for at, direction, text in terminal.trace[self._told :]:
            self._news(at, "t30", {"direction": direction, "text": text})
        self._told = len(terminal.trace)
        self._tell_rate()
        self._tell_pages()

    def _tell_rate(self) -> None:
        """The rate counts as agreed once pages travel; told again when it changes."""
        rate = self._call.terms.rate
        if self._call.phase.name in ("C", "D") and rate is not None and rate.bps != self.rate_bps:
            self.rate_bps = rate.bps
            self._news(self._call.now, "trained", {"modem": rate.modem, "rate_bps": rate.bps})

    def _tell_pages(self) -> None:
        good = [sheet for sheet in self._call.sent if sheet.good]
        while self.pages_confirmed < len(good):
            page = self.pages[self.pages_confirmed]
            self.pages_confirmed += 1
            self._news(self._call.now, "page sent", {"page": self.pages_confirmed, **_described(page)})
        for sheet in self._call.received[len(self.received) :]:
            self._take(sheet)

    def _take(self, sheet: Sheet) -> None:
        page = decode_page(sheet.octets, sheet.terms).page
        self.received.append(page)
        detail = {"page": len(self.received), **_described(page), "bad_rows": len(page.bad_rows)}
        self._news(self._call.now, "page received", detail)


def _described(page: Page) -> dict[str, Detail]:
    return {"hash": page.hash, "rows": page.height_px}
