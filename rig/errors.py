"""What can go wrong with the bench itself, apart from the devices on it.

RigError                the bench's fault: a case that meets one is ERROR, never FAIL
  InventoryError        hardware.yaml is wrong; carries every mistake found
  InstrumentError       an instrument, driver or process did not do what it was told
  ScenarioError         a case asks for what the bench does not have

The fax service has its own tree, in `rig.service.errors`.
"""

from collections.abc import Sequence
from dataclasses import dataclass


class RigError(Exception):
    pass


@dataclass(frozen=True, slots=True)
class Problem:
    """One mistake in a file: where (both counted from 1), what, and the remedy."""

    file: str
    line: int
    column: int
    message: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}: {self.message}"


class InventoryError(RigError):
    """Its text is one line for each of *problems*, in the order of the file."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = sorted(problems, key=lambda problem: (problem.file, problem.line, problem.column))
        super().__init__("\n".join(str(problem) for problem in self.problems))


class InstrumentError(RigError):
    pass


class ScenarioError(RigError):
    pass
