"""The lock that lets one run work at a time, over all DAGs and machines."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

from salesmanago_sync.ledger.engine import Database
from salesmanago_sync.ledger.tables import run_lock

NAME = "sync"


@dataclass(frozen=True, slots=True)
class Holder:
    """Who holds the lock.

    Attributes:
        owner: The run.
        note: What it said about itself.
        heartbeat_at: Its last sign of life.
        expires_at: When anybody may take the lock over.
    """

    owner: str
    note: str
    heartbeat_at: datetime
    expires_at: datetime

    def __str__(self) -> str:
        return f"{self.owner} ({self.note})" if self.note else self.owner


class Lock:
    """The row of the lock."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def acquire(self, owner: str, now: datetime, ttl: timedelta, note: str = "") -> str | None:
        """Take the lock, also again, and also from a holder that has shown no sign of life until it expired.

        Returns:
            None, or who holds it.
        """
        row = {"owner": owner, "heartbeat_at": now, "expires_at": now + ttl, "note": note}
        with self._database.write() as connection:
            present = _holder(connection)
            if present is not None and present.owner != owner and present.expires_at > now:
                return str(present)
            insert = self._database.insert(run_lock).values(name=NAME, **row)
            connection.execute(insert.on_conflict_do_update(index_elements=["name"], set_=row))
        return None

    def heartbeat(self, owner: str, now: datetime, ttl: timedelta) -> bool:
        """Show a sign of life.

        Returns:
            Whether the lock is still the owner's.
        """
        change = sa.update(run_lock).where(run_lock.c.name == NAME, run_lock.c.owner == owner)
        with self._database.write() as connection:
            return connection.execute(change.values(heartbeat_at=now, expires_at=now + ttl)).rowcount == 1

    def release(self, owner: str) -> None:
        """Give the lock back; another's lock stays."""
        with self._database.write() as connection:
            connection.execute(sa.delete(run_lock).where(run_lock.c.name == NAME, run_lock.c.owner == owner))

    def holder(self, now: datetime) -> Holder | None:
        """Tell who holds the lock; an expired one holds nothing."""
        with self._database.read() as connection:
            present = _holder(connection)
        return present if present is not None and present.expires_at > now else None


def _holder(connection: sa.Connection) -> Holder | None:
    columns = (run_lock.c.owner, run_lock.c.note, run_lock.c.heartbeat_at, run_lock.c.expires_at)
    row = connection.execute(sa.select(*columns).where(run_lock.c.name == NAME)).first()
    return None if row is None else Holder(row.owner, row.note, row.heartbeat_at, row.expires_at)
