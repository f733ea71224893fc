from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone

import pytest

from salesmanago_sync.domain.criteria.soql import to_soql
from salesmanago_sync.errors import ConfigurationError
from tests.unit.domain.criterion import parse_criterion

NOW = datetime(2026, 3, 1, 0, 30, tzinfo=UTC)
TYPES = {
    "F": "string",
    "Account.Name": "string",
    "N": "double",
    "B": "boolean",
    "D": "date",
    "T": "datetime",
    "I": "reference",
    "M": "multipicklist",
}


def soql(field: str, op: str, value: object, *, opposite: bool = False) -> str:
    criterion = {"field": field, "op": op, "value": value}
    return to_soql(parse_criterion({"not": criterion} if opposite else criterion), TYPES, NOW)


@pytest.mark.parametrize(
    ("field", "op", "value", "written"),
    [
        ("F", "eq", "x", "(F = 'x' AND F != null)"),
        ("F", "ne", "x", "(F != 'x' OR F = null)"),
        ("Account.Name", "eq", " x ", "(Account.Name = 'x' AND Account.Name != null)"),
        ("F", "eq", "O'Neil\\\n\r\t", "(F = 'O\\'Neil\\\\' AND F != null)"),
        ("F", "eq", "a\nb\rc\td", "(F = 'a\\nb\\rc\\td' AND F != null)"),
        ("F", "eq", '"%_', "(F = '\"%_' AND F != null)"),
        ("F", "in", ["a", "b"], "(F IN ('a', 'b') AND F != null)"),
        ("F", "not_in", ["a"], "(F NOT IN ('a') OR F = null)"),
        ("F", "like", "a%b_c", "(F LIKE 'a%b_c' AND F != null)"),
        ("F", "like", r"50\% \_ \\%", r"(F LIKE '50\% \_ \\%' AND F != null)"),
        ("F", "contains", "50%_'\\", r"(F LIKE '%50\%\_\'\\%' AND F != null)"),
        ("F", "starts_with", "a", "(F LIKE 'a%' AND F != null)"),
        ("F", "ends_with", "a", "(F LIKE '%a' AND F != null)"),
        ("F", "is_null", True, "(F = null)"),
        ("F", "is_null", False, "(F != null)"),
        ("N", "eq", 0, "(N = 0 AND N != null)"),
        ("N", "lt", 1e-7, "(N < 0.0000001 AND N != null)"),
        ("N", "gt", 1e21, "(N > 1000000000000000000000 AND N != null)"),
        ("N", "le", -1.5, "(N <= -1.5 AND N != null)"),
        ("N", "in", [1, 2.5], "(N IN (1, 2.5) AND N != null)"),
        ("B", "eq", False, "(B = false)"),
        ("B", "ne", False, "(B != false)"),
        ("D", "ge", date(2026, 1, 31), "(D >= 2026-01-31 AND D != null)"),
        ("D", "ge", "-1d", "(D >= 2026-02-28 AND D != null)"),
        ("D", "eq", "today", "(D = 2026-03-01 AND D != null)"),
        ("D", "lt", "+1w", "(D < 2026-03-08 AND D != null)"),
        ("T", "lt", "2026-01-31T01:00:00+01:00", "(T < 2026-01-31T00:00:00Z AND T != null)"),
        ("T", "lt", datetime(2026, 1, 31, 1, 2, 3, 4567), "(T < 2026-01-31T01:02:03.004Z AND T != null)"),  # noqa: DTZ001
        ("T", "lt", "today", "(T < 2026-03-01T00:00:00Z AND T != null)"),
        ("T", "ge", "today", "(T >= 2026-03-01T00:00:00Z AND T != null)"),
        ("T", "le", "today", "(T < 2026-03-02T00:00:00Z AND T != null)"),
        ("T", "gt", "today", "(T >= 2026-03-02T00:00:00Z AND T != null)"),
        ("T", "eq", "yesterday", "((T >= 2026-02-28T00:00:00Z AND T < 2026-03-01T00:00:00Z) AND T != null)"),
        ("T", "ne", "yesterday", "((T < 2026-02-28T00:00:00Z OR T >= 2026-03-01T00:00:00Z) OR T = null)"),
        (
            "T",
            "in",
            ["today", "2026-01-01T00:00:00Z"],
            "(((T >= 2026-03-01T00:00:00Z AND T < 2026-03-02T00:00:00Z) OR T = 2026-01-01T00:00:00Z) AND T != null)",
        ),
        ("I", "eq", "001d0000002Gv7q", "(I = '001d0000002Gv7qAAC' AND I != null)"),
        ("M", "includes", [" A ; B", "C"], "(M INCLUDES ('A;B', 'C') AND M != null)"),
        ("M", "excludes", "A", "(M EXCLUDES ('A') OR M = null)"),
    ],
)
def test_a_condition_is_written_with_its_null_test(field, op, value, written):
    assert soql(field, op, value) == written


@pytest.mark.parametrize(
    ("field", "op", "value", "written"),
    [
        ("F", "eq", "x", "(F != 'x' OR F = null)"),
        ("F", "ne", "x", "(F = 'x' AND F != null)"),
        ("F", "not_in", ["a"], "(F IN ('a') AND F != null)"),
        ("F", "like", "a%", "((NOT F LIKE 'a%') OR F = null)"),
        ("F", "is_null", True, "(F != null)"),
        ("N", "lt", 1, "(N >= 1 OR N = null)"),
        ("N", "ge", 1, "(N < 1 OR N = null)"),
        ("B", "eq", True, "(B != true)"),
        ("T", "gt", "today", "(T < 2026-03-02T00:00:00Z OR T = null)"),
        ("M", "includes", "A", "(M EXCLUDES ('A') OR M = null)"),
        ("M", "excludes", "A", "(M INCLUDES ('A') AND M != null)"),
    ],
)
def test_the_opposite_of_a_condition_stands_on_the_condition_itself(field, op, value, written):
    assert soql(field, op, value, opposite=True) == written


def test_groups_are_parenthesised_and_not_is_pushed_down():
    a, b = ({"field": name, "op": "eq", "value": True} for name in ("B", "B"))
    f = {"field": "F", "op": "is_null", "value": True}
    criterion = parse_criterion({"all": [f, {"not": {"all": [a, {"not": {"any": [b, f]}}]}}]})
    assert to_soql(criterion, TYPES) == "((F = null) AND ((B != true) OR ((B = true) OR (F = null))))"


def test_days_are_those_of_utc():
    midnight_in_warsaw = datetime(2026, 3, 1, 0, 30, tzinfo=timezone(timedelta(hours=1)))
    criterion = parse_criterion({"field": "D", "op": "eq", "value": "today"})
    assert to_soql(criterion, TYPES, midnight_in_warsaw) == "(D = 2026-02-28 AND D != null)"


def test_a_relative_day_needs_to_know_now():
    with pytest.raises(ValueError, match="say what now is"):
        to_soql(parse_criterion({"field": "D", "op": "eq", "value": "today"}), TYPES)


@pytest.mark.parametrize("field", ["F = 'x' OR F", "F)", "F'", "1F", "F.", "Ł"])
def test_only_a_field_name_is_written_as_one(field):
    criterion = parse_criterion({"field": field, "op": "eq", "value": "x"})
    with pytest.raises(ConfigurationError, match="not a field that SOQL"):
        to_soql(criterion, {field: "string"})


def test_a_condition_that_does_not_fit_its_field_is_never_written():
    with pytest.raises(ConfigurationError, match="not a number"):
        soql("N", "eq", "1 OR Name != null")
