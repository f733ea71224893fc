"""Changes: what a run planned for each field, and what became of it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pandas as pd
import sqlalchemy as sa

from salesmanago_sync.ledger.engine import Database
from salesmanago_sync.ledger.frames import filled, select_frame, stamped
from salesmanago_sync.ledger.tables import changes

KEYS = ("salesforce_id", "salesmanago_id", "field")
PLANNED = ["object", "direction", "action", *KEYS, "old", "new", "rule", "reason"]


class Changes:
    """The table of changes."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def plan_changes(self, run_id: int, frame: pd.DataFrame, now: datetime) -> None:
        """Store what a run is about to do, in place of what it had planned and not begun.

        Args:
            run_id: The run.
            frame: `object, direction, action`, and any of `salesforce_id, salesmanago_id, field, old, new,
                rule, reason`.
            now: The time.
        """
        rows = _planned(run_id, frame, now)
        with self._database.write() as connection:
            connection.execute(
                sa.delete(changes).where(changes.c.run_id == run_id, changes.c.state == "planned"),
            )
            if rows:
                connection.execute(sa.insert(changes), rows)

    def replan_changes(self, run_id: int, old: pd.DataFrame, new: pd.DataFrame, now: datetime) -> None:
        """Put new plans in the place of some that turned out to be out of date.

        Args:
            run_id: The run.
            old: `salesforce_id, salesmanago_id, field, direction` of the planned changes that are dropped.
            new: What takes their place, as for `plan_changes`.
            now: The time.
        """
        rows = _planned(run_id, new, now)
        with self._database.write() as connection:
            _settle(connection, run_id, old.assign(state="dropped"))
            if rows:
                connection.execute(sa.insert(changes), rows)

    def settle_changes(self, run_id: int, frame: pd.DataFrame) -> None:
        """Say what became of planned changes.

        Args:
            run_id: The run.
            frame: `salesforce_id, salesmanago_id, field, direction` as planned, the new `state`, and `reason`.
        """
        with self._database.write() as connection:
            _settle(connection, run_id, frame)

    def changes(self, run_id: int, limit: int | None = None, **equal: Any) -> pd.DataFrame:
        """Read changes of a run.

        Args:
            run_id: The run.
            limit: How many at most.
            **equal: Column names and the value, or list of values, that they must have.
        """
        filters = [
            changes.c[name].in_(value) if isinstance(value, (list, tuple, set)) else changes.c[name] == value
            for name, value in equal.items()
        ]
        query = sa.select(changes).where(changes.c.run_id == run_id, *filters).order_by(changes.c.id).limit(limit)
        with self._database.read() as connection:
            return select_frame(connection, query)


def _planned(run_id: int, frame: pd.DataFrame, now: datetime) -> list[dict[str, Any]]:
    blanks: dict[str, Any] = {name: "" for name in KEYS} | {"old": None, "new": None, "rule": None, "reason": None}
    return stamped(filled(frame, blanks)[PLANNED], run_id=run_id, state="planned", at=now)


def _settle(connection: sa.Connection, run_id: int, frame: pd.DataFrame) -> None:
    keys = [*KEYS, "direction"]
    blanks: dict[str, Any] = {name: "" for name in KEYS} | {"reason": None}
    names = {name: f"the_{name}" for name in keys}
    rows = stamped(filled(frame, blanks)[[*keys, "state", "reason"]].rename(columns=names), the_run_id=run_id)
    if not rows:
        return
    this = [changes.c[name] == sa.bindparam(f"the_{name}") for name in ("run_id", *keys)]
    new: dict[str, Any] = {name: sa.bindparam(name) for name in ("state", "reason")}
    # What was dropped stays dropped: a newer plan has the same keys.
    connection.execute(sa.update(changes).where(*this, changes.c.state != "dropped").values(new), rows)
