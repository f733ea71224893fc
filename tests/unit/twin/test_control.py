from __future__ import annotations

from typing import Any

import pytest
import requests

from tests.twin_server import TwinServer


@pytest.mark.parametrize(
    ("path", "body", "words"),
    [
        ("/faults", {"system": "salesforce", "kind": "explode"}, "kind"),
        ("/faults", {"system": "salesforce", "kind": "status", "path": "("}, "path"),
        ("/clock", {"advance": "far"}, "advance"),
        ("/people", {"leads": -1}, "leads"),
        ("/people", {"cats": 1}, "cats"),
        ("/salesmanago/settings", {"clear": "maybe"}, "clear"),
        ("/salesmanago/settings", {"speed": 1}, "speed"),
        ("/salesforce/settings", {"null_mode": "other"}, "null_mode"),
        ("/salesmanago/contacts", {"email": "a@example.com", "shoe": 1}, "shoe"),
        ("/salesmanago/contacts", {"name": "nobody"}, "email"),
        ("/salesforce/Lead", {"Nonsense__c": 1}, "Nonsense__c"),
    ],
)
def test_a_wrong_order_is_answered_with_what_is_wrong(twin: TwinServer, path: str, body: Any, words: str) -> None:
    with pytest.raises(RuntimeError, match=rf"400 .*{words}"):
        twin.control.post(path, body)


def test_a_body_that_is_no_json_is_refused(twin: TwinServer) -> None:
    with pytest.raises(RuntimeError, match="400"):
        twin.control.post("/clock")


def test_unknown_records_are_not_found(twin: TwinServer) -> None:
    for path in ("/salesmanago/contacts/none", "/salesforce/Lead/00Q000000000000AAA", "/salesforce/Nonsense"):
        with pytest.raises(RuntimeError, match="404"):
            twin.control.get(path)


def test_contacts_are_edited_as_a_person_would(twin: TwinServer) -> None:
    order = {"email": "Jan@example.com", "name": "Jan", "address": {"city": "Łódź"}, "tags": ["a"], "optedOut": True}
    (number,) = twin.control.post("/salesmanago/contacts", order | {"properties": {"k": "v", "l": "w"}})["ids"]
    twin.control.post("/clock", {"advance": 60})
    before = twin.control.get(f"/salesmanago/contacts/{number}")
    card = twin.control.patch(
        f"/salesmanago/contacts/{number}", {"address": {"country": "PL"}, "properties": {"k": None}, "tags": ["b"]}
    )
    assert (card["email"], card["name"], card["optedOut"]) == ("Jan@example.com", "Jan", True)
    assert (card["address"]["city"], card["address"]["country"]) == ("Łódź", "PL")
    assert card["properties"] == [{"name": "l", "value": "w"}]
    assert [tag["tag"] for tag in card["contactTags"]] == ["B"]
    assert card["modifiedOn"] - before["modifiedOn"] >= 60_000
    twin.control.delete(f"/salesmanago/contacts/{number}")
    assert twin.control.get("/salesmanago/contacts") == []


def test_two_contacts_cannot_share_an_address(twin: TwinServer) -> None:
    twin.control.post("/salesmanago/contacts", [{"email": "a@example.com"}, {"email": "b@example.com"}])
    with pytest.raises(RuntimeError, match="another contact"):
        twin.control.post("/salesmanago/contacts", {"email": "A@example.com"})
    assert [card["email"] for card in twin.control.get("/salesmanago/contacts?email=A@example.com")] == [
        "a@example.com"
    ]


def test_salesforce_records_are_edited_without_checks(twin: TwinServer) -> None:
    (number,) = twin.control.post("/salesforce/Lead", {"LastName": "Nowak"})["ids"]
    assert twin.control.patch(f"/salesforce/Lead/{number}", {"City": "Łódź"})["City"] == "Łódź"
    twin.control.delete(f"/salesforce/Lead/{number}")
    assert twin.control.get("/salesforce/Lead") == []
    assert [one["Id"] for one in twin.control.get("/salesforce/Lead?deleted=true")] == [number]


def test_a_custom_field_can_be_written(twin: TwinServer) -> None:
    field = {"name": "Size__c", "type": "string", "length": 10}
    twin.control.post("/salesforce/fields", {"sobject": "Lead", "field": field})
    (number,) = twin.control.post("/salesforce/Lead", {"LastName": "Nowak", "Size__c": "L"})["ids"]
    assert twin.control.get(f"/salesforce/Lead/{number}")["Size__c"] == "L"


def test_a_reset_forgets_everything(twin: TwinServer) -> None:
    twin.control.post("/people", {"leads": 20, "salesmanago": 20})
    twin.control.post("/salesmanago/settings", {"clear": "ignored"})
    twin.control.post("/faults", {"system": "salesforce", "kind": "latency"})
    twin.control.post("/clock", {"advance": 10_000})
    twin.control.post("/reset")
    assert twin.control.get("/salesforce/Lead") == twin.control.get("/salesmanago/contacts") == []
    assert twin.control.get("/seeded") == {"issues": {}, "records": []}
    assert twin.control.get("/salesmanago/settings")["clear"] == "clears"
    assert twin.control.get("/faults") == []
    assert twin.control.get("/calls")["total"] == 0


def test_an_empty_org_has_the_account_of_the_connection(twin: TwinServer) -> None:
    (account,) = twin.control.get("/salesforce/Account")
    assert account["Name"] == twin.salesmanago["account_name"]


def test_hostile_layouts_are_planted(twin: TwinServer) -> None:
    name = twin.control.post("/salesforce/layouts", {"kind": "special", "owner": "Lead"})["name"]
    assert name.startswith("Lead-Sales %26 Service %2850%25")
    assert name in twin.control.get("/salesforce/layouts")
    with pytest.raises(RuntimeError, match=r"400 .*kind"):
        twin.control.post("/salesforce/layouts", {"kind": "friendly", "owner": "Lead"})


def test_a_session_is_opened_for_a_person(twin: TwinServer) -> None:
    [anna] = [row for row in twin.control.get("/salesforce/User") if row["FirstName"] == "Anna"]
    token = twin.control.post("/salesforce/sessions", {"user": anna["Id"]})["access_token"]
    answer = requests.get(
        f"{twin.http}/secur/frontdoor.jsp",
        params={"sid": token, "retURL": "/apex/Nothing"},
        allow_redirects=False,
        timeout=30,
    )
    assert (answer.status_code, answer.headers["location"]) == (302, "/apex/Nothing")
    with pytest.raises(RuntimeError, match="404"):
        twin.control.post("/salesforce/sessions", {"user": "005000000000000AAA"})


def test_a_fault_may_mind_what_a_request_holds(twin: TwinServer) -> None:
    fault = {"system": "salesmanago", "kind": "status", "status": 418, "holding": "bad apple", "times": None}
    twin.control.post("/faults", fault)
    for text, status in (("good", 200), ("a bad apple", 418)):
        answer = requests.post(f"{twin.http}/api/contact/list", json={"email": [text]}, timeout=10)
        assert answer.status_code == status


@pytest.mark.parametrize("raw", ["NaN", '"half \\ud83d"', '1, "City": 2', None])
def test_a_system_lies_about_one_field_of_one_record(twin: TwinServer, raw: str | None) -> None:
    [first, second] = twin.control.post("/salesforce/Lead", [{"LastName": "A", "City": "Sopot"}] * 2)["ids"]
    twin.control.post("/lies", {"system": "salesforce", "id": first, "field": "City", "raw": raw})
    headers = {"Authorization": f"Bearer {twin.salesforce['access_token']}"}
    url = f"{twin.http}/services/data/v66.0/query?q=SELECT+Id,City+FROM+Lead+ORDER+BY+Id"
    text = requests.get(url, headers=headers, timeout=10).text
    assert text.count('"Sopot"') == 1
    assert text.index(first) < text.index(second) < text.index('"Sopot"')
    assert (f'"City": {raw}' in text) is (raw is not None)
    twin.control.delete("/lies")
    assert requests.get(url, headers=headers, timeout=10).text.count('"Sopot"') == 2
