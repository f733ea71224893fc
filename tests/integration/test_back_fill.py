"""A full sync of some fields writes those, and nothing else."""

from __future__ import annotations

from tests.integration.sync import Sync

LINES = (
    {"salesforce": ["FirstName", "LastName"], "salesmanago": "name", "convert": "full_name"},
    {"salesforce": "Email", "salesmanago": "email"},
    {"salesforce": "Company", "salesmanago": "company"},
)
NEW = {"salesforce": "City", "salesmanago": "address.city"}


def test_a_new_line_is_filled_without_anything_else(sync: Sync) -> None:
    sync.map("lead", fields=list(LINES))
    ann, bob = (sync.lead(Email=f"{name}@example.com", City="Łódź") for name in ("ann", "bob"))
    assert sync.full().green
    watermark = sync.watermark
    sync.map("lead", fields=[*LINES, NEW])
    sync.edit("Lead", ann, Company="Acme")
    sync.lead(Email="new@example.com", City="Gdynia")
    run = sync.full(fields=["address.city"])
    assert run.green, run.log
    assert sync.changes() == [("to_salesmanago", "address.city", "done")] * 2
    assert ["full sync due" in row["note"] for row in sync.rows("SELECT note FROM runs ORDER BY id")] == [False, False]
    [state] = sync.rows("SELECT fields_at_full_sync FROM mapping_state")
    assert "address.city" in str(state["fields_at_full_sync"])
    cards = {card["email"]: card for card in sync.cards()}
    assert set(cards) == {"ann@example.com", "bob@example.com"}, "nobody is created"
    assert {card["address"]["city"] for card in cards.values()} == {"Łódź"}
    assert cards["ann@example.com"]["company"] == "Nowak i Synowie"
    assert {side: (sync.watermark or {})[side] for side in ("salesforce", "salesmanago")} == {
        side: (watermark or {})[side] for side in ("salesforce", "salesmanago")
    }
    assert sync.incremental().green
    assert sync.card_of("ann@example.com")["company"] == "Acme", "the rest is still to be synchronised"
    assert sync.card_of("new@example.com")["address"]["city"] == "Gdynia"
    assert bob


def test_a_field_that_no_mapping_has_is_a_fault(sync: Sync) -> None:
    run = sync.full(fields=["adress.city"])
    assert run.red == {"preflight", "report"}
    run.says("Param fields: no enabled mapping has the field adress.city", "address.city")
    assert sync.writes() == []
