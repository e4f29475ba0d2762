"""pcap and pcapng files to UDP datagrams with their times: Ethernet, Linux cooked, loopback, raw IP; IPv4 and IPv6."""

import struct
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv6Address

from firmware_sim.clock import Instant
from firmware_sim.events import Address
from rig.analysis.recording import UnreadableError

MAGICS = {b"\xd4\xc3\xb2\xa1": ("<", 1), b"\xa1\xb2\xc3\xd4": (">", 1),
          b"\x4d\x3c\xb2\xa1": ("<", 1000), b"\xa1\xb2\x3c\x4d": (">", 1000)}  # fmt: skip
"""Byte order, and how many units of the fraction make a microsecond."""
SECTION = b"\x0a\x0d\x0d\x0a"
INTERFACE, SIMPLE, ENHANCED = 1, 3, 6
ETHERNET, COOKED, COOKED_2, NULL, LOOP = 1, 113, 276, 0, 108
RAW = (12, 14, 101, 228, 229)
IPV4, IPV6 = 0x0800, 0x86DD
VLANS = (0x8100, 0x88A8, 0x9100)
TCP, UDP, FRAGMENT = 6, 17, 44
EXTENSIONS = (0, 43, 60)
LARGEST_PACKET = 1 << 18


@dataclass(frozen=True, slots=True)
class Packet:
    """A UDP datagram, and when it was captured (microseconds since 1970)."""

    at: Instant
    source: Address
    target: Address
    data: bytes


@dataclass(slots=True)
class Capture:
    packets: list[Packet] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    frames: int = 0
    passed: Counter[str] = field(default_factory=Counter)
    """What was passed over, and how often."""


class _PassedOverError(Exception):
    """A packet that is of no use here; the text says what it is."""


def is_capture(octets: bytes) -> bool:
    return octets[:4] in MAGICS or octets[:4] == SECTION


def read(octets: bytes) -> Capture:
    """Raises UnreadableError where the file's head is none; what is cut short is read to its end, with a note."""
    found = Capture()
    records = _pcapng(octets, found) if octets[:4] == SECTION else _pcap(octets, found)
    for at, link, frame, length in records:
        found.frames += 1
        try:
            if len(frame) < length:
                raise _PassedOverError("packets captured in part")
            source, target, data = _udp(*_network(link, frame))
            found.packets.append(Packet(at, source, target, data))
        except _PassedOverError as reason:
            found.passed[str(reason)] += 1
        except (struct.error, IndexError, ValueError):
            found.passed["damaged packets"] += 1
    found.notes += [f"{count} {what} passed over" for what, count in found.passed.most_common()]
    return found


# -- files -------------------------------------------------------------------------------------------------------------

Record = tuple[Instant, int, bytes, int]
"""Time, link type, octets captured, octets there were."""


def _pcap(octets: bytes, found: Capture) -> Iterator[Record]:
    if len(octets) < 24:
        raise UnreadableError(f"the pcap file's head is cut off at octet {len(octets)}")
    order, units = MAGICS[octets[:4]]
    link = struct.unpack_from(order + "I", octets, 20)[0] & 0xFFFF
    at = 24
    while at + 16 <= len(octets):
        second, fraction, kept, length = struct.unpack_from(order + "IIII", octets, at)
        if kept > LARGEST_PACKET:
            found.notes.append(f"the file is damaged at octet {at}: what follows is not read")
            return
        if at + 16 + kept > len(octets):
            break
        yield second * 1_000_000 + fraction // units, link, octets[at + 16 : at + 16 + kept], length
        at += 16 + kept
    if at != len(octets):
        found.notes.append(f"the file is cut off in a packet at octet {at}")


def _pcapng(octets: bytes, found: Capture) -> Iterator[Record]:
    order, at = "<", 0
    links: list[tuple[int, int]] = []
    while at + 12 <= len(octets):
        if octets[at : at + 4] == SECTION:
            order = "<" if octets[at + 8 : at + 12] == b"\x4d\x3c\x2b\x1a" else ">"
            links = []
        kind, length = struct.unpack_from(order + "II", octets, at)
        if length < 12 or length % 4:
            found.notes.append(f"the file is damaged at octet {at}: what follows is not read")
            return
        if at + length > len(octets):
            break
        body = octets[at + 8 : at + length - 4]
        if kind == INTERFACE and len(body) >= 8:
            links.append((struct.unpack_from(order + "H", body)[0], _resolution(body[8:], order)))
        elif kind == ENHANCED and len(body) >= 20:
            which, high, low, kept, whole = struct.unpack_from(order + "IIIII", body)
            if which < len(links):
                link, per_second = links[which]
                yield (high << 32 | low) * 1_000_000 // per_second, link, body[20 : 20 + kept], whole
        elif kind == SIMPLE:
            found.passed["packets without a time"] += 1
        at += length
    if at != len(octets):
        found.notes.append(f"the file is cut off in a block at octet {at}")


def _resolution(options: bytes, order: str) -> int:
    """Units of time a second, of option if_tsresol."""
    at = 0
    while at + 4 <= len(options):
        code, length = struct.unpack_from(order + "HH", options, at)
        if code == 0:
            break
        if code == 9 and length == 1 and at + 4 < len(options):
            value = options[at + 4]
            base, exponent = (2, min(value & 0x7F, 60)) if value & 0x80 else (10, min(value, 18))
            return int(base**exponent)
        at += 4 + (length + 3) // 4 * 4
    return 1_000_000


# -- packets -----------------------------------------------------------------------------------------------------------


def _network(link: int, frame: bytes) -> tuple[int, bytes]:
    """-> (version of IP, packet)"""
    if link == ETHERNET:
        return _ethernet(frame, 12)
    if link == COOKED:
        return _ethernet(frame, 14)
    if link == COOKED_2:
        return _version(struct.unpack_from(">H", frame)[0]), frame[20:]
    if link in (NULL, LOOP):
        return frame[4] >> 4, frame[4:]
    if link in RAW:
        return frame[0] >> 4, frame
    raise _PassedOverError(f"packets of link type {link}, which is not known here,")


def _ethernet(frame: bytes, at: int) -> tuple[int, bytes]:
    kind = struct.unpack_from(">H", frame, at)[0]
    while kind in VLANS:
        at += 4
        kind = struct.unpack_from(">H", frame, at)[0]
    return _version(kind), frame[at + 2 :]


def _version(kind: int) -> int:
    if kind not in (IPV4, IPV6):
        raise _PassedOverError("packets of other protocols than IP")
    return 4 if kind == IPV4 else 6


def _udp(version: int, packet: bytes) -> tuple[Address, Address, bytes]:
    if version == 4:
        protocol, source, target, body = _ipv4(packet)
    elif version == 6:
        protocol, source, target, body = _ipv6(packet)
    else:
        raise _PassedOverError("packets of no known version of IP")
    if protocol == TCP:
        raise _PassedOverError("packets of TCP")
    if protocol != UDP:
        raise _PassedOverError("packets of other protocols than UDP")
    from_port, to_port, length, _ = struct.unpack_from(">HHHH", body)
    if not 8 <= length <= len(body):
        raise _PassedOverError("packets captured in part")
    return Address(source, from_port), Address(target, to_port), body[8:length]


def _ipv4(packet: bytes) -> tuple[int, str, str, bytes]:
    head, length, fragment = (packet[0] & 15) * 4, *struct.unpack_from(">H", packet, 2), packet[6:8]
    if int.from_bytes(fragment, "big") & 0x3FFF:
        raise _PassedOverError("fragments of IP packets")
    body = packet[head : length if length else None]
    return packet[9], str(IPv4Address(packet[12:16])), str(IPv4Address(packet[16:20])), body


def _ipv6(packet: bytes) -> tuple[int, str, str, bytes]:
    length, protocol = struct.unpack_from(">HB", packet, 4)
    at = 40
    while protocol in EXTENSIONS:
        protocol, at = packet[at], at + 8 + packet[at + 1] * 8
    if protocol == FRAGMENT:
        raise _PassedOverError("fragments of IP packets")
    end = 40 + length if length else None
    return protocol, str(IPv6Address(packet[8:24])), str(IPv6Address(packet[24:40])), packet[at:end]
