from __future__ import annotations

import csv
import io
from datetime import timedelta
from typing import Any

import pytest
import requests
from simple_salesforce import Salesforce
from simple_salesforce.exceptions import SalesforceMalformedRequest, SalesforceRefusedRequest

from twin.faults import Fault
from twin.salesforce import Org
from twin.state import State


@pytest.fixture(autouse=True)
def external_id(org: Org) -> None:
    org.add_field("Contact", {"name": "Ext__c", "type": "string", "length": 40, "externalId": True, "unique": True})


def ingest(client: Salesforce, body: str, **job: Any) -> dict[str, Any]:
    made: Any = client.restful(
        "jobs/ingest", method="POST", json={"object": "Contact", "operation": "insert", "contentType": "CSV", **job}
    )
    url = f"{client.base_url}jobs/ingest/{made['id']}"
    headers = {**client.headers, "Content-Type": "text/csv"}
    assert client.session.put(f"{url}/batches", data=body.encode(), headers=headers).status_code == 201
    client.restful(f"jobs/ingest/{made['id']}", method="PATCH", json={"state": "UploadComplete"})
    done: dict[str, Any] = client.restful(f"jobs/ingest/{made['id']}", method="GET")
    return done


def rows(client: Salesforce, job: dict[str, Any], kind: str) -> list[list[str]]:
    answer = client.session.get(f"{client.base_url}jobs/ingest/{job['id']}/{kind}/", headers=client.headers)
    return list(csv.reader(io.StringIO(answer.content.decode(), newline="")))


def test_an_ingest_job_tells_what_went_through_and_what_did_not(client: Salesforce, org: Org) -> None:
    long = "x" * 81
    job = ingest(client, f'LastName,Email,Description\nNowak,A@example.com,"two\nlines"\n{long},,\nZ,bad,\n')
    assert (job["state"], job["numberRecordsProcessed"], job["numberRecordsFailed"]) == ("JobComplete", 3, 2)
    good = rows(client, job, "successfulResults")
    assert good[0] == ["sf__Id", "sf__Created", "LastName", "Email", "Description"]
    assert good[1][1:] == ["true", "Nowak", "A@example.com", "two\nlines"]
    bad = {row[2]: row[1] for row in rows(client, job, "failedResults")[1:]}
    assert bad == {
        long: f"STRING_TOO_LONG:Last Name: data value too large: {long} (max length=80):LastName --",
        "Z": "INVALID_EMAIL_ADDRESS:Email: invalid email address: bad:Email --",
    }
    assert org.rows("Contact")[0]["Email"] == "a@example.com"


def test_an_empty_cell_keeps_and_na_empties(client: Salesforce, org: Org) -> None:
    made = org.insert("Contact", {"LastName": "A", "Title": "Dr", "Phone": "1", "Ext__c": "k"})
    job = ingest(client, "Ext__c,Title,Phone\nK,,#N/A\nnew,,\n,,\n", operation="upsert", externalIdFieldName="Ext__c")
    assert {row[0]: row[1] for row in rows(client, job, "successfulResults")[1:]} == {made: "false"}
    assert sorted(row[1] for row in rows(client, job, "failedResults")[1:]) == [
        "MISSING_ARGUMENT:Ext__c not specified:--",
        "REQUIRED_FIELD_MISSING:Required fields are missing: [LastName]:LastName --",
    ]
    kept = org.get("Contact", made)
    assert kept is not None
    assert (kept["Title"], kept["Phone"]) == ("Dr", None)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("LastName,Nope__c\nA,1\n", "InvalidBatch : Field name not found : Nope__c"),
        (
            "LastName\r\nA\r\n",
            "ClientInputError : LineEnding is invalid on user data. Current LineEnding setting is LF",
        ),
    ],
)
def test_a_bad_file_fails_the_whole_job(client: Salesforce, org: Org, body: str, message: str) -> None:
    job = ingest(client, body)
    assert (job["state"], job["errorMessage"]) == ("Failed", message)
    assert org.rows("Contact") == []


def test_a_row_lock_hits_the_row_it_was_planted_for(client: Salesforce, state: State) -> None:
    state.faults.plant(Fault(system="salesforce", kind="row_lock", row=1))
    job = ingest(client, "LastName\nA\nB\n")
    failed = rows(client, job, "failedResults")[1:]
    assert [row[2] for row in failed] == ["B"]
    assert failed[0][1].startswith("UNABLE_TO_LOCK_ROW:unable to obtain exclusive access")


def test_a_pending_job_needs_more_polls(client: Salesforce, state: State) -> None:
    state.faults.plant(Fault(system="salesforce", kind="job_pending", polls=2))
    job = ingest(client, "LastName\nA\n")
    states = [job["state"]] + [client.restful(f"jobs/ingest/{job['id']}", method="GET")["state"] for _ in range(2)]
    assert states == ["InProgress", "InProgress", "JobComplete"]


def test_the_bulk_handler_of_simple_salesforce_reads_every_page(client: Salesforce, org: Org) -> None:
    ids = [org.insert("Contact", {"LastName": f"N{number}", "Phone": None}) for number in range(5)]
    pages = list(
        client.bulk2.Contact.query("SELECT Id, LastName, Account.Name, DoNotCall FROM Contact", max_records=2, wait=0)
    )
    assert [len(page.splitlines()) for page in pages] == [3, 3, 2]
    assert pages[0].splitlines()[:2] == [
        '"Id","LastName","Account.Name","DoNotCall"',
        f'"{ids[0]}","N0","","false"',
    ]


def test_the_bulk_handler_of_simple_salesforce_upserts(client: Salesforce, org: Org) -> None:
    records = [{"Ext__c": f"k{number}", "LastName": "A"} for number in range(3)]
    [answer] = client.bulk2.Contact.upsert(records=records, external_id_field="Ext__c", wait=0)
    assert (answer["numberRecordsProcessed"], answer["numberRecordsFailed"]) == (3, 0)
    assert len(org.rows("Contact")) == 3


def test_a_bulk_query_refuses_compound_fields(client: Salesforce) -> None:
    query = {"operation": "query", "query": "SELECT Id, MailingAddress FROM Contact"}
    with pytest.raises(SalesforceMalformedRequest, match="compound data not supported"):
        client.restful("jobs/query", method="POST", json=query)


def test_result_pages_list_links(client: Salesforce) -> None:
    job: Any = client.restful("jobs/query", method="POST", json={"operation": "query", "query": "SELECT Id FROM Lead"})
    pages: Any = client.restful(f"jobs/query/{job['id']}/resultPages", method="GET")
    assert pages["done"]
    assert pages["resultPages"][0]["resultUrl"].startswith(f"/services/data/v66.0/jobs/query/{job['id']}/results?")


def begin(client: Salesforce, soql: str, operation: str = "query", **job: Any) -> str:
    body = {"operation": operation, "query": soql, **job}
    made: Any = client.restful("jobs/query", method="POST", json=body)
    return str(made["id"])


def look(client: Salesforce, job: str) -> dict[str, Any]:
    found: dict[str, Any] = client.restful(f"jobs/query/{job}", method="GET")
    return found


def results(client: Salesforce, job: str, **query: str) -> requests.Response:
    url = f"{client.base_url}jobs/query/{job}/results"
    return client.session.get(url, params=query, headers=client.headers)


def table(answer: requests.Response) -> list[list[str]]:
    return list(csv.reader(io.StringIO(answer.content.decode(), newline=""), strict=True))


def test_a_query_job_reads_deleted_records_only_when_asked(client: Salesforce, org: Org) -> None:
    kept, gone = (org.insert("Lead", {"LastName": name, "Company": "C"}) for name in ("A", "B"))
    client.Lead.delete(gone)
    found = {
        operation: [row[0] for row in table(results(client, begin(client, "SELECT Id FROM Lead", operation)))[1:]]
        for operation in ("query", "queryAll")
    }
    assert found == {"query": [kept], "queryAll": [kept, gone]}


def test_cells_are_quoted_whatever_they_hold(client: Salesforce, org: Org) -> None:
    account = org.insert("Account", {"Name": 'A "quoted", and\nmore'})
    org.insert("Contact", {"LastName": "N", "AccountId": account, "Description": "a\r\nb", "DoNotCall": True})
    org.insert("Contact", {"LastName": "#N/A"})
    soql = "SELECT LastName, Account.Name, Description, DoNotCall, Birthdate FROM Contact ORDER BY LastName"
    answer = results(client, begin(client, soql))
    assert answer.content.decode() == (
        '"LastName","Account.Name","Description","DoNotCall","Birthdate"\n'
        '"#N/A","","","false",""\n'
        '"N","A ""quoted"", and\nmore","a\r\nb","true",""\n'
    )
    assert (answer.headers["Content-Type"], answer.headers["Sforce-Locator"]) == ("text/csv", "null")


def test_lines_and_columns_end_as_the_job_says(client: Salesforce, org: Org) -> None:
    org.insert("Lead", {"LastName": "A;B", "Company": "C"})
    job = begin(client, "SELECT LastName, Company FROM Lead", lineEnding="CRLF", columnDelimiter="SEMICOLON")
    assert results(client, job).content == b'"LastName";"Company"\r\n"A;B";"C"\r\n'


def test_locators_lead_to_the_next_page_as_often_as_they_are_used(client: Salesforce, org: Org) -> None:
    ids = [org.insert("Lead", {"LastName": f"N{number}", "Company": "C"}) for number in range(3)]
    job = begin(client, "SELECT Id FROM Lead")
    first = results(client, job, maxRecords="2")
    assert first.headers["Sforce-NumberOfRecords"] == "2"
    for _ in range(2):
        second = results(client, job, maxRecords="2", locator=first.headers["Sforce-Locator"])
        assert [row[0] for row in table(second)[1:]] == ids[2:]
        assert second.headers["Sforce-Locator"] == "null"


@pytest.mark.parametrize("locator", ["null", "!", "LTE", "OTk", "MV8w"])
def test_a_locator_that_the_job_never_gave_is_refused(client: Salesforce, org: Org, locator: str) -> None:
    org.insert("Lead", {"LastName": "A", "Company": "C"})
    answer = results(client, begin(client, "SELECT Id FROM Lead"), locator=locator)
    assert (answer.status_code, answer.json()[0]["errorCode"]) == (400, "INVALIDLOCATOR")


@pytest.mark.parametrize("size", ["0", "-1", "many"])
def test_a_page_size_that_is_none_is_refused(client: Salesforce, size: str) -> None:
    answer = results(client, begin(client, "SELECT Id FROM Lead"), maxRecords=size)
    assert answer.status_code == 400


def test_a_failed_job_says_why_and_has_no_results(client: Salesforce, state: State) -> None:
    state.faults.plant(Fault(system="salesforce", kind="job_failed", body="InternalServerError : retried 15 times"))
    job = begin(client, "SELECT Id FROM Lead")
    failed = look(client, job)
    assert (failed["state"], failed["errorMessage"]) == ("Failed", "InternalServerError : retried 15 times")
    assert results(client, job).json()[0]["errorCode"] == "INVALIDJOBSTATE"


def test_a_job_is_given_up_and_deleted(client: Salesforce, state: State) -> None:
    state.faults.plant(Fault(system="salesforce", kind="job_pending", polls=1))
    job = begin(client, "SELECT Id FROM Lead")
    assert look(client, job)["state"] == "InProgress"
    delete = f"{client.base_url}jobs/query/{job}"
    assert client.session.delete(delete, headers=client.headers).json()[0]["errorCode"] == "INVALIDJOBSTATE"
    aborted: Any = client.restful(f"jobs/query/{job}", method="PATCH", json={"state": "Aborted"})
    assert aborted["state"] == "Aborted"
    assert client.session.delete(delete, headers=client.headers).status_code == 204
    assert results(client, job).status_code == 404


def test_results_are_kept_for_a_week(client: Salesforce, state: State) -> None:
    job = begin(client, "SELECT Id FROM Lead")
    state.clock.advance(timedelta(days=7).total_seconds())
    assert results(client, job).status_code == 200
    state.clock.advance(60)
    assert results(client, job).json()[0]["errorCode"] == "NOT_FOUND"


def test_results_are_read_with_the_version_of_the_job(client: Salesforce) -> None:
    job = begin(client, "SELECT Id FROM Lead")
    url = f"{client.base_url.replace('v66.0', 'v65.0')}jobs/query/{job}/results"
    assert client.session.get(url, headers=client.headers).status_code == 409


def test_whoever_may_not_make_jobs_is_refused(client: Salesforce, org: Org) -> None:
    org.settings["bulk_enabled"] = False
    with pytest.raises(SalesforceRefusedRequest, match="FEATURENOTENABLED"):
        begin(client, "SELECT Id FROM Lead")


@pytest.mark.parametrize("soql", ["SELECT COUNT() FROM Lead", "SELECT Id FROM Lead OFFSET 1"])
def test_a_query_job_takes_no_counts_and_no_offset(client: Salesforce, soql: str) -> None:
    with pytest.raises(SalesforceMalformedRequest, match="not supported in Bulk Query"):
        begin(client, soql)
