"""What a person types as the date of the last synchronisation is checked before it is set."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from salesmanago_sync.errors import ConfigurationError
from salesmanago_sync.steps.watermark import LAST_SYNC, read_watermark
from salesmanago_sync.steps.watermark_edit import set_watermark
from tests.unit.steps.test_watermark import LEDGER, Texts, at

NOW = datetime(2026, 1, 31, 20, tzinfo=UTC)
TEN = "2026-01-31T10:00:00"


@pytest.fixture
def variables() -> Texts:
    made = Texts()
    made.set(LAST_SYNC, at(10, 12, LEDGER).model_dump(mode="json"))
    return made


@pytest.mark.parametrize(
    "typed", ["2026-01-31T09:00", "2026-01-31T09:00:00", "2026-01-31T10:00:00+01:00", " 2026-01-31T09:00:00Z "]
)
def test_an_earlier_time_is_set_and_the_ledger_stays(variables: Texts, typed: str) -> None:
    made = set_watermark(variables, {"salesforce": typed, "salesmanago": TEN}, NOW, skip=False)
    assert made == at(9, 10, LEDGER) == read_watermark(variables)


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ("", "is no time"),
        ("yesterday", "is no time"),
        ("2026-02-30T10:00:00", "is no time"),
        ("0001-01-01T00:00:00+23:00", "is no time"),
        ("1999-12-31T23:59:59", "before either service existed"),
        ("2026-01-31T20:00:01", "is in the future"),
        ("2026-01-31T22:00:00", "is in the future"),
        ("2026-01-31T10:00:01", "is later than 2026-01-31T10:00:00Z"),
    ],
)
def test_what_would_lose_changes_or_cannot_be_read_is_refused(variables: Texts, typed: str, told: str) -> None:
    with pytest.raises(ConfigurationError, match=told) as caught:
        set_watermark(variables, {"salesforce": typed, "salesmanago": TEN}, NOW, skip=False)
    assert [fault.where for fault in caught.value.faults] == ["Last synchronization, salesforce"]
    assert read_watermark(variables) == at(10, 12, LEDGER)


def test_both_sides_are_checked_at_once(variables: Texts) -> None:
    with pytest.raises(ConfigurationError) as caught:
        set_watermark(variables, {"salesforce": "x", "salesmanago": "y"}, NOW, skip=False)
    assert len(caught.value.faults) == 2


def test_who_says_so_may_leave_changes_out_but_not_those_to_come(variables: Texts) -> None:
    later = {"salesforce": "2026-01-31T19:00:00", "salesmanago": "2026-01-31T20:00:00"}
    assert set_watermark(variables, later, NOW, skip=True) == at(19, 20, LEDGER)
    with pytest.raises(ConfigurationError, match="in the future"):
        set_watermark(variables, {**later, "salesforce": "2026-01-31T21:00:00"}, NOW, skip=True)


def test_before_the_first_synchronisation_there_is_nothing_to_set() -> None:
    variables = Texts()
    with pytest.raises(ConfigurationError, match="Run salesmanago_full_sync"):
        set_watermark(variables, {"salesforce": TEN, "salesmanago": TEN}, NOW, skip=True)
    assert variables.texts == {}
