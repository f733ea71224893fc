"""Findings: what could not be synchronised, as rows that become issues."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from salesmanago_sync.domain.declared import Declared
from salesmanago_sync.domain.frames import TEXT
from salesmanago_sync.domain.people.matching import ISSUE
from salesmanago_sync.domain.staged_frames import FOUND_ISSUES


def issues(people: pd.DataFrame, reason: str, **columns: str | pd.Series) -> pd.DataFrame:
    """Make one issue of each row.

    Args:
        people: Rows with `object`, `salesforce_id` and `salesmanago_id`.
        reason: The reason code.
        columns: `field`, `direction`, `text`, `values` (JSON), where they apply.

    Returns:
        `FOUND_ISSUES`; the fingerprint tells whether what was tried has changed since.
    """
    rows = people[["object", "salesforce_id", "salesmanago_id"]].copy()
    rows["reason"] = reason
    for name in ("field", "direction", "text", "values"):
        rows[name] = columns.get(name, "")
    rows = rows.astype(TEXT).fillna("")
    tried = rows["text"] + "\x1f" + rows["values"]
    rows["fingerprint"] = [f"{number:016x}" for number in pd.util.hash_array(tried.to_numpy(dtype="object"))]
    return rows[list(FOUND_ISSUES.names)].reset_index(drop=True)


def issues_of_people(people: pd.DataFrame) -> pd.DataFrame:
    """Make the issues of people who could not be matched.

    Args:
        people: The people frame.
    """
    found = people[people["status"].eq(ISSUE)]
    frames = [
        issues(rows, str(reason), text=rows["text"].fillna("")) for reason, rows in found.groupby("reason", sort=True)
    ]
    return stack(frames, FOUND_ISSUES)


def stack(frames: Sequence[pd.DataFrame], declared: Declared) -> pd.DataFrame:
    """Put frames of one kind under each other; none give one without rows."""
    filled = [frame for frame in frames if len(frame)]
    return pd.concat(filled, ignore_index=True) if filled else declared.empty()
