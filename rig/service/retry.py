"""When a fax is tried again, and when not: data by the cause that the device reported."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from firmware_sim.clock import Duration, Instant, seconds


@dataclass(frozen=True, slots=True)
class CauseRule:
    """*delays* are the waits before attempt 2, 3, ...; the last one repeats. Without any, the cause is permanent."""

    text: str
    """What happened, to follow "the call failed: "."""
    remedy: str
    delays: tuple[Duration, ...] = ()

    def delay(self, attempts: int) -> Duration:
        return self.delays[min(attempts, len(self.delays)) - 1]


PATIENT = tuple(seconds(s) for s in (60, 120, 180, 300))
QUICK = tuple(seconds(s) for s in (30, 60, 120, 300))
AT_ONCE = tuple(seconds(s) for s in (5, 10, 30, 60))

CAUSES: Mapping[str, CauseRule] = {
    "busy": CauseRule("the number is busy", "send it again later", PATIENT),
    "no_answer": CauseRule("nobody answered", "check that the fax machine is on, then send it again", PATIENT),
    "no_such_number": CauseRule("the number does not exist", "check the number and send it again"),
    "rejected": CauseRule("the call was rejected", "ask the recipient whether faxes are accepted at this number"),
    "incompatible": CauseRule("the far machine cannot receive this fax", "send it at standard resolution"),
    "not_registered": CauseRule(
        "the fax interface is not registered at the PBX", "check its registration and licence", AT_ONCE
    ),
    "no_fax_tone": CauseRule("no fax machine answered", "check that the number is a fax number", PATIENT),
    "line_dropped": CauseRule("the line dropped", "send it again, and have the line checked if it recurs", QUICK),
    "no_response": CauseRule("the far machine stopped answering", "send it again later", QUICK),
    "cannot_train": CauseRule("the line is too poor for any speed", "have the line checked", QUICK),
    "no_identification": CauseRule("the far machine did not identify itself", "send it again later", QUICK),
    "copy_rejected": CauseRule("the far machine could not read a page", "have the line checked", QUICK),
    "peer_disconnected": CauseRule("the far machine ended the call", "ask the recipient to check it", QUICK),
    "unreachable": CauseRule("the called device is away from the PBX", "see that it is running", PATIENT),
    "pbx_unavailable": CauseRule("the PBX did not answer", "see that it is running and reachable", AT_ONCE),
    "interface_busy": CauseRule("the fax interface is in another call", "send it again later", AT_ONCE),
    "interface_down": CauseRule("the fax interface is away", "check its power and its network", AT_ONCE),
    "unexpected": CauseRule("the far machine said something unexpected", "send it again later", QUICK),
}


SECOND = seconds(1)


@dataclass(frozen=True, slots=True)
class Policy:
    """Everything about time in the service. Shorten it for tests."""

    give_up_after: Duration = 30 * 60 * SECOND
    """After a fax was accepted: no attempt begins later than that."""
    shortest_wait: Duration = 10 * SECOND
    """A last attempt is brought forward to fit within *give_up_after*, but not closer to the one before than this."""
    unreachable: Duration = 5 * SECOND
    """How soon a device that was away is asked again. No attempt is counted for that."""
    silent_for: Duration = 30 * 60 * SECOND
    """So long after the device last spoke of a call, nothing more is expected of it."""
    lease: Duration = 10 * SECOND
    poll_call: Duration = SECOND // 4
    poll_idle: Duration = SECOND
    offered_again: Duration = 60 * SECOND
    """A fax that was taken and comes again with the same id and content within this time is the same one."""
    calls_at_once: int = 1
    """Per worker: as many as its fax interface has channels."""
    unknown_delays: tuple[Duration, ...] = QUICK
    """For causes that are not in the table, when the device says that another attempt makes sense."""
    causes: Mapping[str, CauseRule] = field(default_factory=lambda: CAUSES)

    def rule(self, cause: str, text: str, retry: bool) -> CauseRule:
        known = self.causes.get(cause)
        if known is not None:
            return known
        return CauseRule(text or f"cause {cause}", "send it again later", self.unknown_delays if retry else ())

    def next_attempt(self, rule: CauseRule, attempts: int, created_at: Instant, now: Instant) -> Instant | None:
        """When to try again after *attempts* attempts, None when the time is over. Only for causes that pass."""
        wanted = now + rule.delay(attempts)
        last = created_at + self.give_up_after - self.shortest_wait
        if wanted <= last:
            return wanted
        return last if last >= now + self.shortest_wait else None
