"""Our user agent against Debian's kamailio: registrar and proxy with digest authentication."""

import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from firmware_sim.events import Address
from firmware_sim.sip import agent as ua
from firmware_sim.sip.sdp import answer_audio, audio_of, offer_audio
from tests.sip.live import LiveAgent, expect, free_port

KAMAILIO = shutil.which("kamailio", path="/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin")
MODULES = ("/usr/lib/x86_64-linux-gnu/kamailio/modules/", "/usr/lib/aarch64-linux-gnu/kamailio/modules/")
pytestmark = [
    pytest.mark.peer,
    pytest.mark.skipif(KAMAILIO is None, reason="kamailio is not installed (Debian package kamailio)"),
]

CONFIG = """#!KAMAILIO
debug=2
log_stderror=yes
fork=yes
children=2
disable_tcp=yes
auto_aliases=no
disable_core_dump=yes
listen=udp:127.0.0.1:{port}
mpath="{modules}"
loadmodule "tm.so"
loadmodule "sl.so"
loadmodule "rr.so"
loadmodule "pv.so"
loadmodule "maxfwd.so"
loadmodule "usrloc.so"
loadmodule "registrar.so"
loadmodule "textops.so"
loadmodule "siputils.so"
loadmodule "sanity.so"
loadmodule "auth.so"
modparam("usrloc", "db_mode", 0)
modparam("usrloc", "use_domain", 0)
modparam("registrar", "min_expires", 10)
modparam("registrar", "max_expires", 3600)
modparam("registrar", "default_expires", 60)
modparam("auth", "nonce_count", 1)
modparam("auth", "qop", "auth")
modparam("auth", "nonce_expire", 60)
{algorithm}
modparam("rr", "enable_full_lr", 1)

request_route {{
  if (!mf_process_maxfwd_header("10")) {{ sl_send_reply("483", "Too Many Hops"); exit; }}
  if (!sanity_check("1511", "7")) exit;
  if (is_method("CANCEL")) {{ if (t_check_trans()) t_relay(); exit; }}
  if (has_totag()) {{
    if (loose_route()) {{ if (!t_relay()) sl_reply_error(); exit; }}
    if (is_method("ACK")) {{ if (t_check_trans()) t_relay(); exit; }}
    sl_send_reply("404", "Not here"); exit;
  }}
  if (is_method("ACK")) {{ if (t_check_trans()) t_relay(); exit; }}
  t_check_trans();
  if (is_method("REGISTER")) {{
    if (!pv_www_authenticate("fax.test", "secret", "0")) {{ auth_challenge("fax.test", "1"); exit; }}
    if (!save("location")) sl_reply_error();
    exit;
  }}
  if (is_method("INVITE")) {{
    if (!pv_proxy_authenticate("fax.test", "secret", "0")) {{ auth_challenge("fax.test", "1"); exit; }}
    consume_credentials();
    record_route();
  }}
  if (!lookup("location")) {{ sl_send_reply("404", "Not Found"); exit; }}
  if (!t_relay()) sl_reply_error();
  exit;
}}
"""


@contextmanager
def kamailio(folder: Path, port: int, sha256: bool) -> Iterator[Address]:
    modules = next((one for one in MODULES if Path(one).is_dir()), MODULES[0])
    algorithm = 'modparam("auth", "algorithm", "SHA-256")' if sha256 else ""
    config = folder / "kamailio.cfg"
    config.write_text(CONFIG.format(port=port, modules=modules, algorithm=algorithm))
    arguments = [str(KAMAILIO), "-DD", "-f", str(config), "-Y", str(folder), "-w", str(folder), "-m", "32", "-M", "4"]
    log = folder / "kamailio.log"
    with log.open("wb") as out, subprocess.Popen(arguments, stdout=out, stderr=out, cwd=folder) as running:
        try:
            _wait_until_bound(port, running, log)
            yield Address("127.0.0.1", port)
        finally:
            running.send_signal(signal.SIGTERM)
            try:
                running.wait(5)
            except subprocess.TimeoutExpired:
                running.kill()


def _wait_until_bound(port: int, running: "subprocess.Popen[bytes]", log: Path) -> None:
    wanted = f":{port:04X} "
    for _ in range(200):
        if any(wanted in line for line in Path("/proc/net/udp").read_text().splitlines()[1:]):
            return
        assert running.poll() is None, log.read_text()[-2000:]
        time.sleep(0.05)
    raise AssertionError(log.read_text()[-2000:])


@pytest.mark.parametrize("sha256", [False, True], ids=["MD5", "SHA-256"])
def test_registers_and_calls_through_kamailio(tmp_path: Path, sha256: bool) -> None:
    with kamailio(tmp_path, free_port(), sha256) as proxy:
        alice, bob = LiveAgent(proxy, "alice", "secret"), LiveAgent(proxy, "bob", "secret")
        with alice.socket, bob.socket:
            for one in (alice, bob):
                one.agent.start(one.now())
                assert expect(ua.Registered, one).expires_s == 300
            _call(alice, bob)
            _cancel(alice, bob)
            alice.agent.invite("nobody", offer_audio(Address("127.0.0.1", 4000)), alice.now())
            assert expect(ua.Refused, alice).status == 404
            alice.agent.stop(alice.now())
            expect(ua.Unregistered, alice)


def _call(alice: LiveAgent, bob: LiveAgent) -> None:
    """A call with Record-Route, hung up by the called side."""
    alice.agent.invite("bob", offer_audio(Address("127.0.0.1", 4000)), alice.now())
    incoming = expect(ua.Incoming, bob, alice)
    bob.agent.ring(incoming.call, bob.now())
    assert expect(ua.Ringing, alice, bob).status == 180
    session = answer_audio(incoming.offer, Address("127.0.0.1", 5000))
    assert session is not None
    bob.agent.accept(incoming.call, session, bob.now())
    audio = audio_of(expect(ua.Answered, alice, bob).answer)
    assert audio is not None
    assert audio.address.port == 5000
    expect(ua.Confirmed, bob, alice)
    bob.agent.reoffer(incoming.call, session.next_version(), bob.now())
    expect(ua.ReofferAnswered, bob, alice)
    bob.agent.end(incoming.call, bob.now())
    assert expect(ua.Ended, alice, bob).by_peer
    expect(ua.Ended, bob, alice)


def _cancel(alice: LiveAgent, bob: LiveAgent) -> None:
    mine = alice.agent.invite("bob", offer_audio(Address("127.0.0.1", 4000)), alice.now())
    expect(ua.Incoming, bob, alice)
    alice.agent.end(mine, alice.now())
    assert expect(ua.Ended, bob, alice).reason == "cancelled by the caller"
    expect(ua.Ended, alice, bob)


def test_a_wrong_password_is_explained(tmp_path: Path) -> None:
    """kamailio challenges again for ever: the cap ends it."""
    with kamailio(tmp_path, free_port(), False) as proxy:
        alice = LiveAgent(proxy, "alice", "wrong")
        with alice.socket:
            alice.agent.start(alice.now())
            failed = expect(ua.RegistrationFailed, alice)
    assert failed.status == 401
    assert failed.retry_s is None
    assert "check user name and password" in failed.text
