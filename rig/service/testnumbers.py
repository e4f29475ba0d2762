"""Numbers that are not dialled: each plays one ending of a fax, so that whoever builds on the service can try it.

The numbers are from the range 555-01xx, which belongs to nobody. The player speaks the protocol of a fax interface and
stands before the real one; a worker that dies takes its calls with it, as a device that was switched off does.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from firmware_sim.clock import Duration, Instant, seconds
from rig.service.errors import DeliveryError
from rig.service.interface import CallState, DialRequest, FaxInterface, ReceivedFax

SETUP = seconds(4)
PER_PAGE = seconds(2)


@dataclass(frozen=True, slots=True)
class Script:
    """*pages*: after so many the call ends; None: after all."""

    text: str
    cause: str = "ok"
    pages: int | None = None
    rate_bps: int = 14400
    per_page: Duration = PER_PAGE
    retry: bool = True


SCRIPTS: Mapping[str, Script] = {
    "15555550100": Script("success"),
    "15555550101": Script("busy", "busy", 0),
    "15555550102": Script("no answer", "no_answer", 0),
    "15555550103": Script("a person answers", "no_fax_tone", 0),
    "15555550104": Script("drops after a page, each time", "line_dropped", 1),
    "15555550105": Script("a poor line: slow, and a page is not read", "copy_rejected", 0, 2400, seconds(30)),
    "15555550106": Script("no such number", "no_such_number", 0, retry=False),
    "15555550107": Script("slow, and all arrives", rate_bps=2400, per_page=seconds(30)),
}


@dataclass(slots=True)
class _Call:
    request: DialRequest
    script: Script
    began: Instant
    hung_up: Instant | None = None

    def state(self, now: Instant) -> CallState:
        until = now if self.hung_up is None else min(now, self.hung_up)
        whole = len(self.request.pages)
        most = whole if self.script.pages is None else min(self.script.pages, whole)
        spoken = until - self.began - SETUP
        pages = max(0, min(most, spoken // self.script.per_page))
        rate = self.script.rate_bps if spoken > 0 else 0
        # A page that is not confirmed takes its time as well.
        parts = most if self.script.cause == "ok" or self.script.rate_bps > 2400 else most + 1
        ended = self.hung_up is not None or spoken >= parts * self.script.per_page
        if not ended:
            return CallState(self.request.job_id, self.request.attempt, False, pages, rate)
        cause = self.script.cause if self.hung_up is None else "aborted"
        text = f"the test number plays: {self.script.text}"
        return CallState(self.request.job_id, self.request.attempt, True, pages, rate, cause, text, self.script.retry)


@dataclass(slots=True)
class TestNumbers:
    """The calls to test numbers that this process plays."""

    __test__ = False  # no test class, for all its name
    calls: dict[tuple[int, int], _Call] = field(default_factory=dict)

    def before(self, interface: FaxInterface, now: Instant) -> "Played":
        """*interface*, at the instant *now*, with the test numbers kept from it."""
        return Played(self, interface, now)


@dataclass(frozen=True, slots=True)
class Played:
    numbers: TestNumbers
    interface: FaxInterface
    now: Instant

    def dial(self, request: DialRequest) -> CallState:
        script = SCRIPTS.get(request.number.lstrip("+"))
        if script is None:
            return self.interface.dial(request)
        key = (request.job_id, request.attempt)
        call = self.numbers.calls.setdefault(key, _Call(request, script, self.now))
        return call.state(self.now)

    def state(self, job_id: int, attempt: int, fence: int) -> CallState:
        call = self.numbers.calls.get((job_id, attempt))
        if call is None:
            return self.interface.state(job_id, attempt, fence)
        state = call.state(self.now)
        if state.finished:
            for key in [key for key in self.numbers.calls if key[0] == job_id and key[1] < attempt]:
                del self.numbers.calls[key]
        return state

    def hang_up(self, job_id: int, fence: int) -> None:
        mine = [call for (its_job, _), call in self.numbers.calls.items() if its_job == job_id]
        if not mine:
            self.interface.hang_up(job_id, fence)
        for call in mine:
            if not call.state(self.now).finished:
                call.hung_up = self.now

    def received(self) -> list[ReceivedFax]:
        return self.interface.received()

    def take(self, fax_id: str) -> None:
        self.interface.take(fax_id)


class Nowhere:
    """No fax interface at all: only test numbers can be called."""

    def dial(self, request: DialRequest) -> CallState:
        raise DeliveryError("There is no fax interface", "register one")

    def state(self, job_id: int, attempt: int, fence: int) -> CallState:
        raise DeliveryError("There is no such call", "dial it")

    def hang_up(self, job_id: int, fence: int) -> None:
        return None

    def received(self) -> list[ReceivedFax]:
        return []

    def take(self, fax_id: str) -> None:
        return None
