"""Decisions: what people decided about records and issues, and who they were. Rows are never changed."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import datetime
from typing import Literal

import pandas as pd
import sqlalchemy as sa

from salesmanago_sync.ledger.engine import Database
from salesmanago_sync.ledger.frames import select_frame
from salesmanago_sync.ledger.tables import decisions

Action = Literal["dismiss", "retry", "decide", "forget", "approve", "reject"]


class Decisions:
    """The table of decisions."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, action: Action, who: str, about: Iterable[object], now: datetime) -> None:
        """Keep a decision.

        Args:
            action: What was decided.
            who: The user's name.
            about: Ids of records or numbers of issues; never an address.
            now: The time.
        """
        with self._database.write() as connection:
            insert_decision(connection, action, who, about, now)

    def read_newest(self, limit: int = 100) -> pd.DataFrame:
        """Read the newest decisions first."""
        with self._database.read() as connection:
            return select_frame(connection, sa.select(decisions).order_by(decisions.c.id.desc()).limit(limit))


def insert_decision(
    connection: sa.Connection, action: Action, who: str, about: Iterable[object], now: datetime
) -> None:
    """Keep a decision in a transaction that is open already."""
    row = {"action": action, "who": who, "about": json.dumps([str(one) for one in about]), "at": now}
    connection.execute(sa.insert(decisions).values(row))
