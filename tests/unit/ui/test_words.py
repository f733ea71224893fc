from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from salesmanago_sync.ui.words import moment, number, signed, span


@pytest.mark.parametrize(
    ("length", "text"),
    [
        (None, "–"),
        (timedelta(0), "0 s"),
        (timedelta(seconds=59.6), "1 min 0 s"),
        (timedelta(seconds=75), "1 min 15 s"),
        (timedelta(hours=2), "2 h 0 min"),
        (timedelta(days=1, seconds=5), "1 d 0 h"),
    ],
)
def test_spans(length: timedelta | None, text: str) -> None:
    assert span(length) == text


@pytest.mark.parametrize(("value", "text"), [(None, "–"), (0, "0"), (1234567, "1\u202f234\u202f567"), (2.6, "3")])
def test_numbers(value: float | None, text: str) -> None:
    assert number(value) == text


@pytest.mark.parametrize(("value", "text"), [(0, "±0"), (3, "+3"), (-3, "\u22123")])
def test_differences(value: int, text: str) -> None:
    assert signed(value) == text


def test_moments() -> None:
    assert moment(datetime(2026, 1, 31, 12, 5, tzinfo=UTC)) == "2026-01-31 12:05 UTC"
    assert moment(None) == "–"
