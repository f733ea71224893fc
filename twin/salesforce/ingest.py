"""The work of an ingest job: each row of the upload through the same rules as every other write."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from twin.salesforce import sheet
from twin.salesforce.call import Call
from twin.salesforce.errors import ApiError, RowError, SeveralMatchError
from twin.salesforce.rows import locked
from twin.salesforce.schema import SObject
from twin.salesforce.writes import external_field, key_of, without

NULL = "#N/A"
Work = Callable[[Mapping[str, Any]], tuple[str, bool]]
OPERATIONS = frozenset({"insert", "update", "upsert", "delete", "hardDelete"})


class JobFailedError(Exception):
    """The whole job failed; carries the rows it did not look at."""

    def __init__(self, message: str, rows: Sequence[Sequence[str]] = ()) -> None:
        super().__init__(message)
        self.columns = list(rows[0]) if rows else []
        self.rows = [list(row) for row in rows[1:]]


def run(call: Call, job: Mapping[str, Any], content: bytes) -> dict[str, Any]:
    """Return the rows that went through and those that did not."""
    sobject = call.org.sobject(job["object"])
    rows = _rows(job, content)
    columns = rows[0] if rows else []
    unknown = [name for name in columns if not _known(sobject, name)]
    if unknown:
        raise JobFailedError(f"InvalidBatch : Field name not found : {unknown[0]}", rows)
    work = _work(call, job, sobject)
    fault = call.org.state.faults.take_kind("salesforce", "row_lock", f"{call.base}/{call.path}")
    done: dict[str, Any] = {"columns": columns, "successful": [], "failed": [], "unprocessed": []}
    for place, row in enumerate(rows[1:]):
        record = _record(columns, row)
        try:
            with call.org.state.transaction():
                if fault is not None and fault.row == place:
                    raise locked(record.get("Id"))
                identifier, created = work(record)
            done["successful"].append([identifier, "true" if created else "false", *row])
        except (ApiError, RowError, SeveralMatchError) as error:
            done["failed"].append([record.get("Id") or "", _reason(error), *row])
    return done


def _rows(job: Mapping[str, Any], content: bytes) -> list[list[str]]:
    try:
        return sheet.read(content, job)
    except sheet.WrongEndingError as error:
        message = f"LineEnding is invalid on user data. Current LineEnding setting is {job['lineEnding']}"
        raise JobFailedError(f"ClientInputError : {message}") from error


def _known(sobject: SObject, column: str) -> bool:
    parent, _, rest = column.rpartition(".")
    return sobject.parent(parent) is not None and bool(rest) if parent else sobject.find(column) is not None


def _record(columns: Sequence[str], row: Sequence[str]) -> dict[str, Any]:
    """Return a row as a record: an empty cell leaves its field alone, `#N/A` empties it."""
    record: dict[str, Any] = {}
    for name, cell in zip(columns, row, strict=False):
        if cell == "":
            continue
        value = None if cell == NULL else cell
        parent, _, key = name.rpartition(".")
        record[parent or name] = {key: value} if parent else value
    return record


def _work(call: Call, job: Mapping[str, Any], sobject: SObject) -> Work:
    writer = call.writer
    identifier = sobject.fields["Id"]

    def upsert(record: Mapping[str, Any]) -> tuple[str, bool]:
        field = external_field(sobject, job["externalIdFieldName"])
        value = key_of(record, field)
        if value is None and field.type != "id":
            raise ApiError("MISSING_ARGUMENT", f"{field.name} not specified", ())
        rest = without(record, field.name)
        return (writer.create(sobject, rest), True) if value is None else writer.upsert(sobject, field, value, rest)

    def update(record: Mapping[str, Any]) -> tuple[str, bool]:
        return writer.update(sobject, _id_of(record), without(record, "Id")), False

    def remove(record: Mapping[str, Any]) -> tuple[str, bool]:
        return writer.delete(sobject, _id_of(record)), False

    def _id_of(record: Mapping[str, Any]) -> str:
        value = key_of(record, identifier)
        if not value:
            raise ApiError("MISSING_ARGUMENT", f"Id not specified in an {job['operation']} call", ())
        return str(value)

    works: dict[str, Work] = {
        "insert": lambda record: (writer.create(sobject, record), True),
        "update": update,
        "upsert": upsert,
        "delete": remove,
        "hardDelete": remove,
    }
    return works[job["operation"]]


def _reason(error: ApiError | RowError | SeveralMatchError) -> str:
    if isinstance(error, RowError):
        return error.errors[0].csv()
    if isinstance(error, SeveralMatchError):
        return ApiError("DUPLICATE_EXTERNAL_ID", "More than one record found for external id field", ()).csv()
    return error.csv()
