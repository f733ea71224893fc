"""People who are created by the sync, and what the services make of them."""

from __future__ import annotations

from tests.integration.sync import Sync

LEAD = {"LastName": "Nowak", "Company": "Example", "Email": "nowak@example.com"}


def test_an_account_that_creates_contacts_opted_out_opts_nobody_out_in_salesforce(sync: Sync) -> None:
    sync.control.post("/salesmanago/settings", {"new_opted_out": True})
    [lead] = sync.control.post("/salesforce/Lead", LEAD)["ids"]
    assert sync.full().green
    [card] = sync.control.get("/salesmanago/contacts")
    assert card["optedOut"], "the account's default"
    assert sync.read("Lead", lead)["HasOptedOutOfEmail"] is False
    sync.forget_calls()
    assert sync.full().green
    assert sync.incremental().green
    assert sync.writes() == []
    assert sync.read("Lead", lead)["HasOptedOutOfEmail"] is False

    # What the person decides counts: in, and out again.
    sync.control.patch(f"/salesmanago/contacts/{card['id']}", {"optedOut": False})
    assert sync.incremental().green
    sync.control.patch(f"/salesmanago/contacts/{card['id']}", {"optedOut": True})
    assert sync.incremental().green
    assert sync.read("Lead", lead)["HasOptedOutOfEmail"] is True


def test_a_dry_run_reports_the_issues_of_its_plan_and_opens_none(sync: Sync) -> None:
    sync.control.post("/salesforce/Lead", {**LEAD, "Email": None})
    done = sync.full(dry_run=True)
    assert done.green
    done.says("NO_EMAIL: 1")
    assert sync.issues() == {}


def test_the_account_that_newcomers_are_put_under_is_not_their_company(sync: Sync) -> None:
    contact = {"email": "ewa@example.com", "name": "Ewa Nowak", "company": "Own Company", "state": "CUSTOMER"}
    [identifier] = sync.control.post("/salesmanago/contacts", contact)["ids"]
    assert sync.full().green
    [record] = sync.records("Contact")
    assert record["AccountId"] is not None
    assert sync.card(identifier)["company"] == "Own Company"
