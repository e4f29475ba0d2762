"""The PBX as a process on a real socket."""

import json
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from firmware_sim.events import Address
from firmware_sim.sip import agent as ua
from firmware_sim.sip.sdp import answer_audio, offer_audio
from tests.sip.live import LiveAgent, expect, free_port

pytestmark = pytest.mark.live
ACCOUNTS = [
    {"user": "alice", "password": "wonder", "numbers": ["100"]},
    {"user": "bob", "password": "builder", "numbers": ["200"]},
]


def write_config(folder: Path, port: int, **more: Any) -> Path:
    path = folder / f"pbx-{port}.json"
    config = {"host": "127.0.0.1", "port": port, "domain": "fax.test", "seed": 1, "accounts": ACCOUNTS, **more}
    path.write_text(json.dumps(config))
    return path


@contextmanager
def process(config: Path) -> Iterator["subprocess.Popen[str]"]:
    arguments = [sys.executable, "-m", "rig.pbx.shell", "--config", str(config)]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as running:
        try:
            yield running
        finally:
            if running.poll() is None:
                running.kill()


def test_a_call_through_the_process_is_logged(tmp_path: Path) -> None:
    port = free_port()
    with process(write_config(tmp_path, port)) as running:
        assert running.stdout is not None
        ready = json.loads(running.stdout.readline())
        assert (ready["event"], ready["detail"]["port"]) == ("ready", port)
        registrar = Address("127.0.0.1", port)
        alice, bob = LiveAgent(registrar, "alice", "wonder"), LiveAgent(registrar, "bob", "builder")
        with alice.socket, bob.socket:
            for one in (alice, bob):
                one.agent.start(one.now())
                expect(ua.Registered, one)
            alice.agent.invite("200", offer_audio(Address("127.0.0.1", 4000)), alice.now())
            incoming = expect(ua.Incoming, bob, alice)
            session = answer_audio(incoming.offer, Address("127.0.0.1", 5000))
            assert session is not None
            bob.agent.accept(incoming.call, session, bob.now())
            expect(ua.Answered, alice, bob)
            running.send_signal(signal.SIGTERM)
            expect(ua.Ended, alice, bob)
            expect(ua.Ended, bob, alice)
        rest, errors = running.communicate(timeout=10)
        assert (running.returncode, errors) == (0, "")
    lines = [json.loads(line) for line in rest.splitlines()]
    assert [one["event"] for one in lines] == ["registered", "registered", "call", "call answered", "call ended"]
    assert all(abs(one["at"] / 1e6 - time.time()) < 60 and one["source"] == "pbx" for one in lines)


def test_a_port_in_use_is_said_in_one_sentence(tmp_path: Path) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as holder:
        holder.bind(("127.0.0.1", 0))
        port = holder.getsockname()[1]
        with process(write_config(tmp_path, port)) as running:
            out, errors = running.communicate(timeout=20)
    assert (running.returncode, out) == (2, "")
    assert errors.count("\n") == 1
    assert f"UDP port {port}" in errors
    assert "set another port" in errors


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("{", "is not JSON"),
        ("[]", "one JSON object"),
        ('{"port": 5060, "accounts": []}', "'domain'"),
        ('{"port": "x", "accounts": [], "domain": "d"}', "wrong"),
        ('{"prot": 5060}', "unknown key 'prot'"),
        ('{"port": 5060, "domain": "d", "accounts": [{"user": "a"}]}', "'password'"),
    ],
)
def test_a_wrong_configuration_is_said(
    tmp_path: Path, text: str, says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    from rig.pbx.shell import main

    path = tmp_path / "pbx.json"
    path.write_text(text)
    assert main(["--config", str(path)]) == 2
    assert says in capsys.readouterr().err
