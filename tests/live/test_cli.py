"""The commands as a user types them: exit codes, JSON alone on stdout, one clear sentence for each mistake."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from rig import data
from rig.bench.processes import Process
from rig.service.convert import png_of

from .conftest import hardware, short_page

pytestmark = pytest.mark.timeout(120)


def rig(*arguments, cwd, **options):
    command = [sys.executable, "-m", "rig", *map(str, arguments)]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=100, **options)


def test_simulated_run_ends_with_one_json_document(tmp_path):
    path = hardware(tmp_path)
    done = rig(
        "run", "--time", "simulated", "--json", "--seed", 5, "--trace", "trace", "--hardware", path, cwd=tmp_path
    )
    document = json.loads(done.stdout)
    assert done.returncode == 0, done.stderr
    assert document["ok"] is True
    assert {"name", "ok", "detail"} <= document["checks"][0].keys()
    assert document["times_real_time"] > 10  # what it really is, the benchmark says; a loaded machine is slower
    assert (tmp_path / document["report"]).is_file()
    again = rig(
        "run", "--time", "simulated", "--json", "--seed", 5, "--trace", "again", "--hardware", path, cwd=tmp_path
    )
    assert again.returncode == 0
    assert (tmp_path / "trace").read_bytes() == (tmp_path / "again").read_bytes()


def test_a_number_that_no_one_has_fails_with_the_reason(tmp_path):
    done = rig("run", "--time", "simulated", "--json", "--number", "999", "-q", cwd=tmp_path)
    document = json.loads(done.stdout)
    assert done.returncode == 1
    assert done.stderr == ""
    assert any("check the number" in check["detail"] for check in document["checks"])


def test_three_mistakes_in_hardware_yaml_are_three_lines(tmp_path):
    def spoil(text):
        return (
            text.replace("kind: ata", "kind: attta")
            .replace("level_dbm0: -13", "level_dbm0: 13")
            .replace("seed:", "sead:")
        )

    done = rig("run", "--time", "simulated", "--hardware", hardware(tmp_path, spoil), cwd=tmp_path)
    assert done.returncode == 2
    lines = [line for line in done.stderr.splitlines() if "hardware.yaml:" in line]
    assert len(lines) == 3, done.stderr
    assert done.stdout == ""


def test_what_is_not_there_is_said(tmp_path):
    for arguments in (("--hardware", "none.yaml"), ("--document", "none.pdf")):
        done = rig("run", "--time", "simulated", *arguments, cwd=tmp_path)
        assert done.returncode == 2
        assert arguments[1] in done.stderr
        assert "Traceback" not in done.stderr


@pytest.mark.parametrize("kind", [socket.SOCK_DGRAM, socket.SOCK_STREAM])
def test_a_port_in_use_is_named_with_the_remedy(tmp_path, kind):
    with socket.socket(socket.AF_INET, kind) as taken:
        taken.bind(("127.0.0.1", 0))
        if kind == socket.SOCK_STREAM:
            taken.listen()
        port = taken.getsockname()[1]
        section = "pbx:\n  port: 0" if kind == socket.SOCK_DGRAM else "interface: fax-interface-1\n  port: 0"
        path = hardware(tmp_path, lambda text: text.replace(section, section.replace("port: 0", f"port: {port}")))
        done = rig("run", "--hardware", path, cwd=tmp_path)
    assert done.returncode == 2, done.stderr
    assert str(port) in done.stderr
    assert "Traceback" not in done.stderr


def left_of(processes):
    """The command lines of those that still run; one that has ended and waits to be reaped does not."""
    left = []
    for pid in processes:
        with suppress(OSError):
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
            if state != "Z":
                left.append(Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " "))
    return left


def children(pid):
    found = subprocess.run(["ps", "-o", "pid=", "--ppid", str(pid)], capture_output=True, text=True, check=False)
    return [int(line) for line in found.stdout.split()]


def as_in_the_background():
    """A shell starts what it puts in the background with Ctrl-C ignored: it must still be heard."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


@contextmanager
def running_bench(folder):
    """`rig up`, once it is; whatever becomes of the test, it does not stay behind."""
    command = [sys.executable, "-m", "rig", "up", "--json", "--hardware", str(hardware(folder))]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, cwd=folder, preexec_fn=as_in_the_background, **pipes) as bench:
        try:
            told = ""
            while told != "up":
                line = bench.stdout.readline()
                assert line, bench.stderr.read()
                told = json.loads(line)["event"]
            yield bench
        finally:
            bench.kill()


@pytest.mark.live
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_being_stopped_leaves_nothing_running(tmp_path, number):
    with running_bench(tmp_path) as bench:
        processes = children(bench.pid)
        assert len(processes) == 4
        bench.send_signal(number)
        _, errors = bench.communicate(timeout=30)
    assert bench.returncode == 0, errors
    assert "The bench is down." in errors
    assert "Traceback" not in errors
    assert left_of(processes) == []


@pytest.mark.live
def test_processes_end_when_the_bench_is_killed(tmp_path):
    with running_bench(tmp_path) as bench:
        processes = children(bench.pid)
        bench.kill()
    give_up = time.monotonic() + 20
    while left_of(processes) and time.monotonic() < give_up:
        os.sched_yield()
    assert left_of(processes) == []


def test_the_smoke_suite_passes_in_simulated_time(tmp_path):
    suite = data.path("robot/smoke.robot")
    command = [sys.executable, "-m", "robot", "--outputdir", str(tmp_path), "--consolewidth", "120", str(suite)]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=100, check=False)
    assert done.returncode == 0, done.stdout
    assert "5 tests, 5 passed, 0 failed" in done.stdout


def test_the_smoke_suite_can_fail(tmp_path):
    """A reply that is not the page that was sent must be noticed."""
    other = tmp_path / "other.png"
    other.write_bytes(png_of(short_page(0x33)))
    suite = data.path("robot/smoke.robot").read_text()
    suite = suite.replace("Equal Image    ${job}    ${REPLY}", f"Equal Image    ${{job}}    {other}")
    fixtures = data.path("fixtures")
    (tmp_path / "smoke.robot").write_text(suite.replace("${CURDIR}/../fixtures", str(fixtures)))
    command = [sys.executable, "-m", "robot", "--outputdir", str(tmp_path), str(tmp_path / "smoke.robot")]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=100, check=False)
    assert done.returncode == 1, done.stdout
    assert "5 tests, 4 passed, 1 failed" in done.stdout


def test_ctrl_c_in_the_middle_of_a_look_at_a_process_does_not_hang(tmp_path):
    """What an interrupt inside `Popen.poll` leaves behind, a lock that nobody gives back, must not stop `stop`."""
    process = Process("sleeper", "tests.live.sleeper", [], lambda event: None)
    process.wait_ready()
    assert process._child._waitpid_lock.locked()  # its own thread waits; nobody else can take the lock and lose it
    process.stop()
    assert not process.running
