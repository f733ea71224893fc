"""Part: what can be read of a mapping whose file has faults, so that it is compared with the org in the same go.

Lines and conditions keep their places: one of a wrong shape gives way to another that says less, and never wrongly.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from pydantic import ValidationError

from salesmanago_sync.domain.criteria.language import Leaf
from salesmanago_sync.domain.mapping_files.file import KeyPath, MappingFile
from salesmanago_sync.domain.mapping_files.model import Mapping

LISTS = ("fields", "details")
# Holds of no record, and names a field that every object, and every contact, has.
NOTHING = {
    "salesforce": {"field": "Id", "op": "in", "value": ["000000000000000"]},
    "salesmanago": {"field": "contactId", "op": "eq", "value": "nobody"},
}


def part_of(file: MappingFile, wrong: Collection[KeyPath]) -> Mapping | None:
    """Make a mapping of what is right in a file: to compare it with an org, never to synchronise by it.

    Args:
        file: A file with faults.
        wrong: The keys that have them.

    Returns:
        The mapping; None where it cannot even be told which object it is of.
    """
    values = file.values
    if not isinstance(values, dict) or ("object",) in wrong or "object" not in values:
        return None
    unsound = {path[:2] for path in wrong if path[:1] and path[0] in LISTS}
    left_out = {path[0] for path in wrong if path} | {*LISTS, "criteria"}
    kept = {key: value for key, value in values.items() if key not in left_out}
    for name in LISTS:
        entries = values.get(name)
        listed = entries if isinstance(entries, list) else []
        kept[name] = [_read_only(entry) if (name, n) in unsound else entry for n, entry in enumerate(listed)]
    criterion = values.get("criteria")
    if isinstance(criterion, dict) and criterion.get("salesforce") is not None:
        kept["criteria"] = {"salesforce": sound_criterion(criterion["salesforce"], "salesforce")}
    try:
        # Nothing to compare is no fault of the comparison.
        kept["fields"] = kept["fields"] or [_read_only({})]
        return Mapping.model_validate(kept).read_from(file, is_whole=False)
    except ValidationError:
        return None


def sound_criterion(value: Any, side: str) -> Any:
    """Put a condition that can be checked in the place of each of a wrong shape.

    Args:
        value: A criterion as its file has it.
        side: Whose fields it names.
    """
    if isinstance(value, dict) and len(value) == 1:
        [(key, inner)] = value.items()
        if key in ("all", "any") and isinstance(inner, list) and inner:
            return {key: [sound_criterion(part, side) for part in inner]}
        if key == "not":
            return {key: sound_criterion(inner, side)}
    try:
        Leaf.model_validate(value)
    except ValidationError:
        return NOTHING[side]
    return value


def _read_only(entry: Any) -> dict[str, Any]:
    """Keep of a line that it reads Salesforce fields; of an opt-out also that it is one, for these may be hidden."""
    given = entry if isinstance(entry, dict) else {}
    fields = given.get("salesforce")
    named = [name for name in ([fields] if isinstance(fields, str) else fields or ()) if isinstance(name, str) and name]
    convert = "consent" if given.get("convert") == "consent" else "text"
    return {"salesforce": named, "salesmanago": "properties.x", "direction": "to_salesmanago", "convert": convert}
