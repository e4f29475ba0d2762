"""A decoding as a ladder for terminals, as plain data for JSON, and as the reports' own ladder."""

import json
import math
from collections.abc import Iterator
from typing import Any

from rig.analysis.decode import Decoding
from rig.analysis.heard import MS, Side, Signal, Sort
from rig.analysis.paper import Sheet
from rig.analysis.recording import Stream
from rig.report.record import Direction, Ladder, LadderLine
from rig.report.text import printable

SAMPLE_US = 125
NOTHING = "There is no fax in it: no CNG, CED, V.21 or image signal of a fax was heard."


def sentence(decoding: Decoding) -> str:
    if decoding.verdict is None:
        return f"{NOTHING}{_refusal(decoding)}"
    return decoding.verdict.sentence if decoding.verdict.sure else f"Probably: {decoding.verdict.sentence}"


def _refusal(decoding: Decoding) -> str:
    """What SIP says of a call that never came about."""
    finals = [
        line.text for line in decoding.recording.signalling if line.text[:1] in "3456" and "(INVITE)" in line.text
    ]
    finals = [text for text in finals if text[:3] not in ("401", "407")]
    return f" SIP refused the call: {finals[-1]}." if finals else ""


def text(decoding: Decoding) -> str:
    """The whole, for a terminal."""
    return "".join(f"{printable(line)}\n" for line in _lines(decoding))


def _lines(decoding: Decoding) -> Iterator[str]:
    recording = decoding.recording
    yield f"{recording.title}: {'; '.join(recording.facts.values())}"
    for note in recording.notes:
        yield f"note: {note}"
    for stream in recording.streams:
        yield f"stream {stream.name}: {stream.codec}, {stream_line(stream)}"
    for line in recording.signalling:
        yield f"{line.at / 8000:9.3f}  {line.source} -> {line.target}  {line.text}"
    if decoding.signals:
        yield ""
        yield f"{'seconds':>9} {'gap ms':>7}  caller -> <- called (times are right to {recording.uncertainty_ms:g} ms)"
    before: Signal | None = None
    for signal in decoding.signals:
        gap = "" if before is None else f"{(signal.start - before.end) / MS:+.0f}"
        yield f"{signal.start / 8000:9.3f} {gap:>7}  {arrow(signal)} {signal.text}"
        yield from (f"{'':22}{detail}" for detail in signal.details)
        yield from (f"{'':20}! {violation}" for violation in signal.violations)
        before = signal
    for sheet in decoding.sheets:
        yield f"page {sheet.number}: {page_line(sheet)}"
    yield ""
    yield sentence(decoding)


def stream_line(stream: Stream) -> str:
    counts = f"{stream.packets} packets, {stream.lost} lost, {stream.reordered} out of order, {stream.duplicates} twice"
    return f"{counts}, jitter {stream.jitter_ms:.1f} ms"


def arrow(signal: Signal) -> Direction:
    if signal.side is Side.CALLER:
        return "=>" if signal.is_image else "->"
    return "<=" if signal.is_image else "<-"


def page_line(sheet: Sheet) -> str:
    if sheet.page is None:
        words = "no row of it could be read"
    else:
        page = sheet.page
        words = f"{page.width_px} x {page.height_px}, {page.resolution.name.lower()}"
    parts = [words, sheet.terms.coding, sheet.rate]
    if sheet.bad_rows:
        parts.append(f"{sheet.bad_rows} bad rows")
    if sheet.blocks:
        parts.append(f"{sheet.blocks} block{'s' if sheet.blocks > 1 else ''}")
    parts += sheet.notes
    parts.append(f"answered with {sheet.verdict}" if sheet.verdict else "never confirmed")
    return ", ".join(parts)


def ladder(decoding: Decoding) -> Ladder:
    """As other reports show calls: a line for each signal, a remark for each violation."""
    lines = []
    for signal in decoding.signals:
        at = signal.start * SAMPLE_US
        lines.append(LadderLine(at, arrow(signal), signal.text))
        lines += [LadderLine(at, "..", f"WRONG: {violation}") for violation in signal.violations]
    return Ladder(decoding.recording.title, "caller", "called", lines)


# -- JSON --------------------------------------------------------------------------------------------------------------


def plain(decoding: Decoding) -> str:
    return json.dumps(_plain(decoding), indent=2) + "\n"


def _plain(decoding: Decoding) -> dict[str, Any]:
    recording, verdict = decoding.recording, decoding.verdict
    return {
        "version": 1,
        "file": recording.title,
        "facts": dict(recording.facts),
        "notes": list(recording.notes),
        "seconds": recording.samples / 8000,
        "uncertainty_ms": recording.uncertainty_ms,
        "result": {None: "no fax", True: "succeeded", False: "failed"}[verdict.ok if verdict else None],
        "cause": verdict.code if verdict else "no_fax",
        "sure": verdict.sure if verdict else True,
        "sentence": sentence(decoding),
        "ladder": [_signal(signal) for signal in decoding.signals],
        "pages": [_sheet(sheet) for sheet in decoding.sheets],
        "measures": [
            {
                "at_s": measure.at / 8000,
                "name": measure.name,
                "value": round(measure.value, 1),
                "unit": measure.unit,
                "low": measure.limits[0],
                "high": measure.limits[1],
                "ok": measure.ok,
            }
            for measure in decoding.measures
        ],
        "streams": [
            {
                "name": stream.name,
                "codec": stream.codec,
                "packets": stream.packets,
                "lost": stream.lost,
                "reordered": stream.reordered,
                "duplicates": stream.duplicates,
                "jitter_ms": round(stream.jitter_ms, 2),
            }
            for stream in recording.streams
        ],
        "signalling": [
            {"at_s": line.at / 8000, "from": line.source, "to": line.target, "text": line.text}
            for line in recording.signalling
        ],
    }


def _signal(signal: Signal) -> dict[str, Any]:
    take = signal.take
    quality: dict[str, Any] = {"level_dbm0": _finite(signal.level_dbm0)}
    if take is not None:
        quality |= {
            "snr_db": _finite(take.quality.snr_db),
            "carrier_offset_hz": _finite(take.quality.carrier_offset_hz),
            "clock_offset_ppm": _finite(take.quality.clock_offset_ppm),
            "eqm": _finite(take.quality.eqm, 4),
        }
    found: dict[str, Any] = {
        "start_s": signal.start / 8000,
        "end_s": signal.end / 8000,
        "from": signal.side.value,
        "kind": signal.sort.value,
        "text": signal.text,
        "details": signal.details,
        "violations": signal.violations,
        "quality": quality,
    }
    if signal.sort is Sort.V21:
        found["frames"] = [octets.hex() if octets is not None else None for _, octets in signal.frames]
    if take is not None:
        found |= {"rate": str(take.rate), "short_training": take.short, "commanded": take.commanded}
    if signal.wrong_share is not None:
        found["tcf_zeros"] = round(1 - signal.wrong_share, 6)
    if signal.page is not None:
        found |= {"page": signal.page, "good_frames": signal.good_frames, "bad_frames": signal.bad_frames}
    return found


def _sheet(sheet: Sheet) -> dict[str, Any]:
    page = sheet.page
    return {
        "page": sheet.number,
        "hash": page.hash if page else None,
        "width_px": page.width_px if page else sheet.terms.width_px,
        "rows": page.height_px if page else 0,
        "bad_rows": sheet.bad_rows,
        "missing_frames": sheet.missing_frames,
        "resolution": page.resolution.name.lower() if page else None,
        "coding": sheet.terms.coding,
        "rate": sheet.rate,
        "complete": sheet.complete,
        "answer": str(sheet.verdict) if sheet.verdict else None,
        "notes": sheet.notes,
    }


def _finite(value: float, digits: int = 1) -> float | None:
    return round(value, digits) if math.isfinite(value) else None
