"""SIPp as a peer of our PBX and, through it, of our user agent: it registers, calls and is called."""

import json
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from firmware_sim.events import Address
from firmware_sim.sip import agent as ua
from firmware_sim.sip.sdp import answer_audio, audio_of, offer_audio
from tests.pbx.test_shell import process, write_config
from tests.sip.live import LiveAgent, expect, free_port

# SIPp 3.6 reads the first challenge header only, and knows no SHA-256.
SIPP = shutil.which("sipp")
pytestmark = [
    pytest.mark.peer,
    pytest.mark.skipif(SIPP is None, reason="sipp is not installed (Debian package sip-tester)"),
]

SDP = """v=0
o=user1 53655765 2353687637 IN IP[local_ip_type] [local_ip]
s=-
c=IN IP[media_ip_type] [media_ip]
t=0 0
m=audio 6000 RTP/AVP 8
a=rtpmap:8 PCMA/8000
"""


def message(
    first: str, method: str, *, extra: str = "", body: str = "", to_tag: str = "", sequence: str = "[cseq]"
) -> str:
    lines = f"""{first}
Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
From: "sipp" <sip:alice@fax.test>;tag=[pid]-[call_number]
To: <sip:[service]@fax.test>{to_tag}
Call-ID: [call_id]
CSeq: {sequence} {method}
Contact: <sip:alice@[local_ip]:[local_port]>
Max-Forwards: 70
{extra}Content-Type: application/sdp
Content-Length: [len]
"""
    return f"<![CDATA[\n{lines}\n{body}\n]]>"


AUTH = "[authentication username=alice password=wonder]\n"
EXPIRES = "Expires: 60\n"


def register(extra: str) -> str:
    text = message("REGISTER sip:fax.test SIP/2.0", "REGISTER", extra=extra)
    return f'<send retrans="500">{text.replace("[service]", "alice")}</send>'


REGISTER = f"""
{register(EXPIRES)}
<recv response="401" auth="true"></recv>
{register(AUTH + EXPIRES)}
<recv response="200"></recv>
"""
URI = "sip:[service]@[remote_ip]:[remote_port]"
# Same branch as the INVITE, three lines of the scenario above.
ACK_OF_REFUSAL = message(f"ACK {URI} SIP/2.0", "ACK", to_tag="[peer_tag_param]").replace("[branch]", "[branch-3]")
CALL = f"""
<send retrans="500">{message(f"INVITE {URI} SIP/2.0", "INVITE", body=SDP)}</send>
<recv response="100" optional="true"></recv>
<recv response="407" auth="true"></recv>
<send>{ACK_OF_REFUSAL}</send>
<send retrans="500">{message(f"INVITE {URI} SIP/2.0", "INVITE", extra=AUTH, body=SDP)}</send>
<recv response="100" optional="true"></recv>
<recv response="180" optional="true"></recv>
<recv response="200" rrs="true"></recv>
<send>{message("ACK [next_url] SIP/2.0", "ACK", to_tag="[peer_tag_param]")}</send>
<pause milliseconds="100"/>
<send retrans="500">{message("BYE [next_url] SIP/2.0", "BYE", to_tag="[peer_tag_param]")}</send>
<recv response="200"></recv>
"""
HEAD = '<?xml version="1.0" encoding="ISO-8859-1" ?>\n<scenario name="test">'


@contextmanager
def sipp(
    folder: Path, port: int, local_port: int, *arguments: str, scenario: str = ""
) -> Iterator["subprocess.Popen[bytes]"]:
    folder.mkdir(exist_ok=True)
    command = [str(SIPP), f"127.0.0.1:{port}", "-i", "127.0.0.1", "-p", str(local_port), "-m", "1", "-nostdin"]
    command += ["-timeout", "15s", "-timeout_error", "-trace_err", "-error_file", "errors.log", *arguments]
    if scenario:
        (folder / "scenario.xml").write_text(f"{HEAD}{scenario}</scenario>\n")
        command += ["-sf", "scenario.xml"]
    with (
        (folder / "screen.log").open("wb") as out,
        subprocess.Popen(command, cwd=folder, stdout=out, stderr=out) as running,
    ):
        try:
            yield running
        finally:
            if running.poll() is None:
                running.kill()


def said(folder: Path) -> str:
    texts = [one.read_text(errors="replace")[-1500:] for one in sorted(folder.glob("*.log"))]
    return "\n".join(texts)


def finish(running: "subprocess.Popen[bytes]", folder: Path, *agents: LiveAgent) -> None:
    for _ in range(1500):
        for one in agents:
            one.pump()
        if running.poll() is not None:
            break
        if not agents:
            running.wait(20)
    assert running.poll() == 0, said(folder)


@pytest.mark.parametrize("algorithms", [["MD5", "SHA-256"], ["MD5"]], ids=["MD5 first", "MD5"])
def test_sipp_registers_and_calls_our_user_agent(tmp_path: Path, algorithms: list[str]) -> None:
    port, own = free_port(), free_port()
    with process(write_config(tmp_path, port, algorithms=algorithms)) as pbx:
        assert pbx.stdout is not None
        pbx.stdout.readline()
        bob = LiveAgent(Address("127.0.0.1", port), "bob", "builder")
        with bob.socket:
            bob.agent.start(bob.now())
            expect(ua.Registered, bob)
            folder = tmp_path / "sipp"
            with sipp(folder, port, own, "-s", "200", scenario=REGISTER + CALL) as running:
                try:
                    incoming = expect(ua.Incoming, bob)
                except AssertionError as wrong:
                    raise AssertionError(said(folder)) from wrong
                assert (incoming.caller, incoming.called) == ("100", "200")
                audio = audio_of(incoming.offer)
                assert audio is not None
                assert audio.address == Address("127.0.0.1", 6000)
                bob.agent.ring(incoming.call, bob.now())
                session = answer_audio(incoming.offer, Address("127.0.0.1", 5000))
                assert session is not None
                bob.agent.accept(incoming.call, session, bob.now())
                expect(ua.Confirmed, bob)
                assert expect(ua.Ended, bob).by_peer
                finish(running, folder, bob)
        pbx.terminate()
        events = [json.loads(line)["event"] for line in pbx.communicate()[0].splitlines()]
    assert events == ["registered", "registered", "call", "call answered", "call ended"]


def test_our_user_agent_calls_sipp(tmp_path: Path) -> None:
    port, own = free_port(), free_port()
    with process(write_config(tmp_path, port, algorithms=["MD5"])) as pbx:
        assert pbx.stdout is not None
        pbx.stdout.readline()
        bob = LiveAgent(Address("127.0.0.1", port), "bob", "builder")
        with bob.socket:
            bob.agent.start(bob.now())
            expect(ua.Registered, bob)
            with sipp(tmp_path / "register", port, own, "-s", "alice", scenario=REGISTER) as running:
                finish(running, tmp_path / "register")
            with sipp(tmp_path / "uas", port, own, "-sn", "uas") as running:
                mine = bob.agent.invite("100", offer_audio(Address("127.0.0.1", 4000)), bob.now())
                try:
                    expect(ua.Answered, bob)
                except AssertionError as wrong:
                    raise AssertionError(said(tmp_path / "uas")) from wrong
                bob.agent.end(mine, bob.now())
                assert expect(ua.Ended, bob) == ua.Ended(mine, "ended here", False)
                finish(running, tmp_path / "uas", bob)
