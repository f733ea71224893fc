"""What moves the watermark, and what a person does by editing it."""

from __future__ import annotations

import json
from datetime import datetime, timedelta

from tests.integration.sync import Sync

LAST_SYNC = "salesmanago_last_sync"


def shifted(sync: Sync, **hours: float) -> str:
    """The twin's clock, moved, as both sides' watermark."""
    now = datetime.fromisoformat(sync.control.get("/clock")["now"])
    moment = (now + timedelta(**hours)).strftime("%Y-%m-%dT%H:%M:%SZ")
    return json.dumps({"salesforce": moment, "salesmanago": moment})


def test_a_person_reads_again_from_an_earlier_time_by_editing_the_watermark(sync: Sync) -> None:
    sync.map("lead")
    sync.set(consent_sweep_per_run="0")  # else everybody is looked at, inside the window or not
    lead = sync.lead(Email="person@example.com")
    assert sync.full().green
    sync.edit("Lead", lead, City="Łódź")
    sync.later(3600)
    sync.edit_variable(LAST_SYNC, shifted(sync))
    assert sync.incremental().green
    assert not sync.card_of("person@example.com")["address"]["city"], "before the window"

    sync.forget_calls()
    for text, told in (
        (shifted(sync, hours=2), "Variable salesmanago_last_sync, salesforce: is later than the service's clock"),
        ('"yesterday"', "Variable salesmanago_last_sync: cannot be read"),
        ("yesterday", "Variable salesmanago_last_sync: holds no JSON"),
    ):
        sync.edit_variable(LAST_SYNC, text)
        run = sync.incremental()
        assert "preflight" in run.red
        run.says(told)
    assert sync.writes() == []

    sync.edit_variable(LAST_SYNC, shifted(sync, hours=-3))
    assert sync.incremental().green
    assert sync.card_of("person@example.com")["address"]["city"] == "Łódź"


def read_up_to(sync: Sync) -> tuple[str, str]:
    """The moments of the watermark, without its mark of the ledger."""
    assert sync.watermark
    return sync.watermark["salesforce"], sync.watermark["salesmanago"]


def test_a_run_that_looks_at_a_part_does_what_it_says_and_leaves_the_watermark(sync: Sync) -> None:
    sync.map("lead")
    sync.map("contact", create={"in_salesmanago": True, "in_salesforce": False})
    leads = [sync.lead(Email=f"{name}@example.com") for name in ("anna", "ewa")]
    contact = sync.crm_contact(Email="jan@example.com")
    assert sync.full().green
    moments = read_up_to(sync)
    for lead in leads:
        sync.edit("Lead", lead, City="Łódź")
    sync.edit("Contact", contact, MailingCity="Łódź")
    sync.edit_card(sync.bindings()[contact], fax="+48221234567")

    def cities() -> dict[str, str]:
        return {card["email"].partition("@")[0]: card["address"]["city"] or "" for card in sync.cards()}

    assert sync.incremental(emails=["Anna@Example.com"]).green
    assert cities() == {"anna": "Łódź", "ewa": "", "jan": ""}
    assert sync.incremental(direction="to_salesforce").green
    assert cities() == {"anna": "Łódź", "ewa": "", "jan": ""}
    assert sync.read("Contact", contact)["Fax"] == "+48221234567"
    assert sync.incremental(objects=["Contact"]).green
    assert cities() == {"anna": "Łódź", "ewa": "", "jan": "Łódź"}
    assert read_up_to(sync) == moments
    assert sync.incremental().green
    assert cities() == {"anna": "Łódź", "ewa": "Łódź", "jan": "Łódź"}
    assert read_up_to(sync) != moments
