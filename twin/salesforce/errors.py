"""Refusals of the Salesforce API, in the three shapes the API uses for them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any


class ApiError(Exception):
    """One refusal: a code, a message, and the fields it is about (None where the API names no fields at all)."""

    def __init__(
        self,
        code: str,
        message: str,
        fields: Sequence[str] | None = None,
        *,
        status: int = 400,
        extra: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.fields = fields
        self.status = status
        self.extra = dict(extra or {})

    def single(self) -> dict[str, Any]:
        """Return the shape of a single-row answer or a failed query."""
        body: dict[str, Any] = {**self.extra, "message": self.message, "errorCode": self.code}
        if self.fields is not None:
            body["fields"] = list(self.fields)
        return body

    def collected(self) -> dict[str, Any]:
        """Return the shape inside a Collections result."""
        return {**self.extra, "statusCode": self.code, "message": self.message, "fields": list(self.fields or ())}

    def csv(self) -> str:
        """Return the `sf__Error` text of a bulk result row."""
        tail = ",".join(self.fields or ())
        return f"{self.code}:{self.message}:{tail} --" if tail else f"{self.code}:{self.message}:--"


class RowError(Exception):
    """A record broke one or more rules; carries every error the API would list."""

    def __init__(self, errors: Sequence[ApiError]) -> None:
        super().__init__("; ".join(str(error) for error in errors))
        self.errors = list(errors)


class SeveralMatchError(Exception):
    """An external id value belongs to more than one record (HTTP 300)."""

    def __init__(self, urls: Sequence[str]) -> None:
        super().__init__(f"{len(urls)} records match")
        self.urls = list(urls)


def no_such_column(name: str, sobject: str) -> ApiError:
    """Return the refusal of a written field that the object does not have (or hides)."""
    return ApiError("INVALID_FIELD", f"No such column '{name}' on sobject of type {sobject}")


def not_writable(names: Sequence[str]) -> ApiError:
    """Return the refusal of fields that exist and may not be written."""
    return ApiError(
        "INVALID_FIELD_FOR_INSERT_UPDATE",
        f"Unable to create/update fields: {', '.join(names)}. Please check the security settings of this field "
        "and verify that it is read/write for your profile or permission set.",
        names,
    )


def bad_names(names: Sequence[str], sobject: str) -> ApiError:
    """Return the refusal of fields of the other kind of account (person or business)."""
    return ApiError(
        "INVALID_FIELD_FOR_INSERT_UPDATE",
        f"{sobject}: bad field names on insert/update call: {', '.join(names)}",
        names,
    )


def deleted(status: int = 400) -> ApiError:
    """Return the refusal of a record in the recycle bin."""
    return ApiError("ENTITY_IS_DELETED", "entity is deleted", (), status=status)


def missing() -> ApiError:
    """Return the refusal of a path that leads nowhere."""
    return ApiError("NOT_FOUND", "The requested resource does not exist", status=404)


def wrong_object(label: str, identifier: str) -> ApiError:
    """Return the refusal of an id that belongs to another object."""
    return ApiError("MALFORMED_ID", f"{label} ID: id value of incorrect type: {identifier}", ("Id",))


def unparsable(kind: str, found: str, value: object) -> ApiError:
    """Return the refusal of a JSON value that does not fit its field."""
    return ApiError(
        "JSON_PARSER_ERROR",
        f"Cannot deserialize instance of {kind} from {found} value {value} "
        "or request may be missing a required field at [line:1, column:1]",
    )


def malformed_query(message: str) -> ApiError:
    """Return the refusal of a statement that is not SOQL."""
    return ApiError("MALFORMED_QUERY", message)


def query_error(code: str, message: str, statement: str, offset: int) -> ApiError:
    """Return a query refusal that points with a caret at the place in the statement."""
    start = max(0, offset - 30)
    piece = statement[start : offset + 30].replace("\n", " ")
    caret = " " * (offset - start) + "^"
    row = statement.count("\n", 0, offset) + 1
    column = offset - (statement.rfind("\n", 0, offset) + 1) + 1
    return ApiError(code, f"\n{piece}\n{caret}\nERROR at Row:{row}:Column:{column}\n{message}")
