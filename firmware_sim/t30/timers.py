"""The timers of T.30. A terminal waits the nominal time; a conformance case judges the tolerance."""

from dataclasses import dataclass

from firmware_sim.clock import Duration, ms, seconds


@dataclass(frozen=True, slots=True)
class Timer:
    nominal: Duration
    tolerance: Duration
    clause: str
    restarts: bool = False
    """Whether flags on the line begin it anew, even when the frame after them is spoilt."""


T0 = Timer(seconds(60), seconds(5), "5.4.3.1: the called station answers")
T1 = Timer(seconds(35), seconds(5), "5.4.3.1: the stations identify each other")
T2 = Timer(seconds(6), seconds(1), "5.4.3.1: a command is due", restarts=True)
T3 = Timer(seconds(10), seconds(5), "5.4.3.1: an operator is called")
T4 = Timer(seconds(3), ms(450), "5.4.3.1: a response is due")
T5 = Timer(seconds(60), seconds(5), "A.5.4.1: the receiver makes itself ready")

TCF = Timer(ms(3500), 0, "ours: a training check that has not come by now is lost")
TCF_SIGNAL = Timer(seconds(5), 0, "ours: no TCF lasts longer, training and all")
FRAME = Timer(ms(4600), 0, "5.3: a preamble of 1.15 s and a frame of 3.45 s, both at their longest")
BURST = Timer(seconds(30), 0, "ours: no burst on V.21 lasts longer")
PAGE = Timer(seconds(900), 0, "ours: no image signal lasts longer")
