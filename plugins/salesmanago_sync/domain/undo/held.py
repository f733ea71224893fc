"""What a side held before a write, as its service spells it, where the canonical form would lose that.

Somebody typed `600 100 200`; the sync compares `+48600100200`. An undo puts back what was typed.
"""

from __future__ import annotations

import json
from collections.abc import Hashable
from typing import Any

import pandas as pd

from salesmanago_sync.domain.frames import TEXT
from salesmanago_sync.domain.mapping_files.card_lines import source_of
from salesmanago_sync.domain.mapping_files.mapping import Line, Mapping
from salesmanago_sync.domain.merge.merge import TO_SALESFORCE


def held_before(mapping: Mapping, changes: pd.DataFrame, direction: str, before: pd.DataFrame) -> pd.Series:
    """Give the raw values behind some changes.

    Args:
        mapping: The object's mapping.
        changes: Changes of one direction, with `person`, `field` and `old`.
        direction: Where they were written.
        before: The records or contacts as they were, on the index `person`.

    Returns:
        On the index of the changes a JSON object of raw values by field, missing where the canonical value says it all.
    """
    rows = before.to_dict("index")
    found = [
        _raw(mapping.line(str(field)), direction, rows[person], old) if person in rows else None
        for person, field, old in zip(changes["person"], changes["field"], changes["old"], strict=True)
    ]
    return pd.Series(found, index=changes.index, dtype=TEXT)


def _raw(line: Line | None, direction: str, before: dict[Hashable, Any], old: Any) -> str | None:
    # Tags are put back one by one.
    if line is None or line.key == "tags":
        return None
    to_salesforce = direction == TO_SALESFORCE
    columns = {name: name for name in line.salesforce} if to_salesforce else {line.key: source_of(line.key)}
    raw = {
        name: None if pd.isna(before[column]) else str(before[column])
        for name, column in columns.items()
        if column in before
    }
    canonical = None if pd.isna(old) else str(old)
    return None if not raw or list(raw.values()) == [canonical] else json.dumps(raw)
