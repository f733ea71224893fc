"""Bad input: one clear message that names every fault, and nothing written."""

from __future__ import annotations

import pytest

from tests.integration.sync import Sync


@pytest.fixture
def careful(sync: Sync) -> Sync:
    """Somebody to be created, so that a run that goes on would write."""
    sync.map("lead")
    sync.lead(Email="person@example.com")
    sync.contact("other@example.com", name="Ewa Nowa", company="Nowa Spółka")
    return sync


def refused(sync: Sync, *texts: str) -> None:
    """Run, and check that the preflight says this once and that nothing was written."""
    run = sync.full()
    assert run.state == "failed"
    assert "preflight" in run.red
    run.says("1 fault to correct" if len(texts) == 1 else f"{len(texts)} faults to correct", *texts)
    assert sync.writes() == []
    assert sync.watermark is None


def test_faults_of_all_mapping_files_are_told_at_once_before_any_request(careful: Sync) -> None:
    careful.map_text("broken.yaml", "object: Contact\nfields: [")
    careful.map("lead", {"salesforce": "Rating", "salesmanago": "properties.rating", "convrt": "text"})
    careful.forget_calls()
    refused(careful, "broken.yaml", "convrt")
    assert careful.control.get("/calls")["total"] == 0


def test_fields_that_the_org_does_not_have_are_named(careful: Sync) -> None:
    careful.map(
        "lead",
        {"salesforce": "Nickname__c", "salesmanago": "properties.nick"},
        {"salesforce": "Shoe_Size__c", "salesmanago": "properties.shoe"},
    )
    refused(careful, "Nickname__c", "Shoe_Size__c")


def test_a_wrong_owner_and_a_wrong_account_are_told_at_once(careful: Sync) -> None:
    careful.map("contact")
    careful.connect("salesmanago_default", owner="nobody@example.com", account_name="Nobody Ltd")
    refused(careful, "Data Owner", "'Nobody Ltd' names no Account")


def test_a_wrong_secret_is_told(careful: Sync) -> None:
    careful.connect("salesmanago_default", password="wrong-secret-0123456789")
    refused(careful, "API Secret")


def test_an_org_without_api_access_is_told(careful: Sync) -> None:
    careful.control.post("/salesforce/settings", {"api_enabled": False})
    refused(careful, "API")


def test_person_accounts_that_are_insisted_on_must_be_there(careful: Sync) -> None:
    careful.control.post("/salesforce/settings", {"person_accounts": False})
    careful.map("person_account", enabled=True)
    refused(careful, "Person Accounts")


def test_missing_connections_are_told_at_once(careful: Sync) -> None:
    careful.disconnect("salesmanago_default")
    careful.disconnect("salesforce_default")
    refused(careful, "connection salesmanago_default: does not exist", "connection salesforce_default: does not exist")
