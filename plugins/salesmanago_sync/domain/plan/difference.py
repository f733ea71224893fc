"""Difference: what two plans of the same people do differently, person by person and field by field."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pandas as pd

from salesmanago_sync.domain.people.matching import CREATE_IN_SALESFORCE, CREATE_IN_SALESMANAGO, PAIR
from salesmanago_sync.domain.plan.plan import Plan

TAKES_PART = (PAIR, CREATE_IN_SALESMANAGO, CREATE_IN_SALESFORCE)
ENTERS, PAUSES, LEAVES, CREATED, STAYS, OUT = "enters", "pauses", "leaves", "created", "stays", "out"
NEW, GONE, OTHER, SAME = "new", "gone", "other", "same"


@dataclass(frozen=True, slots=True)
class Standing:
    """How a person stands in both plans.

    Attributes:
        object: The object; empty where no mapping wants the person.
        salesforce_id: The record; empty where there is none.
        salesmanago_id: The contact; empty where there is none.
        now: Status in the first plan; empty where it does not know the person.
        then: Status in the second plan.
        reason: Why the second plan leaves the person out; a reason code.
        effect: `enters`, `pauses` (is bound, and no longer takes part), `leaves` (would have been bound or created, and
            no longer is), `created` (`now` says whether by the first plan, too), `stays` or `out`.
    """

    object: str
    salesforce_id: str
    salesmanago_id: str
    now: str
    then: str
    reason: str
    effect: str


@dataclass(frozen=True, slots=True)
class FieldDifference:
    """What both plans write to one field of one person.

    Attributes:
        object: The object.
        direction: Where it goes.
        action: `create` or `update`.
        salesforce_id: The record; empty where it is new.
        salesmanago_id: The contact; empty where it is new.
        field: The SALESmanago field.
        old: What is there. Personal data.
        now: What the first plan writes; None where it writes nothing. Personal data.
        then: What the second plan writes; None where it writes nothing. Personal data.
        rule: Which rule decided.
        difference: `new` (only the second plan writes), `gone` (only the first), `other` (another value) or `same`.
    """

    object: str
    direction: str
    action: str
    salesforce_id: str
    salesmanago_id: str
    field: str
    old: str | None
    now: str | None
    then: str | None
    rule: str
    difference: str


def standings(now: Plan | None, then: Plan) -> Iterator[Standing]:
    """Say of everybody how they stand in both plans.

    Args:
        now: The first plan; None where there is none to compare with.
        then: The second plan.
    """
    before, after = {} if now is None else _people(now), _people(then)
    partners = {str(row["salesmanago_id"]) for row in (*before.values(), *after.values()) if row["salesforce_id"]}
    for key in dict.fromkeys([*after, *before]):
        # Whom one plan pairs with a record, the other may know as a contact alone.
        if key in partners and not (key in before and key in after):
            continue
        here, there = before.get(key, {}), after.get(key, {})
        row = there or here
        yield Standing(
            object=there.get("object") or here.get("object") or "",
            salesforce_id=row["salesforce_id"],
            salesmanago_id=row["salesmanago_id"],
            now=here.get("status", ""),
            then=there.get("status", ""),
            reason=there.get("reason", ""),
            effect=_effect(here, there.get("status", "")),
        )


def _effect(now: dict[str, str], then: str) -> str:
    took_part = now.get("status") in TAKES_PART
    if then in (CREATE_IN_SALESMANAGO, CREATE_IN_SALESFORCE):
        return CREATED
    if then in TAKES_PART:
        return STAYS if took_part else ENTERS
    if not took_part:
        return OUT
    return PAUSES if now["matched_by"] == "binding" else LEAVES


def _people(plan: Plan) -> dict[str, dict[str, str]]:
    rows = plan.people[["object", "salesforce_id", "salesmanago_id", "matched_by", "status", "reason"]]
    told = [{str(name): _text(value) for name, value in row.items()} for row in rows.to_dict("records")]
    return {row["salesforce_id"] or row["salesmanago_id"]: row for row in told}


def field_differences(now: Plan | None, then: Plan) -> Iterator[FieldDifference]:
    """Say of every planned change of a field what both plans write; arguments as for `standings`."""
    before, after = {} if now is None else _changes(now), _changes(then)
    for key in dict.fromkeys([*after, *before]):
        here, there = before.get(key), after.get(key)
        row = there or here or {}
        yield FieldDifference(
            object=row["object"] or "",
            direction=row["direction"] or "",
            action=row["action"] or "",
            salesforce_id=row["salesforce_id"] or "",
            salesmanago_id=row["salesmanago_id"] or "",
            field=row["field"] or "",
            old=row["old"],
            now=None if here is None else here["new"] or "",
            then=None if there is None else there["new"] or "",
            rule=row["rule"] or "",
            difference=_difference(here, there),
        )


def _difference(here: dict[str, str | None] | None, there: dict[str, str | None] | None) -> str:
    if here is None or there is None:
        return NEW if here is None else GONE
    return SAME if here["new"] == there["new"] else OTHER


def _changes(plan: Plan) -> dict[tuple[str, ...], dict[str, str | None]]:
    found: dict[tuple[str, ...], dict[str, str | None]] = {}
    for row in plan.changes.to_dict("records"):
        told = {str(name): None if pd.isna(value) else str(value) for name, value in row.items()}
        person = told["salesforce_id"] or told["salesmanago_id"] or ""
        found[person, str(told["direction"]), str(told["field"])] = told
    return found


def _text(value: Any) -> str:
    return "" if pd.isna(value) else str(value)
