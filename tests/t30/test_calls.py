"""Calls on a line that loses or spoils exactly what the test says. A ladder reads as the recommendation draws one."""

from random import Random

import pytest

from firmware_sim.clock import seconds
from firmware_sim.t30.capabilities import ALL_MODEMS, Modems, Rate
from firmware_sim.t30.frames import Frame, decode_number, encode_number
from firmware_sim.t30.outcome import Cause
from firmware_sim.t30.procedure import Call, Image, Settings
from tests.t30 import pages
from tests.t30.scenarios import check, same
from tests.t30.world import Faults, World, abort, hang_up

PAGE = pages.draw(40, Random(1))
OTHER = pages.draw(60, Random(2))
LONG = pages.draw(6000, Random(3))


CLEAN = Faults()


def call(*documents, ecm=False, **habits):
    return Call(Settings(ecm=ecm, inspect=pages.inspect, **habits), [list(document) for document in documents])


def losing(*names):
    """Lose the first signal of each name, as often as the name is given; "caller MCF" only from that end."""
    pending = list(names)

    def script(port, signal):
        said = port.terminal.trace[-1][2].split()
        name = f"{said[0] if signal.image else said[-1]}"
        for wanted in (name, f"{port.name} {name}"):
            if wanted in pending:
                pending.remove(wanted)
                return False
        return True

    return script


def play(caller, answerer, faults=CLEAN, script=None, prepare=lambda world: None):
    world = World(7, caller, answerer, faults, script)
    prepare(world)
    return world.run()


def said(world):
    """What both ends sent, in order; images by their kind."""
    sent = [(when, text.split()) for port in world.ports for when, way, text in port.terminal.trace if way == "->"]
    return " ".join(_name(words) for _, words in sorted(sent))


def _name(words):
    return "page" if words[0] == "page" else "block" if "frames" in words else "TCF" if words[0] == "TCF" else words[-1]


def causes(world):
    return [port.terminal.outcome.cause for port in world.ports]


def received(world):
    return [sheet.octets.rstrip(b"\0") for sheet in world.answerer.terminal.call.received]


BOTH_OK = [Cause.OK, Cause.OK]
START = "DIS DCS TCF CFR"


def test_three_pages():
    world = play(call([PAGE, OTHER, PAGE]), call())
    assert said(world) == f"{START} page MPS MCF page MPS MCF page EOP MCF DCN"
    assert causes(world) == BOTH_OK
    assert received(world) == [PAGE, OTHER, PAGE]


@pytest.mark.parametrize(
    ("lost", "ladder"),
    [
        ("DIS", f"DIS {START} page MPS MCF page EOP MCF DCN"),
        ("DCS", f"DIS DCS TCF {START} page MPS MCF page EOP MCF DCN"),
        ("CFR", f"{START} DCS TCF CFR page MPS MCF page EOP MCF DCN"),
        ("MPS", f"{START} page MPS MPS MCF page EOP MCF DCN"),
        ("MCF", f"{START} page MPS MCF MPS MCF page EOP MCF DCN"),
        ("EOP", f"{START} page MPS MCF page EOP EOP MCF DCN"),
        ("DCN", f"{START} page MPS MCF page EOP MCF DCN"),
    ],
)
def test_any_one_burst_may_be_lost(lost, ladder):
    world = play(call([PAGE, OTHER]), call(), script=losing(lost))
    assert said(world) == ladder
    assert causes(world) == BOTH_OK
    assert received(world) == [PAGE, OTHER]


@pytest.mark.parametrize("lost", ["PPS-NULL", "PPS-MPS", "PPS-EOP", "MCF", "CFR", "DCN"])
def test_any_one_burst_may_be_lost_with_error_correction(lost):
    world = play(call([LONG, OTHER], ecm=True), call(ecm=True), script=losing(lost))
    assert causes(world) == BOTH_OK
    assert [same(*pair) for pair in zip([LONG, OTHER], received(world), strict=True)] == [True, True]


def test_training_fails_down_the_ladder():
    world = play(call([PAGE]), call(), Faults(fastest_bps=7200))
    assert said(world) == f"DIS{' DCS TCF FTT' * 4} DCS TCF CFR page EOP MCF DCN"
    assert world.caller.terminal.call.rate is Rate.V17_7200
    tried = [text for _, way, text in world.caller.terminal.trace if way == "->" and text.startswith("TCF")]
    assert tried == ["TCF V.17 14400", "TCF V.17 12000", "TCF V.17 9600", "TCF V.29 9600", "TCF V.17 7200"]


def test_no_rate_trains():
    world = play(call([PAGE]), call(), Faults(fastest_bps=0))
    assert causes(world) == [Cause.CANNOT_TRAIN, Cause.PEER_DISCONNECTED]
    assert "DCS TCF FTT DCN" in said(world)


def test_a_cut_page_is_sent_again_slower():
    world = play(call([PAGE], copies=3), call(), Faults(page_cut=1.0))
    assert causes(world) == [Cause.COPY_REJECTED, Cause.PEER_DISCONNECTED]
    assert received(world) == []
    assert said(world).count("RTN DCS TCF CFR page") == 2


def test_a_poor_page_is_kept_and_the_line_trained_again():
    poor = Faults(row_spoilt=0.04)
    world = play(call([LONG, PAGE]), call(), poor)
    assert f"{START} page MPS RTP DCS TCF CFR page EOP" in said(world)
    check(world)


def test_a_page_that_vanishes_is_missed_when_its_command_is_another():
    world = play(call([PAGE, OTHER]), call(), script=losing("page", "page"))
    assert said(world) == f"{START} page MPS RTN DCS TCF CFR page MPS RTN DCS TCF CFR page MPS MCF page EOP MCF DCN"
    assert received(world) == [PAGE, OTHER]


def test_a_page_that_vanishes_without_a_trace_passes_for_sent():
    """The limit of T.30 without error correction: to the receiver, the second MPS is the first one said again."""
    images = iter([True, False, True])
    world = play(
        call([PAGE, OTHER, PAGE]), call(), script=lambda port, signal: signal.image is not Image.PAGE or next(images)
    )
    assert causes(world) == BOTH_OK
    assert received(world) == [PAGE, PAGE]


def test_a_page_that_cannot_be_read_is_missed():
    faults = iter([Faults(), Faults(image_unreadable=1.0)])

    def script(port, signal):
        port.world.faults = next(faults, Faults()) if signal.image is Image.PAGE else Faults()
        return True

    world = play(call([PAGE, OTHER, PAGE]), call(), script=script)
    assert causes(world) == BOTH_OK
    assert received(world) == [PAGE, OTHER, PAGE]


def test_a_spoilt_command_is_asked_for_again():
    world = World(7, call([PAGE]), call(asks_repeat=True), Faults())

    def spoil(port, signal):
        if port.terminal.trace[-1][2] == "EOP" and not any(text == "CRP" for _, _, text in port.peer.terminal.trace):
            world.faults = Faults(frame_spoilt=1.0)
        else:
            world.faults = Faults()
        return True

    world.script = spoil
    world.run()
    assert said(world) == f"{START} page EOP CRP EOP MCF DCN"
    assert causes(world) == BOTH_OK


@pytest.mark.parametrize(("unread", "bps"), [(4, 12000), (5, 9600), (8, 9600)])
def test_four_requests_then_a_slower_rate(unread, bps):
    stubborn = iter(range(unread))

    def script(port, signal):
        return signal.image is not Image.BLOCK or next(stubborn, None) is None

    world = play(call([PAGE], ecm=True), call(ecm=True), script=script)
    assert said(world).startswith(f"{START}{' block PPS-EOP PPR' * 4} CTC CTR block PPS-EOP ")
    assert causes(world) == BOTH_OK
    assert world.answerer.terminal.call.rate.bps == bps


def test_four_requests_then_an_end():
    world = play(call([PAGE, OTHER], ecm=True, corrects_on=False), call(ecm=True), script=losing(*["3"] * 4))
    assert "PPR EOR-MPS ERR block PPS-EOP MCF DCN" in said(world)
    assert causes(world) == [Cause.INCOMPLETE, Cause.INCOMPLETE]
    assert [sheet.good for sheet in world.answerer.terminal.call.received] == [False, True]
    assert [sheet.good for sheet in world.caller.terminal.call.sent] == [False, True]


def test_a_busy_receiver_is_asked_until_it_is_ready():
    answerer = call(ecm=True)
    answerer.busy_until = seconds(20)
    world = play(call([PAGE], ecm=True), answerer, script=losing("RR"))
    assert "PPS-EOP RNR RR RR RNR" in said(world)
    assert said(world).endswith("RR MCF DCN")
    assert causes(world) == BOTH_OK


def test_a_receiver_that_stays_busy():
    answerer = call(ecm=True)
    answerer.busy_until = seconds(200)
    assert causes(play(call([PAGE], ecm=True), answerer)) == [Cause.NOT_READY, Cause.PEER_DISCONNECTED]


def test_send_then_poll_in_one_call():
    caller, answerer = call([PAGE], polls=True, options={Frame.SEP: encode_number("12")}), call()
    answerer.shelf = {"12": [OTHER], "13": [PAGE]}
    world = play(caller, answerer)
    assert said(world) == f"{START} page EOM MCF DIS DTC DCS TCF CFR page EOP MCF DCN"
    assert causes(world) == BOTH_OK
    assert caller.received[0].octets == OTHER
    assert decode_number(answerer.peer[Frame.SEP]) == "12"


def test_two_documents_each_with_its_own_phase_b():
    world = play(call([PAGE], [OTHER]), call())
    assert said(world) == f"{START} page EOM MCF {START} page EOP MCF DCN"
    assert received(world) == [PAGE, OTHER]


def test_nobody_there():
    world = play(call([PAGE]), call(), Faults(burst_lost=1.0))
    assert causes(world) == [Cause.NO_IDENTIFICATION, Cause.NO_IDENTIFICATION]


def test_nothing_in_common():
    odd = call(capabilities=ALL_MODEMS.replace(modems=Modems.V29))
    world = play(call([PAGE], capabilities=ALL_MODEMS.replace(modems=Modems.V27TER)), odd)
    assert causes(world) == [Cause.INCOMPATIBLE, Cause.PEER_DISCONNECTED]


def test_own_bursts_come_back():
    world = play(call([PAGE, OTHER], ecm=True), call(ecm=True), Faults(echo=1.0))
    assert causes(world) == BOTH_OK
    assert said(world) == f"{START} block PPS-MPS MCF block PPS-EOP MCF DCN"


@pytest.mark.parametrize("ecm", [False, True])
@pytest.mark.parametrize("when", range(1, 26))
def test_the_line_may_go_or_a_user_stop_at_any_time(ecm, when):
    world = play(call([PAGE, OTHER], ecm=ecm), call(ecm=ecm), prepare=lambda world: hang_up(world, seconds(when)))
    assert set(causes(world)) <= {Cause.LINE_DROPPED, Cause.OK}
    check(world)
    for index in (0, 1):
        world = play(
            call([PAGE, OTHER], ecm=ecm),
            call(ecm=ecm),
            prepare=lambda world, i=index: abort(world.ports[i], seconds(when)),
        )
        check(world)


def test_a_line_that_goes_during_the_last_dcn_spoils_nothing():
    def script(port, signal):
        if port.terminal.trace[-1][2] == "DCN":
            hang_up(port.world, port.world.now + seconds(0.5))
        return True

    assert causes(play(call([PAGE]), call(), script=script)) == BOTH_OK


def test_an_operator_is_let_in():
    caller = call([PAGE])
    caller.operator_wanted = True
    world = play(caller, call())
    assert said(world) == f"{START} page PRI-EOP MCF DCN"
    assert causes(world) == BOTH_OK


def test_the_outcome_says_where():
    world = play(call([PAGE], ecm=True), call(ecm=True), script=losing(*["MCF"] * 3))
    outcome = world.caller.terminal.outcome
    assert outcome.cause is Cause.NO_RESPONSE
    assert causes(world)[1] is Cause.OK
    assert outcome.where == "calling > send_document > send_page > send_block > ask_until_ready > ask"
