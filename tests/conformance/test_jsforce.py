"""jsforce, the JavaScript client of Salesforce, takes the twin for the real thing."""

from __future__ import annotations

import json
import subprocess
from typing import Any

import pytest

from tests.conformance.running_twin import FOLDER, NODE, RunningTwin


@pytest.fixture
def jsforce(twin: RunningTwin) -> Any:
    def converse(conversation: str) -> Any:
        command = [str(NODE), "jsforce.mjs", conversation, twin.url, json.dumps(twin.salesforce)]
        result = subprocess.run(command, cwd=FOLDER, capture_output=True, text=True, check=False, timeout=120)
        assert result.returncode == 0, result.stderr
        return json.loads(result.stdout)

    return converse


def test_it_logs_in_by_soap(jsforce: Any, twin: RunningTwin) -> None:
    user = jsforce("soapLogin")
    assert user["username"] == twin.salesforce["username"]
    assert user["user_id"].startswith("005")
    assert user["organizationId"].startswith("00D")


def test_it_logs_in_with_client_credentials(jsforce: Any) -> None:
    assert jsforce("clientCredentials") == 1


def test_a_wrong_password_is_refused(jsforce: Any) -> None:
    assert "INVALID_LOGIN" in jsforce("refusedLogin")


def test_it_reads_a_query_of_several_pages(jsforce: Any, count_contacts: int) -> None:
    found = jsforce("pages")
    assert found["sizes"] == [2000, count_contacts - 2000]
    assert found["total"] == len(set(found["ids"])) == count_contacts
    assert found["keys"] == ["attributes", "Id", "LastName", "SystemModstamp"]


def test_it_creates_reads_changes_and_deletes_a_row(jsforce: Any) -> None:
    row = jsforce("rows")
    assert len(row["id"]) == 18
    assert (row["name"], row["email"], row["gone"]) == ("Anna Maria Nowak", None, "ENTITY_IS_DELETED")


def test_it_upserts_by_external_id(jsforce: Any) -> None:
    done = jsforce("upsert")
    assert done["created"]["created"] is True
    assert done["updated"]["created"] is False
    assert done["created"]["id"] == done["updated"]["id"] == done["read"]["Id"]
    assert done["read"]["LastName"] == "Second"


def test_it_upserts_a_collection_with_one_outcome_a_row(jsforce: Any) -> None:
    good, nameless, misaddressed = jsforce("collection")
    assert (good["success"], good["created"], good["errors"]) == (True, True, [])
    assert nameless["errors"][0] == {
        "statusCode": "REQUIRED_FIELD_MISSING",
        "message": "Required fields are missing: [LastName]",
        "fields": ["LastName"],
    }
    assert misaddressed["errors"][0]["statusCode"] == "INVALID_EMAIL_ADDRESS"


def test_it_upserts_in_bulk(jsforce: Any) -> None:
    done = jsforce("bulkUpsert")
    assert [(row["Conformance_Key__c"], row["sf__Created"]) for row in done["successfulResults"]] == [("js-5", "true")]
    (failed,) = done["failedResults"]
    assert failed["sf__Error"] == "REQUIRED_FIELD_MISSING:Required fields are missing: [LastName]:LastName --"
    assert done["unprocessedRecords"] == []
    assert done["description"] == 'two\nlines, "quoted"'


def test_it_queries_in_bulk(jsforce: Any) -> None:
    found = jsforce("bulkQuery")
    assert found["count"] == 60
    assert found["keys"] == ["Id", "LastName"]


def test_it_describes_an_object_and_the_org(jsforce: Any) -> None:
    contact = jsforce("describe")
    (last_name,) = [field for field in contact["fields"] if field["name"] == "LastName"]
    assert (last_name["length"], last_name["nillable"], last_name["createable"]) == (80, False, True)
    names = {each["name"] for each in jsforce("describeGlobal")["sobjects"]}
    assert {"Lead", "Contact", "Account", "User", "Organization"} <= names


def test_it_reads_limits_and_what_is_used(jsforce: Any) -> None:
    found = jsforce("limits")
    assert 0 < found["daily"]["Remaining"] < found["daily"]["Max"]
    assert 0 < found["usage"]["used"] < found["usage"]["limit"] == found["daily"]["Max"]


def test_it_understands_refusals(jsforce: Any) -> None:
    assert jsforce("errors") == {
        "unknownField": "INVALID_FIELD",
        "unknownObject": "INVALID_TYPE",
        "badQuery": "MALFORMED_QUERY",
        "noLastName": "REQUIRED_FIELD_MISSING",
        "tooLong": "STRING_TOO_LONG",
        "badEmail": "INVALID_EMAIL_ADDRESS",
        "unknownId": "NOT_FOUND",
    }
