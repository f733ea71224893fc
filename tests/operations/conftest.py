"""A whole Airflow with the LocalExecutor and the twin, for what people do to runs while they work."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from demo.airflow_process import PROJECT, Airflow, clean_environment
from demo.child_process import ProcessGroup
from demo.twin_process import Twin
from salesmanago_sync.ledger.store import Ledger
from tests.operations.operator_api import OperatorApi
from tests.twin_server import Control

FULL, INCREMENTAL = "salesmanago_full_sync", "salesmanago_incremental_sync"
SETTLED_SECONDS = 120
# More than that in one run, and it asks.
MOST_CREATED = 3
KEPT = PROJECT / ".test" / "operations"


def lead(control: Control, name: str) -> str:
    fields = {"LastName": "Nowak", "Company": "Nowak i Synowie", "Email": f"{name}@example.com"}
    return str(control.post("/salesforce/Lead", fields)["ids"][0])


def settle(control: Control) -> None:
    control.post("/clock", {"advance": SETTLED_SECONDS})


def last_run(ledger: Ledger) -> dict[str, Any]:
    run: dict[str, Any] = ledger.runs.read_newest(1).to_dict("records")[0]
    return run


@pytest.fixture(scope="module")
def folder() -> Path:
    """Where everything is written; it stays, with the logs, until the next time."""
    shutil.rmtree(KEPT, ignore_errors=True)
    (KEPT / "logs").mkdir(parents=True)
    return KEPT


@pytest.fixture(scope="module")
def processes(folder: Path) -> Iterator[ProcessGroup]:
    with ProcessGroup() as group:
        yield group


@pytest.fixture(scope="module")
def twin(processes: ProcessGroup, folder: Path) -> Twin:
    return Twin(processes, clean_environment(), folder / "logs", "leads=0")


@pytest.fixture(scope="module")
def control(twin: Twin) -> Iterator[Control]:
    made = Control(twin.ready["control"])
    yield made
    made.close()


@pytest.fixture(scope="module")
def api(processes: ProcessGroup, folder: Path, twin: Twin) -> OperatorApi:
    settings = {"SALESMANAGO_SYNC_ASK": "limits", "SALESMANAGO_SYNC_LIMIT_CREATES": str(MOST_CREATED)}
    started = Airflow(processes, folder, twin.connections, twin.ready["ca"], PROJECT / "dags", settings)
    started.start()
    return OperatorApi(started)


@pytest.fixture
def ledger(folder: Path) -> Iterator[Ledger]:
    opened = Ledger.open(f"sqlite:///{folder}/airflow/salesmanago_sync_ledger.db")
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def anna(api: OperatorApi, control: Control) -> str:
    """The first full sync is done, and this Lead was in it."""
    made = lead(control, "anna")
    settle(control)
    for dag in (FULL, INCREMENTAL):
        api.wait_for_dag(dag)
    assert api.ended(FULL, api.run(FULL)) == "success"
    return made
