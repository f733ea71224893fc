"""Salvage: a record that was refused because of some fields goes again without them, once."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from salesmanago_sync.clients.outcome import Outcome
from salesmanago_sync.domain.mapping import Mapping

# Refusals that are about single values. A missing required field or a duplicate is about the record.
ABOUT_VALUES = frozenset(
    {"VALUE_TOO_LONG", "VALUE_NOT_ALLOWED", "VALUE_INVALID", "NO_ACCESS", "REFUSED_BY_SALESFORCE", "OWN_FAULT"}
)


def blamed(mapping: Mapping, changes: pd.DataFrame, persons: pd.Index, outcomes: Sequence[Outcome]) -> pd.Series:
    """Mark the changes that a refusal names, of people who have others to send.

    Args:
        mapping: The object's mapping.
        changes: What was sent.
        persons: Whose outcomes they are, in order.
        outcomes: What Salesforce answered.

    Returns:
        A flag for each change; none of a person is marked where nothing can be saved.
    """
    key_of = {field: line.key for line in mapping.lines for field in line.salesforce}
    named = {
        person: {key_of[field] for field in outcome.fields if field in key_of}
        for person, outcome in zip(persons, outcomes, strict=True)
        if not outcome.ok and outcome.reason in ABOUT_VALUES
    }
    # Nobody is created without the address.
    created = set(changes.loc[changes["action"].eq("create"), "person"])
    named = {person: keys for person, keys in named.items() if not (person in created and "email" in keys)}
    marks = [
        field.partition(":")[0] in named.get(person, ()) or field in named.get(person, ())
        for person, field in zip(changes["person"], changes["field"], strict=True)
    ]
    marked = pd.Series(marks, index=changes.index, dtype="bool")
    rest = ~marked.groupby(changes["person"]).transform("all")
    return marked & rest
