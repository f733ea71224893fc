"""People who leave the criteria and come back."""

from __future__ import annotations

from tests.integration.sync import Sync


def test_who_leaves_the_criteria_is_paused_but_for_consent_and_goes_on_when_back(sync: Sync) -> None:
    sync.map("lead", criteria={"salesforce": {"field": "Status", "op": "ne", "value": "Unqualified"}})
    person = sync.lead(Email="person@example.com", Status="Open - Not Contacted", Title="Buyer")
    sync.lead(Email="never@example.com", Status="Unqualified")
    run = sync.full()
    assert run.green, run.log
    [card] = sync.cards()
    assert card["email"] == "person@example.com"

    sync.edit("Lead", person, Status="Unqualified", Title="Head", HasOptedOutOfEmail=True)
    run = sync.incremental()
    assert run.green, run.log
    paused = sync.card(card["id"])
    assert paused["optedOut"] is True
    assert "Head" not in str(paused["properties"])
    assert sum(row["skipped"].get("PAUSED", 0) for row in sync.totals()) == 1
    assert sync.rows("SELECT status FROM bindings") == [{"status": "paused"}]

    sync.edit("Lead", person, Status="Working - Contacted")
    run = sync.incremental()
    assert run.green, run.log
    assert "Head" in str(sync.card(card["id"])["properties"])
    assert sync.rows("SELECT status FROM bindings") == [{"status": "active"}]
