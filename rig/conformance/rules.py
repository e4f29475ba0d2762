"""What holds for every signal of a device, whatever the case: judged on each burst as soon as it has ended."""

from typing import TYPE_CHECKING

from rig.conformance import frames as f
from rig.conformance import wire
from rig.conformance.model import Role

if TYPE_CHECKING:
    from rig.conformance.signals import Signal
    from rig.conformance.tester import Tester

PREAMBLE_MS = (850.0, 1150.0)
"""1 s +-15 %."""
GAP_MS = (55.0, 95.0)
"""75 ms +-20 ms between two signals of one station."""
ANSWER_NOT_BEFORE_MS = 55.0
LEVEL_DBM0 = (-20.0, -5.0)
"""Ours: what a machine may be expected to send at."""
LENGTHS = {
    "PPS": 4,
    "PPR": 32,
    "CTC": 2,
    "EOR": 1,
    **dict.fromkeys(("CSI", "TSI", "CIG", "SUB", "SID", "SEP", "PSA", "PWD"), 20),
}
"""Octets of information fields of fixed length."""
WITHOUT_FIELD = (
    "CFR",
    "FTT",
    "CTR",
    "EOM",
    "MPS",
    "EOP",
    "RR",
    "MCF",
    "RTP",
    "RTN",
    "RNR",
    "ERR",
    "DCN",
    "CRP",
    "PIP",
    "PIN",
)
FEATURES = {
    f.FINE: "fine", f.MR: "two-dimensional coding", 26: "uncompressed mode", f.ECM: "ECM", f.T6: "T.6",
    41: "superfine", 42: "300 dpi", 43: "400 dpi", 68: "JPEG", f.T85: "T.85",
}  # fmt: skip
"""Bits that a DCS may set only where the DIS has them set."""
RESERVED = (2, 5, 8, 25, 91, 103)
OPTIONAL = (
    "CSI",
    "NSF",
    "CIG",
    "NSC",
    "PWD",
    "SEP",
    "PSA",
    "TSI",
    "NSS",
    "SUB",
    "SID",
    "TSA",
    "IRA",
    "CSA",
    "CIA",
    "ISP",
)
"""Frames that go before another and are never the last."""


def judge(t: "Tester", burst: "Signal") -> None:
    _gap(t, burst)
    if burst.kind in ("V.21", "image") and burst.ms > 100:
        level = wire.level_dbm0(burst.samples)
        t.within(f"level of {burst.text}", level, *LEVEL_DBM0, unit="dBm0", slack=1.0)
    if burst.kind == "V.21":
        t.within(f"preamble of {burst.text}", burst.preamble_ms, *PREAMBLE_MS)
        t.check(f"{burst.text} has frames", bool(burst.frames), "flags only")
        for index, frame in enumerate(burst.frames):
            _frame(t, frame, last=index == len(burst.frames) - 1)


def _gap(t: "Tester", burst: "Signal") -> None:
    if not t.signals:
        return
    before = max(t.signals, key=lambda signal: signal.end)
    gap = (burst.start - before.end) / 8
    if gap < 0:
        return
    if before.who == "tester":
        if burst.kind in ("V.21", "image"):
            t.within(f"gap before {burst.text}", gap, ANSWER_NOT_BEFORE_MS, 1e9)
    elif gap < 500 and burst.kind in ("V.21", "image"):
        high = GAP_MS[1] + (25.0 if burst.kind == "image" else 0.0)  # training may begin with 20 ms of silence
        t.within(f"gap between {before.text} and {burst.text}", gap, GAP_MS[0], high)


def _frame(t: "Tester", frame: f.Heard, *, last: bool) -> None:
    name = frame.name
    t.check("every frame has a good FCS", frame.good, f"frame {frame.octets[:3].hex(' ')}")
    if not frame.good:
        return
    t.check("every frame is one of T.30", name in f.FIXED or name in f.WITH_X, name)
    t.check("only the last frame of a burst is final", frame.final is last, f"{name}: control {frame.octets[1]:#04x}")
    t.check("the last frame is no optional one", not last or name not in OPTIONAL, name)
    if name in f.WITH_X:
        x = bool(frame.octets[2] & 0x80)
        t.check(f"X bit of {name}", x is (t.role is Role.CALLS and bool(t.offered)), f"{frame.octets[2]:#04x}")
    if name in LENGTHS:
        t.check(f"length of {name}", len(frame.fif) == LENGTHS[name], f"{len(frame.fif)} octets")
    if name in WITHOUT_FIELD:
        t.check(f"{name} has no field", not frame.fif, frame.fif.hex(" "))
    if name in ("DIS", "DTC", "DCS"):
        _capabilities(t, name, frame.fif)
    if name in ("DIS", "DTC"):
        _offer(t, name, frame.fif)
    if name == "DCS":
        _choice(t, frame.fif)


def _capabilities(t: "Tester", name: str, fif: bytes) -> None:
    t.check(f"{name} has three octets or more", len(fif) >= 3, fif.hex(" "))
    said = [octet for octet in range(3, len(fif) + 1) if f.is_set(fif, 8 * octet)]
    t.check(f"extension bits of {name}", said == list(range(3, len(fif))), fif.hex(" "))
    for bit in RESERVED:
        t.check(f"bit {bit} of {name} is 0", not f.is_set(fif, bit), fif.hex(" "))
    t.check(f"width in {name}", f.bits(fif, 17, 2) != "11", f.bits(fif, 17, 2))
    t.check(f"length in {name}", f.bits(fif, 19, 2) != "11", f.bits(fif, 19, 2))
    needs_ecm = [bit for bit in (f.T6, f.T85) if f.is_set(fif, bit)]
    t.check(f"T.6 and T.85 only with ECM in {name}", not needs_ecm or f.is_set(fif, f.ECM), str(needs_ecm))


def _offer(t: "Tester", name: str, fif: bytes) -> None:
    t.check(f"modems in {name}", f.bits(fif, 11, 4) in f.OFFERS, f.bits(fif, 11, 4))


def _choice(t: "Tester", fif: bytes) -> None:
    offered = t.offered
    rate = f.bits(fif, 11, 4)
    rates = {bits: name for name, bits in f.RATES.items()}
    t.check("rate in DCS", rate in rates, rate)
    t.check("scan time in DCS", f.bits(fif, 21, 3) in f.DCS_SCAN.values(), f.bits(fif, 21, 3))
    t.check("DCS says: receive", f.is_set(fif, f.CAN_RECEIVE), fif.hex(" "))
    t.check("bit 9 of DCS is 0", not f.is_set(fif, 9), fif.hex(" "))
    if not offered:
        return
    modems = f.OFFERS.get(f.bits(offered, 11, 4), ())
    t.check("the rate of the DCS was offered", rates.get(rate) in modems, f"{rates.get(rate)} of {', '.join(modems)}")
    for bit, what in FEATURES.items():
        t.check(f"{what} only where offered", not f.is_set(fif, bit) or f.is_set(offered, bit), fif.hex(" "))
    wide = f.bits(fif, 17, 2)
    t.check(
        "width was offered",
        wide == "00" or wide == f.bits(offered, 17, 2) or f.bits(offered, 17, 2) in ("01", "11"),
        wide,
    )
    length = f.bits(fif, 19, 2)
    t.check("length was offered", length == "00" or f.bits(offered, 19, 2) in ("01", length), length)
    _scan_time(t, fif, offered)


def _scan_time(t: "Tester", fif: bytes, offered: bytes) -> None:
    """The shortest row that the receiver asked for at that resolution; none with ECM."""
    fine = f.is_set(fif, f.FINE) or f.is_set(fif, 41)
    asked = 0 if f.is_set(fif, f.ECM) else f.SCAN_MS[f.bits(offered, 21, 3)][fine]
    chosen = {text: ms for ms, text in f.DCS_SCAN.items()}.get(f.bits(fif, 21, 3), -1)
    t.check("scan time in DCS is what the receiver needs", chosen == asked, f"{chosen} ms, asked for {asked} ms")
