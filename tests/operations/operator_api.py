"""What a person does to runs in Airflow's UI, by the requests that the UI makes."""

from __future__ import annotations

import time
from typing import Any

from demo.airflow_api import AirflowApi
from demo.airflow_process import PASSWORD, USER, Airflow
from demo.errors import DemoError

WAIT_SECONDS = 600.0
POLL_SECONDS = 0.5


class OperatorApi(AirflowApi):
    """Airflow's REST API, with everything a person may do to a run."""

    def __init__(self, airflow: Airflow) -> None:
        super().__init__(airflow.url.replace("localhost", "127.0.0.1"), USER, PASSWORD)

    def run(self, dag: str) -> str:
        """Start the DAG and wait for its end; return the run's id."""
        run = self.trigger(dag)
        self.ended(dag, run)
        return run

    def trigger_for(self, dag: str, **params: Any) -> str:
        """Start the DAG with Params and return the run's id."""
        run: str = self._request("POST", f"dags/{dag}/dagRuns", json={"logical_date": None, "conf": params})[
            "dag_run_id"
        ]
        return run

    def question(self, dag: str, run: str) -> dict[str, Any] | None:
        """Read the question of a run, as the page Required Actions shows it; none before it is asked."""
        path = f"dags/{dag}/dagRuns/{run}/taskInstances/ask/-1/hitlDetails"
        found: dict[str, Any] | None = self._request("GET", path, missing_is_none=True)
        return found

    def answer(self, dag: str, run: str, option: str, **chosen: Any) -> None:
        """Answer the question of a run, as that page does."""
        path = f"dags/{dag}/dagRuns/{run}/taskInstances/ask/-1/hitlDetails"
        try:
            self._request("PATCH", path, json={"chosen_options": [option], "params_input": chosen})
        except DemoError:
            # Airflow may have kept an answer that it refused because its SQLite was busy: sent again, it is the second.
            if (self.question(dag, run) or {}).get("chosen_options") != [option]:
                raise

    def ended(self, dag: str, run: str) -> str:
        """Wait until a run has ended, and none of its tasks is at work; return its state."""
        deadline = time.monotonic() + WAIT_SECONDS
        while time.monotonic() < deadline:
            state = self.run_state(dag, run)
            tasks = self.task_instances(dag, run)
            if state in ("success", "failed") and all(task["state"] not in ACTIVE for task in tasks):
                return state
            time.sleep(POLL_SECONDS)
        raise AssertionError(f"{run} has not ended: {self.states(dag, run)}")

    def reached(self, dag: str, run: str, task: str, state: str = "running") -> dict[str, Any]:
        """Wait until a task is in a state."""
        deadline = time.monotonic() + WAIT_SECONDS
        while time.monotonic() < deadline:
            for one in self.task_instances(dag, run):
                if (one["task_id"], one["state"]) == (task, state):
                    return one
            time.sleep(POLL_SECONDS)
        raise AssertionError(f"{task} never was {state}: {self.states(dag, run)}")

    def states(self, dag: str, run: str) -> dict[str, str]:
        """Read the state of each task; of a mapped one the last."""
        return {one["task_id"]: str(one["state"]) for one in self.task_instances(dag, run)}

    def log(self, dag: str, run: str, task: str) -> str:
        """Read what the last try of a task logged."""
        [first, *_] = [one for one in self.task_instances(dag, run) if one["task_id"] == task]
        return "\n".join(self.task_log(dag, run, first))

    def set_failed(self, dag: str, run: str) -> None:
        """Set a run to failed, as the UI does."""
        self._request("PATCH", f"dags/{dag}/dagRuns/{run}", json={"state": "failed"})

    def mark_success(self, dag: str, run: str, task: dict[str, Any]) -> None:
        """Mark a task as success by hand."""
        place = f"dags/{dag}/dagRuns/{run}/taskInstances/{task['task_id']}"
        if task["map_index"] >= 0:
            place += f"/{task['map_index']}"
        self._request("PATCH", place, json={"new_state": "success"})

    def clear_failed(self, dag: str, run: str) -> None:
        """Clear the failed tasks of a run, as the button *Clear only failed tasks* does."""
        self._request("POST", f"dags/{dag}/dagRuns/{run}/clear", json={"dry_run": False, "only_failed": True})

    def clear_task(self, dag: str, run: str, task: str, *, downstream: bool) -> None:
        """Clear one task, with or without what comes after it; Airflow adds its setup and its teardowns."""
        what = {"dry_run": False, "dag_run_id": run, "task_ids": [task], "only_failed": False}
        what["include_downstream"] = downstream
        self._request("POST", f"dags/{dag}/clearTaskInstances", json=what)

    def clear_all(self, dag: str, run: str) -> None:
        """Clear a whole run."""
        self._request("POST", f"dags/{dag}/dagRuns/{run}/clear", json={"dry_run": False, "only_failed": False})


ACTIVE = {"running", "queued", "scheduled", "restarting", "up_for_reschedule", "deferred"}
