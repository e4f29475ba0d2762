"""Plays one case on one device, and says what came of it. Owns no clock: whoever calls measures the time."""

from firmware_sim.errors import FirmwareError
from rig.conformance.model import Case, Deviation, Device, Result, Skipped
from rig.conformance.tester import Tester
from rig.report.record import Check

RATE_HZ = 8000


def play(case: Case, device: Device, seed: int = 1) -> Result:
    """Never raises for what a device does, not even when it breaks."""
    lacking = device.lacks(case.setup, case.role)
    if lacking:
        return Result(case.id, "skip", lacking)
    t = Tester(case.setup, case.role, device.uncertainty_ms, seed=seed)
    status, reason = "pass", ""
    try:
        device.start(case.role, case.setup)
        _lock_step(case, device, t)
        _afterwards(device, t)
    except Skipped as why:
        status, reason = "skip", str(why)
    except Deviation as found:
        reason = str(found)
        t.checks.append(Check(found.step, False, f"expected {found.expected}, seen {found.seen}"))
    except (FirmwareError, AssertionError, ArithmeticError, LookupError, TypeError, ValueError) as error:
        reason = f"the device or the tester broke: {type(error).__name__}: {error}"
        t.checks.append(Check("nothing breaks", False, reason))
    device.terminate()
    failed = [check for check in t.checks if not check.ok]
    if status == "pass" and failed:
        status = "fail"
        first = failed[0]
        reason = reason or " ".join(
            part for part in (f"{first.name}: {first.detail}", first.value, first.limit) if part
        )
    audio = t.audio() if status == "fail" else None
    return Result(
        case.id,
        status,
        reason,
        tuple(t.checks),
        tuple(sorted(t.ladder, key=lambda line: line.at_us)),
        tuple(t.pages),
        t.now / RATE_HZ,
        0.0,
        audio,
    )


def _lock_step(case: Case, device: Device, t: Tester) -> None:
    script = case.script(t)
    longest = round(case.longest_s * RATE_HZ)
    while True:
        t.hear(device.execute(t.say()))
        if t.drop_line:
            t.drop_line = False
            t.remark("the line drops")
            device.terminate()
        t.device_active = device.active
        try:
            next(script)
        except StopIteration:
            return
        if t.now > longest:
            raise t.wrong("the call ends", f"an end within {case.longest_s:g} s", "a call that goes on")


def _afterwards(device: Device, t: Tester) -> None:
    """What the device holds once the call is over."""
    for _ in range(50):
        if not device.active:
            break
        t.hear(device.execute(t.say()))
    if t.wanted_pages is not None:
        pages = device.received()
        t.check("number of pages received", len(pages) == len(t.wanted_pages), f"{len(pages)} of {len(t.wanted_pages)}")
        for number, (sent, got) in enumerate(zip(t.wanted_pages, pages, strict=False), 1):
            t.compare(f"page {number} as the device received it", sent, got)
    if t.wanted_success is not None and device.outcome is not None:
        t.check(
            "the device knows how it went",
            (device.outcome == 0) is t.wanted_success,
            f"it says: {device.outcome_text}",
        )
