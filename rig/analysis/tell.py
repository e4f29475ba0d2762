"""Each signal in words: one line for the ladder, and details below it."""

import math
from collections.abc import Iterator

from rig.analysis.heard import Signal, Sort
from rig.analysis.paper import Sheet
from rig.analysis.spell import brief, details


def describe(signals: list[Signal], sheets: list[Sheet]) -> None:
    """Enter text and details of every signal."""
    for signal in signals:
        if signal.sort is Sort.V21:
            _burst(signal)
        elif signal.is_image:
            _image(signal, sheets)
        elif signal.sort is Sort.OTHER:
            signal.text = f"OTHER {signal.ms / 1000:.2f} s, no signal of a fax, {signal.level_dbm0:.1f} dBm0"
        else:
            signal.text = f"{signal.sort} {signal.ms / 1000:.2f} s, {signal.hz:.0f} Hz, {signal.level_dbm0:.1f} dBm0"
            if signal.reversals:
                signal.details.append("its phase is turned over every 450 ms: echo cancellers are switched off")


def _burst(burst: Signal) -> None:
    damaged = sum(octets is None for _, octets in burst.frames)
    if burst.message is None:
        read = "frames that mean nothing" if any(octets for _, octets in burst.frames) else "no frame could be read"
        burst.text = f"V.21 {read}" + (f" ({damaged} damaged)" if damaged else "")
        return
    said = [brief(control) for control in burst.controls if brief(control)]
    burst.text = str(burst.message) + (f" ({'; '.join(said)})" if said else "")
    burst.details = [*(line for control in burst.controls for line in details(control)), *burst.details]
    if damaged:
        burst.violations.append(f"{damaged} of {len(burst.frames)} frames damaged (wrong FCS)")
    burst.details.append(f"V.21, {burst.ms:.0f} ms, {burst.level_dbm0:.1f} dBm0")


def _image(signal: Signal, sheets: list[Sheet]) -> None:
    length = f"{signal.ms / 1000:.2f} s"
    take = signal.take
    name = {Sort.TCF: "TCF", Sort.PAGE: "PAGE", Sort.BLOCK: "BLOCK"}.get(signal.sort, "IMAGE")
    if take is None:
        signal.text = f"{name} {length}: no modem of a fax can read it, {signal.level_dbm0:.1f} dBm0"
        return
    training = " short training," if take.short else ""
    signal.text = f"{name} by {take.rate},{training} {length}, {_content(signal, sheets)}".rstrip(", ")
    signal.details.append(", ".join(_quality(signal)))
    if not take.commanded:
        signal.violations.append(f"sent by {take.rate}, which is not what was commanded")
    if take.resumed:
        signal.violations.append(f"the carrier went away and came back {_times(take.resumed)}")


def _content(signal: Signal, sheets: list[Sheet]) -> str:
    if signal.wrong_share is not None:
        return f"{100 * (1 - signal.wrong_share):.4g} % zeros"
    if signal.sort is Sort.BLOCK:
        bad = f", {signal.bad_frames} damaged" if signal.bad_frames else ""
        return f"page {signal.page}: {signal.good_frames} frames{bad}"
    if signal.sort is Sort.PAGE and signal.page is not None:
        sheet = sheets[signal.page - 1]
        rows = sheet.page.height_px if sheet.page else 0
        bad = f", {sheet.bad_rows} bad" if sheet.bad_rows else ""
        return f"page {signal.page}: {rows} rows{bad}"
    return "its terms are not known"


def _quality(signal: Signal) -> Iterator[str]:
    assert signal.take is not None
    quality = signal.take.quality
    yield f"level {signal.level_dbm0:.1f} dBm0"
    if math.isfinite(quality.snr_db):
        yield f"signal to noise {quality.snr_db:.0f} dB"
    if math.isfinite(quality.eqm):
        yield f"eye {100 * quality.eqm:.1f} % rms"
    if math.isfinite(quality.carrier_offset_hz):
        yield f"carrier {quality.carrier_offset_hz:+.1f} Hz"
    if math.isfinite(quality.clock_offset_ppm):
        yield f"clock {quality.clock_offset_ppm:+.0f} ppm"


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times"
