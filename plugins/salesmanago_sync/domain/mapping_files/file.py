"""A mapping file as text: its values, and the line of every key.

YAML 1.2 as editors read it: `no`, `on` and dates are text, only `true` and `false` are booleans.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from salesmanago_sync.domain.carriage import carried_text
from salesmanago_sync.errors import Fault

KeyPath = tuple[str | int, ...]
# A mapping of a thousand fields has some thousands.
MOST_VALUES = 50_000

_PLAIN = (
    (re.compile(r"true|True|TRUE"), lambda text: True),
    (re.compile(r"false|False|FALSE"), lambda text: False),
    (re.compile(r"|~|null|Null|NULL"), lambda text: None),
    # A leading zero or plus stays text: it is a postal code or a telephone number.
    (re.compile(r"-?(0|[1-9][0-9]*)"), int),
    (re.compile(r"-?(0|[1-9][0-9]*)\.[0-9]+"), float),
)


@dataclass
class MappingFile:
    """What one file holds.

    Attributes:
        path: Where it is.
        values: Its values as Python objects.
        lines: Line number of every key and list entry, by path.
        faults: What is wrong with the text itself.
    """

    path: Path
    values: Any = None
    lines: dict[KeyPath, int] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)

    def line(self, path: KeyPath) -> int:
        """Find the line of a key; an absent key is at its parent's."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path, 1)

    def where(self, path: KeyPath) -> str:
        """Name the file, line and key of a path."""
        return f"{self.path.name}:{self.line(path)} {spell(path)}".rstrip()


def spell(path: KeyPath) -> str:
    """Write a path as a person would: `fields[2].convert`."""
    parts = (f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)
    return "".join(parts).removeprefix(".")


def read_mapping_file(path: Path) -> MappingFile:
    """Read a file; a syntax error or a duplicate key becomes a fault."""
    return parse_mapping_file(path, path.read_bytes())


def parse_mapping_file(path: Path, text: bytes) -> MappingFile:
    """Read the text of a file; a syntax error or a duplicate key becomes a fault."""
    document = MappingFile(path)
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
        if root is not None:
            document.values = _value(document, root, (), ())
    except yaml.YAMLError as error:
        document.faults.append(_syntax_fault(path, error))
    except RecursionError:
        document.faults.append(Fault(path.name, "its values are nested too deeply.", "Write what is meant flatly."))
    except _EndlessError:
        what = f"its aliases stand for more than {MOST_VALUES} values."
        document.faults.append(Fault(path.name, what, "Write the values out."))
    return document


class _EndlessError(Exception):
    """Aliases of aliases: a short text that stands for more than anybody could mean."""


def _syntax_fault(path: Path, error: yaml.YAMLError) -> Fault:
    # What has no end is found out lines later: the fault is where it begins.
    scanned = str(getattr(error, "context", None)).startswith("while scanning")
    mark = getattr(error, "context_mark" if scanned else "problem_mark", None)
    place = f"{path.name}:{mark.line + 1}" if mark is not None else path.name
    problem = getattr(error, "problem", None) or getattr(error, "reason", None) or "cannot be read"
    return Fault(place, f"this is not valid YAML: {problem}.", "Check indentation, brackets and quotes around here.")


def _value(document: MappingFile, node: Node, path: KeyPath, above: tuple[Node, ...]) -> Any:
    if len(document.lines) > MOST_VALUES:
        raise _EndlessError
    document.lines.setdefault(path, node.start_mark.line + 1)
    if any(node is other for other in above):
        document.faults.append(Fault(document.where(path), "this alias contains itself.", "Write the value out."))
        return None
    if isinstance(node, MappingNode):
        return _mapping(document, node, path, (*above, node))
    if isinstance(node, SequenceNode):
        return [_value(document, item, (*path, number), (*above, node)) for number, item in enumerate(node.value)]
    return _carriable(document, _scalar(node), path)


def _carriable(document: MappingFile, value: Any, path: KeyPath) -> Any:
    """Refuse a text that neither a service nor the ledger can take."""
    if isinstance(value, str) and carried_text(value) != value:
        what = "the text holds a control character, or half of a character."
        document.faults.append(Fault(document.where(path), what, "Write it without."))
        return None
    return value


def _mapping(document: MappingFile, node: MappingNode, path: KeyPath, above: tuple[Node, ...]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for key_node, value_node in node.value:
        key = str(key_node.value)
        line = key_node.start_mark.line + 1
        if key in values:
            first = document.lines[(*path, key)]
            document.faults.append(
                Fault(
                    f"{document.path.name}:{line} {spell((*path, key))}",
                    f"the key is already on line {first}.",
                    "Keep one of the two.",
                )
            )
            continue
        document.lines[(*path, key)] = line
        values[key] = _value(document, value_node, (*path, key), above)
    return values


def _scalar(node: Node) -> Any:
    text = str(node.value)
    if isinstance(node, ScalarNode) and node.style is None:
        for pattern, read in _PLAIN:
            if pattern.fullmatch(text):
                return read(text)
    return text
