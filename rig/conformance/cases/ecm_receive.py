"""The device answers and receives with error correction (T.30 Annex A)."""

from collections.abc import Collection, Generator

from firmware_sim.t4 import patterns
from firmware_sim.t4.page import Page, Resolution
from rig.conformance import acts, ecm
from rig.conformance import frames as f
from rig.conformance.acts import OTHER, SMALL, Terms
from rig.conformance.model import Case, Role, Script, Setup, add, case
from rig.conformance.signals import MS
from rig.conformance.tester import Tester

ECM = Setup(ecm=True)
LONG = patterns.dense(1728, 24)
"""More than one block of 64 octet frames."""


def opened(t: Tester, *, frames_64: bool = True, rate: str = "") -> Generator[None, None, Terms]:
    dis = yield from acts.answered(t)
    return (yield from acts.trained(t, dis, rate, ecm=True, frames_64=frames_64))


@case("ecm-receive-64", "OREN01", setup=ECM, clause="A.1, A.3")
def frames_of_64(t: Tester) -> Script:
    """Frames of 64 octets, two blocks, two pages."""
    terms = yield from opened(t)
    yield from ecm.send_page(t, LONG, terms, "MPS")
    yield from ecm.send_page(t, SMALL, terms, "EOP", 1)
    yield from acts.goodbye(t)
    t.wanted_pages, t.wanted_success = [LONG, SMALL], True


@case("ecm-receive-bad-frames", "OREN02", setup=ECM)
def bad_frames(t: Tester) -> Script:
    """Bad frames are asked for by PPR, the first, the last and those between."""
    terms = yield from opened(t)
    (part,) = ecm.cut(SMALL, terms, "EOP")
    bad = {0, len(part.frames) // 2, len(part.frames) - 1}
    yield from ecm.holes(t, part, terms, bad)
    yield from ecm.send_block(t, part, terms, only=bad)
    yield from ecm.ask(t, part)
    yield from acts.goodbye(t)
    t.wanted_pages, t.wanted_success = [SMALL], True


@case("ecm-receive-frames-missing", "", setup=ECM)
def frames_missing(t: Tester) -> Script:
    """Frames that never came are asked for like bad ones, the last of a block among them."""
    terms = yield from opened(t)
    (part,) = ecm.cut(SMALL, terms, "EOP")
    lost = {1, len(part.frames) - 1}
    yield from ecm.send_block(t, part, terms, only=set(range(len(part.frames))) - lost)
    signal = yield from ecm.ask(t, part, "PPR")
    wanted = {number for number in f.ppr_frames(signal.last.fif) if number < len(part.frames)}
    t.check("PPR asks for what is missing", wanted == lost, str(sorted(wanted)))
    yield from ecm.send_block(t, part, terms, only=lost)
    yield from ecm.ask(t, part)
    yield from acts.goodbye(t)
    t.wanted_pages = [SMALL]


@case("ecm-receive-ctc", "OREN03", setup=ECM, clause="A.1")
def ctc(t: Tester) -> Script:
    """Four PPR, then CTC and CTR; the block completes."""
    terms = yield from opened(t)
    yield from _corrected(t, terms, terms.rate)


def _corrected(t: Tester, terms: Terms, rate: str) -> Script:
    (part,) = ecm.cut(SMALL, terms, "EOP")
    bad = {2, 3}
    yield from ecm.four_requests(t, part, terms, bad)
    slower = Terms(rate, f.field({f.CAN_RECEIVE: "1", 11: f.RATES[rate]})[:2])
    yield from t.send(("CTC", slower.dcs))
    yield from t.expect("CTR")
    yield from ecm.send_block(t, part, slower, only=bad)
    yield from ecm.ask(t, part)
    yield from acts.goodbye(t)
    t.wanted_pages = [SMALL]


@case("ecm-receive-ctc-slower", "Modem-change-at-CTC", setup=ECM)
def ctc_slower(t: Tester) -> Script:
    """CTC changes the rate after four PPR, and the modem where the device has another."""
    dis = yield from acts.answered(t)
    terms = yield from acts.trained(t, dis, ecm=True, frames_64=True)
    rate = acts.best_rate(t, dis.last.fif, among=("V.27ter 4800", "V.29 7200"))
    yield from _corrected(t, terms, rate)


def _given_up(t: Tester, part: ecm.Partial, terms: Terms, bad: Collection[int]) -> Script:
    """Four PPR, EOR and ERR."""
    yield from ecm.four_requests(t, part, terms, bad)
    code = bytes((f.NULL,)) if part.then == "NULL" else bytes((f.WITH_X[part.then] | 0x80,))
    yield from t.send(("EOR", code))
    yield from t.expect("ERR")


@case("ecm-receive-eor-null", "OREN04", setup=ECM)
def eor_null(t: Tester) -> Script:
    """Four PPR, then EOR-NULL; the next block goes on."""
    terms = yield from opened(t)
    first, *rest = ecm.cut(LONG, terms, "EOP")
    yield from _given_up(t, first, terms, {5})
    for part in rest:
        yield from ecm.confirmed(t, part, terms)
    yield from acts.goodbye(t)


@case("ecm-receive-eor-second-block", "OREN05", setup=ECM)
def eor_second_block(t: Tester) -> Script:
    """Four PPR on the second block, then EOR-EOP: the call is no success."""
    terms = yield from opened(t)
    *before, last = ecm.cut(LONG, terms, "EOP")
    for part in before:
        yield from ecm.confirmed(t, part, terms)
    yield from _given_up(t, last, terms, {1})
    yield from acts.goodbye(t)
    t.wanted_success = False


@case("ecm-receive-eor-mps", "OREN06", setup=ECM)
def eor_mps(t: Tester) -> Script:
    """Four PPR, then EOR-MPS; the next page is whole."""
    terms = yield from opened(t)
    (part,) = ecm.cut(SMALL, terms, "MPS")
    yield from _given_up(t, part, terms, {1})
    yield from ecm.send_page(t, OTHER, terms, "EOP", 1)
    yield from acts.goodbye(t)
    t.wanted_success = False


@case("ecm-receive-eor-eop", "OREN07", setup=ECM)
def eor_eop(t: Tester) -> Script:
    """Four PPR on the only page, then EOR-EOP: no success."""
    terms = yield from opened(t)
    (part,) = ecm.cut(SMALL, terms, "EOP")
    yield from _given_up(t, part, terms, {0})
    yield from acts.goodbye(t)
    t.wanted_success = False


@case("ecm-receive-rr", "OREN08", setup=ECM)
def rr(t: Tester) -> Script:
    """Two pages; asked by RR, a receiver that is ready repeats its answer."""
    terms = yield from opened(t)
    (part,) = ecm.cut(SMALL, terms, "MPS")
    yield from ecm.send_block(t, part, terms)
    yield from ecm.pps(t, part)
    answer = yield from t.expect("MCF|RNR")
    for _ in range(3):
        if answer.last.name == "MCF":
            break
        yield from t.send("RR")
        answer = yield from t.expect("MCF|RNR")
    yield from t.send("RR")
    yield from t.expect("MCF")
    yield from ecm.send_page(t, OTHER, terms, "EOP", 1)
    yield from acts.goodbye(t)
    t.wanted_pages = [SMALL, OTHER]


@case("ecm-receive-256", "OREN09", setup=ECM)
def frames_of_256(t: Tester) -> Script:
    """Frames of 256 octets, a full block and what is left."""
    sheet = patterns.dense(1728, 92)
    terms = yield from opened(t, frames_64=False)
    yield from ecm.send_page(t, sheet, terms)
    yield from acts.goodbye(t)
    t.wanted_pages, t.wanted_success = [sheet], True


def _coded(id: str, family: str, title: str, bits: tuple[int, ...], sheet: Page) -> None:
    def script(t: Tester) -> Script:
        dis = yield from acts.answered(t)
        lacking = [bit for bit in bits if not f.is_set(dis.last.fif, bit)]
        if lacking:
            raise t.skip(f"the DIS does not offer bit {lacking[0]}")
        rate = acts.best_rate(t, dis.last.fif)
        terms = Terms(rate, acts.dcs(dis.last.fif, rate, ecm=True, more=dict.fromkeys(bits, "1")))
        yield from acts.retrained(t, terms)
        yield from ecm.send_page(t, sheet, terms)
        yield from acts.goodbye(t)
        t.wanted_pages, t.wanted_success = [sheet], True

    add(Case(id, title, script, Role.ANSWERS, family, setup=ECM))


FINE_TEXT = patterns.text(1728, 150, Resolution.FINE)
_coded("ecm-receive-t6", "OREN10", "T.6 coding", (f.T6,), patterns.text(1728, 120))
_coded("ecm-receive-t6-fine", "", "T.6 coding of a fine page", (f.FINE, f.T6), FINE_TEXT)
_coded("ecm-receive-t85", "", "T.85 (JBIG) coding", (f.T85,), patterns.text(1728, 200))
_coded("ecm-receive-mr", "", "Two-dimensional coding with error correction", (f.MR,), patterns.text(1728, 120))


@case("ecm-receive-pps-again", "PPS-MPS-lost-PPS", setup=ECM)
def pps_again(t: Tester) -> Script:
    """The sender missed MCF and says PPS-MPS again: MCF again, and no page is doubled."""
    terms = yield from opened(t)
    (part,) = ecm.cut(SMALL, terms, "MPS")
    yield from ecm.confirmed(t, part, terms)
    yield from ecm.ask(t, part)
    yield from ecm.send_page(t, OTHER, terms, "EOP", 1)
    (last,) = ecm.cut(OTHER, terms, "EOP", 1)
    yield from ecm.ask(t, last)
    yield from acts.goodbye(t)
    t.wanted_pages, t.wanted_success = [SMALL, OTHER], True


@case("ecm-receive-block-lost", "", setup=ECM)
def block_lost(t: Tester) -> Script:
    """A block of which nothing arrives: the PPR asks for all of it."""
    terms = yield from opened(t)
    (part,) = ecm.cut(SMALL, terms, "EOP")
    yield from t.pause(1000)
    signal = yield from ecm.ask(t, part, "PPR")
    wanted = {number for number in f.ppr_frames(signal.last.fif) if number < len(part.frames)}
    t.check("PPR asks for everything", len(wanted) == len(part.frames), str(sorted(wanted)))
    yield from ecm.confirmed(t, part, terms)
    yield from acts.goodbye(t)
    t.wanted_pages = [SMALL]


@case("ecm-receive-pps-bad-fcs", "", setup=ECM)
def pps_bad_fcs(t: Tester) -> Script:
    """A PPS with a wrong FCS is not answered, but for CRP; said again, it is."""
    terms = yield from opened(t)
    (part,) = ecm.cut(SMALL, terms, "EOP")
    yield from ecm.send_block(t, part, terms)
    yield from t.send(("PPS", f.pps("EOP", 0, 0, len(part.frames), x=t.x)), spoil=(0,))
    yield from acts.silent_or_crp(t, 2500)
    yield from ecm.ask(t, part)
    yield from acts.goodbye(t)
    t.wanted_pages = [SMALL]


@case("ecm-receive-eom", "", setup=ECM)
def eom(t: Tester) -> Script:
    """PPS-EOM leads back to DIS when T2 has run."""
    terms = yield from opened(t)
    yield from ecm.send_page(t, SMALL, terms, "EOM")
    ended = t.last_end
    dis = yield from t.expect("DIS", 8000)
    t.within("T2 before the DIS", (dis.start - ended) / MS, *acts.T2_MS)
    terms = yield from acts.trained(t, dis, ecm=True, frames_64=True)
    yield from ecm.send_page(t, OTHER, terms, "EOP")
    yield from acts.goodbye(t)
    t.wanted_pages = [SMALL, OTHER]


@case("ecm-receive-dcn-clipped", "ECM-DCN-clipped", setup=ECM)
def dcn_clipped(t: Tester) -> Script:
    """DCN never arrives after the last page: the document is complete."""
    terms = yield from opened(t)
    yield from ecm.send_page(t, SMALL, terms)
    yield from t.until(lambda: not t.device_active or t.now > t.last_end + 10_000 * MS)
    t.check("the device hangs up by itself", not t.device_active, "still there")
    t.wanted_pages, t.wanted_success = [SMALL], True


@case("ecm-receive-modem-changes", "V17-12000-V29-9600", setup=ECM)
def modem_changes(t: Tester) -> Script:
    """A second DCS changes the modem before the first block."""
    dis = yield from acts.answered(t)
    first = acts.best_rate(t, dis.last.fif, among=("V.17 12000", "V.29 9600"))
    second = "V.29 9600" if first != "V.29 9600" else "V.29 7200"
    yield from acts.trained(t, dis, first, ecm=True)
    terms = acts.terms_for(t, dis, second, ecm=True)
    yield from acts.retrained(t, terms)
    yield from ecm.send_page(t, SMALL, terms)
    yield from acts.goodbye(t)
    t.wanted_pages = [SMALL]
