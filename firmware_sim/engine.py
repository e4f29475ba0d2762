"""The audio of all channels of a process: receivers grouped by engine, one kernel call for all that hear a block."""

from collections.abc import Sequence

import numpy as np

from firmware_sim.audio import Ear, FaxSession, Samples
from firmware_sim.modems.api import ModemEvent
from firmware_sim.modems.catalog import demodulate_many


def play_many(sessions: Sequence[FaxSession], blocks: Sequence[Samples]) -> list[Samples]:
    """What each session says during the block that it hears; all blocks of one length.

    The same as `execute` on each of them, event for event: how many channels there are changes nothing.
    """
    said = [session.say(len(block)) for session, block in zip(sessions, blocks, strict=True)]
    ears = [session.open_ears() for session in sessions]
    told = _hear([(ear, block) for open_ears, block in zip(ears, blocks, strict=True) for ear in open_ears])
    for session, open_ears, block in zip(sessions, ears, blocks, strict=True):
        session.understand([told[id(ear)] for ear in open_ears], len(block))
    return said


def _hear(pairs: Sequence[tuple[Ear, Samples]]) -> dict[int, list[ModemEvent]]:
    """What each ear makes of its block, by the ear's identity."""
    told: dict[int, list[ModemEvent]] = {}
    for kind in {type(ear.demodulator) for ear, _ in pairs}:
        chosen = [(ear, block) for ear, block in pairs if type(ear.demodulator) is kind]
        events = demodulate_many([ear.demodulator for ear, _ in chosen], np.stack([block for _, block in chosen]))
        told.update({id(ear): new for (ear, _), new in zip(chosen, events, strict=True)})
    return told
