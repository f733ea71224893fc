"""The spans of time in which contacts were written, as they are noted beside the watermark."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from salesmanago_sync.clients.http import Patience
from salesmanago_sync.steps.ledger_age import MOST_SPANS, REQUEST, SECOND, spans_of

BEGINNING = datetime(2026, 1, 31, tzinfo=UTC)
moments = st.lists(st.integers(0, 100_000), max_size=60, unique=True).map(
    lambda seconds: [BEGINNING + timedelta(seconds=second) for second in sorted(seconds)]
)


@given(moments)
def test_spans_hold_every_request_in_order_and_are_few(answered: list[datetime]) -> None:
    spans = spans_of(answered)
    assert all(any(begin <= at - REQUEST and at + SECOND <= end for begin, end in spans) for at in answered)
    assert all(end < begin for (_, end), (begin, _) in itertools.pairwise(spans))
    assert len(spans) <= MOST_SPANS


def test_a_request_is_under_way_for_as_long_as_a_client_waits() -> None:
    assert timedelta(seconds=Patience().read) <= REQUEST


@given(moments)
def test_where_they_are_few_anyway_they_hold_nothing_else(answered: list[datetime]) -> None:
    few = answered[:MOST_SPANS]
    held = sum(((end - begin) for begin, end in spans_of(few)), timedelta(0))
    assert held <= len(few) * (REQUEST + SECOND)
    assert all(begin + REQUEST in few and end - SECOND in few for begin, end in spans_of(few))


def test_the_closest_are_joined_where_there_are_too_many() -> None:
    answered = [BEGINNING + timedelta(hours=number) for number in range(MOST_SPANS)]
    close = answered[3] + timedelta(minutes=3)
    assert spans_of(sorted([*answered, close])) == (
        *spans_of(answered[:3]), (answered[3] - REQUEST, close + SECOND), *spans_of(answered[4:]),
    )  # fmt: skip
