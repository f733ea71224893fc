"""Org answers: what Salesforce said of itself, remembered for runs that come shortly after."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from salesmanago_sync.ledger.engine import Database
from salesmanago_sync.ledger.tables import org_answers


class OrgAnswers:
    """The table of these answers; the last one counts."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def read(self, about: str, since: datetime) -> dict[str, Any] | None:
        """Read what was said about something since a moment; None where it was not asked, or about something else."""
        query = sa.select(org_answers.c.answers).where(org_answers.c.about == about, org_answers.c.at >= since)
        with self._database.read() as connection:
            found = connection.execute(query).scalar()
        return None if found is None else dict(found)

    def read_last(self) -> dict[str, Any] | None:
        """Read what was said last, to whomever."""
        with self._database.read() as connection:
            found = connection.execute(sa.select(org_answers.c.answers)).scalar()
        return None if found is None else dict(found)

    def keep(self, about: str, answers: Mapping[str, Any], now: datetime) -> None:
        """Remember what was said, instead of what was said before."""
        with self._database.write() as connection:
            connection.execute(sa.delete(org_answers))
            connection.execute(sa.insert(org_answers).values(about=about, answers=dict(answers), at=now))

    def drop(self) -> None:
        """Forget what was said: the next run asks anew."""
        with self._database.write() as connection:
            connection.execute(sa.delete(org_answers))
