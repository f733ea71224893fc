"""The schema of an org's object: what describe told the integration user."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

TEXT_TYPES = frozenset({"string", "textarea", "picklist", "combobox", "email", "phone", "url", "encryptedstring"})


NO_CHOICES: Mapping[str, Sequence[str]] = {}


@dataclass(frozen=True, slots=True)
class FieldSchema:
    """What describe says of one field."""

    name: str
    type: str = "string"
    length: int = 0
    whole_digits: int = 0
    nillable: bool = True
    createable: bool = True
    updateable: bool = True
    defaulted_on_create: bool = False
    calculated: bool = False
    external_id: bool = False
    unique: bool = False
    restricted_picklist: bool = False
    picklist: tuple[str, ...] = ()
    picklist_labels: tuple[str, ...] = ()
    valid_for: tuple[tuple[str, ...], ...] = ()
    filterable: bool = True
    label: str = ""
    relationship: str | None = None
    parents: tuple[str, ...] = ()

    @classmethod
    def from_describe(cls, field: Mapping[str, Any], choices: Mapping[str, Sequence[str]] = NO_CHOICES) -> FieldSchema:
        """Read one entry of `fields`.

        Args:
            field: The entry.
            choices: What every picklist of the object offers, inactive values included, in order.
        """
        active = [value for value in field.get("picklistValues") or () if value.get("active", True)]
        return cls(
            name=field["name"],
            type=field.get("type", "string"),
            length=field.get("length") or 0,
            whole_digits=_whole_digits(field),
            nillable=field.get("nillable", True),
            createable=field.get("createable", False),
            updateable=field.get("updateable", False),
            defaulted_on_create=field.get("defaultedOnCreate", False),
            calculated=field.get("calculated", False),
            external_id=field.get("externalId", False),
            unique=field.get("unique", False),
            restricted_picklist=field.get("restrictedPicklist", False),
            picklist=tuple(value["value"] for value in active),
            picklist_labels=tuple(str(value.get("label") or value["value"]) for value in active),
            valid_for=_valid_for(active, choices.get(field.get("controllerName") or "", ())),
            filterable=field.get("filterable", True),
            label=field.get("label") or field["name"],
            relationship=field.get("relationshipName"),
            parents=tuple(field.get("referenceTo") or ()),
        )

    @property
    def required(self) -> bool:
        """Whether a new record must have it."""
        return self.createable and not self.nillable and not self.defaulted_on_create


@dataclass(frozen=True)
class Schema:
    """What describe says of one object.

    Attributes:
        name: API name of the object.
        fields: Every field the integration user may see.
        createable: Whether this user may create records.
        updateable: Whether this user may change records.
        person_record_type: Record type that makes an Account a Person Account.
    """

    name: str
    fields: dict[str, FieldSchema]
    createable: bool = True
    updateable: bool = True
    person_record_type: str | None = None

    @classmethod
    def from_describe(cls, describe: Mapping[str, Any]) -> Schema:
        """Read the answer of describe."""
        choices = {
            field["name"]: [value["value"] for value in field.get("picklistValues") or ()]
            for field in describe["fields"]
        }
        fields = (FieldSchema.from_describe(field, choices) for field in describe["fields"])
        return cls(
            name=describe["name"],
            fields={field.name: field for field in fields},
            createable=describe.get("createable", False),
            updateable=describe.get("updateable", False),
            person_record_type=_person_record_type(describe.get("recordTypeInfos") or ()),
        )

    def has(self, name: str) -> bool:
        """Whether the user may see a field, or for a path like `Account.Name` its parent."""
        return name in self.fields or ("." in name and self.parent(name) is not None)

    def parent(self, path: str) -> FieldSchema | None:
        """Find the field that leads to the parent record of a path."""
        relationship = path.partition(".")[0]
        return next((field for field in self.fields.values() if field.relationship == relationship), None)

    def limit(self, name: str) -> int | None:
        """How many characters a text field takes; nothing for other types."""
        field = self.fields.get(name)
        return field.length if field is not None and field.type in TEXT_TYPES and field.length > 0 else None

    def allowed(self, name: str) -> tuple[str, ...] | None:
        """The values a restricted picklist takes; nothing where any value goes."""
        field = self.fields.get(name)
        return field.picklist if field is not None and field.restricted_picklist else None

    @property
    def has_person_accounts(self) -> bool:
        """Whether the org has Person Accounts; told by Account and by Contact."""
        return "IsPersonAccount" in self.fields


def _valid_for(active: Sequence[Mapping[str, Any]], choices: Sequence[str]) -> tuple[tuple[str, ...], ...]:
    """Say for which choices of the controlling field each value is offered; nothing where no field controls it."""
    if not choices:
        return ()
    return tuple(tuple(choices[place] for place in _set_bits(value) if place < len(choices)) for value in active)


def _set_bits(value: Mapping[str, Any]) -> Iterator[int]:
    """Read `validFor`: a bit for each choice of the controlling field, the first one highest, in base 64.

    Most values have one bit among hundreds: a state has one country.
    """
    try:
        read = base64.b64decode(value.get("validFor") or "")
    except binascii.Error:
        return
    bits = f"{int.from_bytes(read):0{8 * len(read)}b}" if read else ""
    place = bits.find("1")
    while place >= 0:
        yield place
        place = bits.find("1", place + 1)


def _whole_digits(field: Mapping[str, Any]) -> int:
    """How many digits a number may have before the point; 0 where describe does not say."""
    most = field.get("precision") or field.get("digits") or 0
    return max(most - (field.get("scale") or 0), 0)


def _person_record_type(infos: Any) -> str | None:
    # Describe does not say which record types are for people; Salesforce names its own so.
    usable = [info for info in infos if info.get("active", True) and info.get("available", True)]
    named = [info for info in usable if str(info.get("developerName", "")).startswith("PersonAccount")]
    named.sort(key=lambda info: (not info.get("defaultRecordTypeMapping", False), info["developerName"]))
    return str(named[0]["recordTypeId"]) if named else None
