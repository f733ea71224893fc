"""Page layouts: a deployed one replaces the one of its name as a whole."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from twin.salesforce.metadata import xml
from twin.salesforce.metadata.components import Components
from twin.salesforce.metadata.package import Component
from twin.salesforce.metadata.problems import Problem, RefusedError
from twin.salesforce.schema import Field

if TYPE_CHECKING:
    from twin.salesforce.org import Org

PERSON_ACCOUNT = "PersonAccount"
LONGEST_NAME = 80
# Fields that every layout of the object has to show, and as required ones.
ALWAYS = {"Lead": ["Name", "Status"], "Contact": ["Name"], "Account": ["Name"], PERSON_ACCOUNT: ["Name"]}
CONTENTS = ("field", "page", "emptySpace", "customLink", "component", "canvas", "scontrol", "reportChartComponent")


def owner_of(layout: str) -> str:
    """Return the object of a layout: of `Lead-Lead Layout`, Lead."""
    return layout.partition("-")[0]


def table_of(owner: str) -> str:
    """Return the object that holds the records of a layout's object."""
    return "Account" if owner == PERSON_ACCOUNT else owner


def items(root: Any) -> Iterator[Any]:
    """Yield the items of all sections, in reading order."""
    for section in xml.under(root, "layoutSections"):
        for columns in xml.under(section, "layoutColumns"):
            yield from xml.under(columns, "layoutItems")


def apply(org: Org, component: Component) -> None:
    """Create or replace the layout.

    Raises:
        RefusedError: It names what is not there, or breaks a rule of layouts.
    """
    source = component.source()
    owner, _, name = unquote(component.name).partition("-")
    if table_of(owner) not in org.tables() or not name:
        raise RefusedError(Problem(f"Invalid layout name: {component.name}"))
    if len(name) > LONGEST_NAME:
        raise RefusedError(Problem(f"Value too long for field: Name maximum length is:{LONGEST_NAME}"))
    for problem in _faults(org, source, owner):
        raise RefusedError(problem)
    Components(org).put("Layout", component.name, xml.write(source.root))


def _faults(org: Org, source: xml.Source, owner: str) -> Iterator[Problem]:
    fields = {one.name.lower(): one for one in org.all_fields(table_of(owner)).values()}
    shown: dict[str, Any] = {}
    if not xml.under(source.root, "layoutSections"):
        yield Problem("Layout must have at least 1 section")
    for item in items(source.root):
        yield from _item_faults(org, source, item, owner, fields)
        field = xml.text_of(item, "field")
        if field.lower() in shown:
            yield source.problem(f"Field: field, value:{field} appears more than once", item)
        if field:
            shown[field.lower()] = item
    for name in ALWAYS.get(owner, []):
        if name.lower() not in shown:
            yield Problem(f"Layout must contain an item for required layout field: {name}")
        elif xml.text_of(shown[name.lower()], "behavior") != "Required":
            yield source.problem(f"Field:{name} must be Required", shown[name.lower()])


def _item_faults(org: Org, source: xml.Source, item: Any, owner: str, fields: dict[str, Field]) -> Iterator[Problem]:
    field, page = xml.text_of(item, "field"), xml.text_of(item, "page")
    contents = [one for one in CONTENTS if xml.under(item, one)]
    if len(contents) > 1:
        yield source.problem(f"Layout item must not have both {contents[0]} and {contents[1]}", item)
    if field and field.lower() not in fields:
        yield source.problem(f"In field: field - no CustomField named {table_of(owner)}.{field} found", item)
    if field and not xml.under(item, "behavior"):
        yield source.problem("Required field is missing: behavior", item)
    if page and Components(org).find("ApexPage", page) is None:
        yield source.problem(f"In field: page - no ApexPage named {page} found", item)
    elif page and not _fits(org, page, table_of(owner)):
        # The service offers such a page on no layout of another object; its own sentence is not known.
        yield source.problem(f"In field: page - {page} has no standard controller of {table_of(owner)}", item)


def _fits(org: Org, page: str, table: str) -> bool:
    stored = Components(org).find("ApexPage", page)
    return stored is not None and f'standardcontroller="{table.lower()}"' in stored.content.decode().lower()
