"""The objects of the org and their fields, as the running user sees them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import yaml

NUMBERS = frozenset({"int", "double", "currency", "percent"})
LONG_TEXT = 255
LISTS = frozenset({"picklist", "multipicklist", "combobox"})


@dataclass(frozen=True)
class Field:
    """One field of an object: its type and every rule the API enforces on it."""

    name: str
    label: str
    type: str = "string"
    length: int = 0
    precision: int = 0
    scale: int = 0
    digits: int = 0
    required: bool = False
    writable: bool = True
    defaulted: bool = False
    default: Any = None
    custom: bool = False
    external_id: bool = False
    unique: bool = False
    case_sensitive: bool = False
    id_lookup: bool = False
    name_field: bool = False
    calculated: bool = False
    restricted: bool = False
    picklist: tuple[str, ...] = ()
    refer: tuple[str, ...] = ()
    compound: str | None = None
    person: bool = False
    codes: bool = False
    help: str | None = None

    @property
    def stored(self) -> bool:
        """Whether the field has a column of its own (an address is put together from its parts)."""
        return self.type != "address"

    @property
    def nillable(self) -> bool:
        """Whether the field may be empty."""
        return not self.required and self.type != "boolean"

    @property
    def filterable(self) -> bool:
        """Whether a query may filter by it: long text and compound fields never."""
        return self.stored and not (self.type == "textarea" and self.length > LONG_TEXT)

    @property
    def relationship(self) -> str | None:
        """The name of the parent path through this field, as `Account` or `Owner`."""
        if not self.refer:
            return None
        if self.custom:
            return self.name.removesuffix("__c") + "__r"
        return self.name.removesuffix("Id")


@dataclass(frozen=True)
class SObject:
    """One object: its names and its fields.

    Attributes:
        setting: Of a custom setting, its kind: Hierarchy or List.
    """

    name: str
    label: str
    plural: str
    prefix: str
    fixed: bool = False
    fields: Mapping[str, Field] = field(default_factory=dict)
    setting: str | None = None

    def find(self, name: str) -> Field | None:
        """Return the field of that name, in any case, or None."""
        return self._named.get(name.lower())

    def parent(self, path: str) -> Field | None:
        """Return the reference field behind a relationship name, or None."""
        return self._parents.get(path.lower())

    def address_parts(self, compound: Field) -> dict[str, str]:
        """Return the part of an address (`City`) with the field that holds it (`MailingCity`)."""
        prefix = compound.name.removesuffix("Address")
        return {
            one.name.removeprefix(prefix): one.name for one in self.fields.values() if one.compound == compound.name
        }

    @cached_property
    def _named(self) -> dict[str, Field]:
        return {one.name.lower(): one for one in self.fields.values()}

    @cached_property
    def _parents(self) -> dict[str, Field]:
        return {one.relationship.lower(): one for one in self.fields.values() if one.relationship}


def spaced(name: str) -> str:
    """Return an API name as a label: `MailingCity` becomes `Mailing City`."""
    plain = name.removesuffix("__c").removesuffix("__pc").replace("_", " ")
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", plain)


def make_field(name: str, spec: Mapping[str, Any], **fixed: Any) -> Field:
    """Build a field from its compact definition in the table."""
    known = dict(spec)
    refer = known.pop("refer", ())
    known.pop("nillable_with_persons", None)
    return Field(
        name=name,
        label=known.pop("label", None) or spaced(name),
        writable=not known.pop("ro", False),
        refer=(refer,) if isinstance(refer, str) else tuple(refer),
        picklist=tuple(known.pop("picklist", ())),
        **known,
        **fixed,
    )


def custom_field(definition: Mapping[str, Any]) -> Field:
    """Build a custom field from a definition in describe's spelling (`externalId`, `referenceTo`) or ours."""
    name = str(definition["name"])
    if not re.fullmatch(r"[A-Za-z]\w*__(?:c|pc)", name):
        raise ValueError(f"a custom field is named like Some_Name__c, not {name!r}")
    kind = definition.get("type", "string")
    calculated = bool(definition.get("calculated", False))
    return Field(
        name=name,
        label=definition.get("label") or spaced(name),
        type=kind,
        length=definition.get(
            "length", 255 if kind in LISTS | {"string", "textarea"} else 80 if kind == "email" else 0
        ),
        precision=definition.get("precision", 18 if kind in NUMBERS else 0),
        scale=definition.get("scale", 0),
        digits=definition.get("digits", 9 if kind == "int" else 0),
        required=bool(definition.get("required", False)),
        writable=not calculated and bool(definition.get("updateable", True)),
        default=definition.get("defaultValue", definition.get("default")),
        defaulted=kind == "boolean" or "defaultValue" in definition or "default" in definition,
        custom=True,
        external_id=bool(definition.get("externalId", definition.get("external_id", False))),
        unique=bool(definition.get("unique", False)),
        case_sensitive=bool(definition.get("caseSensitive", definition.get("case_sensitive", False))),
        id_lookup=bool(definition.get("externalId", definition.get("external_id", False))),
        calculated=calculated,
        restricted=bool(definition.get("restrictedPicklist", definition.get("restricted", False))),
        picklist=tuple(_choices(definition)),
        refer=tuple(definition.get("referenceTo", ())),
        person=bool(definition.get("person", False)),
        help=definition.get("inlineHelpText"),
    )


def _choices(definition: Mapping[str, Any]) -> Iterable[str]:
    listed = definition.get("picklistValues", definition.get("picklist", definition.get("values", ())))
    for one in listed:
        yield one["value"] if isinstance(one, Mapping) else one


@cache
def table() -> dict[str, Any]:
    """Return the table of standard fields."""
    loaded: dict[str, Any] = yaml.safe_load(Path(__file__).with_name("fields.yaml").read_text(encoding="utf-8"))
    return loaded


@cache
def standard() -> dict[str, SObject]:
    """Return every object with its standard fields, those of Person Accounts included."""
    return {name: _object(name, spec) for name, spec in table()["objects"].items()}


@cache
def mirror() -> dict[str, str]:
    """Return Account field -> Contact field for the two rows of a person account."""
    pairs: dict[str, str] = dict(table()["mirror"])
    for prefix in ("Mailing", "Other"):
        pairs |= {f"Person{prefix}{part}": f"{prefix}{part}" for part in table()["address"] if part != "Address"}
    return pairs


@cache
def nillable_with_persons() -> frozenset[tuple[str, str]]:
    """Return the (object, field) pairs that stop being required where Person Accounts are on."""
    return frozenset(
        (name, one)
        for name, spec in table()["objects"].items()
        for one, rules in spec["fields"].items()
        if rules.get("nillable_with_persons")
    )


def custom_setting(name: str, label: str, kind: str, prefix: str) -> SObject:
    """Build a custom setting without its own fields; a row of a hierarchy belongs to the org, a profile or a user."""
    spec = {"fields": table()["setting"], "label": label, "plural": label, "prefix": prefix, "without": ["IsDeleted"]}
    made = _object(name, spec)
    required = {**made.fields, "SetupOwnerId": replace(made.fields["SetupOwnerId"], required=kind == "Hierarchy")}
    return replace(made, fields=required, setting=kind)


def _object(name: str, spec: Mapping[str, Any]) -> SObject:
    fields: dict[str, Field] = {}
    for one, rules in table()["system"].items():
        if one not in spec.get("without", ()):
            fields[one] = make_field(one, rules | ({"label": f"{name} ID"} if one == "Id" else {}))
    for one, rules in spec["fields"].items():
        fields[one] = make_field(one, rules)
    for prefix in spec.get("addresses", ()):
        fields |= _address(prefix)
    for prefix in spec.get("person_addresses", ()):
        fields |= {one.name: replace(one, person=True) for one in _address(prefix).values()}
    label = spec.get("label", name)
    return SObject(name, label, spec["plural"], spec["prefix"], spec.get("fixed", False), fields)


def _address(prefix: str) -> dict[str, Field]:
    lead = spaced(prefix.removeprefix("Person")) + " " if prefix else ""
    made = {}
    for part, rules in table()["address"].items():
        name = prefix + part
        compound = None if part == "Address" else f"{prefix}Address"
        made[name] = make_field(name, rules | {"label": lead + (rules.get("label") or spaced(part))}, compound=compound)
    return made


def visible(
    sobject: SObject,
    extra: Iterable[Field],
    *,
    persons: bool,
    codes: bool,
    hidden: Iterable[str],
    read_only: Iterable[str],
) -> SObject:
    """Return the object as the running user sees it: custom fields added, those hidden or switched off gone."""
    concealed = {name.lower() for name in hidden}
    locked = {name.lower() for name in read_only}
    fields = {}
    for one in (*sobject.fields.values(), *extra):
        if one.name.lower() in concealed or (one.person and not persons) or (one.codes and not codes):
            continue
        relaxed = persons and (sobject.name, one.name) in nillable_with_persons()
        fields[one.name] = replace(
            one,
            required=one.required and not relaxed,
            writable=one.writable and one.name.lower() not in locked,
        )
    return replace(sobject, fields=fields)
