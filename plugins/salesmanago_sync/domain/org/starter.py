"""Starter: a first mapping file of an object, written from what describe says of the org.

Lines for the fields that mean the same in every org are ready to use, as far as this org and this user have them. Every
other field is a comment with the converter that fits, for a person to decide.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

from salesmanago_sync.domain.mapping_files.model import FILLER
from salesmanago_sync.domain.org.describe import FieldSchema, Schema
from salesmanago_sync.domain.org.field_types import COMPOUND_TYPES, WRITES
from salesmanago_sync.domain.org.schema import FILLED_BY_SYNC

LISTED = 8
# What a person account calls its person's own fields; the rest is the account's.
PERSONAL = ("Email", "MailingStreet", "MailingPostalCode", "MailingCity", "MailingCountry", "MailingState", "Birthdate",
            "HasOptedOutOfEmail", "DoNotCall", "Title", "Department", "LeadSource")  # fmt: skip
# Salesforce fields under a Contact's names, SALESmanago field, and what else the line says.
FIELDS: tuple[tuple[tuple[str, ...], str, str], ...] = (
    (("FirstName", "LastName"), "name", "convert: full_name"),
    (("Email",), "email", ""),
    (("Phone",), "phone", "convert: phone"),
    (("Fax",), "fax", "convert: phone"),
    (("Company",), "company", ""),
    (("MailingStreet",), "address.streetAddress", ""),
    (("MailingPostalCode",), "address.zipCode", ""),
    (("MailingCity",), "address.city", ""),
    (("MailingCountry",), "address.country", "convert: country"),
    (("MailingState",), "province", "convert: state, direction: to_salesmanago"),
    (("Birthdate",), "birthday", "convert: date"),
    (("Description",), "properties.note", ""),
    (("HasOptedOutOfEmail",), "optedOut", "convert: consent"),
    (("DoNotCall",), "optedOutPhone", "convert: consent"),
)
DETAILS = ("Title", "Department", "LeadSource", "Status", "Industry", "Rating")
# Details that the shipped mappings name otherwise than after the field.
NAMED = {"Title": "job_title", "Status": "lead_status"}
STATE = {"Lead": "PROSPECT", "Contact": "CUSTOMER", "PersonAccount": "CUSTOMER"}
# Converters in the order in which they are proposed; consent and tags are nobody's guess.
PROPOSED = ("date", "boolean", "number", "picklist", "phone", "text")
ONE_WAY = "direction: to_salesmanago"


def starter(object: str, schema: Schema) -> str:
    """Write a mapping file that is valid in the org, and switched off until a person has read it.

    Args:
        object: Lead, Contact or PersonAccount.
        schema: The describe of its Salesforce object.

    Returns:
        The text of the file.
    """
    return "\n".join([*_head(object), "", "fields:", *_fields(object, schema), "", *_details(object, schema)]) + "\n"


def _head(object: str) -> Iterator[str]:
    yield "# yaml-language-server: $schema=./mapping.schema.json"
    yield "# Made from the description of the org. Every key, converter and operator: docs/mapping.md."
    yield "# Lines that begin with '# -' are proposals: take the # away, and correct them."
    yield f"object: {object}"
    yield "# Look through the lines first: airflow salesmanago mapping check --live"
    yield "enabled: false"
    yield ""
    yield "# Which records take part. Without criteria: all of them."
    yield "# criteria:"
    yield "#   salesforce: {field: CreatedDate, op: ge, value: -365d}"
    yield ""
    yield "create:"
    yield "  in_salesmanago: true"
    yield f"  # For instance: {{field: state, op: eq, value: {STATE[object]}}}"
    yield "  in_salesforce: false"
    yield ""
    if object == "Lead":
        yield f'company_when_empty: {{action: fill, value: "{FILLER}"}}'
    yield "last_name_when_empty: {action: skip}"
    yield ""
    yield "conflict: newest"


def _fields(object: str, schema: Schema) -> Iterator[str]:
    for names, target, more in FIELDS:
        own = tuple(_own(name, object) for name in names)
        if own == ("Account.Name",):
            yield _line("Account.Name", target, ONE_WAY)
        else:
            yield from _known(own, target, more, schema)
    yield _line("", "state", f"convert: constant, value: {STATE[object]}, {ONE_WAY}")
    missing = _missing(object, schema)
    if missing:
        yield "  # A new Salesforce record needs these; map or fill them before you set in_salesforce."
        yield from (f"  # {_guess(field).strip()}{_remark(field)}" for field in missing)


def _missing(object: str, schema: Schema) -> list[FieldSchema]:
    covered = FILLED_BY_SYNC | _taken(object)
    return [field for field in schema.fields.values() if field.required and field.name not in covered]


def _known(names: tuple[str, ...], target: str, more: str, schema: Schema) -> Iterator[str]:
    fields = [schema.fields[name] for name in names if name in schema.fields]
    text = f"[{', '.join(names)}]" if len(names) > 1 else names[0]
    if len(fields) < len(names):
        # Hidden opt-outs are worth a word; other objects simply have no such field.
        if "consent" in more:
            line = _line(text, target, more).strip()
            yield f"  # {line}  # hidden from the integration user: give it the field"
        return
    writable = all(field.updateable and field.createable and not field.calculated for field in fields)
    if not writable and ONE_WAY not in more:
        more = ", ".join(filter(None, [more, ONE_WAY]))
    yield _line(text, target, more)


def _details(object: str, schema: Schema) -> Iterator[str]:
    ready = [name for name in (_own(name, object) for name in DETAILS) if name in schema.fields]
    known = _taken(object) | set(ready) | {field.name for field in _missing(object, schema)}
    others = [
        field
        for field in schema.fields.values()
        if field.name not in known and field.type not in (*COMPOUND_TYPES, "id", "reference") and _tells(field)
    ]
    yield "# Salesforce values shown among the SALESmanago details; one way. A two-way value belongs under fields, as"
    yield "# properties.<name>."
    yield "details:" if ready else "# details:"
    slugs = _slugs([*ready, *(field.name for field in others)])
    yield from (_line(name, slugs[name]) for name in ready)
    yield from (f"  # {_line(field.name, slugs[field.name]).strip()}{_remark(field)}" for field in others)


def _own(name: str, object: str) -> str:
    """Spell the name of a Contact's field as the object does."""
    if name == "Company":
        # The name belongs to the Account, which other Contacts share.
        return {"Lead": "Company", "Contact": "Account.Name"}.get(object, "")
    if object == "PersonAccount" and name in PERSONAL:
        return f"Person{name}"
    return name.removeprefix("Mailing") if object == "Lead" else name


def _taken(object: str) -> set[str]:
    return {_own(name, object) for names, _, _ in FIELDS for name in names}


def _tells(field: FieldSchema) -> bool:
    """Whether a field says something of a person: system fields can be neither set nor changed."""
    return field.createable or field.updateable or field.calculated


def _guess(field: FieldSchema) -> str:
    convert = next((name for name in PROPOSED if field.type in WRITES[name]), "text")
    return _line(field.name, f"properties.{_slug(field.name)}", "" if convert == "text" else f"convert: {convert}")


def _remark(field: FieldSchema) -> str:
    label = " ".join(field.label.split())
    values = f": {', '.join(field.picklist[:LISTED])}" if field.picklist else ""
    more = ", …" if len(field.picklist) > LISTED else ""
    return f"  # {label}, {field.type}{' '.join(values.split(chr(10)))}{more}"


def _line(salesforce: str, salesmanago: str, more: str = "") -> str:
    parts = [f"salesforce: {salesforce}" if salesforce else "", f"salesmanago: {salesmanago}", more]
    return f"  - {{{', '.join(filter(None, parts))}}}"


def _slugs(names: list[str]) -> dict[str, str]:
    """Spell field names as details, each differently: `rating` and `rating_2`."""
    slugs: dict[str, str] = {}
    taken = Counter({"note": 1})  # a line of fields has it
    for name in names:
        slug = _slug(name)
        taken[slug] += 1
        slugs[name] = slug if taken[slug] == 1 else f"{slug}_{taken[slug]}"
    return slugs


def _slug(name: str) -> str:
    """Spell a field name as SALESmanago details are: `Shoe_Size__c` becomes `shoe_size`."""
    bare = re.sub(r"__(c|pc)$", "", name).removeprefix("Person")
    if name in (bare, f"Person{bare}") and bare in NAMED:
        return NAMED[bare]
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", bare).lower()
    return re.sub(r"_+", "_", words).strip("_") or name.lower()
