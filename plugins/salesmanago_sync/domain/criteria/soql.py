"""Criteria as SOQL: escaped, fully parenthesised, every condition with its own null test.

What SOQL makes of null under `!=`, `NOT IN`, `NOT … LIKE` and `EXCLUDES` is not documented. So `not` is pushed down to
the conditions, and each one says itself whether a blank field meets it: a positive one `(… AND F != null)`, its
opposite `(… OR F = null)`. Booleans are never null and get no such test.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from salesmanago_sync.domain.criteria.language import OPPOSITES, PATTERNS, All, Criterion, Leaf, Not, checked_kind
from salesmanago_sync.domain.criteria.literals import (
    Kind,
    Piece,
    day,
    number,
    pattern,
    span,
)
from salesmanago_sync.domain.frames import full_id
from salesmanago_sync.errors import ConfigurationError, Fault

# A field of the object, or of one of at most five parents; anything else would be SOQL of its own.
_FIELD = re.compile(r"[A-Za-z]\w*(?:\.[A-Za-z]\w*){0,5}", re.ASCII)
_ESCAPES = str.maketrans({"\\": "\\\\", "'": "\\'", "\n": "\\n", "\r": "\\r", "\t": "\\t"})
_WILDCARDS = str.maketrans({"%": "\\%", "_": "\\_"})
_SIGNS = {"eq": "=", "lt": "<", "le": "<=", "gt": ">", "ge": ">="}
_OPPOSITE_SIGNS = {"=": "!=", "<": ">=", "<=": ">", ">": "<=", ">=": "<"}


def to_soql(criterion: Criterion, types: Mapping[str, str], now: datetime | None = None) -> str:
    """Write a criterion as a SOQL condition.

    Args:
        criterion: What to write.
        types: Describe type by field name.
        now: The moment that relative days are counted from.

    Returns:
        A condition in parentheses, for use after WHERE or AND.

    Raises:
        ConfigurationError: A field or value cannot be written, which `check_types` would have said before.
    """
    return _written(criterion, True, lambda leaf, wanted: _condition(leaf, wanted, types, now))


def _written(criterion: Criterion, wanted: bool, condition: Callable[[Leaf, bool], str]) -> str:
    if isinstance(criterion, Leaf):
        return condition(criterion, wanted)
    if isinstance(criterion, Not):
        return _written(criterion.part, not wanted, condition)
    # De Morgan: not (a and b) is (not a) or (not b).
    link = " AND " if isinstance(criterion, All) == wanted else " OR "
    return "(" + link.join(_written(part, wanted, condition) for part in criterion.parts) + ")"


def _condition(leaf: Leaf, wanted: bool, types: Mapping[str, str], now: datetime | None) -> str:
    kind = checked_kind(leaf, types)
    if not _FIELD.fullmatch(leaf.field):
        raise ConfigurationError([Fault(f"criteria, {leaf.field}", "is not a field that SOQL can filter by.")])
    if leaf.op == "is_null":
        return f"({leaf.field} {'=' if leaf.value is wanted else '!='} null)"
    wanted = wanted != (leaf.op in OPPOSITES)
    comparison = _comparison(leaf, OPPOSITES.get(leaf.op, leaf.op), kind, wanted, now)
    if kind == "boolean":
        return f"({comparison})"
    return f"({comparison} {'AND' if wanted else 'OR'} {leaf.field} {'!=' if wanted else '='} null)"


def _comparison(leaf: Leaf, op: str, kind: Kind, wanted: bool, now: datetime | None) -> str:
    """Compare without the null test; `wanted` false gives the opposite for fields that are not null."""
    if op in PATTERNS:
        like = f"{leaf.field} LIKE '{_like(pattern(op, str(leaf.value)) or ())}'"
        return like if wanted else f"(NOT {like})"
    if op == "includes":
        return f"{leaf.field} {'INCLUDES' if wanted else 'EXCLUDES'} ({', '.join(map(_group, leaf.operands))})"
    if kind == "datetime":
        return _moments(leaf, op, wanted, now)
    literals = [_literal(operand, kind, now) for operand in leaf.operands]
    if op == "in":
        return f"{leaf.field} {'IN' if wanted else 'NOT IN'} ({', '.join(literals)})"
    return f"{leaf.field} {_sign(op, wanted)} {literals[0]}"


def _sign(op: str, wanted: bool) -> str:
    return _SIGNS[op] if wanted else _OPPOSITE_SIGNS[_SIGNS[op]]


def _moments(leaf: Leaf, op: str, wanted: bool, now: datetime | None) -> str:
    tests = [_moment(leaf.field, "eq" if op == "in" else op, operand, wanted, now) for operand in leaf.operands]
    return tests[0] if len(tests) == 1 else "(" + (" OR " if wanted else " AND ").join(tests) + ")"


def _moment(field: str, op: str, operand: Any, wanted: bool, now: datetime | None) -> str:
    start, end = span(operand, now)
    if end is None:
        return f"{field} {_sign(op, wanted)} {_utc(start)}"
    if op == "eq":
        link = "AND" if wanted else "OR"
        return f"({field} {_sign('ge', wanted)} {_utc(start)} {link} {field} {_sign('lt', wanted)} {_utc(end)})"
    # A day is all of it: after it begins with the next day, up to it ends there.
    bound, op = {"lt": (start, "lt"), "ge": (start, "ge"), "le": (end, "lt"), "gt": (end, "ge")}[op]
    return f"{field} {_sign(op, wanted)} {_utc(bound)}"


def _utc(moment: datetime) -> str:
    milliseconds = f".{moment.microsecond // 1000:03d}" if moment.microsecond else ""
    return f"{moment:%Y-%m-%dT%H:%M:%S}{milliseconds}Z"


def _quoted(text: str) -> str:
    return f"'{text.strip().translate(_ESCAPES)}'"


def _group(group: Any) -> str:
    return _quoted(";".join(part.strip() for part in str(group).split(";")))


def _like(pieces: tuple[Piece, ...]) -> str:
    # Escape the backslash before a wildcard gets one.
    return "".join(text.translate(_ESCAPES).translate(_WILDCARDS) if kind == "text" else text for kind, text in pieces)


def _literal(value: Any, kind: Kind, now: datetime | None) -> str:
    if kind == "boolean":
        return "true" if value is True else "false"
    if kind == "number":
        return format(number(value), "f")
    if kind == "date":
        return day(value, now).isoformat()
    return _quoted(full_id(str(value).strip()) if kind == "id" else str(value))
