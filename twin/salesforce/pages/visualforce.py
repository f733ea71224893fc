"""Visualforce pages: checked when they are deployed, drawn when somebody opens them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any

from lxml import etree  # type: ignore[import-untyped]

from twin.salesforce.apex.classes import deployed, machine
from twin.salesforce.apex.syntax import ApexClass
from twin.salesforce.apex.values import Record, StandardController
from twin.salesforce.metadata.components import Components
from twin.salesforce.metadata.problems import Problem, RefusedError
from twin.salesforce.pages import expressions
from twin.salesforce.pages.records import Shown, record

if TYPE_CHECKING:
    from twin.salesforce.org import Org

APEX = "urn:apex"
# Components that the twin draws, with the attributes that it takes.
EVERYWHERE = {"id", "rendered"}
COMPONENTS: Mapping[str, set[str]] = {
    "page": {
        "standardcontroller", "extensions", "showheader", "sidebar", "lightningstylesheets", "title", "doctype",
        "applybodytag", "applyhtmltag", "standardstylesheets", "cache",
    },
    "iframe": {"src", "height", "width", "scrolling", "frameborder", "title"},
    "pageblock": {"title", "mode"},
    "pageblocksection": {"title", "columns", "collapsible", "showheader"},
    "pageblocksectionitem": {"helptext"},
    "outputpanel": {"layout", "styleclass", "style"},
    "outputfield": {"value", "label", "styleclass", "style"},
    "outputtext": {"value", "escape", "styleclass", "style"},
    "outputlabel": {"value", "for"},
    "outputlink": {"value", "target", "styleclass", "style"},
}  # fmt: skip


@dataclass(frozen=True)
class Page:
    """A parsed page.

    Attributes:
        name: Its name.
        root: Its markup.
        sobject: The object of its standard controller.
        extensions: Names of its controller extensions.
    """

    name: str
    root: Any
    sobject: str
    extensions: tuple[str, ...]

    def attributes(self) -> Iterator[tuple[Any, str]]:
        """Yield every element with each text in it that may hold expressions."""
        for node in self.root.iter(etree.Element):
            yield from ((node, str(text)) for text in node.attrib.values())
            yield from ((node, str(text)) for text in (node.text, node.tail) if text)

    def fields(self) -> set[str]:
        """Return the fields of the record that its expressions name."""
        used = (name for _, text in self.attributes() for name in expressions.names(text))
        return {name.partition(".")[2] for name in used if name.lower().startswith(f"{self.sobject.lower()}.")}


def parse(name: str, markup: str) -> Page:
    """Parse the markup of a page.

    Raises:
        RefusedError: It is not well formed, or no page.
    """
    # Pages declare no namespace: apex: is known to the service.
    spaced, count = re.subn(r"<apex:page\b", f'<apex:page xmlns:apex="{APEX}"', markup, count=1)
    try:
        root = etree.fromstring(spaced.encode(), etree.XMLParser(resolve_entities=False, no_network=True))
    except etree.XMLSyntaxError as error:
        raise RefusedError(
            Problem(f"Error in {name} at line {error.position[0]}: {error.msg}", *error.position)
        ) from error
    if not count or kind(root) != "page":
        raise RefusedError(Problem("The root of a page is <apex:page>", 1, 1))
    named = {key.lower(): str(value) for key, value in root.attrib.items()}
    extensions = tuple(one.strip() for one in named.get("extensions", "").split(",") if one.strip())
    return Page(name, root, named.get("standardcontroller", ""), extensions)


def kind(node: Any) -> str | None:
    """Return the name of an apex component in lower case; None for plain HTML."""
    known = etree.QName(node)
    return str(known.localname).lower() if known.namespace == APEX else None


def check(org: Org, name: str, markup: str) -> None:
    """Compile a page.

    Raises:
        RefusedError: It names a component, attribute, class, field or property that is not there.
    """
    page = parse(name, markup)
    for text, node in _faults(org, page):
        raise RefusedError(Problem(text, node.sourceline, 1))


def _faults(org: Org, page: Page) -> Iterator[tuple[str, Any]]:
    if page.sobject not in org.tables():
        yield f"Invalid standard controller '{page.sobject}' specified", page.root
        return
    units = deployed(org)
    for one in page.extensions:
        if one.lower() not in units:
            yield f"Apex class '{one}' does not exist", page.root
            return
        if not any(_extends(method.parameters) for method in units[one.lower()].constructors):
            yield f"Unknown constructor '{one}.{one}(ApexPages.StandardController controller)'", page.root
    for node in page.root.iter(etree.Element):
        yield from _component_faults(page, node)
    for node, text in page.attributes():
        yield from ((fault, node) for fault in _name_faults(org, page, text, units))


def _extends(parameters: Any) -> bool:
    return len(parameters) == 1 and parameters[0].type.lower() == "apexpages.standardcontroller"


def _component_faults(page: Page, node: Any) -> Iterator[tuple[str, Any]]:
    name = kind(node)
    if name is None:
        return
    if name not in COMPONENTS:
        yield f"Unknown component apex:{etree.QName(node).localname}", node
        return
    for attribute in node.attrib:
        if attribute.lower() not in COMPONENTS[name] | EVERYWHERE:
            tag = f"<apex:{etree.QName(node).localname}>"
            yield f"Unsupported attribute {attribute} in {tag} in {page.name} at line {node.sourceline}", node


def _name_faults(org: Org, page: Page, text: str, units: Mapping[str, ApexClass]) -> Iterator[str]:
    fields = {name.lower() for name in org.all_fields(page.sobject)}
    try:
        used = list(expressions.names(text))
    except expressions.ExpressionError as error:
        yield str(error)
        return
    for name in used:
        owner, dot, rest = name.partition(".")
        if dot and owner.lower() == page.sobject.lower():
            if rest.lower() not in fields:
                yield f"Invalid field {rest} for SObject {page.sobject}"
        elif dot or not any(_has(units[one.lower()], name) for one in page.extensions):
            yield f"Unknown property '{page.sobject}StandardController.{name}'"


def _has(unit: ApexClass, name: str) -> bool:
    getters = unit.methods.get(f"get{name.lower()}", [])
    return bool(getters) or name.lower() in unit.getters or name.lower() in unit.fields


def draw(org: Org, user: str, name: str, identifier: str) -> str | None:
    """Return the HTML of a page for one record, or None when there is no such page or record.

    Raises:
        ApexError: The controller failed.
    """
    stored = Components(org).find("ApexPage", name)
    if stored is None:
        return None
    page = parse(stored.name, stored.content.decode())
    shown = record(org, user, page.sobject, identifier)
    if shown is None:
        return None
    known = _names(org, user, page, shown)
    body = _children(page.root, shown, known)
    head = f'<meta charset="utf-8"><title>{escape(name)}</title>'
    return f"<!doctype html><html><head>{head}</head><body>{body}</body></html>"


def _names(org: Org, user: str, page: Page, shown: Shown) -> expressions.Names:
    """Return what gives the values of names: fields of the record, then properties of the extensions."""
    running = machine(org, user)
    controller = StandardController(_loaded(org, page, shown))
    extensions = [running.create(one, [controller]) for one in page.extensions]

    def value(name: str) -> Any:
        owner, dot, rest = name.partition(".")
        if dot and owner.lower() == page.sobject.lower():
            return controller.record.get(rest)
        found = next(one for one in extensions if _has(one.of, name))
        return running.read(found, name)

    return value


def _loaded(org: Org, page: Page, shown: Shown) -> Record:
    """Return the record as the standard controller reads it: its id and the fields that the page names."""
    fields = {name.lower(): one for name, one in org.all_fields(page.sobject).items()}
    read = {"id", *(one.lower() for one in page.fields())}
    visible = {name: shown.values[fields[name].name] for name in read if shown.sees(name) and fields[name].stored}
    return Record(page.sobject, fields, visible, frozenset(read))


def _children(node: Any, shown: Shown, known: expressions.Names) -> str:
    text = escape(expressions.spelled(expressions.filled(node.text, known))) if node.text else ""
    for one in node:
        if isinstance(one.tag, str):
            text += _drawn(one, shown, known)
        if one.tail:
            text += escape(expressions.spelled(expressions.filled(one.tail, known)))
    return text


def _drawn(node: Any, shown: Shown, known: expressions.Names) -> str:
    given = {key.lower(): str(value) for key, value in node.attrib.items()}
    rendered = expressions.filled(given.pop("rendered", "true"), known)
    if rendered in {False, None, "false"}:
        return ""
    name = kind(node)
    if name == "outputfield":
        return _field(given["value"], shown)
    values = {key: expressions.spelled(expressions.filled(value, known)) for key, value in given.items()}
    if name is None:
        return _tag(str(etree.QName(node).localname), values, _children(node, shown, known))
    return DRAWN[name](values, _children(node, shown, known))


def _field(value: str, shown: Shown) -> str:
    """Return a field with its label; nothing at all when the user may not see it."""
    name = next(expressions.names(value)).partition(".")[2]
    known = shown.sees(name)
    if known is None:
        return ""
    return f'<tr data-field="{known.name}"><th>{escape(known.label)}</th><td>{shown.html(known.name)}</td></tr>'


def _tag(name: str, values: Mapping[str, str], body: str) -> str:
    written = "".join(f' {key}="{escape(value)}"' for key, value in values.items())
    return f"<{name}{written}>{body}</{name}>"


def _iframe(values: Mapping[str, str], body: str) -> str:
    return _tag(
        "iframe", {"src": values.get("src", ""), **{key: one for key, one in values.items() if key != "src"}}, ""
    )


def _text(values: Mapping[str, str], body: str) -> str:
    value = values.get("value", "")
    return f"<span>{value if values.get('escape') == 'false' else escape(value)}{body}</span>"


DRAWN: Mapping[str, Callable[[Mapping[str, str], str], str]] = {
    "iframe": _iframe,
    "pageblock": lambda values, body: f"<section>{body}</section>",
    "pageblocksection": lambda values, body: f"<table>{body}</table>",
    "pageblocksectionitem": lambda values, body: f"<tr><td>{body}</td></tr>",
    "outputpanel": lambda values, body: f"<div>{body}</div>",
    "outputtext": _text,
    "outputlabel": lambda values, body: f"<label>{escape(values.get('value', ''))}</label>",
    "outputlink": lambda values, body: _tag("a", {"href": values.get("value", "")}, body),
}
