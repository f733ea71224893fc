"""A real Airflow with a metadata database of its own, and runs of the sync in it against the twin."""

from __future__ import annotations

import json
import logging
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.integration.direct import Direct
from tests.integration.sync import Sync
from tests.integration.walk import Walked
from tests.postgres import empty_postgres, postgres
from tests.twin_server import TwinServer

__all__ = ["empty_postgres", "postgres"]

# What a person who runs the tests may have set for a sync of his own.
FOREIGN = ("SALESMANAGO_SYNC_", "AIRFLOW_CONN_", "AIRFLOW_VAR_")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Airflow's own warnings are Airflow's affair."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.filterwarnings("ignore"))


@pytest.fixture(scope="session")
def airflow() -> None:
    """Airflow's metadata database, migrated."""
    command = [Path(sys.executable).parent / "airflow", "db", "migrate"]
    made = subprocess.run(command, capture_output=True, text=True, check=False)
    if made.returncode:
        raise RuntimeError(made.stderr)


@pytest.fixture
def read_log(capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture) -> Callable[[], str]:
    """Takes what was printed and logged since the last time."""
    caplog.set_level(logging.INFO)

    def taken() -> str:
        logged = caplog.text
        caplog.clear()
        return logged + "".join(capfd.readouterr())

    return taken


@pytest.fixture
def sync(
    request: pytest.FixtureRequest, twin: TwinServer, empty_ledger: Path, tmp_path: Path, read_log: Callable[[], str]
) -> Iterator[Sync]:
    """The sync, connected to an empty twin, with an empty ledger and no history.

    Its tasks are walked (`walk.py`); a test with the mark `airflow` runs them in a real Airflow.
    """
    kind: type[Sync] = Walked
    shutil.copy(empty_ledger, tmp_path / "ledger.db")
    if request.node.get_closest_marker("airflow"):
        request.getfixturevalue("airflow")
        kind = Sync
    with opened(twin, f"sqlite:///{tmp_path / 'ledger.db'}", tmp_path, kind) as made:
        made.read_log = read_log
        yield made


@pytest.fixture(scope="session")
def empty_ledger(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A ledger with tables and no rows, to be copied."""
    from salesmanago_sync.ledger.store import Ledger

    path = tmp_path_factory.mktemp("ledger") / "empty.db"
    Ledger.open(f"sqlite:///{path}").close()
    return path


@pytest.fixture
def direct(twin: TwinServer, empty_ledger: Path, tmp_path: Path) -> Iterator[Direct]:
    """The steps of the sync without Airflow, between an empty twin and an empty ledger."""
    made = Direct(twin, tmp_path, empty_ledger)
    yield made
    made.close()


@contextmanager
def opened(twin: TwinServer, ledger_url: str, folder: Path, kind: type[Sync] = Sync) -> Iterator[Sync]:
    """Connect the sync to the twin."""
    environment = {
        "REQUESTS_CA_BUNDLE": twin.ca,
        "NO_PROXY": "localhost,127.0.0.1",
        "SALESMANAGO_SYNC_REQUESTS_PER_SECOND": "500",
        "SALESMANAGO_SYNC_ASK": "limits",
        "SALESMANAGO_SYNC_STAGING": str(folder / "staging"),
        "AIRFLOW_CONN_SYNC_LEDGER": ledger_url,
    }
    for conn_id, connection in twin.connections.items():
        environment[f"AIRFLOW_CONN_{conn_id.upper()}"] = json.dumps(connection)
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith(FOREIGN)]:
            patch.delenv(name)
        for name, value in environment.items():
            patch.setenv(name, value)
        with kind(twin, ledger_url, folder, patch) as made:
            yield made
