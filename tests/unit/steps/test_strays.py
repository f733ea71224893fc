"""Whom SALESmanago names in the answer to an update, compared with whom it was meant for."""

from __future__ import annotations

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pandas as pd
import pytest

from salesmanago_sync.clients.outcome import Outcome
from salesmanago_sync.steps.strays import without_strays

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)
MILLISECONDS = int(NOON.timestamp()) * 1000


def service(*cards: Any) -> tuple[Any, list[Any]]:
    """A SALESmanago that has these cards, and whom it was asked to delete."""
    deleted: list[Any] = []

    def delete(emails: list[Any]) -> list[Outcome]:
        deleted.extend(emails)
        return [Outcome(ok=True)]

    return SimpleNamespace(salesmanago=SimpleNamespace(cards=lambda ids: [list(cards)], delete=delete)), deleted


def test_an_id_in_other_letters_is_the_same_contact() -> None:
    ports, deleted = service({"id": "ABC-1", "email": "a@example.com", "createdOn": MILLISECONDS})
    outcomes = [Outcome(ok=True, id="ABC-1"), Outcome(ok=True, id="new"), Outcome(ok=False, reason="NO_EMAIL")]
    assert without_strays(ports, pd.Series(["abc-1", None, "c"], dtype="str"), outcomes, NOON) == outcomes
    assert deleted == []


@pytest.mark.parametrize(
    ("card", "is_deleted"),
    [
        ({"contactId": "OTHER", "createdOn": MILLISECONDS, "modifiedOn": MILLISECONDS}, True),
        ({"id": "other", "createdOn": MILLISECONDS, "modifiedOn": MILLISECONDS + 1}, False),
        ({"id": "other", "createdOn": MILLISECONDS - 1, "modifiedOn": MILLISECONDS - 1}, False),
        ({"id": "other", "createdOn": 10**30, "modifiedOn": 10**30 + 1}, False),
        ({"id": "other", "createdOn": "x", "modifiedOn": "x"}, False),
        ({"id": "somebody", "createdOn": MILLISECONDS, "modifiedOn": MILLISECONDS}, False),
        ({}, False),
    ],
)
def test_only_what_the_update_itself_made_is_deleted(card: dict[str, Any], is_deleted: bool) -> None:
    ports, deleted = service({**card, "email": "a@example.com"})
    [outcome] = without_strays(ports, pd.Series(["abc"], dtype="str"), [Outcome(ok=True, id="other")], NOON)
    assert (outcome.ok, outcome.reason) == (False, "RECORD_GONE")
    assert deleted == (["a@example.com"] if is_deleted else [])


def test_where_the_clock_is_not_known_nobody_is_deleted() -> None:
    ports, deleted = service({"id": "other", "createdOn": MILLISECONDS, "modifiedOn": MILLISECONDS, "email": "a"})
    [outcome] = without_strays(ports, pd.Series(["abc"], dtype="str"), [Outcome(ok=True, id="other")], None)
    assert not outcome.ok
    assert deleted == []
