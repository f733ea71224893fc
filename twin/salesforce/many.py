"""Collections: up to 200 records in one call, each with its own outcome."""

# ruff: noqa: S608 - the names in statements are those of the schema, values are parameters
from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import groupby
from typing import Any

from twin.salesforce import ids
from twin.salesforce.call import Call, Entry, Reply
from twin.salesforce.errors import ApiError, RowError, SeveralMatchError
from twin.salesforce.query import run
from twin.salesforce.rows import locked
from twin.salesforce.schema import SObject
from twin.salesforce.writes import external_field, key_of, without

MOST_RECORDS = 200
MOST_READ = 2_000
MOST_CHUNKS = 10
ROLLED_BACK = ApiError(
    "ALL_OR_NONE_OPERATION_ROLLED_BACK",
    "Record rolled back because not all records were valid and the request was using AllOrNone header",
    (),
)

Outcome = dict[str, Any]
Step = Callable[[Any], Outcome]


class _UndoError(Exception):
    """Leaves the transaction of an all-or-none call."""


def create(call: Call) -> Reply:
    """Answer a create of several records."""
    body = call.json()
    records = _records(body)
    types = _types(call, records)
    writer = call.writer

    def step(record: Mapping[str, Any]) -> Outcome:
        return {"id": writer.create(types[_type(record)], record), "success": True, "errors": []}

    return _each(call, records, step, all_or_none=_flag(body))


def update(call: Call) -> Reply:
    """Answer an update of several records."""
    body = call.json()
    records = _records(body)
    types = _types(call, records)
    writer = call.writer
    # Every occurrence after the first of an id in one call is refused.
    seen: set[str] = set()

    def step(record: Mapping[str, Any]) -> Outcome:
        identifier = key_of(record, types[_type(record)].fields["Id"])
        if not identifier:
            raise ApiError("MISSING_ARGUMENT", "Id not specified in an update call", ())
        known = ids.full(str(identifier)) or ""
        if known in seen:
            raise ApiError("DUPLICATE_VALUE", f"duplicate id in list: {identifier}", ())
        seen.add(known)
        changes = without(record, "Id")
        return {"id": writer.update(types[_type(record)], identifier, changes), "success": True, "errors": []}

    return _each(call, records, step, all_or_none=_flag(body))


def upsert(call: Call, sobject: str, field: str) -> Reply:
    """Answer an upsert of several records by external id."""
    body = call.json()
    records = _records(body)
    known = call.org.sobject(sobject)
    key = external_field(known, field)
    if any(_type(record).lower() != known.name.lower() for record in records):
        raise ApiError("INVALID_TYPE", f"records of an upsert must all be of type {known.name}")
    writer = call.writer
    seen: set[str] = set()

    def step(record: Mapping[str, Any]) -> Outcome:
        value = key_of(record, key)
        if value is None or value == "":
            if key.type != "id":
                raise ApiError("MISSING_ARGUMENT", f"{key.name} not specified", ())
            return {"id": writer.create(known, record), "success": True, "errors": [], "created": True}
        folded = str(value) if key.case_sensitive else str(value).lower()
        if folded in seen:
            raise ApiError("DUPLICATE_VALUE", f"Duplicate external id specified: {value}", (key.name,))
        seen.add(folded)
        identifier, created = writer.upsert(known, key, value, without(record, key.name))
        return {"id": identifier, "success": True, "errors": [], "created": created}

    return _each(call, records, step, all_or_none=_flag(body))


def delete(call: Call) -> Reply:
    """Answer a delete of several records, of any types."""
    named = [one.strip() for one in call.query.get("ids", "").split(",") if one.strip()]
    _check_count(named, MOST_RECORDS)
    writer = call.writer
    by_prefix = {one.prefix: one for one in call.org.objects().values()}

    def step(identifier: str) -> Outcome:
        sobject = by_prefix.get(identifier[:3])
        if sobject is None:
            raise ApiError("MALFORMED_ID", f"malformed id {identifier}", ())
        return {"id": writer.delete(sobject, identifier), "success": True, "errors": []}

    return _each(call, named, step, all_or_none=call.query.get("allOrNone", "false").lower() == "true")


def retrieve(call: Call, sobject: str) -> Reply:
    """Answer several records by id; null stands for one that is not there."""
    if call.method == "POST":
        body = call.json()
        named, fields = body.get("ids", []), body.get("fields", [])
    else:
        named, fields = call.query.get("ids", "").split(","), call.query.get("fields", "").split(",")
    known = call.org.sobject(sobject)
    _check_count(named, MOST_READ)
    for one in fields:
        if known.find(one) is None and "." not in one:
            raise ApiError("INVALID_FIELD", f"No such column '{one}' on sobject of type {known.name}")
    wanted = [ids.full(str(one)) for one in named]
    if None in wanted:
        raise ApiError("MALFORMED_ID", f"malformed id {named[wanted.index(None)]}")
    listed = ", ".join(f"'{one}'" for one in wanted)
    names = dict.fromkeys(["Id", *(one for one in fields if one.lower() != "id")])
    text = f"SELECT {', '.join(names)} FROM {known.name} WHERE Id IN ({listed})"
    found = {one["Id"]: one for one in run(call.org, text, deleted=False, base=call.base).records}
    return Reply([found.get(one or "") for one in wanted])


def _records(body: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    records = body.get("records")
    if not isinstance(records, list) or not all(isinstance(one, dict) for one in records):
        raise ApiError("JSON_PARSER_ERROR", "records must be a list of objects")
    _check_count(records, MOST_RECORDS)
    return records


def _check_count(listed: Sequence[Any], most: int) -> None:
    if not listed:
        raise ApiError("INVALID_INPUT", "the list of records is empty")
    if len(listed) > most:
        message = f"record limit reached. cannot submit more than {most} records in this operation"
        raise ApiError("EXCEEDED_ID_LIMIT", message)


def _type(record: Mapping[str, Any]) -> str:
    attributes = record.get("attributes")
    name = attributes.get("type") if isinstance(attributes, dict) else None
    if not isinstance(name, str):
        raise ApiError("INVALID_INPUT", "attributes.type is required in every record")
    return name


def _types(call: Call, records: Sequence[Mapping[str, Any]]) -> dict[str, SObject]:
    """Return the objects of the records; consecutive records of a type are one chunk, and chunks are counted."""
    named = [_type(record) for record in records]
    if len(list(groupby(named))) > MOST_CHUNKS:
        raise ApiError("INVALID_INPUT", f"cannot have more than {MOST_CHUNKS} chunks in a single operation")
    types = {}
    for name in set(named):
        sobject = call.org.find(name)
        if sobject is None:
            raise ApiError("INVALID_TYPE", f"sObject type '{name}' is not supported.")
        types[name] = sobject
    return types


def _flag(body: Mapping[str, Any]) -> bool:
    return bool(body.get("allOrNone", False))


def _each(call: Call, listed: Sequence[Any], step: Step, *, all_or_none: bool) -> Reply:
    """Take one step for each record, in order; HTTP 200 whatever came of them."""
    fault = call.org.state.faults.take_kind("salesforce", "row_lock", f"{call.base}/{call.path}")
    outcomes: list[Outcome] = []
    try:
        with call.org.state.transaction():
            for place, one in enumerate(listed):
                held = fault is not None and fault.row == place
                outcomes.append(_outcome(call, one, step, held=held))
            if all_or_none and not all(outcome["success"] for outcome in outcomes):
                raise _UndoError
    except _UndoError:
        rolled = {"success": False, "errors": [ROLLED_BACK.collected()]}
        outcomes = [rolled if outcome["success"] else outcome for outcome in outcomes]
    return Reply(outcomes)


def _outcome(call: Call, one: Any, step: Step, *, held: bool) -> Outcome:
    try:
        with call.org.state.transaction():
            if held:
                raise locked(one.get("id") if isinstance(one, dict) else one)
            return step(one)
    except ApiError as error:
        if error.code == "JSON_PARSER_ERROR":
            # The body is parsed before any record is looked at: nothing of the call happens.
            raise
        return _failure(one, [error])
    except RowError as refused:
        return _failure(one, refused.errors)
    except SeveralMatchError:
        message = "More than one record found for external id field"
        return _failure(one, [ApiError("DUPLICATE_EXTERNAL_ID", message, ())])


def _failure(one: Any, errors: Sequence[ApiError]) -> Outcome:
    named = next((one[key] for key in ("id", "Id") if key in one), None) if isinstance(one, dict) else one
    known = {"id": named} if isinstance(named, str) else {}
    return {**known, "success": False, "errors": [error.collected() for error in errors]}


ENTRIES: list[Entry] = [
    ("POST", "composite/sobjects", create),
    ("PATCH", "composite/sobjects", update),
    ("DELETE", "composite/sobjects", delete),
    ("PATCH", "composite/sobjects/{sobject}/{field}", upsert),
    ("POST", "composite/sobjects/{sobject}", retrieve),
    ("GET", "composite/sobjects/{sobject}", retrieve),
]
