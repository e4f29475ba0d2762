"""The analogue line between an FXS port and the machine on it, as the port sees it."""

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Samples = NDArray[np.int16]


class Line(Protocol):
    """Both directions of a line. For each block `toward_machine` is called first, then `toward_port`.

    The machine answers within the block that it hears, so an echo of its own voice cannot come back in the same block.
    """

    def toward_machine(self, block: Samples) -> Samples:
        """What the port says -> what the machine hears, as many samples."""
        ...

    def toward_port(self, block: Samples) -> Samples:
        """What the machine says in this block -> what the port hears."""
        ...

    def rest(self) -> None:
        """The machine went on hook: what was on its way dies away unheard."""
        ...
