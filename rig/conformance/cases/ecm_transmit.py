"""The device calls and sends with error correction (T.30 Annex A)."""

from collections.abc import Generator

from firmware_sim.t4 import patterns
from rig.conformance import acts, ecm
from rig.conformance import frames as f
from rig.conformance.acts import OTHER, SMALL, Terms
from rig.conformance.model import Role, Script, Setup, case
from rig.conformance.signals import MS
from rig.conformance.tester import T4_MS, Tester

CALLS = Role.CALLS
LONG = patterns.dense(1728, 92)
"""More than one block of 256 frames of 256 octets."""
ONE = Setup(documents=((SMALL,),), ecm=True)
TWO = Setup(documents=((SMALL, OTHER),), ecm=True)
THREE_PARTS = Setup(documents=((LONG, SMALL),), ecm=True)


def opened(t: Tester, **bits: bool | str) -> Generator[None, None, Terms]:
    """The device trains with ECM, we say CFR."""
    terms = yield from acts.obeyed(t, b27=True, **bits)
    if not f.is_set(terms.dcs, f.ECM):
        raise t.skip("the device does not use error correction where it is offered")
    return terms


@case("ecm-transmit-parts", "OTEN01", role=CALLS, setup=THREE_PARTS, longest_s=200)
def parts(t: Tester) -> Script:
    """Partial pages with NULL, MPS and EOP."""
    terms = yield from opened(t)
    blocks = yield from ecm.took_page(t, terms, LONG, "MPS", 0)
    if blocks == 1:
        raise t.skip("the device codes the long page so that it fits one block")
    yield from ecm.took_page(t, terms, SMALL, "EOP", 1)
    yield from acts.device_says_dcn(t)
    t.wanted_success = True


@case("ecm-transmit-two-pages", "", role=CALLS, setup=TWO)
def two_pages(t: Tester) -> Script:
    """Two pages, bit for bit."""
    terms = yield from opened(t)
    yield from ecm.took_page(t, terms, SMALL, "MPS", 0)
    yield from ecm.took_page(t, terms, OTHER, "EOP", 1)
    yield from acts.device_says_dcn(t)
    t.wanted_success = True


@case("ecm-transmit-ppr", "OTEN02", role=CALLS, setup=ONE)
def ppr(t: Tester) -> Script:
    """PPR for the first, a middle and the last frame, then for fewer of them: exactly those come again."""
    terms = yield from opened(t)
    frames = yield from ecm.heard_block(t, terms)
    count = len(frames)
    yield from ecm.heard_pps(t, "EOP", 0, 0, count)
    for wanted in ({0, count // 2, count - 1}, {0, count - 1}, {count - 1}):
        yield from t.send(("PPR", f.ppr(wanted)))
        again = yield from ecm.heard_block(t, terms)
        t.check("the frames that were asked for, and no others", set(again) == wanted, str(sorted(again)))
        same = all(again[number] == frames[number] for number in again if number in frames)
        t.check("a frame sent again is the same frame", same, "its octets differ")
        yield from ecm.heard_pps(t, "EOP", 0, 0, count, len(wanted))
    ecm.compare(t, terms, ecm.joined(frames), SMALL)
    yield from t.send("MCF")
    yield from acts.device_says_dcn(t)
    t.wanted_success = True


@case("ecm-transmit-busy", "OTEN03", role=CALLS, setup=ONE, longest_s=160, clause="A.5.4.1")
def busy(t: Tester) -> Script:
    """A receiver that stays busy: RR again and again, and after T5 (60 s +-5 s) DCN."""
    terms = yield from opened(t)
    frames = yield from ecm.heard_block(t, terms)
    yield from ecm.heard_pps(t, "EOP", 0, 0, len(frames))
    yield from t.send("RNR")
    first = t.last_end
    while True:
        signal = yield from t.expect("RR|DCN", T4_MS[1])
        if signal.last.name == "DCN":
            break
        if (signal.start - first) / MS > acts.T5_MS[1] + 5000:
            raise t.wrong("stay busy", "DCN after T5", "RR for ever")
        yield from t.send("RNR")
    t.within("T5 before DCN", (signal.start - first) / MS, acts.T5_MS[0], acts.T5_MS[1] + 3000)
    yield from t.hangs_up()
    t.wanted_success = False


@case("ecm-transmit-busy-then-ready", "", role=CALLS, setup=ONE)
def busy_then_ready(t: Tester) -> Script:
    """RNR twice, then MCF to the RR: the page is confirmed."""
    terms = yield from opened(t)
    frames = yield from ecm.heard_block(t, terms)
    yield from ecm.heard_pps(t, "EOP", 0, 0, len(frames))
    for _ in range(2):
        yield from t.send("RNR")
        yield from t.expect("RR", T4_MS[1])
    yield from t.send("MCF")
    yield from acts.device_says_dcn(t)
    t.wanted_success = True


def _four_requests(t: Tester, terms: Terms, count: int, wanted: set[int]) -> Script:
    """Three PPR that are obeyed, and the fourth."""
    for _ in range(3):
        yield from t.send(("PPR", f.ppr(wanted)))
        again = yield from ecm.heard_block(t, terms)
        t.check("the frames that were asked for, and no others", set(again) == wanted, str(sorted(again)))
        yield from ecm.heard_pps(t, "EOP", 0, 0, count, len(wanted))
    yield from t.send(("PPR", f.ppr(wanted)))


@case("ecm-transmit-give-up", "OTEN04", role=CALLS, setup=ONE, longest_s=200, clause="A.1")
def give_up(t: Tester) -> Script:
    """Four PPR again and again: CTC at a slower rate, in the end EOR; the page is not called sent."""
    terms = yield from opened(t)
    frames = yield from ecm.heard_block(t, terms)
    yield from ecm.heard_pps(t, "EOP", 0, 0, len(frames))
    for _ in range(8):
        yield from _four_requests(t, terms, len(frames), {0})
        signal = yield from t.expect("CTC|EOR-EOP|DCN")
        if signal.last.name != "CTC":
            break
        terms = _slower(t, terms, signal.last.fif)
        yield from t.send("CTR")
        yield from ecm.heard_block(t, terms)
        yield from ecm.heard_pps(t, "EOP", 0, 0, len(frames), 1)
    else:
        raise t.wrong("four PPR for ever", "EOR or DCN in the end", "CTC for ever")
    if signal.last.name == "EOR":
        yield from t.send("ERR")
        yield from t.expect("DCN", T4_MS[1])
    yield from t.hangs_up()
    t.wanted_success = False


def _slower(t: Tester, terms: Terms, fif: bytes) -> Terms:
    rate = {text: name for name, text in f.RATES.items()}.get(f.bits(fif, 11, 4), "")
    if not rate:
        raise t.wrong("read the CTC", "a rate", f.bits(fif, 11, 4))
    bps = int(rate.split()[1])
    t.check("CTC does not raise the rate", bps <= terms.bps, f"{bps} after {terms.bps}")
    return Terms(rate, terms.dcs)


@case("ecm-transmit-ctc", "OTEN05", role=CALLS, setup=ONE)
def ctc(t: Tester) -> Script:
    """Four PPR, CTC at a slower rate, then MCF."""
    terms = yield from opened(t)
    frames = yield from ecm.heard_block(t, terms)
    yield from ecm.heard_pps(t, "EOP", 0, 0, len(frames))
    yield from _four_requests(t, terms, len(frames), {0, 1})
    signal = yield from t.expect("CTC|EOR-EOP|DCN")
    if signal.last.name != "CTC":
        raise t.skip("the device gives up (EOR) rather than to go on (CTC)")
    slower = _slower(t, terms, signal.last.fif)
    yield from t.send("CTR")
    again = yield from ecm.heard_block(t, slower)
    t.check("the frames that were asked for", set(again) == {0, 1}, str(sorted(again)))
    yield from ecm.heard_pps(t, "EOP", 0, 0, len(frames), 2)
    ecm.compare(t, terms, ecm.joined(frames), SMALL)
    yield from t.send("MCF")
    yield from acts.device_says_dcn(t)
    t.wanted_success = True


@case("ecm-transmit-t6-offered", "OTEN06", role=CALLS, setup=ONE)
def t6_offered(t: Tester) -> Script:
    """The receiver offers T.6, too."""
    terms = yield from opened(t, b31=True)
    yield from ecm.took_page(t, terms, SMALL)
    yield from acts.device_says_dcn(t)


@case("ecm-transmit-pps-unanswered", "", role=CALLS, setup=ONE)
def pps_unanswered(t: Tester) -> Script:
    """PPS is repeated T4 after it stayed unanswered, twice; then MCF."""
    terms = yield from opened(t)
    frames = yield from ecm.heard_block(t, terms)
    label = yield from ecm.heard_pps(t, "EOP", 0, 0, len(frames))
    for _ in range(2):
        signal = yield from acts.repeated(t, "PPS-EOP")
        t.check("the same PPS again", signal.last.fif == label, signal.last.fif.hex(" "))
    yield from t.send("MCF")
    yield from acts.device_says_dcn(t)
    t.wanted_success = True


@case("ecm-transmit-pps-dead", "", role=CALLS, setup=ONE)
def pps_dead(t: Tester) -> Script:
    """No answer to three PPS: DCN."""
    terms = yield from opened(t)
    frames = yield from ecm.heard_block(t, terms)
    yield from ecm.heard_pps(t, "EOP", 0, 0, len(frames))
    for _ in range(2):
        yield from acts.repeated(t, "PPS-EOP")
    yield from acts.device_says_dcn(t, T4_MS[1])
    t.wanted_success = False


@case("ecm-transmit-echo", "Tx-PPS-echo", role=CALLS, setup=ONE)
def echo(t: Tester) -> Script:
    """The device hears its own PPS come back, and takes it for no answer."""
    terms = yield from opened(t)
    frames = yield from ecm.heard_block(t, terms)
    yield from ecm.heard_pps(t, "EOP", 0, 0, len(frames))
    t.play(t.signals[-1].samples // 4, "echo of PPS", "V.21", 100)
    yield from t.sent()
    yield from t.send("MCF", after_ms=300)
    yield from acts.device_says_dcn(t)
    t.wanted_success = True
