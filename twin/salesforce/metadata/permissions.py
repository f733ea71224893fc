"""Permission sets: a deployed one replaces the one of its name as a whole."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from twin.salesforce import access, schema
from twin.salesforce.metadata import xml
from twin.salesforce.metadata.components import Components
from twin.salesforce.metadata.package import Component
from twin.salesforce.metadata.problems import Problem, RefusedError

if TYPE_CHECKING:
    from twin.salesforce.org import Org

LONGEST_LABEL = 80
# What each object permission is no use without.
DEPENDS = {
    "allowCreate": ("Create", "Read", "allowRead"),
    "allowEdit": ("Edit", "Read", "allowRead"),
    "allowDelete": ("Delete", "Edit", "allowEdit"),
}


def apply(org: Org, component: Component) -> None:
    """Create or replace the permission set.

    Raises:
        RefusedError: It names what is not there, or grants what cannot be granted.
    """
    source = component.source()
    for problem in faults(org, source):
        raise RefusedError(problem)
    label = xml.text_of(source.root, "label")
    if len(label) > LONGEST_LABEL:
        raise RefusedError(Problem(f"Value too long for field: Label maximum length is:{LONGEST_LABEL}"))
    identifier = Components(org).put("PermissionSet", component.name, xml.write(source.root))
    record = {"Name": component.name, "Label": label, "Description": xml.text_of(source.root, "description")}
    if org.row("PermissionSet", identifier) is None:
        org.insert("PermissionSet", {"Id": identifier, **record})
    else:
        org.edit("PermissionSet", identifier, record)
    org.db.execute("DELETE FROM sf_grant WHERE parent = ?", (identifier,))
    apply_grants(org, identifier, source.root)


def apply_grants(org: Org, parent: str, root: Any) -> None:
    """Let a permission set or profile grant what its file says."""
    for one in xml.under(root, "fieldPermissions"):
        readable, editable = xml.is_true(one, "readable"), xml.is_true(one, "editable")
        access.grant(org, parent, "field", xml.text_of(one, "field"), readable=readable, editable=editable)
    for one in xml.under(root, "pageAccesses"):
        access.grant(org, parent, "page", xml.text_of(one, "apexPage"), readable=xml.is_true(one, "enabled"))
    for one in xml.under(root, "classAccesses"):
        access.grant(org, parent, "class", xml.text_of(one, "apexClass"), readable=xml.is_true(one, "enabled"))


def faults(org: Org, source: xml.Source) -> Iterator[Problem]:
    """Yield what is wrong with the grants of a permission set or profile."""
    for one in xml.under(source.root, "fieldPermissions"):
        yield from _field_faults(org, source, one)
    for name, element, kind in (("pageAccesses", "apexPage", "ApexPage"), ("classAccesses", "apexClass", "ApexClass")):
        for one in xml.under(source.root, name):
            wanted = xml.text_of(one, element)
            if Components(org).find(kind, wanted) is None:
                yield source.problem(f"In field: {element} - no {kind} named {wanted} found", one)
    for one in xml.under(source.root, "objectPermissions"):
        yield from _object_faults(org, source, one)


def _field_faults(org: Org, source: xml.Source, one: Any) -> Iterator[Problem]:
    full = xml.text_of(one, "field")
    owner, _, name = full.partition(".")
    field = org.all_fields(owner).get(name) if owner in org.tables() else None
    if field is None:
        yield source.problem(f"In field: field - no CustomField named {full} found", one)
    elif field.required or not (field.custom or _permissionable(field)):
        yield source.problem(f"You cannot deploy to a required field: {full}", one)
    elif xml.is_true(one, "editable") and not xml.is_true(one, "readable"):
        yield source.problem(f"Permission Edit {full} depends on permission(s): Read {full}", one)
    elif xml.is_true(one, "editable") and field.calculated:
        yield source.problem(f"Field {full} is not editable", one)


def _permissionable(field: schema.Field) -> bool:
    return field.writable and field.type != "id"


def _object_faults(org: Org, source: xml.Source, one: Any) -> Iterator[Problem]:
    name = xml.text_of(one, "object")
    if name not in org.tables():
        yield source.problem(f"In field: object - no CustomObject named {name} found", one)
    for wanted, (verb, needed, element) in DEPENDS.items():
        if xml.is_true(one, wanted) and not xml.is_true(one, element):
            yield source.problem(f"Permission {verb} {name} depends on permission(s): {needed} {name}", one)
