"""Bring the database of the ledger to the tables that this version needs."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from salesmanago_sync.ledger.engine import Database

VERSION_TABLE = "salesmanago_sync_version"


@cache
def _scripts() -> Path:
    return Path(__file__).parent / "migrations"


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(_scripts()).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config


def is_current(database: Database) -> bool:
    """Tell whether nothing is to migrate."""
    with database.read() as connection:
        context = MigrationContext.configure(connection, opts={"version_table": VERSION_TABLE})
        present = context.get_current_revision()
    return present == ScriptDirectory.from_config(_config()).get_current_head()


def migrate(database: Database) -> None:
    """Migrate to the newest tables, in one transaction, while no one else writes."""
    if is_current(database):
        return
    config = _config()
    with database.write() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
