"""The decoding as one HTML file that needs nothing else, in the dress of the bench's reports."""

from typing import Any

from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined

from rig.analysis.decode import Decoding
from rig.analysis.heard import MS, Signal, Sort
from rig.analysis.judge import Measure
from rig.analysis.paper import Sheet
from rig.analysis.present import arrow, page_line, sentence
from rig.report.picture import aspect, data_address
from rig.report.text import clock_time, length, printable

KINDS = {"->": "right", "<-": "left", "=>": "right long", "<=": "left long"}
WORDS = {None: ("NO FAX", "skip"), True: ("SUCCEEDED", "pass"), False: ("FAILED", "fail")}
SAMPLE_US = 125


def html(decoding: Decoding) -> str:
    environment = Environment(
        loader=ChoiceLoader([PackageLoader("rig.analysis", "templates"), PackageLoader("rig.report", "templates")]),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=lambda value: printable(value) if type(value) is str else value,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    word, tone = WORDS[decoding.verdict.ok if decoding.verdict else None]
    recording = decoding.recording
    return environment.get_template("decode.html").render(
        word=word,
        tone=tone,
        title=recording.title,
        sentence=sentence(decoding),
        tally=_tally(decoding),
        facts=[("File", recording.title), *recording.facts.items()],
        notes=recording.notes,
        pages=[_page(sheet) for sheet in decoding.sheets],
        damaged=any(sheet.bad_rows for sheet in decoding.sheets),
        rows=_rows(decoding.signals),
        uncertainty=f"{recording.uncertainty_ms:g}",
        measures=[_measure(measure) for measure in decoding.measures],
        streams=recording.streams,
        signalling=[
            {"at": f"{line.at / 8000:.3f}", "source": line.source, "target": line.target, "text": line.text}
            for line in recording.signalling
        ],
    )


def _tally(decoding: Decoding) -> str:
    def of(count: int, word: str) -> str:
        return f"{count} {word}{'' if count == 1 else 's'}"

    counts = (of(len(decoding.signals), "signal"), of(len(decoding.sheets), "page"))
    return ", ".join((*counts, of(decoding.violations, "violation")))


def _page(sheet: Sheet) -> dict[str, Any]:
    page = sheet.page
    return {
        "number": sheet.number,
        "tone": "pass" if sheet.good else "fail",
        "word": "WHOLE" if sheet.good else "DAMAGED",
        "line": page_line(sheet),
        "hash": page.hash if page else "",
        "picture": data_address(page, [row for row in page.bad_rows if row < page.height_px]) if page else "",
        "aspect": aspect(page) if page else "",
    }


def _rows(signals: list[Signal]) -> list[dict[str, Any]]:
    rows, before = [], None
    for signal in signals:
        name, _, rest = signal.text.partition(" (" if signal.controls else " ")
        gap = "" if before is None else _gap(round((signal.start - before.end) / MS))
        before = signal
        rows.append(
            {
                "at": clock_time(signal.start * SAMPLE_US),
                "gap": gap,
                "kind": "note" if signal.sort is Sort.OTHER else KINDS[arrow(signal)],
                "name": name,
                "rest": f"({rest}" if signal.controls and rest else rest,
                "details": [*signal.details, f"lasts {signal.ms:.0f} ms, to {signal.end / MS / 1000:.3f} s"],
                "violations": signal.violations,
            }
        )
    return rows


def _gap(ms: int) -> str:
    return f"{'+' if ms >= 0 else '-'}{length(abs(ms) * 1000)}"


def _measure(measure: Measure) -> dict[str, Any]:
    return {
        "at": f"{measure.at / 8000:.3f}",
        "name": measure.name,
        "value": f"{measure.value:.0f} {measure.unit}",
        "limits": f"{measure.limits[0]:g} to {measure.limits[1]:g} {measure.unit} (measured to {measure.slack:g})",
        "ok": measure.ok,
    }
