"""Bring the database of the ledger to the tables that this version needs."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import sqlalchemy as sa

from salesmanago_sync.ledger.engine import Database

VERSION_TABLE = "salesmanago_sync_version"
MIGRATIONS = Path(__file__).parent / "migrations"
_versions = sa.table(VERSION_TABLE, sa.column("version_num"))


@cache
def newest() -> str:
    """The revision that this version needs: each file of migrations begins with its own."""
    return max(file.name for file in (MIGRATIONS / "versions").glob("[0-9]*.py")).partition("_")[0]


def is_current(database: Database) -> bool:
    """Tell whether nothing is to migrate. Every task asks."""
    with database.read() as connection:
        known = sa.inspect(connection).has_table(VERSION_TABLE)
        return known and connection.scalars(sa.select(_versions.c.version_num)).all() == [newest()]


def migrate(database: Database) -> None:
    """Migrate to the newest tables, in one transaction, while no one else writes."""
    if is_current(database):
        return
    # Few ever come here, and importing it takes as long as opening a ledger many times.
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    with database.write() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
