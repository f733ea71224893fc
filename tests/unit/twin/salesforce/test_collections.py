from __future__ import annotations

from typing import Any

import pytest
from simple_salesforce import Salesforce

from twin.faults import Fault
from twin.salesforce import Org

TYPE = {"attributes": {"type": "Contact"}}


@pytest.fixture(autouse=True)
def external_id(org: Org) -> None:
    org.add_field("Contact", {"name": "Ext__c", "type": "string", "length": 40, "externalId": True, "unique": True})


def send(client: Salesforce, method: str, path: str, body: Any = None, **params: str) -> Any:
    answer = client.session.request(method, client.base_url + path, json=body, params=params, headers=client.headers)
    return answer.status_code, answer.json()


def codes(outcomes: list[dict[str, Any]]) -> list[str]:
    return ["" if one["success"] else one["errors"][0]["statusCode"] for one in outcomes]


def test_an_upsert_tells_new_from_known(client: Salesforce, org: Org) -> None:
    known = org.insert("Contact", {"LastName": "A", "Ext__c": "k"})
    records = [{**TYPE, "Ext__c": key, "LastName": "B"} for key in ("K", "new", "NEW", "")]
    status, outcomes = send(client, "PATCH", "composite/sobjects/Contact/Ext__c", {"records": records})
    assert status == 200
    assert outcomes[0] == {"id": known, "success": True, "errors": [], "created": False}
    assert outcomes[1]["created"]
    assert codes(outcomes) == ["", "", "DUPLICATE_VALUE", "MISSING_ARGUMENT"]


def test_an_update_answers_row_by_row(client: Salesforce, org: Org) -> None:
    good, gone = (org.insert("Contact", {"LastName": name}) for name in "AB")
    org.delete("Contact", gone)
    records = [
        {**TYPE, "id": good, "Title": "T"},
        {**TYPE, "id": gone, "Title": "T"},
        {**TYPE, "id": "003gK0000000001QAA", "Title": "T"},
        {**TYPE, "Title": "T"},
        {**TYPE, "id": "nonsense", "Title": "T"},
    ]
    _, outcomes = send(client, "PATCH", "composite/sobjects", {"allOrNone": False, "records": records})
    assert codes(outcomes) == [
        "",
        "ENTITY_IS_DELETED",
        "INVALID_CROSS_REFERENCE_KEY",
        "MISSING_ARGUMENT",
        "MALFORMED_ID",
    ]


def test_all_or_none_undoes_the_good_ones(client: Salesforce, org: Org) -> None:
    records = [{**TYPE, "LastName": "A"}, TYPE]
    _, outcomes = send(client, "POST", "composite/sobjects", {"allOrNone": True, "records": records})
    assert codes(outcomes) == ["ALL_OR_NONE_OPERATION_ROLLED_BACK", "REQUIRED_FIELD_MISSING"]
    assert org.rows("Contact") == []


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"records": [{**TYPE, "LastName": "A"}] * 201}, "EXCEEDED_ID_LIMIT"),
        ({"records": [{"LastName": "A"}]}, "INVALID_INPUT"),
        ({"records": "A"}, "JSON_PARSER_ERROR"),
        ({"records": [{"attributes": {"type": "Nope"}}]}, "INVALID_TYPE"),
    ],
)
def test_a_bad_request_does_nothing(client: Salesforce, org: Org, body: Any, code: str) -> None:
    status, answer = send(client, "POST", "composite/sobjects", body)
    assert (status, answer[0]["errorCode"], org.rows("Contact")) == (400, code, [])


def test_retrieve_answers_in_order_with_gaps(client: Salesforce, org: Org) -> None:
    first, second = (org.insert("Contact", {"LastName": name}) for name in "AB")
    body = {"ids": [second, "003gK0000000001QAA", first[:15]], "fields": ["LastName"]}
    _, answer = send(client, "POST", "composite/sobjects/Contact", body)
    assert [one and one["LastName"] for one in answer] == ["B", None, "A"]
    _, same = send(client, "GET", "composite/sobjects/Contact", ids=f"{second},{first}", fields="Id,LastName")
    assert [one["Id"] for one in same] == [second, first]


def test_delete_takes_ids_of_any_object(client: Salesforce, org: Org) -> None:
    contact, lead = org.insert("Contact", {"LastName": "A"}), org.insert("Lead", {"LastName": "A"})
    _, outcomes = send(client, "DELETE", "composite/sobjects", ids=f"{contact},{lead},zzz")
    assert codes(outcomes) == ["", "", "MALFORMED_ID"]
    assert org.rows("Contact") == org.rows("Lead") == []


def test_a_lock_hits_one_row(client: Salesforce, org: Org) -> None:
    org.state.faults.plant(Fault(system="salesforce", kind="row_lock", row=1))
    records = [{**TYPE, "LastName": name} for name in "ABC"]
    _, outcomes = send(client, "POST", "composite/sobjects", {"records": records})
    assert codes(outcomes) == ["", "UNABLE_TO_LOCK_ROW", ""]
    assert [row["LastName"] for row in org.rows("Contact")] == ["A", "C"]


def test_composite_calls_use_earlier_answers(client: Salesforce, org: Org) -> None:
    base = "/services/data/v66.0"
    requests = [
        {"method": "POST", "url": f"{base}/sobjects/Account", "referenceId": "a", "body": {"Name": "Acme"}},
        {
            "method": "POST",
            "url": f"{base}/sobjects/Contact",
            "referenceId": "c",
            "body": {"LastName": "A", "AccountId": "@{a.id}"},
        },
        {"method": "GET", "url": f"{base}/query?q=SELECT+Account.Name+FROM+Contact", "referenceId": "q"},
        {"method": "POST", "url": f"{base}/sobjects/Contact", "referenceId": "bad", "body": {}},
    ]
    _, answer = send(client, "POST", "composite", {"compositeRequest": requests})
    parts = answer["compositeResponse"]
    assert [one["httpStatusCode"] for one in parts] == [201, 201, 200, 400]
    assert parts[2]["body"]["records"][0]["Account"]["Name"] == "Acme"
    assert parts[3]["body"][0]["errorCode"] == "REQUIRED_FIELD_MISSING"
    send(client, "POST", "composite", {"allOrNone": True, "compositeRequest": requests})
    assert len(org.rows("Account")) == 1


def test_batch_halts_when_asked(client: Salesforce) -> None:
    requests = [
        {"method": "POST", "url": "v66.0/sobjects/Contact", "richInput": {}},
        {"method": "GET", "url": "v66.0/limits"},
    ]
    _, answer = send(client, "POST", "composite/batch", {"batchRequests": requests})
    assert (answer["hasErrors"], [one["statusCode"] for one in answer["results"]]) == (True, [400, 200])
    _, halted = send(client, "POST", "composite/batch", {"haltOnError": True, "batchRequests": requests})
    assert halted["results"][1]["result"][0]["errorCode"] == "BATCH_PROCESSING_HALTED"
