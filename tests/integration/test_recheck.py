"""People edit while the sync works."""

from __future__ import annotations

from tests.integration.sync import Sync


def test_what_a_person_edits_between_plan_and_write_is_not_lost(sync: Sync) -> None:
    sync.map("lead")
    lead = sync.lead(Email="person@example.com", City="Łódź")
    assert sync.full().green
    card = sync.card_of("person@example.com")["id"]
    sync.edit("Lead", lead, City="Kraków", Title="Buyer")

    def edit() -> None:
        sync.later(5)
        sync.edit_card(card, address={"city": "Gdynia"})

    run = sync.incremental(before={"write": edit})
    assert run.green, run.log
    assert sync.card(card)["address"]["city"] == "Gdynia"
    assert "Buyer" in str(sync.card(card)["properties"]), "what was planned beside it is written"
    run = sync.incremental()
    assert run.green, run.log
    assert sync.card(card)["address"]["city"] == sync.read("Lead", lead)["City"] == "Gdynia"
