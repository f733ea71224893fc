from __future__ import annotations

import json

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import salesmanago_sync.domain.merge.base
from salesmanago_sync.domain.merge.base import pack, unpack

# A reader that guesses would take some of them for something else than text.
VALUE = st.one_of(
    st.none(),
    st.text('a0é"\\\n\x00😀', max_size=6),
    st.sampled_from(["2026-01-31T10:00:00Z", "2026-01-31", "1e5", "null"]),
)
LIKELY = st.lists(st.sampled_from(["name", "city"]), unique=True)
BASES = st.lists(st.dictionaries(st.sampled_from(["name", 'a"b', "tags:X"]), st.tuples(VALUE, VALUE)), max_size=6)


def packed(bases: list[dict[str, tuple[str | None, str | None]]]) -> pd.Series:
    index = pd.RangeIndex(len(bases)) * 2
    keys = sorted({key for base in bases for key in base})
    sides = {
        key: tuple(pd.Series([base.get(key, (None, None))[side] for base in bases], index, "str") for side in (0, 1))
        for key in keys
    }
    present = {key: pd.Series([key in base for base in bases], index, "bool") for key in keys}
    return pack(sides, present, index)


@settings(max_examples=40, deadline=None, derandomize=True)
@given(BASES, LIKELY)
def test_what_is_packed_is_json_and_unpacks_to_the_same(
    bases: list[dict[str, tuple[str | None, str | None]]], likely: list[str]
) -> None:
    texts = packed(bases)
    assert [json.loads(text) for text in texts] == [{key: list(pair) for key, pair in base.items()} for base in bases]
    base = unpack(texts, likely)
    for key in {key for one in bases for key in one}:
        a, m, known = base.of(key)
        assert known.tolist() == [key in one for one in bases]
        for side, column in ((0, a), (1, m)):
            found = [None if pd.isna(value) else value for value in column]
            assert found == [one[key][side] if key in one else None for one in bases]


def test_blank_and_no_base_are_not_the_same() -> None:
    base = unpack(pd.Series(['{"name": [null, null]}', "{}", None, '{"name": null}'], dtype="str"))
    assert base.of("name")[2].tolist() == [True, False, False, False]


def test_zero_false_and_empty_text_stay_values() -> None:
    base = unpack(packed([{"name": ("0", "")}, {"name": ("false", None)}]))
    a, m, _ = base.of("name")
    assert a.tolist() == ["0", "false"]
    assert m.isna().tolist() == [False, True]


def test_a_field_without_any_base_is_blank_and_unknown() -> None:
    a, m, known = unpack(pd.Series(["{}", "{}"], index=[4, 2], dtype="str")).of("name")
    assert [a.index.tolist(), a.isna().all(), m.isna().all(), known.any()] == [[4, 2], True, True, False]


def test_one_that_is_longer_than_what_is_read_at_a_time_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(salesmanago_sync.domain.merge.base, "BLOCK", 64)
    long = "ż" * 200
    texts = packed([{"name": ("short", None)}, {"name": (long, None)}, {}, {"name": ("last", None)}])
    a, _, _ = unpack(texts).of("name")
    assert a.fillna("").tolist() == ["short", long, "", "last"]


def test_nobody_has_no_base() -> None:
    assert unpack(pd.Series([], dtype="str")).of("name")[2].empty
    assert pack({}, {}, pd.Index([])).empty
