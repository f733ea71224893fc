"""The rules a written record must meet, in the order the API applies them."""

# ruff: noqa: S608 - the names in statements are those of the schema, values are parameters
from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from twin.salesforce import countries, ids, persons, values
from twin.salesforce.errors import ApiError, RowError, bad_names, no_such_column, not_writable
from twin.salesforce.org import Org
from twin.salesforce.schema import NUMBERS, Field, SObject

EMAIL = re.compile(
    r"[a-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[a-z0-9!#$%&'*+/=?^_`{|}~-]+)*@([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)+[a-z]{2,}\Z",
    re.IGNORECASE | re.ASCII,
)
CONTROL = {"id", "attributes"}


def check(org: Org, sobject: SObject, record: Mapping[str, Any], known: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return the stored form of a record, or refuse it. `known` is the present row, None for a create."""
    fields = _fields(org, sobject, record)
    _check_writable(sobject, fields, record, known)
    stored = {field.name: values.parse(field, value) for field, value in fields}
    person = persons.is_person(stored if known is None else known)
    _check_person(sobject, stored, known, person=person)
    _check_required(sobject, stored, known, person=person)
    wrong_places = list(countries.settle(sobject, stored, known))
    if wrong_places:
        raise RowError(wrong_places)
    errors = [error for name, value in stored.items() for error in _value_errors(sobject.fields[name], value)]
    errors += _reference_errors(org, sobject, stored)
    if errors:
        raise RowError(errors)
    _check_unique(org, sobject, stored, known)
    _check_together(org, sobject, stored, known)
    return stored


def _fields(org: Org, sobject: SObject, record: Mapping[str, Any]) -> list[tuple[Field, Any]]:
    """Return each written field with its value; a parent named by its external id becomes the id."""
    found = []
    for name, value in record.items():
        if name.lower() in CONTROL:
            continue
        field = sobject.find(name)
        if field is None and isinstance(value, Mapping):
            field = sobject.parent(name)
            value = _parent_id(org, field, value) if field else value
        if field is None:
            raise no_such_column(name, sobject.name)
        found.append((field, value))
    return found


def _parent_id(org: Org, field: Field, named: Mapping[str, Any]) -> str | None:
    """Return the id of the parent that `{"Ext__c": "value"}` names."""
    keys = {name: value for name, value in named.items() if name != "attributes"}
    parent = next((org.find(name) for name in field.refer if org.find(name)), None)
    if parent is None or len(keys) != 1:
        raise ApiError("INVALID_FIELD", f"{field.relationship} needs exactly one external id field", (field.name,))
    name, value = next(iter(keys.items()))
    key = parent.find(name)
    if key is None or not (key.external_id or key.id_lookup or key.type == "id"):
        raise no_such_column(name, parent.name)
    matches = matching(org, parent, key, value)
    if len(matches) != 1:
        message = f"Foreign key external ID: {value} not found for field {key.name} in entity {parent.name}"
        raise ApiError("INVALID_FIELD", message, ())
    return matches[0]


def matching(org: Org, sobject: SObject, field: Field, value: Any) -> list[str]:
    """Return the ids of the living records whose external id field has that value."""
    stored = values.parse(field, value)
    test = (
        f'"{field.name}" = ?'
        if field.case_sensitive or field.type in {*NUMBERS, "id"}
        else f'sf_fold("{field.name}") = ?'
    )
    wanted = stored.lower() if isinstance(stored, str) and test.startswith("sf_fold") else stored
    alive = " AND IsDeleted = 0" if sobject.find("IsDeleted") else ""
    rows = org.db.execute(f'SELECT Id FROM "sf_{sobject.name}" WHERE {test}{alive} ORDER BY Id', (wanted,))
    return [row[0] for row in rows]


def _check_writable(
    sobject: SObject, fields: list[tuple[Field, Any]], record: Mapping[str, Any], known: Mapping[str, Any] | None
) -> None:
    if known is None and any(name.lower() == "id" and value for name, value in record.items()):
        raise ApiError("INVALID_FIELD_FOR_INSERT_UPDATE", "cannot specify Id in an insert call", ("Id",))
    if known is not None and known.get("IsConverted"):
        raise ApiError("CANNOT_UPDATE_CONVERTED_LEAD", "cannot reference converted lead", ())
    locked = [field.name for field, _ in fields if not field.writable]
    if locked:
        raise not_writable(locked)
    if sobject.fixed:
        raise ApiError("INSUFFICIENT_ACCESS_OR_READONLY", "insufficient access rights on object id", ())


def _check_person(
    sobject: SObject, stored: Mapping[str, Any], known: Mapping[str, Any] | None, *, person: bool
) -> None:
    """Keep the fields of person accounts and of companies apart."""
    if sobject.name != "Account":
        return
    wrong = [name for name in stored if (name == "Name" if person else persons.only_persons(name))]
    if wrong:
        raise bad_names(wrong, "Account")
    chosen = stored.get("RecordTypeId")
    if known is not None and chosen is not None and (chosen == ids.PERSON) != bool(known.get("IsPersonAccount")):
        message = f"Record Type ID: this ID value isn't valid for the user: {chosen}"
        raise ApiError("INVALID_CROSS_REFERENCE_KEY", message, ("RecordTypeId",))


def _check_required(
    sobject: SObject, stored: Mapping[str, Any], known: Mapping[str, Any] | None, *, person: bool
) -> None:
    required = {field.name for field in sobject.fields.values() if field.required and field.writable}
    if sobject.name == "Account":
        # Describe calls both nillable where Person Accounts are on, but each kind of account needs one.
        required = (required - {"Name"}) | {"LastName" if person else "Name"}
    optional = {field.name for field in sobject.fields.values() if field.defaulted}
    candidates = stored.keys() if known is not None else sobject.fields.keys()
    empty = [
        name
        for name in candidates
        if name in required and stored.get(name) is None and (name in stored or name not in optional)
    ]
    if empty:
        raise ApiError("REQUIRED_FIELD_MISSING", f"Required fields are missing: [{', '.join(empty)}]", empty)


def _value_errors(field: Field, value: Any) -> Iterator[ApiError]:
    if value is None:
        return
    if isinstance(value, str) and field.length and len(value) > field.length and not field.picklist:
        message = f"{field.label}: data value too large: {value} (max length={field.length})"
        yield ApiError("STRING_TOO_LONG", message, (field.name,))
    elif field.type == "email" and not EMAIL.match(value):
        yield ApiError("INVALID_EMAIL_ADDRESS", f"{field.label}: invalid email address: {value}", (field.name,))
    elif field.restricted and not field.codes and any(one not in field.picklist for one in str(value).split(";")):
        message = f"{field.label}: bad value for restricted picklist field: {value}"
        yield ApiError("INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", message, (field.name,))
    elif field.type in NUMBERS and abs(value) >= 10 ** ((field.precision or field.digits or 18) - field.scale):
        message = f"{field.label}: value outside of valid range on numeric field: {value}"
        yield ApiError("NUMBER_OUTSIDE_VALID_RANGE", message, (field.name,))


def _reference_errors(org: Org, sobject: SObject, stored: Mapping[str, Any]) -> Iterator[ApiError]:
    for name, value in stored.items():
        field = sobject.fields[name]
        if field.refer and value is not None:
            yield from _reference_error(org, field, value)


def _reference_error(org: Org, field: Field, value: str) -> Iterator[ApiError]:
    parents = [one for one in (org.find(name) for name in field.refer) if one]
    parent = next((one for one in parents if value.startswith(one.prefix)), None)
    if not parents or value == ids.MASTER_RECORD_TYPE:
        return
    if parent is None:
        message = f"{field.label}: id value of incorrect type: {value}"
        yield ApiError("FIELD_INTEGRITY_EXCEPTION", message, (field.name,))
        return
    row = org.row(parent.name, value)
    if row is None and parent.name == "RecordType":
        message = f"Record Type ID: this ID value isn't valid for the user: {value}"
        yield ApiError("INVALID_CROSS_REFERENCE_KEY", message, (field.name,))
    elif row is None:
        yield ApiError("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id", ())
    elif row.get("IsDeleted"):
        yield ApiError("ENTITY_IS_DELETED", "entity is deleted", ())


def _check_unique(org: Org, sobject: SObject, stored: Mapping[str, Any], known: Mapping[str, Any] | None) -> None:
    for name, value in stored.items():
        field = sobject.fields[name]
        if not field.unique or value is None:
            continue
        others = [one for one in matching(org, sobject, field, value) if known is None or one != known["Id"]]
        if others:
            message = f"duplicate value found: {name} duplicates value on record with id: {others[0][:15]}"
            raise ApiError("DUPLICATE_VALUE", message, ())


def _check_together(org: Org, sobject: SObject, stored: Mapping[str, Any], known: Mapping[str, Any] | None) -> None:
    """Refuse a second permission set of one kind for one user, and a second row of a setting for one owner."""
    if known is not None or not (sobject.name == "PermissionSetAssignment" or sobject.setting == "Hierarchy"):
        return
    if sobject.setting:
        owner = stored.get("SetupOwnerId") or org.state.credentials.salesforce.organization_id
        wanted = {"SetupOwnerId": owner}
    else:
        wanted = {name: stored.get(name) for name in ("AssigneeId", "PermissionSetId")}
    tests = " AND ".join(f'"{name}" = ?' for name in wanted)
    found = org.db.execute(f'SELECT Id FROM "sf_{sobject.name}" WHERE {tests}', tuple(wanted.values())).fetchone()
    if found:
        names = ", ".join(wanted)
        message = f"duplicate value found: {names} duplicates value on record with id: {found['Id'][:15]}"
        raise ApiError("DUPLICATE_VALUE", message, ())
