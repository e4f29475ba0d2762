"""The device calls and sends without error correction."""

from collections.abc import Callable

from firmware_sim.t4 import patterns
from firmware_sim.t4.page import Resolution
from rig.conformance import acts, wire
from rig.conformance import frames as f
from rig.conformance.acts import OTHER, SMALL
from rig.conformance.model import Case, Role, Script, Setup, add, case
from rig.conformance.signals import MS, Signal
from rig.conformance.tester import ANSWER_MS, T4_MS, Tester

ONE = Setup(documents=((SMALL,),))
TWO_PAGES = Setup(documents=((SMALL, OTHER),))
TWO_DOCUMENTS = Setup(documents=((SMALL,), (OTHER,)))
SETUPS = {"EOP": ONE, "MPS": TWO_PAGES, "EOM": TWO_DOCUMENTS}
CALLS = Role.CALLS
FINE_TEXT = patterns.text(1728, 80, Resolution.FINE)


@case("transmit-two-pages", "MTGN01", role=CALLS, clause="4.2, Figure 9", setup=TWO_PAGES)
def two_pages(t: Tester) -> Script:
    """CNG in its cadence until it hears us; TSI, DCS, TCF; two pages and DCN."""
    yield from cng(t)
    terms = yield from acts.obeyed(t)
    yield from acts.took_page(t, terms, SMALL, "MPS")
    yield from acts.took_page(t, terms, OTHER, "EOP")
    yield from acts.device_says_dcn(t)
    t.wanted_success = True


def cng(t: Tester) -> Script:
    """Three calling tones and the pauses between them."""
    before = None
    for _ in range(3):
        tone = yield from t.next_signal(4000)
        if tone is None or tone.kind != "tone":
            raise t.wrong("wait for CNG", "a tone of 1100 Hz", "nothing" if tone is None else tone.text)
        t.within("frequency of CNG", tone.hz, *acts.CNG_HZ, unit="Hz", slack=1.0)
        t.within("length of CNG", tone.ms, *acts.CNG_ON_MS)
        if before is not None:
            t.within("pause of CNG", (tone.start - before.end) / MS, *acts.CNG_OFF_MS)
        before = tone


# -- what the receiver offers ------------------------------------------------------------------------------------------


def _offers(id: str, family: str, title: str, setup: Setup = ONE, **bits: bool | str) -> None:
    """A receiver with these bits in its DIS; the device keeps to them, and its page arrives."""

    def script(t: Tester) -> Script:
        terms = yield from acts.obeyed(t, **bits)
        for number, sheet in enumerate(t.setup.documents[0], 1):
            then = "MPS" if number < len(t.setup.documents[0]) else "EOP"
            yield from acts.took_page(t, terms, sheet, then)
        yield from acts.device_says_dcn(t)
        t.wanted_success = True

    add(Case(id, title, script, CALLS, family, setup=setup))


FINE = Setup(documents=((FINE_TEXT,),))
_offers("transmit-fine-to-standard", "MTGN02", "Wants fine, the receiver lacks it: sends standard", FINE, b15=False)
_offers("transmit-fine", "OTGC03", "A fine page to a receiver that has fine, and B4 length", FINE, b19="10")
_offers("transmit-scan-20-ms", "MTGN03", "The receiver's 20 ms a row are kept", b21="000")
_offers("transmit-scan-40-ms", "MTGN05", "The receiver's 40 ms a row are kept", b21="001")
_offers("transmit-scan-half-fine", "", "20 ms a row, 10 ms at fine resolution", FINE, b21="110")
_offers("transmit-scan-10-ms", "", "The receiver's 10 ms a row are kept", b21="010")
_offers("transmit-scan-5-ms", "", "The receiver's 5 ms a row are kept", b21="100")
_offers("transmit-length-b4", "MTGN04", "A receiver that offers B4 length", b19="10")
_offers("transmit-ecm-to-plain", "MTGN06", "Wants ECM, the receiver lacks it: sends without",
        Setup(documents=((SMALL,),), ecm=True))  # fmt: skip
_offers("transmit-mps", "MTGN08", "Two pages with MPS", TWO_PAGES)
_offers("transmit-unlimited", "OTGC02", "A receiver of unlimited length", b19="01")
_offers("transmit-offer-fine", "OTGC09-01", "The receiver offers fine", FINE, b15=True)
_offers("transmit-offer-mr", "OTGC09-02", "The receiver offers fine and two-dimensional coding", b16=True)
_offers("transmit-offer-long", "OTGC09-03", "The receiver offers unlimited length and nothing more", b15=False)
_offers("transmit-offer-nothing", "OTGC09-04", "The receiver offers nothing more", b15=False, b19="00")
_offers("transmit-offer-wide", "OTGC09-05", "The receiver offers 255 mm and B4", b17="10", b19="10")
_offers("transmit-offer-widest", "OTGC09-06", "The receiver offers 303 mm and unlimited length", b17="01")
_offers("transmit-offer-bits-33-34", "OTGC09-07", "Bits 33 and 34, once small widths", b33="11")
_offers("transmit-offer-bits-33-35", "OTGC09-08", "Bits 33 and 35, once small widths", b33="101")
_offers("transmit-offer-superfine", "OTGC09-09", "The receiver offers R8 x 15.4, metric", FINE, b41="1", b45="1")
_offers("transmit-offer-r16", "OTGC09-10", "The receiver offers R16 x 15.4, metric", FINE, b43="1", b45="1")
_offers("transmit-offer-400", "OTGC09-11", "The receiver offers 400 x 400, inch", FINE, b43="1", b44="1")
_offers("transmit-offer-300", "OTGC09-12", "The receiver offers 300 x 300, inch", FINE, b42="1", b44="1")
_offers("transmit-base-receiver", "OTGC01", "A base receiver: A4, standard, V.27ter", b11="0100", b15=False, b19="00")
_offers("transmit-v29-only", "", "A receiver that has V.29 only", b11="1000")
_offers("transmit-v27ter-2400", "", "A receiver that has V.27ter at 2400 only", b11="0000", b15=False)
_offers("transmit-all-runs", "OTGC11", "Every run length, as it was drawn",
        Setup(documents=((patterns.all_runs(),),)))  # fmt: skip


@case("transmit-no-receiver", "MTGN07", role=CALLS, setup=ONE)
def no_receiver(t: Tester) -> Script:
    """The DIS says that it cannot receive: DCN."""
    yield from acts.ced(t)
    yield from acts.say_dis(t, b10=False)
    yield from acts.device_says_dcn(t)
    t.wanted_success = False


# -- phase B goes wrong ------------------------------------------------------------------------------------------------


def finish(t: Tester, terms: acts.Terms) -> Script:
    yield from acts.took_page(t, terms, SMALL)
    yield from acts.device_says_dcn(t)
    t.wanted_success = True


@case("transmit-dis-again", "MTGN09", role=CALLS, setup=ONE)
def dis_again(t: Tester) -> Script:
    """DIS comes again after the TCF: the device did not get through, and repeats DCS and TCF."""
    yield from acts.ced(t)
    yield from acts.say_dis(t)
    yield from acts.heard_dcs(t)
    yield from acts.say_dis(t)
    terms = yield from acts.heard_dcs(t)
    yield from t.send("CFR")
    yield from finish(t, terms)


@case("transmit-dis-bad-fcs", "MTGN10", role=CALLS, setup=ONE)
def dis_bad_fcs(t: Tester) -> Script:
    """Two DIS with a wrong FCS are not obeyed, the third is."""
    yield from acts.ced(t)
    for _ in range(2):
        yield from t.send(("DIS", acts.our_dis()), spoil=(0,))
        t.drop_tones()
        yield from acts.silent_or_crp(t, 2500)
    yield from acts.say_dis(t)
    terms = yield from acts.heard_dcs(t)
    yield from t.send("CFR")
    yield from finish(t, terms)


def _training_answers(id: str, family: str, title: str, answer: Callable[[Tester], Script]) -> None:
    """Twice an answer that is none, then CFR: DCS and TCF come three times."""

    def script(t: Tester) -> Script:
        yield from acts.ced(t)
        yield from acts.say_dis(t)
        within = ANSWER_MS if answer is crp else T4_MS[1]
        for number in range(2):
            terms = yield from acts.heard_dcs(t, within if number else ANSWER_MS)
            yield from answer(t)
        terms = yield from acts.heard_dcs(t, within)
        yield from t.send("CFR")
        yield from finish(t, terms)

    add(Case(id, title, script, CALLS, family, setup=ONE))


def nothing(t: Tester) -> Script:
    """No answer: what comes next comes T4 after the device's last signal."""
    ended = t.last_end
    yield from t.until(lambda: t.began(ended))
    t.within("T4 before the command is repeated", (t.onset - ended) / MS, *T4_MS)


def bad(name: str) -> Callable[[Tester], Script]:
    return lambda t: t.send(name, spoil=(0,))


def crp(t: Tester) -> Script:
    yield from t.send("CRP")


_training_answers("transmit-training-unanswered", "MTGN11", "No answer to two TCF: repeated after T4", nothing)
_training_answers("transmit-cfr-bad-fcs", "MTGN12", "CFR with a wrong FCS twice, the third is obeyed", bad("CFR"))
_training_answers("transmit-crp-after-dcs", "MTGN13", "CRP after DCS: DCS and TCF are repeated", crp)


# -- phase D -----------------------------------------------------------------------------------------------------------


def page_sent(t: Tester, then: str, **bits: bool | str) -> Script:
    """Up to the first post-message command, which waits for its answer."""
    terms = yield from acts.obeyed(t, **bits)
    yield from acts.took_page(t, terms, SMALL, then, answer="")
    t.terms = terms


def go_on(t: Tester, then: str) -> Script:
    """After a confirmed command: what follows it, to the end of the call."""
    terms = t.terms
    if then == "EOM":
        yield from acts.say_dis(t)
        terms = yield from acts.heard_dcs(t)
        yield from t.send("CFR")
    if then != "EOP":
        yield from acts.took_page(t, terms, OTHER)
    yield from acts.device_says_dcn(t)
    t.wanted_success = True


def _post_message(id: str, family: str, title: str, then: str, answer: Callable[[Tester], Script]) -> None:
    """Twice an answer that is none, then MCF: the command comes three times, and no page twice."""

    def script(t: Tester) -> Script:
        yield from page_sent(t, then)
        for _ in range(2):
            yield from answer(t)
            yield from t.expect(then, ANSWER_MS if answer is crp else T4_MS[1], step=f"{then} again")
        yield from t.send("MCF")
        yield from go_on(t, then)

    add(Case(id, title, script, CALLS, family, setup=SETUPS[then]))


for _then, _numbers in {"EOM": (14, 15, 16), "MPS": (17, 18, 19), "EOP": (20, 21, 22)}.items():
    _low = _then.lower()
    _post_message(f"transmit-{_low}-unanswered", f"MTGN{_numbers[0]}", f"{_then} is repeated after T4", _then, nothing)
    _post_message(f"transmit-{_low}-mcf-bad-fcs", f"MTGN{_numbers[1]}",
                  f"MCF to {_then} with a wrong FCS twice", _then, bad("MCF"))  # fmt: skip
    _post_message(f"transmit-{_low}-crp", f"MTGN{_numbers[2]}", f"CRP after {_then} twice", _then, crp)


@case("transmit-eom-rtp", "MTGN23", role=CALLS, setup=TWO_DOCUMENTS)
def eom_rtp(t: Tester) -> Script:
    """RTP after EOM: the page counts, and phase B follows."""
    yield from page_sent(t, "EOM")
    yield from t.send("RTP")
    yield from go_on(t, "EOM")


@case("transmit-mps-rtp", "MTGN24", role=CALLS, setup=TWO_PAGES)
def mps_rtp(t: Tester) -> Script:
    """RTP after MPS: train again, then the next page."""
    yield from page_sent(t, "MPS")
    yield from t.send("RTP")
    t.terms = yield from acts.heard_dcs(t)
    yield from t.send("CFR")
    yield from go_on(t, "MPS")


@case("transmit-eop-rtp", "MTGN25", role=CALLS, setup=ONE)
def eop_rtp(t: Tester) -> Script:
    """RTP after EOP: the page counts, DCN."""
    yield from page_sent(t, "EOP")
    yield from t.send("RTP")
    yield from go_on(t, "EOP")


@case("transmit-eom-rtn", "MTGN26", role=CALLS, setup=TWO_DOCUMENTS)
def eom_rtn(t: Tester) -> Script:
    """RTN after EOM: the page was not good. The device trains and sends it again, goes back to phase B, or ends."""
    yield from page_sent(t, "EOM")
    yield from t.send("RTN")
    signal = yield from t.next_signal(7000)
    if signal is None:  # it waits for our DIS
        yield from acts.say_dis(t)
        signal = yield from t.expect("DCS|DCN")
    yield from _again_or_end(t, signal, "EOM")


@case("transmit-mps-rtn", "MTGN27", role=CALLS, setup=TWO_PAGES)
def mps_rtn(t: Tester) -> Script:
    """RTN after MPS: train again, and the same page again."""
    yield from page_sent(t, "MPS")
    yield from t.send("RTN")
    t.terms = yield from acts.heard_dcs(t)
    yield from t.send("CFR")
    yield from acts.took_page(t, t.terms, SMALL, "MPS")
    yield from go_on(t, "MPS")


@case("transmit-eop-rtn", "MTGN28", role=CALLS, setup=ONE)
def eop_rtn(t: Tester) -> Script:
    """RTN after EOP: DCN, or the page again; in no case is it called sent."""
    yield from page_sent(t, "EOP")
    yield from t.send("RTN")
    signal = yield from t.expect("DCS|DCN")
    yield from _again_or_end(t, signal, "EOP")


def _again_or_end(t: Tester, signal: Signal, then: str) -> Script:
    if signal.last.name == "DCN":
        yield from t.hangs_up()
        t.wanted_success = False
        return
    t.terms = yield from acts.heard_tcf(t, signal)
    yield from t.send("CFR")
    yield from acts.took_page(t, t.terms, SMALL, then)
    yield from go_on(t, then)


# -- rates -------------------------------------------------------------------------------------------------------------


def _ladder(id: str, family: str, title: str, offer: str, *rates: str) -> None:
    """FTT at each of *rates* but the last: the device steps down exactly so."""

    def script(t: Tester) -> Script:
        yield from acts.ced(t)
        yield from acts.say_dis(t, b11=offer)
        for rate in rates:
            terms = yield from acts.heard_dcs(t)
            if rate == rates[0] and terms.rate.split()[0] != rate.split()[0]:
                raise t.skip(f"offered {rate}, the device chose {terms.rate}")
            t.check(f"the rate is {rate}", terms.rate == rate, terms.rate)
            yield from t.send("FTT" if rate != rates[-1] else "CFR")
        yield from finish(t, terms)

    add(Case(id, title, script, CALLS, family, setup=ONE))


_ladder("transmit-v29-falls-back", "OTGC04", "V.29: FTT steps 9600 to 7200", "1000", "V.29 9600", "V.29 7200")
_ladder("transmit-v17", "OTGC05", "V.17 at 14400", "1101", "V.17 14400")
_ladder("transmit-v17-again", "OTGC06", "V.17 at 14400, second case of the same offer", "1101", "V.17 14400")
_ladder("transmit-v17-falls-back", "OTGC07", "V.17: FTT steps 14400, 12000, 9600",
        "1101", "V.17 14400", "V.17 12000", "V.17 9600")  # fmt: skip
_ladder("transmit-v27ter-falls-back", "", "V.27ter: FTT steps 4800 to 2400", "0100", "V.27ter 4800", "V.27ter 2400")


@case("transmit-every-rate-falls", "OTGC08", role=CALLS, setup=ONE)
def every_rate_falls(t: Tester) -> Script:
    """FTT again and again: no rate comes that is faster than the one before; the slowest is obeyed."""
    yield from acts.ced(t)
    yield from acts.say_dis(t)
    terms = yield from acts.heard_dcs(t)
    lowest = 2400 if "V.27ter" in acts.our_modems() else 7200
    while terms.bps > lowest:
        yield from t.send("FTT")
        before = terms.bps
        terms = yield from acts.heard_dcs(t)
        t.check("FTT leads to a slower rate", terms.bps <= before, f"{terms.bps} after {before}")
    yield from t.send("CFR")
    yield from finish(t, terms)


@case("transmit-all-answers", "OTGC10", role=CALLS, setup=TWO_PAGES)
def all_answers(t: Tester) -> Script:
    """No answer, FTT, RTP and CRP in one call."""
    yield from acts.ced(t)
    yield from acts.say_dis(t)
    yield from acts.heard_dcs(t)
    yield from nothing(t)
    terms = yield from acts.heard_dcs(t, T4_MS[1])
    yield from t.send("FTT")
    terms = yield from acts.heard_dcs(t)
    yield from t.send("CFR")
    yield from acts.took_page(t, terms, SMALL, "MPS", answer="CRP")
    yield from t.expect("MPS", T4_MS[1])
    yield from t.send("RTP")
    terms = yield from acts.heard_dcs(t)
    yield from t.send("CFR")
    yield from acts.took_page(t, terms, OTHER)
    yield from acts.device_says_dcn(t)


__all__ = ["f", "wire"]
