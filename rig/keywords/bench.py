"""`Library    rig.keywords.bench.BenchLibrary`: a bench, a fax out, a fax back, judged by page hash.

The same suite runs in simulated time (the default, seconds) and in real time (`robot --variable TIME:real`).
"""

from pathlib import Path

from robot.api import logger
from robot.api.deco import keyword, library

from firmware_sim.clock import seconds
from firmware_sim.t4.page import Page, difference
from rig.bench import Bench, EventLog, FaxJob
from rig.bench.facade import RefusedByServiceError
from rig.bench.live import LiveBench
from rig.bench.simulated import SimulatedBench
from rig.errors import ScenarioError
from rig.narrator import line_of
from rig.runner import inventory_of
from rig.service.convert import page_of_image, pages_of_pdf

RESULTS = {0: "success", 1: "abort", 2: "error", 3: "convert failed"}


@library(scope="SUITE")
class BenchLibrary:
    """One bench a suite: start it in the suite's setup, stop it in its teardown."""

    def __init__(self) -> None:
        self._bench: Bench | None = None
        self._printed: dict[str, int] = {}
        self._since = 0

    # -- the bench -----------------------------------------------------------------------------------------------------

    @keyword
    def start_bench(self, time: str = "simulated", hardware: str = "", seed: int = 0) -> None:
        """Start the bench that *hardware* describes (default: hardware.yaml). *time* is ``simulated`` or ``real``."""
        inventory = inventory_of(Path(hardware) if hardware else None)
        log = EventLog(lambda event: logger.debug(f"{event.source}: {line_of(event)}") if line_of(event) else None)
        if time not in ("simulated", "real"):
            raise ScenarioError(f"time is 'simulated' or 'real', not {time!r}")
        self._bench = (SimulatedBench if time == "simulated" else LiveBench)(inventory, log, seed or None)
        self._bench.start()

    @keyword
    def stop_bench(self) -> None:
        """Stop it; nothing of it is left running."""
        if self._bench is not None:
            self._bench.stop()
            self._bench = None

    @property
    def bench(self) -> Bench:
        if self._bench is None:
            raise ScenarioError("no bench is running: use 'Start Bench' first")
        return self._bench

    @keyword
    def device_should_register(self, device: str, within_s: float = 10) -> None:
        """Fails unless *device* registers at the PBX in time."""
        self.bench.expect("registered", source=device, within=seconds(within_s))

    # -- the fax service -----------------------------------------------------------------------------------------------

    @keyword
    def submit_document(self, path: str, number: str) -> int:
        """Submit a PDF to the fax service for *number*, or for a device's name. Returns the job's id."""
        names = [*self.bench.names("fax machine"), *self.bench.names("fax interface")]
        called = self.bench.number_of(number) if number in names else number
        for name in self.bench.names("fax machine"):
            self._printed[name] = len(self.bench.machine(name).printed())
        self._since = self.bench.log.mark
        return self.bench.service.submit(Path(path).read_bytes(), Path(path).name, called).id

    @keyword
    def job_should_end_with(self, job: int, result: str, within_s: float = 600) -> FaxJob:
        """Wait until the job has ended, and compare its result: success, abort, error or convert failed."""
        ended = self.bench.expect_job(int(job), within=seconds(within_s))
        came = RESULTS.get(-1 if ended.result is None else ended.result, "none")
        if came != result:
            raise AssertionError(f"job {job} ended with {came}, not {result}: {ended.text}")
        return ended

    @keyword
    def submitting_should_be_refused(self, path: str, number: str) -> str:
        """Fails when the service takes the document. Returns what it said."""
        try:
            job = self.bench.service.submit(Path(path).read_bytes(), Path(path).name, number)
        except RefusedByServiceError as refusal:
            return str(refusal)
        raise AssertionError(f"the service accepted it as job {job.id}")

    # -- pages ---------------------------------------------------------------------------------------------------------

    @keyword
    def printed_pages_should_equal_job(self, machine: str, job: int, within_s: float = 60) -> None:
        """Every page of the job, bit for bit, and not one more, in the tray of *machine*."""
        sent = pages_of_pdf(self.bench.service.document(int(job)))
        before = self._printed.get(machine, 0)
        self.bench.expect("fax ended", source=machine, since=self._since, within=seconds(within_s))
        _should_be_equal(sent, self.bench.machine(machine).printed()[before:])

    @keyword
    def send_page_from_machine(self, machine: str, image: str, number: str, within_s: float = 300) -> int:
        """Put a one-bit picture into *machine* and dial; waits until the service has filed it. Returns the job's id."""
        called = self.bench.number_of(number) if number in self.bench.names("fax interface") else number
        since = self.bench.log.mark
        self.bench.machine(machine).send(called, [page_of_image(Path(image).read_bytes())])
        filed = self.bench.expect(
            "job", source="service", since=since, within=seconds(within_s), direction=0, progress=3
        )
        return int(str(filed.detail["job"]))

    @keyword
    def inbox_pages_should_equal_image(self, job: int, image: str) -> None:
        """The PDF in the inbox holds the one page of *image*, bit for bit."""
        received = pages_of_pdf(self.bench.service.document(int(job)))
        _should_be_equal([page_of_image(Path(image).read_bytes())], received)

    # -- the line ------------------------------------------------------------------------------------------------------

    @keyword
    def make_machine_busy(self, machine: str) -> None:
        """Somebody lifts the handset of *machine*."""
        self.bench.machine(machine).off_hook()

    @keyword
    def make_machine_free(self, machine: str) -> None:
        self.bench.machine(machine).on_hook()


def _should_be_equal(sent: list[Page], received: list[Page] | tuple[Page, ...]) -> None:
    if len(sent) != len(received):
        raise AssertionError(f"{len(received)} pages arrived, {len(sent)} were sent")
    for number, (page, other) in enumerate(zip(sent, received, strict=True), 1):
        fault = difference(page, other)
        if fault:
            raise AssertionError(f"page {number}: {fault}")
        logger.info(f"page {number}: hash {page.hash} on both sides")
