"""Broken firmwares, each small, realistic and truly outside the recommendation: they prove that the cases judge."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from firmware_sim.clock import ms, seconds
from firmware_sim.dsp.tones import Cadence, Tone, on_off
from firmware_sim.t4.page import Page
from firmware_sim.t30 import timers
from firmware_sim.t30.call import Copy
from firmware_sim.t30.signals import Event, FrameHeard, Transmit
from rig.conformance import frames as f
from rig.conformance.breaking import (
    Hdlc,
    Mutant,
    bit_changed,
    blocks_changed,
    code_of,
    deaf_to,
    delayed,
    frames_changed,
    heard_as,
    octets_of,
    one_bit_wrong,
    pages_changed,
    printed_changed,
    spoilt_as,
)

ENGINE = "firmware_sim.audio:"
STATION = "firmware_sim.device.station:"
PAPER = "firmware_sim.device.station:paper."


def lasting(timer: timers.Timer, seconds_long: float) -> timers.Timer:
    return replace(timer, nominal=seconds(seconds_long))


def tone_at(hz: int) -> Callable[..., Cadence]:
    return lambda dbm0=-13.0, length_ms=3000.0: Cadence(((Tone(((hz, dbm0),)), round(length_ms * 8)),), repeat=False)


def cng_of(hz: int, on_ms: float, off_ms: float) -> Callable[..., Cadence]:
    return lambda dbm0=-13.0: on_off(Tone(((hz, dbm0),)), on_ms, off_ms)


def louder(db: float) -> Callable[[Any], Any]:
    return lambda before: lambda *args, **options: before(*args[:2], args[2] + db, *args[3:], **options)


def inverted(before: Any) -> Any:
    """V.21 with mark and space exchanged."""

    def make(modem: str, *args: Any, **options: Any) -> Any:
        made = before(modem, *args, **options)
        if modem == "V.21":
            start = made.start
            made.start = lambda bits: start(1 - np.array(bits, np.uint8))
        return made

    return make


def page_encoded(change: Callable[[Page], Page]) -> Callable[[Any], Any]:
    """What is sent is another page than was given."""
    return lambda before: lambda page, terms: before(change(page) if isinstance(page, Page) else page, terms)


def rows_of(page: Page, rows: bytes) -> Page:
    return Page(page.width_px, rows, page.resolution)


def without_last_rows(page: Page) -> Page:
    return rows_of(page, page.rows[: -8 * page.row_octets])


def without_a_row(page: Page) -> Page:
    return rows_of(page, page.rows[: 20 * page.row_octets] + page.rows[21 * page.row_octets :])


def shifted(page: Page) -> Page:
    """One pixel to the right."""
    number = int.from_bytes(page.rows, "big") >> 1
    return rows_of(page, number.to_bytes(len(page.rows), "big"))


def negative(page: Page) -> Page:
    return rows_of(page, bytes(octet ^ 0xFF for octet in page.rows))


def mirrored(page: Page) -> Page:
    return rows_of(page, f.turned(page.rows))


def one_pixel(page: Page) -> Page:
    rows = bytearray(page.rows)
    rows[len(rows) // 2] ^= 0x08
    return rows_of(page, bytes(rows))


def decoded_as(change: Callable[[Page], Page]) -> Callable[[Any], Any]:
    """What is kept is another page than was received."""

    def make(before: Any) -> Any:
        def decode(octets: bytes, terms: Any) -> Any:
            found = before(octets, terms)
            return replace(found, page=change(found.page))

        return decode

    return make


def inspected(**changed: Any) -> Callable[[Any], Any]:
    def make(before: Any) -> Any:
        def inspect(octets: bytes, terms: Any) -> Copy:
            found: Copy = before(octets, terms)
            return replace(found, **changed)

        return inspect

    return make


def no_fill(before: Any) -> Any:
    def encode(page: object, terms: Any) -> Any:
        return before(page, terms.replace(scan_time_ms=0))

    return encode


def twice(*names: str) -> Callable[[Transmit], list[Transmit]]:
    """The whole burst again behind itself."""

    def say(signal: Transmit) -> list[Transmit]:
        if signal.image is None and code_of(signal.frames[-1]) in names:
            return [replace(signal, frames=signal.frames * 2)]
        return [signal]

    return say


def named(said: str, put: str) -> Callable[[Transmit], list[Transmit]]:
    """One frame is said where another is due."""

    def change(octets: bytes) -> bytes:
        return octets_of(put, f.turned(octets[3:]), x=bool(octets[2] & 1))

    return frames_changed(change, said)


def without(*names: str) -> Callable[[Transmit], list[Transmit]]:
    return frames_changed(lambda octets: None, *names)


def control(value: int) -> Callable[[bytes], bytes]:
    return lambda octets: octets[:1] + bytes((value,)) + octets[2:]


def label(place: int, add: int) -> Callable[[Transmit], list[Transmit]]:
    """A counter of the PPS is off."""

    def change(octets: bytes) -> bytes:
        changed = bytearray(octets)
        changed[3 + place] = (changed[3 + place] + add) % 256
        return bytes(changed)

    return frames_changed(change, "PPS")


def any_address(event: Event) -> list[Event]:
    if isinstance(event, FrameHeard) and event.octets and event.octets[0] != 0xFF:
        return [FrameHeard(b"\xff" + event.octets[1:])]
    return [event]


def unknown_as(taken: str) -> Callable[[Event], list[Event]]:
    def hear(event: Event) -> list[Event]:
        unknown = isinstance(event, FrameHeard) and code_of(event.octets).startswith("unknown")
        return [FrameHeard(octets_of(taken))] if unknown else [event]

    return hear


def block_without(lost: int) -> Callable[[Transmit], list[Transmit]]:
    return blocks_changed(lambda frames: frames[:lost] + frames[lost + 1 :] if len(frames) > 6 else frames)


def rcp(count: int) -> Callable[[Transmit], list[Transmit]]:
    return blocks_changed(lambda frames: frames[:-3] + frames[-1:] * count)


def renumbered(frames: tuple[bytes, ...]) -> tuple[bytes, ...]:
    """Frame numbers with their bits in the other order."""
    return tuple(x[:3] + f.turned(x[3:4]) + x[4:] if len(x) > 4 else x for x in frames)


def from_one(frames: tuple[bytes, ...]) -> tuple[bytes, ...]:
    return tuple(x[:3] + bytes(((x[3] + 1) % 256,)) + x[4:] if len(x) > 4 else x for x in frames)


SIGNALS = (
    Mutant("ced-short", "CED of 2 s", {ENGINE + "CED_LENGTH": ms(2000)}),
    Mutant("ced-long", "CED of 5 s", {ENGINE + "CED_LENGTH": ms(5000)}),
    Mutant("ced-frequency", "CED of 2130 Hz", {ENGINE + "ced": tone_at(2130)}),
    Mutant("ced-calling-tone", "CED of 1100 Hz", {ENGINE + "ced": tone_at(1100)}),
    Mutant("ced-at-once", "no silence before CED", {ENGINE + "SILENCE_BEFORE_CED": ms(20)}),
    Mutant("ced-missing", "no CED", {ENGINE + "ced": lambda *_: Cadence((), repeat=False)}),
    Mutant("cng-frequency", "CNG of 1000 Hz", {ENGINE + "cng": cng_of(1000, 500, 3000)}, first="transmit-two-pages"),
    Mutant("cng-short", "CNG of 0.3 s", {ENGINE + "cng": cng_of(1100, 300, 3000)}, first="transmit-two-pages"),
    Mutant("cng-long", "CNG of 0.8 s", {ENGINE + "cng": cng_of(1100, 800, 3000)}, first="transmit-two-pages"),
    Mutant("cng-pause", "CNG every 2 s", {ENGINE + "cng": cng_of(1100, 500, 1500)}, first="transmit-two-pages"),
    Mutant("cng-missing", "no CNG", {ENGINE + "cng": lambda *_: Cadence(((None, 800),))}, first="transmit-two-pages"),
    Mutant("preamble-short", "preamble of 0.67 s", {ENGINE + "PREAMBLE_FLAGS": 25}),
    Mutant("preamble-long", "preamble of 1.4 s", {ENGINE + "PREAMBLE_FLAGS": 52}),
    Mutant("no-closing-flag", "frames end without a flag", {ENGINE + "CLOSING_FLAGS": 0}),
    Mutant("tcf-short", "TCF of 1.2 s", {ENGINE + "TCF_LENGTH": ms(1200)}, first="transmit-mps"),
    Mutant("tcf-long", "TCF of 1.9 s", {ENGINE + "TCF_LENGTH": ms(1900)}, first="transmit-mps"),
    Mutant("block-sync-short", "100 ms of flags before a block", {ENGINE + "BLOCK_SYNC": ms(100)},
           first="ecm-transmit-two-pages"),
    Mutant("block-sync-long", "600 ms of flags before a block", {ENGINE + "BLOCK_SYNC": ms(600)},
           first="ecm-transmit-two-pages"),
    Mutant("gap-short", "20 ms between DCS and TCF", say=delayed(20, image=True), first="transmit-mps"),
    Mutant("gap-long", "300 ms between DCS and TCF", say=delayed(300, image=True), first="transmit-mps"),
    Mutant("answer-early", "answers after 20 ms", say=delayed(20, image=False)),
    Mutant("answer-late", "answers after 2 s", say=delayed(2000, image=False)),
    Mutant("level-low", "sends 15 dB too low", wrap={ENGINE + "modulator": louder(-15.0)}),
    Mutant("level-high", "sends 12 dB too loud", wrap={ENGINE + "modulator": louder(12.0)}),
    Mutant("v21-inverted", "mark and space exchanged", wrap={ENGINE + "modulator": inverted}),
    Mutant("fcs-wrong", "one bit of each burst is wrong", {ENGINE + "hdlc": Hdlc(one_bit_wrong)}),
)  # fmt: skip

TIMERS = (
    Mutant("t4-twice", "T4 of 6 s", settings={"t4": lasting(timers.T4, 6.0)}, first="transmit-eop-unanswered"),
    Mutant("t4-half", "T4 of 1.5 s", settings={"t4": lasting(timers.T4, 1.5)}, first="transmit-eop-unanswered"),
    Mutant("t4-over", "T4 of 3.6 s", settings={"t4": lasting(timers.T4, 3.6)}, first="transmit-eop-unanswered"),
    Mutant("t2-twice", "T2 of 12 s", settings={"t2": lasting(timers.T2, 12.0)}, first="receive-eom"),
    Mutant("t2-half", "T2 of 3 s", settings={"t2": lasting(timers.T2, 3.0)}, first="receive-eom"),
    Mutant("t1-long", "T1 of 60 s", settings={"t1": lasting(timers.T1, 60.0)}, first="transmit-dis-too-late"),
    Mutant("t1-short", "T1 of 20 s", settings={"t1": lasting(timers.T1, 20.0)}, first="transmit-late-dis"),
    Mutant("t5-short", "T5 of 20 s", settings={"t5": lasting(timers.T5, 20.0)}, first="ecm-transmit-busy"),
    Mutant("t5-long", "T5 of 90 s", settings={"t5": lasting(timers.T5, 90.0)}, first="ecm-transmit-busy"),
    Mutant("one-attempt", "gives up after one try", settings={"attempts": 1}, first="transmit-eop-unanswered"),
    Mutant("two-attempts", "gives up after two tries", settings={"attempts": 2}, first="transmit-eop-unanswered"),
    Mutant("five-attempts", "tries five times", settings={"attempts": 5}, first="transmit-eop-dead"),
)

JUDGEMENT = (
    Mutant("any-training", "takes every TCF", settings={"training_limit": 1.0}, first="receive-spoilt-training"),
    Mutant("no-training", "takes no TCF", settings={"training_limit": -1.0}),
    Mutant("short-training", "half a TCF will do", {ENGINE + "TCF_JUDGED": ms(100)}, first="receive-short-training"),
    Mutant("strict-training", "a TCF of 1.35 s is too short", {ENGINE + "TCF_JUDGED": ms(1450)},
           first="receive-shortest-training"),
    Mutant("any-page", "takes pages with half their rows bad", settings={"bad_row_limit": 0.5},
           first="receive-bad-rows-many"),
    Mutant("perfect-pages", "refuses pages with a few bad rows", settings={"bad_row_limit": 0.01},
           first="receive-bad-rows-few"),
    Mutant("half-page", "takes a page without its end", wrap={PAPER + "inspect": inspected(complete=True)},
           first="receive-page-cut"),
    Mutant("rows-uncounted", "counts no bad rows", wrap={PAPER + "inspect": inspected(bad_rows=0)},
           first="receive-bad-rows-many"),
    Mutant("store-drops-rows", "keeps a page without its last rows",
           wrap={PAPER + "decode": decoded_as(without_last_rows)}),
    Mutant("store-mirrors", "keeps each octet mirrored", wrap={PAPER + "decode": decoded_as(mirrored)}),
    Mutant("store-one-pixel", "one pixel of each page kept is wrong", wrap={PAPER + "decode": decoded_as(one_pixel)}),
)  # fmt: skip

PAGES = (
    Mutant("last-rows-dropped", "the last rows are not sent", wrap={PAPER + "encode": page_encoded(without_last_rows)},
           first="transmit-mps"),
    Mutant("row-dropped", "one row is not sent", wrap={PAPER + "encode": page_encoded(without_a_row)},
           first="transmit-mps"),
    Mutant("page-shifted", "one pixel to the right", wrap={PAPER + "encode": page_encoded(shifted)},
           first="transmit-mps"),
    Mutant("page-negative", "black is white", wrap={PAPER + "encode": page_encoded(negative)}, first="transmit-mps"),
    Mutant("page-one-pixel", "one pixel is wrong", wrap={PAPER + "encode": page_encoded(one_pixel)},
           first="transmit-mps"),
    Mutant("page-bit-order", "octets of a page go out turned", say=pages_changed(f.turned), first="transmit-mps"),
    Mutant("no-rtc", "no return to control", say=pages_changed(lambda octets: octets[:-9]), first="transmit-mps"),
    Mutant("no-fill", "rows shorter than the scan line time", wrap={PAPER + "encode": no_fill},
           first="transmit-scan-20-ms"),
    Mutant("sends-standard", "a fine page at standard resolution",
           wrap={PAPER + "encode": lambda before: lambda page, terms: before(page, terms.replace(fine=False))},
           first="transmit-fine"),
)  # fmt: skip

FRAMES = (
    Mutant("csi-bit-order", "CSI with its octets turned", say=printed_changed(f.turned, "CSI")),
    Mutant("csi-digit-order", "CSI first digit first", say=printed_changed(lambda fif: fif[::-1], "CSI")),
    Mutant("csi-short", "CSI of 19 octets", say=printed_changed(lambda fif: fif[:-1], "CSI")),
    Mutant("csi-missing", "no CSI", say=without("CSI")),
    Mutant("tsi-missing", "no TSI", say=without("TSI"), first="transmit-mps"),
    Mutant("tsi-digit-order", "TSI first digit first", say=printed_changed(lambda fif: fif[::-1], "TSI"),
           first="transmit-mps"),
    Mutant("cig-missing", "polls without CIG", say=without("CIG"), first="polling-two-pages"),
    Mutant("pwd-missing", "polls without its password", say=without("PWD"), first="polling-with-password"),
    Mutant("x-bit", "X bit inverted", say=frames_changed(lambda x: x[:2] + bytes((x[2] ^ 1,)) + x[3:], *f.WITH_X)),
    Mutant("never-final", "no frame is final", say=frames_changed(control(0x03))),
    Mutant("all-final", "every frame is final", say=frames_changed(control(0x13))),
    Mutant("address", "address 0x7F", say=frames_changed(lambda x: b"\xfe" + x[1:])),
    Mutant("mcf-twice", "MCF twice in a burst", say=twice("MCF")),
    Mutant("no-dcn", "RR where DCN is due", say=named("DCN", "RR"), first="transmit-mps"),
    Mutant("mps-at-end", "MPS after the last page", say=named("EOP", "MPS"), first="transmit-mps"),
    Mutant("eop-between", "EOP after each page", say=named("MPS", "EOP"), first="transmit-mps"),
    Mutant("eom-as-mps", "MPS where EOM is due", say=named("EOM", "MPS"), first="transmit-eom-rtp"),
    Mutant("rtn-said-mcf", "MCF where RTN is due", say=named("RTN", "MCF"), first="receive-bad-rows-many"),
    Mutant("ftt-said-cfr", "CFR where FTT is due", say=named("FTT", "CFR"), first="receive-spoilt-training"),
    Mutant("cfr-said-mcf", "MCF where CFR is due", say=named("CFR", "MCF")),
    Mutant("err-said-mcf", "MCF where ERR is due", say=named("ERR", "MCF"), first="ecm-receive-eor-eop"),
    Mutant("ctr-said-cfr", "CFR where CTR is due", say=named("CTR", "CFR"), first="ecm-receive-ctc"),
    Mutant("rr-said-dcn", "DCN where RR is due", say=named("RR", "DCN"), first="ecm-transmit-busy-then-ready"),
    Mutant("dtc-said-dis", "polls with a DIS", say=named("DTC", "DIS"), first="polling-two-pages"),
    Mutant("dis-cannot-receive", "DIS bit 10 is 0", say=bit_changed(10, "0", "DIS")),
    Mutant("dis-reserved-bit", "DIS bit 25 is 1", say=bit_changed(25, "1", "DIS")),
    Mutant("dis-no-extension", "DIS without its extension bit", say=bit_changed(24, "0", "DIS")),
    Mutant("dis-modems", "DIS with a code for modems that is not used", say=bit_changed(11, "1011", "DIS")),
    Mutant("dis-length", "DIS with a length that is invalid", say=bit_changed(19, "11", "DIS")),
    Mutant("dis-short", "DIS of two octets", say=printed_changed(lambda fif: fif[:2], "DIS")),
    Mutant("dis-t6-alone", "T.6 without error correction", say=bit_changed(27, "0001", "DIS")),
    Mutant("dis-waits", "DIS says that a document waits", say=bit_changed(9, "1", "DIS"), first="polled-nothing-waits"),
    Mutant("dcs-rate", "DCS with a rate that is not sent", say=bit_changed(11, "0000", "DCS"), first="transmit-mps"),
    Mutant("dcs-rate-reserved", "DCS with a reserved rate", say=bit_changed(11, "0011", "DCS"), first="transmit-mps"),
    Mutant("dcs-fine", "DCS says fine always", say=bit_changed(15, "1", "DCS"), first="transmit-fine-to-standard"),
    Mutant("dcs-scan", "DCS says 0 ms always", say=bit_changed(21, "111", "DCS"), first="transmit-scan-20-ms"),
    Mutant("dcs-ecm", "DCS says ECM always", say=bit_changed(27, "1", "DCS"), first="transmit-mps"),
    Mutant("dcs-no-ecm", "DCS without the ECM that is used", say=bit_changed(27, "0", "DCS"),
           first="ecm-transmit-two-pages"),
    Mutant("dcs-not-receive", "DCS bit 10 is 0", say=bit_changed(10, "0", "DCS"), first="transmit-mps"),
    Mutant("dcs-width", "DCS says 303 mm", say=bit_changed(17, "01", "DCS"), first="transmit-mps"),
    Mutant("dcs-frames-of-64", "DCS says 64 octets, frames have 256", say=bit_changed(28, "1", "DCS"),
           first="ecm-transmit-two-pages"),
)  # fmt: skip

HEARING = (
    Mutant("ignores-ftt", "takes FTT for CFR", hear=heard_as("FTT", "CFR"), first="transmit-v29-falls-back"),
    Mutant("rtn-as-mcf", "takes RTN for MCF", hear=heard_as("RTN", "MCF"), first="transmit-mps-rtn"),
    Mutant("rtp-as-mcf", "takes RTP for MCF", hear=heard_as("RTP", "MCF"), first="transmit-mps-rtp"),
    Mutant("rtp-as-rtn", "takes RTP for RTN", hear=heard_as("RTP", "RTN"), first="transmit-eop-rtp"),
    Mutant("dcn-as-mcf", "takes DCN for MCF", hear=heard_as("DCN", "MCF"), first="transmit-eop-dcn"),
    Mutant("crp-as-mcf", "takes CRP for MCF", hear=heard_as("CRP", "MCF"), first="transmit-eop-crp"),
    Mutant("crp-unheard", "does not know CRP", hear=deaf_to("CRP"), first="transmit-eop-crp"),
    Mutant("ppr-as-mcf", "takes PPR for MCF", hear=heard_as("PPR", "MCF"), first="ecm-transmit-ppr"),
    Mutant("rnr-as-mcf", "takes RNR for MCF", hear=heard_as("RNR", "MCF"), first="ecm-transmit-busy-then-ready"),
    Mutant("rnr-unheard", "does not know RNR", hear=deaf_to("RNR"), first="ecm-transmit-busy-then-ready"),
    Mutant("dis-as-cfr", "takes DIS after TCF for CFR", hear=heard_as("DIS", "CFR"), first="transmit-dis-again"),
    Mutant("spoilt-as-mcf", "takes a spoilt answer for MCF", hear=spoilt_as("MCF"), first="transmit-eop-mcf-bad-fcs"),
    Mutant("spoilt-as-cfr", "takes a spoilt answer for CFR", hear=spoilt_as("CFR"), first="transmit-cfr-bad-fcs"),
    Mutant("spoilt-as-eop", "takes a spoilt command for EOP", hear=spoilt_as("EOP"),
           first="receive-post-message-bad-fcs"),
    Mutant("unknown-as-mcf", "takes an unknown frame for MCF", hear=unknown_as("MCF"),
           first="transmit-unknown-for-mcf"),
    Mutant("unknown-as-eop", "takes an unknown frame for EOP", hear=unknown_as("EOP"), first="receive-unknown-for-eop"),
    Mutant("any-address", "takes frames of other addresses", hear=any_address, first="transmit-foreign-for-mcf"),
    Mutant("mps-as-eop", "takes MPS for EOP", hear=heard_as("MPS", "EOP"), first="receive-mps-then-nothing"),
    Mutant("eop-unheard", "does not know EOP", hear=deaf_to("EOP")),
    Mutant("eom-as-mps-heard", "takes EOM for MPS", hear=heard_as("EOM", "MPS"), first="receive-eom"),
    Mutant("ctc-unheard", "does not know CTC", hear=deaf_to("CTC"), first="ecm-receive-ctc"),
    Mutant("eor-unheard", "does not know EOR", hear=deaf_to("EOR"), first="ecm-receive-eor-eop"),
    Mutant("rr-unheard", "does not know RR", hear=deaf_to("RR"), first="ecm-receive-rr"),
    Mutant("dcn-unheard", "does not know DCN", hear=deaf_to("DCN"), first="receive-dcn-for-dcs"),
    Mutant("pwd-unheard", "asks for no password", settings={"poll_password": b""}, first="polled-wrong-password"),
)  # fmt: skip

CORRECTION = (
    Mutant("ecm-frame-lost", "one frame of a block is never sent", say=block_without(3),
           first="ecm-transmit-two-pages"),
    Mutant("ecm-holes-taken", "takes a block with holes",
           {"firmware_sim.t30.ecm:Assembly.judge":
                lambda self, what: self._settle(what, self.verdict.code.MCF, self.verdict.code.PIP)},
           first="ecm-receive-bad-frames"),
    Mutant("ecm-numbers-turned", "frame numbers with their bits turned", say=blocks_changed(renumbered),
           first="ecm-transmit-two-pages"),
    Mutant("ecm-numbers-from-one", "frames numbered from one", say=blocks_changed(from_one),
           first="ecm-transmit-two-pages"),
    Mutant("ecm-one-rcp", "one RCP instead of three", say=rcp(1), first="ecm-transmit-two-pages"),
    Mutant("ecm-no-rcp", "no RCP", say=rcp(0), first="ecm-transmit-two-pages"),
    Mutant("pps-count", "PPS counts one frame more", say=label(3, 1), first="ecm-transmit-two-pages"),
    Mutant("pps-page-number", "PPS counts pages from one", say=label(1, 1), first="ecm-transmit-two-pages"),
    Mutant("pps-block-number", "PPS counts blocks from one", say=label(2, 1), first="ecm-transmit-two-pages"),
    Mutant("ppr-bit-order", "PPR with its octets turned", say=printed_changed(f.turned, "PPR"),
           first="ecm-receive-bad-frames"),
    Mutant("ppr-shifted", "PPR asks for the frames after the bad ones",
           say=printed_changed(lambda fif: (int.from_bytes(fif, "big") >> 1).to_bytes(32, "big"), "PPR"),
           first="ecm-receive-bad-frames"),
    Mutant("ppr-short", "PPR of 31 octets", say=printed_changed(lambda fif: fif[:31], "PPR"),
           first="ecm-receive-bad-frames"),
    Mutant("ppr-all", "PPR asks for everything", say=printed_changed(lambda fif: b"\xff" * 32, "PPR"),
           first="ecm-receive-bad-frames"),
    Mutant("resends-all", "sends the whole block again", {"firmware_sim.t30.ecm:requested_frames":
           lambda fif, sent: list(range(sent))}, first="ecm-transmit-ppr"),
    Mutant("ppr-limit", "goes on for ever after PPR", {"firmware_sim.t30.ecm:PPR_LIMIT": 40},
           first="ecm-transmit-give-up"),
    Mutant("gives-up-early", "gives up after two PPR", {"firmware_sim.t30.ecm:PPR_LIMIT": 2},
           first="ecm-transmit-give-up"),
)  # fmt: skip

MUTANTS = (*SIGNALS, *TIMERS, *JUDGEMENT, *PAGES, *FRAMES, *HEARING, *CORRECTION)
