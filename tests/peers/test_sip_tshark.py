"""tshark reads what our devices and our PBX say to each other, and finds nothing wrong with it."""

import shutil
import struct
import subprocess
from pathlib import Path

import pytest

from firmware_sim.events import Address, Datagram
from firmware_sim.sip.sdp import offer_audio
from tests.pbx.bench import ALICE, Bench, answer
from tests.sip.network import drain

TSHARK = shutil.which("tshark")
pytestmark = [
    pytest.mark.peer,
    pytest.mark.skipif(TSHARK is None, reason="tshark is not installed (Debian package tshark)"),
]
FIELDS = ("sip.Method", "sip.Status-Code", "sip.CSeq.method", "sdp.media", "_ws.malformed", "_ws.expert.severity")
ERROR = 8388608


def packet(datagram: Datagram) -> bytes:
    """IPv4 and UDP around a datagram, without checksums."""
    udp = struct.pack("!HHHH", datagram.source.port, datagram.destination.port, 8 + len(datagram.data), 0)
    hosts = b"".join(bytes(map(int, one.host.split("."))) for one in (datagram.source, datagram.destination))
    length = 20 + len(udp) + len(datagram.data)
    return struct.pack("!BBHHHBBH", 0x45, 0, length, 0, 0, 64, 17, 0) + hosts + udp + datagram.data


def write_capture(path: Path, log: list[tuple[int, Datagram]]) -> None:
    raw_ip = 101
    out = [struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, raw_ip)]
    for at, datagram in log:
        data = packet(datagram)
        out.append(struct.pack("<IIII", at // 1_000_000, at % 1_000_000, len(data), len(data)) + data)
    path.write_bytes(b"".join(out))


def test_tshark_finds_nothing_wrong(tmp_path: Path) -> None:
    bench = Bench()
    bench.register()
    mine, theirs = bench.up()
    bench.alice.reoffer(mine, offer_audio(Address(ALICE.host, 4002)), bench.now)
    bench.net.run(100)
    bench.bob.reject(theirs, 488, bench.now)
    bench.net.run(1000)
    bench.bob.end(theirs, bench.now)
    bench.net.run(1000)
    second = bench.call()
    bench.net.run(100)
    bench.alice.end(second, bench.now)
    bench.net.run(1000)
    for number in ("999", "300"):
        bench.call(number)
        bench.net.run(100)
    bench.call()
    bench.net.run(100)
    answer(bench.bob, drain(bench.bob)[-1], bench.now)
    bench.net.run(200_000)
    bench.alice.stop(bench.now)
    bench.net.run(1000)
    path = tmp_path / "calls.pcap"
    write_capture(path, bench.net.log)
    command = [str(TSHARK), "-r", str(path), "-T", "fields", "-E", "separator=|"]
    command += [part for name in FIELDS for part in ("-e", name)]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    rows = [line.split("|") for line in ran.stdout.splitlines()]
    assert [row[0] or row[1] for row in rows] == bench.net.methods()
    assert {"INVITE", "ACK", "BYE", "CANCEL", "REGISTER", "OPTIONS", "401", "407", "404", "480", "487", "488"} <= {
        row[0] or row[1] for row in rows
    }
    assert [row for row in rows if row[4]] == []
    assert [row for row in rows if any(int(one) >= ERROR for one in row[5].split(",") if one)] == []
    assert any(row[3].startswith("audio 4000 RTP/AVP 8 0 101") for row in rows)
