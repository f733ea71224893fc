"""The production topology, started as docker-compose.yaml says, goes through the loss of a worker."""

from __future__ import annotations

import subprocess
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from demo.dag_run import DagRun, follow
from demo.twin_process import RECORDS
from demo.verdict import full_sync_faults, incremental_sync_faults
from tests.cluster.topology import INTERPRETER, WORKERS, Topology

FULL_SYNC, INCREMENTAL_SYNC = "salesmanago_full_sync", "salesmanago_incremental_sync"
# More new Leads than one request to SALESmanago takes, so that a worker can be lost between two requests.
PEOPLE = "leads=150,contacts=40,person_accounts=20,salesmanago=60"
WRITING = "Lead to_salesmanago 1/1 of part 1"
VARIABLES = {
    "TWIN_PEOPLE": PEOPLE,
    "SALESMANAGO_SYNC_SCHEDULE": "none",
    "SALESMANAGO_SYNC_ASK": "never",
    "SALESMANAGO_SYNC_REQUESTS_PER_SECOND": "200",
    # A lost task is to be missed within the test's time; the file's own values are for production.
    "AIRFLOW_LOST_AFTER_SECONDS": "30",
    "AIRFLOW_RETRY_AFTER_SECONDS": "5",
}
UPSERT = "/api/contact/batchupsert"
# Long enough to see that a request is on its way; answered long before the next try begins.
SLOW = {"system": "salesmanago", "kind": "latency", "path": UPSERT, "times": None, "seconds": 8}

IMPORT_ALL = """
import importlib, pkgutil, salesmanago_sync
for module in pkgutil.walk_packages(salesmanago_sync.__path__, "salesmanago_sync."):
    if not module.name.endswith("migrations.env"):  # Alembic alone can run it
        importlib.import_module(module.name)
"""


class LostWorker:
    """Watches a run, and cuts the power of the worker that writes Leads, between its first and its last request.

    Attributes:
        hostname: The worker that was lost.
        programs: How many programs were lost with it.
        requests: How many requests of all writing tasks were answered until then.
    """

    def __init__(self, topology: Topology) -> None:
        self._topology = topology
        self._before: int | None = None
        self.hostname = ""
        self.programs = self.requests = 0

    def __call__(self, tasks: list[dict[str, Any]]) -> None:
        writing = [task for task in tasks if task["rendered_map_index"] == WRITING and task["state"] == "running"]
        if self.hostname or not writing:
            return
        answered = self._answered()
        self._before = answered if self._before is None else self._before
        self.requests = answered - self._before
        if self.requests:
            self.hostname = writing[0]["hostname"]
            self.programs = self._topology.containers[self.hostname].lose_power()
            self._topology.twin.delete("/faults")

    def _answered(self) -> int:
        calls = self._topology.twin.get("/calls")["by"]
        return sum(call["count"] for call in calls if call["path"] == UPSERT)


@pytest.fixture(scope="module")
def topology() -> Iterator[Topology]:
    with Topology(**VARIABLES) as started:
        yield started
    assert started.survivors() == []


def records(topology: Topology) -> dict[str, list[dict[str, Any]]]:
    return {path: topology.twin.get(f"/{path}") for path in RECORDS}


def twice(before: dict[str, list[dict[str, Any]]], after: dict[str, list[dict[str, Any]]]) -> dict[str, int]:
    """Count the addresses that a side has more often than before, and more than once."""
    found = {}
    for path, now in after.items():
        then, there = addresses(before[path]), addresses(now)
        found |= {f"{path} {a}": count for a, count in there.items() if count > max(1, then[a])}
    return found


def addresses(rows: list[dict[str, Any]]) -> Counter[str]:
    emails = (row.get("Email") or row.get("PersonEmail") or row.get("email") for row in rows)
    return Counter(email.lower() for email in emails if email)


@pytest.mark.timeout(900)
def test_a_run_outlives_a_worker_that_is_lost_while_it_writes(topology: Topology) -> None:
    seeded = {reason: count for reason, count in topology.twin.get("/seeded")["issues"].items() if count}
    before = records(topology)
    topology.twin.post("/faults", SLOW)
    lost = LostWorker(topology)

    full = follow(topology.api, FULL_SYNC, lost)

    assert lost.hostname in WORKERS, {task["task_id"]: task["state"] for task in full.tasks}
    assert lost.programs > 1
    assert not topology.containers[lost.hostname].is_healthy()
    (other,) = set(WORKERS) - {lost.hostname}
    (again,) = (task for task in full.tasks if task["rendered_map_index"] == WRITING)
    assert (again["state"], again["hostname"], again["try_number"]) == ("success", other, 2)
    assert full_sync_faults(full, seeded) == []
    assert twice(before, records(topology)) == {}
    settled = records(topology)
    incremental: DagRun = follow(topology.api, INCREMENTAL_SYNC, lambda tasks: None)
    assert incremental_sync_faults(incremental, seeded, settled, records(topology)) == []


@pytest.mark.parametrize("name", ["postgres", "redis", "api-server", "scheduler", "dag-processor", "triggerer", "twin"])
def test_a_health_check_of_the_file_sees_a_healthy_service(topology: Topology, name: str) -> None:
    assert topology.containers[name].is_healthy()


def test_the_image_has_what_the_package_imports() -> None:
    result = subprocess.run(
        [INTERPRETER / "bin" / "python", "-c", IMPORT_ALL], capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stderr
