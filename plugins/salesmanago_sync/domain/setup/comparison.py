"""What a deployment would change: our files against what the org holds."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from typing import Literal
from xml.etree import ElementTree as ET

from salesmanago_sync.domain.setup.org_files import read_xml
from salesmanago_sync.domain.setup.package import Package

State = Literal["new", "changed", "unchanged"]
# The element that names a part of a file which holds many, as the fields of an object.
NAMES = ("fullName", "field", "apexPage", "apexClass")
# Where the org keeps one component in a file of its own: metadata type → folder and suffix.
FOLDERS = {
    "ApexClass": ("classes", "cls"),
    "ApexPage": ("pages", "page"),
    "CspTrustedSite": ("cspTrustedSites", "cspTrustedSite"),
    "CustomObject": ("objects", "object"),
    "PermissionSet": ("permissionsets", "permissionset"),
    "Layout": ("layouts", "layout"),
    "Profile": ("profiles", "profile"),
}


def path_of(kind: str, name: str) -> str:
    """Give the path of a component in a package."""
    folder, suffix = FOLDERS[kind]
    return f"{folder}/{name}.{suffix}"


def states(package: Package, present: Mapping[str, bytes]) -> dict[tuple[str, str], State]:
    """Compare a package with the org, component by component.

    Args:
        package: What would be deployed.
        present: What the org gave for the same names: contents by path.

    Returns:
        The state of each component, by metadata type and name.
    """
    found: dict[tuple[str, str], State] = {}
    for kind, names in package.members.items():
        for name in names:
            found[kind, name] = _state(kind, name, package.files, present)
    return found


def _state(kind: str, name: str, ours: Mapping[str, bytes], theirs: Mapping[str, bytes]) -> State:
    if kind == "CustomField":
        sobject, _, field = name.partition(".")
        path = path_of("CustomObject", sobject)
        mine, other = _part(ours.get(path), field), _part(theirs.get(path), field)
    else:
        path = path_of(kind, name)
        if kind in {"ApexClass", "ApexPage"}:
            return _text_state(ours[path], theirs.get(path))
        mine, other = _root(ours.get(path)), _root(theirs.get(path))
    if other is None or mine is None:
        return "new"
    return "unchanged" if contains(mine, other) else "changed"


def _text_state(ours: bytes, theirs: bytes | None) -> State:
    if theirs is None:
        return "new"
    # Salesforce ends lines its own way.
    return "unchanged" if ours.split() == theirs.split() else "changed"


def _root(content: bytes | None) -> ET.Element | None:
    return None if content is None else read_xml(content, "a file of the package")


def _part(content: bytes | None, field: str) -> ET.Element | None:
    root = _root(content)
    parts = [] if root is None else [part for part in root if _local(part) == "fields"]
    return next((part for part in parts if _name(part).casefold() == field.casefold()), None)


def contains(ours: ET.Element, theirs: ET.Element) -> bool:
    """Tell whether everything we say is said there too; the org adds defaults of its own."""
    if len(ours) == 0:
        return (ours.text or "").strip() == (theirs.text or "").strip()
    return all(any(contains(child, other) for other in _rivals(child, theirs)) for child in ours)


def _rivals(child: ET.Element, parent: ET.Element) -> Iterator[ET.Element]:
    for other in parent:
        if _local(other) == _local(child) and _name(other) == _name(child):
            yield other


def _local(element: ET.Element) -> str:
    return element.tag.rpartition("}")[2]


def _name(element: ET.Element) -> str:
    return next(((part.text or "").strip() for part in element if _local(part) in NAMES), "")


def difference(before: bytes, after: bytes, name: str) -> str:
    """Show two contents as a unified diff.

    Args:
        before: The content as it is.
        after: The content as it would be.
        name: What it is called.
    """
    now, then = (content.decode("utf-8", "replace").splitlines() for content in (before, after))
    return "\n".join(difflib.unified_diff(now, then, f"{name} (now)", f"{name} (then)", lineterm=""))
