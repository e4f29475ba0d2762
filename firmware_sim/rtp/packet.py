"""RTP packets (RFC 3550 5.1): read and written, nothing else."""

import struct
from dataclasses import dataclass

from firmware_sim.errors import DecodeError

_HEADER = struct.Struct("!BBHII")
VERSION = 2


@dataclass(frozen=True, slots=True)
class Packet:
    """*timestamp* counts samples of the payload's clock, modulo 2**32; *sequence* packets, modulo 2**16."""

    payload_type: int
    sequence: int
    timestamp: int
    ssrc: int
    payload: bytes
    marker: bool = False

    def encode(self) -> bytes:
        second = self.payload_type | (0x80 if self.marker else 0)
        return _HEADER.pack(VERSION << 6, second, self.sequence, self.timestamp, self.ssrc) + self.payload

    @classmethod
    def decode(cls, data: bytes) -> "Packet":
        """Raises DecodeError on what is no RTP packet. Padding, CSRCs and an extension are taken off."""
        if len(data) < _HEADER.size:
            raise DecodeError(f"{len(data)} octets are no RTP packet", len(data))
        first, second, sequence, timestamp, ssrc = _HEADER.unpack_from(data)
        if first >> 6 != VERSION:
            raise DecodeError(f"RTP version {first >> 6}", 0)
        start = _HEADER.size + 4 * (first & 0x0F)
        if first & 0x10:
            if len(data) < start + 4:
                raise DecodeError("the extension is cut off", start)
            start += 4 + 4 * int.from_bytes(data[start + 2 : start + 4], "big")
        end = len(data) - (data[-1] if first & 0x20 else 0)
        if start > end:
            raise DecodeError("header and padding are longer than the packet", start)
        return cls(second & 0x7F, sequence, timestamp, ssrc, data[start:end], bool(second & 0x80))
