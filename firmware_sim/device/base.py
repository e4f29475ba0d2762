"""What every SIP device has: a user agent, one call with its media, and the surface that World and daemon drive."""

from dataclasses import dataclass
from random import Random
from typing import Protocol

from firmware_sim.clock import Instant
from firmware_sim.device.media import BlockClock, RtpLeg
from firmware_sim.events import Address, Datagram, Detail, Stamped
from firmware_sim.rtp.g711 import Codec
from firmware_sim.sip.agent import (
    Account,
    AgentEvent,
    Answered,
    Confirmed,
    Ended,
    Incoming,
    Refused,
    Registered,
    RegistrationFailed,
    Ringing,
    Unregistered,
    UserAgent,
)
from firmware_sim.sip.sdp import Sdp, answer_audio, audio_of, offer_audio


class Device(Protocol):
    """A pure core: datagrams and time in, datagrams and events out."""

    name: str

    @property
    def addresses(self) -> tuple[Address, ...]: ...

    @property
    def deadline(self) -> Instant | None: ...

    def start(self, now: Instant) -> None: ...

    def stop(self, now: Instant) -> None: ...

    def receive(self, datagram: Datagram, now: Instant) -> None: ...

    def expire(self, now: Instant) -> None: ...

    def outputs(self, now: Instant) -> list[Datagram]: ...

    def events(self) -> list[Stamped]: ...


@dataclass(frozen=True, slots=True)
class SipProfile:
    """Where a SIP device lives and who it is. *clock_ppm* is how fast its crystal runs."""

    account: Account
    sip: Address
    rtp: Address
    user_agent: str = "faxrig"
    codecs: tuple[str, ...] = ("PCMA", "PCMU")
    clock_ppm: float = 0.0


@dataclass(slots=True)
class _CallLeg:
    handle: str
    peer: str
    media: RtpLeg | None = None


class SipDevice:
    """A device with one line to the network. What it does with the audio is its subclass's: the `on_` methods."""

    def __init__(self, name: str, profile: SipProfile, rng: Random) -> None:
        self.name, self.profile = name, profile
        self.registered = False
        self._rng = rng
        self._agent = UserAgent(profile.sip, rng, account=profile.account, user_agent=profile.user_agent, max_calls=1)
        self._agent_due: Instant | None = None
        """The agent's deadline, asked for only when it was told something: 50 times a second is too often."""
        self._clock = BlockClock(profile.clock_ppm)
        self._leg: _CallLeg | None = None
        self._sent: list[Datagram] = []
        self._events: list[Stamped] = []

    # -- the surface ---------------------------------------------------------------------------------------------------

    @property
    def addresses(self) -> tuple[Address, ...]:
        return (self.profile.sip, self.profile.rtp)

    @property
    def deadline(self) -> Instant | None:
        own = (self._agent_due, self._clock.due, self._next_due())
        return min((due for due in own if due is not None), default=None)

    def start(self, now: Instant) -> None:
        self._agent.start(now)
        self._drain(now)

    def stop(self, now: Instant) -> None:
        self._agent.stop(now)
        self._drain(now)

    def receive(self, datagram: Datagram, now: Instant) -> None:
        if datagram.destination == self.profile.rtp:
            if self._leg is not None and self._leg.media is not None:
                self._leg.media.receive(datagram)
            return
        self._agent.receive(datagram, now)
        self._drain(now)

    def expire(self, now: Instant) -> None:
        if self._agent_due is not None and self._agent_due <= now:
            self._agent.expire(now)
            self._drain(now)
        self._on_expire(now)
        while (due := self._clock.due) is not None and due <= now:
            self._clock.advance()
            self._block(due)

    def outputs(self, now: Instant) -> list[Datagram]:
        taken, self._sent = self._sent, []
        return self._agent.outputs(now) + taken

    def events(self) -> list[Stamped]:
        taken, self._events = self._events, []
        return taken

    def note(self, at: Instant, name: str, detail: dict[str, Detail]) -> None:
        self._events.append(Stamped(at, self.name, name, detail))

    # -- calls ---------------------------------------------------------------------------------------------------------

    def _dial(self, number: str, now: Instant) -> None:
        offer = offer_audio(self.profile.rtp, self.profile.codecs)
        self._leg = _CallLeg(self._agent.invite(number, offer, now), number)
        self.note(now, "call", {"called": number})
        self._drain(now)

    def _accept(self, incoming: Incoming, now: Instant) -> bool:
        """Answer an incoming call and begin its media; false where that could not be."""
        answer = answer_audio(incoming.offer, self.profile.rtp)
        if answer is None:
            self._agent.reject(incoming.call, 488, now)
            self._drain(now)
            self.note(now, "no common codec", {"offer": str(incoming.offer)})
            return False
        self._leg = _CallLeg(incoming.call, incoming.caller)
        self._agent.accept(incoming.call, answer, now)
        self._drain(now)
        return self._begin_media(incoming.offer, answer, now)

    def _end(self, now: Instant) -> None:
        """End the call from our side, whatever state it is in."""
        leg = self._leg
        if leg is not None:
            self._agent.end(leg.handle, now)
            self._forget(now, "we hung up")
            self._drain(now)

    def _begin_media(self, theirs: Sdp, ours: Sdp, now: Instant) -> bool:
        assert self._leg is not None
        remote, chosen = audio_of(theirs), audio_of(ours)
        if remote is None or chosen is None or chosen.codec not in Codec.__members__:
            self.note(now, "no common codec", {"answer": str(ours)})
            self._end(now)
            return False
        codec = Codec[chosen.codec]
        self._leg.media = RtpLeg(self.profile.rtp, remote.address, codec, self._rng)
        self.note(now, "media", {"codec": codec.name})
        self._clock.start(now)
        return True

    def _forget(self, now: Instant, reason: str) -> None:
        leg, self._leg = self._leg, None
        if leg is None:
            return
        if leg.media is not None:
            heard = leg.media.statistics
            sent = {"packets_sent": leg.media.sent_packets, "packets_received": heard.received}
            faults = {"lost_samples": heard.lost_samples, "slips": heard.slips}
            self.note(now, "call ended", {"reason": reason, **sent, **faults})
        else:
            self.note(now, "call ended", {"reason": reason})
        self._clock.stop()

    def _block(self, due: Instant) -> None:
        """One block of 20 ms, at its due time."""
        media = self._leg.media if self._leg is not None else None
        if media is None:
            self._on_silent_block(due)
            return
        said = self._on_block(media, due)
        self._sent.append(said)

    # -- the agent's events --------------------------------------------------------------------------------------------

    def _drain(self, now: Instant) -> None:
        while (event := self._agent.next_event()) is not None:
            self._follow(event, now)
        self._agent_due = self._agent.deadline

    def _follow(self, event: AgentEvent, now: Instant) -> None:
        match event:
            case Registered():
                if not self.registered:
                    self.note(now, "registered", {"user": self.profile.account.user})
                self.registered = True
            case RegistrationFailed(status, reason, text):
                self.registered = False
                self.note(now, "registration failed", {"status": status, "reason": reason, "text": text})
            case Unregistered():
                self.registered = False
                self.note(now, "unregistered", {"user": self.profile.account.user})
            case Incoming():
                self._on_incoming(event, now)
            case Ended() if self._leg is None or event.call != self._leg.handle:
                self._on_abandoned(event.call, now)
            case _ if self._leg is None or event.call != self._leg.handle:
                pass
            case Ringing(_, status):
                self.note(now, "far end rings", {"status": status})
                self._on_ringing(now)
            case Answered(_, answer):
                self._answered(answer, now)
            case Refused(_, status, reason):
                self.note(now, "call refused", {"status": status, "reason": reason})
                self._forget(now, f"refused: {status} {reason}")
                self._on_refused(status, reason, now)
            case Ended(_, reason, _):
                self._on_cleared(now)
                self._forget(now, reason)
            case Confirmed():
                pass

    def _answered(self, answer: Sdp, now: Instant) -> None:
        self.note(now, "call answered", {})
        if self._begin_media(answer, answer, now):
            self._on_answered(now)

    # -- what a subclass does ------------------------------------------------------------------------------------------

    def _next_due(self) -> Instant | None:
        return None

    def _on_expire(self, now: Instant) -> None:
        pass

    def _on_incoming(self, event: Incoming, now: Instant) -> None:
        raise NotImplementedError

    def _on_ringing(self, now: Instant) -> None:
        pass

    def _on_answered(self, now: Instant) -> None:
        raise NotImplementedError

    def _on_refused(self, status: int, reason: str, now: Instant) -> None:
        raise NotImplementedError

    def _on_cleared(self, now: Instant) -> None:
        raise NotImplementedError

    def _on_abandoned(self, call: str, now: Instant) -> None:
        """A caller gave up before we had answered."""

    def _on_block(self, media: RtpLeg, due: Instant) -> Datagram:
        raise NotImplementedError

    def _on_silent_block(self, due: Instant) -> None:
        """A block while there is no call: an ATA still plays tones to its telephone."""
