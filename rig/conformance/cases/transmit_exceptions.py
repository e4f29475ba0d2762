"""The device calls, and what it hears is wrong, late or missing."""

from collections.abc import Callable

from rig.conformance import acts
from rig.conformance import frames as f
from rig.conformance.acts import SMALL
from rig.conformance.cases.transmit import CALLS, ONE, SETUPS, TWO_PAGES, crp, finish, go_on, nothing, page_sent
from rig.conformance.model import Case, Script, add, case
from rig.conformance.tester import T4_MS, Tester

FOREIGN = bytes((0x00, f.FINAL, 0x31))
"""A frame that is not addressed to a fax machine."""
UNKNOWN = bytes((f.ADDRESS, f.FINAL, 0x6B))
UNKNOWN_OPTION = bytes((f.ADDRESS, f.MORE, 0x6A, 0x11, 0x22))


@case("transmit-late-dis", "MTGX01", role=CALLS, clause="5.4.3.1", setup=ONE)
def late_dis(t: Tester) -> Script:
    """A DIS after 28 s is still obeyed: T1 is 35 s +-5 s."""
    yield from t.until(lambda: t.now >= 28 * 8000)
    t.drop_tones()
    yield from acts.say_dis(t)
    terms = yield from acts.heard_dcs(t)
    yield from t.send("CFR")
    yield from finish(t, terms)


@case("transmit-dis-too-late", "MTGX02", role=CALLS, clause="5.4.3.1", setup=ONE)
def dis_too_late(t: Tester) -> Script:
    """After 40 s without a DIS the device has given up: T1 is 35 s +-5 s."""
    yield from t.gives_up(30, 40)
    t.wanted_success = False


# -- DCN ---------------------------------------------------------------------------------------------------------------


@case("transmit-dcn-after-tcf", "MTGX03", role=CALLS, setup=ONE)
def dcn_after_tcf(t: Tester) -> Script:
    """DCN after the TCF: the device hangs up and calls it no success."""
    yield from acts.ced(t)
    yield from acts.say_dis(t)
    yield from acts.heard_dcs(t)
    yield from t.send("DCN")
    yield from t.hangs_up()
    t.wanted_success = False


def _dcn_after(then: str, family: str) -> None:
    def script(t: Tester) -> Script:
        yield from page_sent(t, then)
        yield from t.send("DCN")
        yield from t.hangs_up()
        t.wanted_success = False

    id, title = f"transmit-{then.lower()}-dcn", f"DCN after {then}: the device hangs up and calls it no success"
    add(Case(id, title, script, CALLS, family, setup=SETUPS[then]))


def _never(then: str, family: str, what: str, title: str, answer: Callable[[Tester], Script]) -> None:
    """Three times no answer to a post-message command: three tries, then DCN."""

    def script(t: Tester) -> Script:
        yield from page_sent(t, then)
        for _ in range(2):
            yield from answer(t)
            yield from t.expect(then, T4_MS[1], step=f"{then} again")
        yield from answer(t)
        yield from acts.device_says_dcn(t, T4_MS[1])
        t.wanted_success = False

    add(Case(f"transmit-{then.lower()}-{what}", title, script, CALLS, family, setup=SETUPS[then]))


for _number, _then in enumerate(("EOM", "MPS", "EOP")):
    _dcn_after(_then, f"MTGX{4 + _number:02}")
    _never(_then, f"MTGX{8 + _number:02}", "dead", f"No answer to three {_then}: DCN", nothing)
    _never(_then, f"MTGX{14 + _number}", "crp-for-ever", f"CRP after {_then} three times: DCN", crp)


# -- training ----------------------------------------------------------------------------------------------------------


def _training_never(id: str, family: str, title: str, answer: Callable[[Tester], Script]) -> None:
    def script(t: Tester) -> Script:
        yield from acts.ced(t)
        yield from acts.say_dis(t)
        for _ in range(3):
            yield from acts.heard_dcs(t, T4_MS[1])
            yield from answer(t)
        yield from acts.device_says_dcn(t, T4_MS[1])
        t.wanted_success = False

    add(Case(id, title, script, CALLS, family, setup=ONE))


_training_never("transmit-training-dead", "MTGX07", "No answer to three TCF: DCN", nothing)
_training_never("transmit-dis-for-ever", "MTGX12", "DIS instead of CFR three times: DCN", acts.say_dis)
_training_never("transmit-crp-for-ever", "MTGX13", "CRP after DCS three times: DCN", crp)


@case("transmit-cannot-train", "MTGX11", role=CALLS, setup=ONE)
def cannot_train(t: Tester) -> Script:
    """FTT at every rate: DCN in the end."""
    yield from acts.ced(t)
    yield from acts.say_dis(t)
    for _ in range(12):
        signal = yield from t.expect("DCS|DCN")
        if signal.last.name == "DCN":
            yield from t.hangs_up()
            t.wanted_success = False
            return
        yield from acts.heard_tcf(t, signal)
        yield from t.send("FTT")
    raise t.wrong("FTT without end", "DCN after the last rate", "DCS for ever")


# -- frames that are none ----------------------------------------------------------------------------------------------


@case("transmit-unknown-for-dis", "MTGX17", role=CALLS, setup=ONE)
def unknown_for_dis(t: Tester) -> Script:
    """An unknown frame instead of DIS is not obeyed; then DCN, and the device hangs up."""
    yield from acts.ced(t)
    yield from t.send(UNKNOWN)
    t.drop_tones()
    yield from acts.silent_or_crp(t, 2500)
    yield from t.send("DCN")
    yield from t.hangs_up()
    t.wanted_success = False


@case("transmit-unknown-before-dis", "MTGX18", role=CALLS, setup=ONE)
def unknown_before_dis(t: Tester) -> Script:
    """A frame of another address and an unknown optional frame before the DIS do no harm."""
    yield from acts.ced(t)
    yield from t.send(UNKNOWN_OPTION, bytes((0x00, f.MORE, 0x02, 1, 2)), ("DIS", acts.our_dis()))
    t.drop_tones()
    terms = yield from acts.heard_dcs(t)
    yield from t.send("CFR")
    yield from finish(t, terms)


@case("transmit-flags-for-dis", "MTGX19", role=CALLS, setup=ONE)
def flags_for_dis(t: Tester) -> Script:
    """Flags without a frame, later a DIS: the call goes through."""
    yield from acts.ced(t)
    yield from t.send(flags=60)
    t.drop_tones()
    yield from acts.silent_or_crp(t, 2500)
    yield from acts.say_dis(t)
    terms = yield from acts.heard_dcs(t)
    yield from t.send("CFR")
    yield from finish(t, terms)


@case("transmit-unknown-for-mcf", "MTGX20", role=CALLS, setup=ONE)
def unknown_for_mcf(t: Tester) -> Script:
    """An unknown answer to EOP is no confirmation: DCN, or EOP again and then DCN."""
    yield from page_sent(t, "EOP")
    for _ in range(4):
        yield from t.send(UNKNOWN)
        signal = yield from t.expect("EOP|DCN", T4_MS[1])
        if signal.last.name == "DCN":
            break
    yield from t.hangs_up()
    t.wanted_success = False


def _mps_again(id: str, family: str, title: str, answer: Callable[[Tester], Script]) -> None:
    def script(t: Tester) -> Script:
        yield from page_sent(t, "MPS")
        yield from answer(t)
        yield from t.expect("MPS", T4_MS[1] + 500, step="MPS again")
        yield from t.send("MCF")
        yield from go_on(t, "MPS")

    add(Case(id, title, script, CALLS, family, setup=TWO_PAGES))


_mps_again("transmit-foreign-for-mcf", "MTGX21", "A frame of another address is no answer to MPS: MPS again",
           lambda t: t.send(FOREIGN))  # fmt: skip
_mps_again("transmit-flags-for-mcf", "MTGX22", "Flags without a frame are no answer to MPS: MPS again",
           lambda t: t.send(flags=60))  # fmt: skip


@case("transmit-nsf-long-dis", "MTGX23", role=CALLS, setup=ONE)
def nsf_long_dis(t: Tester) -> Script:
    """NSF, CSI and a DIS of twelve octets are accepted."""
    yield from acts.ced(t)
    long = f.field({f.CAN_RECEIVE: "1", 11: f.bits(acts.our_dis(), 11, 4), f.FINE: "1", 19: "01", 21: "111"}, 12)
    yield from t.send(("NSF", bytes(range(40))), ("CSI", f.number("+49 89 7777")), ("DIS", long))
    t.drop_tones()
    terms = yield from acts.heard_dcs(t)
    yield from t.send("CFR")
    yield from finish(t, terms)


@case("transmit-no-answerer", "No-answerer-response", role=CALLS, setup=ONE)
def no_answerer(t: Tester) -> Script:
    """Nobody answers at all: the device gives up by itself, before 65 s have passed."""
    yield from t.gives_up(30, 65)
    t.wanted_success = False


__all__ = ["SMALL"]
