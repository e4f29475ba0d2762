"""Compiles the kernels that the cache does not hold, so that no call waits for it: `python -m firmware_sim.warm`."""

from firmware_sim.dsp.warm import warm as warm_modems
from firmware_sim.t4.codecs import CODECS
from firmware_sim.t4.page import Page


def warm() -> None:
    """Seconds with a warm cache, up to a minute or two with a cold one."""
    warm_modems()
    page = Page(64, bytes(8) + b"\xff" * 8)
    for codec in CODECS.values():
        codec.decode(codec.encode(page, 0), page.width_px, page.resolution, page.height_px)


if __name__ == "__main__":
    warm()
