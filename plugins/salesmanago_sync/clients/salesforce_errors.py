"""What Salesforce's error codes mean: one table for requests, one for rows."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from http import HTTPStatus
from typing import Any

from salesmanago_sync.clients.outcome import Outcome
from salesmanago_sync.clients.redaction import mask
from salesmanago_sync.errors import AuthenticationError, FatalError, RetriableError, SyncError


class QueryLocatorError(FatalError):
    """A cursor ran out; the read goes on from the last row."""


class MissingError(FatalError):
    """What a path names is not there, or not for this version of the API."""


class RefusedRequestError(FatalError):
    """Salesforce refused a request as a whole, for what one of its records holds; nothing was written.

    Attributes:
        code: Salesforce's code.
    """

    code = ""


# code -> (error, what to do). Codes that are not here stop the run: nobody knows what a repetition would do.
REQUESTS: dict[str, tuple[Callable[[str], SyncError], str]] = {
    "INVALID_SESSION_ID": (AuthenticationError, "Log-in was refused twice. Check the salesforce connection."),
    "INVALID_AUTH_HEADER": (AuthenticationError, "Log-in was refused. Check the salesforce connection."),
    "API_DISABLED_FOR_ORG": (
        FatalError,
        "This edition has no REST API. Use Enterprise, Unlimited, Performance or Developer, or buy the API add-on.",
    ),
    "API_CURRENTLY_DISABLED": (AuthenticationError, "Give the integration user the permission API Enabled."),
    "INSUFFICIENT_ACCESS": (AuthenticationError, "Give the integration user access to the object."),
    "INVALID_TYPE": (FatalError, "The object is missing or hidden. Check the permission set and the mapping."),
    "INVALID_FIELD": (FatalError, "A field is missing or hidden. Check the permission set and the mapping."),
    "MALFORMED_QUERY": (FatalError, "Check the criteria of the mapping."),
    "UNSUPPORTED_API_VERSION": (FatalError, "Set a newer API version in the salesforce connection."),
    "NOT_FOUND": (MissingError, "Check the API version and the names in the mapping."),
    "INVALID_QUERY_LOCATOR": (QueryLocatorError, "The read starts again from its last row."),
    "JSON_PARSER_ERROR": (RefusedRequestError, "Check the converter of the field."),
    "QUERY_TIMEOUT": (RetriableError, "If it stays, narrow the criteria."),
    "SERVER_UNAVAILABLE": (RetriableError, "Salesforce is not available for now."),
    "TXN_SECURITY_METERING_ERROR": (RetriableError, "Transaction security is busy."),
    "API_TEMPORARILY_UNAVAILABLE": (RetriableError, "Salesforce is not available for now."),
    "UNABLE_TO_LOCK_ROW": (RetriableError, "Other work holds the record."),
}
# For answers without a code that is known.
STATUSES: dict[int, tuple[Callable[[str], SyncError], str]] = {
    401: REQUESTS["INVALID_SESSION_ID"],
    409: (MissingError, "It was made with another version of the API."),
    410: (FatalError, "This API version is retired. Set a newer one in the salesforce connection."),
    414: (FatalError, "The query is too long. Map fewer fields, or shorten the criteria."),
    431: (FatalError, "The query is too long. Map fewer fields, or shorten the criteria."),
}

# Row code -> our reason. A code that is not here is an admin's or an app's own refusal.
ROWS: dict[str, str] = {
    "REQUIRED_FIELD_MISSING": "REQUIRED_MISSING",
    "STRING_TOO_LONG": "VALUE_TOO_LONG",
    "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST": "VALUE_NOT_ALLOWED",
    "FIELD_INTEGRITY_EXCEPTION": "VALUE_NOT_ALLOWED",
    "INVALID_EMAIL_ADDRESS": "VALUE_INVALID",
    "NUMBER_OUTSIDE_VALID_RANGE": "VALUE_INVALID",
    "MALFORMED_ID": "VALUE_INVALID",
    "JSON_PARSER_ERROR": "VALUE_INVALID",
    "DUPLICATES_DETECTED": "DUPLICATE",
    "DUPLICATE_VALUE": "DUPLICATE",
    "DUPLICATE_EXTERNAL_ID": "DUPLICATE",
    "UNABLE_TO_LOCK_ROW": "LOCKED",
    "API_TEMPORARILY_UNAVAILABLE": "LOCKED",
    "ENTITY_IS_DELETED": "RECORD_GONE",
    "NOT_FOUND": "RECORD_GONE",
    "INVALID_CROSS_REFERENCE_KEY": "RECORD_GONE",
    "CANNOT_UPDATE_CONVERTED_LEAD": "LEAD_CONVERTED",
    "INSUFFICIENT_ACCESS": "NO_ACCESS",
    "INSUFFICIENT_ACCESS_OR_READONLY": "NO_ACCESS",
    "INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY": "NO_ACCESS",
    "INVALID_FIELD_FOR_INSERT_UPDATE": "NO_ACCESS",
    "INVALID_FIELD": "NO_ACCESS",
}
_CODE = re.compile(r"[A-Z][A-Z0-9_]{1,80}|[a-z]+(_[a-z]+){1,6}")
_LIMIT = "REQUEST_LIMIT_EXCEEDED"  # daily or for the moment: its words decide
_OTHER_ROW = "REFUSED_BY_SALESFORCE"
_TAKEN_BY = re.compile(r"record with id: ([A-Za-z0-9]{15,18})")


def request_error(status: int, body: Any, where: str) -> SyncError:
    """Say what a refused request means.

    Args:
        status: HTTP status, 400 or more.
        body: Parsed body, or None when it is not JSON.
        where: The method and path, without query.

    Returns:
        The error to raise; the service's words are beside its message, because they may repeat what was sent.
    """
    code, words = _first_error(body)
    if code == _LIMIT:
        return _limit_error(where, words)
    # What is wrong with a request as such has a code above: another one is about what its records hold.
    other = RefusedRequestError if status == HTTPStatus.BAD_REQUEST and code else FatalError
    kind, advice = REQUESTS.get(code) or STATUSES.get(status) or (other, "The run cannot go on.")
    error = kind(f"{where}: {code or 'refused'} (HTTP {status}). {advice}").saying(mask(words))
    if isinstance(error, RefusedRequestError):
        error.code = code
    return error


def _limit_error(where: str, words: str) -> SyncError:
    if "TotalRequests" in words:
        return FatalError(
            f"{where}: the daily API limit of the Salesforce org is used up. "
            "The sync goes on by itself when the limit is free again, usually within 24 hours; or buy more API calls."
        )
    return RetriableError(f"{where}: too many requests at once.").saying(mask(words))


def _first_error(body: Any) -> tuple[str, str]:
    entry = body[0] if isinstance(body, list) and body else body
    if not isinstance(entry, Mapping):
        return "", ""
    code = str(entry.get("errorCode", entry.get("error", "")))
    # What is no code may be anything, and codes go to logs.
    return code if _CODE.fullmatch(code) else "", str(entry.get("message", entry.get("error_description", "")))


def is_known(body: Any) -> bool:
    """Say whether the code in a body decides, whatever the status."""
    code, _ = _first_error(body)
    return code in REQUESTS or code == _LIMIT


def row_outcome(row: Mapping[str, Any], created: bool) -> Outcome:
    """Read one row of a Collections answer.

    Args:
        row: What Salesforce says about the record.
        created: Whether a success without a `created` key made a record.

    Returns:
        The record's outcome.
    """
    if row.get("success") is True:
        identifier = row["id"] if isinstance(row.get("id"), str) else None
        made = row.get("created", created) is True
        if made and identifier is None:
            return Outcome(ok=False, reason="NO_ANSWER", text="Salesforce made the record and gave no readable id.")
        return Outcome(ok=True, id=identifier, created=made)
    if row.get("success") is not False:
        return Outcome(ok=False, reason="NO_ANSWER", text="Salesforce says neither yes nor no of this record.")
    return refused_row(_object(next(iter(_list(row.get("errors"))), None)))


def refused_row(error: Mapping[str, Any]) -> Outcome:
    """Explain the first error of a record."""
    code = str(error.get("statusCode", error.get("errorCode", "UNKNOWN")))
    words = str(error.get("message", ""))
    fields = tuple(field for field in _list(error.get("fields")) if isinstance(field, str))
    return Outcome(
        ok=False,
        reason=_reason(code, words, fields),
        code=code,
        text=mask(words),
        fields=fields,
        candidates=tuple(dict.fromkeys([*_matches(error), *_TAKEN_BY.findall(words)])),
    )


def _reason(code: str, words: str, fields: tuple[str, ...]) -> str:
    if "UNABLE_TO_LOCK_ROW" in words:  # a trigger that ran into a lock wraps the code in its own
        return "LOCKED"
    if code == "INVALID_CROSS_REFERENCE_KEY" and fields:  # a look-up's value, not the record itself
        return "VALUE_INVALID"
    return ROWS.get(code, _OTHER_ROW)


def _matches(error: Mapping[str, Any]) -> Iterator[str]:
    # Versions before 60.0 spell the key wrongly.
    result = _object(error.get("duplicateResult") or error.get("duplicateResut"))
    for rule in map(_object, _list(result.get("matchResults"))):
        for match in map(_object, _list(rule.get("matchRecords"))):
            found = _object(match.get("record")).get("Id")
            if isinstance(found, str):
                yield found


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _object(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
