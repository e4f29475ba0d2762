"""A call on the simulated bench, captured to pcap by ourselves: read the same as its audio, and by tshark too."""

import shutil
import struct
import subprocess
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from firmware_sim.clock import seconds
from firmware_sim.events import Address
from firmware_sim.rtp.g711 import Codec
from firmware_sim.rtp.packet import Packet as Rtp
from firmware_sim.t4 import patterns
from firmware_sim.world import World
from rig import data
from rig.analysis import capture, capture_write, network
from rig.analysis.capture import Packet
from rig.analysis.decode import decode
from rig.analysis.present import text
from rig.analysis.recording import UnreadableError
from rig.bench import EventLog, ExpectationError
from rig.bench.simulated import SimulatedBench
from rig.inventory import load
from tests.calls.conftest import DOCUMENTS

from .calls import SHORT, hashes, heard_pages, names, play, recorded, station

HERE, THERE = Address("10.0.0.1", 4000), Address("10.0.0.2", 5000)


def on_the_bench(drive):
    """-> (packets, the pages that the machine printed) of a fax through the bench's PBX."""
    packets = []
    deliver = World._deliver

    def tapped(world, datagram):
        packets.append(Packet(1_700_000_000_000_000 + world.now, datagram.source, datagram.destination, datagram.data))
        deliver(world, datagram)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(World, "_deliver", tapped)
        bench = SimulatedBench(load(data.path("hardware.yaml")), EventLog(), None)
        bench.start()
        for name in ("fax-interface-1", "ata-1"):
            bench.expect("registered", source=name, within=seconds(5))
        path = DOCUMENTS / "two_pages.pdf"
        drive(bench, bench.service.submit(path.read_bytes(), path.name, "201").id)
        printed = bench.machine("fax-machine-1").printed()
        bench.stop()
    return packets, printed


@pytest.fixture(scope="module")
def bench_call():
    def whole(bench, job):
        bench.expect_job(job, within=seconds(300))
        bench.expect("on hook", source="fax-machine-1", within=seconds(30))

    return on_the_bench(whole)


def test_a_machine_that_hangs_up():
    def drop(bench, job):
        bench.expect("trained", source="fax-interface-1", within=seconds(60))
        with pytest.raises(ExpectationError):
            bench.expect("nothing", within=seconds(3))
        bench.machine("fax-machine-1").on_hook()
        bench.expect("attempt ended", within=seconds(30), job=job)

    packets, _ = on_the_bench(drop)
    found = decode(capture_write.write(packets), "bench.pcap")
    assert found.exit_code == 1
    assert "(BYE from" in found.verdict.sentence, found.verdict
    assert names(found)[:4] == [">CNG", "<CED", "<CSI DIS", ">TSI DCS"]


def test_a_call_on_the_bench(bench_call):
    packets, printed = bench_call
    found = decode(capture_write.write(packets), "bench.pcap")
    assert found.verdict.ok, (found.verdict, text(found))
    assert heard_pages(found) == hashes(printed)
    assert names(found)[-1] == ">DCN"
    assert len(found.recording.streams) == 2
    assert all(stream.lost == stream.reordered == stream.duplicates == 0 for stream in found.recording.streams)
    said = [line.text for line in found.recording.signalling]
    assert any(line.startswith("INVITE") for line in said)
    assert said[-1].startswith("200")
    assert "Call" in found.recording.facts


@pytest.mark.peer
def test_tshark_reads_it_too(bench_call, tmp_path):
    if shutil.which("tshark") is None:
        pytest.skip("tshark is not installed (Debian: tshark)")
    packets, _ = bench_call
    octets = capture_write.write(packets)
    (tmp_path / "bench.pcap").write_bytes(octets)

    def tshark(*arguments):
        command = ["tshark", "-n", "-r", tmp_path / "bench.pcap", *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout.split("\n")

    fields = ("-T", "fields", "-e", "sip.Method", "-e", "sip.Status-Code", "-e", "udp.checksum.status")
    rows = tshark("-Y", "sip", "-o", "udp.check_checksum:TRUE", *fields)
    theirs = Counter(row.split("\t")[0] or row.split("\t")[1] for row in rows if row)
    assert {row.split("\t")[2] for row in rows if row} == {"1"}
    ours = Counter()
    for packet in capture.read(octets).packets:
        first, second = [*packet.data.split(b" ", 2), b""][:2]
        if first == b"SIP/2.0":
            ours[second.decode()] += 1
        elif second.startswith(b"sip:"):
            ours[first.decode()] += 1
    assert ours == theirs
    found = decode(octets, "bench.pcap")
    counted = Counter(row for row in tshark("-Y", "rtp", "-o", "rtp.heuristic_rtp:TRUE", "-T", "fields", "-e",
                                            "rtp.ssrc") if row)  # fmt: skip
    assert sorted(counted.values()) == sorted(stream.packets for stream in found.recording.streams)


# -- streams made here -------------------------------------------------------------------------------------------------


def streamed(codec=Codec.PCMA, payload_type=None, start=1_000_000, change=lambda packets: packets, call=None):
    """The good call as two streams of RTP without signalling."""
    packets = []
    for side, (audio, source, target) in enumerate(zip(call or recorded(), (HERE, THERE), (THERE, HERE), strict=True)):
        for n in range(len(audio) // 160):
            kind = codec.payload_type if payload_type is None else payload_type
            rtp = Rtp(kind, (65500 + n) & 0xFFFF, (n * 160 - 5000) & 0xFFFFFFFF, side + 7,
                      codec.encode(audio[n * 160 : n * 160 + 160]))  # fmt: skip
            packets.append(Packet(start + n * 20_000 + side * 3000, source, target, rtp.encode()))
    return change(sorted(packets, key=lambda packet: packet.at))


@pytest.mark.parametrize("codec", Codec)
def test_streams_without_signalling(codec):
    found = decode(capture_write.write(streamed(codec)), "streams.pcap")
    assert heard_pages(found) == hashes(SHORT)
    assert {stream.codec for stream in found.recording.streams} == {codec.name}


def test_order_and_copies_do_not_matter():
    def change(packets):
        random = np.random.default_rng(1)
        late = [replace(p, at=p.at + int(random.integers(0, 60_000))) for p in packets]
        return sorted([*late, *(replace(p, at=p.at + 100) for p in late[::51])], key=lambda packet: packet.at)

    found = decode(capture_write.write(streamed(change=change)), "streams.pcap")
    assert heard_pages(found) == hashes(SHORT)
    assert all(s.reordered > 50 and s.duplicates > 10 and s.lost == 0 for s in found.recording.streams)
    assert found.recording.streams[0].jitter_ms > 5
    assert found.recording.uncertainty_ms > 24


def test_lost_packets_are_silence_and_are_named():
    lossy = streamed(change=lambda packets: [p for n, p in enumerate(packets) if not (1290 < n < 1330 and n % 4 == 0)])
    found = decode(capture_write.write(lossy), "streams.pcap")
    assert sum(stream.lost for stream in found.recording.streams) == 10
    assert sum(b - a for stream in found.recording.streams for a, b in stream.gaps) == 1600


def test_a_page_that_packets_were_lost_of():
    page = patterns.text(1728, 900)
    cut = lambda block, at: block if at < 15 * 8000 else None  # noqa: E731
    call = play(station(True, [page]), station(False), to_called=cut, hang=3000)

    def thinned(packets):
        return [p for n, p in enumerate(packets) if not (15_000_000 < p.at < 15_600_000 and p.source == HERE and n % 3)]

    found = decode(capture_write.write(streamed(change=thinned, call=call)), "streams.pcap")
    assert found.verdict.code == "carrier_lost"
    assert "ms of its audio were lost in packets" in found.verdict.sentence


def test_one_direction_alone():
    found = decode(capture_write.write([p for p in streamed() if p.source == HERE]), "half.pcap")
    assert heard_pages(found) == hashes(SHORT)
    assert "only one direction is there" in found.recording.notes
    assert found.exit_code == 1


def test_a_second_call_is_offered():
    aside = {"source": HERE._replace(port=7000), "target": THERE._replace(port=7002)}
    back = {"source": aside["target"], "target": aside["source"]}
    other = [replace(p, **(aside if p.source == HERE else back), at=p.at + 500_000) for p in streamed()[:500]]
    octets = capture_write.write(sorted([*streamed(), *other], key=lambda packet: packet.at))
    found = decode(octets, "two.pcap")
    assert found.verdict.ok
    assert any("2 calls" in note for note in found.recording.notes)
    assert not decode(octets, "two.pcap", call=2).verdict.ok
    with pytest.raises(UnreadableError, match="there are 2 calls in it, and no call 3"):
        decode(octets, "two.pcap", call=3)


# -- files -------------------------------------------------------------------------------------------------------------


def pcap(link, frames, order="<", magic=0xA1B2C3D4):
    head = struct.pack(order + "IHHiIII", magic, 2, 4, 0, 0, 65535, link)
    return head + b"".join(struct.pack(order + "IIII", 5, 7, len(f), len(f)) + f for f in frames)


def ip_packets(octets):
    """The raw IP packets in a file of ours."""
    at, found = 24, []
    while at < len(octets):
        size = struct.unpack_from("<I", octets, at + 8)[0]
        found.append(octets[at + 16 : at + 16 + size])
        at += 16 + size
    return found


ONE = Packet(5_000_007, HERE, THERE, b"hello, world")
SIX = Packet(5_000_007, Address("2001:db8::1", 1), Address("2001:db8::2", 2), b"odd")


@pytest.mark.parametrize("order", "<>")
@pytest.mark.parametrize(
    ("link", "front"),
    [
        (1, bytes(12) + b"\x08\x00"),
        (1, bytes(12) + b"\x81\x00\x00\x05\x08\x00"),
        (113, bytes(14) + b"\x08\x00"),
        (276, b"\x08\x00" + bytes(18)),
        (0, b"\2\0\0\0"),
        (108, b"\0\0\0\2"),
        (101, b""),
        (228, b""),
    ],
)
def test_every_kind_of_link(order, link, front):
    (ip,) = ip_packets(capture_write.write([ONE]))
    assert capture.read(pcap(link, [front + ip], order)).packets == [ONE]


def test_both_versions_of_ip_and_nanoseconds():
    assert capture.read(capture_write.write([ONE, SIX])).packets == [ONE, SIX]
    (ip,) = ip_packets(capture_write.write([SIX]))
    assert capture.read(pcap(101, [ip], magic=0xA1B23C4D)).packets == [replace(SIX, at=5_000_000)]


@pytest.mark.parametrize("order", "<>")
def test_pcapng(order):
    (ip,) = ip_packets(capture_write.write([ONE]))

    def block(kind, body):
        body += bytes(-len(body) % 4)
        return struct.pack(order + "II", kind, 12 + len(body)) + body + struct.pack(order + "I", 12 + len(body))

    section = block(0x0A0D0D0A, struct.pack(order + "IHHq", 0x1A2B3C4D, 1, 0, -1))
    resolution = struct.pack(order + "HHBxxxHH", 9, 1, 9, 0, 0)
    interface = block(1, struct.pack(order + "HHI", 101, 0, 0) + resolution)
    high, low = divmod(5_000_007_000, 1 << 32)
    packet = block(6, struct.pack(order + "IIIII", 0, high, low, len(ip), len(ip)) + ip)
    found = capture.read(section + interface + packet + block(3, bytes(8)))
    assert found.packets == [ONE]
    assert found.notes == ["1 packets without a time passed over"]


def test_what_is_passed_over_is_told():
    (ip,) = ip_packets(capture_write.write([ONE]))
    fragment = ip[:6] + b"\x20\0" + ip[8:]
    tcp = ip[:9] + b"\x06" + ip[10:]
    found = capture.read(pcap(101, [ip, fragment, tcp, ip[:10]]) + b"cut")
    assert found.packets == [ONE]
    assert "1 fragments of IP packets passed over" in found.notes
    assert "1 packets of TCP passed over" in found.notes
    assert any("cut off" in note for note in found.notes)


def test_a_capture_without_audio():
    found = decode(capture_write.write([ONE]), "nothing.pcap")
    assert found.verdict is None
    assert "there is no RTP in it" in found.recording.notes
    with pytest.raises(UnreadableError, match="no UDP datagram among its 0 packets"):
        network.read(capture_write.write([]), "empty.pcap")
