"""Calls recorded in memory: our stations at both ends of a line that can be spoilt."""

from functools import cache

import numpy as np

from firmware_sim.device.station import FaxStation, StationProfile
from firmware_sim.rtp.g711 import Codec
from firmware_sim.t4 import patterns
from rig.analysis.decode import decode_recording
from rig.analysis.recording import Channel, Recording

LONGEST = 300 * 50
SHORT = (patterns.text(1728, 120), patterns.diagonals(1728, 60))


def straight(block, at):
    return block


def coded(block):
    return Codec.PCMA.decode(Codec.PCMA.encode(np.ascontiguousarray(block, np.int16)))


def play(one, other, to_called=straight, to_caller=straight, hang=0):
    """-> (what the caller said as it arrived, what the called said). Both ends only `execute` and are `finished`.

    *to_called* and *to_caller* spoil a block, told the sample with which it begins; None for it cuts the line.
    """
    said, answered = [], []
    heard = silence = np.zeros(160, np.int16)
    for n in range(LONGEST):
        from_one, from_other = one.execute(heard), other.execute(silence)
        forth, back = to_called(from_one, n * 160), to_caller(from_other, n * 160)
        if forth is None or back is None:
            break
        silence, heard = coded(forth), coded(back)
        said.append(silence)
        answered.append(heard)
        if one.finished and other.finished:
            break
    else:
        raise AssertionError("the call has no end")
    rest = np.zeros(hang * 8, np.int16)
    return np.concatenate((*said, rest)), np.concatenate((*answered, rest))


def station(calling, pages=(), **habits):
    profile = StationProfile("+49 30 1" if calling else "+49 30 2", **habits)
    return FaxStation(profile, lambda *news: None, is_calling=calling, pages=pages)


@cache
def recorded(habits=(), pages=SHORT):
    """A good call of ours, recorded once for all tests. *habits* are items of a profile."""
    return play(station(True, pages, **dict(habits)), station(False, **dict(habits)))


def decoded(said, answered, mixed=False, turned=False):
    channels = [Channel("left", answered), Channel("right", said)]
    if turned:
        channels.reverse()
    if mixed:
        whole = (said.astype(np.int32) + answered).clip(-32768, 32767).astype(np.int16)
        channels = [Channel("mixed", whole)]
    return decode_recording(Recording("call", channels))


def hashes(pages):
    return [page.hash for page in pages]


def heard_pages(decoding):
    return [sheet.page.hash for sheet in decoding.sheets if sheet.page]


def names(decoding):
    """The ladder: ">" for the caller's signals."""
    return [
        (">" if signal.side == "caller" else "<") + str(signal.message or signal.sort) for signal in decoding.signals
    ]
