"""Polling: the device fetches, or is fetched from; passwords."""

from dataclasses import replace

from rig.conformance import acts
from rig.conformance import frames as f
from rig.conformance.acts import OTHER, SMALL
from rig.conformance.model import Role, Script, Setup, case
from rig.conformance.tester import Tester

CALLS = Role.CALLS
POLLS = Setup(polls=True)
READY = Setup(documents=((SMALL, OTHER),))
GUARDED = replace(READY, require_pwd="4711")


# -- the device polls --------------------------------------------------------------------------------------------------


@case("polling-nothing-there", "MTGP01", role=CALLS, setup=POLLS)
def nothing_there(t: Tester) -> Script:
    """Polls a terminal that has nothing: DCN."""
    yield from acts.ced(t)
    yield from acts.say_dis(t)
    yield from acts.device_says_dcn(t)
    t.wanted_pages, t.wanted_success = [], False


@case("polling-two-pages", "MTGP02", role=CALLS, setup=POLLS)
def two_pages(t: Tester) -> Script:
    """Polls two pages with CIG and DTC."""
    yield from _polled(t)


@case("polling-with-password", "OTGP03", role=CALLS, setup=replace(POLLS, pwd="4711"))
def with_password(t: Tester) -> Script:
    """Polls two pages, with the password."""
    yield from _polled(t, "PWD", "4711")


@case("polling-with-selection", "", role=CALLS, setup=replace(POLLS, sep="12"))
def with_selection(t: Tester) -> Script:
    """Polls two pages that it selects with SEP."""
    yield from _polled(t, "SEP", "12")


def _polled(t: Tester, option: str = "", text: str = "") -> Script:
    yield from acts.ced(t)
    yield from acts.say_dis(t, b9=True, b47=True, b50=True)
    dtc = yield from t.expect("DTC")
    acts.check_number(t, dtc, "CIG", t.setup.ident)
    if option:
        acts.check_number(t, dtc, option, text)
    dtc.frames[-1:] = [replace(dtc.last)]
    terms = yield from acts.trained(t, dtc)
    yield from acts.page_and(t, SMALL, terms, "MPS")
    yield from acts.page_and(t, OTHER, terms, "EOP")
    yield from acts.goodbye(t)
    t.wanted_pages, t.wanted_success = [SMALL, OTHER], True


# -- the device is polled ----------------------------------------------------------------------------------------------


@case("polled-two-pages", "MRGP01", setup=READY)
def polled_two_pages(t: Tester) -> Script:
    """Polled without a password: it trains and sends two pages."""
    dis = yield from acts.answered(t)
    t.check("DIS says: a document waits", f.is_set(dis.last.fif, f.READY_TO_SEND), dis.last.fif.hex(" "))
    yield from fetch(t)


def fetch(t: Tester, *options: tuple[str, bytes], command: str = "DTC") -> Script:
    """DTC (or a DIS taken as one); the device sends both its pages."""
    ident = ("CIG" if command == "DTC" else "CSI", f.number("+49 89 7777"))
    yield from t.send(*options, ident, (command, acts.our_dis()))
    terms = yield from acts.heard_dcs(t)
    yield from t.send("CFR")
    yield from acts.took_page(t, terms, SMALL, "MPS")
    yield from acts.took_page(t, terms, OTHER, "EOP")
    yield from acts.device_says_dcn(t)
    t.wanted_success = True


@case("polled-password", "MRGP02", setup=GUARDED)
def polled_password(t: Tester) -> Script:
    """Polled with the right password."""
    yield from acts.answered(t)
    yield from fetch(t, ("PWD", f.number("4711")))


@case("polled-wrong-password", "MRGP03", setup=GUARDED)
def polled_wrong_password(t: Tester) -> Script:
    """Polled with a wrong password: DCN."""
    yield from acts.answered(t)
    yield from t.send(("PWD", f.number("1234")), ("DTC", acts.our_dis()))
    yield from acts.device_says_dcn(t)
    t.wanted_success = False


@case("polled-no-password", "MRGP04", setup=GUARDED)
def polled_no_password(t: Tester) -> Script:
    """Polled without the password that it needs: DCN."""
    yield from acts.answered(t)
    yield from t.send(("CIG", f.number("+49 89 7777")), ("DTC", acts.our_dis()))
    yield from acts.device_says_dcn(t)
    t.wanted_success = False


@case("polled-nothing-waits", "MRGP05")
def polled_nothing_waits(t: Tester) -> Script:
    """Polled though nothing waits: DCN."""
    dis = yield from acts.answered(t)
    t.check("DIS says: nothing waits", not f.is_set(dis.last.fif, f.READY_TO_SEND), dis.last.fif.hex(" "))
    yield from t.send(("CIG", f.number("+49 89 7777")), ("DTC", acts.our_dis()))
    yield from acts.device_says_dcn(t)
    t.wanted_success = False


@case("polled-dis-as-dtc", "MRGP06", setup=READY)
def polled_dis_as_dtc(t: Tester) -> Script:
    """A DIS is taken as a DTC, and the pages are sent."""
    yield from acts.answered(t)
    yield from fetch(t, command="DIS")


@case("polled-dis-no-password", "MRGP07", setup=GUARDED)
def polled_dis_no_password(t: Tester) -> Script:
    """A DIS as DTC, and the password is missing: DCN."""
    yield from acts.answered(t)
    yield from t.send(("DIS", acts.our_dis()))
    yield from acts.device_says_dcn(t)
    t.wanted_success = False


@case("polled-dis-nothing-waits", "MRGP08")
def polled_dis_nothing_waits(t: Tester) -> Script:
    """A DIS as DTC though nothing waits: DCN, or DIS again and then DCN."""
    yield from acts.answered(t)
    yield from t.send(("DIS", acts.our_dis()))
    signal = yield from t.expect("DCN|DIS", 3450)
    if signal.last.name == "DIS":
        yield from t.send("DCN")
    yield from t.hangs_up()
    t.wanted_success = False


def _receive_then_poll(t: Tester, then: str) -> Script:
    dis = yield from acts.answered(t)
    terms = yield from acts.trained(t, dis)
    yield from acts.page_and(t, acts.THIRD, terms, then)
    if then == "EOM":
        yield from t.expect("DIS", 8000)
    yield from fetch(t)
    t.wanted_pages = [acts.THIRD]


@case("polled-after-page", "ORGP09", setup=READY)
def polled_after_page(t: Tester) -> Script:
    """Receives a page, goes back to DIS, and is polled then."""
    yield from _receive_then_poll(t, "EOM")


@case("polled-after-page-at-once", "ORGP10", setup=READY)
def polled_at_once(t: Tester) -> Script:
    """Receives a page, and is polled right after MCF."""
    dis = yield from acts.answered(t)
    terms = yield from acts.trained(t, dis)
    yield from acts.page_and(t, acts.THIRD, terms, "EOM")
    yield from fetch(t)
    t.wanted_pages = [acts.THIRD]
