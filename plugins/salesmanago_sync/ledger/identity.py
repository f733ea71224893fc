"""Identity: which ledger this is; a new one has another name, and a copy of an earlier day has the same."""

from __future__ import annotations

import sqlalchemy as sa

from salesmanago_sync.ledger.engine import Database
from salesmanago_sync.ledger.tables import identity


class Identity:
    """The one row that names the ledger."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def identity(self) -> str:
        """Read the name that the ledger was given when its tables were made."""
        with self._database.read() as connection:
            return str(connection.execute(sa.select(identity.c.id)).scalar_one())
