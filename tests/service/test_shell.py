"""The parts of the shell that need no running service: files, the converting process, an operator's slips."""

import json
import socket
from pathlib import Path

import pytest

from firmware_sim.clock import seconds
from firmware_sim.events import Stamped
from firmware_sim.t4.page import Resolution
from rig.service import convert, shell
from rig.service.errors import ConversionError

DOCUMENTS = Path(__file__).parents[2] / "fixtures" / "documents"


def test_folder_blobs(tmp_path):
    blobs = shell.FolderBlobs(tmp_path / "blobs")
    name = blobs.put(b"held", seconds(100))
    assert blobs.get(name) == b"held"
    assert blobs.older_than(seconds(100)) == []
    assert blobs.older_than(seconds(101)) == [name]
    blobs.delete(name)
    blobs.delete(name)
    with pytest.raises(KeyError):
        blobs.get(name)


def test_a_blob_name_cannot_leave_the_folder(tmp_path):
    (tmp_path / "secret").write_bytes(b"x")
    with pytest.raises(KeyError):
        shell.FolderBlobs(tmp_path / "blobs").get("../secret")


def test_the_converting_process_gives_the_same_pages():
    document = (DOCUMENTS / "two_pages.pdf").read_bytes()
    steps = list(shell.ProcessConverter()(document, Resolution.STANDARD))
    assert [step.page for step in steps if step.page] == convert.pages_from_pdf(document)


def test_the_converting_process_says_what_is_wrong():
    with pytest.raises(ConversionError, match="password") as caught:
        list(shell.ProcessConverter()((DOCUMENTS / "password.pdf").read_bytes(), Resolution.STANDARD))
    assert caught.value.remedy


def test_a_conversion_that_takes_too_long_is_ended():
    with pytest.raises(ConversionError, match="took longer"):
        list(shell.ProcessConverter(limit_s=0)((DOCUMENTS / "two_pages.pdf").read_bytes(), Resolution.STANDARD))


def test_events_are_json_lines(capsys):
    shell.tell(Stamped(5, "service", "job", {"text": "für", "result": None}))
    line = capsys.readouterr().out
    assert json.loads(line) == {"at": 5, "source": "service", "event": "job", "detail": {"text": "für", "result": None}}
    assert line.count("\n") == 1


def test_a_port_in_use_is_one_clear_sentence(tmp_path, capsys):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert shell.main(["http", "--data", str(tmp_path), "--port", str(port)]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert f"Port {port}" in said.err
    assert "--port" in said.err
    assert said.err.count("\n") == 1


@pytest.mark.parametrize(
    ("more", "says"),
    [
        (["--interface", "nowhere"], "HOST:PORT"),
        (["--interface", "127.0.0.1:0"], "HOST:PORT"),
        (["--interface", "127.0.0.1:5", "--driver", "no.such:Driver"], "--driver"),
        (["--interface", "127.0.0.1:5", "--driver", "json:nothing"], "--driver"),
    ],
)
def test_what_an_operator_may_get_wrong(tmp_path, capsys, more, says):
    assert shell.main(["worker", "--data", str(tmp_path), *more]) == 2
    assert says in capsys.readouterr().err


def test_a_data_folder_that_cannot_be_used(tmp_path, capsys):
    (tmp_path / "file").write_bytes(b"")
    assert shell.main(["http", "--data", str(tmp_path / "file"), "--port", "0"]) == 2
    assert "data folder" in capsys.readouterr().err
