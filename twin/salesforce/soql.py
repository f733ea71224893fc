"""SOQL text to a tree: what a statement selects, from where, under which condition, in which order."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Literal

from lark import Lark, Token, Transformer, UnexpectedCharacters, UnexpectedEOF, UnexpectedInput, UnexpectedToken
from lark.exceptions import VisitError

from twin.salesforce.errors import ApiError, malformed_query, query_error

LONGEST_STATEMENT = 100_000
LONGEST_LITERAL = 4_000
LARGEST_OFFSET = 2_000
FIELDS_LIMIT = 200
ESCAPES = {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f", '"': '"', "'": "'", "\\": "\\", "N": "\n", "R": "\r"}

Kind = Literal["text", "moment", "day", "number", "true", "false", "null", "period"]


@dataclass(frozen=True)
class FieldPath:
    """A field, perhaps through parents: `Name` or `Account.Owner.Name`."""

    text: str
    at: int


@dataclass(frozen=True)
class Constant:
    """A value of the statement. Text is unescaped; `pattern` keeps the escaped wildcards for LIKE."""

    kind: Kind
    text: str
    pattern: str = ""
    at: int = 0


@dataclass(frozen=True)
class Leaf:
    """One comparison."""

    path: FieldPath
    operator: str
    values: tuple[Constant, ...]


@dataclass(frozen=True)
class Branch:
    """`and`, `or`, `not` over conditions."""

    operator: Literal["and", "or", "not"]
    parts: tuple[Condition, ...]


Condition = Leaf | Branch


@dataclass(frozen=True)
class Item:
    """One selected thing: a column, `FIELDS(...)` or `COUNT(field)`."""

    kind: Literal["column", "fields", "count_of"]
    path: FieldPath


@dataclass(frozen=True)
class Ordering:
    """One key of ORDER BY."""

    path: FieldPath
    descending: bool
    nulls_last: bool


@dataclass(frozen=True)
class Query:
    """A whole statement."""

    statement: str
    sobject: FieldPath
    items: tuple[Item, ...] = ()
    counts: bool = False
    where: Condition | None = None
    order: tuple[Ordering, ...] = field(default=())
    limit: int | None = None
    offset: int = 0


@cache
def _grammar() -> Lark:
    text = Path(__file__).with_name("soql.lark").read_text(encoding="utf-8")
    return Lark(text, start="query", parser="lalr", propagate_positions=False)


def parse(statement: str) -> Query:
    """Return the tree of a statement or refuse it the way the API does."""
    if len(statement) > LONGEST_STATEMENT:
        raise malformed_query("SOQL statements cannot be longer than 100000 characters.")
    try:
        tree = _grammar().parse(statement)
        query: Query = _Tree(statement).transform(tree)
    except UnexpectedInput as error:
        raise malformed_query(_unexpected(error)) from error
    except VisitError as error:
        if isinstance(error.orig_exc, ApiError):
            raise error.orig_exc from error
        raise
    return query


def _unexpected(error: UnexpectedInput) -> str:
    if isinstance(error, UnexpectedToken) and error.token.type != "$END":
        return f"unexpected token: '{error.token}'"
    if isinstance(error, UnexpectedCharacters):
        return f"unexpected token: '{error.char}'"
    if isinstance(error, (UnexpectedEOF, UnexpectedToken)):
        return "unexpected token: '<EOF>'"
    return "unexpected token"


def _at(token: Token) -> int:
    return token.start_pos or 0


class _Tree(Transformer[Token, Any]):
    """Builds the tree bottom up; each method is a rule of the grammar."""

    def __init__(self, statement: str) -> None:
        super().__init__()
        self._statement = statement

    def query(self, parts: list[Any]) -> Query:
        chosen: dict[str, Any] = {"items": (), "counts": False}
        for name, value in [*parts[:1], ("sobject", parts[1]), *parts[2:]]:
            chosen[name] = value
        return Query(statement=self._statement, **chosen)

    def count_all(self, _: list[Any]) -> tuple[str, Any]:
        return "counts", True

    def items(self, items: list[Item]) -> tuple[str, Any]:
        return "items", tuple(items)

    def column(self, parts: list[FieldPath]) -> Item:
        return Item("column", parts[0])

    def fields(self, parts: list[Token]) -> Item:
        return Item("fields", FieldPath(str(parts[0]).upper(), _at(parts[0])))

    def count_of(self, parts: list[FieldPath]) -> Item:
        return Item("count_of", parts[0])

    def path(self, parts: list[Token]) -> FieldPath:
        return FieldPath(str(parts[0]), _at(parts[0]))

    name = path

    def where(self, parts: list[Condition]) -> tuple[str, Condition]:
        return "where", parts[0]

    def condition(self, parts: list[Condition]) -> Condition:
        return parts[0]

    def conjunction(self, parts: list[Condition]) -> Condition:
        return Branch("and", tuple(parts))

    def disjunction(self, parts: list[Condition]) -> Condition:
        return Branch("or", tuple(parts))

    def negation(self, parts: list[Condition]) -> Condition:
        return Branch("not", tuple(parts))

    def compare(self, parts: list[Any]) -> Leaf:
        path, operator, value = parts
        return Leaf(path, "!=" if operator == "<>" else str(operator), (value,))

    def like(self, parts: list[Any]) -> Leaf:
        return Leaf(parts[0], "like", tuple(parts[1:]))

    def inside(self, parts: list[Any]) -> Leaf:
        return Leaf(parts[0], "in", tuple(parts[1:]))

    def outside(self, parts: list[Any]) -> Leaf:
        return Leaf(parts[0], "not in", tuple(parts[1:]))

    def includes(self, parts: list[Any]) -> Leaf:
        return Leaf(parts[0], "includes", tuple(parts[1:]))

    def excludes(self, parts: list[Any]) -> Leaf:
        return Leaf(parts[0], "excludes", tuple(parts[1:]))

    def order(self, parts: list[Ordering]) -> tuple[str, Any]:
        return "order", tuple(parts)

    def ordering(self, parts: list[Any]) -> Ordering:
        path, *rest = parts
        words = [str(word).upper() for word in rest]
        return Ordering(path, "DESC" in words, "LAST" in words)

    def nulls(self, parts: list[Token]) -> Token:
        return parts[0]

    def limit(self, parts: list[Token]) -> tuple[str, int]:
        return "limit", self._count(parts[0])

    def offset(self, parts: list[Token]) -> tuple[str, int]:
        offset = self._count(parts[0])
        if offset > LARGEST_OFFSET:
            raise ApiError("NUMBER_OUTSIDE_VALID_RANGE", f"Maximum SOQL offset allowed is {LARGEST_OFFSET}")
        return "offset", offset

    def _count(self, token: Token) -> int:
        if int(token) < 0:
            raise malformed_query(f"unexpected token: '{token}'")
        return int(token)

    def text(self, parts: list[Token]) -> Constant:
        inner = str(parts[0])[1:-1]
        if len(inner) > LONGEST_LITERAL:
            raise malformed_query("string literal is longer than 4000 characters")
        return Constant("text", self._unescape(inner, _at(parts[0]), like=False), self._unescape(inner, 0, like=True))

    def _unescape(self, inner: str, at: int, *, like: bool) -> str:
        def one(found: re.Match[str]) -> str:
            letter = found.group(1)
            if letter[0] == "u" and len(letter) == 5:
                return chr(int(letter[1:], 16))
            if letter in {"%", "_"}:
                return f"\\{letter}" if like else letter
            if letter not in ESCAPES:
                raise query_error("MALFORMED_QUERY", "invalid escape sequence", self._statement, at)
            # A backslash of the text stays escaped in a pattern, where SQLite's ESCAPE would eat it.
            return "\\\\" if like and letter == "\\" else ESCAPES[letter]

        return re.sub(r"\\(u[0-9A-Fa-f]{4}|.)", one, inner, flags=re.DOTALL)

    def moment(self, parts: list[Token]) -> Constant:
        return Constant("moment", str(parts[0]), at=_at(parts[0]))

    def day(self, parts: list[Token]) -> Constant:
        return Constant("day", str(parts[0]), at=_at(parts[0]))

    def number(self, parts: list[Token]) -> Constant:
        return Constant("number", str(parts[0]), at=_at(parts[0]))

    def period(self, parts: list[Token]) -> Constant:
        return Constant("period", str(parts[0]).upper(), at=_at(parts[0]))

    def true(self, _: list[Token]) -> Constant:
        return Constant("true", "true")

    def false(self, _: list[Token]) -> Constant:
        return Constant("false", "false")

    def null(self, _: list[Token]) -> Constant:
        return Constant("null", "")
