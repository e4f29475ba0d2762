"""Workers that come, go, sleep and wake in any order, against one store and one device."""

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from firmware_sim.clock import ms, seconds
from rig.service.core import FaxService
from rig.service.errors import FinishedError
from rig.service.interface import ReceivedFax
from rig.service.model import Direction, Progress, Result
from rig.service.retry import Policy
from tests.service.bench import Plan, World, paper_converter, some_pages

PLANS = st.builds(
    Plan,
    cause=st.sampled_from(["ok", "ok", "busy", "line_dropped", "no_such_number", "solar_flare"]),
    pages=st.integers(0, 3) | st.none(),
    retry=st.booleans(),
)


class Workers(RuleBasedStateMachine):
    @initialize(plans=st.lists(PLANS, max_size=8), calls=st.integers(1, 2))
    def begin(self, plans: list[Plan], calls: int) -> None:
        policy = Policy(poll_call=seconds(1), calls_at_once=calls)
        self.world = World(*plans, policy=policy)
        self.workers = [("w0", self.world.service), ("w1", self.world.new_service())]
        self.count = 2
        self.fences: dict[int, int] = {}
        self.ended: dict[int, object] = {}
        self.came = 0

    @rule(document=st.sampled_from([b"pages 1", b"pages 3", b"slow 2", b"bad"]))
    def submit(self, document: bytes) -> None:
        if len(self.fences) < 4:
            self.world.submit(document)

    @rule(which=st.integers(0, 1))
    def work(self, which: int) -> None:
        name, service = self.workers[which]
        service.work(self.world.interface, name, self.world.now)

    @rule(
        duration=st.sampled_from([ms(20), seconds(1), seconds(4), seconds(9), seconds(11), seconds(60), seconds(400)])
    )
    def wait(self, duration: int) -> None:
        self.world.advance(duration)

    @rule(which=st.integers(0, 1))
    def kill(self, which: int) -> None:
        self.workers[which] = (
            f"w{self.count}",
            FaxService(self.world.store, self.world.blobs, paper_converter, self.world.policy),
        )
        self.count += 1

    @rule(which=st.integers(0, 1))
    def release(self, which: int) -> None:
        name, service = self.workers[which]
        service.release(name, self.world.now)

    @rule()
    def device_goes_or_comes(self) -> None:
        self.world.interface.away = not self.world.interface.away

    @precondition(lambda self: self.world.service.jobs(Direction.OUTGOING))
    @rule(pick=st.integers(0, 10))
    def cancel(self, pick: int) -> None:
        jobs = self.world.service.jobs(Direction.OUTGOING)
        job = jobs[pick % len(jobs)]
        try:
            self.world.service.cancel(job.id, self.world.now)
        except FinishedError:
            assert job.progress is Progress.FINISHED

    @rule()
    def fax_comes_in(self) -> None:
        self.came += 1
        self.world.interface.inbox.append(ReceivedFax(f"in-{self.came}", "200", "1", "", some_pages(1), "ok", ""))

    @invariant()
    def nothing_doubled(self) -> None:
        for job in self.world.service.jobs(Direction.OUTGOING):
            paper = self.world.interface.paper(job.id)
            wanted = [page.hash for page in some_pages(3)][: len(paper)]
            assert paper == wanted, job
            assert job.pages_confirmed <= len(paper)
            assert self.fences.get(job.id, 0) <= job.fence
            self.fences[job.id] = job.fence
            if job.result is Result.SUCCESS:
                assert len(paper) == job.pages
            if job.progress is Progress.FINISHED:
                assert self.ended.setdefault(job.id, job) == job
        assert len(self.world.service.jobs(Direction.INCOMING)) <= self.came

    def teardown(self) -> None:
        if not hasattr(self, "world"):
            return
        self.world.interface.away = False
        for job in self.world.service.jobs(Direction.OUTGOING):
            self.world.run(job.id)
        self.world.step()
        self.nothing_doubled()
        assert len(self.world.service.jobs(Direction.INCOMING)) == self.came
        self.world.close()


Workers.TestCase.settings = settings(
    max_examples=30, stateful_step_count=40, deadline=None, suppress_health_check=list(HealthCheck)
)
TestWorkers = Workers.TestCase
