"""The daemon of simulated devices with the bench's analogue lines in it: `python -m rig.bench.shell CONFIG.json`."""

import sys

from firmware_sim.daemon import main
from rig.impairments import two_way

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], two_way))
