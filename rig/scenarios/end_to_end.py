"""One PDF all the way: submitted to the service, faxed to a machine, printed; and a page back into the inbox."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from firmware_sim.clock import seconds
from firmware_sim.events import Stamped
from firmware_sim.t4.page import Page, difference
from rig.bench import Bench, ExpectationError, FaxJob
from rig.errors import RigError
from rig.report.record import Check, Ladder, LadderLine, PagePair
from rig.scenarios.verdicts import Verdicts
from rig.service.convert import pages_of_pdf
from rig.service.errors import ServiceError

SUCCESS = 0
INCOMING = 0
CONVERTED = 2

REGISTERED = "registered"
ACCEPTED = "accepted"
DOCUMENT_CONVERTED = "converted"
CALLED = "called"
TRAINED = "trained"
SENT = "pages sent"
PRINTED = "pages printed"
SAME_OUT = "hash of each page sent = hash of each page printed"
FINISHED = "job finished with success"
REPLY_TRAINED = "reply trained"
REPLY_SENT = "reply pages sent"
REPLY_FILED = "reply in the inbox"
REPLY_OPENED = "reply PDF opened, page count right"
SAME_BACK = "hash of each reply page sent = hash of each page in the inbox"

CHECKS = (
    REGISTERED,
    ACCEPTED,
    DOCUMENT_CONVERTED,
    CALLED,
    TRAINED,
    SENT,
    PRINTED,
    SAME_OUT,
    FINISHED,
    REPLY_TRAINED,
    REPLY_SENT,
    REPLY_FILED,
    REPLY_OPENED,
    SAME_BACK,
)

Say = Callable[[str], None]


@dataclass(slots=True)
class Story:
    """What came of it."""

    checks: Sequence[Check] = ()
    ladders: list[Ladder] = field(default_factory=list)
    pages: list[PagePair] = field(default_factory=list)
    job: FaxJob | None = None
    reply: FaxJob | None = None


@dataclass(frozen=True, slots=True)
class Material:
    """*document* is what is submitted under *name*; *reply* are the pages that the machine sends back."""

    document: bytes
    name: str
    reply: tuple[Page, ...]
    number: str = ""
    """Whom to call instead of the first fax machine of the bench."""


def play(bench: Bench, material: Material, say: Say = lambda line: None) -> Story:
    """Play it on a bench that has been started. Never raises a RigError: what goes wrong is a verdict."""
    story, verdicts = Story(), Verdicts(bench, CHECKS)
    try:
        _Play(bench, material, say, story, verdicts).run()
    except RigError as error:
        verdicts.ended(error)
    story.checks = verdicts.checks
    return story


class _Play:
    def __init__(self, bench: Bench, material: Material, say: Say, story: Story, verdicts: Verdicts) -> None:
        self.bench, self.material, self.say, self.story, self.verdicts = bench, material, say, story, verdicts
        self.interface = bench.names("fax interface")[0]
        self.machine = bench.names("fax machine")[0]

    def run(self) -> None:
        self._registration()
        since, printed_before = self.bench.log.mark, len(self.bench.machine(self.machine).printed())
        job = self._submission()
        try:
            self._outgoing_call(job, since)
            self._printed(job, since, printed_before)
        finally:
            self._ladder(f"{self.interface} calls {self.machine}", self.interface, self.machine, since)
        since = self.bench.log.mark
        try:
            self._reply(since)
        finally:
            self._ladder(f"{self.machine} calls {self.interface}", self.machine, self.interface, since)

    def _registration(self) -> None:
        devices = [*self.bench.names("fax interface"), *self.bench.names("ata")]
        self.say(f"waiting for {', '.join(devices)} to register")
        with self.verdicts.judging(REGISTERED):
            for device in devices:
                self._registered(device)
        self.verdicts.give(REGISTERED, True, f"{', '.join(devices)} at the PBX")

    def _registered(self, device: str) -> None:
        """A refusal explains more than its absence."""
        try:
            self.bench.expect("registered", source=device, within=seconds(10))
        except ExpectationError as missing:
            refused = self.bench.log.find("registration failed", device)
            if refused is None:
                raise
            raise ExpectationError(f"{device}: {refused.detail['text']}") from missing

    def _submission(self) -> FaxJob:
        number = self.material.number or self.bench.number_of(self.machine)
        self.say(f"submitting {self.material.name} for {number}")
        with self.verdicts.judging(ACCEPTED):
            job = self.story.job = self.bench.service.submit(self.material.document, self.material.name, number)
        self.verdicts.give(ACCEPTED, True, f"job {job.id} for {number}")
        return job

    def _outgoing_call(self, job: FaxJob, since: int) -> None:
        with self.verdicts.judging(DOCUMENT_CONVERTED):
            self._expect_unless_ended(job, "job", "service", since, 60, job=job.id, progress=CONVERTED)
        pages = self.bench.service.show(job.id).pages
        self.verdicts.give(DOCUMENT_CONVERTED, pages > 0, f"{pages} pages", pages, "pages")
        self.say(f"converted to {pages} pages; {self.interface} calls {job.number}")
        with self.verdicts.judging(CALLED):
            self._expect_unless_ended(job, "call answered", self.interface, since, 60)
        self.verdicts.give(CALLED, True, f"{self.interface} to {job.number}, answered")
        with self.verdicts.judging(TRAINED):
            trained = self._expect_unless_ended(job, "trained", self.interface, since, 60)
        self._trained(TRAINED, trained)
        with self.verdicts.judging(SENT):
            self.story.job = self.bench.expect_job(job.id, within=seconds(600))

    def _expect_unless_ended(
        self, fax: FaxJob, name: str, source: str, since: int, within_s: int, **detail: int
    ) -> Stamped:
        """Wait for an event, but no longer than the job lives: its own words say why it ended."""
        waited = 0
        while True:
            try:
                return self.bench.expect(name, source=source, since=since, within=seconds(1), **detail)
            except ExpectationError as missing:
                now = self.bench.service.show(fax.id)
                if now.finished:
                    raise ExpectationError(f"job {fax.id} ended: {now.text}") from missing
                waited += 1
                if waited >= within_s:
                    raise ExpectationError(f"{missing} (waited {within_s} s)") from missing

    def _trained(self, check: str, event: Stamped) -> None:
        rate, modem = event.detail["rate_bps"], event.detail["modem"]
        self.say(f"trained: {modem} at {rate} bit/s")
        self.verdicts.give(check, True, f"{modem} at {rate} bit/s", rate, "bit/s")

    def _printed(self, job: FaxJob, since: int, printed_before: int) -> None:
        ended = self.story.job
        assert ended is not None
        sent = pages_of(self.bench.service.document(job.id))
        self.verdicts.give(
            SENT, ended.pages_confirmed == len(sent), f"{ended.pages_confirmed} of {len(sent)} confirmed"
        )
        with self.verdicts.judging(PRINTED):
            self.bench.expect("fax ended", source=self.machine, since=since, within=seconds(60))
        printed = self.bench.machine(self.machine).printed()[printed_before:]
        text = f"{len(printed)} of {len(sent)}"
        self.verdicts.give(PRINTED, len(printed) == len(sent), text, len(printed), "pages")
        self._compare(SAME_OUT, "page", sent, printed)
        self.verdicts.give(FINISHED, ended.result == SUCCESS, f"job {ended.id}: {ended.text}")
        self.say(f"job {ended.id}: {ended.text}")

    def _reply(self, since: int) -> None:
        number, pages = self.bench.number_of(self.interface), self.material.reply
        self.say(f"{self.machine} dials {number} to send {len(pages)} page back")
        with self.verdicts.judging(REPLY_TRAINED):
            self.bench.machine(self.machine).send(number, pages)
            trained = self.bench.expect("trained", source=self.machine, since=since, within=seconds(90))
        self._trained(REPLY_TRAINED, trained)
        with self.verdicts.judging(REPLY_SENT):
            ended = self.bench.expect("fax ended", source=self.machine, since=since, within=seconds(300))
        confirmed = ended.detail["pages_sent"]
        text = f"{confirmed} of {len(pages)} confirmed; {ended.detail['text']}"
        self.verdicts.give(REPLY_SENT, confirmed == len(pages), text)
        with self.verdicts.judging(REPLY_FILED):
            filed = self.bench.expect(
                "job", source="service", since=since, within=seconds(30), direction=INCOMING, progress=3
            )
        job = self.story.reply = self.bench.service.show(int(str(filed.detail["job"])))
        sender = job.remote_id or "unknown"
        self.verdicts.give(REPLY_FILED, job.result == SUCCESS, f"job {job.id} from {sender}: {job.text}")
        with self.verdicts.judging(REPLY_OPENED):
            received = pages_of(self.bench.service.document(job.id))
        self.verdicts.give(REPLY_OPENED, len(received) == len(pages), f"{len(received)} of {len(pages)}")
        self._compare(SAME_BACK, "reply page", pages, received)

    def _compare(self, check: str, title: str, sent: Sequence[Page], received: Sequence[Page]) -> None:
        """Bit by bit, page by page. Nothing sent, or anything beyond what was sent, is no success."""
        faults = [] if sent else ["nothing was sent"]
        for number, page in enumerate(sent, 1):
            other = received[number - 1] if number <= len(received) else None
            fault = "did not arrive" if other is None else difference(page, other)
            self.story.pages.append(PagePair(f"{title} {number}", page, other, fault))
            if fault:
                faults.append(f"{title} {number} {fault}")
        if len(received) > len(sent):
            faults.append(f"{len(received) - len(sent)} more than were sent")
        equal = ", ".join(page.hash[:12] for page in sent)
        self.verdicts.give(check, not faults, "; ".join(faults) or f"{len(sent)} equal: {equal}")

    def _ladder(self, title: str, left: str, right: str, since: int) -> None:
        """As the calling station saw it."""
        events = [event for event in self.bench.log.since(since) if event.source == left and event.name == "t30"]
        lines = [_ladder_line(event) for event in events]
        if lines:
            self.story.ladders.append(Ladder(title, left, right, lines))


def pages_of(pdf: bytes) -> list[Page]:
    """The pages in a PDF of the service, bit for bit. Raises ExpectationError for one that cannot be opened."""
    try:
        return pages_of_pdf(pdf)
    except ServiceError as error:
        raise ExpectationError(f"the PDF cannot be opened: {error}") from error


def _ladder_line(event: Stamped) -> LadderLine:
    direction, text = str(event.detail["direction"]), str(event.detail["text"])
    if direction in ("->", "<-") and (text.startswith(("page", "TCF")) or " frames " in text):
        direction = {"->": "=>", "<-": "<="}[direction]
    return LadderLine(event.at, direction, text)  # type: ignore[arg-type]
