"""Text that is safe everywhere: what the peers of a fax bench send may hold any character."""

import re

from firmware_sim.clock import Duration, Instant

_UNPRINTABLE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]"
)


def printable(text: str) -> str:
    """Control characters, turners of writing direction and halves of surrogate pairs, shown as their escapes."""
    return _UNPRINTABLE.sub(lambda found: ascii(found[0])[1:-1], text)


def clock_time(at: Instant) -> str:
    """A moment of the run as seconds with milliseconds: 12.345; minutes in front when there are any: 1:02.345."""
    minutes, rest = divmod(max(at, 0), 60_000_000)
    return f"{minutes}:{rest / 1e6:06.3f}" if minutes else f"{rest / 1e6:.3f}"


def length(duration: Duration) -> str:
    """75 ms, 1.25 s, 2 min 5 s."""
    if duration < 1_000_000:
        return f"{duration / 1e3:.3g} ms"
    if duration < 60_000_000:
        return f"{duration / 1e6:.3g} s"
    minutes, rest = divmod(round(duration / 1e6), 60)
    return f"{minutes} min {rest} s"
