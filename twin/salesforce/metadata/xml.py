"""Metadata files: read, checked against the element table, and written as the service writes them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import groupby
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

import yaml
from lxml import etree  # type: ignore[import-untyped]

from twin.salesforce.metadata.problems import Problem, RefusedError

NAMESPACE = "http://soap.sforce.com/2006/04/metadata"
HEADER = '<?xml version="1.0" encoding="UTF-8"?>\n'
ELEMENT = re.compile(r"(\w+)([*!]?)(?:=(\w+))?")
QUOTES = {"'": "&apos;", '"': "&quot;"}
NUMBERS = {"int": r"-?\d+", "double": r"-?\d+(\.\d+)?", "boolean": "true|false|1|0"}


@dataclass(frozen=True)
class Element:
    """One element that a type may hold."""

    name: str
    repeated: bool
    required: bool
    holds: str


@cache
def _tables() -> tuple[dict[str, dict[str, Element]], dict[str, frozenset[str]]]:
    loaded = yaml.safe_load(Path(__file__).with_name("elements.yaml").read_text(encoding="utf-8"))
    types = {name: {one.name: one for one in map(_element, listed)} for name, listed in loaded["types"].items()}
    return types, {name: frozenset(map(str, listed)) for name, listed in loaded["enums"].items()}


def _element(text: str) -> Element:
    found = ELEMENT.fullmatch(text)
    if found is None:
        raise ValueError(text)
    name, mark, holds = found.groups()
    return Element(name, mark == "*", mark == "!", holds or "string")


def elements(kind: str) -> dict[str, Element]:
    """Return the elements of a type, in their order."""
    return _tables()[0][kind]


@dataclass(frozen=True)
class Source:
    """A parsed file."""

    content: bytes
    root: Any

    def place(self, node: Any) -> tuple[int, int]:
        """Return line and column where the start tag of an element ends: that is what the service points at."""
        line = self.content.decode(errors="replace").splitlines()[node.sourceline - 1]
        start = line.find(f"<{name_of(node)}")
        return node.sourceline, line.find(">", start) + 2

    def problem(self, text: str, node: Any) -> Problem:
        """Return a problem of an element."""
        return Problem(text, *self.place(node))


def name_of(node: Any) -> str:
    """Return the local name of an element."""
    return str(etree.QName(node).localname)


def children(node: Any) -> list[Any]:
    """Return the child elements, without comments."""
    return [one for one in node if isinstance(one.tag, str)]


def under(node: Any, name: str) -> list[Any]:
    """Return the children of that name."""
    return [one for one in children(node) if name_of(one) == name]


def text_of(node: Any, name: str, default: str = "") -> str:
    """Return the text of a child, or the default when it is not there."""
    found = under(node, name)
    return (found[0].text or "").strip() if found else default


def is_true(node: Any, name: str) -> bool:
    """Tell whether a child says true."""
    return text_of(node, name).lower() in {"true", "1"}


def read(content: bytes, kind: str, also: frozenset[str] = frozenset()) -> Source:
    """Parse a file of a type and check its elements.

    Args:
        content: The file.
        kind: The type, which is also the name of the root element.
        also: Names of elements that this org knows besides the table.

    Raises:
        RefusedError: It is no XML of that type; like the service, with the first fault alone.
    """
    try:
        root = etree.fromstring(content, etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=False))
    except etree.XMLSyntaxError as error:
        raise RefusedError(Problem(f"Error parsing file: {error.msg}", *error.position)) from error
    source = Source(content, root)
    if name_of(root) != kind or etree.QName(root).namespace != NAMESPACE:
        raise RefusedError(
            source.problem(f"Error parsing file: Unexpected element {root.tag} during simple type", root)
        )
    for problem in _faults(source, root, kind, also):
        raise RefusedError(problem)
    return source


def _faults(source: Source, node: Any, kind: str, also: frozenset[str]) -> Iterator[Problem]:
    known, seen = elements(kind), set[str]()
    # The order of elements is free, but those of one name stand together.
    for name, group in groupby(children(node), key=name_of):
        found = list(group)
        if name in also:
            continue
        if name not in known:
            where = f"Element {found[0].tag} invalid at this location in type {kind}"
            yield source.problem(f"Error parsing file: {where}", found[0])
            return
        if name in seen or (len(found) > 1 and not known[name].repeated):
            text = f"Error parsing file: Element {name} is duplicated at this location in type {kind}"
            yield source.problem(text, found[-1] if name not in seen else found[0])
            return
        seen.add(name)
        for one in found:
            yield from _value_faults(source, one, known[name].holds, also)
    missing = [one.name for one in known.values() if one.required and one.name not in seen]
    if missing:
        yield source.problem(f"Required field is missing: {missing[0]}", node)


def _value_faults(source: Source, node: Any, holds: str, also: frozenset[str]) -> Iterator[Problem]:
    types, enums = _tables()
    text = (node.text or "").strip()
    if holds in types:
        yield from _faults(source, node, holds, also)
    elif holds in enums and text not in enums[holds]:
        yield source.problem(f"'{text}' is not a valid value for the enum '{holds}'", node)
    elif holds in NUMBERS and not re.fullmatch(NUMBERS[holds], text):
        yield source.problem(f"'{text}' is not a valid value for the type xsd:{holds}", node)


def write(node: Any) -> bytes:
    """Return an element as a file in the service's own spelling: four blanks, quotes escaped, no comments."""
    name = name_of(node)
    body = "".join(_written(one, 1) for one in children(node))
    return f'{HEADER}<{name} xmlns="{NAMESPACE}">\n{body}</{name}>\n'.encode()


def fragment(node: Any, name: str | None = None, prefix: str = "") -> str:
    """Return an element without declarations, for a SOAP answer or a file around it."""
    return _written(node, 1, name, prefix)


def _written(node: Any, depth: int, name: str | None = None, prefix: str = "") -> str:
    tag, pad, parts = f"{prefix}{name or name_of(node)}", "    " * depth, children(node)
    if parts:
        body = "".join(_written(one, depth + 1, None, prefix) for one in parts)
        return f"{pad}<{tag}>\n{body}{pad}</{tag}>\n"
    text = escape(node.text or "", QUOTES)
    return f"{pad}<{tag}>{text}</{tag}>\n" if text else f"{pad}<{tag}/>\n"
