from __future__ import annotations

from typing import Any

import pytest
import requests

from salesmanago_sync.errors import AuthenticationError, FatalError, RetriableError
from tests.unit.clients.service import Call, Reply, refusal

BASE = "/services/data/v66.0/composite/sobjects"
RESET = requests.exceptions.ConnectionError(ConnectionResetError())


def good(name: str, **more: Any) -> dict[str, Any]:
    return {"id": name, "success": True, "errors": [], **more}


def bad(code: str, message: str = "") -> dict[str, Any]:
    return {"success": False, "errors": [{"statusCode": code, "message": message, "fields": []}]}


def everything(call: Call) -> Reply:
    return Reply([good(record.get("LastName", record.get("id"))) for record in call.body["records"]])


def people(count: int) -> list[dict[str, Any]]:
    return [{"LastName": f"L{number}"} for number in range(count)]


def test_creates_go_out_by_200_and_come_back_in_order(salesforce) -> None:
    client, service = salesforce(everything)
    outcomes = client.create("Contact", people(401))
    assert [outcome.id for outcome in outcomes] == [f"L{number}" for number in range(401)]
    assert all(outcome.ok and outcome.created for outcome in outcomes)
    assert [len(call.body["records"]) for call in service.calls] == [200, 200, 1]
    call = service.calls[0]
    assert call.line == f"POST {BASE}"
    assert call.body["allOrNone"] is False
    assert call.body["records"][0] == {"attributes": {"type": "Contact"}, "LastName": "L0"}
    assert call.headers["Sforce-Auto-Assign"] == "FALSE"
    assert call.headers["Sforce-Duplicate-Rule-Header"] == "allowSave=false"


def test_updates_name_the_record_and_keep_null_false_and_zero(salesforce) -> None:
    client, service = salesforce(everything)
    (outcome,) = client.update("Lead", [{"Id": "00Q1", "Phone": None, "HasOptedOutOfEmail": False, "N__c": 0}])
    assert (outcome.id, outcome.created) == ("00Q1", False)
    assert service.lines == [f"PATCH {BASE}"]
    assert service.calls[0].body["records"] == [
        {"attributes": {"type": "Lead"}, "id": "00Q1", "Phone": None, "HasOptedOutOfEmail": False, "N__c": 0}
    ]


def test_upserts_go_by_the_external_id_in_the_body(salesforce) -> None:
    client, service = salesforce([Reply([good("003A", created=True), good("003B", created=False)])])
    outcomes = client.upsert("Contact", "Key__c", [{"Key__c": "a"}, {"Key__c": "b"}])
    assert [outcome.created for outcome in outcomes] == [True, False]
    assert service.lines == [f"PATCH {BASE}/Contact/Key__c"]


def test_one_record_never_comes_twice_in_a_request(salesforce) -> None:
    client, service = salesforce(lambda call: Reply([good(record["Key__c"]) for record in call.body["records"]]))
    outcomes = client.upsert("Contact", "Key__c", [{"Key__c": "a"}, {"Key__c": "b"}, {"Key__c": "a"}])
    assert [outcome.id for outcome in outcomes] == ["a", "b", "a"]
    assert [len(call.body["records"]) for call in service.calls] == [2, 1]


def test_nothing_to_write_is_no_request(salesforce) -> None:
    client, _ = salesforce([])
    assert client.create("Contact", []) == []


def test_one_refused_record_does_not_stop_the_others(salesforce) -> None:
    client, _ = salesforce([Reply([good("a"), bad("REQUIRED_FIELD_MISSING", "for jan@example.com"), good("c")])])
    outcomes = client.create("Contact", people(3))
    assert [outcome.reason for outcome in outcomes] == [None, "REQUIRED_MISSING", None]
    assert "example.com" not in outcomes[1].text


def test_only_the_locked_rows_are_sent_again(salesforce, waits) -> None:
    client, service = salesforce(
        [
            Reply([good("a"), bad("UNABLE_TO_LOCK_ROW"), bad("STRING_TOO_LONG"), bad("API_TEMPORARILY_UNAVAILABLE")]),
            Reply([good("b"), bad("UNABLE_TO_LOCK_ROW")]),
            Reply([good("d")]),
        ]
    )
    outcomes = client.create("Contact", people(4))
    assert [outcome.id for outcome in outcomes] == ["a", "b", None, "d"]
    assert [[record["LastName"] for record in call.body["records"]] for call in service.calls] == [
        ["L0", "L1", "L2", "L3"],
        ["L1", "L3"],
        ["L3"],
    ]
    assert len(waits) == 2


def test_a_row_that_stays_locked_is_an_outcome(salesforce, waits) -> None:
    client, service = salesforce(lambda call: Reply([bad("UNABLE_TO_LOCK_ROW")] * len(call.body["records"])))
    assert [outcome.reason for outcome in client.update("Lead", [{"Id": "1"}, {"Id": "2"}])] == ["LOCKED", "LOCKED"]
    assert (len(service.calls), len(waits)) == (4, 3)


def test_a_lock_and_then_an_error_keeps_what_is_known(salesforce) -> None:
    limit = refusal("REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.", 403)
    client, _ = salesforce([Reply([good("a"), bad("UNABLE_TO_LOCK_ROW")]), limit])
    assert [outcome.reason for outcome in client.create("Contact", people(2))] == [None, "LOCKED"]


def test_a_lock_and_then_a_lost_answer_is_unknown(salesforce) -> None:
    client, _ = salesforce([Reply([good("a"), bad("UNABLE_TO_LOCK_ROW")]), RESET])
    assert [outcome.reason for outcome in client.create("Contact", people(2))] == [None, "NO_ANSWER"]


@pytest.mark.parametrize("lost", [RESET, Reply(b'[{"id":'), Reply(b"<html>", 502), Reply([], 500)])
def test_a_create_whose_answer_is_lost_is_never_repeated(salesforce, lost) -> None:
    client, service = salesforce([Reply([good("x")] * 200), lost, Reply([good("z")])])
    outcomes = client.create("Contact", people(401))
    assert [outcome.reason for outcome in outcomes] == [None] * 200 + ["NO_ANSWER"] * 200 + [None]
    assert len(service.calls) == 3


@pytest.mark.parametrize("write", ["update", "upsert"])
@pytest.mark.parametrize("lost", [RESET, Reply(b'[{"id":'), Reply(b"<html>", 502)])
def test_what_may_be_repeated_is_repeated_as_it_was(salesforce, write, lost) -> None:
    client, service = salesforce([lost, lost, Reply([good("x")])])
    arguments = [[{"Id": "1", "A": 1}]] if write == "update" else ["Key__c", [{"Key__c": "k"}]]
    assert getattr(client, write)("Lead", *arguments)[0].ok
    assert service.calls[0].body == service.calls[2].body
    assert {call.headers["Sforce-Auto-Assign"] for call in service.calls} == {"FALSE"}


def test_an_update_that_stays_lost_is_unknown(salesforce) -> None:
    client, service = salesforce(lambda call: RESET)
    assert client.update("Lead", [{"Id": "1"}])[0].reason == "NO_ANSWER"
    assert len(service.calls) == 4


def test_a_create_that_was_refused_as_a_whole_is_tried_again(salesforce) -> None:
    busy = refusal("SERVER_UNAVAILABLE", "busy", 503, {"Retry-After": "1"})
    concurrent = refusal("REQUEST_LIMIT_EXCEEDED", "ConcurrentRequests Limit exceeded.", 403)
    client, service = salesforce([busy, concurrent, Reply([good("a")])])
    assert client.create("Contact", people(1))[0].ok
    assert len(service.calls) == 3


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        (refusal("REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.", 403), FatalError),
        (refusal("INSUFFICIENT_ACCESS", "no", 403), AuthenticationError),
        (Reply(status=503), RetriableError),
    ],
)
def test_an_error_before_the_first_row_is_raised(salesforce, reply, kind) -> None:
    client, _ = salesforce(lambda call: reply)
    with pytest.raises(kind):
        client.create("Contact", people(2))


@pytest.mark.parametrize("rows", [0, 1, 3])
def test_an_answer_that_does_not_account_for_every_row_stops_the_run(salesforce, rows) -> None:
    client, _ = salesforce([Reply([good("x")] * rows)])
    with pytest.raises(FatalError, match="2 records were sent"):
        client.create("Contact", people(2))


def test_one_unreadable_record_is_found_and_the_rest_goes_through(salesforce) -> None:
    def answer(call: Call) -> Reply:
        names = [record["LastName"] for record in call.body["records"]]
        if "L3" in names:
            return refusal("JSON_PARSER_ERROR", "Cannot deserialize instance of date from jan@example.com")
        return everything(call)

    client, service = salesforce(answer)
    outcomes = client.create("Contact", people(8))
    assert [outcome.ok for outcome in outcomes] == [True] * 3 + [False] + [True] * 4
    assert (outcomes[3].reason, outcomes[3].code) == ("VALUE_INVALID", "JSON_PARSER_ERROR")
    assert "example.com" not in outcomes[3].text
    assert len(service.calls) == 7


@pytest.mark.parametrize("write", ["create", "update"])
def test_what_the_sync_itself_made_unreadable_is_not_sent_and_the_rest_goes(salesforce, write: str) -> None:
    client, service = salesforce(everything)
    rows = [{"Id": f"{number}", "LastName": f"L{number}"} for number in range(200)]
    rows[3]["Age__c"] = float("nan")
    outcomes = getattr(client, write)("Contact", rows)
    assert [outcome.ok for outcome in outcomes] == [True] * 3 + [False] + [True] * 196
    assert (outcomes[3].reason, outcomes[3].fields) == ("OWN_FAULT", ("Age__c",))
    assert sum(len(call.body["records"]) for call in service.calls) == 199


def test_records_are_deleted_by_id_and_may_be_deleted_already(salesforce) -> None:
    client, service = salesforce([Reply([good("00Q1"), bad("ENTITY_IS_DELETED"), bad("INSUFFICIENT_ACCESS")])])
    outcomes = client.delete(["00Q1", "00Q2", "00Q3"])
    assert [outcome.ok for outcome in outcomes] == [True, True, False]
    assert outcomes[2].reason == "NO_ACCESS"
    assert service.lines == [f"DELETE {BASE}"]
    assert service.calls[0].query == {"ids": "00Q1,00Q2,00Q3", "allOrNone": "false"}
