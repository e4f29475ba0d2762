"""hardware.yaml as frozen models. Every mistake in the file is found at once, with its line and the remedy.

source      the YAML text, with the place of every key and value
models      what may stand in the file
messages    what the models refuse, in plain words
references  what only the file as a whole can show: duplicates, names that lead nowhere, shared ports
"""

from pathlib import Path
from typing import Any

from pydantic import ValidationError

from rig.errors import InventoryError, Problem
from rig.inventory.messages import explain
from rig.inventory.models import (
    Account,
    Ata,
    Bench,
    Device,
    FaxInterface,
    FaxMachine,
    FxsPort,
    Inventory,
    Pbx,
    PortRange,
    Service,
)
from rig.inventory.references import check_references
from rig.inventory.source import Source, read

__all__ = [
    "Account",
    "Ata",
    "Bench",
    "Device",
    "FaxInterface",
    "FaxMachine",
    "FxsPort",
    "Inventory",
    "Pbx",
    "PortRange",
    "Service",
    "load",
    "schema",
]


def load(path: Path | str) -> Inventory:
    """Read *path*. Raises InventoryError, and nothing else, when the file is missing or holds any mistake."""
    path = Path(path)
    source = read(path)
    problems = list(source.problems)
    inventory = None
    try:
        inventory = Inventory.model_validate(source.data).placed_in(path.absolute().parent)
    except ValidationError as error:
        problems += [_problem(source, *explain(detail, source.data)) for detail in error.errors(include_url=False)]
    problems += [_problem(source, place, message) for place, message in check_references(source.data)]
    if problems or inventory is None:
        raise InventoryError(_without_echoes(source, problems))
    return inventory


def schema() -> dict[str, Any]:
    """The file as a JSON Schema, for editors that complete and check YAML."""
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **Inventory.model_json_schema()}


def _without_echoes(source: Source, problems: list[Problem]) -> list[Problem]:
    """A value that could not be read counts as none, which the models refuse too: that is one mistake, not two."""
    unreadable = {(problem.line, problem.column) for problem in source.problems}
    later = [problem for problem in problems if (problem.line, problem.column) not in unreadable]
    return [*source.problems, *dict.fromkeys(later)]


def _problem(source: Source, place: tuple[str | int, ...], message: str) -> Problem:
    line, column = source.where(place)
    return Problem(source.file, line, column, message)
