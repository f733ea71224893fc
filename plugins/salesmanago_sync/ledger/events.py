"""The history of bindings: when a person was bound, moved, paused, deleted or revived. Rows are never changed."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

import pandas as pd
import sqlalchemy as sa

from salesmanago_sync.ledger.engine import Database
from salesmanago_sync.ledger.frames import chunks, filled, frame_of, pieces, select_frame, stamped, together
from salesmanago_sync.ledger.tables import binding_events

BLANKS = {"salesforce_id": "", "salesmanago_id": "", "note": ""}
NAMES = ["binding_id", "object", "event", *BLANKS]


class Events:
    """The table of binding events."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, run_id: int, frame: pd.DataFrame, now: datetime) -> None:
        """Add to the history.

        Args:
            run_id: The run.
            frame: `binding_id, object, event`, the two ids as they were before it, and `note`.
            now: The time.
        """
        with self._database.write() as connection:
            insert_events(connection, run_id, frame, now)

    def read(self, binding_ids: Iterable[int] = (), ids: Iterable[str] = ()) -> pd.DataFrame:
        """Read the history of some bindings, or of whatever bore one of some ids, oldest first."""
        names, numbers = list(ids), [int(key) for key in binding_ids]  # a frame gives numbers that no driver knows
        conditions = [
            *(binding_events.c.binding_id.in_(chunk) for chunk in chunks(numbers)),
            *(
                binding_events.c[name].in_(chunk)
                for name in ("salesforce_id", "salesmanago_id")
                for chunk in chunks(names)
            ),
        ]
        with self._database.read() as connection:
            rows = {
                row.id: row
                for condition in conditions
                for row in connection.execute(sa.select(binding_events).where(condition))
            }
        return frame_of(list(binding_events.c), [rows[key] for key in sorted(rows)])

    def read_called(self, names: Iterable[str], binding_ids: Iterable[int]) -> pd.DataFrame:
        """Read the events of some names in the history of some bindings, oldest first."""
        called = binding_events.c.event.in_(list(names))
        numbers = [int(key) for key in binding_ids]  # a frame gives numbers that no driver knows
        with self._database.read() as connection:
            parts = [
                select_frame(
                    connection, sa.select(binding_events).where(called, binding_events.c.binding_id.in_(chunk))
                )
                for chunk in chunks(numbers)
            ]
        return together(list(binding_events.c), parts).sort_values("id", ignore_index=True)


def insert_events(connection: sa.Connection, run_id: int, frame: pd.DataFrame, now: datetime) -> None:
    """Add events in a transaction that is open already."""
    for piece in pieces(filled(frame, BLANKS).reindex(columns=NAMES)):
        connection.execute(sa.insert(binding_events), stamped(piece, run_id=run_id, at=now))
