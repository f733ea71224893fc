"""Membership of texts, asked of Arrow, is what pandas says value by value."""

from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from salesmanago_sync.domain.frames import among

texts = st.sampled_from(["", "a", "A", "ł", "\0", "nan", "None"])
columns = st.lists(st.none() | texts, max_size=6)


@given(columns, columns)
def test_texts_are_found_among_those_of_a_column(values: list[str | None], others: list[str | None]) -> None:
    column = pd.Series(values, index=range(5, 5 + len(values)), dtype="str")
    found = among(column, pd.Series(others, dtype="str"))
    assert found.tolist() == [value in others for value in values]
    assert found.index.equals(column.index)
    assert found.dtype == "bool"


@pytest.mark.parametrize("others", [["a", "b"], {"a", "b"}, pd.Index(["a", "b"]), frozenset({"a"})])
def test_texts_are_found_among_any_collection(others: list[str]) -> None:
    assert among(pd.Series(["a", "c", None], dtype="str"), others).tolist() == [True, False, False]


def test_nothing_is_among_nobody() -> None:
    assert among(pd.Series(["a", None], dtype="str"), set()).tolist() == [False, False]
    assert among(pd.Series(dtype="str"), ["a"]).tolist() == []
