"""Documents of mixed pages, polling, what goes before a command, operators, training at length, and limits."""

from random import Random

import pytest

from firmware_sim.clock import ms, seconds
from firmware_sim.t30.capabilities import ALL_MODEMS, Dcs, Dis, Form, Grid, Modems, Rate
from firmware_sim.t30.frames import ADDRESS, FINAL, MORE, Frame, PartialPage, decode_number, encode_number
from firmware_sim.t30.outcome import Cause, Phase
from firmware_sim.t30.procedure import Call, Image, Settings
from firmware_sim.t30.signals import Carrier, CarrierDown, CarrierUp, DataHeard, FrameHeard, Sent
from firmware_sim.t30.station import called
from firmware_sim.t30.terminal import Terminal
from tests.t30 import pages
from tests.t30.test_calls import BOTH_OK, LONG, OTHER, PAGE, START, call, causes, losing, play, received, said
from tests.t30.test_terms import Drawing, hear, sender, settle
from tests.t30.world import Faults

EVERYTHING = ALL_MODEMS.replace(superfine=True, widths_mm=(215, 255, 303))
BOTH_ENDS = pytest.mark.parametrize("ecm", [False, True])


def drawn(octets, grid=Grid.STANDARD, width_mm=215):
    drawing = Drawing(octets)
    drawing.form = Form(grid, width_mm)
    return drawing


# -- pages that do not go together -------------------------------------------------------------------------------------


@BOTH_ENDS
def test_another_resolution_or_width_needs_another_phase_b(ecm):
    document = (
        drawn(PAGE),
        drawn(OTHER),
        drawn(PAGE, Grid.FINE),
        drawn(OTHER, Grid.SUPERFINE),
        drawn(PAGE, Grid.SUPERFINE, 255),
    )
    caller, _ = sender(*document, ecm=ecm, capabilities=EVERYTHING)
    world = play(caller, call(ecm=ecm, capabilities=EVERYTHING))
    assert causes(world) == BOTH_OK
    page, pps = ("block", "PPS-") if ecm else ("page", "")
    again = f" {page} {pps}EOM MCF {START}"
    assert said(world) == f"{START} {page} {pps}MPS MCF{again}{again}{again} {page} {pps}EOP MCF DCN"
    assert received(world) == [PAGE, OTHER, PAGE, OTHER, PAGE]
    terms = [sheet.terms for sheet in world.answerer.terminal.call.received]
    assert [term.grid.name for term in terms] == ["STANDARD", "STANDARD", "FINE", "SUPERFINE", "SUPERFINE"]
    assert [term.width_px for term in terms] == [1728, 1728, 1728, 1728, 2048]


def test_pages_are_counted_through_the_whole_call():
    labels = []

    def script(port, signal):
        if not signal.image and signal.frames[-1][2] == Frame.PPS.octet(True):
            labels.append(PartialPage.decode(signal.frames[-1][3:]))
        return True

    play(call([PAGE, OTHER], [PAGE], ecm=True), call(ecm=True), script=script)
    assert [(str(label.then), label.page, label.block) for label in labels] == [
        ("MPS", 0, 0),
        ("EOM", 1, 0),
        ("EOP", 2, 0),
    ]


def test_pages_that_the_receiver_takes_alike_stay_together():
    caller, _ = sender(drawn(PAGE, Grid.SUPERFINE), drawn(OTHER, Grid.FINE), capabilities=EVERYTHING)
    world = play(caller, call(capabilities=ALL_MODEMS))
    assert said(world) == f"{START} page MPS MCF page EOP MCF DCN"
    assert {sheet.terms.grid for sheet in world.answerer.terminal.call.received} == {Grid.FINE}


@BOTH_ENDS
def test_a_polled_document_changes_its_resolution_too(ecm):
    habits = {"ecm": ecm, "capabilities": EVERYTHING}
    answerer, _ = sender(drawn(PAGE), drawn(OTHER, Grid.FINE), **habits)
    world = play(call(polls=True, **habits), answerer)
    assert causes(world) == BOTH_OK
    assert [sheet.octets.rstrip(b"\0") for sheet in world.caller.terminal.call.received] == [PAGE, OTHER]
    assert "EOM MCF DIS DTC DCS TCF CFR" in said(world)


def test_the_next_document_begins_with_the_rate_that_worked():
    world = play(call([PAGE], [OTHER]), call(), Faults(fastest_bps=9600))
    assert said(world).count("FTT") == 2
    assert causes(world) == BOTH_OK


@BOTH_ENDS
def test_a_page_longer_than_the_paper_goes_in_parts(ecm):
    paper = ALL_MODEMS.replace(length="A4")
    long = pages.draw(400, Random(4))
    caller = call([long], ecm=ecm, form=lambda page: Form(length_mm=1000), divide=pages.divide)
    world = play(caller, call(ecm=ecm, capabilities=paper))
    assert len(received(world)) == 3
    assert [sheet.last_part for sheet in caller.sent] == [False, False, True]
    assert {sheet.page for sheet in caller.sent} == {long}
    endless = play(call([LONG], form=lambda page: Form(length_mm=1000), divide=pages.divide), call())
    assert received(endless) == [LONG]


@BOTH_ENDS
def test_a_page_that_never_ends_is_not_taken(ecm):
    world = play(call([LONG], ecm=ecm), call(ecm=ecm, longest_page=40_000))
    assert causes(world) == [Cause.PEER_DISCONNECTED, Cause.PAGE_TOO_LONG]
    assert received(world) == []


def test_an_endless_page_takes_no_endless_room():
    terminal = Terminal(Call(Settings(longest_page=1000)), called)
    dcs = Dcs.of(receives=True, rate=Rate.V29_9600).encode()
    hear(terminal, 0, (Frame.DCS, dcs))
    now = seconds(20)
    terminal.receive(CarrierUp(Carrier.IMAGE), now)
    for _ in range(1000):
        terminal.receive(DataHeard(bytes(100)), now)
    assert sum(map(len, terminal._octets)) <= 1100


# -- before a command --------------------------------------------------------------------------------------------------

ACCOMPANIED = {
    Frame.NSF: b"\xb5\x00\x01maker",
    Frame.NSC: b"\xb5\x02",
    Frame.NSS: b"\xb5\x03",
    Frame.SUB: encode_number("11"),
    Frame.SID: encode_number("22"),
    Frame.PWD: encode_number("33"),
    Frame.SEP: encode_number("44"),
    Frame.PSA: encode_number("55"),
}
ATTENTIVE = ALL_MODEMS.replace(subaddress=True, password=True, selective_polling=True, polled_subaddress=True)


def bursts(world):
    return [text for _, way, text in sorted(world.caller.terminal.trace + world.answerer.terminal.trace) if way == "->"]


def test_each_frame_goes_where_it_belongs():
    caller = call([PAGE], polls=True, options=ACCOMPANIED, identification=encode_number("1"))
    answerer = call(capabilities=ATTENTIVE, options=ACCOMPANIED, identification=encode_number("2"))
    answerer.shelf = {"44": [OTHER]}
    world = play(caller, answerer)
    assert causes(world) == BOTH_OK
    sent = bursts(world)
    assert sent[0] == "NSF CSI DIS"
    assert "NSS TSI SUB SID DCS" in sent
    assert "NSC CIG PWD SEP PSA DTC" in sent
    assert {frame: answerer.peer[frame] for frame in ACCOMPANIED if frame is not Frame.NSF} == {
        frame: fif for frame, fif in ACCOMPANIED.items() if frame is not Frame.NSF
    }
    assert caller.peer[Frame.NSF] == ACCOMPANIED[Frame.NSF]
    assert caller.left_out == set()


def tables(script_for, table, code):
    """A script that keeps the fields of one command."""

    def script(port, signal):
        if not signal.image and signal.frames[-1][2] in (code.octet(False), code.octet(True)):
            script_for.append(table.decode(signal.frames[-1][3:]))
        return True

    return script


@pytest.mark.parametrize("attentive", [False, True])
def test_the_bits_say_which_frames_are_there(attentive):
    caller = call([PAGE], polls=True, options=ACCOMPANIED)
    answerer = call([OTHER], capabilities=ATTENTIVE if attentive else ALL_MODEMS)
    answerer.shelf = {"44": [OTHER]} if attentive else {}
    commands, requests = [], []
    kept = tables(commands, Dcs, Frame.DCS), tables(requests, Dis, Frame.DTC)
    play(caller, answerer, script=lambda *signal: all(keep(*signal) for keep in kept))
    dcs, dtc = commands[0], requests[0]
    assert (dcs.subaddress, dcs.sender_identification) == (attentive, attentive)
    assert (dtc.selective_polling, dtc.password, dtc.polled_subaddress) == (attentive,) * 3
    assert not dtc.subaddress
    unheard = {Frame.SUB, Frame.SID, Frame.PWD, Frame.SEP, Frame.PSA}
    assert caller.left_out == (set() if attentive else unheard)
    assert set(answerer.peer) & unheard == (unheard if attentive else set())


def test_what_an_nsf_may_be_like():
    """Unknown, as long as a frame may be, spoilt: the DIS behind it counts."""
    for nsf in (b"\0", bytes(range(120))):
        world = play(call([PAGE]), call(options={Frame.NSF: nsf}))
        assert causes(world) == BOTH_OK
    terminal = Terminal(Call(Settings(), [[PAGE]]), lambda call: iter_calling(call))
    terminal.receive(CarrierUp(Carrier.V21), 0)
    terminal.receive(FrameHeard(None), ms(4400))
    terminal.receive(FrameHeard(bytes((ADDRESS, MORE, Frame.CSI.octet(False))) + encode_number("3")), ms(5400))
    terminal.receive(FrameHeard(bytes((ADDRESS, FINAL, Frame.DIS.octet(False))) + ALL_MODEMS.encode()), ms(6000))
    terminal.receive(CarrierDown(Carrier.V21), ms(6100))
    assert terminal.trace[-1][2] == "DCS"


def iter_calling(call):
    from firmware_sim.t30.station import calling

    return calling(call)


# -- polling -----------------------------------------------------------------------------------------------------------


def poll(answerer, **habits):
    return play(call(polls=True, **habits), answerer)


@pytest.mark.parametrize(
    ("given", "ends"),
    [
        ("secret", BOTH_OK),
        ("wrong", [Cause.POLL_REFUSED, Cause.WRONG_PASSWORD]),
        ("", [Cause.POLL_REFUSED, Cause.WRONG_PASSWORD]),
    ],
)
def test_a_poll_with_a_password(given, ends):
    options = {Frame.PWD: encode_number(given)} if given else {}
    answerer = call([PAGE], poll_password=encode_number("secret"))
    assert causes(poll(answerer, options=options)) == ends


@pytest.mark.parametrize(
    ("given", "ends"),
    [("7", BOTH_OK), ("8", [Cause.POLL_REFUSED, Cause.NO_DOCUMENT]), ("", [Cause.POLL_REFUSED, Cause.NO_DOCUMENT])],
)
def test_a_poll_by_number(given, ends):
    answerer = call()
    answerer.shelf = {"7": [PAGE, OTHER], "9": [OTHER]}
    world = poll(answerer, options={Frame.SEP: encode_number(given)} if given else {})
    assert causes(world) == ends
    if ends is BOTH_OK:
        assert [sheet.octets for sheet in world.caller.terminal.call.received] == [PAGE, OTHER]
        assert list(answerer.shelf) == ["9"]


def test_a_poll_of_what_is_not_there():
    assert causes(poll(call())) == [Cause.NOTHING_TO_POLL, Cause.PEER_DISCONNECTED]


@pytest.mark.parametrize(("given", "ok"), [("me", True), ("you", False), ("", False)])
def test_a_receiver_that_wants_to_know_the_sender(given, ok):
    options = {Frame.SID: encode_number(given)} if given else {}
    world = play(call([PAGE], options=options), call(sender_password=encode_number("me")))
    assert causes(world) == (BOTH_OK if ok else [Cause.PEER_DISCONNECTED, Cause.WRONG_PASSWORD])
    assert len(received(world)) == ok


def test_a_dis_in_reply_to_ours_is_a_poll():
    terminal = Terminal(Call(Settings(), [[PAGE]]), called)
    assert hear(terminal, 0, (Frame.DIS, ALL_MODEMS.replace(v8=True).encode()))[:2] == ["DIS", "DCS"]
    nothing = Terminal(Call(Settings()), called)
    assert hear(nothing, 0, (Frame.DIS, ALL_MODEMS.replace(v8=True).encode())) == ["DIS", "DCN"]
    assert nothing.outcome.cause is Cause.NO_DOCUMENT


# -- operators ---------------------------------------------------------------------------------------------------------


def asking(*document, **habits):
    """A call whose operator wants to speak."""
    wanted = call(*document, **habits)
    wanted.operator_wanted = True
    return wanted


@BOTH_ENDS
def test_the_receiver_asks_for_an_operator_and_nobody_comes(ecm):
    world = play(call([PAGE, OTHER], ecm=ecm), asking(ecm=ecm))
    page, pps = ("block", "PPS-") if ecm else ("page", "")
    assert said(world) == f"{START} {page} {pps}MPS PIP DCS TCF CFR {page} {pps}EOP MCF DCN"
    assert causes(world) == BOTH_OK
    assert received(world) == [PAGE, OTHER]


@BOTH_ENDS
@pytest.mark.parametrize("end", ["EOM", "EOP"])
def test_the_receiver_asks_at_the_end_of_a_document(ecm, end):
    documents = [[PAGE], [OTHER]] if end == "EOM" else [[PAGE]]
    world = play(call(*documents, ecm=ecm), asking(ecm=ecm))
    assert f"{end} PIP" in said(world)
    assert causes(world) == BOTH_OK


def test_the_receiver_asks_because_the_page_was_bad():
    bad = iter((Faults(page_cut=1.0),))

    def script(port, signal):
        if signal.octets:
            port.world.faults = next(bad, Faults())
        return True

    world = play(call([PAGE]), asking(), script=script)
    assert said(world) == f"{START} page EOP PIN DCS TCF CFR page EOP MCF DCN"
    assert causes(world) == BOTH_OK


@BOTH_ENDS
def test_the_operator_comes(ecm):
    world = play(call([PAGE, OTHER], ecm=ecm), asking(ecm=ecm), Faults(operator_comes=1.0))
    assert Cause.VOICE in causes(world)
    assert [sheet.good for sheet in world.caller.terminal.call.sent] == [True]


@BOTH_ENDS
def test_a_sender_that_asks_says_so_with_its_command(ecm):
    world = play(asking([PAGE], ecm=ecm), call(ecm=ecm))
    assert f"{'PPS-' if ecm else ''}PRI-EOP MCF DCN" in said(world)
    assert causes(world) == BOTH_OK


def test_both_ask_over_a_block_that_was_given_up():
    world = play(call([PAGE, OTHER], ecm=True, corrects_on=False), asking(ecm=True), script=losing(*["3"] * 4))
    assert "EOR-MPS PIN DCS TCF CFR block PPS-EOP MCF DCN" in said(world)
    assert causes(world) == [Cause.INCOMPLETE, Cause.INCOMPLETE]


def test_a_pps_pri_command_names_the_same_block():
    plain, urgent = PartialPage(Frame.EOP, 1, 2, 3), PartialPage(Frame.EOP, 1, 2, 3, operator=True)
    assert urgent.encode()[0] == Frame.PRI_EOP.octet(True)
    assert PartialPage.decode(urgent.encode()) == plain
    assert PartialPage.decode(urgent.encode()).operator


# -- training at length ------------------------------------------------------------------------------------------------


def test_v17_trains_at_length_with_a_tcf_and_after_a_ctc():
    trainings, stubborn = [], iter(range(4))

    def script(port, signal):
        if signal.image:
            trainings.append((signal.image, signal.long_training))
            port.world.faults = Faults(image_unreadable=float(len(trainings) > 2 and next(stubborn, None) is not None))
        return True

    world = play(call([PAGE, OTHER], ecm=True), call(ecm=True), script=script)
    assert causes(world) == BOTH_OK
    assert world.answerer.terminal.call.rate is Rate.V17_12000
    short, long = (Image.BLOCK, False), (Image.BLOCK, True)
    assert trainings == [(Image.TRAINING, True), *[short] * 5, long] or trainings[0] == (Image.TRAINING, True)
    assert trainings.count(long) == 1
    assert trainings[trainings.index(long) - 1] == short


def test_v17_trains_at_length_anew_after_rtn():
    trainings = []
    cut = iter((Faults(page_cut=1.0),))

    def script(port, signal):
        if signal.image:
            trainings.append(signal.long_training)
        if signal.octets:
            port.world.faults = next(cut, Faults())
        return True

    play(call([PAGE, OTHER]), call(), script=script)
    assert trainings == [True, False, True, False, False]


# -- one late answer, phases, patience ---------------------------------------------------------------------------------


def test_a_late_answer_collides_with_the_command_said_again():
    late = iter((Faults(latency=ms(2900)),))

    def script(port, signal):
        before_the_answer = port.terminal.trace[-1][2] == "MPS"
        port.world.faults = next(late, Faults()) if before_the_answer else Faults()
        return True

    world = play(call([PAGE, OTHER]), call(), script=script)
    assert said(world) == f"{START} page MPS MCF MPS MCF page EOP MCF DCN"
    assert causes(world) == BOTH_OK
    assert received(world) == [PAGE, OTHER]


def test_the_phases_in_their_order():
    seen = []

    def script(port, signal):
        if port.name == "caller" and port.terminal.call.phase not in seen:
            seen.append(port.terminal.call.phase)
        return True

    caller = call([PAGE])
    assert caller.phase is Phase.A
    world = play(caller, call(), script=script)
    assert seen == [Phase.B, Phase.C, Phase.D, Phase.E]
    assert world.caller.terminal.outcome.phase is Phase.D


@pytest.mark.parametrize(
    "command",
    [(Frame.DCS, Dcs.of(receives=True, rate=Rate.V29_9600).encode()), (Frame.DTC, ALL_MODEMS.encode())],
)
def test_no_peer_keeps_us_for_ever(command):
    terminal = Terminal(Call(Settings(), [[PAGE]]), called)
    hear(terminal, 0, *[command] * 400)
    assert terminal.outcome is not None


def test_noise_in_the_place_of_a_tcf_is_a_bad_tcf():
    """Energy that does not end is no reason to wait as long as a page may last."""
    terminal = Terminal(Call(Settings()), called)
    hear(terminal, 0, (Frame.DCS, Dcs.of(receives=True, rate=Rate.V29_9600).encode()))
    terminal.receive(CarrierUp(Carrier.IMAGE), seconds(4))
    assert terminal.deadline == seconds(9)
    terminal.expire(seconds(9))
    assert terminal.trace[-1][2] == "FTT"


def test_a_burst_that_never_ends_is_ended():
    terminal = Terminal(Call(Settings(t1=Settings.t1)), called)
    now = settle(terminal, 0)
    terminal.receive(CarrierUp(Carrier.V21), now)
    for _ in range(100_000):
        now += ms(300)
        while terminal.deadline is not None and terminal.deadline <= now:
            terminal.expire(now)
        terminal.receive(FrameHeard(bytes((ADDRESS, MORE, Frame.NSF.octet(False)))), now)
        if any(hasattr(output, "after") for output in terminal.outputs()):
            terminal.receive(Sent(), now)
        if terminal.outcome:
            break
    assert terminal.outcome.cause is Cause.NO_IDENTIFICATION
    assert len(terminal._burst) < 100


def test_a_slow_modem_is_no_way_out_of_v17():
    """A caller held to 9600 by habit uses V.17 up to there."""
    world = play(call([PAGE], fastest_bps=9600), call())
    assert world.answerer.terminal.call.rate is Rate.V17_9600
    assert Modems.V27TER_V29_V17.rates == set(Rate)


def test_a_subaddress_reads_as_text():
    answerer = call(capabilities=ATTENTIVE)
    play(call([PAGE], options={Frame.SUB: encode_number("12#34")}), answerer)
    assert decode_number(answerer.peer[Frame.SUB]) == "12#34"
