"""Native values: canonical values turned into what a service is sent.

They are held as plain rows: in a frame, pandas would take the null that empties a field for NaN, which is no JSON.
"""

from __future__ import annotations

import json
from collections.abc import Hashable
from typing import Any

import pandas as pd

from salesmanago_sync.domain.converters import converter
from salesmanago_sync.domain.frames import ADDRESS_PARTS, TEXT, as_text
from salesmanago_sync.domain.mapping_files.mapping import Line, Mapping
from salesmanago_sync.domain.mapping_files.stand_ins import stand_in
from salesmanago_sync.domain.merge.canonical import TAG, canonical_tags
from salesmanago_sync.domain.plan.changes import EXTERNAL_ID
from salesmanago_sync.domain.probe.answers import AccountWays
from salesmanago_sync.domain.salesmanago_fields import DETAIL
from salesmanago_sync.domain.tags import spell_tag, split_tags

ADDRESS = "address."
# Keys of `contact`; the others stand beside it (API reference: contact/upsert).
IN_CONTACT = frozenset({"name", "phone", "fax", "company", "state", EXTERNAL_ID})
FLAGS = {
    ("optedOut", True): "forceOptOut",
    ("optedOut", False): "forceOptIn",
    ("optedOutPhone", True): "forcePhoneOptOut",
    ("optedOutPhone", False): "forcePhoneOptIn",
}
_NOTHING_KNOWN = AccountWays()


def wide(changes: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Lay out changes of one direction, a row a person and a column a field key.

    Args:
        changes: `staged_frames.CHANGES`.

    Returns:
        The new values, and flags that tell a field to be emptied from one that is left alone.
    """
    new = changes.pivot(index="person", columns="field", values="new")
    present = changes.assign(present=True).pivot(index="person", columns="field", values="present")
    return new, present.notna()


def to_salesforce(mapping: Mapping, changes: pd.DataFrame, records: pd.DataFrame) -> dict[Any, dict[str, Any]]:
    """Turn changes into Salesforce field values.

    Args:
        mapping: The object's mapping.
        changes: The changes of one object to Salesforce.
        records: The Salesforce records as they are, on the index `person`; missing for newcomers.

    Returns:
        For each person, in sorted order, JSON values by Salesforce field; a field that is left alone is not there.
    """
    new, present = wide(changes)
    current = records.reindex(new.index)
    rows: dict[Any, dict[str, Any]] = {person: {} for person in new.index}
    for line in mapping.lines:
        for field, values in _salesforce_values(mapping, line, new, present, current).items():
            for person, value in values.items():
                rows[person][field] = value
    _spell_as_held(rows, changes)
    return rows


def _spell_as_held(rows: dict[Any, dict[str, Any]], changes: pd.DataFrame) -> None:
    """Put values back in the spelling in which a service held them (`undo.held`)."""
    if "held" not in changes:
        return
    for person, text in changes.dropna(subset=["held"]).set_index("person")["held"].items():
        for field, raw in json.loads(text).items():
            if field in rows[person] and as_text(rows[person][field]) != raw:
                rows[person][field] = raw


def _salesforce_values(
    mapping: Mapping, line: Line, new: pd.DataFrame, present: pd.DataFrame, current: pd.DataFrame
) -> dict[str, dict[Any, Any]]:
    """JSON values by field and person."""
    fields = [field for field in line.salesforce if field in current]
    if line.key == "tags":
        values, sent = _whole_tags(mapping, line, new, present, current)
    elif line.key in new:
        values, sent = new[line.key], present[line.key]
    else:
        return {}
    if len(fields) != len(line.salesforce) or not sent.any():
        return {}
    native = converter(line).to_salesforce(values[sent], current[fields][sent])
    return {field: _filled(json_values(native[field]), stand_in(mapping, field)) for field in fields}


def json_values(native: pd.Series) -> dict[Any, Any]:
    """Take the values of a converter out of pandas, by person; whatever pandas calls missing is null."""
    blank = native.isna()
    return {
        person: None if missing else value
        for person, value, missing in zip(native.index, native.tolist(), blank, strict=True)
    }


def _filled(values: dict[Any, Any], filler: str | None) -> dict[Any, Any]:
    """Salesforce requires some fields: emptying them means writing what reads back as blank."""
    return {person: filler if value is None else value for person, value in values.items()}


def _whole_tags(
    mapping: Mapping, line: Line, new: pd.DataFrame, present: pd.DataFrame, current: pd.DataFrame
) -> tuple[pd.Series, pd.Series]:
    """Gather the tags of each person again: a multi-select picklist is written as a whole."""
    held = canonical_tags(mapping, line, current)
    keys = [key for key in held if key in new]
    sent = present[keys].any(axis=1) if keys else pd.Series(False, index=new.index)
    text = pd.Series("", index=new.index, dtype=TEXT)
    for key in held:
        has = held[key].mask(present[key], new[key]) if key in new else held[key]
        name = pd.Series(";" + str(key).removeprefix(TAG), index=new.index, dtype=TEXT)
        text = text.str.cat(name.where(has.notna(), ""))
    return text.str[1:].mask(text.eq("")), sent


def salesmanago_rows(
    mapping: Mapping,
    changes: pd.DataFrame,
    people: pd.DataFrame,
    contacts: pd.DataFrame,
    known: AccountWays = _NOTHING_KNOWN,
) -> list[dict[str, Any]]:
    """Turn changes into rows of a SALESmanago batch.

    Args:
        mapping: The object's mapping.
        changes: The changes of one object to SALESmanago.
        people: The people frame, with `email`, the present address of each contact (a newcomer's future one).
        contacts: The SALESmanago contacts as they are, on the index `person`; missing for newcomers.
        known: What is known of the account.

    Returns:
        One row a person, in the order of the sorted person numbers.
    """
    new, present = wide(changes)
    native = {key: json_values(_salesmanago_values(mapping, str(key), new[key])) for key in new}
    held = contacts.reindex(index=new.index, columns=[*(ADDRESS + part for part in ADDRESS_PARTS), "tags"])
    there = {key: present[key].to_dict() for key in new}
    sent = {person: {str(key): native[key][person] for key in new if there[key][person]} for person in new.index}
    _spell_as_held(sent, changes)
    before, emails = held.to_dict("index"), people["email"].to_dict()
    return [
        _row(values, str(emails[person]), {key: text for key, text in before[person].items() if pd.notna(text)}, known)
        for person, values in sent.items()
    ]


def _salesmanago_values(mapping: Mapping, key: str, values: pd.Series) -> pd.Series:
    line = mapping.line(key)
    if line is None or key.startswith(TAG):
        return values
    return converter(line).to_salesmanago(values)


def _row(sent: dict[str, Any], email: str, held: dict[Hashable, Any], known: AccountWays) -> dict[str, Any]:
    row: dict[str, Any] = {"contact": {"email": email}}
    for key, value in sent.items():
        _place(row, key, _emptied(key, known) if value is None else value)
    if "address" in row["contact"] and not known.keeps_address_parts:
        # Whether parts left out of an address are kept is not documented: the whole address is sent.
        whole = {str(key).removeprefix(ADDRESS): value for key, value in held.items() if str(key).startswith(ADDRESS)}
        row["contact"]["address"] = {**whole, **row["contact"]["address"]}
    if "removeTags" in row and known.tags_mind_case:
        row["removeTags"] = _as_spelled(row["removeTags"], str(held.get("tags", "")))
    return row


def _emptied(key: str, known: AccountWays) -> str | None:
    """Give what empties a field."""
    if key.startswith(ADDRESS):
        return known.empty_address
    return known.empty_detail if key.startswith(DETAIL) else known.empty_field


def _as_spelled(tags: list[str], held: str) -> list[str]:
    """Add every spelling that a contact has of some tags."""
    return list(dict.fromkeys([*tags, *(one for one in split_tags(held) if spell_tag(one) in tags)]))


def _place(row: dict[str, Any], key: str, value: Any) -> None:
    if key in ("optedOut", "optedOutPhone"):
        row[FLAGS[key, value in (True, "true")]] = True
    elif key.startswith(TAG):
        row.setdefault("tags" if value == "true" else "removeTags", []).append(key.removeprefix(TAG))
    elif key.startswith(DETAIL):
        row.setdefault("properties", {})[key.removeprefix(DETAIL)] = value
    elif key.startswith(ADDRESS):
        row["contact"].setdefault("address", {})[key.removeprefix(ADDRESS)] = value
    elif key == "email":
        if value != row["contact"]["email"]:
            row["newEmail"] = value
    elif key in IN_CONTACT:
        row["contact"][key] = value
    else:
        row[key] = value
