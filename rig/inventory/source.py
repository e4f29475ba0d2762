"""YAML as plain data that remembers where everything stood."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode
from ruamel.yaml.reader import ReaderError

from rig.errors import InventoryError, Problem

Place = tuple[str | int, ...]
"""The way from the top of the file to a value: ("devices", 0, "name")."""

KEY = "\0key"
"""At the end of a place: the key itself, not its value."""

_PLAIN = "tag:yaml.org,2002:"
_TAGS = ("map", "seq", "null", "bool", "int", "float", "str", "timestamp", "merge", "value")
_DEEPEST = 20


@dataclass(slots=True)
class Source:
    file: str
    data: Any = None
    positions: dict[Place, tuple[int, int]] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    def where(self, place: Place) -> tuple[int, int]:
        """Line and column of *place*, or of the nearest thing around it that is in the file."""
        while place and place not in self.positions:
            place = place[:-1]
        return self.positions.get(place, (1, 1))


def read(path: Path) -> Source:
    """Raises InventoryError when there is nothing that can be looked at further."""
    source = Source(str(path))
    root = _compose(source.file, _text(path))
    if root is None:
        raise _refusal(source.file, 1, 1, "the file is empty; copy the hardware.yaml that comes with the project")
    source.data = _Plain(source).value(root, ())
    if not isinstance(source.data, dict):
        line, column = source.where(())
        raise _refusal(
            source.file, line, column, 'the file must consist of "key: value" lines, beginning with "bench:"'
        )
    return source


def _refusal(file: str, line: int, column: int, message: str) -> InventoryError:
    return InventoryError([Problem(file, line, column, message)])


def _text(path: Path) -> str:
    try:
        octets = path.read_bytes()
    except FileNotFoundError:
        remedy = "no such file; copy the hardware.yaml that comes with the project, or name another file"
        raise _refusal(str(path), 1, 1, remedy) from None
    except (OSError, ValueError) as error:
        raise _refusal(str(path), 1, 1, f"cannot be read: {getattr(error, 'strerror', None) or error}") from None
    try:
        return octets.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = octets.count(b"\n", 0, error.start) + 1
        column = error.start - (octets.rfind(b"\n", 0, error.start) + 1) + 1
        raise _refusal(str(path), line, column, "not UTF-8 text; save the file as UTF-8") from None


def _compose(file: str, text: str) -> Node | None:
    try:
        root: Node | None = YAML(typ="safe", pure=True).compose(text)
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        said = " ".join(str(part) for part in (error.context, error.problem) if part)
        raise _refusal(file, line, column, f"not YAML: {said}") from None
    except ReaderError as error:
        before = text[: error.position] if isinstance(error.position, int) else ""
        column = len(before) - (before.rfind("\n") + 1) + 1
        message = f"not YAML: the character {_character(error.character)} is not allowed; remove it"
        raise _refusal(file, before.count("\n") + 1, column, message) from None
    except RecursionError:
        raise _refusal(file, 1, 1, "not an inventory: values are nested too deeply") from None
    except Exception as error:
        # The parser stumbles over some broken files with errors of its own inside; for the user they are all one.
        raise _refusal(file, 1, 1, f"not YAML: {type(error).__name__}: {error}") from None
    return root


class _Plain:
    """Turns nodes into dicts, lists and scalars. Each node may stand in one place only."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.seen: set[int] = set()

    def value(self, node: Node, place: Place) -> Any:
        if id(node) in self.seen:
            # The node knows only where it stood first.
            position = self.source.where((*place, KEY))
            self.source.positions[place] = position
            return self.problem(position, "a *reference to another value is not supported here; write the value out")
        self.seen.add(id(node))
        position = (node.start_mark.line + 1, node.start_mark.column + 1)
        self.source.positions[place] = position
        if len(place) > _DEEPEST:
            return self.problem(position, "nested too deeply for an inventory")
        if str(node.tag or "").removeprefix(_PLAIN) not in _TAGS:
            return self.problem(position, f"the tag {node.tag} is not used here; remove it")
        if isinstance(node, MappingNode):
            return self.mapping(node, place)
        if isinstance(node, SequenceNode):
            return [self.value(item, (*place, number)) for number, item in enumerate(node.value)]
        return self.scalar(node, position)

    def mapping(self, node: MappingNode, place: Place) -> dict[str, Any]:
        plain: dict[str, Any] = {}
        for key_node, value_node in node.value:
            position = (key_node.start_mark.line + 1, key_node.start_mark.column + 1)
            if not isinstance(key_node, ScalarNode):
                self.problem(position, "a key must be a plain word")
                continue
            key = str(key_node.value)
            if key in plain:
                first = self.source.positions[(*place, key, KEY)][0]
                self.problem(position, f'"{key}" is already in line {first}; remove one of them')
                continue
            self.source.positions[(*place, key, KEY)] = position
            plain[key] = self.value(value_node, (*place, key))
        return plain

    def scalar(self, node: Node, position: tuple[int, int]) -> Any:
        text = str(node.value)
        try:
            match str(node.tag or "").removeprefix(_PLAIN):
                case "null":
                    return None
                case "bool":
                    return text.lower() == "true"
                case "int":
                    return _integer(text)
                case "float":
                    return float(text.lower().replace("_", "").replace(".inf", "inf").replace(".nan", "nan"))
        except ValueError:
            return self.problem(position, f"{text[:40]} is not a number")
        return text

    def problem(self, position: tuple[int, int], message: str) -> None:
        self.source.problems.append(Problem(self.source.file, *position, message))


def _character(found: Any) -> str:
    return f"U+{found if isinstance(found, int) else ord(str(found)[:1] or chr(0)):04X}"


def _integer(text: str) -> int:
    digits = text.replace("_", "")
    try:
        return int(digits)
    except ValueError:
        return int(digits, 0)
