"""What two plans do differently: nobody counted twice, nobody lost, and a value that is empty is a value."""

from __future__ import annotations

import pandas as pd

from salesmanago_sync.domain.plan.difference import field_differences, standings
from salesmanago_sync.domain.plan.plan import Plan
from salesmanago_sync.domain.staged_frames import CHANGES, MATCHED_PEOPLE

PERSON = {"object": "Lead", "matched_by": "binding", "status": "pair"}
CHANGE = {"person": 0, "object": "Lead", "direction": "to_salesmanago", "action": "update", "salesforce_id": "00Q1"}


def a_plan(people: list[dict[str, object]], changes: list[dict[str, object]] = []) -> Plan:  # noqa: B006 - never changed
    nothing = pd.DataFrame()
    return Plan(MATCHED_PEOPLE.frame(people), CHANGES.frame(changes), nothing, nothing, nothing)


def effects(now: Plan | None, then: Plan) -> dict[str, str]:
    found = list(standings(now, then))
    told = {one.salesforce_id or one.salesmanago_id: one.effect for one in found}
    assert len(told) == len(found), "somebody is told twice"
    return told


def test_everybody_is_told_once_with_what_becomes_of_them() -> None:
    bound = {**PERSON, "salesforce_id": "00Q1", "salesmanago_id": "m1"}
    out = {"object": "Lead", "salesforce_id": "00Q2", "status": "skip", "reason": "OUT_OF_CRITERIA"}
    stranger = {"salesmanago_id": "m3", "status": "skip", "reason": "OUT_OF_CRITERIA"}
    now = a_plan([bound, out, stranger])
    then = a_plan(
        [
            {**bound, "status": "skip", "reason": "PAUSED"},
            {**out, "status": "create_in_salesmanago", "reason": None},
            {**stranger, "object": "Lead", "status": "create_in_salesforce", "reason": None},
        ]
    )
    assert effects(now, then) == {"00Q1": "pauses", "00Q2": "created", "m3": "created"}
    assert effects(then, now) == {"00Q1": "enters", "00Q2": "leaves", "m3": "leaves"}
    assert effects(now, now) == {"00Q1": "stays", "00Q2": "out", "m3": "out"}
    assert effects(None, now) == {"00Q1": "enters", "00Q2": "out", "m3": "out"}


def test_whom_one_plan_pairs_the_other_may_know_apart() -> None:
    apart = a_plan(
        [
            {"object": "Lead", "salesforce_id": "00Q1", "status": "skip", "reason": "OUT_OF_CRITERIA"},
            {"salesmanago_id": "m1", "status": "skip", "reason": "OUT_OF_CRITERIA"},
        ]
    )
    paired = a_plan([{**PERSON, "matched_by": "email", "salesforce_id": "00Q1", "salesmanago_id": "m1"}])
    assert effects(apart, paired) == {"00Q1": "enters"}
    assert effects(paired, apart) == {"00Q1": "leaves"}


def test_every_change_of_either_plan_is_told_beside_the_other() -> None:
    def changed(**values: object) -> Plan:
        return a_plan([], [{**CHANGE, "field": name, "old": "x", "new": new} for name, new in values.items()])

    told = {
        one.field: (one.now, one.then, one.difference)
        for one in field_differences(changed(a="1", b="1", c="1", e=""), changed(a="1", b="2", d="", e=""))
    }
    assert told == {
        "a": ("1", "1", "same"),
        "b": ("1", "2", "other"),
        "c": ("1", None, "gone"),
        "d": (None, "", "new"),
        "e": ("", "", "same"),
    }
    assert {one.difference for one in field_differences(None, changed(a="1"))} == {"new"}
