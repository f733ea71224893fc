"""Shapes: what an answer must look like before anything is read from it.

A row that is not what it should be is that row's own trouble; an answer that is not stops the read, with an error that
names the method.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from salesmanago_sync.clients.http import Replay
from salesmanago_sync.domain.frames import is_id

Row = dict[str, Any]
# Values by field, parents as `Account.Name`; all of one length.
Columns = dict[str, list[Any]]


def an_object(value: Any, where: str, replay: Replay = Replay.READ) -> Row:
    """Give the JSON object that was asked for.

    Raises:
        RetriableError: It is none, and it was a read.
        UnknownOutcomeError: It is none, and it was a write.
    """
    if not isinstance(value, Mapping):
        raise replay.lost(f"{where}: the answer is not a JSON object.")
    return dict(value)


def rows_of(value: Any, where: str, replay: Replay = Replay.READ) -> list[Row]:
    """Give a list of JSON objects; what is no object in it is one without keys, so that nobody goes uncounted."""
    if not isinstance(value, list):
        raise replay.lost(f"{where}: the answer has no list where one belongs.")
    return [row if isinstance(row, dict) else {} for row in value]


def listed(body: Mapping[str, Any], key: str, where: str) -> list[Any]:
    """Give the list under a key; a key that is missing or null is an empty one."""
    found = body.get(key)
    if found is not None and not isinstance(found, list):
        raise Replay.READ.lost(f"{where}: {key} is no list.")
    return found or []


def identified(
    names: Sequence[str], read: Callable[[list[str]], list[Row]], key: str, name_of: Callable[[Row], str | None]
) -> list[Row]:
    """Read rows by name; a row that does not tell its own name is found out by halves, and so gets it.

    What nobody can name would else count as not there, and not there means deleted.

    Args:
        names: Ids or addresses.
        read: Reads the rows that there are of some names.
        key: Where a row has its name.
        name_of: Reads it, in one spelling; nothing where it cannot be read.

    Returns:
        Rows that all tell their names.
    """
    rows = read(list(names))
    if all(name_of(row) is not None for row in rows):
        return rows
    if len(names) == 1:
        return [{**row, key: names[0]} if name_of(row) is None else row for row in rows]
    middle = len(names) // 2
    halves = (names[:middle], names[middle:])
    return [row for half in halves for row in identified(half, read, key, name_of)]


# What the schema reads of a field's description, and of a picklist value or a record type.
_FIELD: dict[str, type | tuple[type, ...]] = {
    **dict.fromkeys(("type", "label", "relationshipName", "controllerName", "validFor"), str),
    **dict.fromkeys(("length", "precision", "digits", "scale"), int),
    "picklistValues": list,
    "referenceTo": list,
    **dict.fromkeys(("nillable", "createable", "updateable", "defaultedOnCreate", "calculated", "externalId"), bool),
    **dict.fromkeys(("unique", "restrictedPicklist", "filterable", "active", "available"), bool),
    **dict.fromkeys(("value", "developerName", "recordTypeId"), str),
    "defaultRecordTypeMapping": bool,
}


def described(value: Any, where: str) -> Row:
    """Give the description of an object with whatever of it can be read.

    A field without a readable name or type is left out, as if it were hidden: the mapping check names it.
    """
    found = an_object(value, where)
    if not isinstance(found.get("name"), str):
        raise Replay.READ.lost(f"{where}: the answer has no name.")
    fields = [_typed(row) for row in rows_of(found.get("fields"), where)]
    infos = [_typed(row) for row in listed(found, "recordTypeInfos", where) if isinstance(row, Mapping)]
    flags = {key: found[key] for key in ("createable", "updateable") if isinstance(found.get(key), bool)}
    return {
        "name": found["name"],
        "fields": [field for field in fields if isinstance(field.get("name"), str) and "type" in field],
        "recordTypeInfos": [info for info in infos if "developerName" in info and "recordTypeId" in info],
        **flags,
    }


def _typed(row: Mapping[str, Any]) -> Row:
    """Keep what has the type that it should have."""
    kept = {key: row[key] for key, kind in _FIELD.items() if isinstance(row.get(key), kind)}
    if isinstance(row.get("name"), str):
        kept["name"] = row["name"]
    if "picklistValues" in kept:
        values = [_typed(item) if isinstance(item, Mapping) else {} for item in kept["picklistValues"]]
        # One that cannot be read keeps its place: `validFor` of dependent values counts them.
        kept["picklistValues"] = [item if "value" in item else {"value": "", "active": False} for item in values]
    if "referenceTo" in kept:
        kept["referenceTo"] = [name for name in kept["referenceTo"] if isinstance(name, str)]
    return kept


def readable_id(value: Any) -> str | None:
    """Give an id, which some methods spell as a number."""
    text = str(value) if isinstance(value, int) and not isinstance(value, bool) else value
    return text if is_id(text) else None
