"""The pipe: the protocol octet by octet, the documented example, and our own machine behind it."""

import re
import struct
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from firmware_sim.t4 import patterns, tiff
from rig.conformance.model import CASES
from rig.conformance.pipe.protocol import ANSWER, KEYS, Machine, Refused
from rig.conformance.pipe.shell import PipeDevice
from rig.conformance.plan import all_cases
from rig.conformance.runner import play

DOCS = Path(__file__).parents[2] / "docs/conformance.md"
OURS = f"{sys.executable} -c 'from rig.cli import main; main()' dut pipe"
SILENCE = b"X" + bytes(320)


class Memory(dict):
    def read(self, path):
        if path not in self:
            raise FileNotFoundError(2, "No such file or directory", path)
        return self[path]

    def write(self, path, octets):
        self[path] = octets


def setting(text):
    return b"C" + struct.pack(">H", len(text.encode())) + text.encode()


def test_nothing_but_x_is_answered():
    machine = Machine(Memory())
    assert machine.receive(setting("ident=+49 30 2010") + setting("ecm=1") + b"RA" + b"T") == b""


def test_an_answer_has_active_outcome_and_samples():
    machine = Machine(Memory())
    answer = machine.receive(b"RA" + SILENCE)
    assert len(answer) == ANSWER == 322
    assert struct.unpack("<Bb", answer[:2]) == (1, -1)


def test_it_does_not_matter_how_the_stream_is_cut():
    stream = setting("ident=1") + b"RA" + SILENCE * 40
    whole = Machine(Memory()).receive(stream)
    one = Machine(Memory())
    assert b"".join(one.receive(stream[at : at + 7]) for at in range(0, len(stream), 7)) == whole


def test_before_a_start_nothing_is_active():
    answer = Machine(Memory()).receive(SILENCE)
    assert (answer[:2], answer[2:]) == (b"\x00\xff", bytes(320))


def test_it_says_ced():
    machine = Machine(Memory())
    said = np.frombuffer(machine.receive(b"RA" + SILENCE)[2:], "<i2")
    assert not said.any()
    said = np.frombuffer(machine.receive(SILENCE * 50)[-320:], "<i2")
    assert said.any()


def test_terminated_is_inactive_and_no_success():
    machine = Machine(Memory())
    machine.receive(b"RA" + SILENCE * 200 + b"T")
    active, outcome = struct.unpack("<Bb", machine.receive(SILENCE)[:2])
    assert active == 0
    assert outcome != 0


@pytest.mark.parametrize(
    ("stream", "words"),
    [
        (setting("colour=1"), "no key 'colour'"),
        (setting("ident"), "no key"),
        (setting("ecm=maybe"), "1 or 0"),
        (setting("tx_file=/nowhere.tif"), "cannot be read"),
        (b"RX", "C \\(caller\\) or A"),
        (b"Q", "no message begins with"),
    ],
)
def test_what_is_refused(stream, words):
    with pytest.raises(Refused, match=words):
        Machine(Memory()).receive(stream)


def test_a_file_that_is_no_tiff_is_refused():
    with pytest.raises(Refused, match="no fax TIFF"):
        Machine(Memory({"a.tif": b"nothing"})).receive(setting("tx_file=a.tif"))


@pytest.mark.parametrize("key", [key for key in KEYS if key not in ("tx_file", "rx_file")])
def test_every_key_may_be_empty(key):
    Machine(Memory()).receive(setting(f"{key}=") + b"RA" + SILENCE)


def test_two_machines_on_pipes_exchange_two_documents():
    sheets = [patterns.text(1728, 50), patterns.diagonals(1728, 40)]
    files = Memory({f"{n}.tif": tiff.write([sheet]) for n, sheet in enumerate(sheets)})
    caller, answerer = Machine(files), Machine(files)
    caller.receive(setting("tx_file=0.tif") + setting("tx_file=1.tif") + b"RC")
    answerer.receive(setting("rx_file=got.tif") + b"RA")
    said = heard = bytes(320)
    for _ in range(60 * 50):
        a, b = caller.receive(b"X" + heard), answerer.receive(b"X" + said)
        said, heard = a[2:], b[2:]
        if a[0] == b[0] == 0:
            break
    assert (a[:2], b[:2]) == (b"\x00\x00", b"\x00\x00")
    assert [found.page.hash for found in tiff.read(files["got.tif"])] == [sheet.hash for sheet in sheets]


def test_a_real_program_on_a_real_pipe():
    all_cases()
    device = PipeDevice(OURS)
    try:
        for id in ("receive-two-pages", "transmit-mps", "polling-two-pages", "transmit-eom-rtp"):
            result = play(CASES[id], device)
            assert result.status == "pass", (id, result.reason)
    finally:
        device.close()


def test_a_program_that_ends_is_a_device_that_fails():
    all_cases()
    device = PipeDevice(f"{sys.executable} -c pass")
    result = play(CASES["receive-two-pages"], device)
    device.close()
    assert result.status == "fail"
    assert "it has ended" in result.reason


def test_an_unknown_key_ends_the_program():
    done = subprocess.run(
        [sys.executable, "-c", "from rig.cli import main; main()", "dut", "pipe"],
        input=setting("colour=1"), capture_output=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 2
    assert b"no key 'colour'" in done.stderr
    assert done.stdout == b""


def test_the_documented_tester_works(tmp_path):
    (example,) = re.findall(r"```python\n(.*?)```", DOCS.read_text(), re.DOTALL)
    assert len(example.strip().splitlines()) <= 34
    script = tmp_path / "tester.py"
    script.write_text(example)
    command = [sys.executable, str(script), sys.executable, "-c", "from rig.cli import main; main()", "dut", "pipe"]
    done = subprocess.run(command, capture_output=True, timeout=100, check=False, text=True)
    assert done.returncode == 0, done.stderr
    assert "CED begins after 0.5" in done.stdout


def test_the_documented_table_is_whole():
    text = DOCS.read_text()
    assert [key for key in KEYS if f"| `{key}` |" not in text] == []


def test_the_documented_session_is_what_is_answered():
    """Lines "> octets" are sent, "< octets" answered; (n) stands for n octets of silence."""
    (session,) = re.findall(r"```text\n(> .*?)```", DOCS.read_text(), re.DOTALL)
    machine = Machine(Memory())
    answered = b""
    for line in session.strip().splitlines():
        text = line[2:].split("#")[0]
        octets = b"".join(
            bytes(int(part[1:-1])) if part.startswith("(") else bytes.fromhex(part) for part in text.split()
        )
        if line.startswith(">"):
            answered += machine.receive(octets)
        else:
            assert answered[: len(octets)] == octets, line
            answered = answered[len(octets) :]
    assert answered == b""
