"""What a plan does is counted, and held against limits; each limit is a setting."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from salesmanago_sync.domain.plan.limits import FEW, LIMITS, added, measures, passed
from salesmanago_sync.domain.plan.scope import Scope
from salesmanago_sync.domain.staged_frames import CHANGES
from salesmanago_sync.settings import Settings

BLANK: dict[str, Any] = {
    "person": 0,
    "object": "Lead",
    "direction": "to_salesmanago",
    "action": "update",
    "salesforce_id": "00Q1",
    "salesmanago_id": "c-1",
    "field": "company",
    "old": "Acme",
    "new": "Globex",
    "source": "Globex",
    "rule": "salesforce",
    "lane": "fields",
}
NONE_ALLOWED = {limit.name: 0 for limit in LIMITS}


def changes(*rows: dict[str, Any], people: int = 1) -> pd.DataFrame:
    found = [
        {**BLANK, "person": number, "salesforce_id": f"00Q{number}", **row} for row in rows for number in range(people)
    ]
    return CHANGES.frame(found)


def counts(frame: pd.DataFrame) -> dict[str, int]:
    found = added(measures(frame))
    return dict(zip(found["measure"], found["count"], strict=True))


@pytest.mark.parametrize(
    ("row", "found"),
    [
        ({}, {"overwrites": 1, "updates": 1}),
        ({"lane": "moves 1"}, {"overwrites": 1, "updates": 1}),
        ({"lane": "moves 1", "new": None}, {"blanks": 1, "updates": 1}),
        ({"old": None}, {"updates": 1}),
        ({"new": None}, {"blanks": 1, "updates": 1}),
        ({"old": "", "new": None}, {"updates": 1}),
        ({"action": "create", "old": None}, {"creates": 1}),
        ({"field": "optedOut", "old": "false", "new": "true", "lane": "consent"}, {"updates": 1}),
        (
            {"field": "optedOut", "old": "false", "new": "true", "lane": "consent", "rule": "deleted in Salesforce"},
            {"policy_opt_outs": 1, "updates": 1},
        ),
        (
            {"field": "optedOut", "lane": "consent", "rule": "opted out before the records became one"},
            {"updates": 1},
        ),
        (
            {"field": "tags:LEFT", "old": None, "new": "true", "rule": "left the criteria"},
            {"policy_tags": 1, "updates": 1},
        ),
        ({"field": "delete", "old": None, "new": "true", "lane": "delete"}, {"deletes": 1}),
    ],
)
def test_everything_is_counted_as_what_it_is(row: dict[str, Any], found: dict[str, int]) -> None:
    assert counts(changes(row)) == found


def test_people_are_counted_once_and_values_each() -> None:
    both = ({"new": None}, {"new": None, "field": "city"})
    assert counts(changes(*both, people=3)) == {"blanks": 6, "updates": 3}
    created = ({"action": "create", "old": None}, {"action": "create", "old": None, "field": "city"})
    assert counts(changes(*created, people=3)) == {"creates": 3}


def test_each_field_object_and_direction_has_its_own_limit() -> None:
    rows = ({}, {"field": "city"}, {"object": "Contact"}, {"direction": "to_salesforce"})
    found = added(pd.concat([measures(changes(row, people=2)) for row in rows]))
    overwrites = found[found["measure"].eq("overwrites")]
    assert overwrites["count"].tolist() == [2, 2, 2, 2]


def test_parts_are_added_up_with_examples_by_id() -> None:
    found = added(pd.concat([measures(changes({"new": None}, people=5)), measures(changes({"new": None}))]))
    [one] = [one for one in passed(found, {**NONE_ALLOWED, "limit_blanks": 5}, {}) if one.limit.name == "limit_blanks"]
    assert (one.count, one.allowed, one.examples) == (6, 5, ("00Q0", "00Q1", "00Q2"))
    assert passed(found, {**NONE_ALLOWED, "limit_blanks": 6}, {}) == []


@pytest.mark.parametrize(
    ("people", "bound", "asks"), [(FEW, 0, False), (FEW + 1, 0, True), (300, 1000, False), (301, 1000, True)]
)
def test_a_percentage_is_of_those_bound_and_never_asks_about_few(people: int, bound: int, asks: bool) -> None:
    found = added(measures(changes({}, people=people)))
    limit = {**NONE_ALLOWED, "limit_overwrites_percent": 30}
    assert bool(passed(found, limit, {"Lead": bound})) is asks


def test_nothing_planned_passes_no_limit() -> None:
    assert passed(added(measures(changes())), NONE_ALLOWED, {}) == []


def test_every_limit_is_a_setting_and_every_such_setting_a_limit() -> None:
    settings = {name for name in Settings.model_fields if name.startswith("limit_")}
    assert settings == {limit.name for limit in LIMITS}
    assert {limit.name for limit in LIMITS if limit.percent} == {name for name in settings if name.endswith("percent")}


@pytest.mark.parametrize(
    ("scope", "held"),
    [
        (Scope(), [True, True, True]),
        (Scope(objects=("Lead",)), [True, True, False]),
        (Scope(direction="to_salesforce"), [False, False, True]),
        (Scope(fields=("company",)), [True, False, True]),
        (Scope(fields=("city",)), [False, False, False]),
    ],
)
def test_a_scope_takes_a_part_of_a_plan(scope: Scope, held: list[bool]) -> None:
    rows = ({}, {"action": "create"}, {"object": "Contact", "direction": "to_salesforce"})
    assert scope.holds(changes(*rows)).tolist() == held
    assert scope.is_whole is (scope == Scope())


def test_for_some_fields_nobody_is_deleted() -> None:
    rows = ({"field": "delete", "lane": "delete"}, {"field": "company"})
    assert Scope(fields=("company", "delete")).holds(changes(*rows)).tolist() == [False, True]
