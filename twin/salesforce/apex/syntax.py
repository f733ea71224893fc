"""A class as written: its members, parsed and not yet checked."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from lark import Lark, Token, Tree
from lark.exceptions import UnexpectedEOF, UnexpectedInput

Node = Tree[Token]


class CompileError(Exception):
    """The class does not compile; line and column are counted from 1."""

    def __init__(self, message: str, line: int = 1, column: int = 1) -> None:
        super().__init__(message)
        self.message = message
        self.line = line
        self.column = column


@dataclass(frozen=True)
class Parameter:
    """One parameter of a method."""

    type: str
    name: str


@dataclass(frozen=True)
class Method:
    """A method, a constructor (its result is the class) or the getter of a property."""

    name: str
    result: str
    parameters: tuple[Parameter, ...]
    body: Node
    static: bool
    test: bool
    node: Node


@dataclass(frozen=True)
class Field:
    """A field or an automatic property."""

    type: str
    name: str
    first: Node | None
    static: bool
    node: Node


@dataclass
class ApexClass:
    """A parsed class; names of members in lower case, as Apex does not tell cases apart."""

    name: str
    modifiers: frozenset[str]
    test: bool
    fields: dict[str, Field] = field(default_factory=dict)
    getters: dict[str, Method] = field(default_factory=dict)
    constructors: list[Method] = field(default_factory=list)
    methods: dict[str, list[Method]] = field(default_factory=dict)

    def every(self) -> Iterator[Method]:
        """Yield everything that has a body."""
        yield from self.constructors
        yield from self.getters.values()
        for overloads in self.methods.values():
            yield from overloads


@cache
def _grammar() -> Lark:
    text = Path(__file__).with_name("apex.lark").read_text(encoding="utf-8")
    return Lark(text, parser="earley", lexer="basic", propagate_positions=True)


@cache
def parse(source: str) -> ApexClass:
    """Parse the source of one class.

    Raises:
        CompileError: It is not in the part of Apex that the twin knows.
    """
    try:
        tree = _grammar().parse(source)
    except UnexpectedEOF as error:
        last = source.count("\n") + 1
        raise CompileError("Unexpected end of file", last) from error
    except UnexpectedInput as error:
        token = getattr(error, "token", None)
        what = str(token) if token is not None else source[error.pos_in_stream or 0 : (error.pos_in_stream or 0) + 1]
        raise CompileError(f"Unexpected token '{what}'.", error.line, error.column) from error
    return _class(tree)


def _class(tree: Node) -> ApexClass:
    name = next(str(one) for one in tree.children if isinstance(one, Token))
    made = ApexClass(name, _modifiers(tree), "istest" in _annotations(tree))
    for node in tree.children:
        if isinstance(node, Tree) and node.data in MEMBERS:
            MEMBERS[node.data](made, node)
    return made


def place(node: Any) -> tuple[int, int]:
    """Return line and column of a node."""
    if isinstance(node, Token):
        return node.line or 1, node.column or 1
    return getattr(node.meta, "line", 1), getattr(node.meta, "column", 1)


def dotted(node: Node) -> str:
    """Return the name that a type node spells."""
    return "void" if node.data == "nothing" else ".".join(str(one) for one in node.children)


def _parts(node: Node, data: str) -> list[Node]:
    return [one for one in node.children if isinstance(one, Tree) and one.data == data]


def _names(node: Node) -> list[str]:
    return [str(one) for one in node.children if isinstance(one, Token)]


def _modifiers(node: Node) -> frozenset[str]:
    return frozenset(" ".join(str(one.children[0]).lower().split()) for one in _parts(node, "modifier"))


def _annotations(node: Node) -> frozenset[str]:
    return frozenset(str(one.children[0]).lower() for one in _parts(node, "annotation"))


def _add_field(made: ApexClass, node: Node) -> None:
    kind = _parts(node, "type")[0]
    name = _names(node)[0]
    last = node.children[-1]
    first = last if isinstance(last, Tree) and last is not kind else None
    made.fields[name.lower()] = Field(dotted(kind), name, first, "static" in _modifiers(node), node)


def _add_property(made: ApexClass, node: Node) -> None:
    kind, name = dotted(_parts(node, "type")[0]), _names(node)[0]
    static = "static" in _modifiers(node)
    bodies = {str(_names(one)[0]).lower(): _parts(one, "block") for one in _parts(node, "accessor")}
    if bodies.get("set"):
        raise CompileError("The twin runs no setters with a body", *place(node))
    if bodies.get("get"):
        made.getters[name.lower()] = Method(name, kind, (), bodies["get"][0], static, test=False, node=node)
    else:
        made.fields[name.lower()] = Field(kind, name, None, static, node)


def _add_constructor(made: ApexClass, node: Node) -> None:
    made.constructors.append(_method(made, node, made.name))


def _add_method(made: ApexClass, node: Node) -> None:
    result = next(one for one in node.children if isinstance(one, Tree) and one.data in {"type", "nothing"})
    method = _method(made, node, dotted(result))
    made.methods.setdefault(method.name.lower(), []).append(method)


def _method(made: ApexClass, node: Node, result: str) -> Method:
    listed = _parts(node, "parameters")[0]
    parameters = tuple(Parameter(dotted(_parts(one, "type")[0]), _names(one)[0]) for one in _parts(listed, "parameter"))
    modifiers = _modifiers(node)
    test = "istest" in _annotations(node) or "testmethod" in modifiers
    return Method(_names(node)[0], result, parameters, _parts(node, "block")[0], "static" in modifiers, test, node)


MEMBERS = {"field": _add_field, "property": _add_property, "constructor": _add_constructor, "method": _add_method}
