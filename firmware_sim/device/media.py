"""One RTP stream in and one out, paced by the device: 160 samples out, 160 samples in, each 20 ms."""

from random import Random

from firmware_sim.clock import BLOCK_SAMPLES, SAMPLE_RATE_HZ, Duration
from firmware_sim.errors import DecodeError
from firmware_sim.events import Address, Datagram
from firmware_sim.rtp.g711 import Codec, Samples
from firmware_sim.rtp.jitter import JitterBuffer, JitterStatistics
from firmware_sim.rtp.packet import Packet

JITTER_DEPTH_SAMPLES = 2 * BLOCK_SAMPLES


class RtpLeg:
    """Audio between *local* and *remote*. What comes from elsewhere, or in another codec, is counted and dropped."""

    def __init__(self, local: Address, remote: Address, codec: Codec, rng: Random) -> None:
        self.local, self.remote, self.codec = local, remote, codec
        self.sent_packets = self.refused_packets = 0
        self._ssrc, self._sequence = rng.getrandbits(32), rng.getrandbits(16)
        self._timestamp = rng.getrandbits(32)
        self._source: int | None = None
        self._jitter = JitterBuffer(JITTER_DEPTH_SAMPLES, codec.silence)

    @property
    def statistics(self) -> JitterStatistics:
        return self._jitter.statistics

    def receive(self, datagram: Datagram) -> None:
        try:
            packet = Packet.decode(datagram.data)
        except DecodeError:
            self.refused_packets += 1
            return
        if packet.payload_type != self.codec.payload_type or datagram.source.host != self.remote.host:
            self.refused_packets += 1
            return
        if self._source is None:
            self._source = packet.ssrc
        if packet.ssrc == self._source:
            self._jitter.put(packet.timestamp, packet.payload)
        else:
            self.refused_packets += 1

    def hear(self) -> Samples:
        return self.codec.decode(self._jitter.get())

    def say(self, samples: Samples) -> Datagram:
        payload, marker = self.codec.encode(samples), not self.sent_packets
        packet = Packet(self.codec.payload_type, self._sequence, self._timestamp, self._ssrc, payload, marker)
        self._sequence = (self._sequence + 1) % (1 << 16)
        self._timestamp = (self._timestamp + len(samples)) % (1 << 32)
        self.sent_packets += 1
        return Datagram(self.local, self.remote, packet.encode())


class BlockClock:
    """When each 20 ms block of a device is due, by a crystal that is *ppm* fast."""

    def __init__(self, ppm: float) -> None:
        self._block_us = BLOCK_SAMPLES * 1_000_000 / SAMPLE_RATE_HZ / (1 + ppm * 1e-6)
        self._start: int | None = None
        self._count = 0

    @property
    def due(self) -> int | None:
        """The instant at which the next block is due; None while it stands still."""
        return None if self._start is None else self._start + round(self._count * self._block_us)

    @property
    def block_duration(self) -> Duration:
        return round(self._block_us)

    def start(self, now: int) -> None:
        if self._start is None:
            self._start, self._count = now, 0

    def advance(self) -> None:
        self._count += 1

    def stop(self) -> None:
        self._start = None
