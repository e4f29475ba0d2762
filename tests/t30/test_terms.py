"""What the stations agree on, what each page is encoded for, and what a call tells of itself."""

import re
from pathlib import Path

import pytest

from firmware_sim.clock import ms, seconds
from firmware_sim.errors import LocalProtocolError
from firmware_sim.t30 import timers
from firmware_sim.t30.capabilities import ALL_MODEMS, AUDIO_V29, Dcs, Dis, Form, Grid, Modems, Rate, acceptable, choose
from firmware_sim.t30.frames import ADDRESS, FINAL, MORE, Frame, Message, encode_number
from firmware_sim.t30.outcome import Cause
from firmware_sim.t30.procedure import Call, Settings, Sheet, as_it_is, remote_identification
from firmware_sim.t30.signals import Carrier, CarrierDown, CarrierUp, FrameHeard, Sent, Transmit
from firmware_sim.t30.station import called, calling
from firmware_sim.t30.terminal import Terminal
from tests.t30 import pages
from tests.t30.test_calls import BOTH_OK, OTHER, PAGE, call, causes, losing, play, received, said
from tests.t30.world import Faults


class Drawing:
    """A page that is no octets until it is sent."""

    def __init__(self, octets, fine=False, **form):
        self.octets = octets
        self.form = Form(Grid.FINE if fine else Grid.STANDARD, **form)


class Encoder:
    def __init__(self):
        self.asked = []

    def __call__(self, page, terms):
        self.asked.append((page, terms.rate, terms.fine, terms.min_row_bits))
        return page.octets


def sender(*drawings, **habits):
    encoder = Encoder()
    return call(list(drawings), encode=encoder, form=lambda page: page.form, **habits), encoder


# -- lazy encoding -----------------------------------------------------------------------------------------------------


def test_a_page_is_encoded_when_it_is_due():
    first, second = Drawing(PAGE), Drawing(OTHER)
    caller, encoder = sender(first, second)
    world = play(caller, call())
    assert received(world) == [PAGE, OTHER]
    assert [page for page, *_ in encoder.asked] == [first, second]
    assert encoder.asked[0][1:] == (Rate.V17_14400, False, 288)


def test_each_copy_is_encoded_for_its_own_rate():
    caller, encoder = sender(Drawing(PAGE), copies=3)
    cut = iter((Faults(page_cut=1.0), Faults(page_cut=1.0)))

    def script(port, signal):
        if signal.octets:
            port.world.faults = next(cut, Faults())
        return True

    world = play(caller, call(), script=script)
    assert causes(world) == BOTH_OK
    assert [rate.bps for _, rate, _, _ in encoder.asked] == [14400, 12000, 9600]
    assert caller.sent == [Sheet(PAGE, caller.terms, 1, good=True)]
    assert caller.sent[0].terms.rate is Rate.V17_9600


def test_error_correction_needs_no_fill():
    caller, encoder = sender(Drawing(PAGE), ecm=True)
    assert causes(play(caller, call(ecm=True))) == BOTH_OK
    assert encoder.asked[0][3] == 0
    assert caller.sent[0].terms.ecm


def test_octets_turn_round_in_error_correction():
    """A page's first bit is its most significant, HDLC's its least."""
    blocks = []
    caller = call([b"\x80\x01" * 8 + PAGE], ecm=True)
    play(caller, call(ecm=True), script=lambda port, signal: blocks.append(signal) or True)
    frames = next(signal.frames for signal in blocks if signal.rate and signal.frames)
    assert frames[0][4:8] == b"\x01\x80\x01\x80"


def test_octets_alone_are_a_page_without_an_encoder():
    assert as_it_is(b"page", Dcs()) == b"page"
    with pytest.raises(LocalProtocolError):
        as_it_is(object(), Dcs())


# -- resolution, scan time ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("drawn", "ours", "theirs", "expected"),
    [
        ((True, True), True, True, True),
        ((True, False), True, False, False),
        ((False,), True, True, False),
        ((True,), True, False, False),
        ((True,), False, True, False),
    ],
)
def test_fine_when_the_document_is_and_both_can(drawn, ours, theirs, expected):
    caller, encoder = sender(*(Drawing(PAGE, fine) for fine in drawn), capabilities=ALL_MODEMS.replace(fine=ours))
    world = play(caller, call(capabilities=ALL_MODEMS.replace(fine=theirs)))
    assert causes(world) == BOTH_OK
    assert {fine for _, _, fine, _ in encoder.asked} == {expected}
    assert {sheet.terms.fine for sheet in world.answerer.terminal.call.received} == {expected}


@pytest.mark.parametrize(
    ("offered", "fine", "chosen_ms", "bits"),
    [((20, 20), True, 20, 192), ((20, 10), True, 10, 96), ((20, 10), False, 20, 192), ((0, 0), True, 0, 0)],
)
def test_the_scan_time_is_that_of_the_resolution(offered, fine, chosen_ms, bits):
    terms = choose(
        AUDIO_V29, AUDIO_V29.replace(scan_times_ms=offered), Rate.V29_9600, Form(Grid.FINE if fine else Grid.STANDARD)
    )
    assert (terms.scan_time_ms, terms.min_row_bits) == (chosen_ms, bits)


def test_v29_alone_is_a_code_of_its_own():
    assert AUDIO_V29.modems is Modems.V29
    assert AUDIO_V29.encode()[1] & 0b0011_1100 == 0b0000_0100
    assert AUDIO_V29.modems.rates == {Rate.V29_9600, Rate.V29_7200}
    assert (str(Rate.V29_9600), Rate.V29_9600.modem, Rate.V29_9600.bps) == ("V.29 9600", "V.29", 9600)


def test_a_station_without_error_correction_offers_none():
    plain = Call(Settings(ALL_MODEMS, ecm=False))
    assert not plain.offer.ecm
    assert not plain.offer.t6
    assert Call(Settings(ALL_MODEMS)).offer.t6


# -- a peer that asks for too much -------------------------------------------------------------------------------------

GOOD = Dcs.of(receives=True, rate=Rate.V29_9600)


@pytest.mark.parametrize("bit", ["two_dimensional", "ecm", "t6", "superfine", "dpi_300", "uncompressed"])
def test_what_was_not_offered_is_not_accepted(bit):
    assert acceptable(AUDIO_V29, GOOD.replace(fine=True))
    assert not acceptable(AUDIO_V29, GOOD.replace(**{bit: True}))


@pytest.mark.parametrize("rate", [rate for rate in Rate if rate.modem != "V.29"])
def test_a_modem_that_was_not_offered_is_not_accepted(rate):
    assert not acceptable(AUDIO_V29, GOOD.replace(rate=rate))


def test_a_width_that_was_not_offered_is_not_accepted():
    assert not acceptable(AUDIO_V29, GOOD.replace(width_mm=255))
    assert not acceptable(AUDIO_V29, Dcs(GOOD.value | 0b11 << 16))


def hear(terminal, now, *messages, wait=False):
    """Play these bursts to a terminal, each when it has said what it wanted to say. Returns what it sent after all.

    *wait*: let its timer run out once.
    """
    for frame, fif in messages:
        now = settle(terminal, now)
        terminal.receive(CarrierUp(Carrier.V21), now)
        terminal.receive(FrameHeard(bytes((ADDRESS, FINAL, frame.octet(False))) + fif), now + ms(900))
        now += ms(1000)
        terminal.receive(CarrierDown(Carrier.V21), now)
    now = settle(terminal, now)
    if wait and terminal.deadline is not None:
        terminal.expire(terminal.deadline)
        settle(terminal, now)
    return [text for _, way, text in terminal.trace if way == "->"]


def settle(terminal, now):
    while any(isinstance(output, Transmit) for output in terminal.outputs()):
        now += seconds(1)
        terminal.receive(Sent(), now)
    return now


SEND = Settings(AUDIO_V29, ecm=False)


@pytest.mark.parametrize(
    "dis",
    [
        b"",
        b"\x00",
        Dis.of(receives=True, modems=Modems.V27TER).encode(),
        Dis.of(receives=False, modems=Modems.V29).encode(),
        Dis.of(receives=True, modems=Modems.V27TER_2400_ONLY).encode(),
        Dis(1 << 9 | 0b0110 << 10).encode(),
    ],
    ids=["empty", "one octet", "no common modem", "does not receive", "2400 only", "reserved modems"],
)
def test_a_dis_that_nothing_can_be_sent_to(dis):
    terminal = Terminal(Call(SEND, [[b"page"]]), calling)
    assert hear(terminal, 0, (Frame.DIS, dis)) == ["DCN"]
    assert terminal.outcome.cause is Cause.INCOMPATIBLE


@pytest.mark.parametrize("dcs", [b"", b"\x00", Dcs.of(rate=Rate.V17_14400).encode(), b"\xff" * 30])
def test_a_dcs_that_was_never_offered(dcs):
    terminal = Terminal(Call(SEND), called)
    assert hear(terminal, 0, (Frame.DCS, dcs), wait=True) == ["DIS", "DCN"]
    assert terminal.outcome.cause is Cause.INCOMPATIBLE


def test_a_poll_for_what_is_not_there():
    terminal = Terminal(Call(SEND), called)
    assert hear(terminal, 0, (Frame.DTC, AUDIO_V29.encode())) == ["DIS", "DCN"]
    assert terminal.outcome.cause is Cause.NO_DOCUMENT


def test_a_dis_after_garbage_still_counts_against_t1():
    terminal = Terminal(Call(SEND, [[b"page"]]), calling)
    hear(terminal, seconds(30), (Frame.CFR, b""))
    assert terminal.deadline == timers.T1.nominal


# -- what a call tells of itself ---------------------------------------------------------------------------------------


def test_causes_have_codes_words_and_a_say_in_trying_again():
    assert [cause.code for cause in Cause] == [cause.name.lower() for cause in Cause]
    assert len({cause.words for cause in Cause}) == len(Cause)
    final = "ok incompatible no_document wrong_password poll_refused page_too_long aborted voice"
    assert [cause.code for cause in Cause if not cause.retry] == final.split()


def test_the_list_of_endings_is_the_one_in_the_docs():
    docs = (Path(__file__).parents[2] / "docs/t30.md").read_text()
    listed = re.findall(r"^\| `(\w+)` \| (.+) \| (yes|no) \|$", docs, re.MULTILINE)
    assert listed == [(cause.code, cause.words, "yes" if cause.retry else "no") for cause in Cause]


def test_an_outcome_reads_as_a_sentence():
    world = play(call([PAGE]), call(), Faults(fastest_bps=0))
    outcome = world.caller.terminal.outcome
    assert (outcome.code, outcome.retry, outcome.ok) == ("cannot_train", True, False)
    assert str(outcome) == "every rate failed its training check (phase B, identification and training)"


def test_both_ends_know_each_other():
    caller, answerer = (
        call([PAGE], identification=encode_number("+49 30 1")),
        call(identification=encode_number("42")),
    )
    play(caller, answerer)
    assert (remote_identification(caller), remote_identification(answerer)) == ("42", "+49 30 1")
    assert remote_identification(Call()) == ""


@pytest.mark.parametrize(
    ("fif", "text"), [(b"\xff" * 20, "?" * 20), (b"", ""), (b" " * 20, ""), (b"1" * 99, "1" * 20), (b"\n\x00a", "a??")]
)
def test_any_identification_is_printable(fif, text):
    assert remote_identification(Call(peer={Frame.TSI: fif})) == text


def test_the_trace_is_a_ladder():
    caller = call([PAGE], identification=encode_number("1"), capabilities=AUDIO_V29)
    world = play(caller, call(identification=encode_number("2"), capabilities=AUDIO_V29))
    octets = f"page of {len(PAGE)} octets V.29 9600"
    assert [f"{way} {text}" for _, way, text in world.caller.terminal.trace] == [
        "<- CSI DIS",
        "-> TSI DCS",
        "-> TCF V.29 9600",
        "<- CFR",
        f"-> {octets}",
        "-> EOP",
        "<- MCF",
        "-> DCN",
        "== the whole document was confirmed (phase D, post-message)",
    ]
    heard = [text for _, way, text in world.answerer.terminal.trace if way == "<-"]
    assert heard == ["TSI DCS", "TCF V.29 9600, 0.0% wrong", octets, "EOP", "DCN"]


def test_a_page_is_seen_as_confirmed_at_once():
    caller = call([PAGE, OTHER])
    seen = []

    def script(port, signal):
        if port.name == "caller":
            seen.append((port.terminal.trace[-1][2].split()[0], [sheet.good for sheet in caller.sent]))
        return True

    world = play(caller, call(), script=script)
    assert seen == [
        ("DCS", []),
        ("TCF", []),
        ("page", [False]),
        ("MPS", [False]),
        ("page", [True, False]),
        ("EOP", [True, False]),
        ("DCN", [True, True]),
    ]
    sheets = world.answerer.terminal.call.received
    assert [(sheet.number, sheet.copy) for sheet in sheets] == [
        (number, pages.inspect(octets, Dcs())) for number, octets in enumerate((PAGE, OTHER), 1)
    ]


# -- habits ------------------------------------------------------------------------------------------------------------


def test_timers_are_a_habit():
    slow = timers.Timer(ms(3450), 0, "ours")
    world = play(call([PAGE], t4=slow), call(), script=losing("caller EOP"))
    sent = [when for when, way, text in world.caller.terminal.trace if (way, text) == ("->", "EOP")]
    silence = next(when for when, way, text in world.caller.terminal.trace if way == "..")
    assert len(sent) == 2
    assert sent[1] == silence
    assert "EOP EOP" in said(world)
    assert Terminal(Call(Settings(t1=timers.Timer(seconds(5), 0, "ours"))), calling).deadline == seconds(5)


def test_every_frame_may_come_with_nothing_in_it():
    for station in (calling, called):
        for frame in Frame:
            for more in (MORE, FINAL):
                terminal = Terminal(Call(SEND, [[b"page"]]), station)
                now = settle(terminal, 0)
                terminal.receive(FrameHeard(bytes((ADDRESS, more, frame.octet(True)))), now)
                terminal.receive(CarrierDown(Carrier.V21), now)
                assert str(Message(frame))
