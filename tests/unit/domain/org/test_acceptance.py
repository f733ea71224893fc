"""What Salesforce would refuse, told from describe."""

from __future__ import annotations

import pytest

from salesmanago_sync.domain.org.acceptance import misfits
from salesmanago_sync.domain.org.describe import FieldSchema, Schema

FIELDS = [
    FieldSchema("City", "string", 5),
    FieldSchema("Status", "picklist", 40, restricted_picklist=True, picklist=("Open", "Closed")),
    FieldSchema("Country", "string", 80),
    FieldSchema("CountryCode", "picklist", 10, picklist=("PL",), picklist_labels=("Poland",)),
    FieldSchema("Birthdate", "date"),
    FieldSchema("Other__c", "email", 80),
    FieldSchema.from_describe({"name": "Number__c", "type": "double", "precision": 8, "scale": 2}),
    FieldSchema("Whole__c", "int"),
    FieldSchema("Called__c", "datetime"),
    FieldSchema("Flag__c", "boolean"),
]
SCHEMA = Schema("Contact", {field.name: field for field in FIELDS})


@pytest.mark.parametrize(
    ("field", "good", "bad", "reason"),
    [
        ("City", "Łódź!", "Warsaw", "VALUE_TOO_LONG"),
        ("Status", "open", "Lost", "VALUE_NOT_ALLOWED"),
        ("Country", "poland", "Atlantis", "VALUE_NOT_ALLOWED"),
        ("Country", "PL", "XX", "VALUE_NOT_ALLOWED"),
        ("Birthdate", "1980-12-31", "1980-13-01", "VALUE_INVALID"),
        ("Birthdate", "2000-02-29", "--02-29", "VALUE_INVALID"),
        ("Other__c", "a@example.com", "a@", "VALUE_INVALID"),
        ("Birthdate", "1700-01-01", "1699-12-31", "VALUE_INVALID"),
        ("Birthdate", "3999-12-31", "4000-01-01", "VALUE_INVALID"),
        ("Birthdate", "2026-01-01", "2026-W01-1", "VALUE_INVALID"),
        ("Birthdate", "2026-01-01", "20260101", "VALUE_INVALID"),
        ("Birthdate", "2026-01-01", "2026-001", "VALUE_INVALID"),
        ("Birthdate", "2026-01-01", "２０２６-01-01", "VALUE_INVALID"),
        ("Called__c", "2026-01-01T10:00:00.000+0000", "2026-W01-1T10:00:00", "VALUE_INVALID"),
        ("Called__c", "2026-01-01T10:00:00Z", "2026-01-01 10:00", "VALUE_INVALID"),
        ("Number__c", "0", "nought", "VALUE_INVALID"),
        ("Number__c", "-1.5e3", "NaN", "VALUE_INVALID"),
        ("Number__c", ".5", "Infinity", "VALUE_INVALID"),
        ("Number__c", 7, "1e400", "VALUE_INVALID"),
        ("Number__c", 7.5, "1_000", "VALUE_INVALID"),
        ("Number__c", 999999, 1000000, "VALUE_INVALID"),
        ("Number__c", "1000", "１０００", "VALUE_INVALID"),
        ("Whole__c", 12, 12.5, "VALUE_INVALID"),
    ],
)
def test_one_of_two_values_is_refused(field: str, good: object, bad: object, reason: str) -> None:
    [found] = misfits({1: good, 2: bad, 3: None}, field, SCHEMA)
    assert (found.reason, list(found.persons)) == (reason, [2])
    assert found.text.startswith(field)


def test_json_values_and_unknown_fields_are_left_to_salesforce() -> None:
    assert list(misfits({0: True, 1: 0, 2: False}, "Flag__c", SCHEMA)) == []
    assert list(misfits({0: "x"}, "Nothing__c", SCHEMA)) == []
    [found] = misfits({0: "perhaps"}, "Flag__c", SCHEMA)
    assert found.text == "Flag__c takes true or false"
