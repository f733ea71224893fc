from __future__ import annotations

import pytest

from salesmanago_sync.clients.salesforce_errors import (
    REQUESTS,
    ROWS,
    STATUSES,
    MissingError,
    QueryLocatorError,
    RefusedRequestError,
    request_error,
    row_outcome,
)
from salesmanago_sync.domain.reasons import ISSUES
from salesmanago_sync.errors import AuthenticationError, FatalError, RetriableError, SyncError

REFUSALS = [
    (401, "INVALID_SESSION_ID", AuthenticationError),
    (401, "INVALID_AUTH_HEADER", AuthenticationError),
    (403, "API_DISABLED_FOR_ORG", FatalError),
    (403, "API_CURRENTLY_DISABLED", AuthenticationError),
    (403, "INSUFFICIENT_ACCESS", AuthenticationError),
    (403, "TXN_SECURITY_METERING_ERROR", RetriableError),
    (400, "INVALID_TYPE", FatalError),
    (400, "INVALID_FIELD", FatalError),
    (400, "MALFORMED_QUERY", FatalError),
    (400, "UNSUPPORTED_API_VERSION", FatalError),
    (404, "NOT_FOUND", MissingError),
    (400, "INVALID_QUERY_LOCATOR", QueryLocatorError),
    (400, "JSON_PARSER_ERROR", RefusedRequestError),
    (400, "QUERY_TIMEOUT", RetriableError),
    (503, "SERVER_UNAVAILABLE", RetriableError),
    (503, "API_TEMPORARILY_UNAVAILABLE", RetriableError),
    (400, "UNABLE_TO_LOCK_ROW", RetriableError),
]


@pytest.mark.parametrize(("status", "code", "kind"), REFUSALS)
def test_a_refused_request(status: int, code: str, kind: type[SyncError]) -> None:
    error = request_error(status, [{"errorCode": code, "message": "about jan@example.com"}], "Salesforce GET query")
    assert type(error) is kind
    assert code in str(error)
    assert "about" not in str(error)
    assert error.words == "about <e-mail>"
    assert str(error).startswith("Salesforce GET query")


@pytest.mark.parametrize("code", ["Jan Kowalski", "+48 601 657 778", "jan", "", None, ["Jan"]])
def test_what_is_no_code_is_not_told_as_one(code: object) -> None:
    error = request_error(400, [{"errorCode": code, "message": "Jan"}], "Salesforce GET query")
    assert str(error) == "Salesforce GET query: refused (HTTP 400). The run cannot go on."


def test_every_code_of_the_table_has_its_test() -> None:
    assert {code for _, code, _ in REFUSALS} == set(REQUESTS)


@pytest.mark.parametrize(
    ("status", "kind"),
    [(401, AuthenticationError), (409, MissingError), (410, FatalError), (414, FatalError), (431, FatalError)],
)
def test_a_status_without_a_code(status: int, kind: type[SyncError]) -> None:
    assert type(request_error(status, None, "Salesforce GET query")) is kind
    assert status in STATUSES


def test_an_unknown_code_stops_the_run() -> None:
    assert type(request_error(403, [{"errorCode": "BRAND_NEW", "message": "?"}], "Salesforce")) is FatalError
    assert type(request_error(400, None, "Salesforce")) is FatalError


def test_an_unknown_code_of_a_bad_request_is_about_one_of_its_records() -> None:
    error = request_error(400, [{"errorCode": "BRAND_NEW", "message": "for jan@example.com"}], "Salesforce")
    assert isinstance(error, RefusedRequestError)
    assert (error.code, error.words) == ("BRAND_NEW", "for <e-mail>")


def test_the_daily_limit_is_told_in_plain_words() -> None:
    body = [{"errorCode": "REQUEST_LIMIT_EXCEEDED", "message": "TotalRequests Limit exceeded."}]
    error = request_error(403, body, "Salesforce GET query")
    assert type(error) is FatalError
    assert "daily API limit" in str(error)


@pytest.mark.parametrize("message", ["ConcurrentPerOrgLongTxn Limit exceeded.", "ConcurrentRequests Limit exceeded."])
def test_too_many_at_once_passes(message: str) -> None:
    body = [{"errorCode": "REQUEST_LIMIT_EXCEEDED", "message": message}]
    assert type(request_error(403, body, "Salesforce")) is RetriableError


ROW_REASONS = [
    ("REQUIRED_FIELD_MISSING", "Required fields are missing: [LastName]", ["LastName"], "REQUIRED_MISSING"),
    ("STRING_TOO_LONG", "Company: data value too large: x (max length=255)", ["Company"], "VALUE_TOO_LONG"),
    ("INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", "Race: bad value", ["Race__c"], "VALUE_NOT_ALLOWED"),
    ("FIELD_INTEGRITY_EXCEPTION", "There's a problem with this country", ["MailingCountry"], "VALUE_NOT_ALLOWED"),
    ("INVALID_EMAIL_ADDRESS", "Email: invalid email address: x@y", ["Email"], "VALUE_INVALID"),
    ("NUMBER_OUTSIDE_VALID_RANGE", "value outside of valid range", ["Score__c"], "VALUE_INVALID"),
    ("MALFORMED_ID", "malformed id X", ["AccountId"], "VALUE_INVALID"),
    ("JSON_PARSER_ERROR", "Cannot deserialize", [], "VALUE_INVALID"),
    ("DUPLICATES_DETECTED", "Use one of these records?", [], "DUPLICATE"),
    ("DUPLICATE_VALUE", "duplicate value found", [], "DUPLICATE"),
    ("DUPLICATE_EXTERNAL_ID", "more than one record found", [], "DUPLICATE"),
    ("UNABLE_TO_LOCK_ROW", "unable to obtain exclusive access", [], "LOCKED"),
    ("API_TEMPORARILY_UNAVAILABLE", "later", [], "LOCKED"),
    ("ENTITY_IS_DELETED", "entity is deleted", [], "RECORD_GONE"),
    ("NOT_FOUND", "The requested resource does not exist", [], "RECORD_GONE"),
    ("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id", [], "RECORD_GONE"),
    ("CANNOT_UPDATE_CONVERTED_LEAD", "cannot reference converted lead", [], "LEAD_CONVERTED"),
    ("INSUFFICIENT_ACCESS", "insufficient access", [], "NO_ACCESS"),
    ("INSUFFICIENT_ACCESS_OR_READONLY", "insufficient access rights on object id", [], "NO_ACCESS"),
    ("INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY", "insufficient access rights: 001", [], "NO_ACCESS"),
    ("INVALID_FIELD_FOR_INSERT_UPDATE", "Unable to create/update fields: Name", ["Name"], "NO_ACCESS"),
    ("INVALID_FIELD", "No such column 'foo' on sobject of type Contact", [], "NO_ACCESS"),
]
OTHER_ROWS = [
    ("FIELD_CUSTOM_VALIDATION_EXCEPTION", "The admin's words", [], "REFUSED_BY_SALESFORCE"),
    ("CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY", "Trigger: execution of AfterInsert", [], "REFUSED_BY_SALESFORCE"),
    ("CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY", "Trigger: UNABLE_TO_LOCK_ROW, unable to", [], "LOCKED"),
    ("INVALID_CROSS_REFERENCE_KEY", "Record Type ID: not valid for the user", ["RecordTypeId"], "VALUE_INVALID"),
]


@pytest.mark.parametrize(("code", "message", "fields", "reason"), ROW_REASONS + OTHER_ROWS)
def test_a_refused_row(code: str, message: str, fields: list[str], reason: str) -> None:
    error = {"statusCode": code, "message": message, "fields": fields}
    outcome = row_outcome({"success": False, "errors": [error]}, created=True)
    assert (outcome.ok, outcome.reason, outcome.code, outcome.fields) == (False, reason, code, tuple(fields))
    assert "@" not in outcome.text
    assert reason in ISSUES


def test_every_row_code_of_the_table_has_its_test() -> None:
    assert {code for code, *_ in ROW_REASONS} == set(ROWS)


@pytest.mark.parametrize("key", ["duplicateResult", "duplicateResut"])
def test_the_records_that_salesforce_takes_for_the_same_are_offered(key: str) -> None:
    matches = [{"record": {"Id": "003000000000001AAA"}}, {"record": {"Id": "003000000000002AAA"}}]
    error = {
        "statusCode": "DUPLICATES_DETECTED",
        "message": "Use one of these records?",
        key: {"matchResults": [{"matchRecords": matches}]},
    }
    outcome = row_outcome({"success": False, "errors": [error]}, created=True)
    assert outcome.candidates == ("003000000000001AAA", "003000000000002AAA")


def test_the_holder_of_a_unique_value_is_offered() -> None:
    message = "duplicate value found: E__c duplicates value on record with id: 0018M000003uKqq"
    error = {"statusCode": "DUPLICATE_VALUE", "message": message}
    assert row_outcome({"success": False, "errors": [error]}, created=True).candidates == ("0018M000003uKqq",)


def test_a_failure_that_says_nothing_is_still_a_failure() -> None:
    assert row_outcome({"success": False, "errors": []}, created=True).reason == "REFUSED_BY_SALESFORCE"
    assert not row_outcome({}, created=True).ok
