"""Profiles: what a file says is merged into the profile; a retrieved one tells of what came with it alone."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote
from xml.sax.saxutils import escape

from twin.salesforce import ids
from twin.salesforce.metadata import permissions, xml
from twin.salesforce.metadata.components import Components, encoded
from twin.salesforce.metadata.layouts import owner_of
from twin.salesforce.metadata.package import Component
from twin.salesforce.metadata.problems import Problem, RefusedError

if TYPE_CHECKING:
    from twin.salesforce.org import Org

EMPTY = f'{xml.HEADER}<Profile xmlns="{xml.NAMESPACE}">\n    <custom>false</custom>\n</Profile>\n'.encode()


def apply(org: Org, component: Component) -> None:
    """Merge the file into a profile that is there.

    Raises:
        RefusedError: The profile, a layout or anything else that it names is not there.
    """
    source = component.source()
    known = Components(org).find("Profile", component.name)
    if known is None:
        # The service makes a new custom profile then; nothing here needs one.
        raise RefusedError(Problem(f"In field: profile - no Profile named {unquote(component.name)} found"))
    for problem in (*permissions.faults(org, source), *_faults(org, source)):
        raise RefusedError(problem)
    permissions.apply_grants(org, known.id, source.root)
    for one in xml.under(source.root, "layoutAssignments"):
        assign(org, known.name, xml.text_of(one, "layout"), xml.text_of(one, "recordType"))
    Components(org).put("Profile", known.name, EMPTY)


def assign(org: Org, profile: str, layout: str, record_type: str = "") -> None:
    """Let a profile show a layout, for one record type (`Account.Business_Account`) or where no other is named."""
    spelled = encoded(layout)
    org.db.execute(
        "INSERT OR REPLACE INTO sf_assignment VALUES (?, ?, ?, ?)", (profile, owner_of(spelled), record_type, spelled)
    )


def assigned(org: Org, profile: str, owner: str, record_type: str = "") -> str | None:
    """Return the layout that a profile shows for records of an object."""
    rows = org.db.execute(
        "SELECT record_type, layout FROM sf_assignment WHERE profile = ? AND owner = ?", (profile, owner)
    )
    known = {row["record_type"]: str(row["layout"]) for row in rows}
    return known.get(record_type, known.get(""))


def _faults(org: Org, source: xml.Source) -> Iterator[Problem]:
    for one in xml.under(source.root, "layoutAssignments"):
        layout, record_type = xml.text_of(one, "layout"), xml.text_of(one, "recordType")
        if Components(org).find("Layout", layout) is None:
            yield source.problem(f"In field: layout - no Layout named {layout} found", one)
        if record_type and record_type not in _record_types(org):
            yield source.problem(f"In field: recordType - no RecordType named {record_type} found", one)


def _record_types(org: Org) -> set[str]:
    named = {f"{row['SobjectType']}.{row['DeveloperName']}" for row in org.rows("RecordType")}
    return named | {
        f"PersonAccount.{row['DeveloperName']}" for row in org.rows("RecordType") if row["Id"] == ids.PERSON
    }


def retrieved(org: Org, profile: str, wanted: Collection[tuple[str, str]]) -> bytes:
    """Return the file of a profile: no more than what has to do with the other members of the manifest."""
    stored = Components(org).find("Profile", profile)
    if stored is None:
        raise LookupError(profile)
    names = {kind: {name.lower() for one, name in wanted if one == kind} for kind, _ in wanted}
    parts = ["    <custom>false</custom>\n"]
    parts += _grants(org, stored.id, "field", "fieldPermissions", names.get("CustomField", set()))
    parts += _layouts(org, stored.name, {encoded(one).lower() for one in names.get("Layout", set())})
    parts += _grants(org, stored.id, "page", "pageAccesses", names.get("ApexPage", set()))
    body = "".join(sorted(parts, key=lambda part: part.split(">")[0]))
    return f'{xml.HEADER}<Profile xmlns="{xml.NAMESPACE}">\n{body}</Profile>\n'.encode()


def _grants(org: Org, parent: str, kind: str, element: str, names: Collection[str]) -> list[str]:
    rows = org.db.execute(
        "SELECT name, readable, editable FROM sf_grant WHERE parent = ? AND kind = ? ORDER BY name", (parent, kind)
    )
    return [_grant(element, row) for row in rows if row["name"].lower() in names]


def _grant(element: str, row: Any) -> str:
    flags = {True: "true", False: "false"}
    readable, name = flags[bool(row["readable"])], escape(row["name"])
    if element == "fieldPermissions":
        lines = [f"<editable>{flags[bool(row['editable'])]}</editable>", f"<field>{name}</field>"]
        lines.append(f"<readable>{readable}</readable>")
    else:
        lines = [f"<apexPage>{name}</apexPage>", f"<enabled>{readable}</enabled>"]
    return _block(element, lines)


def _layouts(org: Org, profile: str, names: Collection[str]) -> list[str]:
    rows = org.db.execute(
        "SELECT layout, record_type FROM sf_assignment WHERE profile = ? ORDER BY owner, record_type", (profile,)
    )
    found = [row for row in rows if row["layout"].lower() in names]
    return [
        _block(
            "layoutAssignments",
            [f"<layout>{escape(row['layout'])}</layout>"]
            + [f"<recordType>{escape(one)}</recordType>" for one in [row["record_type"]] if one],
        )
        for row in found
    ]


def _block(element: str, lines: list[str]) -> str:
    body = "".join(f"        {line}\n" for line in lines)
    return f"    <{element}>\n{body}    </{element}>\n"
