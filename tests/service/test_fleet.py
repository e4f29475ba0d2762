"""Several fax interfaces: which one is chosen, and what becomes of a fax when one goes down or gets a new name."""

import pytest

from firmware_sim.clock import seconds
from rig.service.accounts.access import OPERATOR
from rig.service.accounts.model import BENCH, Interface
from rig.service.fleet import MOVED_HEARD, MOVED_UNHEARD, Fleet
from rig.service.interface import ReceivedFax
from rig.service.model import Progress, Result
from rig.service.retry import Policy
from tests.service.bench import FakeInterface, Plan, World, some_pages


class FleetWorld(World):
    def __init__(self, *plans: Plan, count: int = 2, calls: int = 4) -> None:
        super().__init__(policy=Policy(poll_call=seconds(1), calls_at_once=calls))
        self.devices: dict[int, FakeInterface] = {}
        for number in range(count):
            with self.service.office.at(self.now) as clerks:
                row = clerks.plant.found("fi", f"127.0.0.1:{number + 1}", 1, shared=True)
            self.devices[row.id] = FakeInterface(list(plans))
        self.interface = Fleet(self.store, self.devices)

    def advance(self, duration: int) -> None:
        self.now += duration
        for device in self.devices.values():
            device.now = self.now

    def row(self, key: int) -> Interface:
        with self.service.office.at(self.now) as clerks:
            return clerks.book.get(Interface, key)

    def until_called(self, job_id: int) -> int:
        while self.job(job_id).interface_id is None:
            self.step()
        return self.job(job_id).interface_id

    def paper(self, job_id: int) -> list[str]:
        return [page for device in self.devices.values() for page in device.paper(job_id)]


@pytest.fixture
def fleet():
    made = []

    def make(*plans, **named) -> FleetWorld:
        made.append(FleetWorld(*plans, **named))
        return made[-1]

    yield make
    for one in made:
        one.close()


def test_calls_are_spread_by_load(fleet):
    w = fleet(count=3)
    jobs = [w.submit(b"pages 3") for _ in range(3)]
    for job in jobs:
        w.until_called(job.id)
    assert sorted(w.job(job.id).interface_id for job in jobs) == [1, 2, 3]
    assert all(w.run(job.id).result is Result.SUCCESS for job in jobs)


def test_one_that_is_away_is_not_chosen(fleet):
    w = fleet()
    w.devices[1].away = True
    w.step()
    assert w.row(1).away_since is not None
    assert w.row(2).text == "answers"
    job = w.run(w.submit().id)
    assert (job.result, job.interface_id, job.attempts) == (Result.SUCCESS, 2, 1)
    w.devices[1].away = False
    w.step()
    assert (w.row(1).away_since, w.row(1).text) == (None, "answers")


def test_one_that_goes_down_before_it_answered_loses_nothing(fleet):
    w = fleet()
    w.step()
    job = w.submit(b"pages 2")
    for device in w.devices.values():
        device.dial, device.true_dial = _refuse(device), device.dial
    first = w.until_called(job.id)
    w.devices[first].away = True
    other = w.devices[3 - first]
    other.dial = other.true_dial
    began = w.now
    job = w.run(job.id)
    assert (job.result, job.interface_id, job.attempts) == (Result.SUCCESS, 3 - first, 1)
    assert MOVED_UNHEARD <= w.now - began < seconds(90)


def _refuse(device):
    def dial(request):
        device.away = True
        device._check()

    return dial


def test_one_that_goes_down_in_a_call_keeps_it_for_a_while_then_the_rest_goes_by_another(fleet):
    w = fleet()
    job = w.submit(b"pages 5")
    first = w.until_called(job.id)
    while w.job(job.id).pages_confirmed < 2:
        w.step()
    w.devices[first].away = True
    w.devices[first].calls[job.id, 1].hung_up = w.now  # its power is gone
    gone = w.now
    while w.job(job.id).interface_id == first:
        w.step()
    assert w.now - gone >= MOVED_HEARD
    job = w.run(job.id)
    assert (job.result, job.interface_id) == (Result.SUCCESS, 3 - first)
    assert w.paper(job.id) == [page.hash for page in some_pages(5)]
    w.devices[first].away = False
    w.step()
    assert w.interface.left == {first: {}}


def test_one_that_comes_back_soon_goes_on(fleet):
    w = fleet()
    job = w.submit(b"pages 5")
    first = w.until_called(job.id)
    w.devices[first].away = True
    for _ in range(5):
        w.step()
    w.devices[first].away = False
    job = w.run(job.id)
    assert (job.result, job.interface_id, job.attempts) == (Result.SUCCESS, first, 1)
    assert w.devices[3 - first].dialled == []


def test_a_new_name_orphans_nothing(fleet):
    w = fleet(count=1)
    job = w.submit(b"pages 3")
    first = w.until_called(job.id)
    with w.service.office.at(w.now) as clerks:
        clerks.plant.configure(OPERATOR, BENCH, first, name="front-desk")
    job = w.run(job.id)
    assert (job.result, job.interface_id, w.row(first).name) == (Result.SUCCESS, first, "front-desk")


def test_another_worker_asks_the_same_one(fleet):
    w = fleet()
    job = w.submit(b"pages 4")
    first = w.until_called(job.id)
    w.replace_worker("second")
    w.interface = Fleet(w.store, w.devices)
    w.advance(seconds(11))
    job = w.run(job.id)
    assert (job.result, job.interface_id, job.attempts) == (Result.SUCCESS, first, 1)
    assert w.devices[3 - first].dialled == []


def test_a_domain_uses_its_own_interface(fleet):
    w = fleet()
    with w.service.office.at(w.now) as clerks:
        clerks.plant.add_reseller(OPERATOR, "north")
        domain = clerks.plant.add_domain(OPERATOR, "acme", 2, port_licences=1)
        clerks.plant.unregister(OPERATOR, BENCH, 2)
        clerks.plant.register(OPERATOR, domain.id, 2)
    ours, theirs = w.submit(), w.submit()
    with w.store.transaction() as transaction:
        transaction.update(theirs.id, 0, domain_id=domain.id)
    assert (w.run(ours.id).interface_id, w.run(theirs.id).interface_id) == (1, 2)


def test_without_a_registered_one_a_fax_waits_and_says_so(fleet):
    w = fleet(count=1)
    with w.service.office.at(w.now) as clerks:
        clerks.plant.unregister(OPERATOR, BENCH, 1)
    job = w.submit()
    while "registered" not in w.job(job.id).text:
        w.step()
    with w.service.office.at(w.now) as clerks:
        clerks.plant.register(OPERATOR, BENCH, 1)
    assert w.run(job.id).result is Result.SUCCESS


def test_faxes_come_in_on_all_of_them_once(fleet):
    w = fleet()
    for device in w.devices.values():
        device.inbox.append(ReceivedFax("in-1", "200", "1", "X", some_pages(1), "ok", ""))
    w.devices[2].away = True
    w.step()
    w.devices[2].away = False
    for _ in range(3):
        w.step()
    assert [job.progress for job in w.service.jobs()] == [Progress.FINISHED] * 2


def test_cancelled_in_a_call(fleet):
    w = fleet()
    job = w.submit(b"pages 5")
    w.until_called(job.id)
    w.step()
    w.service.cancel(job.id, w.now)
    assert w.run(job.id).result is Result.ABORT
