"""What whole histories are played on, once a test process."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.histories.bench import PostgresStore, SqliteStore
from tests.histories.history import History, Player, play
from tests.postgres import postgres
from tests.twin_in_process import TwinInProcess

__all__ = ["postgres"]
Play = Callable[[History], Player]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What the sync warns of is not what a history is about."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.filterwarnings("ignore"))


@pytest.fixture(scope="session")
def inner_twin() -> TwinInProcess:
    return TwinInProcess()


@pytest.fixture(scope="session")
def sqlite_store(tmp_path_factory: pytest.TempPathFactory) -> SqliteStore:
    return SqliteStore(tmp_path_factory.mktemp("histories"))


@pytest.fixture(scope="session")
def postgres_store(postgres: str) -> PostgresStore:
    return PostgresStore(postgres)


@pytest.fixture
def play_on_sqlite(inner_twin: TwinInProcess, sqlite_store: SqliteStore, tmp_path: Path) -> Play:
    return lambda history: play(history, inner_twin, tmp_path, sqlite_store)


@pytest.fixture
def play_on_postgres(inner_twin: TwinInProcess, postgres_store: PostgresStore, tmp_path: Path) -> Play:
    return lambda history: play(history, inner_twin, tmp_path, postgres_store)
