"""Custom fields: from their metadata to a column and an entry of describe."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from twin.salesforce.metadata import xml
from twin.salesforce.metadata.components import Components
from twin.salesforce.metadata.package import Component
from twin.salesforce.metadata.problems import RefusedError

if TYPE_CHECKING:
    from twin.salesforce.org import Org
    from twin.salesforce.schema import Field

# Metadata type -> type of describe.
TYPES = {
    "Text": "string",
    "TextArea": "textarea",
    "LongTextArea": "textarea",
    "Html": "textarea",
    "Checkbox": "boolean",
    "Number": "double",
    "Currency": "currency",
    "Percent": "percent",
    "Date": "date",
    "DateTime": "datetime",
    "Email": "email",
    "Phone": "phone",
    "Url": "url",
    "Picklist": "picklist",
    "MultiselectPicklist": "multipicklist",
}
# What a type cannot do without; a formula needs none of it.
NEEDS = {
    "Text": ["length"],
    "LongTextArea": ["length", "visibleLines"],
    "Html": ["length", "visibleLines"],
    "Checkbox": ["defaultValue"],
    "Number": ["precision", "scale"],
    "Currency": ["precision", "scale"],
    "Percent": ["precision", "scale"],
    "Picklist": ["valueSet"],
    "MultiselectPicklist": ["valueSet", "visibleLines"],
}
MAY_BE_EXTERNAL_ID = frozenset({"Text", "Number", "Email"})
LONGEST_TEXT = 255
LONGEST_NAME = 40
SUFFIXES = "__c or __kav or __x or __b or __e or __p or __mdt or __dll or __dlm"
NAME = re.compile(r"(?:[A-Za-z]\w*?__)?[A-Za-z](?:\w*[A-Za-z0-9])?__c")
NAME_RULE = (
    "The Field Name can only contain underscores and alphanumeric characters. It must be unique, begin with a letter, "
    "not include spaces, not end with an underscore, and not contain two consecutive underscores."
)
# Custom fields on one object, by edition; external ids in every edition.
MOST_FIELDS = {"Professional Edition": 100, "Enterprise Edition": 500, "Developer Edition": 500}
MOST_FIELDS_ELSEWHERE = 800
MOST_EXTERNAL_IDS = 25


def apply(org: Org, component: Component) -> None:
    """Create or change the field.

    Raises:
        RefusedError: The definition breaks a rule.
    """
    source = component.source()
    owner, _, name = component.name.partition(".")
    sobject = org.tables().get(owner)
    node = component.node
    if sobject is None:
        raise RefusedError(
            source.problem(f"Entity Enumeration Or ID: bad value for restricted picklist field: {owner}", node)
        )
    known = org.all_fields(owner).get(name)
    for text in _faults(org, owner, name, node, known):
        raise RefusedError(source.problem(text, node))
    definition = _definition(node, component.name)
    if sobject.setting is not None:
        # The fields of a custom setting know no field-level security.
        definition["grant"] = None
    if known is None:
        org.add_field(owner, definition)
    else:
        org.change_field(owner, definition)
    Components(org).put("CustomField", component.name, xml.fragment(node, "fields").encode())


def _faults(org: Org, owner: str, name: str, node: Any, known: Field | None) -> Iterator[str]:
    if not name.endswith("__c"):
        yield f"fullName must end with: {SUFFIXES}"
    if not NAME.fullmatch(name):
        yield NAME_RULE
    for what, text in (("DeveloperName", _plain(name)), ("MasterLabel", xml.text_of(node, "label"))):
        if len(text) > LONGEST_NAME:
            yield f"Value too long for field: {what} maximum length is:{LONGEST_NAME}"
    if not xml.text_of(node, "label"):
        yield "Must specify a non-empty label for the CustomField"
    yield from _type_faults(node)
    yield from _limit_faults(org, owner, node, known)
    if known is not None and _in_use(org, owner, known, TYPES[xml.text_of(node, "type")]):
        yield "Cannot change type due to existing data"


def _plain(name: str) -> str:
    return name.removesuffix("__c").rpartition("__")[2]


def _type_faults(node: Any) -> Iterator[str]:
    kind = xml.text_of(node, "type")
    if not kind:
        yield "Must specify 'type' for a CustomField"
    elif kind not in TYPES:
        yield f"Invalid type: {kind}"
    missing = [] if xml.under(node, "formula") else [one for one in NEEDS.get(kind, []) if not xml.under(node, one)]
    for one in missing:
        yield f"Must specify '{one}' for a CustomField of type {kind}"
    if kind == "Text" and int(xml.text_of(node, "length", "0")) > LONGEST_TEXT:
        yield f"Can not specify a length greater than {LONGEST_TEXT} for a CustomField of type Text"
    if xml.is_true(node, "externalId") and kind not in MAY_BE_EXTERNAL_ID:
        yield f"Can not specify 'externalId' for a CustomField of type {kind}"
    if xml.is_true(node, "unique") and kind not in MAY_BE_EXTERNAL_ID:
        yield f"Can not specify 'unique' for a CustomField of type {kind}"


def _limit_faults(org: Org, owner: str, node: Any, known: Field | None) -> Iterator[str]:
    custom = [one for one in org.all_fields(owner).values() if one.custom and not one.person]
    set_limit = org.settings.get("custom_field_limit")
    most = MOST_FIELDS.get(org.edition, MOST_FIELDS_ELSEWHERE) if set_limit is None else set_limit
    if known is None and len(custom) >= most:
        # The sentence of the real service is not known.
        yield f"The maximum number of custom fields for this object, {most}, has been reached"
    indexed = [one for one in custom if one.external_id and one is not known]
    if xml.is_true(node, "externalId") and len(indexed) >= MOST_EXTERNAL_IDS:
        yield f"The maximum number of external ID fields for this object, {MOST_EXTERNAL_IDS}, has been reached"


def _in_use(org: Org, owner: str, known: Field, kind: str) -> bool:
    """Tell whether a field has another type and holds values that would be lost."""
    if known.type == kind:
        return False
    held = f'SELECT 1 FROM "sf_{owner}" WHERE "{known.name}" IS NOT NULL LIMIT 1'  # noqa: S608 - names of the schema
    return known.type == "boolean" or org.db.execute(held).fetchone() is not None


def _definition(node: Any, full_name: str) -> dict[str, Any]:
    """Return the field in describe's spelling."""
    kind = xml.text_of(node, "type")
    values = [xml.text_of(one, "fullName") for one in node.iter(f"{{{xml.NAMESPACE}}}value")]
    made: dict[str, Any] = {
        "name": full_name.partition(".")[2],
        "label": xml.text_of(node, "label"),
        "type": TYPES[kind],
        "required": xml.is_true(node, "required"),
        "externalId": xml.is_true(node, "externalId"),
        "unique": xml.is_true(node, "unique"),
        "caseSensitive": xml.is_true(node, "caseSensitive"),
        "calculated": bool(xml.under(node, "formula")),
        "restrictedPicklist": any(xml.is_true(one, "restricted") for one in xml.under(node, "valueSet")),
        "inlineHelpText": xml.text_of(node, "inlineHelpText") or None,
        # Fields that come by the API are seen by those alone who are granted them; required ones by everybody.
        "grant": None if xml.is_true(node, "required") else full_name,
    }
    made |= {one: int(xml.text_of(node, one)) for one in ("length", "precision", "scale") if xml.under(node, one)}
    if kind == "Checkbox":
        made["defaultValue"] = xml.is_true(node, "defaultValue")
    if values:
        made["picklistValues"] = values
    return made
