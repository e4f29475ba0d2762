"""The device answers, and what it hears is wrong, late or missing."""

from rig.conformance import acts, wire
from rig.conformance import frames as f
from rig.conformance.acts import OTHER, SMALL
from rig.conformance.cases.receive import IDENT
from rig.conformance.model import Script, case
from rig.conformance.signals import MS
from rig.conformance.tester import T4_MS, Tester

FOREIGN = bytes((0x00, f.FINAL, 0x74))
UNKNOWN = bytes((f.ADDRESS, f.FINAL, 0x6B))
UNKNOWN_OPTION = bytes((f.ADDRESS, f.MORE, 0x6A, 0x11, 0x22))


@case("receive-nobody", "MRGX01", clause="5.4.3.1")
def nobody(t: Tester) -> Script:
    """Nobody answers the DIS: repeated every T4, given up after three tries or when T1 (35 s) has run."""
    first = yield from acts.answered(t)
    count, before = 1, t.last_end
    while True:
        signal = yield from t.next_signal(T4_MS[1] + 4000)
        if signal is None:
            break
        if signal.names[-1:] == ["DCN"]:
            t.check("three tries at least", count >= 3, f"{count} tries")
            break
        if not signal.has("DIS"):
            raise t.wrong("nobody answers", "DIS or DCN", signal.text)
        t.within("T4 before DIS is repeated", (signal.start - before) / MS, *T4_MS)
        count, before = count + 1, signal.end
        if (signal.start - first.start) / MS > acts.T1_MS[1] + 1000:
            raise t.wrong("nobody answers", "an end within T1", "DIS for ever")
    t.check("three tries at least", count >= 3, f"{count} tries")
    yield from t.hangs_up(2000)
    t.wanted_success = False


@case("receive-no-caller", "No-caller-response", clause="5.4.3.1")
def no_caller(t: Tester) -> Script:
    """Nobody answers the DIS: the call is over within T1 (35 s +-5 s) from the first DIS."""
    first = yield from acts.answered(t)
    yield from t.until(lambda: not t.device_active or t.now > first.start + 44_000 * MS)
    t.check("the call is over within T1", not t.device_active, "still there after 44 s")
    t.wanted_pages, t.wanted_success = [], False


@case("receive-dcn-for-dcs", "MRGX02")
def dcn_for_dcs(t: Tester) -> Script:
    """DCN instead of a DCS: the device hangs up without a word."""
    yield from acts.answered(t)
    yield from acts.goodbye(t)
    t.wanted_pages, t.wanted_success = [], False


@case("receive-dcs-twice-dcn", "MRGX03")
def dcs_twice_dcn(t: Tester) -> Script:
    """DCS and TCF again after CFR are answered again; then DCN."""
    dis = yield from acts.answered(t)
    terms = yield from acts.trained(t, dis)
    yield from acts.retrained(t, terms)
    yield from acts.goodbye(t)
    t.wanted_pages, t.wanted_success = [], False


@case("receive-dropped-after-tcf", "MRGX04")
def dropped_after_tcf(t: Tester) -> Script:
    """The line drops after a second DCS and TCF: the device ends, with no page and no success."""
    dis = yield from acts.answered(t)
    terms = yield from acts.trained(t, dis)
    yield from acts.retrained(t, terms)
    t.drop_line = True
    yield from t.hangs_up(1000)
    t.wanted_pages, t.wanted_success = [], False


@case("receive-mps-then-nothing", "MRGX05", clause="5.4.3.1")
def mps_then_nothing(t: Tester) -> Script:
    """MPS repeated after MCF, and no page follows: the device gives up when T2 has run."""
    dis = yield from acts.answered(t)
    terms = yield from acts.trained(t, dis)
    yield from acts.page_and(t, SMALL, terms, "MPS")
    yield from acts.after(t, "MPS")
    yield from t.gives_up(5, 7, t.last_end)
    t.wanted_success = False


@case("receive-dropped-after-mps", "MRGX06")
def dropped_after_mps(t: Tester) -> Script:
    """The line drops after a repeated MPS: the page stays, the call is no success."""
    dis = yield from acts.answered(t)
    terms = yield from acts.trained(t, dis)
    yield from acts.page_and(t, SMALL, terms, "MPS")
    yield from acts.after(t, "MPS")
    t.drop_line = True
    yield from t.hangs_up(1000)
    t.wanted_pages, t.wanted_success = [SMALL], False


@case("receive-dropped-after-eop", "MRGX07")
def dropped_after_eop(t: Tester) -> Script:
    """The line drops after a repeated EOP: the document is complete."""
    dis = yield from acts.answered(t)
    terms = yield from acts.trained(t, dis)
    yield from acts.page_and(t, SMALL, terms)
    yield from acts.after(t, "EOP")
    t.drop_line = True
    yield from t.hangs_up(1000)
    t.wanted_pages, t.wanted_success = [SMALL], True


@case("receive-dcn-clipped", "Non-ECM-DCN-clipped")
def dcn_clipped(t: Tester) -> Script:
    """DCN never arrives after the last page: the document is complete, and the device hangs up by itself."""
    dis = yield from acts.answered(t)
    terms = yield from acts.trained(t, dis)
    yield from acts.page_and(t, SMALL, terms)
    yield from t.until(lambda: not t.device_active or t.now > t.last_end + 10_000 * MS)
    t.wanted_pages, t.wanted_success = [SMALL], True


@case("receive-eop-then-silence", "MRGX08")
def eop_then_silence(t: Tester) -> Script:
    """Silence after a repeated EOP: the document is complete."""
    dis = yield from acts.answered(t)
    terms = yield from acts.trained(t, dis)
    yield from acts.page_and(t, SMALL, terms)
    yield from t.pause(2500)
    yield from acts.after(t, "EOP")
    yield from t.until(lambda: not t.device_active or t.now > t.last_end + 10_000 * MS)
    t.check("the device hangs up by itself", not t.device_active, "still there")
    t.wanted_pages, t.wanted_success = [SMALL], True


@case("receive-silence-after-eom", "T1-after-EOM", clause="5.4.3.1")
def silence_after_eom(t: Tester) -> Script:
    """The caller falls silent after EOM: DIS again, and the call is over when T1 has run."""
    dis = yield from acts.answered(t)
    terms = yield from acts.trained(t, dis)
    yield from acts.page_and(t, SMALL, terms, "EOM")
    dis = yield from t.expect("DIS", 8000)
    yield from t.until(lambda: not t.device_active or t.now > dis.start + 44_000 * MS)
    t.check("the call is over within T1", not t.device_active, "still there after 44 s")
    t.wanted_pages = [SMALL]


@case("receive-unknown-for-dcs", "MRGX09")
def unknown_for_dcs(t: Tester) -> Script:
    """An unknown frame instead of a DCS is not obeyed: DIS again, or the end."""
    yield from acts.answered(t)
    yield from t.send(UNKNOWN)
    signal = yield from t.next_signal(T4_MS[1] + 500)
    if signal is not None and signal.names[-1:] not in (["DIS"], ["DCN"], ["CRP"]):
        raise t.wrong("an unknown command", "DIS, CRP or DCN", signal.text)
    yield from t.send("DCN")
    yield from t.hangs_up()
    t.wanted_pages, t.wanted_success = [], False


@case("receive-unknown-option", "MRGX10")
def unknown_option(t: Tester) -> Script:
    """A frame of another address and an unknown optional frame before the DCS do no harm."""
    dis = yield from acts.answered(t)
    terms = acts.terms_for(t, dis)
    yield from t.send(UNKNOWN_OPTION, bytes((0x00, f.MORE, 0x42, 1, 2)), ("DCS", terms.dcs))
    yield from acts.tcf(t, terms.rate)
    yield from t.expect("CFR")
    yield from acts.page_and(t, SMALL, terms)
    yield from acts.goodbye(t)
    t.wanted_pages = [SMALL]


@case("receive-flags-for-dcs", "MRGX11")
def flags_for_dcs(t: Tester) -> Script:
    """Flags without a frame instead of a DCS: DIS again."""
    yield from acts.answered(t)
    yield from t.send(flags=60)
    dis = yield from t.expect("DIS", T4_MS[1] + 500)
    terms = yield from acts.trained(t, dis)
    yield from acts.page_and(t, SMALL, terms)
    yield from acts.goodbye(t)
    t.wanted_pages = [SMALL]


@case("receive-unknown-for-eop", "MRGX12")
def unknown_for_eop(t: Tester) -> Script:
    """An unknown frame after the page is not confirmed."""
    dis = yield from acts.answered(t)
    terms = yield from acts.trained(t, dis)
    yield from acts.page(t, SMALL, terms)
    yield from t.send(UNKNOWN)
    signal = yield from t.next_signal(2500)
    if signal is not None and signal.names[-1:] not in (["DCN"], ["CRP"]):
        raise t.wrong("an unknown command", "silence, CRP or DCN", signal.text)


@case("receive-foreign-before-eop", "MRGX13")
def foreign_before_eop(t: Tester) -> Script:
    """A frame of another address before EOP is passed over; EOP is confirmed."""
    dis = yield from acts.answered(t)
    terms = yield from acts.trained(t, dis)
    yield from acts.page(t, SMALL, terms)
    yield from t.send(bytes((0x00, f.MORE, 0x12)), "EOP")
    yield from t.expect("MCF")
    yield from acts.goodbye(t)
    t.wanted_pages = [SMALL]


@case("receive-long-flags", "MRGX14", clause="5.4.2 note 1")
def long_flags(t: Tester) -> Script:
    """Two seconds of flags before EOP: confirmed."""
    dis = yield from acts.answered(t)
    terms = yield from acts.trained(t, dis)
    yield from acts.page(t, SMALL, terms)
    yield from t.send("EOP", flags=75)
    yield from t.expect("MCF")
    yield from acts.goodbye(t)
    t.wanted_pages = [SMALL]


@case("receive-long-dcs", "MRGX15")
def long_dcs(t: Tester) -> Script:
    """TSI and a DCS of sixteen octets are accepted."""
    dis = yield from acts.answered(t)
    terms = yield from acts.trained(t, dis, octets=16)
    yield from acts.page_and(t, SMALL, terms)
    yield from acts.goodbye(t)
    t.wanted_pages = [SMALL]


@case("receive-reserved-rate", "Invalid-signalling-rate")
def reserved_rate(t: Tester) -> Script:
    """A DCS with a reserved rate is refused: DCN, or DIS again."""
    yield from acts.answered(t)
    wrong = f.field({f.CAN_RECEIVE: "1", 11: "1011", 21: "111"})
    yield from t.send(IDENT, ("DCS", wrong))
    yield from t.expect("DCN|DIS|FTT", acts.T2_MS[1])
    t.wanted_pages, t.wanted_success = [], False


@case("receive-not-offered", "")
def not_offered(t: Tester) -> Script:
    """A DCS with a resolution that was never offered is refused."""
    dis = yield from acts.answered(t)
    if f.is_set(dis.last.fif, 43):
        raise t.skip("the device offers 400 dpi")
    rate = acts.best_rate(t, dis.last.fif)
    yield from t.send(IDENT, ("DCS", acts.dcs(dis.last.fif, rate, more={43: "1"})))
    yield from acts.tcf(t, rate)
    yield from t.expect("DCN|DIS|FTT", acts.T2_MS[1])


@case("receive-page-lost", "")
def page_lost(t: Tester) -> Script:
    """A page of which nothing but energy arrives is not confirmed."""
    dis = yield from acts.answered(t)
    terms = yield from acts.trained(t, dis)
    yield from acts.page_and(t, SMALL, terms, "MPS")
    t.play(wire.noise(-15.0, 3000, t.seed), "noise for a page")
    yield from t.sent()
    yield from acts.after(t, "EOP", "RTN|PIN")
    yield from acts.goodbye(t)
    t.wanted_pages = [SMALL]


@case("receive-page-cut", "")
def page_cut(t: Tester) -> Script:
    """A page that breaks off in the middle, without RTC, is not confirmed."""
    dis = yield from acts.answered(t)
    terms = yield from acts.trained(t, dis)
    row = acts.page_bits(OTHER, terms)
    yield from t.image(terms.rate, row[: len(row) // 2], "half a page")
    yield from acts.after(t, "EOP", "RTN|PIN")
    yield from acts.goodbye(t)
    t.wanted_pages = []


@case("receive-short-training", "")
def short_training(t: Tester) -> Script:
    """A TCF of 0.3 s proves nothing: FTT."""
    dis = yield from acts.answered(t)
    terms = yield from acts.command(t, dis)
    yield from acts.tcf(t, terms.rate, 300)
    yield from t.expect("FTT", acts.T2_MS[1])
    yield from acts.retrained(t, terms)
    yield from acts.page_and(t, SMALL, terms)
    yield from acts.goodbye(t)
    t.wanted_pages = [SMALL]


@case("receive-shortest-training", "")
def shortest_training(t: Tester) -> Script:
    """A TCF of 1.35 s, the shortest that is allowed: CFR."""
    dis = yield from acts.answered(t)
    terms = yield from acts.command(t, dis)
    yield from acts.tcf(t, terms.rate, 1360)
    yield from t.expect("CFR")
    yield from acts.page_and(t, SMALL, terms)
    yield from acts.goodbye(t)
    t.wanted_pages = [SMALL]


@case("receive-preamble-shortest", "")
def preamble_shortest(t: Tester) -> Script:
    """Preambles of 0.85 s, the shortest that are allowed, are heard."""
    yield from _preambles(t, 32)


@case("receive-preamble-longest", "")
def preamble_longest(t: Tester) -> Script:
    """Preambles of 1.15 s, the longest that are allowed, are heard."""
    yield from _preambles(t, 43)


def _preambles(t: Tester, flags: int) -> Script:
    dis = yield from acts.answered(t)
    terms = acts.terms_for(t, dis)
    yield from t.send(IDENT, ("DCS", terms.dcs), flags=flags)
    yield from acts.tcf(t, terms.rate)
    yield from t.expect("CFR")
    yield from acts.page(t, SMALL, terms)
    yield from t.send("EOP", flags=flags)
    yield from t.expect("MCF")
    yield from t.send("DCN", flags=flags)
    yield from t.hangs_up()
    t.wanted_pages = [SMALL]
