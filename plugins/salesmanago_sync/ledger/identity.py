"""Identity: which ledger this is, and whose; a new one has another name, and a copy of an earlier day has the same."""

from __future__ import annotations

import sqlalchemy as sa

from salesmanago_sync.errors import ConfigurationError, Fault
from salesmanago_sync.ledger.engine import Database, shown
from salesmanago_sync.ledger.tables import identity


class Identity:
    """The one row that names the ledger."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def read(self) -> str:
        """Read the name that the ledger was given when its tables were made."""
        with self._database.read() as connection:
            return str(connection.execute(sa.select(identity.c.id)).scalar_one())

    def claim(self, pair: str) -> None:
        """Take a new ledger for a pair of accounts; what one pair has taken, no other one ever gets.

        Args:
            pair: Its name.

        Raises:
            ConfigurationError: It is the ledger of another pair.
        """
        if (owner := self._owner()) is None:
            free = sa.update(identity).where(identity.c.pair.is_(None))
            with self._database.write() as connection:
                connection.execute(free.values(pair=pair))
            owner = self._owner()
        if owner != pair:
            what = f"{shown(self._database.engine.url)} is the ledger of the pair {owner}, not of {pair}."
            fix = "Give each pair a database of its own, or in PostgreSQL a schema of its own."
            raise ConfigurationError([Fault("connection sync_ledger", what, fix)])

    def _owner(self) -> str | None:
        with self._database.read() as connection:
            found: str | None = connection.execute(sa.select(identity.c.pair)).scalar_one()
        return found
