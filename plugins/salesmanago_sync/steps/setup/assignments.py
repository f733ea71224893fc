"""Layout assignments: which profile sees which layout, shown before and after, and put back by undo."""

from __future__ import annotations

import base64
from collections.abc import Iterable
from typing import Any
from xml.etree import ElementTree as ET
from xml.sax.saxutils import escape

from salesmanago_sync.domain.mapping_files.model import SOBJECTS
from salesmanago_sync.domain.setup.card import SHOWN, page_of
from salesmanago_sync.domain.setup.comparison import path_of
from salesmanago_sync.domain.setup.layout import LayoutError, add_section
from salesmanago_sync.domain.setup.org_files import read_xml
from salesmanago_sync.domain.setup.package import Package
from salesmanago_sync.errors import ConfigurationError, Fault
from salesmanago_sync.ledger.layout_edits import LayoutEdit
from salesmanago_sync.steps.setup.layout_names import new_layout_of, object_of, profile_of, readable
from salesmanago_sync.steps.setup.ports import SetupPorts, SetupScope

# profile, record type (empty: none), layout
Assignment = tuple[str, str, str]


def new_layouts(ports: SetupPorts, found: SetupScope) -> list[dict[str, Any]]:
    """Make the layout `SALESmanago` of each object, as a copy of what the profiles see now, and assign it.

    Returns:
        Edits as `comparing.as_edit` writes them, with who is to see the layout.
    """
    if not ports.request.new_layout:
        return []
    before = _assignments(ports, found)
    edits = []
    for name in found.objects:
        mine = [one for one in before if object_of(one[2]) == name and _is_meant(ports, one)]
        edits += _new_layout(ports, found, name, mine)
    return edits


def _assignments(ports: SetupPorts, found: SetupScope) -> list[Assignment]:
    """Read who of the named profiles sees what."""
    asked = {profile_of(one)[0] for one in ports.request.profiles}
    names = [one.name for one in ports.salesforce.metadata.list("Profile") if readable(one.name) in asked]
    return _seen(ports, found, names)


def _seen(ports: SetupPorts, found: SetupScope, profiles: Iterable[str]) -> list[Assignment]:
    """Read what profiles see; a profile tells only of what is asked for beside it."""
    files = ports.salesforce.metadata.retrieve(
        {"Profile": tuple(sorted(profiles)), "Layout": tuple(found.known), "CustomObject": tuple(found.sobjects)}
    )
    told: list[Assignment] = []
    for path, content in sorted(files.items()):
        if path.startswith("profiles/"):
            profile = path.removeprefix("profiles/").removesuffix(".profile")
            told += [(profile, *one) for one in _of_profile(content)]
    return told


def _of_profile(content: bytes) -> list[tuple[str, str]]:
    root = read_xml(content, "a profile")
    parts = [part for part in root if part.tag.endswith("}layoutAssignments")]
    return [(_child(part, "recordType"), _child(part, "layout")) for part in parts]


def _child(element: ET.Element, name: str) -> str:
    return next(((part.text or "").strip() for part in element if part.tag.rpartition("}")[2] == name), "")


def _is_meant(ports: SetupPorts, one: Assignment) -> bool:
    """Whether this assignment is to change: a profile alone means all of its record types."""
    for profile, record_type in map(profile_of, ports.request.profiles):
        if profile == readable(one[0]) and record_type in ("", one[1]):
            return True
    return False


def _new_layout(ports: SetupPorts, found: SetupScope, name: str, mine: list[Assignment]) -> list[dict[str, Any]]:
    target = new_layout_of(name)
    moved = [one for one in mine if one[2] != target]
    for profile, record_type, layout in mine:
        kind = f" ({record_type})" if record_type else ""
        ports.tell(f"assigned  {readable(profile)}{kind}: {readable(layout)} → {readable(target)}")
    if target in found.known and not moved:
        return []
    source = target if target in found.known else _source(found, name, mine)
    content = ports.salesforce.metadata.retrieve({"Layout": (source,)}).get(path_of("Layout", source), b"<Layout/>")
    try:
        edit = add_section(content, SHOWN, page_of(SOBJECTS[name]))
    except LayoutError as error:
        raise ConfigurationError(
            [Fault(f"layout {readable(source)}", f"{error}.", "Check it in Salesforce.")]
        ) from None
    texts = {"original": content, "content": edit.edited}
    return [
        {
            "layout": target, "kind": "made", "assignments": [list(one) for one in moved],
            **{key: base64.b64encode(value).decode() for key, value in texts.items()},
            "assigned": [[profile, record_type, target] for profile, record_type, _ in moved],
        }
    ]  # fmt: skip


def _source(found: SetupScope, name: str, mine: list[Assignment]) -> str:
    """Choose what the new layout is a copy of: what the first of the profiles sees, else the first layout there is."""
    seen = sorted((record_type, layout) for _, record_type, layout in mine if layout in found.known)
    mine_known = [layout for layout in found.known if object_of(layout) == name]
    if not seen and not mine_known:
        fault = Fault(f"object {name}", "has no layout to make the new one from.", "Make one in Salesforce.")
        raise ConfigurationError([fault])
    return seen[0][1] if seen else mine_known[0]


def profile_files(assignments: Iterable[Assignment]) -> dict[str, bytes]:
    """Write profiles that say nothing but who sees which layout; Salesforce keeps the rest of a profile."""
    lines: dict[str, str] = {}
    for profile, record_type, layout in assignments:
        kind = f"        <recordType>{escape(record_type)}</recordType>\n" if record_type else ""
        lines[profile] = lines.get(profile, "") + (
            f"    <layoutAssignments>\n        <layout>{escape(layout)}</layout>\n{kind}    </layoutAssignments>\n"
        )
    return {
        path_of("Profile", profile): (
            '<?xml version="1.0" encoding="UTF-8"?>\n<Profile xmlns="http://soap.sforce.com/2006/04/metadata">\n'
            f"{body}</Profile>\n"
        ).encode()
        for profile, body in lines.items()
    }


def restored(ports: SetupPorts, found: SetupScope, made: Iterable[LayoutEdit]) -> Package:
    """Give profiles back what they saw, and delete the new layouts.

    Who was given another layout since keeps it.
    """
    edits = list(made)
    now = set(_seen(ports, found, {one[0] for edit in edits for one in edit.assignments}))
    back = []
    for edit in edits:
        for profile, record_type, layout in edit.assignments:
            still = (profile, record_type, edit.layout) in now
            kind = f" ({record_type})" if record_type else ""
            what = f"back to {readable(layout)}" if still else "somebody has assigned another layout since; left alone"
            ports.tell(f"assigned  {readable(profile)}{kind}: {what}")
            if still:
                back.append((profile, record_type, layout))
    profiles = tuple(sorted({profile for profile, _, _ in back}))
    members = {"Profile": profiles} if profiles else {}
    return Package(members, profile_files(back), {"Layout": tuple(edit.layout for edit in edits)})
