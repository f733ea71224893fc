"""Intents: creates in Salesforce that were begun, so that a run that dies in between repeats none of them blindly."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

import pandas as pd
import sqlalchemy as sa

from salesmanago_sync.ledger.engine import Database
from salesmanago_sync.ledger.frames import rows_of, select_frame
from salesmanago_sync.ledger.tables import PENDING, intents


class Intents:
    """The table of intents."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def note(self, run_id: int, object: str, salesmanago_ids: Iterable[str], now: datetime) -> None:
        """Note that these contacts are about to become records of an object; one that is pending stays as it is."""
        person = {"object": object, "run_id": run_id, "created_at": now, "state": "pending"}
        rows = [person | {"salesmanago_id": key} for key in salesmanago_ids]
        if not rows:
            return
        insert = self._database.insert(intents)
        once = insert.on_conflict_do_nothing(index_elements=["object", "salesmanago_id"], index_where=PENDING)
        with self._database.write() as connection:
            connection.execute(once, rows)

    def read_pending(self, objects: Iterable[str] | None = None) -> pd.DataFrame:
        """Read the intents whose create nobody has seen through."""
        only = [] if objects is None else [intents.c.object.in_(list(objects))]
        with self._database.read() as connection:
            query = sa.select(intents).where(intents.c.state == "pending", *only)
            return select_frame(connection, query.order_by(intents.c.id))

    def settle(self, object: str, frame: pd.DataFrame, now: datetime) -> None:
        """Note which record each contact became; none where the create was refused.

        Args:
            object: The object.
            frame: `salesmanago_id`, `salesforce_id`.
            now: The time.
        """
        rows = rows_of(frame[["salesmanago_id", "salesforce_id"]].rename(columns={"salesmanago_id": "person"}))
        if not rows:
            return
        these = (intents.c.object == object, intents.c.salesmanago_id == sa.bindparam("person"))
        new = {"state": "settled", "settled_at": now, "salesforce_id": sa.bindparam("salesforce_id")}
        with self._database.write() as connection:
            connection.execute(sa.update(intents).where(intents.c.state == "pending", *these).values(new), rows)


def prune_intents(connection: sa.Connection, before: datetime) -> None:
    """Delete intents that were settled earlier."""
    connection.execute(sa.delete(intents).where(intents.c.state == "settled", intents.c.settled_at < before))
