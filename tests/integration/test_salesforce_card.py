"""After the set-up: new records are upserted by the contact's id, and the card's fields follow SALESmanago."""

from __future__ import annotations

from tests.integration.sync import Sync
from tests.integration.workshop import Workshop

CONTACT_ID = "SALESmanago_Contact_Id__c"
CARD = (CONTACT_ID, "SALESmanago_Score__c", "SALESmanago_State__c", "SALESmanago_Tags__c", "SALESmanago_Opted_Out__c")
STAMP = "SALESmanago_Last_Sync__c"


def card(sync: Sync, lead: str) -> dict[str, object]:
    row = sync.read("Lead", lead)
    return {name: row[name] for name in CARD}


def test_the_sync_upserts_by_the_new_field(sync: Sync) -> None:
    assert sync.run("salesmanago_setup", check_only=False).green
    anna = sync.contact("anna@example.com", name="Anna Nowak", state="PROSPECT")
    sync.forget_calls()
    assert sync.full().green
    upserts = [call for call in sync.writes() if CONTACT_ID in call]
    assert upserts == [f"PATCH /services/data/v66.0/composite/sobjects/Lead/{CONTACT_ID}"]
    [lead] = sync.records("Lead")
    assert lead[CONTACT_ID] == anna
    assert sync.rows("SELECT * FROM intents") == []


def test_the_card_follows_salesmanago_and_comes_to_rest(sync: Sync) -> None:
    assert sync.run("salesmanago_setup", check_only=False).green
    sync.map("lead", salesforce_card=True)
    lead = sync.lead(Email="anna@example.com", FirstName="Anna")
    jan = sync.lead(Email="jan@example.com", FirstName="Jan")
    anna = sync.contact("anna@example.com", name="Anna Nowak", state="PROSPECT", score=7, tags=["VIP", "NEWS"])
    assert sync.full().green
    assert card(sync, lead) == {
        CONTACT_ID: anna,
        "SALESmanago_Score__c": 7,
        "SALESmanago_State__c": "PROSPECT",
        "SALESmanago_Tags__c": "NEWS;VIP",
        "SALESmanago_Opted_Out__c": False,
    }
    # A contact that the sync has just made shows on the card in the same run.
    assert card(sync, jan)[CONTACT_ID] == sync.card_of("jan@example.com")["id"]
    stamp = sync.read("Lead", lead)[STAMP]
    assert stamp is not None

    before = sync.everything()
    assert sync.incremental().green
    assert sync.full().green
    assert sync.everything() == before, "the card writes for ever"

    sync.edit_card(anna, score=50, tags=[])
    sync.edit("Lead", lead, SALESmanago_State__c="mine")
    assert sync.full().green
    now = sync.read("Lead", lead)
    assert (now["SALESmanago_Score__c"], now["SALESmanago_Tags__c"], now["SALESmanago_State__c"]) == (
        50,
        None,
        "PROSPECT",
    )
    assert now[STAMP] > stamp
    assert sync.read("Lead", jan)[STAMP] == before["Lead"][-1][STAMP]


def test_without_the_set_up_the_key_is_one_clear_fault(sync: Sync) -> None:
    sync.map("lead", salesforce_card=True)
    done = sync.full()
    assert done.red == {"preflight", "report"}
    done.says(
        "1 fault to correct", "salesforce_card: Lead has no SALESmanago_Contact_Id__c", "Run the DAG salesmanago_setup"
    )


def test_without_the_permission_set_the_key_is_a_fault_too(sync: Sync) -> None:
    assert sync.run("salesmanago_setup", check_only=False).green
    Workshop(sync.twin).take_permission_sets()
    sync.map("lead", salesforce_card=True)
    done = sync.full()
    assert done.red == {"preflight", "report"}
    done.says("give the integration user the permission set SALESmanago sync")
