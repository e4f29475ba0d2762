"""The device answers and receives without error correction."""

from firmware_sim.t4 import patterns
from rig.conformance import acts
from rig.conformance import frames as f
from rig.conformance.acts import OTHER, SMALL
from rig.conformance.model import Script, case
from rig.conformance.tester import T4_MS, Tester

IDENT = ("TSI", f.number("+49 89 7777"))


@case("receive-two-pages", "MRGN01", clause="4.1.1")
def two_pages(t: Tester) -> Script:
    """CED, DIS, CFR and MCF in time; two pages bit for bit."""
    dis = yield from acts.answered(t)
    terms = yield from acts.trained(t, dis)
    yield from acts.page_and(t, SMALL, terms, "MPS")
    yield from acts.page_and(t, OTHER, terms, "EOP")
    yield from acts.goodbye(t)
    t.wanted_pages, t.wanted_success = [SMALL, OTHER], True


@case("receive-all-runs", "MRGN02")
def all_runs(t: Tester) -> Script:
    """Every run length of both colours decodes."""
    sheet = patterns.all_runs()
    dis = yield from acts.answered(t)
    terms = yield from acts.trained(t, dis)
    yield from acts.page_and(t, sheet, terms)
    yield from acts.goodbye(t)
    t.wanted_pages = [sheet]


@case("receive-dcs-earliest", "MRGN06a")
def dcs_earliest(t: Tester) -> Script:
    """A DCS 55 ms after the DIS, with a long field."""
    dis = yield from acts.answered(t)
    terms = yield from acts.trained(t, dis, after_ms=55, octets=10)
    yield from acts.page_and(t, SMALL, terms)
    yield from acts.goodbye(t)
    t.wanted_pages = [SMALL]


@case("receive-dcs-latest", "MRGN06b")
def dcs_latest(t: Tester) -> Script:
    """A DCS 2.5 s after the DIS, with a long field."""
    dis = yield from acts.answered(t)
    terms = yield from acts.trained(t, dis, after_ms=2500, octets=10)
    yield from acts.page_and(t, SMALL, terms)
    yield from acts.goodbye(t)
    t.wanted_pages = [SMALL]


@case("receive-spoilt-training", "MRGN07")
def spoilt_training(t: Tester) -> Script:
    """A TCF full of errors is answered by FTT, the next one by CFR."""
    dis = yield from acts.answered(t)
    terms = yield from acts.command(t, dis)
    yield from acts.tcf(t, terms.rate, wrong=0.2)
    yield from t.expect("FTT")
    yield from acts.retrained(t, terms)
    yield from acts.page_and(t, SMALL, terms)
    yield from acts.goodbye(t)
    t.wanted_pages = [SMALL]


@case("receive-silence-after-dis", "MRGN10")
def silence_after_dis(t: Tester) -> Script:
    """Two DIS stay unanswered; each is repeated after T4, and the third is obeyed."""
    yield from acts.answered(t)
    for _ in range(2):
        dis = yield from acts.repeated(t, "DIS")
    terms = yield from acts.trained(t, dis)
    yield from acts.page_and(t, SMALL, terms)
    yield from acts.goodbye(t)
    t.wanted_pages = [SMALL]


@case("receive-dcs-bad-fcs", "MRGN11")
def dcs_bad_fcs(t: Tester) -> Script:
    """Two DCS with a wrong FCS are not obeyed, the third is."""
    dis = yield from acts.answered(t)
    for _ in range(2):
        terms = acts.terms_for(t, dis)
        yield from t.send(IDENT, ("DCS", terms.dcs), spoil=(1,))
        yield from acts.tcf(t, terms.rate)
        dis = yield from t.expect("DIS", T4_MS[1], step="DIS again")
    terms = yield from acts.trained(t, dis)
    yield from acts.page_and(t, SMALL, terms)
    yield from acts.goodbye(t)
    t.wanted_pages = [SMALL]


@case("receive-crp-after-dis", "MRGN12")
def crp_after_dis(t: Tester) -> Script:
    """CRP instead of a DCS makes the device repeat its DIS."""
    yield from acts.answered(t)
    yield from t.send("CRP")
    dis = yield from t.expect("DIS", T4_MS[1])
    terms = yield from acts.trained(t, dis)
    yield from acts.page_and(t, SMALL, terms)
    yield from acts.goodbye(t)
    t.wanted_pages = [SMALL]


@case("receive-post-message-repeated", "MRGN16")
def post_message_repeated(t: Tester) -> Script:
    """MPS and EOP said again, as if their MCF were lost, are confirmed again and no page is doubled."""
    dis = yield from acts.answered(t)
    terms = yield from acts.trained(t, dis)
    yield from acts.page_and(t, SMALL, terms, "MPS")
    yield from acts.after(t, "MPS")
    yield from acts.page_and(t, OTHER, terms, "EOP")
    yield from acts.after(t, "EOP")
    yield from acts.goodbye(t)
    t.wanted_pages, t.wanted_success = [SMALL, OTHER], True


@case("receive-post-message-bad-fcs", "MRGN17")
def post_message_bad_fcs(t: Tester) -> Script:
    """MPS and EOP with a wrong FCS are not confirmed; said again, they are."""
    dis = yield from acts.answered(t)
    terms = yield from acts.trained(t, dis)
    for sheet, then in ((SMALL, "MPS"), (OTHER, "EOP")):
        yield from acts.page(t, sheet, terms)
        yield from t.send(then, spoil=(0,))
        yield from acts.silent_or_crp(t, 2500)
        yield from acts.after(t, then)
    yield from acts.goodbye(t)
    t.wanted_pages = [SMALL, OTHER]
