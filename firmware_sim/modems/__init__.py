"""Fax modems: bits to samples and samples to events."""

from firmware_sim.modems.api import Demodulator, Kind, ModemEvent, Modulator, Quality
from firmware_sim.modems.catalog import CATALOG, ModemSpec, demodulate_many, demodulator, modulator

__all__ = [
    "CATALOG",
    "Demodulator",
    "Kind",
    "ModemEvent",
    "ModemSpec",
    "Modulator",
    "Quality",
    "demodulate_many",
    "demodulator",
    "modulator",
]
