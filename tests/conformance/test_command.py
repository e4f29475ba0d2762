"""`rig conformance` as its users call it."""

import json
import subprocess
import sys
from xml.etree import ElementTree

from rig.conformance.plan import all_cases

RIG = [sys.executable, "-c", "from rig.cli import main; main()"]


def rig(*arguments):
    return subprocess.run([*RIG, *arguments], capture_output=True, text=True, timeout=110, check=False)


def test_list_shows_every_case():
    done = rig("conformance", "list", "--json")
    listed = json.loads(done.stdout)
    assert [entry["id"] for entry in listed] == [case.id for case in all_cases()]
    assert set(listed[0]) == {"id", "family", "device", "clause", "title"}
    assert "receive-two-pages" in rig("conformance", "list", "--case", "MRGN01").stdout


def test_a_run_in_two_processes(tmp_path):
    report = tmp_path / "junit.xml"
    done = rig(
        "conformance", "run", "--case", "receive-dcs-*", "--jobs", "2", "--json", "--junit", str(report)
    )  # fmt: skip
    found = json.loads(done.stdout)
    assert done.returncode == 0
    assert set(found) == {"dut", "cases", "passed", "failed", "skipped", "expected_failures", "seconds"}
    assert (found["dut"], found["cases"], found["passed"]) == ("simulated", 5, 5)
    assert len(ElementTree.parse(report).findall(".//testcase")) == 5


def test_a_failed_case_leaves_all_that_is_needed(tmp_path):
    """A program that says nothing fails; what it did is kept."""
    mute = tmp_path / "mute.py"
    mute.write_text(
        "import sys\n"
        "while head := sys.stdin.buffer.read(1):\n"
        "    if head == b'C': sys.stdin.buffer.read(int.from_bytes(sys.stdin.buffer.read(2), 'big'))\n"
        "    elif head == b'R': sys.stdin.buffer.read(1)\n"
        "    elif head == b'X':\n"
        "        sys.stdin.buffer.read(320)\n"
        "        sys.stdout.buffer.write(b'\\x01\\xff' + bytes(320)); sys.stdout.buffer.flush()\n"
    )
    dut = f"pipe:{sys.executable} {mute}"
    done = rig(
        "conformance", "run", "--dut", dut, "--case", "receive-two-pages", "--reports", str(tmp_path / "reports")
    )  # fmt: skip
    assert done.returncode == 1
    assert "expected a tone of 2100 Hz, seen nothing" in done.stdout
    assert f"again: rig conformance run --dut '{dut}' --case receive-two-pages --seed 1" in done.stdout
    folder = tmp_path / "reports/latest"
    assert (folder / "receive-two-pages.wav").stat().st_size > 100_000
    page = (folder / "index.html").read_text()
    assert "seen nothing" in page
    assert "rig conformance run" in page


def test_a_program_that_is_not_here_is_a_skip():
    done = rig("conformance", "run", "--dut", "pipe:no-such-program", "--json")
    found = json.loads(done.stdout)
    assert done.returncode == 3
    assert len(found["skipped"]) == found["cases"] == len(all_cases())
    assert found["skipped"][0]["why"] == "there is no program no-such-program"


def test_wrong_use_is_one_sentence():
    for arguments in (("--dut", "toaster"), ("--case", "no-such-case"), ("--dut", "pipe:")):
        done = rig("conformance", "run", *arguments, "--json")
        assert done.returncode == 2, arguments
        assert done.stderr.startswith("rig conformance: "), arguments
        assert done.stdout == ""


def test_some_mutants_are_caught():
    done = rig("conformance", "mutants", "--mutant", "no-such-mutant")
    assert done.returncode == 2
