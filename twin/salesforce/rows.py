"""The sObject resources: single rows, rows by external id, describe, and what changed or went."""

# ruff: noqa: S608 - the names in statements are those of the schema, values are parameters
from __future__ import annotations

import re
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

from twin.salesforce import describe, ids, values
from twin.salesforce.call import EMPTY, Call, Entry, Reply
from twin.salesforce.errors import ApiError, SeveralMatchError, deleted, missing, wrong_object
from twin.salesforce.query import run
from twin.salesforce.schema import Field, SObject
from twin.salesforce.validation import matching
from twin.salesforce.writes import external_field, without

SPELLED_UPDATE = 46.0  # since this version an upsert that updates answers 200 with a body
UPDATED_WINDOW = timedelta(days=30)
DELETED_WINDOW = timedelta(days=15)


def describe_all(call: Call) -> Reply:
    """Answer describe global."""
    listed = [describe.describe_global(one, call.base) for one in call.org.objects().values()]
    return Reply(
        {"encoding": "UTF-8", "maxBatchSize": 200, "sobjects": sorted(listed, key=lambda one: str(one["name"]))}
    )


def basic(call: Call, sobject: str) -> Reply:
    """Answer the short description of an object."""
    known = call.org.sobject(sobject)
    return Reply({"objectDescribe": describe.describe_global(known, call.base), "recentItems": []})


def describe_one(call: Call, sobject: str) -> Reply:
    """Answer the describe of an object."""
    call.org.follow_settings()
    known = call.org.sobject(sobject)
    types = [one for one in call.org.rows("RecordType") if one["SobjectType"] == known.name]
    return Reply(describe.describe_object(known, call.base, types))


def create(call: Call, sobject: str) -> Reply:
    """Answer a create."""
    check_lock(call)
    known = call.org.sobject(sobject)
    identifier = call.writer.create(known, call.json())
    location = {"Location": f"{call.base}/sobjects/{known.name}/{identifier}"}
    return Reply({"id": identifier, "success": True, "errors": []}, 201, location)


def check_lock(call: Call) -> None:
    """Let a planted row lock hit a call that writes one record."""
    fault = call.org.state.faults.take_kind("salesforce", "row_lock", f"{call.base}/{call.path}")
    if fault:
        raise locked(None)


def locked(identifier: str | None) -> ApiError:
    """Return the refusal of a record that somebody else holds."""
    named = identifier or "unknown"
    return ApiError("UNABLE_TO_LOCK_ROW", f"unable to obtain exclusive access to this record or 1 records: {named}", ())


def _row(call: Call, sobject: SObject, identifier: str) -> dict[str, Any]:
    """Return the row of an id in a path; what is not there is 404."""
    known = ids.full(identifier)
    if known is None:
        raise ApiError("MALFORMED_ID", f"malformed id {identifier}", ("Id",))
    if not known.startswith(sobject.prefix):
        raise wrong_object(sobject.label, identifier)
    row = call.org.row(sobject.name, known)
    if row is None:
        raise missing()
    if row.get("IsDeleted"):
        raise deleted(404)
    return row


def _since(call: Call, header: str) -> datetime | None:
    text = call.headers.get(header)
    return parsedate_to_datetime(text) if text else None


def _modified(row: dict[str, Any]) -> datetime:
    return values.read_stamp(row["LastModifiedDate"])


def retrieve(call: Call, sobject: str, identifier: str) -> Reply:
    """Answer one record, all fields or those asked for."""
    known = call.org.sobject(sobject)
    row = _row(call, known, identifier)
    since = _since(call, "if-modified-since")
    if since and "LastModifiedDate" in row and _modified(row) <= since:
        return Reply(status=304)
    return Reply(_record(call, known, row["Id"]))


def _record(call: Call, known: SObject, identifier: str) -> dict[str, Any]:
    named = call.query.get("fields")
    chosen = [one.strip() for one in named.split(",")] if named else list(known.fields)
    unknown = [one for one in chosen if not re.fullmatch(r"[A-Za-z]\w*(\.[A-Za-z]\w*)*", one)]
    if unknown:
        raise ApiError("INVALID_FIELD", f"No such column '{unknown[0]}' on sobject of type {known.name}")
    text = f"SELECT {', '.join(chosen)} FROM {known.name} WHERE Id = '{identifier}'"
    return run(call.org, text, deleted=False, base=call.base).records[0]


def update(call: Call, sobject: str, identifier: str) -> Reply:
    """Answer an update."""
    check_lock(call)
    known = call.org.sobject(sobject)
    row = _row(call, known, identifier)
    since = _since(call, "if-unmodified-since")
    if since and _modified(row) > since:
        return Reply(status=412)
    call.writer.update(known, row["Id"], call.json())
    return EMPTY


def delete(call: Call, sobject: str, identifier: str) -> Reply:
    """Answer a delete."""
    check_lock(call)
    known = call.org.sobject(sobject)
    call.writer.delete(known, _row(call, known, identifier)["Id"])
    return EMPTY


def upsert(call: Call, sobject: str, field: str, value: str) -> Reply:
    """Answer an upsert by external id."""
    check_lock(call)
    known = call.org.sobject(sobject)
    key = external_field(known, field)
    record = call.json()
    if any(name.lower() == key.name.lower() for name in record):
        message = f"The {key.name} field should not be specified in the sobject data."
        raise ApiError("INVALID_FIELD", message, (key.name,))
    update_only = call.query.get("updateOnly", "false").lower() == "true"
    identifier, created = call.writer.upsert(known, key, value, without(record, key.name), update_only=update_only)
    if not created and call.version < SPELLED_UPDATE:
        return EMPTY
    body = {"id": identifier, "success": True, "errors": [], "created": created}
    return Reply(body, 201 if created else 200)


def retrieve_by_key(call: Call, sobject: str, field: str, value: str) -> Reply:
    """Answer one record found by its external id."""
    known = call.org.sobject(sobject)
    return Reply(_record(call, known, _only(call, known, external_field(known, field), value)))


def delete_by_key(call: Call, sobject: str, field: str, value: str) -> Reply:
    """Answer a delete by external id."""
    known = call.org.sobject(sobject)
    call.writer.delete(known, _only(call, known, external_field(known, field), value))
    return EMPTY


def _only(call: Call, known: SObject, field: Field, value: str) -> str:
    found = matching(call.org, known, field, value)
    if not found:
        raise missing()
    if len(found) > 1:
        raise SeveralMatchError([f"{call.base}/sobjects/{known.name}/{one}" for one in found])
    return found[0]


def updated(call: Call, sobject: str) -> Reply:
    """Answer which records were created or changed in a window."""
    known = call.org.sobject(sobject)
    start, end = _window(call, UPDATED_WINDOW)
    rows = call.org.db.execute(
        f'SELECT Id FROM "sf_{known.name}" '
        "WHERE IsDeleted = 0 AND SystemModstamp >= ? AND SystemModstamp < ? ORDER BY Id",
        (start, end),
    )
    return Reply({"ids": [row[0] for row in rows], "latestDateCovered": end})


def gone(call: Call, sobject: str) -> Reply:
    """Answer which records were deleted in a window."""
    known = call.org.sobject(sobject)
    start, end = _window(call, DELETED_WINDOW)
    rows = call.org.db.execute(
        f'SELECT Id, SystemModstamp FROM "sf_{known.name}" '
        "WHERE IsDeleted = 1 AND SystemModstamp >= ? AND SystemModstamp < ? ORDER BY SystemModstamp, Id",
        (start, end),
    )
    records = [{"id": row["Id"], "deletedDate": row["SystemModstamp"]} for row in rows]
    earliest = values.stamp(call.org.state.clock.now() - DELETED_WINDOW)
    return Reply({"deletedRecords": records, "earliestDateAvailable": earliest, "latestDateCovered": end})


def _window(call: Call, longest: timedelta) -> tuple[str, str]:
    """Return start and end of a replication call, whole minutes as the API takes them."""
    try:
        start, end = (
            values.read_stamp(call.query.get(one, "")).replace(second=0, microsecond=0) for one in ("start", "end")
        )
    except ValueError as error:
        message = f"Required parameter is missing or not a date: {error}"
        raise ApiError("INVALID_REPLICATION_DATE", message) from error
    if start >= end:
        raise ApiError("INVALID_REPLICATION_DATE", "startDate cannot be equal to or after endDate")
    if call.org.state.clock.now() - start > longest:
        raise ApiError("INVALID_REPLICATION_DATE", "startDate before org replication enabled date")
    return values.stamp(start), values.stamp(end)


ENTRIES: list[Entry] = [
    ("GET", "sobjects", describe_all),
    ("GET", "sobjects/{sobject}", basic),
    ("POST", "sobjects/{sobject}", create),
    ("GET", "sobjects/{sobject}/describe", describe_one),
    ("GET", "sobjects/{sobject}/updated", updated),
    ("GET", "sobjects/{sobject}/deleted", gone),
    ("POST", "sobjects/{sobject}/Id", create),
    ("GET", "sobjects/{sobject}/{identifier}", retrieve),
    ("PATCH", "sobjects/{sobject}/{identifier}", update),
    ("DELETE", "sobjects/{sobject}/{identifier}", delete),
    ("GET", "sobjects/{sobject}/{field}/{value:path}", retrieve_by_key),
    ("PATCH", "sobjects/{sobject}/{field}/{value:path}", upsert),
    ("DELETE", "sobjects/{sobject}/{field}/{value:path}", delete_by_key),
]
