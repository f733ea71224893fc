"""Expressions of pages and formula fields: parsed, their names listed, evaluated."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import quote_plus

from lark import Lark, Token, Tree
from lark.exceptions import UnexpectedInput

Node = Tree[Token]
Names = Callable[[str], Any]
MERGE = re.compile(r"\{!(.*?)\}", re.DOTALL)
WORDS = {"true": True, "false": False, "null": None}


class ExpressionError(Exception):
    """A text that is no expression, or names what does not exist."""


class Link(str):
    """The text of a hyperlink, with its address."""

    address: str

    def __new__(cls, text: str, address: str) -> Link:
        """Keep both."""
        made = super().__new__(cls, text)
        made.address = address
        return made


@cache
def parse(text: str) -> Node:
    """Parse one expression.

    Raises:
        ExpressionError: It is none, or calls a function that the twin does not know.
    """
    try:
        tree = _grammar().parse(text)
    except UnexpectedInput as error:
        raise ExpressionError(f"Syntax error. Found '{text}'") from error
    for call in tree.find_data("function"):
        if str(call.children[0]).upper() not in FUNCTIONS:
            raise ExpressionError(f"Unknown function {call.children[0]}. Check spelling.")
    return tree


@cache
def _grammar() -> Lark:
    return Lark(Path(__file__).with_name("expression.lark").read_text(encoding="utf-8"), parser="lalr")


def names(text: str) -> Iterator[str]:
    """Yield the names that the expressions inside a text use, as `Lead.Name`."""
    for found in MERGE.finditer(text):
        tree = parse(found.group(1))
        for path in tree.find_data("path"):
            if str(path.children[0]).lower() not in WORDS:
                yield str(path.children[0])


def filled(text: str, known: Names) -> Any:
    """Return a text with its expressions replaced; the value itself where the text is one expression."""
    whole = MERGE.fullmatch(text.strip())
    if whole:
        return evaluate(whole.group(1), known)
    return MERGE.sub(lambda found: spelled(evaluate(found.group(1), known)), text)


def evaluate(text: str, known: Names) -> Any:
    """Return the value of one expression; `known` gives those of names."""
    return _value(parse(text), known)


def spelled(value: Any) -> str:
    """Return a value as a page writes it: nothing for null."""
    return "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)


def _value(node: Any, known: Names) -> Any:
    return _KINDS[node.data](node, known)


def _text(node: Any, known: Names) -> str:
    return re.sub(r"\\(.)", r"\1", str(node.children[0])[1:-1])


def _path(node: Any, known: Names) -> Any:
    name = str(node.children[0])
    return WORDS[name.lower()] if name.lower() in WORDS else known(name)


def _same(node: Any, known: Names) -> bool:
    left, sign, right = node.children
    equal = bool(_value(left, known) == _value(right, known))
    return equal == (str(sign) in {"=", "=="})


def _function(node: Any, known: Names) -> Any:
    name, *listed = node.children
    return FUNCTIONS[str(name).upper()]([_value(one, known) for one in listed if one is not None])


def _chosen(given: list[Any]) -> Any:
    return given[1] if given[0] else given[2]


_KINDS: dict[str, Callable[[Any, Names], Any]] = {
    "disjunction": lambda node, known: any(_value(one, known) for one in node.children),
    "conjunction": lambda node, known: all(_value(one, known) for one in node.children),
    "negation": lambda node, known: not _value(node.children[0], known),
    "joined": lambda node, known: "".join(spelled(_value(one, known)) for one in node.children),
    "number": lambda node, known: float(node.children[0]),
    "equality": _same,
    "text": _text,
    "path": _path,
    "function": _function,
}
FUNCTIONS: dict[str, Callable[[list[Any]], Any]] = {
    "NOT": lambda given: not given[0],
    "AND": all,
    "OR": any,
    "IF": _chosen,
    "ISBLANK": lambda given: given[0] in {None, ""},
    "BLANKVALUE": lambda given: given[1] if given[0] in {None, ""} else given[0],
    "URLENCODE": lambda given: quote_plus(spelled(given[0])),
    "HYPERLINK": lambda given: Link(spelled(given[1]), spelled(given[0])),
}
