"""Field story: for each field of one person what both sides hold, what they agreed on, and who wins."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pandas as pd

from salesmanago_sync.domain.explain.explanation import FieldStory
from salesmanago_sync.domain.merge.canonical import Column
from salesmanago_sync.domain.merge.choices import TO_BOTH
from salesmanago_sync.domain.merge.merge import HOLD, NOTHING, TO_SALESFORCE, TO_SALESMANAGO
from salesmanago_sync.domain.plan.changes import Decision
from salesmanago_sync.domain.plan.plan import Plan

WINNERS = {
    TO_SALESMANAGO: "Salesforce",
    TO_SALESFORCE: "SALESmanago",
    TO_BOTH: "a person",
    HOLD: "nobody",
    NOTHING: "unchanged",
}


def fields_of_person(planned: Plan, person: int, would_report: pd.DataFrame) -> Iterator[FieldStory]:
    """Tell every mapped field of a person.

    Args:
        planned: The plan.
        person: Number of the person.
        would_report: The issues that the plan has for this person.
    """
    held = dict(zip(would_report["field"], would_report["reason"], strict=True))
    for decision in _decisions(planned, person):
        for column in decision.pairs.columns():
            yield _field(decision, column, person, held.get(column.key))


def not_read(planned: Plan, person: int) -> list[str]:
    """Name the mapped fields of a person that could not be read."""
    return [
        line.key
        for decision in _decisions(planned, person)
        for line in decision.pairs.mapping.lines
        if not set(line.salesforce) <= set(decision.pairs.records)
    ]


def _decisions(planned: Plan, person: int) -> list[Decision]:
    return [decision for decision in planned.decisions if person in decision.pairs.people.index]


def _field(decision: Decision, column: Column, person: int, held_by: str | None) -> FieldStory:
    sides = decision.pairs.sides(column)
    verdict = decision.merged[column.key].loc[person]
    equal = verdict["result"] == NOTHING and verdict["rule"] == "equal"
    return FieldStory(
        field=column.key,
        salesforce_fields=column.line.salesforce,
        salesforce=_text(sides.a[person]),
        salesmanago=_text(sides.m[person]),
        has_base=bool(sides.known[person]),
        salesforce_base=_text(sides.base_a[person]),
        salesmanago_base=_text(sides.base_m[person]),
        direction=column.rule.direction,
        conflict="consent" if column.kind == "consent" else column.rule.conflict,
        winner="equal" if equal else WINNERS[str(verdict["result"])],
        rule=str(verdict["rule"]),
        held_by=held_by,
    )


def _text(value: Any) -> str | None:
    return None if pd.isna(value) else str(value)
