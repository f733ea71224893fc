from __future__ import annotations

from typing import Any

import pytest

from twin.salesforce import Org
from twin.salesforce.errors import ApiError
from twin.salesforce.query import run
from twin.salesforce.writes import Writer


def one(org: Org, sobject: str, identifier: str) -> dict[str, Any]:
    found = org.get(sobject, identifier)
    assert found is not None
    return found


def test_an_undeleted_account_brings_its_contacts_back(org: Org) -> None:
    account = org.insert("Account", {"Name": "Acme"})
    contact = org.insert("Contact", {"LastName": "A", "AccountId": account})
    org.delete("Account", account)
    assert org.rows("Contact") == []
    org.state.clock.advance(60)
    org.undelete("Account", account)
    assert [row["Id"] for row in org.rows("Contact")] == [contact]
    assert one(org, "Contact", contact)["SystemModstamp"] > one(org, "Contact", contact)["CreatedDate"]
    with pytest.raises(ApiError, match="UNDELETE_FAILED"):
        org.undelete("Account", account)


def test_the_loser_of_a_merge_names_the_winner(org: Org) -> None:
    winner, loser = (org.insert("Account", {"Name": name}) for name in "AB")
    child = org.insert("Contact", {"LastName": "C", "AccountId": loser})
    org.merge("Account", winner, [loser], {"Phone": "1"})
    text = "SELECT Id, MasterRecordId FROM Account WHERE IsDeleted = true"
    [gone] = run(org, text, deleted=True, base="").records
    assert (gone["Id"], gone["MasterRecordId"]) == (loser, winner)
    assert run(org, text, deleted=False, base="").records == []
    assert one(org, "Contact", child)["AccountId"] == winner
    assert one(org, "Account", winner)["Phone"] == "1"


def test_merged_person_accounts_lose_their_contact_too(org: Org) -> None:
    winner, loser = (org.insert("Account", {"LastName": name, "IsPersonAccount": True}) for name in "AB")
    org.merge("Account", winner, [loser])
    gone = one(org, "Contact", one(org, "Account", loser)["PersonContactId"])
    assert (gone["IsDeleted"], gone["MasterRecordId"]) == (True, one(org, "Account", winner)["PersonContactId"])
    company = org.insert("Account", {"Name": "C"})
    with pytest.raises(ApiError, match="person account"):
        org.merge("Account", winner, [company])


def test_a_converted_lead_points_at_its_contact_and_stays_closed(org: Org) -> None:
    lead = org.insert("Lead", {"LastName": "A", "Company": "Acme", "Email": "a@example.com", "City": "Kraków"})
    made = org.convert_lead(lead)
    row = one(org, "Lead", lead)
    assert (row["IsConverted"], row["ConvertedContactId"], row["ConvertedAccountId"]) == (
        True,
        made["contact"],
        made["account"],
    )
    contact = one(org, "Contact", made["contact"])
    assert (contact["Email"], contact["MailingCity"], contact["AccountId"]) == (
        "a@example.com",
        "Kraków",
        made["account"],
    )
    assert one(org, "Account", made["account"])["Name"] == "Acme"
    writer = Writer(org, "005gK0000000001QAA", 66.0)
    with pytest.raises(ApiError, match="CANNOT_UPDATE_CONVERTED_LEAD: cannot reference converted lead"):
        writer.update(org.sobject("Lead"), lead, {"Phone": "1"})


def test_a_lead_without_company_becomes_a_person_account(org: Org) -> None:
    lead = org.insert("Lead", {"LastName": "A", "Email": "a@example.com", "HasOptedOutOfEmail": True})
    made = org.convert_lead(lead)
    account = one(org, "Account", made["account"])
    assert (account["IsPersonAccount"], account["PersonEmail"], account["PersonHasOptedOutOfEmail"]) == (
        True,
        "a@example.com",
        True,
    )
    assert account["PersonContactId"] == made["contact"]


def test_a_lead_converts_into_a_contact_that_is_there(org: Org) -> None:
    account = org.insert("Account", {"Name": "Acme"})
    contact = org.insert("Contact", {"LastName": "A", "AccountId": account})
    lead = org.insert("Lead", {"LastName": "B", "Company": "X"})
    assert org.convert_lead(lead, contact=contact) == {"account": account, "contact": contact}
    assert one(org, "Contact", contact)["LastName"] == "A"
