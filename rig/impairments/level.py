"""Level and loss, direct current, delay: what a perfect but long line does."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from firmware_sim.dsp.levels import mean_square, sine_peak
from rig.impairments.base import DelayLine, Impairment, Signal, amplitude, parameter, samples_of


@dataclass
class Loss(Impairment):
    """Attenuates by *loss_db*; a negative loss is a gain."""

    name: ClassVar[str] = "loss"
    linear: ClassVar[bool] = True
    loss_db: float = parameter(10.0, -20.0, 60.0)

    def execute(self, block: Signal) -> Signal:
        return block * np.float32(amplitude(-self.loss_db))


@dataclass
class Level(Impairment):
    """Brings a signal that comes in at *signal_dbm0* to *level_dbm0*."""

    name: ClassVar[str] = "level"
    linear: ClassVar[bool] = True
    level_dbm0: float = parameter(-30.0, -60.0, 0.0)
    signal_dbm0: float = parameter(-13.0, -60.0, 3.0)

    def execute(self, block: Signal) -> Signal:
        return block * np.float32(amplitude(self.level_dbm0 - self.signal_dbm0))


@dataclass
class Clipping(Impairment):
    """An overloaded amplifier: nothing exceeds the peak of a sine of *peak_dbm0*."""

    name: ClassVar[str] = "clipping"
    peak_dbm0: float = parameter(-10.0, -40.0, 3.0)

    def execute(self, block: Signal) -> Signal:
        peak = np.float32(sine_peak(self.peak_dbm0))
        return block.clip(-peak, peak)


@dataclass
class Dc(Impairment):
    """Adds direct current of the power of *level_dbm0*."""

    name: ClassVar[str] = "dc"
    level_dbm0: float = parameter(-20.0, -60.0, 0.0)

    def execute(self, block: Signal) -> Signal:
        return block + np.float32(mean_square(self.level_dbm0) ** 0.5)


@dataclass
class Delay(Impairment):
    """Bulk delay."""

    name: ClassVar[str] = "delay"
    linear: ClassVar[bool] = True
    delay_ms: float = parameter(20.0, 0.0, 1000.0)

    def _begin(self) -> None:
        self._line = DelayLine(samples_of(self.delay_ms))

    def execute(self, block: Signal) -> Signal:
        return self._line.execute(block)


@dataclass
class SatelliteDelay(Delay):
    """The delay of hops over a geostationary satellite: some 270 ms each way for one of them."""

    name: ClassVar[str] = "satellite-delay"
    delay_ms: float = parameter(270.0, 0.0, 1000.0)


@dataclass
class ListenerEcho(Impairment):
    """The signal is followed by a copy of itself, which was reflected twice: *loss_db* down, *delay_ms* late."""

    name: ClassVar[str] = "listener-echo"
    linear: ClassVar[bool] = True
    loss_db: float = parameter(20.0, 4.0, 60.0)
    delay_ms: float = parameter(10.0, 0.125, 1000.0)

    def _begin(self) -> None:
        self._line = DelayLine(samples_of(self.delay_ms))

    def execute(self, block: Signal) -> Signal:
        return block + np.float32(amplitude(-self.loss_db)) * self._line.execute(block)
