"""Compiles every kernel of dsp and modems, so that the first call of a test or a service does not wait."""

import numpy as np

from firmware_sim import modems
from firmware_sim.dsp import hdlc


def warm() -> None:
    """Play one short burst of every modem, which compiles what the cache does not hold (tens of seconds at worst)."""
    bits = hdlc.encode([b"\xff\x03\x00"], 4)
    hdlc.Deframer().execute(bits)
    for spec in modems.CATALOG.values():
        sender, receiver = modems.modulator(spec.name, spec.rates[0]), modems.demodulator(spec.name, spec.rates[0])
        sender.start(bits)
        receiver.execute(np.ascontiguousarray(sender.execute(sender.remaining + 800)))


if __name__ == "__main__":
    warm()
