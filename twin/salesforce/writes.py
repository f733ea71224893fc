"""Creating, changing and deleting records as the API does: checked, by the running user."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from twin.salesforce import duplicates, ids, persons, validation
from twin.salesforce.errors import ApiError, SeveralMatchError, deleted, missing, wrong_object
from twin.salesforce.org import Org
from twin.salesforce.schema import Field, SObject

# What a trigger changes: neither what records are found by, nor a value of a list.
TEXTS = frozenset({"string", "textarea"})


@dataclass(frozen=True)
class Writer:
    """Writes records for one call.

    Attributes:
        org: The org.
        user: Id of the running user.
        version: API version of the call.
        allow_save: Whether the call lets records pass a duplicate alert.
        assign: Whether assignment rules may move the record to another owner.
    """

    org: Org
    user: str
    version: float
    allow_save: bool = False
    assign: bool = False

    def create(self, sobject: SObject, record: Mapping[str, Any]) -> str:
        """Check and store a new record; return its id."""
        stored = self._triggered(sobject, validation.check(self.org, sobject, record, None))
        self._check_duplicates(sobject, stored, None)
        stored |= self._assigned(sobject)
        if sobject.name == "Account" and persons.is_person(stored):
            return persons.insert(self.org, stored, self.user)
        return self.org.put(sobject.name, stored, self.user)

    def update(self, sobject: SObject, identifier: str, record: Mapping[str, Any]) -> str:
        """Check and store changes of a record; return its id."""
        known = self.existing(sobject, identifier)
        stored = self._triggered(sobject, validation.check(self.org, sobject, record, known))
        self._check_duplicates(sobject, stored, known)
        stored |= self._assigned(sobject)
        persons.edit(self.org, sobject.name, known, stored, self.user)
        return str(known["Id"])

    def upsert(
        self, sobject: SObject, field: Field, value: Any, record: Mapping[str, Any], *, update_only: bool = False
    ) -> tuple[str, bool]:
        """Update the record with that external id or create it; return its id and whether it is new."""
        found = validation.matching(self.org, sobject, field, value)
        if len(found) > 1:
            base = f"/services/data/v{self.version:.1f}/sobjects/{sobject.name}"
            raise SeveralMatchError([f"{base}/{one}" for one in found])
        if found:
            return self.update(sobject, found[0], record), False
        if update_only or field.type == "id":
            raise missing()
        return self.create(sobject, {**record, field.name: value}), True

    def delete(self, sobject: SObject, identifier: str) -> str:
        """Move a record to the recycle bin; return its id."""
        known = self.existing(sobject, identifier)
        if sobject.fixed or (sobject.name == "Contact" and known.get("IsPersonAccount")):
            raise ApiError("INSUFFICIENT_ACCESS_OR_READONLY", "insufficient access rights on object id", ())
        self.org.delete(sobject.name, known["Id"], self.user)
        return str(known["Id"])

    def existing(self, sobject: SObject, identifier: str) -> dict[str, Any]:
        """Return the row of an id, or refuse a malformed, foreign, unknown or deleted one."""
        known = ids.full(identifier) if isinstance(identifier, str) else None
        if known is None:
            raise ApiError("MALFORMED_ID", f"malformed id {identifier}", ("Id",))
        if not known.startswith(sobject.prefix):
            raise wrong_object(sobject.label, identifier)
        row = self.org.row(sobject.name, known)
        if row is None:
            raise ApiError("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id", ())
        if row.get("IsDeleted"):
            raise deleted()
        return row

    def _triggered(self, sobject: SObject, stored: dict[str, Any]) -> dict[str, Any]:
        """Let a trigger change texts before they are saved, as some orgs do."""
        if self.org.settings.get("keeps", "as_sent") == "as_sent":
            return stored
        return {
            name: value.upper() if isinstance(value, str) and _is_text(sobject.fields[name]) else value
            for name, value in stored.items()
        }

    def _assigned(self, sobject: SObject) -> dict[str, str]:
        """Return the owner that the active assignment rule of the object names, if there is one."""
        owner = (self.org.settings.get("assignment_owners") or {}).get(sobject.name) if self.assign else None
        return {"OwnerId": owner} if owner else {}

    def _check_duplicates(self, sobject: SObject, stored: Mapping[str, Any], known: Mapping[str, Any] | None) -> None:
        duplicates.check(self.org, sobject, stored, known, allow_save=self.allow_save, version=self.version)


def _is_text(field: Field) -> bool:
    return field.type in TEXTS and not field.external_id


def external_field(sobject: SObject, name: str) -> Field:
    """Return a field that can name records in an upsert, or refuse it."""
    field = sobject.find(name)
    if field is None or not (field.external_id or field.id_lookup or field.type == "id"):
        message = f"Provided external ID field does not exist or is not accessible: {name}"
        raise ApiError("NOT_FOUND", message, status=404)
    return field


def key_of(record: Mapping[str, Any], field: Field) -> Any:
    """Return the external id value inside a record of a Collections or bulk upsert."""
    for name, value in record.items():
        if name.lower() == field.name.lower():
            return value
    return None


def without(record: Mapping[str, Any], name: str) -> dict[str, Any]:
    """Return a record without one field, whatever its case."""
    return {key: value for key, value in record.items() if key.lower() != name.lower()}
