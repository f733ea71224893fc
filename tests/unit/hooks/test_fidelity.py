"""The local Salesforce as seen by software that this project did not write: Airflow's own hook, unmodified."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
import simple_salesforce.exceptions as refused
from airflow.providers.salesforce.hooks.salesforce import SalesforceHook

from tests.twin_server import TwinServer

CONNECTION = "salesforce_default"
Connect = Callable[..., SalesforceHook]


@pytest.fixture
def connect(twin: TwinServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[Connect]:
    """Makes the hook of a connection; without fields, of the one that the twin offers."""
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", twin.ca)
    monkeypatch.setenv("NO_PROXY", "localhost,127.0.0.1")
    with ExitStack() as opened:

        def make(fields: dict[str, Any] | None = None, *, session_id: str | None = None) -> SalesforceHook:
            connection = {"conn_type": "salesforce", **(fields or twin.connections[CONNECTION])}
            monkeypatch.setenv(f"AIRFLOW_CONN_{CONNECTION.upper()}", json.dumps(connection))
            hook = SalesforceHook(CONNECTION, session_id=session_id)
            # Its session stays open until the interpreter finds it unused.
            opened.callback(lambda: "conn" in vars(hook) and hook.get_conn().session.close())
            return hook

        yield make


@pytest.fixture
def hook(connect: Connect) -> SalesforceHook:
    return connect()


@pytest.fixture
def client(hook: SalesforceHook) -> Any:
    return hook.get_conn()


def contacts(twin: TwinServer, number: int) -> list[str]:
    rows = [{"LastName": f"Nowak {place:04}", "Email": f"n{place}@example.com"} for place in range(number)]
    ids: list[str] = twin.control.post("/salesforce/Contact", rows)["ids"]
    return ids


# -- four ways to log in


def soap(known: dict[str, str]) -> dict[str, Any]:
    extra = {"security_token": known["security_token"], "domain": known["domain"], "version": "59.0"}
    return {"login": known["username"], "password": known["password"], "extra": extra}


def jwt_bearer(known: dict[str, str]) -> dict[str, Any]:
    extra = {"consumer_key": known["consumer_key"], "private_key_file_path": known["private_key_file"]}
    return {"login": known["username"], "extra": {**extra, "domain": known["domain"], "version": "66.0"}}


def client_credentials(known: dict[str, str]) -> dict[str, Any]:
    extra = {"consumer_key": known["consumer_key"], "consumer_secret": known["consumer_secret"]}
    return {"extra": {**extra, "domain": known["domain"], "version": "66.0"}}


def ready_token(known: dict[str, str]) -> dict[str, Any]:
    return {"extra": {"instance_url": known["instance_url"], "version": "66.0"}}


@pytest.mark.parametrize("way", [soap, jwt_bearer, client_credentials])
def test_every_way_to_log_in_opens_the_org(twin: TwinServer, connect: Connect, way: Callable[..., Any]) -> None:
    hook = connect(way(twin.salesforce))
    [org] = hook.make_query("SELECT Id, IsSandbox FROM Organization")["records"]
    assert org["Id"].startswith("00D")
    assert hook.test_connection() == (True, "Connection successfully tested")
    assert hook.get_conn().session_id != twin.salesforce["access_token"], "a session of its own"


def test_a_ready_token_needs_no_log_in(twin: TwinServer, connect: Connect) -> None:
    hook = connect(ready_token(twin.salesforce), session_id=twin.salesforce["access_token"])
    assert hook.test_connection() == (True, "Connection successfully tested")
    assert [row["path"] for row in twin.control.get("/calls")["by"]] == [
        "/services/data/v66.0/sobjects/Account/describe"
    ]


@pytest.mark.parametrize(
    ("way", "wrong", "code", "text"),
    [
        (soap, {"password": "wrong"}, "INVALID_LOGIN", "Invalid username, password, security token"),
        (jwt_bearer, {"consumer_key": "wrong"}, "invalid_client_id", "client identifier invalid"),
        (client_credentials, {"consumer_secret": "wrong"}, "invalid_client", "invalid client credentials"),
    ],
)
def test_a_refused_log_in_says_why(
    twin: TwinServer, connect: Connect, way: Callable[..., Any], wrong: dict[str, str], code: str, text: str
) -> None:
    with pytest.raises(refused.SalesforceAuthenticationFailed) as caught:
        connect(way({**twin.salesforce, **wrong})).get_conn()
    assert caught.value.code == code
    assert text in str(caught.value)


def test_a_failed_connection_test_says_why(twin: TwinServer, connect: Connect) -> None:
    works, message = connect(ready_token(twin.salesforce), session_id="not a session").test_connection()
    assert not works
    assert "INVALID_SESSION_ID" in message


# -- what the hook reads


def test_a_query_is_read_to_its_last_page(twin: TwinServer, hook: SalesforceHook) -> None:
    ids = contacts(twin, 25)
    twin.control.post("/salesforce/settings", {"page_size": 10})
    twin.control.delete("/calls")
    answer = hook.make_query("SELECT Id, LastName, Email FROM Contact ORDER BY LastName")
    assert [row["Id"] for row in answer["records"]] == ids
    assert answer["records"][0]["attributes"]["type"] == "Contact"
    assert twin.control.get("/calls")["total"] == 3 + 1, "three pages and the log-in"


def test_deleted_records_are_read_when_asked_for(twin: TwinServer, hook: SalesforceHook) -> None:
    kept, gone = contacts(twin, 2)
    twin.control.delete(f"/salesforce/Contact/{gone}")
    query = "SELECT Id, IsDeleted FROM Contact ORDER BY LastName"
    assert [row["Id"] for row in hook.make_query(query)["records"]] == [kept]
    everything = hook.make_query(query, include_deleted=True)["records"]
    assert [(row["Id"], row["IsDeleted"]) for row in everything] == [(kept, False), (gone, True)]


def test_describe_tells_every_field(hook: SalesforceHook) -> None:
    described = hook.describe_object("Lead")
    assert (described["name"], described["keyPrefix"], described["createable"]) == ("Lead", "00Q", True)
    assert hook.get_available_fields("Lead") == [field["name"] for field in described["fields"]]
    assert {"Id", "Email", "Company", "HasOptedOutOfEmail", "SystemModstamp"} <= set(hook.get_available_fields("Lead"))


@pytest.mark.filterwarnings("ignore::pandas.errors.Pandas4Warning")  # the provider's own affair
def test_rows_become_a_frame(twin: TwinServer, hook: SalesforceHook) -> None:
    made = contacts(twin, 2)
    twin.control.patch(f"/salesforce/Contact/{made[0]}", {"Birthdate": "1990-02-28", "DoNotCall": True})
    rows = hook.get_object_from_salesforce("Contact", ["Id", "Email", "Birthdate", "DoNotCall", "CreatedDate"])
    frame = hook.object_to_df(rows["records"], coerce_to_timestamp=True).set_index("id").loc[made]
    assert list(frame["email"]) == ["n0@example.com", "n1@example.com"]
    assert list(frame["donotcall"]) == [True, False]
    assert list(frame["birthdate"].notna()) == [True, False]
    assert frame["birthdate"].iloc[0] == 636163200, "1990-02-28 as seconds"
    assert (frame["createddate"] > 1.6e9).all(), "moments as Salesforce spells them are understood"


# -- what simple-salesforce writes


def test_one_record_lives_and_dies(client: Any) -> None:
    made = client.Contact.create({"LastName": "Nowak", "Email": "Anna@Example.com"})
    assert (made["success"], made["errors"]) == (True, [])
    identifier = made["id"]
    assert client.Contact.update(identifier, {"FirstName": "Anna", "Phone": None}) == 204
    row = client.Contact.get(identifier)
    assert (row["FirstName"], row["Email"], row["Phone"]) == ("Anna", "anna@example.com", None)
    assert client.Contact.delete(identifier) == 204
    with pytest.raises(refused.SalesforceResourceNotFound):
        client.Contact.get(identifier)


@pytest.fixture
def external(twin: TwinServer) -> str:
    """An external id of Contact that need not be unique."""
    field = {"name": "Crm_Id__c", "type": "string", "length": 40, "externalId": True, "idLookup": True}
    twin.control.post("/salesforce/fields", {"sobject": "Contact", "field": field})
    return "Crm_Id__c"


def test_an_upsert_makes_and_then_changes(client: Any, external: str) -> None:
    first = client.Contact.upsert(f"{external}/k 1", {"LastName": "Nowak"}, raw_response=True)
    again = client.Contact.upsert(f"{external}/k 1", {"LastName": "Kowalska"}, raw_response=True)
    assert (first.status_code, first.json()["created"]) == (201, True)
    assert (again.status_code, again.json()["created"]) == (200, False)
    row = client.Contact.get(first.json()["id"])
    assert (row["LastName"], row[external]) == ("Kowalska", "k 1")


def test_collections_answer_every_row(client: Any) -> None:
    def send(method: str, records: list[dict[str, Any]]) -> list[dict[str, Any]]:
        rows = [{"attributes": {"type": "Lead"}, **record} for record in records]
        answer: list[dict[str, Any]] = client.restful(
            "composite/sobjects", method=method, json={"allOrNone": False, "records": rows}
        )
        return answer

    made = send("POST", [{"LastName": "Nowak", "Company": "Firma"}, {"Company": "Firma"}])
    assert [row["success"] for row in made] == [True, False]
    assert made[1]["errors"][0]["statusCode"] == "REQUIRED_FIELD_MISSING"
    identifier = made[0]["id"]
    assert send("PATCH", [{"id": identifier, "Title": "Prezes"}])[0]["success"]
    body = {"ids": [identifier], "fields": ["Id", "Title"]}
    assert client.restful("composite/sobjects/Lead", method="POST", json=body)[0]["Title"] == "Prezes"
    [gone] = client.restful("composite/sobjects", method="DELETE", params={"ids": identifier})
    assert gone["success"]


def test_bulk_reads_every_page(twin: TwinServer, client: Any) -> None:
    ids = contacts(twin, 25)
    query = "SELECT Id, LastName FROM Contact ORDER BY LastName"
    pages = list(client.bulk2.Contact.query(query, max_records=10, wait=0))
    rows = [list(csv.DictReader(io.StringIO(page, newline=""))) for page in pages]
    assert [len(page) for page in rows] == [10, 10, 5]
    assert [row["Id"] for page in rows for row in page] == ids


def test_bulk_inserts_and_lists_what_it_refused(twin: TwinServer, client: Any) -> None:
    records = [{"LastName": "Nowak", "Email": "a@example.com"}, {"LastName": "Zły", "Email": "no address"}]
    [job] = client.bulk2.Contact.insert(records=records, wait=0)
    assert (job["numberRecordsTotal"], job["numberRecordsFailed"]) == (2, 1)
    [failed] = csv.DictReader(io.StringIO(client.bulk2.Contact.get_failed_records(job["job_id"])))
    assert failed["sf__Error"].startswith("INVALID_EMAIL_ADDRESS:")
    assert [row["LastName"] for row in twin.control.get("/salesforce/Contact")] == ["Nowak"]


def test_limits_are_told_and_counted(client: Any) -> None:
    limits = client.limits()["DailyApiRequests"]
    assert 0 < limits["Remaining"] < limits["Max"]
    usage = client.api_usage["api-usage"]
    assert (usage.total, usage.used) == (limits["Max"], limits["Max"] - limits["Remaining"])


# -- errors come as the classes of simple-salesforce


@pytest.mark.parametrize(
    ("call", "error", "code"),
    [
        (lambda sf: sf.query("SELECT Nope FROM Contact"), refused.SalesforceMalformedRequest, "INVALID_FIELD"),
        (lambda sf: sf.query("SELECT FROM"), refused.SalesforceMalformedRequest, "MALFORMED_QUERY"),
        (lambda sf: sf.Contact.create({}), refused.SalesforceMalformedRequest, "REQUIRED_FIELD_MISSING"),
        (lambda sf: sf.Contact.create({"LastName": "x" * 81}), refused.SalesforceMalformedRequest, "STRING_TOO_LONG"),
        (lambda sf: sf.Contact.get("003000000000001AAA"), refused.SalesforceResourceNotFound, "NOT_FOUND"),
        (lambda sf: sf.Nope__c.describe(), refused.SalesforceResourceNotFound, "NOT_FOUND"),
    ],
)
def test_a_wrong_call_is_refused(client: Any, call: Callable[[Any], Any], error: type[Exception], code: str) -> None:
    with pytest.raises(error) as caught:
        call(client)
    assert caught.value.content[0]["errorCode"] == code


def test_a_key_of_two_records_is_refused(twin: TwinServer, client: Any, external: str) -> None:
    twin.control.post("/salesforce/Contact", [{"LastName": name, external: "k"} for name in "AB"])
    with pytest.raises(refused.SalesforceMoreThanOneRecord) as caught:
        client.Contact.upsert(f"{external}/k", {"Title": "T"})
    assert len(caught.value.content) == 2


def test_a_session_that_is_no_more_is_refused(twin: TwinServer, connect: Connect) -> None:
    client = connect(ready_token(twin.salesforce), session_id="not a session").get_conn()
    with pytest.raises(refused.SalesforceExpiredSession):
        client.query("SELECT Id FROM Lead")


def test_an_expired_session_is_renewed(twin: TwinServer, client: Any) -> None:
    body = [{"errorCode": "INVALID_SESSION_ID", "message": "Session expired or invalid"}]
    twin.control.post("/faults", {"system": "salesforce", "kind": "status", "status": 401, "body": body})
    first = client.session_id
    assert client.query("SELECT Id FROM Lead")["totalSize"] == 0
    assert client.session_id != first


def test_an_org_without_the_api_refuses(twin: TwinServer, client: Any) -> None:
    twin.control.post("/salesforce/settings", {"api_enabled": False})
    with pytest.raises(refused.SalesforceRefusedRequest) as caught:
        client.query("SELECT Id FROM Lead")
    assert caught.value.content[0]["errorCode"] == "API_DISABLED_FOR_ORG"


def test_a_day_s_calls_run_out(twin: TwinServer, client: Any) -> None:
    twin.control.post("/salesforce/settings", {"daily_limit": 1})
    with pytest.raises(refused.SalesforceRefusedRequest) as caught:
        [client.query("SELECT Id FROM Lead") for _ in range(3)]
    assert caught.value.content[0]["errorCode"] == "REQUEST_LIMIT_EXCEEDED"


def test_an_outage_is_told(twin: TwinServer, client: Any) -> None:
    body = [{"errorCode": "SERVER_UNAVAILABLE", "message": "Server is temporarily unavailable"}]
    twin.control.post("/faults", {"system": "salesforce", "kind": "status", "status": 503, "body": body})
    with pytest.raises(refused.SalesforceGeneralError) as caught:
        client.query("SELECT Id FROM Lead")
    assert caught.value.status == 503
