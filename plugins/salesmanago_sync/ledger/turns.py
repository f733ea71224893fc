"""Turns: the requests to SALESmanago of all tasks, one after the other, so that they share one rate."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa

from salesmanago_sync.ledger.engine import Database
from salesmanago_sync.ledger.tables import turns

NAME = "salesmanago"
# A turn that is further away was given by a clock that went wrong.
FURTHEST_SECONDS = 600.0


class Turns:
    """The row that says when the next turn is free."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def reserve(self, count: int, every: float, now: datetime) -> float:
        """Reserve turns that nobody else gets.

        Args:
            count: How many.
            every: Seconds from one turn to the next.
            now: The time.

        Returns:
            In how many seconds the first of them comes.
        """
        moment, span = now.timestamp(), count * every
        return self._move(moment, span, _free(moment) + span) - span - moment

    def pause(self, seconds: float, now: datetime) -> None:
        """Give nobody a turn for some time; turns that were given stay."""
        moment, until = now.timestamp(), now.timestamp() + seconds
        self._move(moment, seconds, sa.case((_free(moment) > until, _free(moment)), else_=until))

    def _move(self, moment: float, span: float, to: sa.ColumnElement[float]) -> float:
        insert = self._database.insert(turns).values(name=NAME, next_at=moment + span)
        upsert = insert.on_conflict_do_update(index_elements=["name"], set_={"next_at": to}).returning(turns.c.next_at)
        with self._database.write(alone=False) as connection:
            return float(connection.execute(upsert).scalar_one())


def _free(moment: float) -> sa.ColumnElement[float]:
    """Say when the next turn is free: now, where none was given lately."""
    ahead = turns.c.next_at.between(moment, moment + FURTHEST_SECONDS)
    return sa.case((ahead, turns.c.next_at), else_=moment)
