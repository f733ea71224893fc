"""Criteria as a mask over a frame: the rows that meet them, exactly those that the SOQL of `criteria_soql` selects."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import reduce
from typing import Any

import numpy as np
import pandas as pd

from salesmanago_sync.domain.criteria.language import (
    COMPARISONS,
    OPPOSITES,
    PATTERNS,
    All,
    Criterion,
    Leaf,
    Not,
    checked_kind,
)
from salesmanago_sync.domain.criteria.literals import (
    Kind,
    Piece,
    as_day,
    as_instant,
    as_number,
    day,
    number,
    pattern,
    span,
)
from salesmanago_sync.domain.frames import full_id
from salesmanago_sync.domain.tags import JOINT, spell_tag, split_tags
from salesmanago_sync.errors import ConfigurationError, Fault

TAGS = "tags"
_COMPARE: Mapping[str, Callable[[Any, Any], bool]] = {op: getattr(operator, op) for op in COMPARISONS}
_READ: Mapping[Kind, Callable[[Any], Any]] = {
    "text": lambda text: text.lower(),
    "id": full_id,
    "boolean": lambda text: text.lower() == "true",
    "number": as_number,
    "date": as_day,
    "datetime": as_instant,
    "multipicklist": lambda text: _parts(text),
}


def mask(criterion: Criterion, frame: pd.DataFrame, types: Mapping[str, str], now: datetime | None = None) -> pd.Series:
    """Tell which rows of a frame meet a criterion.

    Args:
        criterion: What to ask.
        frame: A frame of either side, with every field that the criterion looks at.
        types: Describe type by field name.
        now: The moment that relative days are counted from.

    Returns:
        True or false for each row.

    Raises:
        ConfigurationError: A field was not read: absent is not blank.
    """
    if isinstance(criterion, Leaf):
        return _leaf_mask(criterion, frame, types, now)
    if isinstance(criterion, Not):
        return ~mask(criterion.part, frame, types, now)
    link = operator.and_ if isinstance(criterion, All) else operator.or_
    return reduce(link, (mask(part, frame, types, now) for part in criterion.parts))


def _leaf_mask(leaf: Leaf, frame: pd.DataFrame, types: Mapping[str, str], now: datetime | None) -> pd.Series:
    kind = checked_kind(leaf, types)
    if leaf.field not in frame:
        raise ConfigurationError([Fault(f"criteria, {leaf.field}", "was not read, so nobody can be asked for it.")])
    values = frame[leaf.field]
    if leaf.field == TAGS:
        values, leaf = values.map(_spelled_tags, na_action="ignore"), _with_spelled_tags(leaf)
    if leaf.op == "is_null":
        met = _met(values, lambda value: True, kind) != (leaf.value is True)
    else:
        met = _met(values, _test(leaf, kind, now), kind) != (leaf.op in OPPOSITES)
    return pd.Series(met, index=frame.index)


def _met(values: pd.Series, test: Callable[[Any], bool], kind: Kind) -> np.ndarray[Any, np.dtype[np.bool_]]:
    """Ask each different value once; a blank meets nothing, unless it is a boolean: that is false."""
    codes, uniques = pd.factorize(values)
    blank = kind == "boolean" and test(False)
    answers = [_answer(value, test, kind, blank) for value in uniques]
    # A blank has the code -1, which is the last place.
    return np.array([*answers, blank], dtype=bool)[codes]


def _answer(value: Any, test: Callable[[Any], bool], kind: Kind, blank: bool) -> bool:
    text = value.strip() if isinstance(value, str) else value
    read = None if text == "" else _READ[kind](text)
    return blank if read is None else bool(test(read))


def _test(leaf: Leaf, kind: Kind, now: datetime | None) -> Callable[[Any], bool]:
    """Make the positive test of a condition: its answer for one value that is not blank."""
    op = OPPOSITES.get(leaf.op, leaf.op)
    if op in PATTERNS:
        regex = _regex(pattern(op, str(leaf.value)) or ())
        return lambda text: regex.fullmatch(text) is not None
    if op == "includes":
        groups = [_parts(str(group)) for group in leaf.operands]
        return lambda chosen: any(group <= chosen for group in groups)
    if kind == "datetime":
        return _moment_test(leaf, op, now)
    operands = [_operand(operand, kind, now) for operand in leaf.operands]
    if op in COMPARISONS:
        return lambda value: _COMPARE[op](value, operands[0])
    return lambda value: value in operands


def _operand(value: Any, kind: Kind, now: datetime | None) -> Any:
    if kind == "boolean":
        return value is True
    if kind == "number":
        return number(value)
    if kind == "date":
        return day(value, now)
    return _READ[kind](str(value).strip())


def _moment_test(leaf: Leaf, op: str, now: datetime | None) -> Callable[[Any], bool]:
    ends = [span(operand, now) for operand in leaf.operands]
    if op not in COMPARISONS:
        return lambda moment: any(start <= moment < end if end else moment == start for start, end in ends)
    start, end = ends[0]
    if end is None or op in {"lt", "ge"}:
        return lambda moment: _COMPARE[op](moment, start)
    # A day is all of it: after it begins with the next day, up to it ends there.
    return lambda moment: moment < end if op == "le" else moment >= end


def _parts(text: str) -> frozenset[str]:
    return frozenset(part for part in (part.strip().lower() for part in text.split(";")) if part)


def _spelled_tags(text: str) -> str:
    return JOINT.join(map(spell_tag, split_tags(text)))


def _with_spelled_tags(leaf: Leaf) -> Leaf:
    """SALESmanago knows a tag by one spelling, however a person types it."""
    if isinstance(leaf.value, bool):
        return leaf
    spelled = tuple(_spelled_tags(str(group)) for group in leaf.operands)
    return leaf.model_copy(update={"value": spelled})


def _regex(pieces: tuple[Piece, ...]) -> re.Pattern[str]:
    wildcards = {"any": ".*", "one": "."}
    return re.compile("".join(wildcards.get(kind) or re.escape(text.lower()) for kind, text in pieces), re.DOTALL)
