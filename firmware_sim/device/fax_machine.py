"""A fax machine on an analogue line: it answers when it rings, dials when told to, prints and sends pages."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum

from firmware_sim.audio import Samples
from firmware_sim.clock import BLOCK_SAMPLES, SAMPLE_US, Instant, ms
from firmware_sim.device.station import FaxStation, StationProfile
from firmware_sim.dsp.tones import DTMF_KEYS, Cadence, ToneGenerator, dtmf
from firmware_sim.errors import LocalProtocolError
from firmware_sim.events import Detail, Stamped
from firmware_sim.fxs.port import Hook
from firmware_sim.t4.page import Page
from firmware_sim.t30.timers import T0, T1

DIAL_TONE_WAIT = ms(1000)
"""Between going off hook and the first digit, dial tone or not."""
LINGER_BLOCKS = 10
"""Blocks between the last bit of DCN and the hook going down: a jitter buffer on the way still holds its end."""

ANSWER_WAIT = T0.nominal - T1.nominal
"""An analogue caller cannot know when it is answered: T0 in all, the last of it as T1."""


@dataclass(frozen=True, slots=True)
class MachineProfile:
    """*rings* is how often it lets the line ring before it answers."""

    station: StationProfile = field(default_factory=StationProfile)
    rings: int = 1


class MachineState(Enum):
    IDLE = "idle"
    DIALLING = "dialling"
    IN_CALL = "in call"


class FaxMachine:
    """Pure: told of ring edges and of audio blocks while off hook. *printed* are the pages in its tray."""

    def __init__(self, name: str, profile: MachineProfile) -> None:
        self.name, self.profile = name, profile
        self.hook = Hook.ON
        self.state = MachineState.IDLE
        self.printed: list[Page] = []
        self._rings_heard = 0
        self._station: FaxStation | None = None
        self._dialler: ToneGenerator | None = None
        self._to_send: tuple[Page, ...] = ()
        self._base: Instant = 0
        self._linger_blocks = LINGER_BLOCKS
        self._events: list[Stamped] = []

    # -- its user, and its line ----------------------------------------------------------------------------------------

    def send(self, number: str, pages: Sequence[Page], now: Instant) -> None:
        """Put pages in and dial. Raises LocalProtocolError while another call is on."""
        if self.state is not MachineState.IDLE:
            raise LocalProtocolError(f"{self.name} is {self.state.value}: wait until its call has ended")
        if not number or set(number.upper()) - set(DTMF_KEYS):
            raise LocalProtocolError(f"{self.name} cannot dial {number!r}: only digits, * and #")
        if not pages:
            raise LocalProtocolError(f"{self.name} has no page to send: put one in")
        self._to_send = tuple(pages)
        self._dialler = _dialler(number)
        self.state, self.hook = MachineState.DIALLING, Hook.OFF
        self._note(now, "dialling", {"number": number, "pages": len(pages)})

    def take_off_hook(self, now: Instant) -> None:
        """Somebody lifts the handset: the line is in use until `put_on_hook`."""
        self.state, self.hook = MachineState.IN_CALL, Hook.OFF
        self._note(now, "off hook", {})

    def put_on_hook(self, now: Instant) -> None:
        """The handset goes down, or somebody presses stop: pages that have arrived are kept."""
        self.loop_lost(now)

    def ring(self, on: bool, now: Instant) -> None:
        """Ringing voltage came or went. It answers in the pause after the last ring it waits for."""
        if on:
            self._rings_heard += 1
            self._note(now, "ringing", {"ring": self._rings_heard})
        elif self._rings_heard >= self.profile.rings and self.state is MachineState.IDLE:
            self.state, self.hook = MachineState.IN_CALL, Hook.OFF
            self._begin_session(now, is_calling=False)
            self._note(now, "answered", {"rings": self._rings_heard})

    def ringing_stopped(self) -> None:
        self._rings_heard = 0

    def loop_lost(self, now: Instant) -> None:
        """The exchange took the line away."""
        if self._station is not None and not self._station.finished:
            self._station.line_lost()
        self._finish(now)

    def execute(self, heard: Samples, now: Instant) -> Samples:
        """One block while off hook; *now* is when it begins."""
        if self._dialler is not None:
            said = self._dialler.execute(len(heard))
            if not self._dialler.remaining:
                self._dialler = None
                self.state = MachineState.IN_CALL
                self._begin_session(now + BLOCK_SAMPLES * SAMPLE_US, is_calling=True)
            return said
        if self._station is None:
            return heard * 0
        said = self._station.execute(heard)
        if self._station.finished:
            self._linger_blocks -= 1
            if self._linger_blocks <= 0:
                self._finish(now)
        return said

    def events(self) -> list[Stamped]:
        taken, self._events = self._events, []
        return taken

    # -- the call ------------------------------------------------------------------------------------------------------

    def _begin_session(self, now: Instant, *, is_calling: bool) -> None:
        self._base, self._linger_blocks = now, LINGER_BLOCKS
        self._station = FaxStation(
            self.profile.station,
            self._news,
            is_calling=is_calling,
            pages=self._to_send if is_calling else (),
            answer_wait=ANSWER_WAIT if is_calling else 0,
        )

    def _news(self, at: Instant, name: str, detail: dict[str, Detail]) -> None:
        self._note(self._base + at, name, detail)

    def _note(self, at: Instant, name: str, detail: dict[str, Detail]) -> None:
        self._events.append(Stamped(at, self.name, name, detail))

    def _finish(self, now: Instant) -> None:
        station, self._station = self._station, None
        if station is not None:
            self.printed += station.received
            outcome = station.outcome
            cause = outcome.code if outcome else "no_fax_tone"
            text = outcome.words if outcome else "the line was taken away before the fax began"
            self._note(now, "fax ended", {"cause": cause, "text": text, **station.summary})
        self._hang_up(now)

    def _hang_up(self, now: Instant) -> None:
        if self.hook is Hook.OFF:
            self._note(now, "on hook", {})
        self._dialler, self._to_send, self._rings_heard = None, (), 0
        self.state, self.hook = MachineState.IDLE, Hook.ON


def _dialler(number: str) -> ToneGenerator:
    wait = (None, DIAL_TONE_WAIT // SAMPLE_US)
    return ToneGenerator(Cadence((wait, *dtmf(number).steps), repeat=False))
