"""What happens to people besides edits, ordered through the control port and seen through the API."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests

from tests.twin_server import TwinServer
from tests.unit.twin.conftest import Api

Call = Callable[..., requests.Response]


@pytest.fixture
def call(twin: TwinServer) -> Iterator[Call]:
    """Call the Salesforce REST API, of version 66 where no other is asked for."""
    with requests.Session() as session:
        session.verify, session.trust_env = twin.ca, False
        session.headers["Authorization"] = f"Bearer {twin.salesforce['access_token']}"

        def called(method: str, path: str, body: object = None, version: str = "66.0", **query: str) -> Any:
            url = f"{twin.https}/services/data/v{version}/{path}"
            return session.request(method, url, json=body, params=query, timeout=30)

        yield called


def made(twin: TwinServer, sobject: str, **fields: Any) -> str:
    [identifier] = twin.control.post(f"/salesforce/{sobject}", {"LastName": "Nowak", **fields})["ids"]
    return str(identifier)


def refusal(answer: requests.Response) -> tuple[int, str]:
    [error] = answer.json()
    return answer.status_code, str(error["errorCode"])


def all_ids(call: Call, sobject: str) -> list[str]:
    answer = call("GET", "queryAll", q=f"SELECT Id FROM {sobject} ORDER BY Id")  # noqa: S608 - a name of the test
    return [row["Id"] for row in answer.json()["records"]]


# -- conversion


def test_a_lead_converts_into_a_new_contact_and_refuses_changes(twin: TwinServer, call: Call) -> None:
    lead = made(twin, "Lead", Company="Acme", Email="a@example.com")
    ids = twin.control.post(f"/salesforce/Lead/{lead}/convert")
    row = twin.control.get(f"/salesforce/Lead/{lead}")
    assert (row["IsConverted"], row["ConvertedContactId"], row["ConvertedAccountId"]) == (
        True,
        ids["contact"],
        ids["account"],
    )
    assert twin.control.get(f"/salesforce/Contact/{ids['contact']}")["Email"] == "a@example.com"
    assert refusal(call("PATCH", f"sobjects/Lead/{lead}", {"Phone": "1"})) == (400, "CANNOT_UPDATE_CONVERTED_LEAD")
    with pytest.raises(RuntimeError, match="CANNOT_UPDATE_CONVERTED_LEAD"):
        twin.control.post(f"/salesforce/Lead/{lead}/convert")


def test_a_lead_converts_into_records_that_are_there(twin: TwinServer) -> None:
    [account] = twin.control.post("/salesforce/Account", {"Name": "Acme"})["ids"]
    contact = made(twin, "Contact", AccountId=account)
    first, second = made(twin, "Lead", Company="A"), made(twin, "Lead", Company="B")
    both = {"account": account, "contact": contact}
    assert twin.control.post(f"/salesforce/Lead/{first}/convert", {"contact": contact}) == both
    new = twin.control.post(f"/salesforce/Lead/{second}/convert", {"account": account})
    assert new["account"] == account != new["contact"] != contact


def test_a_lead_without_company_converts_into_a_person_account(twin: TwinServer) -> None:
    lead = made(twin, "Lead", Email="a@example.com")
    ids = twin.control.post(f"/salesforce/Lead/{lead}/convert")
    account = twin.control.get(f"/salesforce/Account/{ids['account']}")
    assert (account["IsPersonAccount"], account["PersonContactId"]) == (True, ids["contact"])


# -- merge


def test_losers_of_a_merge_name_the_winner(twin: TwinServer, call: Call) -> None:
    winner, first, second = (made(twin, "Contact") for _ in range(3))
    order = {"losers": [first, second], "changes": {"Phone": "1"}}
    assert twin.control.post(f"/salesforce/Contact/{winner}/merge", order)["Phone"] == "1"
    answer = call("GET", "queryAll", q="SELECT Id, IsDeleted, MasterRecordId FROM Contact ORDER BY Id")
    assert [(row["Id"], row["IsDeleted"], row["MasterRecordId"]) for row in answer.json()["records"]] == [
        (winner, False, None),
        (first, True, winner),
        (second, True, winner),
    ]
    assert refusal(call("PATCH", f"sobjects/Contact/{first}", {"Phone": "2"})) == (404, "ENTITY_IS_DELETED")


def test_a_merge_that_cannot_be_done_changes_nothing(twin: TwinServer) -> None:
    winner, gone = made(twin, "Lead"), made(twin, "Lead")
    twin.control.delete(f"/salesforce/Lead/{gone}")
    with pytest.raises(RuntimeError, match="ENTITY_IS_DELETED"):
        twin.control.post(f"/salesforce/Lead/{winner}/merge", {"losers": [gone], "changes": {"City": "Kraków"}})
    assert twin.control.get(f"/salesforce/Lead/{winner}")["City"] is None


# -- deletes


def test_an_undeleted_record_is_as_it_was(twin: TwinServer) -> None:
    lead = made(twin, "Lead", City="Łódź")
    twin.control.delete(f"/salesforce/Lead/{lead}")
    row = twin.control.post(f"/salesforce/Lead/{lead}/undelete")
    assert (row["IsDeleted"], row["City"]) == (False, "Łódź")
    with pytest.raises(RuntimeError, match="UNDELETE_FAILED"):
        twin.control.post(f"/salesforce/Lead/{lead}/undelete")


def test_no_query_knows_a_record_that_was_removed_for_good(twin: TwinServer, call: Call) -> None:
    lead, binned, kept = (made(twin, "Lead") for _ in range(3))
    twin.control.delete(f"/salesforce/Lead/{binned}")
    for gone in (lead, binned):
        twin.control.post(f"/salesforce/Lead/{gone}/purge")
    assert all_ids(call, "Lead") == [kept]
    with pytest.raises(RuntimeError, match="404"):
        twin.control.get(f"/salesforce/Lead/{lead}")


@pytest.mark.parametrize("named", ["Account", "Contact"])
def test_both_rows_of_a_person_account_go_for_good(twin: TwinServer, call: Call, named: str) -> None:
    account = made(twin, "Account", IsPersonAccount=True)
    ids = {"Account": account, "Contact": twin.control.get(f"/salesforce/Account/{account}")["PersonContactId"]}
    twin.control.post(f"/salesforce/{named}/{ids[named]}/purge")
    assert account not in all_ids(call, "Account")
    assert all_ids(call, "Contact") == []


def test_a_contact_is_deleted_restored_and_removed_for_good(api: Api) -> None:
    number = api.upsert("jan@example.com")
    path = f"/salesmanago/contacts/{number}"
    for deleted in (True, False):
        api.twin.control.patch(path, {"deleted": deleted})
        assert api.card(number)["deleted"] is deleted
    api.twin.control.delete(path)
    assert api.call("contact/listById", contactId=[number])["contacts"] == []
    assert api.call("contact/hasContact", email="jan@example.com")["result"] is False


# -- duplicates


@pytest.mark.parametrize(
    ("version", "setting", "key"),
    [
        ("56.0", None, "duplicateResut"),
        ("66.0", None, "duplicateResult"),
        ("66.0", "duplicateResut", "duplicateResut"),
        ("56.0", "duplicateResult", "duplicateResult"),
    ],
)
@pytest.mark.parametrize("several", [False, True])
def test_a_duplicate_rule_names_every_match(
    twin: TwinServer, call: Call, version: str, setting: str | None, key: str, several: bool
) -> None:
    known = [made(twin, "Contact", Email="a@example.com") for _ in range(1 + several)]
    twin.control.post("/salesforce/settings", {"duplicate_rules": {"Contact": "alert"}, "duplicate_key": setting})
    row = {"LastName": "B", "Email": "A@example.com"}
    [single] = call("POST", "sobjects/Contact", row, version).json()
    records = [{"attributes": {"type": "Contact"}, **row}]
    [result] = call("POST", "composite/sobjects", {"records": records}, version).json()
    [collected] = result["errors"]
    assert (single["errorCode"], collected["statusCode"]) == ("DUPLICATES_DETECTED", "DUPLICATES_DETECTED")
    for body in (single, collected):
        assert {"duplicateResult", "duplicateResut"} & body.keys() == {key}
        [match] = body[key]["matchResults"]
        assert (match["size"], [one["record"]["Id"] for one in match["matchRecords"]]) == (len(known), known)


def test_a_taken_unique_value_names_its_owner_by_15_characters(twin: TwinServer, call: Call) -> None:
    field = {"name": "Ext__c", "type": "string", "length": 20, "unique": True, "externalId": True}
    twin.control.post("/salesforce/fields", {"sobject": "Lead", "field": field})
    owner = made(twin, "Lead", Ext__c="k")
    [error] = call("POST", "sobjects/Lead", {"LastName": "B", "Ext__c": "k"}).json()
    assert (error["errorCode"], error["message"].endswith(f"record with id: {owner[:15]}")) == ("DUPLICATE_VALUE", True)
