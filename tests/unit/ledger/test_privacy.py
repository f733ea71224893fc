"""What the ledger's database says when it fails: kinds and codes, never a row."""

from __future__ import annotations

import logging
from datetime import datetime
from pathlib import Path

import pandas as pd
import pytest
import sqlalchemy as sa

from salesmanago_sync.errors import RetriableError, SyncError, UnexpectedError
from salesmanago_sync.ledger.store import Ledger
from salesmanago_sync.ledger.tables import bindings, issues

SECRET = "Jan Kowalski"


def fail(ledger: Ledger, kind: str) -> None:
    with ledger._database.write() as connection:
        if kind == "missing":
            connection.execute(sa.insert(issues), [{"object": SECRET, "text": SECRET}])
        elif kind == "twice":
            row = {"object": "Lead", "salesforce_id": SECRET, "salesmanago_id": SECRET, "matched_by": SECRET}
            connection.execute(sa.insert(bindings), [row, row])
        elif kind == "wrong statement":
            connection.execute(sa.text("SELECT nothing FROM nowhere WHERE name = :name"), {"name": SECRET})
        else:
            row = {"object": SECRET, "reason": SECRET, "first_seen": datetime(2026, 1, 1)}  # noqa: DTZ001
            connection.execute(sa.insert(issues), [row])


@pytest.mark.parametrize("kind", ["missing", "twice", "wrong statement"])
def test_a_refused_statement_repeats_no_value(ledger: Ledger, kind: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with pytest.raises(SyncError) as caught:
        fail(ledger, kind)
    assert isinstance(caught.value, RetriableError | UnexpectedError)
    assert SECRET not in f"{caught.value!r} {caught.value}"
    assert caught.value.__cause__ is None
    assert SECRET not in caplog.text


def test_parameters_are_hidden_where_the_fault_is_ours(ledger: Ledger) -> None:
    with pytest.raises(sa.exc.StatementError, match="parameters hidden"):
        fail(ledger, "moment without a time zone")


def test_statements_and_rows_are_in_no_log(
    ledger: Ledger, pairs: pd.DataFrame, noon: datetime, caplog: pytest.LogCaptureFixture
) -> None:
    for name in (None, "sqlalchemy", "sqlalchemy.engine", "sqlalchemy.pool"):
        caplog.set_level(logging.DEBUG, logger=name)
    ledger.bindings.add(pairs.assign(base=f'{{"name": ["{SECRET}", null]}}'), 1, noon)
    assert len(ledger.bindings.read()) == len(pairs)
    assert SECRET not in caplog.text


def test_a_full_disk_is_told_with_what_to_do(tmp_path: Path, noon: datetime) -> None:
    ledger = Ledger.open(f"sqlite:///{tmp_path / 'ledger.db'}")
    with ledger._database.read() as connection:
        used = connection.exec_driver_sql("PRAGMA page_count").scalar_one()

    def limit(connection: object, *_: object) -> None:
        connection.execute(f"PRAGMA max_page_count = {used}")  # type: ignore[attr-defined]

    sa.event.listen(ledger._database.engine, "connect", limit)
    ledger._database.engine.dispose()
    rows = pd.DataFrame({"object": ["Lead"] * 500, "salesforce_id": [f"{n}{SECRET}" for n in range(500)]})
    rows = rows.assign(salesmanago_id=rows["salesforce_id"], matched_by="email")
    with pytest.raises(RetriableError, match="disk is full") as caught:
        ledger.bindings.add(rows, 1, noon)
    assert SECRET not in str(caught.value)
    ledger.close()


def test_a_secret_in_the_query_of_the_address_is_not_shown(tmp_path: Path) -> None:
    with pytest.raises(RetriableError) as caught:
        Ledger.open(f"postgresql://user@/none?host={tmp_path}&password=s3cret")
    assert "s3cret" not in str(caught.value)


def test_the_file_of_the_ledger_is_private(tmp_path: Path, pairs: pd.DataFrame, noon: datetime) -> None:
    folder, file = tmp_path / "own", tmp_path / "own" / "ledger.db"
    folder.mkdir()
    ledger = Ledger.open(f"sqlite:///{file}")
    ledger.bindings.add(pairs, 1, noon)
    assert {path.name: path.stat().st_mode & 0o777 for path in folder.iterdir()} == {
        path.name: 0o600 for path in folder.iterdir()
    }
    ledger.close()
    for given, kept in ((0o664, 0o600), (0o660, 0o660)):
        file.chmod(given)
        Ledger.open(f"sqlite:///{file}").close()
        assert file.stat().st_mode & 0o777 == kept, "a group alone was meant"
