"""Which fields of a refused record are left out when it is sent again."""

from __future__ import annotations

import pandas as pd
import pytest

from salesmanago_sync.clients.outcome import Outcome
from salesmanago_sync.steps.salvage import blame
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
        (refused("State"), [False, True, False, False]),
        (refused("CountryCode"), [False, True, False, False]),
        (refused("MailingState"), [True, True, True, False]),
        (refused("Somebody_Elses__c"), [True, True, True, False]),
        (refused(), [False] * 4),
        (refused("City", reason="REQUIRED_MISSING"), [False] * 4),
        (refused("City", reason="DUPLICATE"), [False] * 4),
        (Outcome(ok=True), [False] * 4),
    ],
)
def test_only_named_fields_of_people_who_have_others(first: Outcome, marked: list[bool]) -> None:
    found = blame(lead(), CHANGES, PERSONS, [first, Outcome(ok=True)]).marked
    assert found.tolist() == marked


def test_who_has_nothing_else_to_send_is_left_as_refused() -> None:
    found = blame(lead(), CHANGES, PERSONS, [Outcome(ok=True), refused("City")]).marked
    assert found.tolist() == [False] * 4


def test_nobody_is_created_without_the_address() -> None:
    changes = pd.DataFrame({"person": [0, 0], "field": ["name", "email"]})
    outcomes = [refused("Email", "LastName")]
    persons = PERSONS[:1]

    def marked(action: str, *outcomes: Outcome) -> list[bool]:
        return blame(lead(), changes.assign(action=action), persons, outcomes).marked.tolist()

    assert marked("create", refused("Email")) == [False, False]
    assert marked("create", refused("Somebody_Elses__c")) == [False, False]
    assert marked("update", refused("Email")) == [False, True]
    assert marked("update", *outcomes) == [False, False]


def test_what_a_refusal_may_mean_is_tried_one_by_one() -> None:
    lines = [
        {"salesforce": "Email", "salesmanago": "email"},
        {"salesforce": ["FirstName", "LastName"], "salesmanago": "name", "convert": "full_name"},
        {"salesforce": "City", "salesmanago": "address.city"},
        {"salesforce": "Country", "salesmanago": "address.country", "convert": "country"},
    ]
    changes = pd.DataFrame({"person": 0, "field": ["name", "address.city", "address.country"], "action": "update"})
    parts = ["address.city", "address.country"]
    found = blame(lead(fields=lines, details=[]), changes, PERSONS[:1], [refused("State")])
    assert (found.marked.tolist(), found.apart.tolist()) == ([False, True, True], ["", *parts])
    only = changes[1:]
    found = blame(lead(fields=lines, details=[]), only, PERSONS[:1], [refused("State")])
    assert (found.marked.tolist(), found.apart.tolist()) == ([True, True], parts)
    found = blame(lead(fields=lines, details=[]), only[1:], PERSONS[:1], [refused("State")])
    assert (found.marked.tolist(), found.apart.tolist()) == ([False], [""])
    # An address that is not blamed is tried as one before its parts are.
    found = blame(lead(fields=lines, details=[]), changes, PERSONS[:1], [refused("Somebody_Elses__c")])
    assert found.apart.tolist() == ["name", "Address", "Address"]
