from __future__ import annotations

from datetime import UTC, date, datetime

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from salesmanago_sync.domain.criteria.mask import mask
from salesmanago_sync.domain.frames import salesforce_frame
from salesmanago_sync.errors import ConfigurationError
from tests.unit.domain.criterion import parse_criterion

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
TYPES = {
    "F": "string",
    "N": "double",
    "B": "boolean",
    "D": "date",
    "T": "datetime",
    "I": "reference",
    "M": "multipicklist",
    "SystemModstamp": "datetime",
}


def met(field: str, op: str, value: object, cells: list[str | None]) -> list[bool]:
    frame = pd.DataFrame({field: pd.Series(cells, dtype="str")})
    return mask(parse_criterion({"field": field, "op": op, "value": value}), frame, TYPES, NOW).tolist()


@pytest.mark.parametrize(
    ("field", "op", "value", "meet", "rest"),
    [
        ("F", "eq", " Ä ", ["ä", " Ä", "Ä "], ["a", "Ä.", None, "", " "]),
        ("F", "ne", "a", ["b", None, "", " "], ["A", "a"]),
        ("F", "eq", "STRASSE", ["strasse"], ["straße", None]),
        ("F", "in", ["a", "0"], ["A", "0"], ["false", None]),
        ("F", "not_in", ["a", "b"], ["c", "0", None], ["A", "b"]),
        ("F", "like", "a%b_c", ["axxbyc", "AB.C", "a\nb\nc"], ["abc", "xab.c", "ab.cx", None]),
        ("F", "like", r"50\%\_", ["50%_"], ["50x_", "50%x", None]),
        ("F", "like", ".*", [".*"], ["abc", None]),
        ("F", "contains", "%'_\\", ["x%'_\\y"], ["x'y", None]),
        ("F", "starts_with", "[A", ["[ab"], ["x[a", None]),
        ("F", "ends_with", "B", ["ab"], ["ba", None]),
        ("F", "is_null", True, [None, "", "  "], ["0", "false"]),
        ("F", "is_null", False, ["0", "false"], [None, "", "  "]),
        ("N", "eq", 0, ["0", "0.0", "-0"], ["1", None]),
        ("N", "eq", 0.1, ["0.1", "0.10"], ["0.1000000000000000055", None]),
        ("N", "eq", 100, ["1e2", "100"], ["10", None]),
        ("N", "lt", 10, ["9", "-10", "9.999"], ["10", "11", None]),
        ("N", "ne", 1, ["2", None], ["1", "1.0"]),
        ("N", "in", [1, 2.5], ["1", "2.5"], ["2", None]),
        ("B", "eq", False, ["false", None], ["true"]),
        ("B", "ne", False, ["true"], ["false", None]),
        ("B", "eq", True, ["true"], ["false", None]),
        ("D", "lt", date(2026, 1, 31), ["2026-01-30", "19900101"], ["2026-01-31", "0131", None]),
        ("D", "ge", "-1d", ["2026-02-28", "2026-03-01"], ["2026-02-27", None]),
        ("D", "ne", "today", ["2026-02-28", None], ["2026-03-01"]),
        ("T", "gt", "yesterday", ["2026-03-01T00:00:00.000+0000"], ["2026-02-28T23:59:59.999+0000", None]),
        ("T", "le", "2026-02-28", ["2026-02-28T23:59:59.999+0000"], ["2026-03-01T00:00:00.000+0000", None]),
        ("T", "lt", "today", ["2026-02-28T23:59:59.999Z"], ["2026-03-01T00:00:00Z", None]),
        ("T", "ge", "today", ["2026-03-01T00:00:00Z"], ["2026-02-28T23:59:59.999Z", None]),
        ("T", "eq", "today", ["2026-03-01T00:00:00Z", "2026-03-01T23:59:59Z"], ["2026-03-02T00:00:00Z", None]),
        ("T", "ne", "today", ["2026-03-02T00:00:00Z", None], ["2026-03-01T00:00:00Z"]),
        ("T", "eq", "2026-03-01T01:00:00+01:00", ["2026-03-01T00:00:00.000+0000"], ["2026-03-01T00:00:01Z", None]),
        ("I", "eq", "001d0000002Gv7q", ["001d0000002Gv7qAAC", "001d0000002Gv7q"], ["001d0000002GV7q", None]),
        ("M", "includes", ["A;B", "C"], ["b;a", "x;C", "A;B;D"], ["A", "B;x", None]),
        ("M", "excludes", ["A;B", "C"], ["A", "B;x", None], ["b;a", "x;C"]),
    ],
)
def test_a_condition_selects_rows_and_its_opposite_the_rest(field, op, value, meet, rest):
    assert met(field, op, value, [*meet, *rest]) == [True] * len(meet) + [False] * len(rest)
    frame = pd.DataFrame({field: pd.Series([*meet, *rest], dtype="str")})
    opposite = parse_criterion({"not": {"field": field, "op": op, "value": value}})
    assert mask(opposite, frame, TYPES, NOW).tolist() == [False] * len(meet) + [True] * len(rest)


def test_clock_columns_are_compared_as_moments():
    rows = [{"SystemModstamp": "2026-02-28T23:59:59.000+0000"}, {"SystemModstamp": "2026-03-01T00:00:00.000+0000"}, {}]
    frame = salesforce_frame(rows, ["SystemModstamp"])
    criterion = parse_criterion({"field": "SystemModstamp", "op": "ge", "value": "today"})
    assert mask(criterion, frame, TYPES, NOW).tolist() == [False, True, False]


def test_the_answer_has_the_index_of_the_frame():
    frame = pd.DataFrame({"F": pd.Series(["a", "b"], index=[7, 3], dtype="str")})
    answer = mask(parse_criterion({"field": "F", "op": "eq", "value": "b"}), frame, TYPES)
    assert answer.to_dict() == {7: False, 3: True}
    assert answer.dtype == bool


@pytest.mark.parametrize(
    "criterion", [{"field": "F", "op": "eq", "value": "b"}, {"field": "B", "op": "eq", "value": True}]
)
def test_an_empty_frame_meets_nothing(criterion):
    frame = pd.DataFrame({"F": pd.Series([], dtype="str"), "B": pd.Series([], dtype="str")})
    answer = mask(parse_criterion(criterion), frame, TYPES)
    assert answer.empty
    assert answer.dtype == bool


def test_a_field_that_was_not_read_is_not_taken_for_blank():
    with pytest.raises(ConfigurationError, match="was not read"):
        mask(parse_criterion({"field": "F", "op": "is_null", "value": True}), pd.DataFrame(index=[0]), TYPES)


CELLS = {
    "F": [None, "", "a", "A", "ab", "%", "_", "'", "\\", "Ä"],
    "N": [None, "0", "1", "1.0", "2.5", "-1", "abc"],
    "B": [None, "true", "false"],
    "D": [None, "2026-02-28", "2026-03-01", "2026-03-02"],
    "T": [None, "2026-02-28T23:59:59.000+0000", "2026-03-01T00:00:00.000+0000", "2026-03-02T00:00:00.000+0000"],
    "M": [None, "A", "A;B", "B;C", "a"],
}
LEAVES = st.one_of(
    st.builds(
        lambda op, v: ("F", op, v), st.sampled_from(["eq", "ne", "contains", "starts_with"]), st.sampled_from("aA%_'")
    ),
    st.builds(lambda v: ("F", "is_null", v), st.booleans()),
    st.builds(lambda op, v: ("N", op, v), st.sampled_from(["eq", "ne", "lt", "ge"]), st.sampled_from([0, 1, 2.5])),
    st.builds(lambda op, v: ("N", op, v), st.sampled_from(["in", "not_in"]), st.just([0, 1])),
    st.builds(lambda op, v: ("B", op, v), st.sampled_from(["eq", "ne"]), st.booleans()),
    st.builds(
        lambda field, op, v: (field, op, v),
        st.sampled_from("DT"),
        st.sampled_from(["eq", "ne", "lt", "le", "gt", "ge"]),
        st.sampled_from(["today", "-1d"]),
    ),
    st.builds(
        lambda op, v: ("M", op, v), st.sampled_from(["includes", "excludes"]), st.sampled_from(["A", "A;B", ["A", "C"]])
    ),
).map(lambda leaf: dict(zip(("field", "op", "value"), leaf, strict=True)))
CRITERIA = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.builds(lambda part: {"not": part}, inner),
        st.builds(
            lambda link, parts: {link: parts}, st.sampled_from(["all", "any"]), st.lists(inner, min_size=1, max_size=3)
        ),
    ),
    max_leaves=4,
)
FRAMES = st.lists(st.tuples(*map(st.sampled_from, CELLS.values())), max_size=6).map(
    lambda rows: pd.DataFrame(rows, columns=list(CELLS), dtype="str")
)


@settings(max_examples=60, deadline=None)
@given(CRITERIA, CRITERIA, FRAMES)
def test_the_laws_of_logic_hold_with_blanks(a, b, frame):
    def ask(criterion: object) -> pd.Series:
        return mask(parse_criterion(criterion), frame, TYPES, NOW)

    assert ask({"not": a}).equals(~ask(a))
    assert ask({"not": {"all": [a, b]}}).equals(ask({"any": [{"not": a}, {"not": b}]}))
    assert ask({"not": {"any": [a, b]}}).equals(ask({"all": [{"not": a}, {"not": b}]}))
    assert ask({"all": [a, b]}).equals(ask(a) & ask(b))
