"""Compiles every kernel of the devices and of the line: `python -m rig.warm`, a part of the set-up."""

import numpy as np

from firmware_sim.clock import BLOCK_SAMPLES
from firmware_sim.warm import warm as warm_devices
from rig.impairments import REGISTRY, two_way


def warm() -> None:
    """A faint noise passes a line that has every impairment there is."""
    warm_devices()
    line = two_way(" + ".join(sorted(REGISTRY)))
    block = np.random.default_rng(1).normal(0, 100, BLOCK_SAMPLES).astype(np.int16)
    for _ in range(2):
        line.toward_port(line.toward_machine(block))


if __name__ == "__main__":
    warm()
