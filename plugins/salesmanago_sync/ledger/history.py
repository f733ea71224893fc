"""History: what the ledger remembers of single people, over all runs."""

from __future__ import annotations

from collections.abc import Collection

import pandas as pd
import sqlalchemy as sa

from salesmanago_sync.ledger.choices import choice_columns, with_choices
from salesmanago_sync.ledger.engine import Database
from salesmanago_sync.ledger.frames import select_frame
from salesmanago_sync.ledger.tables import binding_events, bindings, changes, issues, runs

# The newest of them: a field that is written to and fro can have thousands.
MOST_CHANGES = 500


class History:
    """Questions about single people; every id is given in the spelling of the ledger."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def changes_of(self, salesforce_ids: Collection[str], salesmanago_ids: Collection[str]) -> pd.DataFrame:
        """Read what past runs planned for people, and what became of it, oldest first.

        Args:
            salesforce_ids: Their records.
            salesmanago_ids: Their contacts.

        Returns:
            Every column of the table, and of its run `mode` and `dry_run`.
        """
        # Named run by run, so that the index on run and ids is used.
        of_run = changes.c.run_id.in_(sa.select(runs.c.id))
        query = (
            sa.select(changes, runs.c.mode, runs.c.dry_run)
            .join(runs, runs.c.id == changes.c.run_id)
            .where(of_run, _theirs(changes, salesforce_ids, salesmanago_ids))
            .order_by(changes.c.id.desc())
            .limit(MOST_CHANGES)
        )
        with self._database.read() as connection:
            return select_frame(connection, query).iloc[::-1].reset_index(drop=True)

    def issues_of(self, salesforce_ids: Collection[str], salesmanago_ids: Collection[str]) -> pd.DataFrame:
        """Read the issues of people, closed and dismissed ones too, with what was decided about them."""
        theirs = _theirs(issues, salesforce_ids, salesmanago_ids)
        query = sa.select(*issues.c, *choice_columns()).select_from(with_choices()).where(theirs).order_by(issues.c.id)
        with self._database.read() as connection:
            return select_frame(connection, query)

    def knows_contact(self, salesmanago_id: str) -> bool:
        """Tell whether a contact was ever read about or written by the sync."""
        tables = (bindings, issues, changes, binding_events)
        query = sa.select(sa.or_(*(sa.exists().where(table.c.salesmanago_id == salesmanago_id) for table in tables)))
        with self._database.read() as connection:
            return bool(connection.execute(query).scalar_one())


def _theirs(
    table: sa.Table, salesforce_ids: Collection[str], salesmanago_ids: Collection[str]
) -> sa.ColumnElement[bool]:
    """Rows of a record, and rows of a contact from before it had a record."""
    alone = sa.and_(table.c.salesforce_id == "", table.c.salesmanago_id.in_(list(salesmanago_ids)))
    return sa.or_(table.c.salesforce_id.in_(list(salesforce_ids)), alone)
