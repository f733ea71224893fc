"""SOQL and mask select the same rows: the twin evaluates the one, pandas the other."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from salesmanago_sync.domain.criteria.mask import mask
from salesmanago_sync.domain.criteria.soql import to_soql
from salesmanago_sync.domain.frames import salesforce_frame
from tests.unit.domain.criterion import parse_criterion
from twin.salesforce import Org, create_tables
from twin.salesforce.query import run
from twin.state import State

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
FIELDS = {
    "Text__c": "string",
    "Number__c": "double",
    "Flag__c": "boolean",
    "Day__c": "date",
    "Moment__c": "datetime",
    "Several__c": "multipicklist",
}
# Few and much alike, so that conditions are often met.
TEXTS = st.one_of(
    st.sampled_from(
        ["a", "A", "aB", "Ab", "ł", "Ł", "O'Neil", "o'neil", "%", "a%", "_", "a_", "\\", '"', "x\ny", ".*", "a;B"]
    ),
    st.text("aA%_'\\;. ", min_size=1, max_size=3),
)
NUMBERS = st.sampled_from([0, 1, -1, 0.1, 2.5, 100, 1e-3])
DAYS = st.sampled_from(["2026-02-27", "2026-02-28", "2026-03-01", "2026-03-02"])
MOMENTS = st.builds(lambda day, clock: f"{day}T{clock}Z", DAYS, st.sampled_from(["00:00:00", "23:59:59", "12:00:00"]))
CHOICES = st.lists(st.sampled_from(["A", "B", "C c"]), min_size=1, max_size=3, unique=True).map(sorted).map(";".join)
ROWS = st.lists(
    st.fixed_dictionaries(
        {},
        optional={
            "Text__c": TEXTS,
            "Number__c": NUMBERS,
            "Flag__c": st.booleans(),
            "Day__c": DAYS,
            "Moment__c": MOMENTS,
            "Several__c": CHOICES,
        },
    ),
    min_size=4,
    max_size=8,
)


def _leaf(field: str, ops: list[str], values: st.SearchStrategy[object]) -> st.SearchStrategy[dict[str, object]]:
    return st.builds(lambda op, value: {"field": field, "op": op, "value": value}, st.sampled_from(ops), values)


def _lists(values: st.SearchStrategy[object]) -> st.SearchStrategy[list[object]]:
    return st.lists(values, min_size=1, max_size=3)


SOLID = TEXTS.filter(lambda text: text.strip() != "")
LIKES = st.lists(st.sampled_from(["%", "_", r"\%", r"\_", r"\\", "a", "Ł", "'", "."]), min_size=1, max_size=4).map(
    "".join
)
COMPARISONS = ["eq", "ne", "lt", "le", "gt", "ge"]
WHEN = st.one_of(DAYS, st.sampled_from(["today", "yesterday", "-2d", "+1d"]))
LEAVES = st.one_of(
    _leaf("Text__c", ["eq", "ne", "contains", "starts_with", "ends_with"], SOLID),
    _leaf("Text__c", ["in", "not_in"], _lists(SOLID)),
    _leaf("Text__c", ["like"], LIKES),
    _leaf("Number__c", COMPARISONS, NUMBERS),
    _leaf("Number__c", ["in", "not_in"], _lists(NUMBERS)),
    _leaf("Flag__c", ["eq", "ne"], st.booleans()),
    _leaf("Day__c", COMPARISONS, WHEN),
    _leaf("Day__c", ["in", "not_in"], _lists(WHEN)),
    _leaf("Moment__c", COMPARISONS, st.one_of(WHEN, MOMENTS)),
    _leaf("Moment__c", ["in", "not_in"], _lists(st.one_of(WHEN, MOMENTS))),
    _leaf("Several__c", ["includes", "excludes"], st.one_of(CHOICES, _lists(CHOICES))),
    st.builds(
        lambda field, value: {"field": field, "op": "is_null", "value": value},
        st.sampled_from([field for field in FIELDS if field != "Flag__c"]),
        st.booleans(),
    ),
)
CRITERIA = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.builds(lambda part: {"not": part}, inner),
        st.builds(
            lambda link, parts: {link: parts}, st.sampled_from(["all", "any"]), st.lists(inner, min_size=1, max_size=3)
        ),
    ),
    max_leaves=5,
)


@pytest.fixture(scope="module", params=["include", "strict"])
def org(request: pytest.FixtureRequest) -> Org:
    state = State()
    create_tables(state)
    org = Org(state)
    org.settings["null_mode"] = request.param
    for name, kind in FIELDS.items():
        choices = {"picklist": ["A", "B", "C c"]} if kind == "multipicklist" else {}
        org.add_field("Lead", {"name": name, "type": kind, "length": 80, **choices})
    return org


def _fill(org: Org, rows: list[dict[str, object]]) -> None:
    for row in org.rows("Lead"):
        org.delete("Lead", row["Id"])
    for row in rows:
        org.insert("Lead", {"LastName": "x", "Company": "x", **row})


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(ROWS, st.lists(CRITERIA, min_size=5, max_size=5))
def test_soql_and_mask_select_the_same_rows(org, rows, criteria):
    _fill(org, rows)
    columns = ["Id", *FIELDS]
    everybody = run(org, f"SELECT {', '.join(columns)} FROM Lead", deleted=False, base="").records  # noqa: S608
    frame = salesforce_frame(everybody, columns)
    for criterion in map(parse_criterion, criteria):
        where = to_soql(criterion, FIELDS, NOW)
        found = run(org, f"SELECT Id FROM Lead WHERE {where}", deleted=False, base="").records  # noqa: S608
        selected = frame.loc[mask(criterion, frame, FIELDS, NOW), "Id"]
        assert sorted(selected) == sorted(record["Id"] for record in found), where
