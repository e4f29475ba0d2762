"""Do the cases judge? Each broken firmware is tried with case after case until one catches it."""

from collections.abc import Sequence
from dataclasses import dataclass

from rig.conformance.breaking import Mutant, broken
from rig.conformance.devices import Simulated
from rig.conformance.model import CASES
from rig.conformance.runner import play


@dataclass(frozen=True, slots=True)
class Verdict:
    """*case* caught it, or is empty."""

    name: str
    case: str
    reason: str


def prove(mutant: Mutant, good: Sequence[str], seed: int = 1) -> Verdict:
    """Try the cases that the whole firmware passes, the likely one first."""
    order = [mutant.first] if mutant.first in good else []
    order += [id for id in good if id != mutant.first]
    with broken(mutant):
        for id in order:
            result = play(CASES[id], Simulated(), seed)
            if result.status == "fail":
                return Verdict(mutant.name, id, result.reason)
    return Verdict(mutant.name, "", "")
