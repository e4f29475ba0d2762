"""The files of a run: what they show, and that nothing in them can break them."""

import io
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from html.parser import HTMLParser
from xml.etree import ElementTree as ET

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image
from rich.console import Console

from firmware_sim.events import Stamped
from firmware_sim.t4.page import Page, Resolution
from rig.report import Check, Ladder, LadderLine, PagePair, Run, Status, write
from rig.report.console import print_ladder, print_verdicts
from rig.report.html import html
from rig.report.junit import junit
from rig.report.picture import aspect, damaged_rows, png
from rig.report.plain import plain
from rig.report.text import clock_time, length, printable
from tests.report import sample

RUN = sample.run()


class Elements(HTMLParser):
    """Every element with its attributes, and all text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags, self.text = [], []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.text.append(data)


def test_a_run_becomes_three_files_and_latest_leads_to_them(tmp_path):
    index = write(RUN, tmp_path / "reports")
    assert index == tmp_path / "reports" / "20260301T123000Z" / "index.html"
    assert sorted(file.name for file in index.parent.iterdir()) == ["index.html", "junit.xml", "report.json"]
    assert (tmp_path / "reports" / "latest").resolve() == index.parent
    again = write(
        replace(RUN, started_at=RUN.started_at.astimezone(timezone(timedelta(hours=2)))), tmp_path / "reports"
    )
    assert again.parent.name == "20260301T123000Z-2"


def test_the_page_needs_nothing_from_outside():
    for tag, attributes in Elements(html(RUN)).tags:
        for name in ("src", "href", "srcset", "action"):
            value = attributes.get(name) or ""
            assert value.startswith("data:") or value in ("", "junit.xml", "report.json"), (tag, value)
    assert "http" not in html(RUN).replace("http-equiv", "")


def test_every_verdict_page_and_line_is_shown():
    text = html(RUN)
    for check in RUN.checks:
        assert check.name in text
    assert text.count("data:image/png") == 5
    assert "no page arrived" in text
    assert "marks all 40 damaged rows" in text
    assert all(f"<b>{name}</b>" in text for name in ("DIS", "DCS", "TCF", "CFR", "PPS-EOP", "MCF", "DCN"))


def check(status: Status) -> Check:
    return {
        Status.PASS: Check("a", True),
        Status.FAIL: Check("a", False),
        Status.ERROR: Check.error("a", "why"),
        Status.SKIP: Check.skip("a", "why"),
    }[status]


@pytest.mark.parametrize(
    ("statuses", "verdict", "tally"),
    [
        ("pass pass", "pass", "2 passed"),
        ("pass skip", "pass", "1 passed, 1 skipped"),
        ("pass fail", "fail", "1 passed, 1 failed"),
        ("fail error", "error", "1 failed, 1 in error"),
        ("skip", "skip", "1 skipped"),
        ("", "error", "nothing was checked"),
    ],
)
def test_the_verdict(statuses, verdict, tally):
    run = replace(RUN, checks=[check(Status(status)) for status in statuses.split()])
    assert (run.status, run.tally) == (verdict, tally)
    assert f'<p class="verdict">{verdict.upper()}</p>' in html(run)
    assert ET.fromstring(junit(run)).get("tests") == str(max(1, len(run.checks)))


def test_junit_has_one_case_a_check():
    suite = ET.fromstring(junit(RUN))[0]
    assert {name: suite.get(name) for name in ("tests", "failures", "errors", "skipped")} == {
        "tests": "6",
        "failures": "2",
        "errors": "1",
        "skipped": "1",
    }
    cases = {case.get("name"): case for case in suite.iter("testcase")}
    assert cases["T4 of the sender"].find("failure").get("message") == (
        "waited too long after DCS, 3.71 s, limit 3.0 s ± 15 %"
    )
    assert cases["Real ATA"].find("skipped") is not None
    assert cases["Line simulator answers"].find("error") is not None
    assert len(cases["Page 1 arrives as it was sent"].findall("failure")) == 0


def test_json_has_hashes_for_pages():
    data = json.loads(plain(RUN))
    assert data["verdict"] == "error"
    assert data["pages"][0]["sent"]["hash"] == RUN.pages[0].sent.hash
    assert data["pages"][2]["received"] is None
    assert data["ladders"][0]["lines"][1] == {"at_us": 1_240_000, "direction": "<-", "text": "CED 2100 Hz"}
    assert data["log"][0]["detail"]["rate_bps"] == 14400


def test_json_stays_json_when_a_measurement_is_no_number():
    run = replace(RUN, checks=[Check("level", False, measured=float("-inf"), unit="dBm0")])
    text = plain(run)
    assert json.loads(text, parse_constant=pytest.fail)["checks"][0]["measured"] == "-inf"
    assert "-inf dBm0" in html(run)


def test_a_picture_has_the_pages_pixels():
    page = Page(10, bytes([0b10000000, 0b01000000, 0, 0]))
    with Image.open(io.BytesIO(png(page))) as image:
        assert image.size == (10, 2)
        levels = image.convert("L")
        black = [(x, y) for y in range(2) for x in range(10) if levels.getpixel((x, y)) == 0]
    assert black == [(0, 0), (9, 0)]


def test_damaged_rows_are_tinted():
    page = Page(8, b"\x80\x80")
    with Image.open(io.BytesIO(png(page, [1]))) as image:
        colours = image.convert("RGB")
        assert [colours.getpixel(at) for at in ((0, 0), (1, 0), (0, 1), (1, 1))] == [
            (0, 0, 0),
            (255, 255, 255),
            (170, 20, 20),
            (255, 205, 200),
        ]


def test_damage_is_what_was_reported_and_what_differs():
    sent = Page(8, b"\1\2\3\4")
    assert damaged_rows(sent, Page(8, b"\1\0\3\4\0", bad_rows=(3, 99))) == [1, 3]
    assert damaged_rows(sent, Page(8, b"\0\0", Resolution.FINE)) == []


def test_a_standard_row_is_twice_as_high_as_a_pixel_is_wide():
    width, height = (float(side) for side in aspect(Page(1728, bytes(216 * 1143))).split("/"))
    assert height / width == pytest.approx(297 / 215, rel=0.01)


def test_a_page_without_rows_is_shown_as_such():
    empty = Page(1728, b"")
    assert "a page without rows" in html(replace(RUN, pages=[PagePair("empty", empty, empty, "")]))


def test_times_count_from_the_start_of_the_run():
    """In real time events are stamped in microseconds since 1970."""
    since_1970 = 1_800_000_000_000_000
    late = [LadderLine(since_1970 + line.at_us, line.direction, line.text) for line in RUN.ladders[0].lines]
    ladder = replace(RUN.ladders[0], lines=late)
    log = [replace(line, at=line.at + since_1970) for line in RUN.log]
    assert html(replace(RUN, ladders=[ladder], log=log)) == html(RUN)


def test_a_long_log_is_cut_and_says_so():
    log = [Stamped(n, "a", "b") for n in range(5001)]
    assert "5001 events, the first 5000 here, all in report.json" in html(replace(RUN, log=log))


hostile = st.text(max_size=30) | st.sampled_from(
    [
        "<script>alert(1)</script>",
        "</script><img src=x onerror=alert(1)>",
        "\"'><svg onload=alert(1)>",
        "]]>&amp;{{ 7 * 7 }}{% raw %}",
        "\x00\x1b[31m\x7f\ud800\ufffe\u202e",
        "line\nline\r\tend",
    ]
)


@given(a=hostile, b=hostile, c=hostile)
@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow], deadline=None)
def test_no_text_can_break_a_report(a, b, c):
    page = Page(8, b"\1")
    run = Run(
        title=a,
        started_at=datetime(2026, 1, 1, tzinfo=UTC),
        world="real time",
        seed=1,
        checks=[Check(a, True, b, c, a, b), Check.error(b, c), Check.skip(c, a), Check(a, False, c)],
        ladders=[Ladder(a, b, c, [LadderLine(0, "->", a), LadderLine(5, "..", b), LadderLine(9, "==", c)])],
        pages=[PagePair(a, page, None, b)],
        log=[Stamped(1, a, b, {c: a, "n": 1.5, "none": None})],
        versions={a: b},
        summary=c,
    )
    text = html(run)
    harmless = replace(run, title="x", checks=[replace(each, name="x", detail="x") for each in run.checks], summary="x")
    found, expected = Elements(text), Elements(html(harmless))
    assert [tag for tag, _ in found.tags] == [tag for tag, _ in expected.tags]
    assert not any(name.startswith("on") for _, attributes in found.tags for name in attributes)
    assert text.count("<script>") == 1
    assert not set(text) & set(map(chr, [*range(9), *range(14, 32), *range(0xD800, 0xE000)]))
    text.encode()
    case = ET.fromstring(junit(run)).find(".//testcase")
    assert case.get("name").split() == printable(a).split()
    assert json.loads(plain(run))["title"] == a
    console = Console(file=io.StringIO(), force_terminal=True, width=60)
    print_verdicts(run, console)
    print_ladder(run.ladders[0], console)
    console.file.getvalue().encode()


def printed(encoding: str = "utf-8", **options) -> str:
    file = io.TextIOWrapper(io.BytesIO(), encoding=encoding)
    console = Console(file=file, width=100, **options)
    print_verdicts(RUN, console)
    print_ladder(RUN.ladders[0], console)
    file.flush()
    return file.buffer.getvalue().decode(encoding)


def test_a_pipe_gets_one_plain_line_a_check():
    lines = printed().splitlines()
    assert "\x1b" not in "".join(lines)
    assert lines[3] == "FAIL  T4 of the sender  waited too long after DCS  3.71 s  limit 3.0 s ± 15 %"
    assert lines[6].startswith("ERROR  2 passed, 2 failed, 1 in error, 1 skipped")


def test_a_terminal_gets_a_table():
    text = printed(force_terminal=True)
    assert "\x1b[" in text
    assert "measured" in text


def test_a_ladder_for_a_terminal_that_knows_only_latin_letters():
    text = printed(encoding="latin-1")
    assert "|------------------- DCN ------------------->|" in text


def test_lengths_and_times_read_well():
    assert [length(us) for us in (75_000, 1_250_000, 125_000_000)] == ["75 ms", "1.25 s", "2 min 5 s"]
    assert [clock_time(us) for us in (0, 1_240_000, 62_345_000)] == ["0.000", "1.240", "1:02.345"]
