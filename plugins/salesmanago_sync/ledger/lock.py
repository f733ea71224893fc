"""The lock that lets one run work at a time, over all DAGs and machines.

Whoever takes it gets the number of a new attempt. The numbers only grow, and one of them is current at most: a task
that works under another one has been overtaken and stops.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

from salesmanago_sync.ledger.engine import Database
from salesmanago_sync.ledger.tables import run_lock

NAME = "sync"
# The owner of a lock that is free; its row stays, because it holds the last number.
NOBODY = ""


@dataclass(frozen=True, slots=True)
class Holder:
    """Who holds the lock.

    Attributes:
        owner: The run.
        note: What it said about itself.
        attempt: The number it works under.
        heartbeat_at: Its last sign of life.
        expires_at: When anybody may take the lock over.
    """

    owner: str
    note: str
    attempt: int
    heartbeat_at: datetime
    expires_at: datetime

    def __str__(self) -> str:
        return f"{self.owner} ({self.note})" if self.note else self.owner


class Lock:
    """The row of the lock."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def take(self, owner: str, now: datetime, ttl: timedelta, note: str = "", ended: int | None = None) -> int | Holder:
        """Take the lock for a new attempt; also again, and also from a holder that has expired.

        Args:
            owner: The run.
            now: The time.
            ttl: How long the lock outlives the last sign of life.
            note: A word about the run for others who wait.
            ended: An attempt that is known to have ended without giving the lock back.

        Returns:
            The number of the attempt, or who holds the lock.
        """
        row = {"owner": owner, "heartbeat_at": now, "expires_at": now + ttl, "note": note}
        with self._database.write() as connection:
            present = _row(connection)
            if present is not None and _keeps(present, owner, now) and present.attempt != ended:
                return present
            attempt = 1 if present is None else present.attempt + 1
            insert = self._database.insert(run_lock).values(name=NAME, attempt=attempt, **row)
            set_ = {**row, "attempt": attempt}
            connection.execute(insert.on_conflict_do_update(index_elements=["name"], set_=set_))
        return attempt

    def beat(self, attempt: int, now: datetime, ttl: timedelta) -> bool:
        """Show a sign of life.

        Returns:
            Whether the attempt is still the current one.
        """
        with self._database.write() as connection:
            return connection.execute(_of(attempt).values(heartbeat_at=now, expires_at=now + ttl)).rowcount == 1

    def free(self, attempt: int) -> bool:
        """Give the lock back; another attempt's lock stays.

        Returns:
            Whether the attempt had been the current one.
        """
        with self._database.write() as connection:
            return connection.execute(_of(attempt).values(owner=NOBODY, note="")).rowcount == 1

    def is_current(self, attempt: int) -> bool:
        """Tell whether an attempt still holds the lock, expired or not."""
        with self._database.read() as connection:
            present = _row(connection)
        return present is not None and present.owner != NOBODY and present.attempt == attempt

    def holder(self, now: datetime) -> Holder | None:
        """Tell who holds the lock; an expired one holds nothing."""
        with self._database.read() as connection:
            present = _row(connection)
        return present if present is not None and present.owner != NOBODY and present.expires_at > now else None

    def last_attempt(self) -> int:
        """Say which number was given last; 0 before the first."""
        with self._database.read() as connection:
            present = _row(connection)
        return 0 if present is None else present.attempt


def _keeps(present: Holder, owner: str, now: datetime) -> bool:
    """Tell whether the lock is somebody else's."""
    return present.owner not in (owner, NOBODY) and present.expires_at > now


def _of(attempt: int) -> sa.Update:
    return sa.update(run_lock).where(run_lock.c.name == NAME, run_lock.c.attempt == attempt, run_lock.c.owner != NOBODY)


def _row(connection: sa.Connection) -> Holder | None:
    columns = (run_lock.c.owner, run_lock.c.note, run_lock.c.attempt, run_lock.c.heartbeat_at, run_lock.c.expires_at)
    row = connection.execute(sa.select(*columns).where(run_lock.c.name == NAME)).first()
    return None if row is None else Holder(*row)
