"""Answers have the keys that recorded answers of real orgs have: no more, no fewer."""

from __future__ import annotations

from typing import Any

import pytest

from tests.conformance.running_twin import RunningTwin

OBJECT = """
name label labelPlural keyPrefix custom createable updateable deletable queryable replicateable retrieveable
searchable mergeable undeletable recordTypeInfos childRelationships fields urls
"""
FIELD = """
aggregatable aiPredictionField autoNumber byteLength calculated calculatedFormula cascadeDelete caseSensitive
compoundFieldName controllerName createable custom defaultValue defaultValueFormula defaultedOnCreate
dependentPicklist deprecatedAndHidden digits displayLocationInDecimal encrypted externalId extraTypeInfo
filterable filteredLookupInfo formulaTreatNullNumberAsZero groupable highScaleNumber htmlFormatted idLookup
inlineHelpText label length mask maskType name nameField namePointing nillable permissionable picklistValues
polymorphicForeignKey precision queryByDistance referenceTargetField referenceTo relationshipName
relationshipOrder restrictedDelete restrictedPicklist scale searchPrefilterable soapType sortable type unique
updateable writeRequiresMasterRead
"""
RECORD_TYPE = """
active available defaultRecordTypeMapping developerName master name recordTypeId urls
"""
QUERY_JOB = """
id operation object createdById createdDate systemModstamp state concurrencyMode contentType apiVersion
lineEnding columnDelimiter
"""
OBJECT_KEYS = set(OBJECT.split())
FIELD_KEYS = set(FIELD.split())
PICKLIST_KEYS = {"active", "defaultValue", "label", "validFor", "value"}
RECORD_TYPE_KEYS = set(RECORD_TYPE.split())
QUERY_JOB_KEYS = set(QUERY_JOB.split())
INGEST_JOB_KEYS = QUERY_JOB_KEYS | {"contentUrl"}
MASTER = "012000000000000AAA"
# Refusals: what is asked, then status, code and keys of the only entry.
PLAIN = {"message", "errorCode"}
OF_A_ROW = {"message", "errorCode", "fields"}


@pytest.fixture(params=["Lead", "Contact", "Account"])
def described(request: pytest.FixtureRequest, twin: RunningTwin) -> dict[str, Any]:
    return twin.rest("GET", f"sobjects/{request.param}/describe").json()


def test_an_object_has_the_recorded_keys(described: dict[str, Any]) -> None:
    assert OBJECT_KEYS - described.keys() == set()


def test_every_field_has_exactly_the_recorded_keys(described: dict[str, Any]) -> None:
    assert {frozenset(field) ^ FIELD_KEYS for field in described["fields"]} == {frozenset()}


def test_every_picklist_value_has_exactly_the_recorded_keys(described: dict[str, Any]) -> None:
    values = [value for field in described["fields"] for value in field["picklistValues"]]
    assert values
    assert {frozenset(value) ^ PICKLIST_KEYS for value in values} == {frozenset()}


def test_every_record_type_has_exactly_the_recorded_keys(described: dict[str, Any]) -> None:
    types = described["recordTypeInfos"]
    assert {frozenset(each) ^ RECORD_TYPE_KEYS for each in types} == {frozenset()}
    assert [each["recordTypeId"] for each in types if each["master"]] == [MASTER]


def test_a_text_is_three_bytes_a_character(described: dict[str, Any]) -> None:
    texts = [field for field in described["fields"] if field["type"] in {"string", "email", "phone"}]
    assert texts
    assert [field["name"] for field in texts if field["byteLength"] != 3 * field["length"]] == []


def test_the_list_of_objects_has_the_recorded_keys(twin: RunningTwin) -> None:
    answer = twin.rest("GET", "sobjects").json()
    assert set(answer) == {"encoding", "maxBatchSize", "sobjects"}
    assert all(
        {"name", "label", "keyPrefix", "queryable", "createable", "updateable", "urls"} <= set(each)
        for each in answer["sobjects"]
    )


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "code", "keys"),
    [
        ("GET", "query?q=SELECT+Nope+FROM+Contact", None, 400, "INVALID_FIELD", PLAIN),
        ("GET", "query?q=SELECT+Id+FROM+Nope", None, 400, "INVALID_TYPE", PLAIN),
        ("GET", "query?q=SELECT", None, 400, "MALFORMED_QUERY", PLAIN),
        ("GET", "query/0r8nothing-2000", None, 400, "INVALID_QUERY_LOCATOR", PLAIN),
        ("GET", "nowhere", None, 404, "NOT_FOUND", PLAIN),
        ("GET", "sobjects/Contact/Nope__c/1", None, 404, "NOT_FOUND", PLAIN),
        ("POST", "sobjects/Contact", {"FirstName": "Anna"}, 400, "REQUIRED_FIELD_MISSING", OF_A_ROW),
        ("POST", "sobjects/Contact", {"LastName": "x" * 81}, 400, "STRING_TOO_LONG", OF_A_ROW),
        ("POST", "sobjects/Contact", {"LastName": "x", "Email": "y"}, 400, "INVALID_EMAIL_ADDRESS", OF_A_ROW),
        ("POST", "jobs/query", {"operation": "nope", "query": "SELECT Id FROM Lead"}, 400, "INVALIDJOB", PLAIN),
    ],
)
def test_a_refusal_has_the_recorded_keys(
    twin: RunningTwin, method: str, path: str, body: Any, status: int, code: str, keys: set[str]
) -> None:
    answer = twin.rest(method, path, json=body)
    (error,) = answer.json()
    assert (answer.status_code, error["errorCode"], set(error)) == (status, code, keys)


def test_a_closed_session_is_refused_with_the_recorded_keys(twin: RunningTwin) -> None:
    stranger = RunningTwin(twin.url, twin.control, {"access_token": "00D000000000001!closed"})
    answer = stranger.rest("GET", "limits")
    assert answer.status_code == 401
    assert answer.json() == [{"message": "Session expired or invalid", "errorCode": "INVALID_SESSION_ID"}]


def test_rows_of_a_collection_have_the_recorded_keys(twin: RunningTwin) -> None:
    rows = [{"attributes": {"type": "Contact"}, "LastName": "Nowak"}, {"attributes": {"type": "Contact"}}]
    good, bad = twin.rest("POST", "composite/sobjects", json={"allOrNone": False, "records": rows}).json()
    assert set(good) == {"id", "success", "errors"}
    assert set(bad) == {"success", "errors"}
    assert set(bad["errors"][0]) == {"statusCode", "message", "fields"}


def test_a_page_of_a_query_has_the_recorded_keys(twin: RunningTwin) -> None:
    soql = "SELECT Id, Account.Name FROM Contact"
    page = twin.rest("GET", "query", params={"q": soql}).json()
    assert set(page) == {"totalSize", "done", "nextRecordsUrl", "records"}
    last = twin.rest("GET", page["nextRecordsUrl"].split("/v66.0/")[1]).json()
    assert set(last) == {"totalSize", "done", "records"}
    assert set(page["records"][0]) == {"attributes", "Id", "Account"}
    assert set(page["records"][0]["attributes"]) == {"type", "url"}


def test_a_bulk_query_job_has_the_recorded_keys(twin: RunningTwin) -> None:
    created = twin.rest("POST", "jobs/query", json={"operation": "query", "query": "SELECT Id FROM Lead"}).json()
    assert set(created) == QUERY_JOB_KEYS
    job = twin.rest("GET", f"jobs/query/{created['id']}").json()
    more = {"jobType", "numberRecordsProcessed", "retries", "totalProcessingTime", "isPkChunkingSupported"}
    assert set(job) == QUERY_JOB_KEYS | more


def test_a_bulk_ingest_job_has_the_recorded_keys(twin: RunningTwin) -> None:
    wanted = {"object": "Contact", "operation": "insert", "contentType": "CSV", "lineEnding": "LF"}
    created = twin.rest("POST", "jobs/ingest", json=wanted).json()
    assert set(created) == INGEST_JOB_KEYS
    assert created["contentUrl"] == f"services/data/v66.0/jobs/ingest/{created['id']}/batches"
    assert created["apiVersion"] == 66.0
