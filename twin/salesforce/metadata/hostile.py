"""Layouts that customers really have and that an editor of layouts trips over, planted on demand."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from twin.salesforce.metadata import profiles
from twin.salesforce.metadata.components import Components, encoded
from twin.salesforce.metadata.seeds import FOLDER

if TYPE_CHECKING:
    from twin.salesforce.org import Org

NAMESPACE = "vendor"
MANY = 150
LATER = "futurePanel"
FIRST_SECTION = "    <layoutSections>"
AFTER_SECTIONS = "    <platformActionList>"


def plant(org: Org, kind: str, owner: str) -> str:
    """Put a hostile layout of an object into the org and return its full name.

    Args:
        org: The org.
        kind: One of `KINDS`.
        owner: Lead, Contact, Account or PersonAccount.
    """
    [seed] = FOLDER.glob(f"{owner}-*.layout")
    name = encoded(f"{owner}-{NAMES[kind]}")
    content = KINDS[kind](org, "Account" if owner == "PersonAccount" else owner, seed.read_text(encoding="utf-8"))
    namespace = NAMESPACE if kind == "managed" else None
    Components(org).put("Layout", name, content.encode(), namespace=namespace)
    profiles.assign(org, "Standard", name)
    return name


def _section(label: str, items: str) -> str:
    return (
        f"{FIRST_SECTION}\n        <customLabel>true</customLabel>\n        <detailHeading>true</detailHeading>\n"
        f"        <editHeading>true</editHeading>\n        <label>{label}</label>\n        <layoutColumns>\n{items}"
        "        </layoutColumns>\n        <layoutColumns/>\n        <style>TwoColumnsTopToBottom</style>\n"
        "    </layoutSections>\n"
    )


def _item(name: str) -> str:
    behavior = f"                <behavior>Edit</behavior>\n                <field>{name}</field>\n"
    return f"            <layoutItems>\n{behavior}            </layoutItems>\n"


SPACE = "            <layoutItems>\n                <emptySpace>true</emptySpace>\n            </layoutItems>\n"


def _field(org: Org, table: str, name: str) -> str:
    if name not in org.all_fields(table):
        org.add_field(table, {"name": name, "type": "string", "length": 40})
    return _item(name)


def _many(org: Org, table: str, content: str) -> str:
    items = "".join(_field(org, table, f"Old_{number:03d}__c") + SPACE for number in range(MANY))
    return content.replace(AFTER_SECTIONS, _section("Everything", items) + AFTER_SECTIONS)


def _unknown(org: Org, table: str, content: str) -> str:
    """Use an element of a later release, which this org knows."""
    known = org.settings.get("known_elements") or []
    org.settings["known_elements"] = sorted({*known, LATER})
    panel = f"    <{LATER}>\n        <content>a &amp; b</content>\n    </{LATER}>\n"
    return content.replace("    <excludeButtons>", panel + "    <excludeButtons>", 1)


def _namespaced(org: Org, table: str, content: str) -> str:
    items = "".join(_field(org, table, f"{NAMESPACE}__{name}__c") for name in ("Rank", "Region"))
    return content.replace(AFTER_SECTIONS, _section("Vendor &quot;Plus&quot;", items) + AFTER_SECTIONS)


def _same(org: Org, table: str, content: str) -> str:
    return content


def _cased(org: Org, table: str, content: str) -> str:
    items = _field(org, table, "Salesmanago_Note__c")
    return content.replace(FIRST_SECTION, _section("SalesManago", items) + FIRST_SECTION, 1)


KINDS: Mapping[str, Callable[[Org, str, str], str]] = {
    "many": _many,
    "unknown": _unknown,
    "namespaced": _namespaced,
    "special": _same,
    "cased": _cased,
    "managed": _namespaced,
}
NAMES = {
    "many": "Everything Layout",
    "unknown": "Later Layout",
    "namespaced": "Vendor Fields Layout",
    "special": "Sales & Service (50% / EU) 'Zażółć'",
    "cased": "Section Layout",
    "managed": f"{NAMESPACE}__Vendor Layout",
}
