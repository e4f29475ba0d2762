"""A fax interface: it registers to a PBX, sends what it is told to dial, and keeps what comes in until it is taken.

Calls belong to the device. `dial` is idempotent for a job and attempt; a *fence* that is older than one already seen is
refused, so of two workers that both believe they own a job only the younger one is heard. Every confirmed page is
journalled the moment it is confirmed: a worker that comes back attaches to the running call and misses nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from random import Random

from firmware_sim.clock import Instant
from firmware_sim.device import causes
from firmware_sim.device.base import SipDevice, SipProfile
from firmware_sim.device.causes import CallCause
from firmware_sim.device.media import RtpLeg
from firmware_sim.device.station import FaxStation, StationProfile
from firmware_sim.errors import LocalProtocolError
from firmware_sim.events import Datagram, Detail
from firmware_sim.sip.agent import Incoming
from firmware_sim.t4.page import Page

LINGER_BLOCKS = 10
"""Blocks between the last bit of DCN and BYE: a jitter buffer on the way still holds its end."""

JOURNAL_LIMIT = 10_000
"""How many ended attempts are remembered."""


class StaleFenceError(LocalProtocolError):
    """A younger claim of this job has been seen."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """What the device knows of one attempt. *cause* is empty while it runs, "ok" when every page was confirmed."""

    job_id: int
    attempt: int
    pages_confirmed: int = 0
    rate_bps: int = 0
    cause: str = ""
    text: str = ""
    retry: bool = False

    @property
    def finished(self) -> bool:
        return bool(self.cause)


@dataclass(frozen=True, slots=True)
class Received:
    """A fax that came in, kept until taken."""

    fax_id: str
    called: str
    caller: str
    remote_id: str
    pages: tuple[Page, ...]
    cause: str
    text: str


Key = tuple[int, int]


class FaxInterface(SipDevice):
    """See the module. `dial`, `state`, `hang_up`, `received` and `take` are its control surface."""

    def __init__(self, name: str, profile: SipProfile, rng: Random, station: StationProfile) -> None:
        super().__init__(name, profile, rng)
        self._station_profile = station
        self._attempts: dict[Key, Attempt] = {}
        self._fences: dict[int, int] = {}
        self._current: Key | None = None
        self._pages: tuple[Page, ...] = ()
        self._station: FaxStation | None = None
        self._parties = ("", "")
        self._base: Instant = 0
        self._linger_blocks = 0
        self._inbox: list[Received] = []
        self._faxes = 0
        self._stopping: CallCause | None = None

    # -- control -------------------------------------------------------------------------------------------------------

    def dial(self, job_id: int, attempt: int, fence: int, number: str, pages: Sequence[Page], now: Instant) -> Attempt:
        """Begin an attempt, or attach to it. Raises StaleFenceError."""
        self._check_fence(job_id, fence)
        key = (job_id, attempt)
        if key in self._attempts:
            return self._attempts[key]
        if self._current is not None and self._current[0] == job_id:
            self._stop(causes.SUPERSEDED, now)
        self._attempts[key] = Attempt(job_id, attempt)
        self._trim()
        if self._leg is not None:
            self._close(key, causes.INTERFACE_BUSY, now)
        elif not self.registered:
            self._close(key, causes.NOT_REGISTERED, now)
        else:
            self._current, self._pages, self._stopping = key, tuple(pages), None
            self._parties = (number, self.profile.account.user)
            self._dial(number, now)
        return self._attempts[key]

    def state(self, job_id: int, attempt: int, fence: int) -> Attempt:
        """Raises StaleFenceError, and LocalProtocolError for an attempt that was never dialled here."""
        self._check_fence(job_id, fence)
        known = self._attempts.get((job_id, attempt))
        if known is None:
            raise LocalProtocolError(f"attempt {attempt} of job {job_id} was never dialled on {self.name}: dial it")
        return known

    def hang_up(self, job_id: int, fence: int, now: Instant) -> None:
        """End the job's call, if one runs. Raises StaleFenceError."""
        self._check_fence(job_id, fence)
        if self._current is not None and self._current[0] == job_id:
            self._stop(causes.ABORTED, now)

    def received(self) -> list[Received]:
        return list(self._inbox)

    def take(self, fax_id: str) -> None:
        self._inbox = [fax for fax in self._inbox if fax.fax_id != fax_id]

    def _check_fence(self, job_id: int, fence: int) -> None:
        known = self._fences.get(job_id, 0)
        if fence < known:
            raise StaleFenceError(f"job {job_id} has been claimed anew (fence {known}, not {fence}): leave it alone")
        self._fences[job_id] = fence

    def _trim(self) -> None:
        while len(self._attempts) > JOURNAL_LIMIT:
            oldest = next(iter(self._attempts))
            if oldest == self._current:
                return
            del self._attempts[oldest]

    def _stop(self, cause: CallCause, now: Instant) -> None:
        """Say DCN where a fax is on, then hang up; without one hang up at once."""
        self._stopping = cause
        if self._station is not None and not self._station.finished:
            self._station.abort()
        elif self._leg is not None and self._station is None:
            self._end(now)
            self._over(now)

    # -- the call ------------------------------------------------------------------------------------------------------

    def _begin_station(self, now: Instant, *, is_calling: bool) -> None:
        self._base, self._linger_blocks = now, LINGER_BLOCKS
        pages = self._pages if is_calling else ()
        self._station = FaxStation(self._station_profile, self._news, is_calling=is_calling, pages=pages)

    def _news(self, at: Instant, name: str, detail: dict[str, Detail]) -> None:
        self.note(self._base + at, name, detail)

    def _on_incoming(self, event: Incoming, now: Instant) -> None:
        if self._leg is not None:
            self._agent.reject(event.call, 486, now)
            return
        self._parties = (event.called, event.caller)
        self.note(now, "rung", {"caller": event.caller, "called": event.called})
        if self._accept(event, now):
            self._begin_station(now, is_calling=False)

    def _on_answered(self, now: Instant) -> None:
        self._begin_station(now, is_calling=True)

    def _on_refused(self, status: int, reason: str, now: Instant) -> None:
        self._over(now, self._stopping or causes.of_status(status, reason))

    def _on_cleared(self, now: Instant) -> None:
        if self._station is not None and not self._station.finished:
            self._station.line_lost()
        self._over(now)

    def _on_block(self, media: RtpLeg, due: Instant) -> Datagram:
        heard = media.hear()
        if self._station is None:
            return media.say(heard * 0)
        datagram = media.say(self._station.execute(heard))
        self._journal()
        if self._station.finished:
            self._linger_blocks -= 1
            if self._linger_blocks <= 0:
                self._end(due)
                self._over(due)
        return datagram

    # -- the journal ---------------------------------------------------------------------------------------------------

    def _journal(self) -> None:
        station = self._station
        if station is None or self._current is None:
            return
        known = self._attempts[self._current]
        if (known.pages_confirmed, known.rate_bps) != (station.pages_confirmed, station.rate_bps):
            self._attempts[self._current] = replace(
                known, pages_confirmed=station.pages_confirmed, rate_bps=station.rate_bps
            )

    def _over(self, now: Instant, cause: CallCause | None = None) -> None:
        """The call is over, on whichever side it ended."""
        self._journal()
        station, self._station = self._station, None
        if cause is None:
            cause = self._stopping or _cause_of(station)
        if station is not None:
            self._tell_end(station, cause, now)
        if self._current is not None:
            key, self._current = self._current, None
            self._close(key, cause, now)
        elif station is not None and station.received:
            self._keep(station, cause)
        self._pages, self._stopping = (), None

    def _tell_end(self, station: FaxStation, cause: CallCause, now: Instant) -> None:
        self.note(now, "fax ended", {"cause": cause.code, "text": cause.text, **station.summary})

    def _close(self, key: Key, cause: CallCause, now: Instant) -> None:
        self._attempts[key] = replace(self._attempts[key], cause=cause.code, text=cause.text, retry=cause.retry)
        known = self._attempts[key]
        detail: dict[str, Detail] = {"cause": cause.code, "text": cause.text, "pages_confirmed": known.pages_confirmed}
        self.note(now, "attempt ended", {"job": key[0], "attempt": key[1], **detail})

    def _keep(self, station: FaxStation, cause: CallCause) -> None:
        self._faxes += 1
        fax_id = f"{self._rng.getrandbits(48):012x}-{self._faxes}"
        called, caller = self._parties
        self._inbox.append(
            Received(fax_id, called, caller, station.remote_id, tuple(station.received), cause.code, cause.text)
        )


def _cause_of(station: FaxStation | None) -> CallCause:
    if station is None:
        return causes.CALL_FAILED
    outcome = station.outcome
    if outcome is None:
        return causes.LINE_DROPPED
    return CallCause(outcome.code, outcome.words, outcome.retry)
