"""Whom each batch writes, and how often their cards are asked for."""

from __future__ import annotations

import pandas as pd

from salesmanago_sync.domain.merge.merge import TO_SALESFORCE, TO_SALESMANAGO
from salesmanago_sync.domain.plan.changes import CONSENT
from salesmanago_sync.domain.staged_frames import PLANNED_CHANGES
from salesmanago_sync.steps.batches import sizes


def changes_of(people: range, direction: str, lane: str = "") -> pd.DataFrame:
    """Give one update of each of some people."""
    row = {"object": "Lead", "direction": direction, "lane": lane, "action": "update", "field": "fax"}
    rows = pd.DataFrame([{**row, "person": person} for person in people])
    return PLANNED_CHANGES.empty().reindex(range(len(rows))).assign(**rows)


def test_each_request_asks_for_the_cards_of_its_own_people() -> None:
    """Nobody's card comes along with those of another request, however few they are."""
    opted_out = pd.concat(
        [changes_of(range(151), TO_SALESMANAGO, CONSENT), changes_of(range(200, 251), TO_SALESMANAGO, CONSENT)]
    )
    updated = changes_of(range(400), TO_SALESFORCE)
    found = sizes([opted_out, updated], 2_000).to_dict("records")
    assert found[0]["people"] == 202
    assert {name: found[1][name] for name in ("people", "told_cards", "moved_in", "heard_in", "heard_cards")} == {
        "people": 400,
        # 151 of the first request of 200, and 51 of the second, fifty at a time.
        "told_cards": 6,
        # An own opt-out is no move.
        "moved_in": 0,
        "heard_in": 2,
        "heard_cards": 6,
    }
