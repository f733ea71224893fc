"""A mapping file as text: its values, and the line of every key.

YAML 1.2 as editors read it: `no`, `on` and dates are text, only `true` and `false` are booleans.
"""

from __future__ import annotations

import re
from copy import deepcopy
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode
from yaml.reader import ReaderError

from salesmanago_sync.domain.carriage import carried_text
from salesmanago_sync.errors import Fault, Place

KeyPath = tuple[str | int, ...]
# A mapping of a thousand fields has some thousands, and half of these bytes; as many take seconds to read.
MOST_VALUES = 50_000
MOST_BYTES = 1 << 17
# Whoever has more lines to correct sees the others in the next try.
MOST_BROKEN_LINES = 5
# Pages and commands read the same few files again and again, and YAML is slow; a pair has three or four.
KEPT = 32
# In the place of a broken line, so that the others keep their numbers.
LEFT_OUT = b"#\n"
# What is read up to a place where a line is said to break: where it only begins, the line before may be the broken one.
_BEGUN = re.compile(r"\s*(- +)?[\w.]*")
_KEY = re.compile(r":(\s|$)")

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
        is_whole: Whether nothing is left out; a line that breaks the syntax is, so that the others are checked too.
    """

    path: Path
    values: Any = None
    lines: dict[KeyPath, int] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    is_whole: bool = True

    def line(self, path: KeyPath) -> int:
        """Find the line of a key; an absent key is at its parent's."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path, 1)

    def where(self, path: KeyPath) -> Place:
        """Name the file, line and key of a path."""
        return Place(self.path.name, self.line(path), spell(path))


def spell(path: KeyPath) -> str:
    """Write a path as a person would: `fields[2].convert`."""
    parts = (f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)
    return "".join(parts).removeprefix(".")


def read_mapping_file(path: Path) -> MappingFile:
    """Read a file; a syntax error, a duplicate key or a file that cannot be read becomes a fault."""
    try:
        with path.open("rb") as file:
            return parse_mapping_file(path, file.read(MOST_BYTES + 1))
    except OSError as error:
        what = f"it cannot be read: {error.strerror}."
        return MappingFile(path, faults=[Fault(Place(path.name), what, "Mend its rights, or remove it.")])


def parse_mapping_file(path: Path, text: bytes) -> MappingFile:
    """Read the text of a file; a syntax error or a duplicate key becomes a fault."""
    return deepcopy(_parse(path, text))


@lru_cache(maxsize=KEPT)
def _parse(path: Path, text: bytes) -> MappingFile:
    document = MappingFile(path)
    if len(text) > MOST_BYTES:
        what = f"it has more than {MOST_BYTES // 1024} KiB."
        document.faults.append(Fault(Place(path.name), what, "No mapping is that long: is this another file?"))
        return document
    try:
        root = _read_nodes(document, text)
        if root is not None:
            document.values = _value(document, root, (), ())
    except RecursionError:
        document.faults.append(
            Fault(Place(path.name), "its values are nested too deeply.", "Write what is meant flatly.")
        )
    except _EndlessError:
        what = f"its aliases stand for more than {MOST_VALUES} values."
        document.faults.append(Fault(Place(path.name), what, "Write the values out."))
    return document


def _read_nodes(document: MappingFile, text: bytes) -> Node | None:
    """Read what is valid YAML: a line that is not becomes a fault, and the rest is read without it."""
    lines = text.splitlines(keepends=True)
    while True:
        try:
            return yaml.compose(b"".join(lines), Loader=yaml.SafeLoader)
        except yaml.YAMLError as error:
            number = _broken_line(error, lines)
            if not document.is_whole and (number is None or _follows(lines, number)):
                return None  # it breaks because the line before is left out
            document.faults.append(_syntax_fault(document.path, error, number))
            if number is None or _leads(lines, number) or len(document.faults) >= MOST_BROKEN_LINES:
                return None
            document.is_whole = False
            lines[number - 1] = LEFT_OUT


class _EndlessError(Exception):
    """Aliases of aliases: a short text that stands for more than anybody could mean."""


def _broken_line(error: yaml.YAMLError, lines: list[bytes]) -> int | None:
    """Say which line breaks the syntax, as far as anybody can tell."""
    if isinstance(error, ReaderError):  # a character that no YAML may hold
        return b"".join(lines)[: error.position].count(b"\n") + 1
    begin, end = getattr(error, "context_mark", None), getattr(error, "problem_mark", None)
    # What has no end is found out lines later: the fault is where it begins.
    if begin is not None and str(getattr(error, "context", None)).startswith("while scanning"):
        return int(begin.line) + 1
    if end is None:
        return None
    number = min(int(end.line) + 1, len(lines))
    line = lines[number - 1].decode(errors="replace")
    before = next((one for one in range(number - 1, 0, -1) if _is_said(lines[one - 1])), None)
    only_begun = end.line >= len(lines) or _BEGUN.fullmatch(line[: end.column]) is not None
    return before if only_begun and before is not None and _is_open(lines[before - 1]) else number


def _is_said(line: bytes) -> bool:
    return not line.strip().startswith(b"#") and bool(line.strip())


def _is_open(line: bytes) -> bool:
    """Tell whether a line goes on, though its author may have thought it at its end."""
    text = line.decode(errors="replace")
    brackets = sum(map(text.count, "{[")) - sum(map(text.count, "}]"))
    return brackets > 0 or _KEY.search(text) is None


def _leads(lines: list[bytes], number: int) -> bool:
    """Tell whether other lines belong below a line: without it they would seem to belong elsewhere."""
    line, after = lines[number - 1], next(filter(_is_said, lines[number:]), b"")
    depth, below = (len(one) - len(one.lstrip(b" ")) for one in (line, after))
    return below > depth or (
        after.lstrip().startswith(b"- ") and not line.lstrip().startswith(b"- ") and below == depth
    )


def _follows(lines: list[bytes], number: int) -> bool:
    """Tell whether a line is left out, or stands right behind one that is."""
    before = (one for one in reversed(lines[: number - 1]) if _is_said(one) or one == LEFT_OUT)
    return LEFT_OUT in (lines[number - 1], next(before, b""))


def _syntax_fault(path: Path, error: yaml.YAMLError, number: int | None) -> Fault:
    problem = getattr(error, "problem", None) or getattr(error, "reason", None) or "cannot be read"
    what = f"this is not valid YAML: {problem}."
    return Fault(Place(path.name, number), what, "Check indentation, brackets and quotes around here.")


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
                    Place(document.path.name, line, spell((*path, key))),
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
