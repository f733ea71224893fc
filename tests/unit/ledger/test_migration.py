from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from salesmanago_sync.errors import ConfigurationError, RetriableError
from salesmanago_sync.ledger.migration import MIGRATIONS, VERSION_TABLE, is_current, newest
from salesmanago_sync.ledger.store import Ledger
from salesmanago_sync.ledger.tables import metadata


def test_the_migrations_make_the_tables_that_the_code_knows(ledger: Ledger) -> None:
    # SQLite reports an empty default in other words than it was given.
    defaults = not ledger._database.is_sqlite
    options = {"version_table": VERSION_TABLE, "compare_type": True, "compare_server_default": defaults}
    with ledger._database.read() as connection:
        assert compare_metadata(MigrationContext.configure(connection, opts=options), metadata) == []


def test_opening_again_keeps_everything(ledger: Ledger, url: str, noon: datetime) -> None:
    assert is_current(ledger._database)
    ledger.mapping_state.keep("Lead", "abc", noon)
    again = Ledger.open(url)
    assert list(again.mapping_state.read()) == ["Lead"]
    again.close()


def test_the_newest_migration_is_known_by_its_file() -> None:
    assert newest() == ScriptDirectory(str(MIGRATIONS)).get_current_head()


def test_a_ledger_of_another_version_is_not_taken_for_current(ledger: Ledger) -> None:
    with ledger._database.write() as connection:
        connection.execute(sa.text(f"UPDATE {VERSION_TABLE} SET version_num = '0007'"))  # noqa: S608
    assert not is_current(ledger._database)


def test_a_migration_that_fails_leaves_no_table(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("alembic.op.create_index", lambda *_, **__: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        Ledger.open(url)
    monkeypatch.undo()
    engine = sa.create_engine(url.replace("postgresql:", "postgresql+psycopg2:"))
    assert sa.inspect(engine).get_table_names() == []
    engine.dispose()
    Ledger.open(url).close()


def test_a_password_is_never_shown(tmp_path: Path) -> None:
    with pytest.raises(RetriableError, match="does not answer") as caught:
        Ledger.open(f"postgres://user:s3cret@/none?host={tmp_path}")
    assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("nonsense s3cret", "is no database URL"),
        ("mysql://user:s3cret@host/name", "unsupported kind 'mysql'"),
        ("sqlite:////no/such/s3cret-free/folder.db", "folder of /no/such"),
    ],
)
def test_a_wrong_address_is_a_fault_of_the_connection(text: str, told: str) -> None:
    with pytest.raises(ConfigurationError, match=told) as caught:
        Ledger.open(text)
    assert "s3cret@" not in str(caught.value)


def test_the_address_is_shown_without_its_password(ledger: Ledger, url: str) -> None:
    assert ledger.url.split(":")[0].startswith(url.split(":")[0])
