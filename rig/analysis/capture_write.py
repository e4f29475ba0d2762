"""Datagrams to a pcap file: raw IP, as the bench saw them. tshark, Wireshark and `rig decode` read it."""

import struct
from collections.abc import Iterable
from ipaddress import IPv4Address, ip_address

from rig.analysis.capture import Packet

RAW_IP = 101
LONGEST = 65535
HOPS = 64
UDP = 17


def write(packets: Iterable[Packet]) -> bytes:
    """The file. ValueError for an address that is none of IP, or a datagram that is too long."""
    parts = [struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, LONGEST, RAW_IP)]
    for packet in packets:
        frame = _ip(packet)
        if len(frame) > LONGEST:
            raise ValueError(f"a datagram of {len(packet.data)} octets does not go into one packet")
        second, fraction = divmod(packet.at, 1_000_000)
        parts += [struct.pack("<IIII", second & 0xFFFFFFFF, fraction, len(frame), len(frame)), frame]
    return b"".join(parts)


def _ip(packet: Packet) -> bytes:
    source, target = ip_address(packet.source.host), ip_address(packet.target.host)
    if source.version != target.version:
        raise ValueError(f"{packet.source} and {packet.target} are of different versions of IP")
    length = 8 + len(packet.data)
    pseudo = source.packed + target.packed + struct.pack(">IHBB", length, 0, 0, UDP)
    bare = struct.pack(">HHHH", packet.source.port, packet.target.port, length, 0) + packet.data
    checksum = _sum(pseudo + bare) or 0xFFFF
    udp = bare[:6] + checksum.to_bytes(2, "big") + packet.data
    if isinstance(source, IPv4Address):
        head = struct.pack(">BBHHHBBH4s4s", 0x45, 0, 20 + length, 0, 0x4000, HOPS, UDP, 0, source.packed, target.packed)
        return head[:10] + _sum(head).to_bytes(2, "big") + head[12:] + udp
    return struct.pack(">IHBB16s16s", 6 << 28, length, UDP, HOPS, source.packed, target.packed) + udp


def _sum(octets: bytes) -> int:
    """The Internet checksum (RFC 1071)."""
    even = octets + bytes(len(octets) % 2)
    total: int = sum(struct.unpack(f">{len(even) // 2}H", even))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF
