"""The steps that many cases share: answering, identifying, training, pages, the end; each judges what it sees."""

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from firmware_sim.t4 import mh, patterns
from firmware_sim.t4.codecs import CODECS
from firmware_sim.t4.page import Decoded, Page
from firmware_sim.t4.scale import at_resolution
from rig.conformance import frames as f
from rig.conformance import wire
from rig.conformance.model import Row, Script
from rig.conformance.signals import MS, Signal, coding_of, decode_page, split_rate, tester_has
from rig.conformance.tester import Tester, Wait

CED_MS = (2600.0, 4000.0)
CED_HZ = (2085.0, 2115.0)
CNG_HZ = (1062.0, 1138.0)
CNG_ON_MS, CNG_OFF_MS = (425.0, 575.0), (2550.0, 3450.0)
TCF_MS = (1350.0, 1650.0)
SYNC_FLAGS_MS = (200.0, 300.0)
T2_MS, T4_MS = (5000.0, 7000.0), (2550.0, 3450.0)
T1_MS, T5_MS = (30_000.0, 40_000.0), (55_000.0, 65_000.0)
PREFERRED = ("V.29 9600", "V.17 14400", "V.27ter 4800", "V.29 7200", "V.27ter 2400")
"""V.29 first: every machine has it, and it trains quickly."""
SMALL = patterns.text(1728, 60)
OTHER = patterns.diagonals(1728, 50)
THIRD = patterns.staircase(1728, 40)
LINE_BREAK = "000000000001"


# -- the device answers ------------------------------------------------------------------------------------------------


def answered(t: Tester) -> Wait:
    """CED, its silence, and the first DIS."""
    ced = yield from t.next_signal(10_000)
    if ced is None or ced.kind != "tone":
        raise t.wrong("wait for CED", "a tone of 2100 Hz", "nothing" if ced is None else ced.text)
    t.within("silence before CED", ced.start / MS, 200, 10_000)
    t.within("frequency of CED", ced.hz, *CED_HZ, unit="Hz", slack=1.0)
    t.within("length of CED", ced.ms, *CED_MS)
    dis = yield from t.expect("DIS", 95, step="DIS after CED")
    t.check("DIS says: can receive", f.is_set(dis.last.fif, f.CAN_RECEIVE), dis.last.fif.hex(" "))
    if t.setup.ident:
        check_number(t, dis, "CSI", t.setup.ident)
    return dis


def check_number(t: Tester, signal: Signal, name: str, text: str) -> None:
    if not signal.has(name):
        t.check(f"{name} is sent", False, signal.text)
        return
    fif = signal.frame(name).fif
    t.check(f"{name} holds the number", f.number_text(fif) == text, repr(f.number_text(fif)))


def rates_of(dis: bytes) -> tuple[str, ...]:
    return f.OFFERS.get(f.bits(dis, 11, 4), ())


def best_rate(t: Tester, dis: bytes, *, among: Sequence[str] = PREFERRED) -> str:
    """A rate that both have; skips the case where there is none."""
    for rate in among:
        if rate in rates_of(dis) and tester_has(rate):
            return rate
    raise t.skip(f"the device offers {', '.join(rates_of(dis)) or 'no modem'}; this case needs {' or '.join(among)}")


def dcs(
    dis: bytes,
    rate: str,
    *,
    fine: bool = False,
    mr: bool = False,
    ecm: bool = False,
    frames_64: bool = False,
    octets: int = 0,
    more: dict[int, str] | None = None,
) -> bytes:
    """A DCS that the DIS allows."""
    scan = 0 if ecm else f.SCAN_MS[f.bits(dis, 21, 3)][fine]
    settings = {f.CAN_RECEIVE: "1", 11: f.RATES[rate], f.FINE: "01"[fine], f.MR: "01"[mr], 21: f.DCS_SCAN[scan]}
    if ecm:
        settings |= {f.ECM: "1", f.FRAMES_64: "01"[frames_64]}
    length = f.bits(dis, 19, 2)
    return f.field(settings | {19: length if length != "11" else "00"} | (more or {}), octets)


@dataclass(frozen=True, slots=True)
class Terms:
    """What is in force between the two."""

    rate: str
    dcs: bytes

    @property
    def bps(self) -> int:
        return split_rate(self.rate)[1]

    @property
    def fine(self) -> bool:
        return f.is_set(self.dcs, f.FINE)

    @property
    def row_bits(self) -> int:
        scan = {text: ms for ms, text in f.DCS_SCAN.items()}.get(f.bits(self.dcs, 21, 3), 0)
        return -(-scan * self.bps // 1000)


def command(
    t: Tester, dis: Signal, rate: str = "", *, after_ms: float = 75.0, **choices: bool | int
) -> Generator[None, None, Terms]:
    """TSI and DCS, without TCF."""
    terms = terms_for(t, dis, rate, **choices)
    yield from t.send(("TSI", f.number("+49 89 7777")), ("DCS", terms.dcs), after_ms=after_ms)
    return terms


def terms_for(t: Tester, dis: Signal, rate: str = "", **choices: bool | int) -> Terms:
    rate = rate or best_rate(t, dis.last.fif)
    if rate not in rates_of(dis.last.fif) or not tester_has(rate):
        raise t.skip(f"the device does not offer {rate}")
    for name, bit in (("ecm", f.ECM), ("fine", f.FINE), ("mr", f.MR)):
        if choices.get(name) and not f.is_set(dis.last.fif, bit):
            raise t.skip(f"the DIS does not offer {name}")
    return Terms(rate, dcs(dis.last.fif, rate, **choices))  # type: ignore[arg-type]


def tcf(t: Tester, rate: str, ms: float = 1500.0, *, wrong: float = 0.0, wait: bool = True) -> Script:
    """Zeros; *wrong* is the share of ones among them."""
    row = np.zeros(round(split_rate(rate)[1] * ms / 1000), np.uint8)
    if wrong:
        row[:: max(2, round(1 / wrong))] = 1
    yield from t.image(rate, row, "TCF" if not wrong else "spoilt TCF", long=True, wait=wait)


def trained(
    t: Tester, dis: Signal, rate: str = "", *, after_ms: float = 75.0, **choices: bool | int
) -> Generator[None, None, Terms]:
    """TSI, DCS, TCF, and the CFR that answers them."""
    terms = yield from command(t, dis, rate, after_ms=after_ms, **choices)
    yield from tcf(t, terms.rate)
    yield from t.expect("CFR")
    return terms


def retrained(t: Tester, terms: Terms) -> Script:
    yield from t.send(("TSI", f.number("+49 89 7777")), ("DCS", terms.dcs))
    yield from tcf(t, terms.rate)
    yield from t.expect("CFR")


def page_bits(page: Page, terms: Terms) -> Row:
    return np.unpackbits(np.frombuffer(CODECS[coding_of(terms.dcs)].encode(page, terms.row_bits), np.uint8))


def rows_as_bits(
    page: Page, terms: Terms, bad: frozenset[int] = frozenset(), long_row: tuple[int, int] = (-1, 0)
) -> str:
    """A page row by row; a bad row is 28 pixels short, the long one is filled up to so many bits."""
    rows = []
    for number in range(page.height_px):
        width = 1700 if number in bad else page.width_px
        one = Page(width, page.row(number)[: (width + 7) // 8] if width % 8 == 0 else _cut(page.row(number), width))
        text = wire.octet_bits(mh.encode(one))
        row = text[: text.rindex(LINE_BREAK * 6)]
        rows.append(row.ljust(long_row[1] if number == long_row[0] else terms.row_bits, "0"))
    return "".join(rows) + LINE_BREAK * 6


def _cut(row: bytes, width: int) -> bytes:
    octets = (width + 7) // 8
    spare = octets * 8 - width
    return row[: octets - 1] + bytes((row[octets - 1] >> spare << spare,))


def page(t: Tester, page: Page, terms: Terms) -> Script:
    yield from t.image(terms.rate, page_bits(page, terms), f"page of {page.height_px} rows")


def page_and(t: Tester, sheet: Page, terms: Terms, then: str = "EOP", answer: str = "MCF") -> Wait:
    """A page, its post-message command, and the answer."""
    yield from page(t, sheet, terms)
    return (yield from after(t, then, answer))


def after(t: Tester, then: str, answer: str = "MCF") -> Wait:
    yield from t.send(then)
    return (yield from t.expect(answer))


def repeated(t: Tester, name: str, tries: str = "") -> Wait:
    """The device says it again, T4 after its last signal, when nobody answers."""
    before = t.last_end
    signal = yield from t.expect(name, T4_MS[1] + 1500, step=f"{name} again after T4")
    t.within(f"T4 before {name} is repeated", (signal.start - before) / MS, *T4_MS)
    return signal


def silent_or_crp(t: Tester, ms: float) -> Script:
    """What could not be read is not answered, but for CRP."""
    signal = yield from t.next_signal(ms)
    if signal is not None and not (signal.frames and signal.last.name == "CRP"):
        raise t.wrong("a spoilt command", "silence or CRP", signal.text)


def goodbye(t: Tester) -> Script:
    """Our DCN; the device hangs up and says nothing more."""
    yield from t.send("DCN")
    yield from t.hangs_up()


def device_says_dcn(t: Tester, within_ms: float = 1500.0) -> Script:
    yield from t.expect("DCN", within_ms)
    yield from t.hangs_up()


# -- the device calls --------------------------------------------------------------------------------------------------


def our_dis(**more: bool | str) -> bytes:
    """What we say we can do: every modem we have, no minimum scan time, any length; *bN* sets bits from N on."""
    have = our_modems()
    modems = "1101" if len(have) == 3 else "1100" if "V.27ter" in have else "1000"
    settings = {f.CAN_RECEIVE: "1", 11: modems, f.FINE: "1", 19: "01", 21: "111"}
    settings |= {int(name[1:]): ("01"[bits] if isinstance(bits, bool) else bits) for name, bits in more.items()}
    return f.field(settings)


def our_modems() -> set[str]:
    return {split_rate(rate)[0] for rate in f.RATES if tester_has(rate)}


def ced(t: Tester, ms: float = 2600.0, after_ms: float = 300.0) -> Script:
    t.play(wire.tone(2100, t.level_dbm0, ms), "CED", "tone", after_ms)
    yield from t.sent()
    t.drop_tones()


def say_dis(t: Tester, **more: bool | str) -> Script:
    yield from t.send(("CSI", f.number("+49 89 7777")), ("DIS", our_dis(**more)))
    t.drop_tones()


def heard_dcs(t: Tester, within_ms: float = 1500.0) -> Generator[None, None, Terms]:
    """TSI and DCS of the device, and its TCF, both judged."""
    signal = yield from t.expect("DCS", within_ms)
    if t.setup.ident:
        check_number(t, signal, "TSI", t.setup.ident)
    return (yield from heard_tcf(t, signal))


def heard_tcf(t: Tester, signal: Signal) -> Generator[None, None, Terms]:
    fif = signal.last.fif
    rate = {text: name for name, text in f.RATES.items()}.get(f.bits(fif, 11, 4), "")
    if not rate or not tester_has(rate):
        raise t.wrong("read the DCS", "a rate that was offered", f.bits(fif, 11, 4))
    image = yield from t.expect_image("TCF", rate)
    read = t.demodulate(image, rate, long=True)
    if read is None:
        raise t.wrong("read the TCF", f"training of {rate}", "a signal that does not train")
    bits, _ = read
    runs = "".join("1" if bit else "0" for bit in bits.tolist()).split("1")
    longest = max(map(len, runs))
    t.within(f"length of TCF by {rate}", longest * 1000 / split_rate(rate)[1], *TCF_MS)
    t.relabel(f"TCF {rate}")
    return Terms(rate, fif)


def heard_page(
    t: Tester, terms: Terms, sheet: Page | None, within_ms: float = 200.0, since: int | None = None
) -> Generator[None, None, Decoded]:
    """A page by the terms in force, compared with what the device was given to send."""
    image = yield from t.expect_image("a page", terms.rate, within_ms, since=since)
    read = t.demodulate(image, terms.rate)
    if read is None:
        raise t.wrong("read the page", f"training of {terms.rate}", "a signal that does not train")
    decoded = decode_page(read[0], terms.dcs)
    t.relabel(f"page of {decoded.rows} rows {terms.rate}")
    t.heard_pages.append(decoded.page)
    t.check("the page ends with RTC", decoded.complete, "no return to control")
    row_times(t, read[0], terms)
    if sheet is not None:
        wanted = at_resolution(sheet, decoded.page.resolution)
        t.compare(f"page {len(t.heard_pages)} as it was given to the device", wanted, decoded.page)
    return decoded


def row_times(t: Tester, bits: Row, terms: Terms) -> None:
    """No row is shorter than the minimum scan line time, and none longer than 5 s."""
    text = "".join("1" if bit else "0" for bit in bits.tolist())
    ends, at = [], text.find(LINE_BREAK)
    while at >= 0:
        ends.append(at + 12)
        at = text.find(LINE_BREAK, at + 12)
    rows = [after - before for before, after in pairwise(ends) if after - before > 12]
    if rows and coding_of(terms.dcs) in ("MH", "MR"):
        t.check(
            "no row is shorter than the scan line time",
            min(rows) >= terms.row_bits,
            f"{min(rows)} bits of {terms.row_bits}",
        )
        t.within("longest row", max(rows) / terms.bps, 0, 5, unit="s", slack=0.05)


def obeyed(t: Tester, **more: bool | str) -> Generator[None, None, Terms]:
    """CED, DIS; the device trains, we say CFR."""
    yield from ced(t)
    yield from say_dis(t, **more)
    terms = yield from heard_dcs(t)
    yield from t.send("CFR")
    return terms


def took_page(t: Tester, terms: Terms, sheet: Page, then: str = "EOP", answer: str = "MCF") -> Wait:
    """The page that follows, the command after it, and our answer."""
    yield from heard_page(t, terms, sheet)
    signal = yield from t.expect(then, 95, step=f"{then} after the page")
    if answer:
        yield from t.send(answer)
    return signal
