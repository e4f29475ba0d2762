"""Levels. 0 dBm0 lies 3.14 dB below a sine that just fills 16 bits (G.711 A-law's overload point), for every signal.

A level is that of the mean power, so a modem at -13 dBm0 and a sine at -13 dBm0 have the same rms.
"""

import math

FULL_SCALE = 32768.0
FULL_SCALE_DBM0 = 3.14


def sine_peak(dbm0: float) -> float:
    """Peak of a sine of this level, in 16-bit units."""
    return FULL_SCALE * float(10.0 ** ((dbm0 - FULL_SCALE_DBM0) / 20.0))


def mean_square(dbm0: float) -> float:
    """Mean of the squared samples of a signal of this level."""
    return sine_peak(dbm0) ** 2 / 2.0


def dbm0(mean_of_squares: float) -> float:
    """Level of a signal whose squared samples have this mean; -inf for silence."""
    if mean_of_squares <= 0.0:
        return -math.inf
    return 10.0 * math.log10(mean_of_squares / mean_square(0.0))
