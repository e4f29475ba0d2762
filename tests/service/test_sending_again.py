"""Test numbers, idempotency keys, resending, caller IDs, the bin, purging."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from firmware_sim.clock import seconds
from rig.service.accounts import rules
from rig.service.accounts.access import ANONYMOUS, OPERATOR
from rig.service.accounts.boxes import Boxes, Envelope, envelope
from rig.service.accounts.model import NO_CALLER_ID, Domain, Method
from rig.service.core import FaxService
from rig.service.errors import (
    FinishedError,
    ForbiddenError,
    HipaaError,
    InvalidError,
    LicenceError,
    NumberError,
    ReusedKeyError,
    UnknownError,
    UnknownJobError,
)
from rig.service.interface import ReceivedFax
from rig.service.model import Progress, Result
from rig.service.retry import Policy
from rig.service.store import Store
from rig.service.testnumbers import SCRIPTS, Nowhere
from tests.service.bench import Plan, paper_converter, some_pages
from tests.service.bureau import Bureau

DAY = rules.DAY
TEST = "+1 555 555 01{}"

# test numbers


@pytest.mark.parametrize(
    ("last", "result", "cause"),
    [
        ("00", Result.SUCCESS, "ok"),
        ("01", Result.ABORT, "busy"),
        ("02", Result.ABORT, "no_answer"),
        ("03", Result.ABORT, "no_fax_tone"),
        ("04", Result.SUCCESS, "ok"),
        ("05", Result.ABORT, "copy_rejected"),
        ("06", Result.ERROR, "no_such_number"),
        ("07", Result.SUCCESS, "ok"),
    ],
)
def test_a_test_number_plays_its_ending(world, last, result, cause):
    w = world(policy=Policy(poll_call=seconds(2), poll_idle=seconds(30)))
    w.interface.away = True  # nothing of it reaches a device
    job = w.run(w.submit(b"pages 3", TEST.format(last)).id)
    assert (job.result, job.cause) == (result, cause)
    assert w.interface.dialled == []
    if last == "04":
        assert job.attempts == 3
        assert [page.attempt for page in w.service.show(job.id).pages] == [1, 2, 3]


def test_every_script_has_a_test():
    assert {f"155555501{number:02}" for number in range(len(SCRIPTS))} == set(SCRIPTS)


def test_a_call_to_a_test_number_can_be_cancelled_and_outlives_no_worker(world):
    w = world()
    job = w.submit(b"pages 3", TEST.format("07"))
    while w.job(job.id).pages_confirmed < 1:
        w.step()
    w.replace_worker("second")
    w.advance(seconds(11))
    w.step()
    w.service.cancel(job.id, w.now)
    assert w.run(job.id).result is Result.ABORT


def test_without_any_interface_test_numbers_work(world):
    w = world()
    w.interface = Nowhere()
    job = w.run(w.submit(b"pages 1", TEST.format("00")).id)
    assert job.result is Result.SUCCESS


# idempotency keys


def test_the_same_key_is_the_same_fax(world):
    w = world()
    to = Envelope("200")
    first = w.service.submit(b"pages 1", "a", "200", w.now, envelope=to, key="k1")
    w.run(first.id)
    again = w.service.submit(b"pages 1", "a", "200", w.now, envelope=to, key="k1")
    assert again == w.job(first.id)
    assert w.service.submit(b"pages 1", "a", "200", w.now, envelope=to, key="k2").id != first.id
    for document, number in ((b"pages 2", "200"), (b"pages 1", "201")):
        with pytest.raises(ReusedKeyError):
            w.service.submit(document, "a", number, w.now, envelope=Envelope(number), key="k1")
    assert w.service.submit(b"pages 1", "a", "2", w.now, envelope=Envelope("2", sent_by=9), key="k1").id > 2


# resending


def test_resend_and_edit_and_resend(world):
    w = world(Plan("no_such_number", 0))
    job = w.run(w.submit(b"pages 2", "200").id)
    again = w.run(w.service.resend(job.id, w.now, Envelope("200")).id)
    assert (again.result, again.resent_from, again.document_name) == (Result.SUCCESS, job.id, "letter.pdf")
    edited = w.service.resend(job.id, w.now, Envelope("201"), document=b"pages 1", name="new.pdf")
    assert w.run(edited.id).pages == 1
    assert (edited.number, edited.document_name) == ("201", "new.pdf")
    assert w.job(job.id) == job


def test_what_came_in_is_forwarded(world):
    w = world()
    w.interface.inbox.append(ReceivedFax("in-1", "200", "1", "X", some_pages(2), "ok", ""))
    w.step()
    forwarded = w.service.resend(1, w.now, Envelope("300"))
    assert (forwarded.number, forwarded.document_name) == ("300", "fax-1.pdf")
    assert w.service.original(forwarded.id) == w.service.document(1)


# in whose name


@pytest.fixture
def bureau(world) -> Bureau:
    w = world()
    bureau = Bureau(w.store)
    bureau.world = w
    w.service = FaxService(w.store, w.blobs, paper_converter, w.policy, office=bureau.office)
    return bureau


def sealed(bureau: Bureau, who: str, number: str = "+1 305 555 0199", caller: str = "", box: str = "") -> Envelope:
    with bureau.office.at(bureau.now) as clerks:
        asker = clerks.asker(bureau.tokens[who]) if who else ANONYMOUS
        return envelope(clerks.book, asker, number, caller, box)


def test_the_caller_id(bureau):
    assert sealed(bureau, "anna").caller == NO_CALLER_ID
    assert sealed(bureau, "anna", caller="+1 305 555 0103").caller == "13055550103"
    account = bureau.account("anna", "13055550100").account
    bureau.account("sales", "13055550101")
    anna, acme, sales = bureau.users["anna"].id, bureau.domains["acme"].id, bureau.users["sales"].id
    assert sealed(bureau, "anna") == Envelope("13055550199", "13055550100", acme, anna, anna, account.id)
    group = sealed(bureau, "anna", box="sales")
    assert (group.caller, group.owner_id, group.sent_by) == ("13055550101", sales, anna)
    assert sealed(bureau, "anna", caller=NO_CALLER_ID).caller == NO_CALLER_ID
    for caller in ("13055550200", "13055550999"):
        with pytest.raises(InvalidError, match="cannot be your caller ID"):
            sealed(bureau, "anna", caller=caller)
    with pytest.raises(UnknownError, match="no box"):
        sealed(bureau, "ben", box="sales")


def test_who_cannot_send(bureau):
    with pytest.raises(NumberError, match="3 digits"):
        sealed(bureau, "anna", "201")
    assert sealed(bureau, "", "201") == Envelope("201")
    with pytest.raises(ForbiddenError, match="reseller"):
        sealed(bureau, "north")
    with bureau.office.at(bureau.now) as clerks:
        clerks.book.change(type(bureau.users["sales"]), bureau.users["sales"].id, licence="")
    with pytest.raises(LicenceError, match="sales has no fax licence"):
        sealed(bureau, "anna", box="sales")
    bureau.change_domain("acme", hipaa=True)
    with bureau.office.at(bureau.now) as clerks:
        clerks.book.change(type(bureau.users["sales"]), bureau.users["sales"].id, licence="fax")
    with pytest.raises(HipaaError, match="for a group"):
        sealed(bureau, "anna", box="sales")


def test_an_account_without_the_portal_does_not_send_from_it(bureau):
    bureau.account("anna", "13055550100", methods=frozenset({Method.MAIL}))
    with pytest.raises(ForbiddenError, match="does not send from the portal"):
        sealed(bureau, "anna")


# what comes in


@pytest.mark.parametrize("called", ["13055550100", "+13055550100", "3055550100"])
def test_what_comes_in_goes_to_whom_the_number_belongs(bureau, called):
    shown = bureau.account("anna", "13055550100")
    w = bureau.world
    w.interface.inbox.append(ReceivedFax("in-1", called, "1", "X", some_pages(1), "ok", ""))
    w.step()
    job = w.job(1)
    assert (job.domain_id, job.owner_id, job.account_id) == (2, shown.owner.id, shown.account.id)


def test_what_comes_in_for_nobody_is_kept_all_the_same(bureau):
    w = bureau.world
    for called in ("13055550100", "777"):
        w.interface.inbox.append(ReceivedFax(f"in-{called}", called, "1", "X", some_pages(1), "ok", ""))
    w.step()
    assert [(w.job(number).domain_id, w.job(number).owner_id) for number in (1, 2)] == [(2, None), (1, None)]
    assert "has no fax account" in w.job(1).text


# the bin and the purge


def bin_of(bureau: Bureau, now: int, action: str, job_id: int) -> int | None:
    with bureau.office.at(now) as clerks:
        return getattr(clerks.boxes, action)(OPERATOR, job_id).deleted_at


def test_deleted_restored_purged(bureau):
    w = bureau.world
    job = w.submit()
    with pytest.raises(FinishedError, match="cancel it first"):
        bin_of(bureau, w.now, "delete", job.id)
    w.run(job.id)
    assert bin_of(bureau, w.now, "delete", job.id) == w.now
    deleted = w.now
    with bureau.office.at(w.now) as clerks:
        assert clerks.boxes.faxes(OPERATOR, (), False, 10) == []
        assert [one.id for one in clerks.boxes.faxes(OPERATOR, (), True, 10)] == [job.id]
    assert bin_of(bureau, deleted + 14 * DAY - 1, "restore", job.id) is None
    bin_of(bureau, deleted, "delete", job.id)
    with pytest.raises(UnknownJobError, match="too long ago"):
        bin_of(bureau, deleted + 14 * DAY, "restore", job.id)
    w.service.sweep(deleted + 14 * DAY - 1)
    assert w.store.job(job.id) is not None
    w.service.sweep(deleted + 14 * DAY)
    assert (w.store.job(job.id), w.store.pages(job.id), w.store.history(job.id)) == (None, [], [])
    assert w.blobs.kept == {}
    assert w.service.events()[-1].name == "purged"


def test_a_fax_that_is_still_to_be_sent_is_not_purged(bureau):
    w = bureau.world
    job = w.submit()
    w.service.sweep(w.now + 10_000 * DAY)
    assert w.job(job.id).progress is Progress.CREATED


@settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    st.integers(1, 500),
    st.integers(1, 60),
    st.lists(st.tuples(st.integers(0, 400), st.none() | st.integers(0, 400)), min_size=1, max_size=4),
    st.integers(0, 1000),
    st.integers(-1, 1),
)
def test_the_purge_keeps_to_the_rule(keep, bin_days, faxes, later, by_one):
    store = Store()
    with store.transaction() as transaction:
        boxes = Boxes(transaction, later * DAY + by_one)
        domain = boxes._book.change(Domain, 1, keep_days=keep, keep_deleted_days=bin_days)
        for created, deleted in faxes:
            transaction.insert(
                direction=1,
                progress=Progress.FINISHED,
                number="1",
                document_name="a",
                created_at=created * DAY,
                deleted_at=None if deleted is None else (created + deleted) * DAY,
            )
        kept = transaction.select()
        gone = boxes.purge()
    due = [job.id for job in kept if rules.purge_at(job.created_at, job.deleted_at, domain) <= later * DAY + by_one]
    assert gone == sorted(due)
    store.close()
