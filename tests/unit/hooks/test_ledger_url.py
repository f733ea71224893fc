from __future__ import annotations

import json
from pathlib import Path

import pytest

from salesmanago_sync.hooks.ports import ledger_url
from salesmanago_sync.ledger.engine import address
from salesmanago_sync.pair import FIRST

VARIABLE = "AIRFLOW_CONN_SYNC_LEDGER"


@pytest.mark.parametrize("name", ["ledger.db", "with space.db", "50%41.db", "żółć/ledger.db"])
def test_a_file_is_the_one_that_the_connection_names(
    name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    file = str(tmp_path / name)
    monkeypatch.setenv(VARIABLE, json.dumps({"conn_type": "sqlite", "schema": file}))
    assert address(ledger_url(FIRST)).database == file


def test_a_file_may_be_named_by_a_uri(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "sqlite:////folder/ledger.db")
    assert address(ledger_url(FIRST)).database == "/folder/ledger.db"


def test_a_server_keeps_every_part(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "postgresql://ledger:p%40ss%2Fw%3Ard@db.example.com:5433/the%20ledger?sslmode=require")
    url = address(ledger_url(FIRST))
    assert (url.drivername, url.username, url.password) == ("postgresql+psycopg2", "ledger", "p@ss/w:rd")
    assert (url.host, url.port, url.database) == ("db.example.com", 5433, "the ledger")
    assert dict(url.query) == {"sslmode": "require"}


def test_without_a_connection_it_is_a_file_in_the_airflow_home(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)
    assert Path(address(ledger_url(FIRST)).database or "").name == "salesmanago_sync_ledger.db"
