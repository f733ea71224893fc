"""Compare: what a deployment would change, shown before anything is deployed."""

from __future__ import annotations

import base64
from collections import Counter
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote
from xml.etree import ElementTree as ET

from salesmanago_sync.domain.mapping_files.model import SOBJECTS
from salesmanago_sync.domain.setup.card import SHOWN, page_of
from salesmanago_sync.domain.setup.comparison import difference, path_of, states
from salesmanago_sync.domain.setup.layout import LayoutError, add_section
from salesmanago_sync.domain.setup.package import NOTHING, Package, card_package
from salesmanago_sync.errors import ConfigurationError, Fault
from salesmanago_sync.ledger.layout_edits import LayoutEdit, checksum
from salesmanago_sync.steps.setup.assignments import new_layouts, profile_files, restored
from salesmanago_sync.steps.setup.layout_names import object_of, readable
from salesmanago_sync.steps.setup.ports import SetupPlan, SetupPorts, SetupScope, keep_plan, scope


def compare(ports: SetupPorts) -> dict[str, int]:
    """Decide what to deploy, and show it.

    Returns:
        How many components are new, changed, unchanged; and how many layouts would change.
    """
    found = scope(ports)
    decided, counts = _undoing(ports, found) if ports.request.undo else _doing(ports, found)
    keep_plan(ports, decided)
    if decided.package.is_empty:
        ports.tell(
            "Nothing to deploy: Salesforce holds all of it already." if not ports.request.undo else "Nothing to undo."
        )
    return counts


def _doing(ports: SetupPorts, found: SetupScope) -> tuple[SetupPlan, dict[str, int]]:
    card = card_package(found.sobjects, ports.card_settings().endpoint)
    present = retrieve(ports, {**card.members, "Layout": tuple(found.layouts)})
    known = states(card, present)
    for (kind, name), state in sorted(known.items()):
        ports.tell(f"{state:9} {kind} {name}")
    edits = _edited(ports, found, present) + new_layouts(ports, found)
    for edit in edits:
        _show(ports, edit)
    layouts = layout_package(edits)
    package = card if set(known.values()) - {"unchanged"} else NOTHING
    counts = Counter(known.values())
    return SetupPlan(package.joined(layouts), edits, []), {
        "new": counts["new"],
        "changed": counts["changed"],
        "unchanged": counts["unchanged"],
        "layouts": len(edits),
    }


def retrieve(ports: SetupPorts, members: Mapping[str, tuple[str, ...]]) -> dict[str, bytes]:
    """Read components; paths are spelled as people read them."""
    found = ports.salesforce.metadata.retrieve(members)
    return {unquote(path): content for path, content in found.items()}


def layout_path(name: str) -> str:
    """Give the path of a layout among what was retrieved."""
    return unquote(path_of("Layout", name))


def _edited(ports: SetupPorts, found: SetupScope, present: Mapping[str, bytes]) -> list[dict[str, Any]]:
    edits, faults = [], []
    for name in found.layouts:
        sobject = SOBJECTS[object_of(name)]
        try:
            edit = add_section(present.get(layout_path(name), b"<Layout/>"), SHOWN, page_of(sobject))
        except LayoutError as error:
            faults.append(Fault(f"layout {readable(name)}", f"{error}.", "Leave it out with the Param layouts."))
            continue
        if edit.inserted:
            edits.append(as_edit(name, "edited", edit.original, edit.edited))
        else:
            ports.tell(f"unchanged Layout {readable(name)}")
    if faults:
        raise ConfigurationError(faults)
    return edits


def as_edit(
    name: str, kind: str, original: bytes, content: bytes, assignments: list[list[str]] | None = None
) -> dict[str, Any]:
    """Write an edit as JSON takes it."""
    texts = {"original": original, "content": content}
    encoded = {key: base64.b64encode(value).decode() for key, value in texts.items()}
    return {"layout": name, "kind": kind, **encoded, "assignments": assignments or []}


def bytes_of(edit: Mapping[str, Any], key: str) -> bytes:
    """Read the original or the content of an edit."""
    return base64.b64decode(edit[key])


def layout_package(edits: list[dict[str, Any]]) -> Package:
    """Put edited layouts into a package."""
    if not edits:
        return NOTHING
    files = {path_of("Layout", edit["layout"]): bytes_of(edit, "content") for edit in edits}
    # One file a profile, whatever number of layouts it is to see.
    assigned = [tuple(one) for edit in edits for one in edit.get("assigned", [])]
    profiles = tuple(sorted({profile for profile, _, _ in assigned}))
    members = {"Layout": tuple(edit["layout"] for edit in edits)} | ({"Profile": profiles} if profiles else {})
    return Package(members, {**files, **profile_files(assigned)}, {})


def _show(ports: SetupPorts, edit: Mapping[str, Any]) -> None:
    name, original, content = readable(edit["layout"]), bytes_of(edit, "original"), bytes_of(edit, "content")
    word = "changed" if edit["kind"] == "edited" else "new"
    ports.tell(f"{word:9} Layout {name} (SHA-256 of the original: {checksum(original)})")
    ports.tell(difference(original, content, name))


def _undoing(ports: SetupPorts, found: SetupScope) -> tuple[SetupPlan, dict[str, int]]:
    kept = [edit for edit in _kept(ports, found) if _is_meant(ports, found, edit)]
    present = retrieve(ports, {"Layout": tuple(edit.layout for edit in kept)})
    open_edits = [edit for edit in kept if not _is_original(edit, present)]
    faults = [fault for edit in open_edits for fault in _touched(ports, edit, present)]
    if faults:
        raise ConfigurationError(faults)
    package, edits = _restoring(ports, found, open_edits)
    if ports.request.delete_fields:
        package = package.joined(_deletions(found))
    settled = [edit.layout for edit in kept if edit not in open_edits]
    return SetupPlan(package, edits, settled), {"layouts": len(open_edits)}


def _kept(ports: SetupPorts, found: SetupScope) -> list[LayoutEdit]:
    try:
        return list(ports.ledger.layout_edits.read(found.org).values())
    except ValueError as error:
        fix = "Restore the ledger from a backup, or take the section out by hand in Salesforce."
        raise ConfigurationError([Fault("ledger", f"{error}.", fix)]) from None


def _is_meant(ports: SetupPorts, found: SetupScope, edit: LayoutEdit) -> bool:
    """Whether an edit is to be undone: no layouts named means all."""
    if object_of(edit.layout) not in found.objects:
        return False
    if not ports.request.layouts:
        return True
    return ports.request.new_layout if edit.kind == "made" else edit.layout in found.layouts


def _is_original(edit: LayoutEdit, present: Mapping[str, bytes]) -> bool:
    """Whether there is nothing to undo: a run that broke off had not deployed it, or a person took it back."""
    now = present.get(layout_path(edit.layout))
    return now is None if edit.kind == "made" else now is not None and same_layout(now, edit.original)


def same_layout(left: bytes, right: bytes) -> bool:
    """Tell whether two layouts say the same; Salesforce may write one thing in several ways."""
    if checksum(left) == checksum(right):
        return True
    return ET.canonicalize(left, strip_text=True) == ET.canonicalize(right, strip_text=True)


def _touched(ports: SetupPorts, edit: LayoutEdit, present: Mapping[str, bytes]) -> list[Fault]:
    """Refuse a layout that somebody changed after us, and show what he did."""
    now = present.get(layout_path(edit.layout))
    name = readable(edit.layout)
    if now is None:
        return [Fault(f"layout {name}", "is gone.", "Name the others in the Param layouts.")]
    if same_layout(now, edit.deployed):
        return []
    ports.tell(difference(edit.deployed, now, name))
    what = (
        f"was changed after the set-up: SHA-256 {checksum(now)}, deployed was {checksum(edit.deployed)}. "
        "The difference is printed above."
    )
    fix = "Undo would lose that change. Take the section out by hand in Setup → Object Manager → Page Layouts."
    return [Fault(f"layout {name}", what, fix)]


def _restoring(ports: SetupPorts, found: SetupScope, kept: list[LayoutEdit]) -> tuple[Package, list[dict[str, Any]]]:
    edited = [edit for edit in kept if edit.kind == "edited"]
    made = [edit for edit in kept if edit.kind == "made"]
    edits = [as_edit(edit.layout, "edited", edit.deployed, edit.original) for edit in edited]
    for edit in edits:
        _show(ports, edit)
    package = layout_package(edits)
    if made:
        for each in made:
            ports.tell(f"deleted   Layout {readable(each.layout)}")
        package = package.joined(restored(ports, found, made))
        edits += [as_edit(each.layout, "made", each.deployed, b"") for each in made]
    return package, edits


def _deletions(found: SetupScope) -> Package:
    """List what the card brought, to be deleted. Permission sets stay: Salesforce keeps those that somebody has."""
    members = card_package(found.sobjects, "https://example.com").members
    # What uses something goes before it: the pages and the test before the class, the class before the fields.
    order = ("ApexPage", "ApexClass", "CustomField", "CustomObject", "CspTrustedSite")
    return Package({}, {}, {kind: members[kind][:: -1 if kind == "ApexClass" else 1] for kind in order})
