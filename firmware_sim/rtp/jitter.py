"""A fixed jitter buffer: audio leaves it a fixed time after it came, in blocks, silence where none came.

Packets are filed by timestamp, so order and duplicates do not matter. The playout clock is the device's own; when
the peer's runs faster or slower the buffer drifts, and at its edge it slips: a block is dropped or one of silence is
put in. Faxes fail on that in the field, so it is not smoothed over here; it is counted.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from firmware_sim.clock import BLOCK_SAMPLES

CLOCK_MODULUS = 1 << 32
CAPACITY = 100 * BLOCK_SAMPLES
"""Samples the ring holds: two seconds."""


@dataclass(slots=True)
class JitterStatistics:
    received: int = 0
    late: int = 0
    """Packets that came after their place had been played out."""
    lost_samples: int = 0
    """Samples of silence put in where none had come."""
    slips: int = 0
    """Times the playout point was set anew."""


class JitterBuffer:
    """`put` what arrives, `get` a block of *BLOCK_SAMPLES* octets each 20 ms. *depth* is in samples."""

    def __init__(self, depth: int, silence: int) -> None:
        self.depth = depth
        self.statistics = JitterStatistics()
        self._silence = silence
        self._ring: NDArray[np.uint8] = np.full(CAPACITY, silence, np.uint8)
        self._filled: NDArray[np.bool_] = np.zeros(CAPACITY, np.bool_)
        self._read: int | None = None
        self._newest = 0

    def put(self, timestamp: int, payload: bytes) -> None:
        count = len(payload)
        if not count or count > CAPACITY // 4:
            return
        self.statistics.received += 1
        if self._read is None:
            self._read = self._newest = timestamp - self.depth
            for first, stop in _pieces(self._read, self.depth):
                self._filled[first:stop] = True  # the first wait is no loss
        start, read = self._extend(timestamp), self._read
        assert read is not None
        if start + count <= read:
            self.statistics.late += 1
            if start < self._newest:
                return
            self._slip(start)
        elif start + count - read > self._limit + count:
            self._slip(start)
        elif start < read:
            self.statistics.late += 1
            payload, start = payload[read - start :], read
        self._store(start, payload)

    def get(self) -> bytes:
        """The next block, *BLOCK_SAMPLES* octets."""
        if self._read is None:
            return bytes((self._silence,)) * BLOCK_SAMPLES
        due = min(max(self._newest - self._read, 0), BLOCK_SAMPLES)
        block = b""
        for start, stop in _pieces(self._read, BLOCK_SAMPLES):
            piece = slice(start, stop)
            share = min(due, stop - start)
            self.statistics.lost_samples += share - int(np.count_nonzero(self._filled[start : start + share]))
            due -= share
            block += self._ring[piece].tobytes()
            self._ring[piece] = self._silence
            self._filled[piece] = False
        self._read += BLOCK_SAMPLES
        return block

    @property
    def _limit(self) -> int:
        """How many samples may wait before the oldest are dropped."""
        return 2 * self.depth + BLOCK_SAMPLES

    def _begin(self, start: int) -> None:
        self._read = start - self.depth
        self._newest = max(self._newest, self._read)

    def _slip(self, start: int) -> None:
        """The clocks have drifted apart by the depth, or the stream jumped: play this packet a depth from now."""
        self.statistics.slips += 1
        self._ring[:] = self._silence
        self._filled[:] = False
        self._begin(start)

    def _store(self, start: int, payload: bytes) -> None:
        octets, at = np.frombuffer(payload, np.uint8), 0
        for first, stop in _pieces(start, len(payload)):
            self._ring[first:stop] = octets[at : at + stop - first]
            self._filled[first:stop] = True
            at += stop - first
        self._newest = max(self._newest, start + len(payload))

    def _extend(self, timestamp: int) -> int:
        """The 32-bit timestamp as the unbounded count nearest to the newest one."""
        ahead = (timestamp - self._newest) % CLOCK_MODULUS
        return self._newest + (ahead if ahead < CLOCK_MODULUS // 2 else ahead - CLOCK_MODULUS)


def _pieces(start: int, count: int) -> list[tuple[int, int]]:
    """The stretches of the ring that *count* samples from *start* on lie in: one, or two where they wrap round."""
    first = start % CAPACITY
    if first + count <= CAPACITY:
        return [(first, first + count)]
    return [(first, CAPACITY), (0, first + count - CAPACITY)]
