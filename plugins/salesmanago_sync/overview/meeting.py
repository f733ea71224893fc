"""Meeting: how many contacts of SALESmanago met the criteria of a mapping when everybody was read last."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from salesmanago_sync.ledger.frames import rows_of
from salesmanago_sync.ledger.store import Ledger

# Enough to find a run that read everybody.
LOOKED_AT = 200


@dataclass(frozen=True, slots=True)
class Meeting:
    """How many contacts met the criteria of a mapping.

    Attributes:
        take_part: How many met `criteria.salesmanago`.
        wanted: How many of them `create.in_salesforce` wants as records of this object, those included who have one.
        at: When the run began that read them.
    """

    take_part: int
    wanted: int
    at: datetime


def read_meeting(ledger: Ledger, name: str, digest: str) -> Meeting | None:
    """Read how many contacts met the criteria of a mapping as it is now.

    Args:
        ledger: The ledger.
        name: The object.
        digest: The mapping's; what another mapping let in says nothing about this one.

    Returns:
        None where no run has read everybody with this mapping.
    """
    for run in rows_of(ledger.runs.read_newest(LOOKED_AT)):
        for row in _rows(run["totals"]):
            if (row["object"], row["mapping"]) == (name, digest):
                return Meeting(row["take_part"], row["wanted"], run["started_at"])
    return None


def _rows(totals: Any) -> list[Mapping[str, Any]]:
    return totals.get("contacts", []) if isinstance(totals, dict) else []
