"""Which fields of a refused record are left out when it is sent again."""

from __future__ import annotations

import pandas as pd
import pytest

from salesmanago_sync.clients.outcome import Outcome
from salesmanago_sync.steps.salvage import blamed
from tests.unit.domain.world import lead

FIELDS = ["name", "address.city", "tags:NEWS", "address.city"]
CHANGES = pd.DataFrame({"person": [0, 0, 0, 1], "field": FIELDS, "action": "update"})
PERSONS = pd.Index([0, 1], name="person")


def refused(*fields: str, reason: str = "VALUE_TOO_LONG") -> Outcome:
    return Outcome(ok=False, reason=reason, fields=fields)


@pytest.mark.parametrize(
    ("first", "marked"),
    [
        (refused("City"), [False, True, False, False]),
        (refused("LastName"), [True, False, False, False]),
        (refused("Interests__c"), [False, False, True, False]),
        (refused("City", "FirstName", reason="REFUSED_BY_SALESFORCE"), [True, True, False, False]),
        (refused("City", "LastName", "Interests__c"), [False] * 4),
        (refused("Somebody_Elses__c"), [False] * 4),
        (refused(), [False] * 4),
        (refused("City", reason="REQUIRED_MISSING"), [False] * 4),
        (refused("City", reason="DUPLICATE"), [False] * 4),
        (Outcome(ok=True), [False] * 4),
    ],
)
def test_only_named_fields_of_people_who_have_others(first: Outcome, marked: list[bool]) -> None:
    found = blamed(lead(), CHANGES, PERSONS, [first, Outcome(ok=True)])
    assert found.tolist() == marked


def test_who_has_nothing_else_to_send_is_left_as_refused() -> None:
    found = blamed(lead(), CHANGES, PERSONS, [Outcome(ok=True), refused("City")])
    assert found.tolist() == [False] * 4


def test_nobody_is_created_without_the_address() -> None:
    changes = pd.DataFrame({"person": [0, 0], "field": ["name", "email"]})
    outcomes = [refused("Email", "LastName")]
    persons = PERSONS[:1]
    assert blamed(lead(), changes.assign(action="create"), persons, [refused("Email")]).tolist() == [False, False]
    assert blamed(lead(), changes.assign(action="update"), persons, [refused("Email")]).tolist() == [False, True]
    assert blamed(lead(), changes.assign(action="update"), persons, outcomes).tolist() == [False, False]
