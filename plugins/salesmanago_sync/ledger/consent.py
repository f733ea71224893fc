"""Consent evidence: who opted out where, and when the other side was told. Rows are added and never changed."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

import pandas as pd
import sqlalchemy as sa

from salesmanago_sync.ledger.engine import Database
from salesmanago_sync.ledger.frames import chunks, filled, frame_of, stamped
from salesmanago_sync.ledger.tables import consent_evidence

# How the note of evidence ends that is none of an opt-out.
OPTED_IN = "(opted in)"
BLANKS = {"salesforce_id": "", "salesmanago_id": "", "note": ""}
OPTIONAL = ("binding_id", "sent_at", "acknowledged_at")


class Consent:
    """The table of consent evidence."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, run_id: int, frame: pd.DataFrame) -> None:
        """Add evidence.

        Args:
            run_id: The run.
            frame: `channel` (email or phone), `side`, `seen_at`, and any of `binding_id, salesforce_id,
                salesmanago_id, sent_at, acknowledged_at, note`.
        """
        given = [name for name in OPTIONAL if name in frame]
        names = ["channel", "side", "seen_at", *BLANKS, *given]
        rows = stamped(filled(frame, BLANKS)[names], run_id=run_id)
        if rows:
            with self._database.write() as connection:
                connection.execute(sa.insert(consent_evidence), rows)

    def read_opt_outs_since(self, moment: datetime) -> pd.DataFrame:
        """Read the evidence of opt-outs that were seen since a moment, without what was opted in again."""
        query = sa.select(consent_evidence).where(
            consent_evidence.c.seen_at >= moment, ~consent_evidence.c.note.endswith(OPTED_IN)
        )
        with self._database.read() as connection:
            return frame_of(list(consent_evidence.c), list(connection.execute(query.order_by(consent_evidence.c.id))))

    def read(
        self, salesforce_ids: Iterable[str] | None = None, salesmanago_ids: Iterable[str] | None = None
    ) -> pd.DataFrame:
        """Read the evidence that bears one of the ids, oldest first."""
        wanted = {"salesforce_id": salesforce_ids, "salesmanago_id": salesmanago_ids}
        with self._database.read() as connection:
            rows = {
                row.id: row
                for name, ids in wanted.items()
                for chunk in chunks(() if ids is None else ids)
                for row in connection.execute(sa.select(consent_evidence).where(consent_evidence.c[name].in_(chunk)))
            }
        return frame_of(list(consent_evidence.c), [rows[key] for key in sorted(rows)])
