from __future__ import annotations

import inspect
import re
from typing import Any

import pytest

from salesmanago_sync.clients.http import Replay
from salesmanago_sync.clients.shapes import _FIELD, an_object, described, identified, listed, readable_id, rows_of
from salesmanago_sync.domain.carriage import UNREADABLE
from salesmanago_sync.domain.org import describe
from salesmanago_sync.domain.org.describe import Schema
from salesmanago_sync.errors import RetriableError, UnknownOutcomeError


@pytest.mark.parametrize("value", [None, [], "x", 1, UNREADABLE])
def test_an_answer_of_another_shape_is_our_own_error(value: object) -> None:
    with pytest.raises(RetriableError, match="S GET x"):
        an_object(value, "S GET x")
    with pytest.raises(UnknownOutcomeError, match="S POST x"):
        an_object(value, "S POST x", Replay.NEVER)


@pytest.mark.parametrize("value", [None, {}, "x", 1, UNREADABLE])
def test_what_is_no_list_is_no_answer_and_not_an_empty_one(value: object) -> None:
    with pytest.raises(RetriableError, match="S GET x"):
        rows_of(value, "S GET x")


def test_rows_that_are_no_objects_are_still_counted() -> None:
    assert rows_of([{"a": 1}, None, "x", []], "S") == [{"a": 1}, {}, {}, {}]


def test_a_key_that_is_missing_is_an_empty_list() -> None:
    assert (listed({}, "rows", "S"), listed({"rows": None}, "rows", "S"), listed({"rows": [1]}, "rows", "S")) == (
        [],
        [],
        [1],
    )
    with pytest.raises(RetriableError, match="rows is no list"):
        listed({"rows": {}}, "rows", "S")


@pytest.mark.parametrize("nameless", [[], [3], [0, 7], list(range(8))])
def test_a_row_that_does_not_tell_its_name_is_found_out_by_halves(nameless: list[int]) -> None:
    odd = {f"n{number}" for number in nameless}
    asked: list[list[str]] = []

    def read(names: list[str]) -> list[dict[str, Any]]:
        asked.append(names)
        return [{"Id": UNREADABLE if name in odd else name, "of": name} for name in names if name != "n5"]

    def name_of(row: dict[str, Any]) -> str | None:
        return readable_id(row["Id"])

    rows = identified([f"n{number}" for number in range(8)], read, "Id", name_of)
    assert sorted(row["Id"] for row in rows) == [f"n{number}" for number in range(8) if number != 5]
    assert all(row["Id"] == row["of"] for row in rows)
    assert len(asked) <= 1 + 2 * 3 * max(len(nameless), 1)


@pytest.mark.parametrize(
    ("value", "text"),
    [("a-1", "a-1"), (5, "5"), (True, None), ("", None), ("a b", None), ([], None), ("x" * 101, None)],
)
def test_an_id(value: object, text: str | None) -> None:
    assert readable_id(value) == text


def test_a_description_with_odd_parts_is_read_as_far_as_it_goes() -> None:
    fields = [
        {"name": "Good", "type": "picklist", "length": "x", "picklistValues": [{"value": "A"}, {"value": 1}, None]},
        {"name": 1, "type": "string"},
        {"name": "Typeless", "type": UNREADABLE},
        "x",
    ]
    given = {"name": "Lead", "fields": fields, "createable": "yes", "recordTypeInfos": [{"developerName": 1}, None]}
    schema = Schema.from_describe(described(given, "S"))
    assert list(schema.fields) == ["Good"]
    assert (schema.fields["Good"].length, schema.fields["Good"].picklist) == (0, ("A",))
    assert schema.createable is False
    for wrong in (None, {"fields": []}, {"name": "Lead", "fields": {}}):
        with pytest.raises(RetriableError):
            described(wrong, "S")


def test_all_that_the_schema_reads_of_a_field_comes_through() -> None:
    """A key that `described` does not know would be missing everywhere."""
    wanted = set(re.findall(r'\.get\("(\w+)"|\["(\w+)"\]', inspect.getsource(describe)))
    told = {key for pair in wanted for key in pair if key} - {"fields", "recordTypeInfos"}
    assert told <= {*_FIELD, "name"}
