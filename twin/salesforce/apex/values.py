"""What Apex expressions can be: records, instances of classes, standard controllers, and exceptions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from twin.salesforce.schema import Field

if TYPE_CHECKING:
    from twin.salesforce.apex.syntax import ApexClass

# Type of describe -> type of Apex; the rest is text.
TYPES = {
    "id": "Id",
    "reference": "Id",
    "boolean": "Boolean",
    "int": "Integer",
    "double": "Decimal",
    "currency": "Decimal",
    "percent": "Decimal",
    "date": "Date",
    "datetime": "Datetime",
}


class ApexError(Exception):
    """An exception that the running class did not catch."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(f"System.{kind}: {message}")
        self.kind = kind
        self.message = message


def apex_type(one: Field) -> str:
    """Return the Apex type of a field."""
    return TYPES.get(one.type, "String")


@dataclass
class Record:
    """An sObject.

    Attributes:
        sobject: Its object.
        fields: Every field of the object, by name in lower case.
        values: What it holds, by name in lower case.
        queried: Fields that were read from the org; None for a record that was made here.
    """

    sobject: str
    fields: Mapping[str, Field]
    values: dict[str, Any] = field(default_factory=dict)
    queried: frozenset[str] | None = None

    def get(self, name: str) -> Any:
        """Return the value of a field.

        Raises:
            ApexError: There is no such field, or it was not read.
        """
        known = self.fields.get(name.lower())
        if known is None:
            raise ApexError("SObjectException", f"Invalid field {name} for {self.sobject}")
        if self.queried is not None and name.lower() not in self.queried:
            raise ApexError(
                "SObjectException",
                f"SObject row was retrieved via SOQL without querying the requested field: {self.sobject}.{known.name}",
            )
        return self.values.get(name.lower())

    def put(self, name: str, value: Any) -> None:
        """Set the value of a field.

        Raises:
            ApexError: There is no such field.
        """
        if name.lower() not in self.fields:
            raise ApexError("SObjectException", f"Invalid field {name} for {self.sobject}")
        self.values[name.lower()] = value


@dataclass
class Instance:
    """An object of a deployed class."""

    of: ApexClass
    values: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class StandardController:
    """`ApexPages.StandardController`."""

    record: Record


def type_of(value: Any) -> str:
    """Return the name of a value's type at run time."""
    if isinstance(value, Record):
        return value.sobject
    if isinstance(value, Instance):
        return value.of.name
    names = {bool: "Boolean", int: "Integer", float: "Decimal", bytes: "Blob", StandardController: "StandardController"}
    return names.get(type(value), "String")


def spelled(value: Any) -> str:
    """Return a value as text, as concatenation and String.valueOf spell it: null is the text `null`."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)
