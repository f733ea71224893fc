"""Salvage: a record that was refused because of some fields goes again without them, as long as others are left."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from salesmanago_sync.clients.outcome import Outcome
from salesmanago_sync.domain.frames import TEXT
from salesmanago_sync.domain.mapping_files.mapping import Mapping

# Refusals that are about single values. A missing required field or a duplicate is about the record.
ABOUT_VALUES = frozenset(
    {"VALUE_TOO_LONG", "VALUE_NOT_ALLOWED", "VALUE_INVALID", "NO_ACCESS", "REFUSED_BY_SALESFORCE", "OWN_FAULT"}
)
# The parts of an address, which Salesforce judges together: an old state does not fit a new country.
_ADDRESS = re.compile(r"(?P<address>.*)(?:Street|City|(?:State|Country)(?:Code)?|PostalCode)")


@dataclass(frozen=True, slots=True)
class Blame:
    """What a refusal lays at the door of single changes, a flag for each.

    Attributes:
        marked: The rest of the record goes without these.
        apart: What is tried by itself: the refusal names a field that was not sent, so that any of them may be why.
            Changes of one person with the same word go together first: the parts of an address may need each other.
            Blank for the others.
    """

    marked: pd.Series
    apart: pd.Series


def blame(mapping: Mapping, changes: pd.DataFrame, persons: pd.Index, outcomes: Sequence[Outcome]) -> Blame:
    """Mark the changes that a refusal names, or may mean.

    Args:
        mapping: The object's mapping.
        changes: What was sent.
        persons: Whose outcomes they are, in order.
        outcomes: What Salesforce answered.

    Returns:
        Flags for each change; none of a person is marked where nothing can be saved.
    """
    fields = {line.key: line.salesforce for line in mapping.lines}
    refused = {
        person: outcome
        for person, outcome in zip(persons, outcomes, strict=True)
        if not outcome.ok and outcome.reason in ABOUT_VALUES and outcome.fields
    }
    marked = pd.Series(False, index=changes.index)
    apart = pd.Series("", index=changes.index, dtype=TEXT)
    for person, mine in changes[changes["person"].isin(refused.keys())].groupby("person"):
        sent = {row: fields.get(key, fields.get(key.partition(":")[0], ())) for row, key in mine["field"].items()}
        named = refused[person].fields
        guilty: list[Any] = [row for row, names in sent.items() if {*names} & {*named}]
        suspects = [] if guilty else list(_suspects(sent, named))
        if _can_be_saved(mine, guilty or suspects, alone=len(suspects) > 1):
            marked[guilty or suspects] = True
            for row in suspects if len(suspects) > 1 else ():
                apart[row] = min(_addresses(sent[row]) - _addresses(named), default=str(mine.at[row, "field"]))
    return Blame(marked, apart)


def _suspects(sent: dict[Any, tuple[str, ...]], named: Sequence[str]) -> Iterator[Any]:
    """Find what a refusal may mean that names no field which was sent: the rest of the address, or else anything."""
    yield from [row for row, names in sent.items() if _addresses(names) & _addresses(named)] or sent


def _addresses(names: Sequence[str]) -> set[str]:
    """Name the addresses that fields are parts of."""
    return {f"{found['address']}Address" for name in names if (found := _ADDRESS.fullmatch(name))}


def _can_be_saved(changes: pd.DataFrame, held: list[Any], *, alone: bool) -> bool:
    creates = changes["action"].eq("create").any()
    if creates and changes.loc[held, "field"].eq("email").any():
        # Nobody is created without the address.
        return False
    # What is tried one by one needs a record; what is all that there is was refused already.
    return bool(held) and (len(held) < len(changes) or (alone and not creates))
