"""The record page: sections, fields and pages as the layout that the user's profile is assigned arranges them."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote

from lxml import etree  # type: ignore[import-untyped]

from twin.salesforce import ids
from twin.salesforce.metadata import xml
from twin.salesforce.metadata.components import Components
from twin.salesforce.metadata.layouts import PERSON_ACCOUNT
from twin.salesforce.metadata.profiles import assigned
from twin.salesforce.pages.records import Shown, record

if TYPE_CHECKING:
    from twin.salesforce.org import Org

HEIGHT = "200"
STYLE = (
    "body{font:14px sans-serif;margin:24px;background:#f3f3f3}section{background:#fff;border:1px solid #ddd;"
    "border-radius:4px;margin:0 0 16px;padding:12px}h2{font-size:15px;margin:0 0 8px}"
    ".columns{display:flex;gap:24px}.columns>div{flex:1}dt{color:#666;font-size:12px}dd{margin:0 0 8px}iframe{border:0}"
)


def draw(org: Org, user: str, sobject: str, identifier: str) -> str | None:
    """Return the HTML of a record's page, or None when there is no such record or layout."""
    shown = record(org, user, sobject, identifier)
    layout = None if shown is None else layout_of(org, user, shown)
    stored = Components(org).find("Layout", layout) if layout else None
    if shown is None or stored is None:
        return None
    root = etree.fromstring(stored.content)
    body = "".join(_section(one, shown) for one in xml.under(root, "layoutSections"))
    name = escape(str(shown.values.get("Name") or ""))
    head = f'<meta charset="utf-8"><title>{name}</title><style>{STYLE}</style>'
    title = f"<h1>{name}</h1><p>{escape(shown.sobject.label)} · {escape(unquote(stored.name))}</p>"
    return f"<!doctype html><html><head>{head}</head><body>{title}{body}</body></html>"


def layout_of(org: Org, user: str, shown: Shown) -> str | None:
    """Return the layout that the user's profile shows for a record."""
    holder = org.get("User", user) or {}
    profiles = {one.id: one.name for one in Components(org).all("Profile")}
    person = bool(shown.values.get("IsPersonAccount"))
    owner = PERSON_ACCOUNT if person else shown.sobject.name
    kind = org.get("RecordType", ids.PERSON if person else str(shown.values.get("RecordTypeId") or ""))
    name = f"{owner}.{kind['DeveloperName']}" if kind else ""
    return assigned(org, profiles.get(str(holder.get("ProfileId")), ""), owner, name)


def _section(node: Any, shown: Shown) -> str:
    if xml.text_of(node, "style") == "CustomLinks":
        return ""
    columns = [
        [_item(item, shown) for item in xml.under(one, "layoutItems")] for one in xml.under(node, "layoutColumns")
    ]
    if not any(text for one in columns for text in one):
        # A section of which the user sees nothing is not there for him.
        return ""
    label = escape(xml.text_of(node, "label"))
    heading = f"<h2>{label}</h2>" if xml.is_true(node, "detailHeading") else ""
    body = "".join(f"<div><dl>{''.join(one)}</dl></div>" for one in columns)
    return f'<section data-section="{label}">{heading}<div class="columns">{body}</div></section>'


def _item(node: Any, shown: Shown) -> str:
    page = xml.text_of(node, "page")
    if page:
        return _page(node, page, shown)
    known = shown.sees(xml.text_of(node, "field"))
    if known is None:
        return ""
    return f'<dt>{escape(known.label)}</dt><dd data-field="{known.name}">{shown.html(known.name)}</dd>'


def _page(node: Any, page: str, shown: Shown) -> str:
    address = f"/apex/{quote(page)}?id={shown.values['Id']}"
    width, height = xml.text_of(node, "width", "100%"), xml.text_of(node, "height", HEIGHT)
    scrolling = "yes" if xml.is_true(node, "showScrollbars") else "no"
    return (
        f'<dd><iframe name="{escape(page)}" src="{address}" width="{escape(width)}" height="{escape(height)}" '
        f'scrolling="{scrolling}"></iframe></dd>'
    )
