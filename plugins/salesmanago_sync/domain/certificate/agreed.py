"""Agreed differences: values that differ although both sides have agreed, each with who made them differ.

A base alone proves nothing: whatever spoils it would explain itself. So the history of a binding says, apart from the
base, that a service kept something else than was written, or that a person undid a write, and of which two values.
"""

from __future__ import annotations

import json
from hashlib import sha256

import pandas as pd

from salesmanago_sync.domain.frames import TEXT
from salesmanago_sync.domain.merge.owed import OPT_OUTS

# Events of a binding; their note is `note_of`.
KEPT, UNDONE = "kept", "undone"
COLUMNS = ("object", "salesforce_id", "salesmanago_id", "event", "note")


def note_of(field: str, salesforce: str | None, salesmanago: str | None) -> str:
    """Name a field and two values that differ: the field key, and a digest of the values.

    Args:
        field: The field key.
        salesforce: Canonical value.
        salesmanago: Canonical value.
    """
    if field in OPT_OUTS:
        # A flag that was never set means false.
        salesforce, salesmanago = (value if value == "true" else "false" for value in (salesforce, salesmanago))
    return f"{field} {sha256(json.dumps([salesforce, salesmanago]).encode()).hexdigest()[:16]}"


def field_of(note: str) -> str:
    """Give the field key of a note."""
    return note.rpartition(" ")[0]


def kept_otherwise(agreement: pd.DataFrame) -> pd.DataFrame:
    """List what both sides are about to agree on although it differs: services kept something else than was written.

    Args:
        agreement: What the ledger learns (`domain.plan.agreement`).

    Returns:
        `COLUMNS`, one row a field.
    """
    found = [
        (row["object"], row["salesforce_id"], row["salesmanago_id"], KEPT, note_of(field, *values))
        for row in agreement.to_dict("records")
        for field, values in json.loads(str(row["base"])).items()
        if values is not None and values[0] != values[1]
    ]
    return pd.DataFrame(found, columns=list(COLUMNS), dtype=TEXT)
