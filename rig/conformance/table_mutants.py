"""Broken firmwares made by rule: each row of the firmware's tables of timers, frames and capabilities changed once."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from firmware_sim.t30 import frames as firmware
from firmware_sim.t30 import timers
from firmware_sim.t30.tables import Dcs, Dis
from rig.conformance.breaking import Mutant

FRAMES = "firmware_sim.t30.frames:"
TABLES = "firmware_sim.t30.tables:"
USED_FRAMES = (
    "DIS", "CSI", "DTC", "CIG", "PWD", "DCS", "TSI", "CTC", "CFR", "FTT", "CTR", "EOM", "MPS", "EOP", "PPS", "EOR",
    "RR", "MCF", "RTP", "RTN", "PPR", "RNR", "ERR", "DCN", "CRP",
)  # fmt: skip
"""What the device says and hears in these calls; another code for one of the rest changes nothing that can be seen."""
USED_FIELDS = {
    "Dis": ("modems", "length", "scan_times_ms", "ready_to_send", "receives", "fine", "two_dimensional", "ecm"),
    "Dcs": ("rate", "scan_time_ms", "receives", "fine", "two_dimensional", "ecm"),
}
"""What the device says or obeys in these calls; the other bits of Table 2 stay 0 in both directions.

Without its T.6 bit a device only offers less, and it reads frames of 64 octets whatever the DCS says: both are allowed.
"""
FIRST = {
    "t1x0.5": "transmit-late-dis", "t1x2": "transmit-dis-too-late", "t2": "receive-eom",
    "t4": "receive-silence-after-dis",
    "t5": "ecm-transmit-busy", "DTC": "polling-two-pages", "CIG": "polling-two-pages", "PWD": "polling-with-password",
    "TSI": "transmit-mps", "CTC": "ecm-receive-ctc", "CTR": "ecm-receive-ctc", "FTT": "receive-spoilt-training",
    "EOM": "receive-eom", "PPS": "ecm-receive-pps-again", "EOR": "ecm-receive-eor-eop", "ERR": "ecm-receive-eor-eop",
    "RR": "ecm-transmit-busy-then-ready", "RNR": "ecm-transmit-busy-then-ready", "RTP": "transmit-mps-rtp",
    "RTN": "transmit-mps-rtn", "PPR": "ecm-receive-bad-frames", "CRP": "transmit-eop-crp",
    "Dis.length": "receive-two-pages", "Dis.scan_times_ms": "transmit-scan-20-ms",
    "Dis.ready_to_send": "polling-two-pages", "Dis.fine": "transmit-fine", "Dis.two_dimensional": "receive-mr",
    "Dis.ecm": "ecm-transmit-two-pages", "Dis.receives": "transmit-no-receiver", "Dis.modems": "receive-v17-14400",
    "Dcs.rate": "transmit-mps", "Dcs.scan_time_ms": "transmit-scan-20-ms", "Dcs.receives": "transmit-mps",
    "Dcs.fine": "transmit-fine", "Dcs.two_dimensional": "receive-mr", "Dcs.ecm": "ecm-transmit-two-pages",
}  # fmt: skip
"""Which case is tried first."""
TIMERS = ("t1", "t2", "t4", "t5")


def table_mutants() -> Iterator[Mutant]:
    for name in TIMERS:
        for share in (0.5, 2.0):
            timer: timers.Timer = getattr(timers, name.upper())
            changed = replace(timer, nominal=round(timer.nominal * share))
            yield Mutant(f"timer-{name}-x{share:g}", f"{name.upper()} times {share:g}", settings={name: changed},
                         first=FIRST.get(f"{name}x{share:g}", FIRST.get(name, "")))  # fmt: skip
    for frame in firmware.Frame:
        if frame.name in USED_FRAMES:
            yield _frame(frame)
    for table, fields in USED_FIELDS.items():
        for name in fields:
            yield _field(table, name)


def _frame(frame: firmware.Frame) -> Mutant:
    """The frame has a code that no frame has, when it is said and when it is heard."""
    taken = set(firmware._FRAMES)
    old = [octets[frame] for octets in firmware._OCTETS]
    flips = (1 << bit for bit in (7, 6, 5, 4, 3, 2, 1))
    flip = next((flip for flip in flips if not {code ^ flip for code in old} & taken), 0xA6)
    said = tuple({**octets, frame: octets[frame] ^ flip} for octets in firmware._OCTETS)
    heard: dict[int, Any] = {code: entry for code, entry in firmware._FRAMES.items() if entry is not frame}
    heard |= {octets[frame]: frame for octets in said}
    return Mutant(
        f"frame-{frame.name.lower()}",
        f"another code for {frame}",
        {FRAMES + "_OCTETS": said, FRAMES + "_FRAMES": heard},
        first=FIRST.get(frame.name, "receive-two-pages"),
    )


def _field(table: str, name: str) -> Mutant:
    """The field stands one bit further on."""
    kind = Dis if table == "Dis" else Dcs
    first = getattr(kind, name).first
    patches = {f"{TABLES}{table}.{name}.first": first + 1}
    likely = FIRST.get(f"{table}.{name}", "")
    return Mutant(f"{table.lower()}-{name}-shifted", f"{name} of {table} one bit on", patches, first=likely)
