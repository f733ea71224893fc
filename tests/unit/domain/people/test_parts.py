"""Who belongs together is never torn apart, and parts are no larger than they must be."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from salesmanago_sync.domain.people import parts as module
from salesmanago_sync.domain.people.parts import Parts, Together

MOST = 1024
NAMES = [f"name {number}" for number in range(30)]
links = st.lists(st.tuples(st.sampled_from(NAMES), st.sampled_from(NAMES)), max_size=40)


@pytest.fixture(autouse=True, scope="module")
def few_at_once() -> Iterator[None]:
    """Let names be taken in several pieces."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "AT_ONCE", 7)
        yield


def texts(*values: str | None) -> pd.Series:
    return pd.Series(values, dtype="str")


def shared(pairs: list[tuple[str, str]], size: int, most: int = MOST) -> Parts:
    together = Together()
    together.add("salesforce", texts(*NAMES))
    together.link(texts(*(one for one, _ in pairs)), texts(*(other for _, other in pairs)))
    return together.shared_out(size, most)


def groups_of(pairs: list[tuple[str, str]]) -> list[set[str]]:
    """Join names one link after the other, as slowly as can be."""
    groups = [{name} for name in NAMES]
    for pair in pairs:
        touched = [group for group in groups if group.intersection(pair)]
        groups = [group for group in groups if group not in touched] + [set().union(*touched)]
    return groups


@pytest.mark.slow
@given(links, st.integers(1, 40))
def test_whoever_is_linked_is_in_one_part(pairs: list[tuple[str, str]], size: int) -> None:
    parts = shared(pairs, size)
    numbers = parts.of(texts(*NAMES)).set_axis(NAMES)
    assert numbers.between(1, parts.count).all()
    assert [group for group in groups_of(pairs) if numbers[list(group)].nunique() > 1] == []


@given(links, st.integers(1, 40))
def test_a_part_is_larger_than_asked_for_only_where_it_must_be(pairs: list[tuple[str, str]], size: int) -> None:
    counts = shared(pairs, size).of(texts(*NAMES)).value_counts()
    largest = max(len(group) for group in groups_of(pairs))
    assert counts.max() <= max(size, largest)


@given(links, st.integers(2, 8))
def test_there_are_never_more_parts_than_allowed(pairs: list[tuple[str, str]], most: int) -> None:
    assert shared(pairs, 1, most).count <= most


def test_a_long_chain_is_one_part() -> None:
    names = texts(*(f"link {number}" for number in range(5_000)))
    together = Together()
    together.add("salesforce", names)
    together.link(names.iloc[:-1].reset_index(drop=True), names.iloc[1:].reset_index(drop=True))
    assert together.shared_out(10, MOST).count == 1


def test_a_record_and_its_contact_are_one_person() -> None:
    records, contacts = texts("r1", "r2", "r3", "r4"), texts("c1", "c2", "c3", "c4")
    together = Together()
    together.add("salesforce", records)
    together.add("salesmanago", contacts)
    together.link(records, contacts)
    assert together.shared_out(2, MOST).count == 2


def test_a_missing_value_links_nobody() -> None:
    together = Together()
    together.add("salesforce", texts("r1", "r2"))
    together.link(texts("r1", "r2"), texts(None, None))
    parts = together.shared_out(1, MOST)
    assert parts.count == 2
    assert parts.of(texts("stranger", None)).isna().all()


def test_nobody_is_one_empty_part() -> None:
    together = Together()
    together.add("salesforce", texts())
    parts = together.shared_out(10, MOST)
    assert parts.count == 1
    assert parts.of(texts("stranger")).isna().all()
