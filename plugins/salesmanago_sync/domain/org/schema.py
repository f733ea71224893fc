"""Whether a mapping fits the schema of the org, and what of the schema it reads."""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Mapping as Dictionary
from dataclasses import replace

from salesmanago_sync.domain.converters.country import country_code, places
from salesmanago_sync.domain.converters.state import ListedState, states
from salesmanago_sync.domain.criteria.language import fields_of
from salesmanago_sync.domain.mapping_files.card_lines import CARD_LINES, LAST_SYNC
from salesmanago_sync.domain.mapping_files.file import KeyPath
from salesmanago_sync.domain.mapping_files.model import Line, Mapping
from salesmanago_sync.domain.mapping_files.rules import Breach, choices, conditions, criterion_breaches
from salesmanago_sync.domain.org.describe import FieldSchema, Schema
from salesmanago_sync.domain.org.field_types import fits, fitting
from salesmanago_sync.errors import Fault, Place

__all__ = [
    "FieldSchema",
    "Schema",
    "check",
    "criteria_types",
    "fit",
    "hidden_opt_outs",
    "parents_of",
    "read_fields",
    "read_types",
    "takes_part",
    "unfilled",
    "warnings",
]

Schemas = Dictionary[str, Schema]
NO_SCHEMAS: Schemas = {}

CONTACT_ID_FIELD = "SALESmanago_Contact_Id__c"
SYSTEM_FIELDS = ("Id", "IsDeleted", "SystemModstamp", "LastModifiedDate", "LastModifiedById", "MasterRecordId")
OBJECT_FIELDS = {
    "Lead": ("LastName", "Company", "IsConverted", "ConvertedContactId", "ConvertedAccountId"),
    "Contact": ("LastName", "AccountId", "IsPersonAccount"),
    "PersonAccount": ("LastName", "IsPersonAccount", "PersonContactId"),
}
# The sync fills these on create, or Salesforce makes them of others.
FILLED_BY_SYNC = frozenset({"LastName", "Company", "Name", "AccountId", "RecordTypeId", CONTACT_ID_FIELD})
# Salesforce hides these from new integration users by default.
OPT_OUT_FIELDS = frozenset(
    f"{prefix}{name}" for prefix in ("", "Person") for name in ("HasOptedOutOfEmail", "HasOptedOutOfFax", "DoNotCall")
)
CARD_PATH: KeyPath = ("salesforce_card",)
SLOW = "its changes move no time stamp, and are seen by the next full sync only."
GRANT = "Give the integration user access to it (permission set, Field-Level Security)"


def fit(mapping: Mapping, schema: Schema) -> None:
    """Tell lines what only this org knows: names of countries and states, and of how many values a field holds one."""
    for line in mapping.lines:
        field = schema.fields.get(line.salesforce[0]) if line.salesforce else None
        if field is not None and field.type in ("picklist", "combobox"):
            line.know_single()
        if line.convert == "country" and len(line.salesforce) == 1:
            line.know_places(places(_listed(line.salesforce[0], schema)))
        if line.convert == "state" and len(line.salesforce) == 1:
            line.know_states(states(tuple(_listed_states(line.salesforce[0], schema))))


def _listed(name: str, schema: Schema) -> list[tuple[str, str]]:
    """What a field accepts, each with another word for it: the text of an address is the label of its code."""
    own, code = schema.fields.get(name), schema.fields.get(f"{name}Code")
    if code is not None and code.picklist:
        return list(zip(code.picklist_labels, code.picklist, strict=True))
    return [] if own is None else list(zip(own.picklist, own.picklist_labels, strict=True))


def _listed_states(name: str, schema: Schema) -> Iterator[ListedState]:
    """What a field accepts, each with the countries that have it: the text of an address is the label of its code."""
    code = schema.fields.get(f"{name}Code") or schema.fields.get(name)
    if code is None:
        return
    textual = code.name != name
    valid_for = code.valid_for or ((),) * len(code.picklist)
    for value, label, choices_of_country in zip(code.picklist, code.picklist_labels, valid_for, strict=True):
        countries = tuple(found for choice in choices_of_country if (found := country_code(choice)) is not None)
        yield ListedState(label if textual else value, value, label, countries)


def takes_part(mapping: Mapping, schema: Schema) -> bool:
    """Whether a mapping is taken in this org: `enabled: auto` follows its Person Accounts."""
    return schema.has_person_accounts if mapping.enabled == "auto" else mapping.enabled


def parents_of(mapping: Mapping, schema: Schema) -> set[str]:
    """Name the parent objects whose fields a mapping reads, so that their schemas can be had for `check`."""
    steps = {schema.parent(name) for name in (*_mapped(mapping), *_selected(mapping)) if "." in name}
    return {step.parents[0] for step in steps if step is not None and len(step.parents) == 1}


def criteria_types(mapping: Mapping, schema: Schema, parents: Schemas = NO_SCHEMAS) -> dict[str, str]:
    """Give the type of every field that the Salesforce criteria may name.

    Args:
        mapping: Whose criteria.
        schema: The describe of its object.
        parents: Schemas of parent objects by name; a field of one that is not here counts as text.

    Returns:
        Describe type by field name.
    """
    types = {name: field.type for name, field in schema.fields.items()}
    for name in _selected(mapping):
        if "." in name and not _unknown(name, schema, parents):
            field = _parent_field(name, schema, parents)
            types[name] = "string" if field is None else field.type
    return types


def _mapped(mapping: Mapping) -> list[str]:
    return [name for line in mapping.lines for name in line.salesforce]


def _selected(mapping: Mapping) -> list[str]:
    criterion = mapping.criteria.salesforce
    return sorted(fields_of(criterion)) if criterion is not None else []


def _parent_schema(path: str, schema: Schema, parents: Schemas) -> Schema | None:
    step = schema.parent(path)
    # A field that leads to one of several objects, like Owner, offers what they share.
    return parents.get(step.parents[0]) if step is not None and len(step.parents) == 1 else None


def _parent_field(path: str, schema: Schema, parents: Schemas) -> FieldSchema | None:
    parent = _parent_schema(path, schema, parents)
    return parent.fields.get(path.partition(".")[2]) if parent is not None else None


def _unknown(name: str, schema: Schema, parents: Schemas) -> bool:
    parent = _parent_schema(name, schema, parents) if "." in name else None
    return not schema.has(name) or (parent is not None and not parent.has(name.partition(".")[2]))


def read_fields(mapping: Mapping, schema: Schema) -> list[str]:
    """List the columns to select: those of the sync, of the mapping and of its criteria, as far as they are visible."""
    of_sync = (*SYSTEM_FIELDS, *OBJECT_FIELDS[mapping.object], CONTACT_ID_FIELD)
    wanted = (*of_sync, *_mapped(mapping), *_selected(mapping))
    return [name for name in dict.fromkeys(wanted) if schema.has(name)]


def read_types(mapping: Mapping, schema: Schema, parents: Schemas = NO_SCHEMAS) -> dict[str, str]:
    """Give the type of every field of `read_fields`, as far as it is known.

    Args:
        mapping: Whose fields.
        schema: The describe of its object.
        parents: Schemas of parent objects by name; a field of one that is not here has no known type.

    Returns:
        Describe type by field name.
    """
    found = {
        name: schema.fields.get(name) or _parent_field(name, schema, parents) for name in read_fields(mapping, schema)
    }
    return {name: field.type for name, field in found.items() if field is not None}


def check(mapping: Mapping, schema: Schema, where: str = "", parents: Schemas = NO_SCHEMAS) -> list[Fault]:
    """Check a mapping against the org.

    Args:
        mapping: What to check.
        schema: The describe of its object.
        where: Names the org in the messages, where there are several.
        parents: Schemas of parent objects by name (`parents_of`); the fields of others are not checked.

    Returns:
        Every fault; one only if the org lacks Person Accounts.
    """
    if mapping.object == "PersonAccount" and not schema.has_person_accounts:
        breaches = [
            Breach(
                ("enabled",),
                "this org has no Person Accounts.",
                "Set enabled: auto or false, or enable Person Accounts in Salesforce.",
            )
        ]
    else:
        breaches = [*_object_breaches(mapping, schema), *_lines_breaches(mapping, schema, parents)]
        breaches += _card_breaches(mapping, schema)
        breaches += [*_required_breaches(mapping, schema), *_criteria_breaches(mapping, schema, parents)]
    return _as_faults(mapping, breaches, where)


def warnings(mapping: Mapping, schema: Schema, where: str = "") -> list[Fault]:
    """Say what works less well than the mapping's author may think.

    Args:
        mapping: What to look at.
        schema: The describe of its object.
        where: Names the org in the messages, where there are several.

    Returns:
        Faults that stop nothing.
    """
    if mapping.object == "PersonAccount" and not schema.has_person_accounts:
        return []
    breaches = [
        breach for path, line in mapping.entries for breach in _line_warnings((*path, "salesforce"), line, schema)
    ]
    breaches += [*_consent_warnings(mapping, schema), *_criteria_warnings(mapping, schema)]
    return _as_faults(mapping, breaches, where)


def _consent_warnings(mapping: Mapping, schema: Schema) -> Iterator[Breach]:
    field = "PersonHasOptedOutOfEmail" if mapping.object == "PersonAccount" else "HasOptedOutOfEmail"
    if mapping.is_whole and mapping.line("optedOut") is None and schema.has(field):
        yield Breach(
            ("fields",),
            "no line carries opt-outs by e-mail: whoever has opted out on one side stays mailable on the other.",
            f"Add {{salesforce: {field}, salesmanago: optedOut, convert: consent}}.",
        )


def _as_faults(mapping: Mapping, breaches: list[Breach], where: str) -> list[Fault]:
    return [Fault(_named(mapping.where(breach.path), where), breach.what, breach.fix) for breach in breaches]


def _named(place: Place, org: str) -> Place:
    return replace(place, key=f"{place.key} ({org})".lstrip()) if org else place


def _object_breaches(mapping: Mapping, schema: Schema) -> Iterator[Breach]:
    creates = mapping.create.in_salesforce is not False
    if creates and not schema.createable:
        yield Breach(
            ("create", "in_salesforce"),
            f"the integration user may not create {schema.name} records.",
            "Give it the permission, or set in_salesforce: false.",
        )
    if creates and mapping.object == "PersonAccount" and schema.person_record_type is None:
        yield Breach(
            ("create", "in_salesforce"),
            "no Person Account record type is open to the integration user.",
            "Assign one to its profile, or set in_salesforce: false.",
        )
    if not schema.updateable and any(line.to_salesforce for line in mapping.lines):
        yield Breach(
            ("object",),
            f"the integration user may not change {schema.name} records.",
            "Give it the permission, or set direction: to_salesmanago on every line.",
        )


def _lines_breaches(mapping: Mapping, schema: Schema, parents: Schemas) -> Iterator[Breach]:
    creates = mapping.create.in_salesforce is not False
    for path, line in mapping.entries:
        for name in line.salesforce:
            if not _unknown(name, schema, parents):
                field = schema.fields.get(name) or _parent_field(name, schema, parents)
                yield from _field_breaches(path, line, field, creates)
            elif not _hidden_opt_out(line, name) and path != CARD_PATH:
                yield _missing((*path, "salesforce"), name, schema, parents)


def _card_breaches(mapping: Mapping, schema: Schema) -> list[Breach]:
    """Say in one breach that the fields of the card are not there: one run of the set-up mends them all."""
    missing = [name for name in (*(line[0] for line in CARD_LINES), LAST_SYNC) if not schema.has(name)]
    if not (mapping.salesforce_card and missing):
        return []
    fix = (
        "Run the DAG salesmanago_setup, and give the integration user the permission set SALESmanago sync; "
        "or set salesforce_card: false."
    )
    return [Breach(CARD_PATH, f"{schema.name} has no {', '.join(missing)} that the integration user may see.", fix)]


def _missing(path: KeyPath, name: str, schema: Schema, parents: Schemas) -> Breach:
    what = f"{schema.name} has no field {name!r} that the integration user may see."
    first, _, rest = name.partition(".")
    parent = _parent_schema(name, schema, parents)
    if parent is not None and rest:
        proposal = choices(rest, parent.fields)
    else:
        links = [field.relationship for field in schema.fields.values() if field.relationship is not None]
        proposal = choices(first, links if rest else schema.fields)
    return Breach(path, what, f"{proposal} {GRANT}, if the org has it.".strip())


def hidden_opt_outs(mapping: Mapping, schema: Schema) -> list[str]:
    """Name the mapped opt-out fields that the integration user may not see."""
    return [
        name
        for line in mapping.lines
        for name in line.salesforce
        if _hidden_opt_out(line, name) and name not in schema.fields
    ]


def _hidden_opt_out(line: Line, name: str) -> bool:
    return line.convert == "consent" and name in OPT_OUT_FIELDS


def _field_breaches(path: KeyPath, line: Line, field: FieldSchema | None, creates: bool) -> Iterator[Breach]:
    if field is None:
        return
    if not fits(line, field):
        yield Breach(
            (*path, "convert"),
            f"converter {line.convert!r} does not fit {field.name}, which is of type {field.type}.",
            fitting(field),
        )
    if line.to_salesforce:
        yield from _access_breaches((*path, "salesforce"), field, creates)


def _access_breaches(path: KeyPath, field: FieldSchema, creates: bool) -> Iterator[Breach]:
    if field.calculated:
        yield Breach(path, f"{field.name} is a formula and cannot be written.", "Set direction: to_salesmanago.")
        return
    lacking = [
        word
        for word, can in (("changed", field.updateable), ("set on create", field.createable or not creates))
        if not can
    ]
    if lacking:
        yield Breach(
            path,
            f"{field.name} cannot be {' or '.join(lacking)} by the integration user.",
            f"{GRANT}, or set direction: to_salesmanago.",
        )


def _required_breaches(mapping: Mapping, schema: Schema) -> Iterator[Breach]:
    creates = mapping.create.in_salesforce is not False
    for field in unfilled(mapping, schema) if creates and mapping.is_whole else ():
        yield Breach(
            ("create", "in_salesforce"),
            f"a new {schema.name} needs {field.name} ({field.label}), which no line fills.",
            "Map it, fill it with convert: constant, or set in_salesforce: false.",
        )


def unfilled(mapping: Mapping, schema: Schema) -> list[FieldSchema]:
    """List the fields that a new record needs and that neither a line nor the sync fills."""
    covered = FILLED_BY_SYNC | {field for line in mapping.lines if line.to_salesforce for field in line.salesforce}
    return [field for field in schema.fields.values() if field.required and field.name not in covered]


def _criteria_breaches(mapping: Mapping, schema: Schema, parents: Schemas) -> Iterator[Breach]:
    criterion, path = mapping.criteria.salesforce, ("criteria", "salesforce")
    if criterion is None:
        return
    yield from criterion_breaches(path, criterion, criteria_types(mapping, schema, parents), schema.name)
    for place, condition in conditions(path, criterion):
        field = schema.fields.get(condition.field) or _parent_field(condition.field, schema, parents)
        if field is not None and not field.filterable:
            yield Breach((*place, "field"), f"Salesforce cannot select by {field.name}.", "Choose another field.")


def _line_warnings(path: KeyPath, line: Line, schema: Schema) -> Iterator[Breach]:
    for name in line.salesforce:
        field = schema.fields.get(name)
        if field is not None and field.calculated:
            yield Breach(path, f"{name} is a formula: {SLOW}")
        if field is None and _hidden_opt_out(line, name):
            yield Breach(
                path,
                f"field-level security hides {schema.name}.{name}: these opt-outs are not synchronised, "
                "and nobody is created in SALESmanago who might have opted out.",
                f"{GRANT}, to read and to edit; or set accept_hidden_opt_out: true.",
            )


def _criteria_warnings(mapping: Mapping, schema: Schema) -> Iterator[Breach]:
    criterion = mapping.criteria.salesforce
    if criterion is None:
        return
    for path, condition in conditions(("criteria", "salesforce"), criterion):
        field = schema.fields.get(condition.field)
        if field is not None and field.calculated:
            yield Breach((*path, "field"), f"{field.name} is a formula: {SLOW}")
        elif "." in condition.field:
            yield Breach((*path, "field"), f"{condition.field} belongs to a parent record: {SLOW}")
