"""The verdict of criteria on one record, with the conditions that decided."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import pandas as pd

from salesmanago_sync.domain.criteria.language import Any_, Criterion, Leaf, Not, in_words, leaves
from salesmanago_sync.domain.criteria.mask import mask

Answers = Mapping[Leaf, bool]


@dataclass(frozen=True, slots=True)
class Condition:
    """One condition and what became of it.

    Attributes:
        asked: The condition in words.
        value: What the record holds; None is blank.
        met: Whether it is met.
    """

    asked: str
    value: str | None
    met: bool


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a record meets criteria, and why.

    Attributes:
        met: Whether it does.
        criteria: The whole in words; empty where there are none.
        deciding: The conditions that decided: with other values in these fields the verdict could change.
    """

    met: bool
    criteria: str = ""
    deciding: tuple[Condition, ...] = ()


def judge(criterion: Criterion | None, record: pd.DataFrame, types: Mapping[str, str], now: datetime) -> Verdict:
    """Judge one record.

    Args:
        criterion: What is asked; None lets everybody in.
        record: A frame of one row.
        types: Describe type by field name.
        now: The moment that relative days are counted from.
    """
    if criterion is None:
        return Verdict(True)
    answers = {leaf: bool(mask(leaf, record, types, now).iloc[0]) for leaf in leaves(criterion)}
    deciding = dict.fromkeys(_deciding(criterion, answers))
    conditions = tuple(Condition(in_words(leaf), _held(record, leaf.field), answers[leaf]) for leaf in deciding)
    return Verdict(_met(criterion, answers), in_words(criterion), conditions)


def _held(record: pd.DataFrame, field: str) -> str | None:
    value = record[field].iloc[0]
    return None if pd.isna(value) else str(value)


def _met(criterion: Criterion, answers: Answers) -> bool:
    if isinstance(criterion, Leaf):
        return answers[criterion]
    if isinstance(criterion, Not):
        return not _met(criterion.part, answers)
    parts = (_met(part, answers) for part in criterion.parts)
    return any(parts) if isinstance(criterion, Any_) else all(parts)


def _deciding(criterion: Criterion, answers: Answers) -> list[Leaf]:
    """Find the conditions that decide: one part is enough where it settles the whole, else every part counts."""
    if isinstance(criterion, Leaf):
        return [criterion]
    if isinstance(criterion, Not):
        return _deciding(criterion.part, answers)
    settles = isinstance(criterion, Any_)
    settling = [part for part in criterion.parts if _met(part, answers) is settles]
    return [leaf for part in settling[:1] or criterion.parts for leaf in _deciding(part, answers)]
