"""Whether a mapping fits the schema of the org, and what of the schema it reads."""

from __future__ import annotations

from collections.abc import Iterator

from salesmanago_sync.domain.criteria import fields_of
from salesmanago_sync.domain.describe import TEXT_TYPES, FieldSchema, Schema
from salesmanago_sync.domain.mapping_file import KeyPath
from salesmanago_sync.domain.mapping_model import Line, Mapping
from salesmanago_sync.domain.mapping_rules import Breach, choices, conditions, criterion_breaches
from salesmanago_sync.errors import Fault

__all__ = ["FieldSchema", "Schema", "check", "criteria_types", "read_fields", "takes_part", "warnings"]

NUMBER_TYPES = frozenset({"int", "long", "double", "currency", "percent"})
# Describe types that each converter can write; text shows any type in SALESmanago, and constant fits all.
WRITES: dict[str, frozenset[str]] = {
    "text": TEXT_TYPES,
    "email": frozenset({"email", "string"}),
    "phone": frozenset({"phone", "string"}),
    "full_name": frozenset({"string"}),
    "date": frozenset({"date"}),
    "boolean": frozenset({"boolean"}),
    "number": NUMBER_TYPES,
    "country": frozenset({"string", "picklist"}),
    "picklist": frozenset({"picklist", "combobox", "string"}),
    "tags": frozenset({"multipicklist"}),
    "consent": frozenset({"boolean"}),
}
# What a converter also reads, on a line that does not write to Salesforce.
READS: dict[str, frozenset[str]] = {
    **dict.fromkeys(("email", "phone", "country", "picklist"), TEXT_TYPES),
    "tags": frozenset({"picklist", "multipicklist", "combobox"}),
    "date": frozenset({"datetime"}),
}
SHOWS_ANY = ("text", "constant")
# Addresses and places are read by their parts.
COMPOUND_TYPES = frozenset({"address", "location", "complexvalue", "anyType"})

CONTACT_ID_FIELD = "SALESmanago_Contact_Id__c"
SYSTEM_FIELDS = ("Id", "IsDeleted", "SystemModstamp", "LastModifiedDate", "LastModifiedById", "MasterRecordId")
OBJECT_FIELDS = {
    "Lead": ("LastName", "Company", "IsConverted", "ConvertedContactId", "ConvertedAccountId"),
    "Contact": ("LastName", "AccountId"),
    "PersonAccount": ("LastName", "IsPersonAccount", "PersonContactId"),
}
# The sync fills these on create, or Salesforce makes them of others.
FILLED_BY_SYNC = frozenset({"LastName", "Company", "Name", "AccountId", "RecordTypeId", CONTACT_ID_FIELD})
# Salesforce hides these from new integration users by default.
OPT_OUT_FIELDS = frozenset(
    f"{prefix}{name}" for prefix in ("", "Person") for name in ("HasOptedOutOfEmail", "HasOptedOutOfFax", "DoNotCall")
)
SLOW = "its changes move no time stamp, and are seen by the next full sync only."
GRANT = "Give the integration user access to it (permission set, Field-Level Security)"


def takes_part(mapping: Mapping, schema: Schema) -> bool:
    """Whether a mapping is taken in this org: `enabled: auto` follows its Person Accounts."""
    return schema.has_person_accounts if mapping.enabled == "auto" else mapping.enabled


def criteria_types(mapping: Mapping, schema: Schema) -> dict[str, str]:
    """Give the type of every field that the Salesforce criteria may name; a parent's field counts as text."""
    named = fields_of(mapping.criteria.salesforce) if mapping.criteria.salesforce is not None else set()
    types = {name: field.type for name, field in schema.fields.items()}
    return types | {name: "string" for name in named if "." in name and schema.has(name)}


def read_fields(mapping: Mapping, schema: Schema) -> list[str]:
    """List the columns to select: those of the sync, of the mapping and of its criteria, as far as they are visible."""
    criterion = mapping.criteria.salesforce
    wanted = [
        *SYSTEM_FIELDS,
        *OBJECT_FIELDS[mapping.object],
        CONTACT_ID_FIELD,
        *(field for line in mapping.lines for field in line.salesforce),
        *(sorted(fields_of(criterion)) if criterion is not None else ()),
    ]
    return [name for name in dict.fromkeys(wanted) if schema.has(name)]


def check(mapping: Mapping, schema: Schema, where: str = "") -> list[Fault]:
    """Check a mapping against the org.

    Args:
        mapping: What to check.
        schema: The describe of its object.
        where: Names the org in the messages, where there are several.

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
        breaches = [*_object_breaches(mapping, schema), *_lines_breaches(mapping, schema)]
        breaches += [*_required_breaches(mapping, schema), *_criteria_breaches(mapping, schema)]
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
    breaches = [
        breach for path, line in mapping.entries for breach in _line_warnings((*path, "salesforce"), line, schema)
    ]
    return _as_faults(mapping, [*breaches, *_criteria_warnings(mapping, schema)], where)


def _as_faults(mapping: Mapping, breaches: list[Breach], where: str) -> list[Fault]:
    suffix = f" ({where})" if where else ""
    return [Fault(mapping.where(breach.path) + suffix, breach.what, breach.fix) for breach in breaches]


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


def _lines_breaches(mapping: Mapping, schema: Schema) -> Iterator[Breach]:
    creates = mapping.create.in_salesforce is not False
    for path, line in mapping.entries:
        for name in line.salesforce:
            if schema.has(name):
                yield from _field_breaches(path, line, schema.fields.get(name), creates)
            elif not _hidden_opt_out(line, name):
                yield _missing((*path, "salesforce"), name, schema)


def _missing(path: KeyPath, name: str, schema: Schema) -> Breach:
    if "." in name:
        known = (field.relationship for field in schema.fields.values() if field.relationship is not None)
        fix = choices(name.partition(".")[0], known)
    else:
        fix = choices(name, schema.fields)
    hint = f"{GRANT}, if the org has it."
    return Breach(
        path, f"{schema.name} has no field {name!r} that the integration user may see.", f"{fix} {hint}".strip()
    )


def _hidden_opt_out(line: Line, name: str) -> bool:
    return line.convert == "consent" and name in OPT_OUT_FIELDS


def _field_breaches(path: KeyPath, line: Line, field: FieldSchema | None, creates: bool) -> Iterator[Breach]:
    if field is None:
        return
    if not _fits(line, field):
        yield Breach(
            (*path, "convert"),
            f"converter {line.convert!r} does not fit {field.name}, which is of type {field.type}.",
            _fitting(field),
        )
    if line.to_salesforce:
        yield from _access_breaches((*path, "salesforce"), field, creates)


def _fits(line: Line, field: FieldSchema) -> bool:
    if field.type in COMPOUND_TYPES:
        return False
    if line.convert == "constant" or (line.convert in SHOWS_ANY and not line.to_salesforce):
        return True
    types = WRITES.get(line.convert, frozenset())
    return field.type in (types if line.to_salesforce else types | READS.get(line.convert, frozenset()))


def _fitting(field: FieldSchema) -> str:
    if field.type in COMPOUND_TYPES:
        return "Map its parts, such as the street or the city."
    fitting = sorted(name for name, types in WRITES.items() if field.type in types)
    one_way = "" if "text" in fitting else " Or text, with direction: to_salesmanago."
    return f"Use {' or '.join(fitting)}.{one_way}" if fitting else f"{one_way.strip()}"


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
    if mapping.create.in_salesforce is False:
        return
    covered = FILLED_BY_SYNC | {field for line in mapping.lines if line.to_salesforce for field in line.salesforce}
    for name, field in schema.fields.items():
        if field.required and name not in covered:
            yield Breach(
                ("create", "in_salesforce"),
                f"a new {schema.name} needs {name} ({field.label}), which no line fills.",
                "Map it, fill it with convert: constant, or set in_salesforce: false.",
            )


def _criteria_breaches(mapping: Mapping, schema: Schema) -> Iterator[Breach]:
    criterion, path = mapping.criteria.salesforce, ("criteria", "salesforce")
    if criterion is None:
        return
    yield from criterion_breaches(path, criterion, criteria_types(mapping, schema), schema.name)
    for place, condition in conditions(path, criterion):
        field = schema.fields.get(condition.field)
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
                f"field-level security hides {schema.name}.{name}: these opt-outs are not synchronised.",
                f"{GRANT}, to read and to edit.",
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
