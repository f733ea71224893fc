"""Contacts that are removed for good between their reading and a write, which finds them by the address."""

from __future__ import annotations

from typing import Any

import pytest

from tests.integration.sync import Sync

EMAIL = "anna@example.com"


@pytest.mark.parametrize("edit", [{"City": "Sopot"}, {"HasOptedOutOfEmail": True}])
@pytest.mark.parametrize("again", [False, True])
def test_whom_somebody_removes_while_a_run_works_is_not_made_anew(
    sync: Sync, edit: dict[str, Any], again: bool
) -> None:
    sync.control.post("/salesmanago/settings", {"optout_moves_clock": False})
    sync.map("lead", on_delete={"in_salesforce": "nothing"})
    lead = sync.lead(Email=EMAIL, City="Gdynia")
    assert sync.full().green
    [contact] = sync.cards()
    sync.edit("Lead", lead, **edit)

    def remove() -> None:
        sync.control.delete(f"/salesmanago/contacts/{contact['id']}")
        if again:
            # By now the address is that of somebody who has just subscribed.
            sync.control.post("/salesmanago/contacts", {"email": EMAIL, "name": "Anna"})
            sync.later(10)

    sync.incremental(before={"write_consent": remove})
    living = {card["id"] for card in sync.cards() if not card["deleted"]}
    assert len(living) == again
    for _ in range(2):
        sync.incremental()
    assert sync.full().green
    assert {card["id"] for card in sync.cards() if not card["deleted"]} == living
    status = ["active"] if again else ["deleted"]
    assert [row["status"] for row in sync.rows("SELECT status FROM bindings ORDER BY id")][-1:] == status
