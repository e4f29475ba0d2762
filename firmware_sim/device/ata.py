"""An analogue telephone adapter with one FXS port, and the fax machine plugged into it."""

from collections.abc import Sequence
from random import Random

import numpy as np

from firmware_sim.audio import Samples
from firmware_sim.clock import BLOCK_SAMPLES, Instant
from firmware_sim.device.base import SipDevice, SipProfile
from firmware_sim.device.fax_machine import FaxMachine
from firmware_sim.device.media import RtpLeg
from firmware_sim.dsp.detectors import DtmfDetector
from firmware_sim.dsp.tones import Cadence, ToneGenerator, dial_tone, ringback
from firmware_sim.dsp.tones import busy as busy_tone
from firmware_sim.errors import LocalProtocolError
from firmware_sim.events import Datagram, Stamped
from firmware_sim.fxs.line import Line
from firmware_sim.fxs.port import FxsPort, Hook, PortState, Signal
from firmware_sim.sip.agent import Incoming
from firmware_sim.t4.page import Page

SILENCE: Samples = np.zeros(BLOCK_SAMPLES, np.int16)
TONES: dict[PortState, Cadence] = {
    PortState.COLLECTING: dial_tone(),
    PortState.CALLING: ringback(),
    PortState.RELEASED: busy_tone(),
}


class Ata(SipDevice):
    """Rings the machine for calls that come in, collects the digits of calls that go out, and carries the audio.

    *line* is what lies between port and machine; None is a perfect one.
    """

    def __init__(
        self, name: str, profile: SipProfile, rng: Random, machine: FaxMachine, line: Line | None = None
    ) -> None:
        super().__init__(name, profile, rng)
        self.machine, self.port, self.line = machine, FxsPort(), line
        self._waiting: Incoming | None = None
        self._far_end_rings = False
        self._tone: ToneGenerator | None = None
        self._digits = DtmfDetector()
        self._ring_is_on = False
        self._ring_edge: Instant | None = None

    # -- what the machine's user does ----------------------------------------------------------------------------------

    def send(self, number: str, pages: Sequence[Page], now: Instant) -> None:
        """Let the machine send. Raises LocalProtocolError while the line is in use."""
        if self.port.state is not PortState.IDLE:
            busy = self.port.state.value
            raise LocalProtocolError(f"the line of {self.machine.name} is {busy}: wait until it is free")
        self.machine.send(number, pages, now)
        self._watch_hook(now)

    def take_off_hook(self, now: Instant) -> None:
        self.machine.take_off_hook(now)
        self._watch_hook(now)

    def put_on_hook(self, now: Instant) -> None:
        self.machine.put_on_hook(now)
        self._watch_hook(now)

    def events(self) -> list[Stamped]:
        return sorted(super().events() + self.machine.events(), key=lambda event: event.at)

    # -- the line ------------------------------------------------------------------------------------------------------

    def _watch_hook(self, now: Instant) -> None:
        """What follows from where the machine's hook is now."""
        if self.machine.hook is Hook.OFF and self.port.signal(Signal.OFF_HOOK, now):
            self._ring_edge = None
            if self.port.state is PortState.TALKING and self._waiting is not None:
                waiting, self._waiting = self._waiting, None
                self._accept(waiting, now)
            self._play_tone()
            self._clock.start(now)
        elif self.machine.hook is Hook.ON and self.port.state not in (PortState.IDLE, PortState.RINGING):
            self.port.signal(Signal.ON_HOOK, now)
            self._end(now)
            self._clock.stop()
            self._rest_line()

    def _play_tone(self) -> None:
        cadence = TONES.get(self.port.state)
        if self.port.state is PortState.CALLING and not self._far_end_rings:
            cadence = None
        self._tone = ToneGenerator(cadence) if cadence is not None else None

    def _over_line(self, block: Samples, due: Instant) -> Samples:
        """What the port hears while it says *block*."""
        if self.line is None:
            return self.machine.execute(block, due)
        return self.line.toward_port(self.machine.execute(self.line.toward_machine(block), due))

    def _rest_line(self) -> None:
        if self.line is not None:
            self.line.rest()

    def _on_block(self, media: RtpLeg, due: Instant) -> Datagram:
        said = self._over_line(media.hear(), due)
        datagram = media.say(said)
        self._watch_hook(due)
        return datagram

    def _on_silent_block(self, due: Instant) -> None:
        tone = self._tone.execute(BLOCK_SAMPLES) if self._tone is not None else SILENCE
        said = self._over_line(tone, due)
        if self.port.state is PortState.COLLECTING:
            for _, digit in self._digits.execute(said):
                self.port.digit(digit, due)
                self._tone = None
        self._watch_hook(due)

    # -- time ----------------------------------------------------------------------------------------------------------

    def _next_due(self) -> Instant | None:
        due = (self._ring_edge, self.port.number_complete_at)
        return min((instant for instant in due if instant is not None), default=None)

    def _on_expire(self, now: Instant) -> None:
        if self._ring_edge is not None and self._ring_edge <= now:
            self._ring(now)
        complete = self.port.number_complete_at
        if complete is not None and complete <= now:
            self._number_complete(now)

    def _ring(self, now: Instant) -> None:
        on = self.port.ring_on(now)
        self._ring_edge = self.port.next_ring_edge(now)
        if on != self._ring_is_on:
            self._ring_is_on = on
            self.machine.ring(on, now)
            self._watch_hook(now)

    def _number_complete(self, now: Instant) -> None:
        if not self.port.digits:
            self.port.signal(Signal.CLEARED, now)
            self._play_tone()
            return
        self._far_end_rings = False
        self.port.signal(Signal.DIALLED, now)
        self.note(now, "dialled", {"number": self.port.digits})
        self._play_tone()
        self._dial(self.port.digits, now)

    # -- the network ---------------------------------------------------------------------------------------------------

    def _on_incoming(self, event: Incoming, now: Instant) -> None:
        if not self.port.signal(Signal.RING, now):
            self._agent.reject(event.call, 486, now)
            self.note(now, "refused a call", {"caller": event.caller, "status": 486, "reason": self.port.state.value})
            return
        self._waiting = event
        self.note(now, "rung", {"caller": event.caller, "called": event.called})
        self._agent.ring(event.call, now)
        self._ring_is_on = False
        self._ring(now)

    def _on_ringing(self, now: Instant) -> None:
        if not self._far_end_rings:
            self._far_end_rings = True
            self._play_tone()

    def _on_answered(self, now: Instant) -> None:
        self.port.signal(Signal.ANSWERED, now)
        self._tone = None

    def _on_refused(self, status: int, reason: str, now: Instant) -> None:
        self.port.signal(Signal.CLEARED, now)
        self._play_tone()
        self._clock.start(now)

    def _on_cleared(self, now: Instant) -> None:
        """The far end hung up: the loop is opened (disconnect supervision), so the machine knows."""
        self.port.signal(Signal.CLEARED, now)
        self.machine.loop_lost(now)
        self.port.signal(Signal.ON_HOOK, now)
        self._rest_line()

    def _on_abandoned(self, call: str, now: Instant) -> None:
        """The caller gave up while we rang."""
        if self._waiting is None or self._waiting.call != call:
            return
        self._waiting, self._ring_edge, self._ring_is_on = None, None, False
        self.port.signal(Signal.STOP, now)
        self.machine.ringing_stopped()
