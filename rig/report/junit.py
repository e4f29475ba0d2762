"""JUnit XML, one test case for each check."""

from xml.etree import ElementTree as ET

from rig.report.record import Check, Run, Status
from rig.report.text import printable

_TAGS = {Status.FAIL: "failure", Status.ERROR: "error", Status.SKIP: "skipped"}


def junit(run: Run) -> bytes:
    checks = run.checks or [Check.error("checks", "nothing was checked")]
    statuses = [check.status for check in checks]
    counts = {
        "tests": str(len(checks)),
        "failures": str(statuses.count(Status.FAIL)),
        "errors": str(statuses.count(Status.ERROR)),
        "skipped": str(statuses.count(Status.SKIP)),
        "time": f"{run.took_s or 0:.3f}",
    }
    title = printable(run.title)
    root = ET.Element("testsuites", {"name": title, **counts})
    started = run.started_at.isoformat(timespec="seconds")
    suite = ET.SubElement(root, "testsuite", {"name": title, "timestamp": started, **counts})
    properties = ET.SubElement(suite, "properties")
    for name, value in {"world": run.world, "seed": str(run.seed), **run.versions}.items():
        ET.SubElement(properties, "property", {"name": printable(name), "value": printable(value)})
    for check in checks:
        _case(suite, title, check)
    ET.indent(root)
    return bytes(ET.tostring(root, encoding="utf-8", xml_declaration=True))


def _case(suite: ET.Element, title: str, check: Check) -> None:
    # A dot would be read as a package by CI servers.
    attributes = {"classname": title.replace(".", " "), "name": printable(check.name)}
    case = ET.SubElement(suite, "testcase", {**attributes, "time": f"{(check.duration or 0) / 1e6:.3f}"})
    told = ", ".join(part for part in (check.detail, check.value, check.limit and f"limit {check.limit}") if part)
    if check.status in _TAGS:
        ET.SubElement(case, _TAGS[check.status], {"message": printable(told)}).text = printable(told)
    elif told:
        ET.SubElement(case, "system-out").text = printable(told)
