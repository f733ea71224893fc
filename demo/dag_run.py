"""One run of a DAG: started, followed, and read when it has ended."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from demo.errors import DemoError

if TYPE_CHECKING:
    from collections.abc import Callable

    from demo.airflow_api import AirflowApi

REPORT_TASK = "report"
FINISHED = ("success", "failed")
FINE = ("success", "skipped")
BUSY = ("running", "up_for_retry", "deferred")
POLL_SECONDS = 1.0
# Starting a task takes seconds; when none runs and none starts for this long, none will.
STALLED_SECONDS = 180.0


@dataclass(frozen=True)
class DagRun:
    """A finished run.

    Attributes:
        dag: The id of its DAG.
        state: success or failed.
        tasks: Every task instance, as Airflow's API tells of it.
        totals: What the report task counted: rows, issues and a note; empty when it did not get that far.
    """

    dag: str
    run_id: str
    state: str
    tasks: list[dict[str, Any]]
    totals: dict[str, Any] = field(default_factory=dict)

    def bad_tasks(self) -> list[dict[str, Any]]:
        """Return the tasks that neither went through nor were skipped."""
        return [task for task in self.tasks if task["state"] not in FINE]

    def issues(self) -> dict[str, int]:
        """Return the number of open issues by reason."""
        return {issue["reason"]: issue["count"] for issue in self.totals.get("issues", [])}

    def written(self) -> int:
        """Return how many records the run says it created or updated."""
        return sum(row["created"] + row["updated"] for row in self.totals.get("rows", []))


def follow(api: AirflowApi, dag: str, show: Callable[[list[dict[str, Any]]], None]) -> DagRun:
    """Trigger a DAG and return its run when it has ended, showing the tasks every second."""
    api.wait_for_dag(dag)
    run = api.trigger(dag)
    alive, before = time.monotonic(), Counter[str]()
    while True:
        state = api.run_state(dag, run)  # read first, so that the tasks are at least as new as the state
        tasks = api.task_instances(dag, run)
        show(tasks)
        if state in FINISHED:
            return DagRun(dag, run, state, tasks, api.xcom(dag, run, REPORT_TASK, "totals") or {})
        now = Counter(str(task["state"]) for task in tasks)
        if now != before or any(now[name] for name in BUSY):
            alive, before = time.monotonic(), now
        elif time.monotonic() - alive > STALLED_SECONDS:
            raise DemoError(f"No task of {dag} has started for {STALLED_SECONDS:.0f} s.")
        time.sleep(POLL_SECONDS)
