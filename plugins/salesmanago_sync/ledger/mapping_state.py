"""Mapping state: with which mapping each object was last synchronised in full."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa

from salesmanago_sync.ledger.engine import Database
from salesmanago_sync.ledger.tables import mapping_state


class MappingState:
    """The table of mapping states."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def mapping_state(self) -> dict[str, tuple[str, datetime]]:
        """Read each object's mapping digest at its last full sync, and when that was."""
        with self._database.read() as connection:
            rows = connection.execute(sa.select(mapping_state)).all()
        return {row.object: (row.digest_at_full_sync, row.full_sync_at) for row in rows}

    def set_mapping_state(self, object: str, digest: str, now: datetime) -> None:
        """Note that an object has been synchronised in full."""
        row = {"digest_at_full_sync": digest, "full_sync_at": now}
        insert = self._database.insert(mapping_state).values(object=object, **row)
        with self._database.write() as connection:
            connection.execute(insert.on_conflict_do_update(index_elements=["object"], set_=row))
