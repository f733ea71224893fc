from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from pydantic import ValidationError

from salesmanago_sync.domain.criteria.language import (
    SALESMANAGO_TYPES,
    All,
    Leaf,
    check_types,
    fields_of,
    in_words,
)
from tests.unit.domain.criterion import parse_criterion

TYPES = {
    "Name": "string",
    "Status": "picklist",
    "Score": "int",
    "Amount": "double",
    "Active": "boolean",
    "Born": "date",
    "Seen": "datetime",
    "OwnerId": "reference",
    "Tags": "multipicklist",
    "Place": "address",
}


def leaf(field: str, op: str, value: object) -> Leaf:
    return parse_criterion({"field": field, "op": op, "value": value})


def test_a_nested_criterion_is_read_with_its_fields():
    criterion = parse_criterion(
        {
            "all": [
                {"field": "LeadSource", "op": "in", "value": ["Web", "Event"]},
                {"not": {"any": [{"field": "Status", "op": "eq", "value": "Lost"}]}},
            ]
        }
    )
    assert isinstance(criterion, All)
    assert fields_of(criterion) == {"LeadSource", "Status"}


@pytest.mark.parametrize(
    "value", [True, 1, 1.5, "1", "2026-01-31", date(2026, 1, 31), datetime(2026, 1, 31, tzinfo=UTC)]
)
def test_a_value_keeps_the_type_that_it_was_written_with(value):
    kept = leaf("F", "eq", value).value
    assert kept == value
    assert type(kept) is type(value)


@pytest.mark.parametrize(
    ("op", "value", "said"),
    [
        ("equals", "x", "Input should be 'eq'"),
        ("eq", None, "use is_null"),
        ("eq", "", "use is_null"),
        ("eq", "  ", "not blank"),
        ("eq", ["a"], "for a list use in"),
        ("eq", {"a": 1}, "a value is text"),
        ("eq", "a\x00", "control characters"),
        ("eq", "a\x7f", "control characters"),
        ("eq", "\ud800", "control characters"),
        ("eq", "x" * 4001, "at most 4000"),
        ("eq", float("nan"), "finite"),
        ("eq", float("inf"), "finite"),
        ("lt", True, "cannot compare"),
        ("lt", [1], "one value"),
        ("in", "a", "list"),
        ("in", [], "list"),
        ("in", ["a", ""], "not blank"),
        ("in", [["a"]], "a value is text"),
        ("not_in", ["a", None], "a value is text"),
        ("like", 5, "one text"),
        ("like", "50\\", r"takes \ only"),
        ("like", r"a\b", r"takes \ only"),
        ("contains", ["a"], "one text"),
        ("is_null", "yes", "true or false"),
        ("is_null", 1, "true or false"),
        ("includes", [], "text or a list"),
        ("includes", [1], "text or a list"),
        ("includes", "A;;B", "not blank"),
    ],
)
def test_a_value_of_the_wrong_kind_is_refused(op, value, said):
    with pytest.raises(ValidationError) as fault:
        leaf("F", op, value)
    assert len(fault.value.errors()) == 1
    assert said in str(fault.value)


@pytest.mark.parametrize(
    "value",
    [
        None,
        "Web",
        [],
        {},
        {"al": []},
        {"all": []},
        {"all": [None]},
        {"not": []},
        {"all": [], "any": []},
        {"field": "A", "op": "eq"},
        {"field": "A", "op": "eq", "value": "x", "all": []},
        {"field": "", "op": "eq", "value": 1},
        {"field": " A", "op": "eq", "value": 1},
    ],
)
def test_a_malformed_criterion_is_refused(value):
    with pytest.raises(ValidationError):
        parse_criterion(value)


@pytest.mark.parametrize(
    ("field", "op", "value"),
    [
        ("Name", "like", "A%"),
        ("Status", "in", ["a", "b"]),
        ("Score", "ge", 5),
        ("Score", "eq", 5.0),
        ("Amount", "lt", 5.5),
        ("Active", "eq", False),
        ("Born", "lt", date(1990, 1, 1)),
        ("Born", "lt", "1990-01-01"),
        ("Born", "ge", "-30d"),
        ("Seen", "ge", "today"),
        ("Seen", "ge", "2026-01-31T10:00:00+01:00"),
        ("Seen", "ge", datetime(2026, 1, 31, tzinfo=UTC)),
        ("Seen", "is_null", True),
        ("OwnerId", "eq", "005000000000001"),
        ("Tags", "excludes", ["A;B", "C"]),
        ("properties.anything at all", "contains", "x"),
    ],
)
def test_a_condition_that_fits_its_field_has_no_fault(field, op, value):
    assert check_types(leaf(field, op, value), TYPES) == []


@pytest.mark.parametrize(
    ("field", "op", "value", "said"),
    [
        ("Nothing", "eq", "x", "no such field"),
        ("Place", "eq", "x", "type address"),
        ("Name", "lt", "x", "lt does not fit"),
        ("Name", "includes", "x", "includes does not fit"),
        ("Name", "eq", 5, "put it in quotes"),
        ("Score", "eq", "5", "not a number"),
        ("Score", "eq", 5.5, "not a whole number"),
        ("Amount", "eq", True, "not a number"),
        ("Active", "eq", "true", "neither true nor false"),
        ("Active", "is_null", True, "is_null does not fit"),
        ("Born", "eq", "31.01.2026", "not a day"),
        ("Born", "eq", "2026-02-30", "not a day"),
        ("Born", "eq", datetime(2026, 1, 31, tzinfo=UTC), "not a day"),
        ("Born", "eq", "1600-01-01", "not between"),
        ("Seen", "eq", "soon", "not a day or a moment"),
        ("OwnerId", "eq", "005", "not an id"),
        ("Tags", "eq", "A", "eq does not fit"),
    ],
)
def test_a_condition_that_does_not_fit_its_field_is_named(field, op, value, said):
    (fault,) = check_types(parse_criterion({"not": {"field": field, "op": op, "value": value}}), TYPES)
    assert fault.startswith(f"{field}: ")
    assert said in fault


def test_every_salesmanago_type_can_be_used_in_criteria():
    conditions = [
        {"field": field, "op": "eq", "value": True}
        if kind == "boolean"
        else {"field": field, "op": "is_null", "value": True}
        for field, kind in SALESMANAGO_TYPES.items()
    ]
    criterion = parse_criterion({"all": conditions})
    assert check_types(criterion, SALESMANAGO_TYPES) == []


def test_a_criterion_is_said_in_words():
    criterion = parse_criterion(
        {
            "all": [
                {
                    "any": [
                        {"field": "tags", "op": "includes", "value": ["A;B", "C"]},
                        {"field": "score", "op": "ge", "value": 0},
                    ]
                },
                {"not": {"field": "optedOut", "op": "eq", "value": True}},
                {"field": "company", "op": "is_null", "value": False},
            ]
        }
    )
    assert in_words(criterion) == (
        '(tags includes "A;B" or "C" or score is at least 0) and not (optedOut is true) and company is not blank'
    )
