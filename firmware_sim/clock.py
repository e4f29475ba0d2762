"""Time as whole microseconds: exact, ordered, and the same on every run. One sample at 8 kHz is 125 us exactly."""

Instant = int
Duration = int

SAMPLE_RATE_HZ = 8000
SAMPLE_US = 125
BLOCK_SAMPLES = 160


def ms(count: float) -> Duration:
    return round(count * 1_000)


def seconds(count: float) -> Duration:
    return round(count * 1_000_000)


def samples(count: int) -> Duration:
    """How long *count* samples at 8 kHz last."""
    return count * SAMPLE_US
