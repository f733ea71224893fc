"""Deleting components: refused while others use them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING
from urllib.parse import unquote

from lxml import etree  # type: ignore[import-untyped]

from twin.salesforce.metadata import layouts, xml
from twin.salesforce.metadata.components import Components, encoded
from twin.salesforce.metadata.problems import Problem, RefusedError

if TYPE_CHECKING:
    from twin.salesforce.org import Org

LABELS = {"ApexPage": "Visualforce page", "ApexClass": "apex class", "CustomField": "custom field"}


def remove(org: Org, kind: str, name: str) -> None:
    """Delete a component; one that is not there is no fault.

    Raises:
        RefusedError: Another component uses it.
    """
    used_by = list(_users(org, kind, name))
    if used_by:
        label = LABELS.get(kind, kind)
        text = f"This {label} is referenced elsewhere in salesforce.com. Remove the usage and try again. : "
        raise RefusedError(Problem(text + ", ".join(used_by)))
    stored = Components(org).find(kind, name)
    if stored is not None:
        AFTERMATH.get(kind, _nothing)(org, stored.name)
        Components(org).remove(kind, stored.name)
        org.db.execute("DELETE FROM sf_grant WHERE name = ? OR parent = ?", (stored.name, stored.id))


def _users(org: Org, kind: str, name: str) -> Iterator[str]:
    if kind == "ApexPage":
        for layout in Components(org).all("Layout"):
            pages = {xml.text_of(item, "page").lower() for item in layouts.items(etree.fromstring(layout.content))}
            if name.lower() in pages:
                yield f"Layout - {unquote(layout.name)}"
    if kind == "Layout":
        rows = org.db.execute("SELECT DISTINCT profile FROM sf_assignment WHERE layout = ?", (encoded(name),))
        yield from (f"Profile - {row['profile']}" for row in rows)
    if kind in {"ApexClass", "CustomField"}:
        yield from _naming(org, "ApexPage", "Visualforce page", kind, name)
        yield from _naming(org, "ApexClass", "Apex Class", kind, name)


def _naming(org: Org, kind: str, label: str, of: str, name: str) -> Iterator[str]:
    plain = name.rpartition(".")[2].lower()
    for one in Components(org).all(kind):
        if (kind, one.name) != (of, name) and plain in one.content.decode().lower():
            yield f"{label} - {one.name}"


def _drop_field(org: Org, name: str) -> None:
    owner, _, field = name.partition(".")
    for layout in Components(org).all("Layout"):
        root = etree.fromstring(layout.content)
        doomed = [one for one in layouts.items(root) if xml.text_of(one, "field") == field]
        if doomed and layouts.table_of(layouts.owner_of(layout.name)) == owner:
            for one in doomed:
                one.getparent().remove(one)
            Components(org).put("Layout", layout.name, xml.write(root))
    org.drop_field(owner, field)


def _drop_permission_set(org: Org, name: str) -> None:
    stored = Components(org).find("PermissionSet", name)
    identifier = stored.id if stored else ""
    org.db.execute('DELETE FROM "sf_PermissionSetAssignment" WHERE PermissionSetId = ?', (identifier,))
    org.db.execute('DELETE FROM "sf_PermissionSet" WHERE Id = ?', (identifier,))


def _drop_setting(org: Org, name: str) -> None:
    for field in list(Components(org).all("CustomField")):
        if field.name.startswith(f"{name}."):
            Components(org).remove("CustomField", field.name)
    org.drop_setting(name)


def _nothing(org: Org, name: str) -> None:
    pass


AFTERMATH: Mapping[str, Callable[[Org, str], None]] = {
    "CustomField": _drop_field,
    "CustomObject": _drop_setting,
    "PermissionSet": _drop_permission_set,
}
