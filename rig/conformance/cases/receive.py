"""The device answers and receives without error correction."""

from typing import Any

from firmware_sim.t4 import patterns
from firmware_sim.t4.page import Page, Resolution
from rig.conformance import acts
from rig.conformance import frames as f
from rig.conformance.acts import OTHER, SMALL
from rig.conformance.model import Case, Role, Script, add, case
from rig.conformance.signals import MS
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


@case("receive-low-level", "MRGN05")
def low_level(t: Tester) -> Script:
    """A page from a sender at -33 dBm0."""
    t.level_dbm0 = -33.0
    sheet = patterns.text(1728, 200, seed=3)
    dis = yield from acts.answered(t)
    terms = yield from acts.trained(t, dis)
    yield from acts.page_and(t, sheet, terms)
    yield from acts.goodbye(t)
    t.wanted_pages = [sheet]


@case("receive-2400-spoilt", "MRGN08")
def spoilt_2400(t: Tester) -> Script:
    """A spoilt TCF at 2400 gives FTT; the next DCS may ask for a faster rate."""
    dis = yield from acts.answered(t)
    terms = yield from acts.command(t, dis, acts.best_rate(t, dis.last.fif, among=("V.27ter 2400",)))
    yield from acts.tcf(t, terms.rate, wrong=0.3)
    yield from t.expect("FTT")
    terms = yield from acts.trained(t, dis)
    yield from acts.page_and(t, SMALL, terms)
    yield from acts.goodbye(t)
    t.wanted_pages = [SMALL]


@case("receive-eom", "MRGN09", clause="5.4.3.1")
def eom(t: Tester) -> Script:
    """After EOM and MCF the device goes back to its DIS when T2 has run; the next document follows."""
    dis = yield from acts.answered(t)
    terms = yield from acts.trained(t, dis)
    yield from acts.page_and(t, SMALL, terms, "EOM")
    ended = t.last_end
    dis = yield from t.expect("DIS", 8000)
    t.within("T2 before the DIS", (dis.start - ended) / MS, *acts.T2_MS)
    terms = yield from acts.trained(t, dis)
    yield from acts.page_and(t, OTHER, terms)
    yield from acts.goodbye(t)
    t.wanted_pages, t.wanted_success = [SMALL, OTHER], True


@case("receive-eom-repeated", "MRGN16")
def eom_repeated(t: Tester) -> Script:
    """EOM said again, as if its MCF were lost, is confirmed again."""
    dis = yield from acts.answered(t)
    terms = yield from acts.trained(t, dis)
    yield from acts.page_and(t, SMALL, terms, "EOM")
    yield from t.pause(3000)
    yield from acts.after(t, "EOM")
    dis = yield from t.expect("DIS", 8000)
    terms = yield from acts.trained(t, dis)
    yield from acts.page_and(t, OTHER, terms)
    yield from acts.goodbye(t)
    t.wanted_pages = [SMALL, OTHER]


@case("receive-no-tcf", "MRGN13")
def no_tcf(t: Tester) -> Script:
    """A DCS without its TCF, twice, is answered by FTT."""
    dis = yield from acts.answered(t)
    for _ in range(2):
        terms = yield from acts.command(t, dis)
        yield from t.expect("FTT", acts.T2_MS[1])
    yield from acts.retrained(t, terms)
    yield from acts.page_and(t, SMALL, terms)
    yield from acts.goodbye(t)
    t.wanted_pages = [SMALL]


@case("receive-dcs-after-cfr", "MRGN14")
def dcs_after_cfr(t: Tester) -> Script:
    """The sender missed CFR: a DCS with a wrong FCS, then a good one, which trains again."""
    dis = yield from acts.answered(t)
    terms = yield from acts.trained(t, dis)
    yield from t.send(IDENT, ("DCS", terms.dcs), spoil=(1,))
    yield from acts.tcf(t, terms.rate)
    yield from acts.silent_or_crp(t, 2500)
    yield from acts.retrained(t, terms)
    yield from acts.page_and(t, SMALL, terms)
    yield from acts.goodbye(t)
    t.wanted_pages = [SMALL]


@case("receive-no-tcf-after-cfr", "MRGN15")
def no_tcf_after_cfr(t: Tester) -> Script:
    """After CFR a DCS without its TCF is answered by FTT."""
    dis = yield from acts.answered(t)
    terms = yield from acts.trained(t, dis)
    yield from t.send(IDENT, ("DCS", terms.dcs))
    yield from t.expect("FTT", acts.T2_MS[1])
    yield from acts.retrained(t, terms)
    yield from acts.page_and(t, SMALL, terms)
    yield from acts.goodbye(t)
    t.wanted_pages = [SMALL]


@case("receive-bad-rows-few", "MRGN04")
def bad_rows_few(t: Tester) -> Script:
    """4.75 % of the rows are bad: the page is taken."""
    yield from _bad_rows(t, 19, "MCF|RTP")


@case("receive-bad-rows-many", "MRGN04")
def bad_rows_many(t: Tester) -> Script:
    """15.25 % of the rows are bad: the page is refused."""
    yield from _bad_rows(t, 61, "RTN|PIN")
    t.wanted_pages = []


def _bad_rows(t: Tester, count: int, answer: str) -> Script:
    sheet = patterns.diagonals(1728, 400)
    bad = frozenset(range(3, 400, 400 // count)[:count])
    dis = yield from acts.answered(t)
    terms = yield from acts.trained(t, dis)
    yield from t.image(terms.rate, acts.rows_as_bits(sheet, terms, bad=bad), f"page with {len(bad)} bad rows")
    yield from acts.after(t, "EOP", answer)
    yield from acts.goodbye(t)


@case("receive-long-row", "MRGN03")
def long_row(t: Tester) -> Script:
    """A row that takes 4.9 s with its fill is taken."""
    yield from _slow_row(t, 4.9, "MCF|RTP")
    t.wanted_pages = [SMALL]


@case("receive-too-long-row", "MRGN03")
def too_long_row(t: Tester) -> Script:
    """A row that takes 5.1 s is more than T.4 allows: the page is not confirmed."""
    yield from _slow_row(t, 5.1, "")


def _slow_row(t: Tester, seconds: float, answer: str) -> Script:
    dis = yield from acts.answered(t)
    terms = yield from acts.trained(t, dis)
    row = acts.rows_as_bits(SMALL, terms, long_row=(20, round(seconds * terms.bps)))
    yield from t.image(terms.rate, row, f"page with a row of {seconds} s")
    if answer:
        yield from acts.after(t, "EOP", answer)
        yield from acts.goodbye(t)
        return
    yield from t.send("EOP")
    signal = yield from t.next_signal(acts.T2_MS[1])
    if signal is not None and signal.names[-1:] in (["MCF"], ["RTP"]):
        raise t.wrong("answer to EOP", "RTN, DCN or nothing", signal.text)


def _rate(rate: str) -> None:
    def script(t: Tester) -> Script:
        dis = yield from acts.answered(t)
        terms = yield from acts.trained(t, dis, acts.best_rate(t, dis.last.fif, among=(rate,)))
        yield from acts.page_and(t, SMALL, terms, "MPS")
        yield from acts.page_and(t, OTHER, terms)
        yield from acts.goodbye(t)
        t.wanted_pages = [SMALL, OTHER]

    name = rate.lower().replace(".", "").replace(" ", "-")
    add(Case(f"receive-{name}", f"Two pages by {rate}", script, Role.ANSWERS))


for _name in f.RATES:
    _rate(_name)


def _option(id: str, family: str, title: str, sheet: Page, **choices: Any) -> None:
    def script(t: Tester) -> Script:
        dis = yield from acts.answered(t)
        terms = yield from acts.trained(t, dis, **choices)
        yield from acts.page_and(t, sheet, terms)
        yield from acts.goodbye(t)
        t.wanted_pages = [sheet]

    add(Case(id, title, script, Role.ANSWERS, family))


_option("receive-mr", "ORGC01", "Two-dimensional coding", patterns.text(1728, 120), mr=True)
_option("receive-mr-fine", "", "Two-dimensional coding of a fine page", patterns.text(1728, 150, Resolution.FINE),
        mr=True, fine=True)  # fmt: skip
_option("receive-staircase", "ORGC01", "A run one pixel longer in each row", patterns.staircase(1728, 600))
_option("receive-fine", "ORGC02", "A fine page", patterns.text(1728, 200, Resolution.FINE), fine=True)
_option("receive-dense", "ORGC03", "A page of single pixels", patterns.dense(1728, 40))
