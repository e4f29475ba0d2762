"""The analogue line: impairments by name, lines made of them, named channels. See docs/line.md."""

import importlib
import pkgutil

for _module in pkgutil.iter_modules(__path__):
    importlib.import_module(f"{__name__}.{_module.name}")  # a class in any file of this folder enters the registry

from rig.impairments.base import REGISTRY, Impairment, parameter  # noqa: E402
from rig.impairments.channels import CHANNELS  # noqa: E402
from rig.impairments.lines import EchoCanceller, FarEcho, NearEcho, OneWayLine, TwoWayLine  # noqa: E402
from rig.impairments.text import impairment, impairments, one_way, two_way  # noqa: E402

__all__ = [
    "CHANNELS",
    "REGISTRY",
    "EchoCanceller",
    "FarEcho",
    "Impairment",
    "NearEcho",
    "OneWayLine",
    "TwoWayLine",
    "impairment",
    "impairments",
    "one_way",
    "parameter",
    "two_way",
]
