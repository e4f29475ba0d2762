"""A fax station as a device has one: pages in, pages out, and news of what happens on the line."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from firmware_sim.audio import FaxSession, Samples
from firmware_sim.clock import Duration, Instant, seconds
from firmware_sim.device import pages as paper
from firmware_sim.events import Detail
from firmware_sim.modems.catalog import CATALOG
from firmware_sim.t4.codecs import CODECS
from firmware_sim.t4.page import Page
from firmware_sim.t30 import timers
from firmware_sim.t30.call import Call, Settings, Sheet, remote_identification
from firmware_sim.t30.capabilities import CODINGS, WIDTHS_MM, modems_of
from firmware_sim.t30.frames import Frame, decode_number, encode_number
from firmware_sim.t30.outcome import Outcome
from firmware_sim.t30.station import called, calling
from firmware_sim.t30.tables import Dis, Modems, Rate
from firmware_sim.t30.timers import Timer

News = Callable[[Instant, str, dict[str, Detail]], None]
"""Told of each thing that happened: when (since the session began), the event's name, its detail."""


@dataclass(frozen=True, slots=True)
class StationProfile:
    """A station's habits. What it offers is what these allow of the modems, codecs and resolutions that there are."""

    station_id: str = ""
    """Goes out as TSI, CSI or CIG."""
    level_dbm0: float = -13.0
    """Its transmit level."""
    ecm: bool = True
    """Offers and uses error correction (T.30 Annex A)."""
    modems: tuple[str, ...] = tuple(CATALOG)
    fastest_bps: int = 14400
    codings: tuple[str, ...] = tuple(CODECS)
    resolutions: tuple[str, ...] = tuple(grid.name for grid in paper.GRIDS)
    width_mm: int = WIDTHS_MM[0]
    """Its widest paper: 215 (A4), 255 (B4) or 303 (A3)."""
    length: str = "unlimited"
    """Its longest paper: "A4", "B4" or "unlimited"."""
    longest_page: int = 8_000_000
    """Octets of one page that it takes, however long its paper."""
    scan_times_ms: tuple[int, int] = (0, 0)
    """The least time a row takes it to print, at standard and at fine resolution."""
    frames_of_64: bool = False
    """Sends blocks in frames of 64 octets, and would rather have them."""
    polls: bool = False
    """As a caller it fetches what waits at the other end, after sending what it has."""
    document_number: str = ""
    """What it polls (SEP)."""
    password: str = ""
    """Goes with a poll (PWD) and with what it sends (SID)."""
    subaddress: str = ""
    """Goes with what it sends (SUB)."""
    poll_password: str = ""
    """Without which nothing is polled here."""
    sender_password: str = ""
    """Without which nothing is received here."""
    nsf: bytes = b""
    """Country code, maker, and what the maker likes to say."""
    copies: int = 3
    """How often a rejected page is sent in all."""
    corrects_on: bool = True
    """After four requests to repeat, corrects on at a slower rate while there is one."""
    asks_repeat: bool = False
    """Says CRP to a command that could not be read."""
    bad_row_limit: float = 0.05
    """Of the rows of a page without error correction: what is above is rejected (RTN)."""
    retrain_limit: float = 0.02
    """What is above wants to be trained again (RTP)."""
    t1_s: float = 35.0
    t2_s: float = 6.0
    t3_s: float = 10.0
    t4_s: float = 3.0
    t5_s: float = 60.0


def capabilities(profile: StationProfile, *, is_calling: bool) -> Dis:
    """What the station can do. A receiver cannot keep a sender to a rate within a modem, so it leaves that modem out.

    A station whose modems have no code in a DIS says the lowest that there is.
    """
    slowest_or_fastest = min if is_calling else max
    modems = [
        name
        for name in {rate.modem for rate in Rate}
        if name in profile.modems
        and name in CATALOG
        and slowest_or_fastest(rate.bps for rate in Rate if rate.modem == name) <= profile.fastest_bps
    ]
    bits = [CODINGS[name] for name in CODECS if name in profile.codings and name in CODINGS]
    bits += [grid.bit for grid in paper.GRIDS if grid.name in profile.resolutions]
    return Dis.of(
        receives=True,
        modems=modems_of(modems) or Modems.V27TER_2400_ONLY,
        ecm=profile.ecm,
        prefers_64=profile.frames_of_64,
        widths_mm=tuple(width for width in WIDTHS_MM if width <= profile.width_mm),
        length=profile.length,
        scan_times_ms=profile.scan_times_ms,
        subaddress=True,
        password=True,
        **{bit: True for bit in bits if bit},
    )


def settings(profile: StationProfile, *, is_calling: bool) -> Settings:
    """The habits of a station as T.30 wants them."""
    said = {
        Frame.NSF: profile.nsf,
        Frame.SEP: _number(profile.document_number),
        Frame.PWD: _number(profile.password),
        Frame.SID: _number(profile.password),
        Frame.SUB: _number(profile.subaddress),
    }
    return Settings(
        capabilities=capabilities(profile, is_calling=is_calling),
        identification=_number(profile.station_id),
        ecm=profile.ecm,
        frames_of_64=profile.frames_of_64,
        fastest_bps=profile.fastest_bps,
        polls=profile.polls,
        options={frame: fif for frame, fif in said.items() if fif},
        poll_password=_number(profile.poll_password),
        sender_password=_number(profile.sender_password),
        bad_row_limit=profile.bad_row_limit,
        retrain_limit=profile.retrain_limit,
        copies=profile.copies,
        corrects_on=profile.corrects_on,
        asks_repeat=profile.asks_repeat,
        longest_page=profile.longest_page,
        encode=paper.encode,
        inspect=paper.inspect,
        form=paper.form,
        divide=paper.divide,
        t1=_lasting(timers.T1, profile.t1_s),
        t2=_lasting(timers.T2, profile.t2_s),
        t3=_lasting(timers.T3, profile.t3_s),
        t4=_lasting(timers.T4, profile.t4_s),
        t5=_lasting(timers.T5, profile.t5_s),
    )


def _number(text: str) -> bytes:
    return encode_number(text) if text else b""


def _lasting(timer: Timer, seconds_long: float) -> Timer:
    return replace(timer, nominal=seconds(seconds_long))


class FaxStation:
    """One call of a station. `execute` moves a block of audio; `news` is told what came of it.

    A caller sends *pages*; a called station has them ready to be polled, and those on the *shelf* by number.
    """

    def __init__(
        self,
        profile: StationProfile,
        news: News,
        *,
        is_calling: bool,
        pages: Sequence[Page] = (),
        shelf: Mapping[str, Sequence[Page]] | None = None,
        answer_wait: Duration = 0,
    ) -> None:
        self.pages = tuple(pages)
        self.received: list[Page] = []
        self.pages_confirmed = 0
        self.rate_bps = 0
        self._call = Call(
            settings(profile, is_calling=is_calling),
            [list(pages)] if pages else [],
            {number: list(document) for number, document in (shelf or {}).items()},
        )
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

    def say(self, count: int) -> Samples:
        """See `FaxSession.say`: the two halves of `execute`, for whoever plays both ends of a line."""
        return self._session.say(count)

    def hear(self, heard: Samples) -> None:
        self._session.hear(heard)
        self._tell()

    @property
    def session(self) -> FaxSession:
        return self._session

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
        subaddress = decode_number(self._call.peer.get(Frame.SUB, b""))
        return {"remote_id": self.remote_id, **counts, **({"subaddress": subaddress} if subaddress else {})}

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
        """Pages count up to the first that has holes: a later attempt begins with that one."""
        confirmed = 0
        for sheet in self._call.sent:
            if not sheet.good:
                break
            confirmed += sheet.last_part
            if confirmed > self.pages_confirmed:
                self.pages_confirmed, page = confirmed, sheet.page
                assert isinstance(page, Page)
                self._news(self._call.now, "page sent", {"page": self.pages_confirmed, **_described(page)})
        for sheet in self._call.received[len(self.received) :]:
            self._take(sheet)

    def _take(self, sheet: Sheet) -> None:
        page = paper.decode(sheet.octets, sheet.terms).page
        self.received.append(page)
        detail = {"page": len(self.received), **_described(page), "bad_rows": len(page.bad_rows)}
        self._news(self._call.now, "page received", detail)


def _described(page: Page) -> dict[str, Detail]:
    return {"hash": page.hash, "rows": page.height_px}
