"""What the demo asks of Airflow, through its public REST API."""

from __future__ import annotations

import time
from typing import Any

import requests

from demo.errors import DemoError

REQUEST_SECONDS = 30
PARSE_SECONDS = 180.0
DATABASE_ERROR = 500
MOST_REFUSED = 5
REFUSED_SECONDS = 2
QUESTION_ATTEMPTS = 5
COMPONENTS = ("metadatabase", "scheduler", "dag_processor", "triggerer")


class AirflowApi:
    """Airflow's REST API as one signed-in person."""

    def __init__(self, url: str, user: str, password: str) -> None:
        self._url = url
        self._log_in = {"username": user, "password": password}
        self._session = requests.Session()
        self._session.trust_env = False  # this machine needs neither proxy nor certificate

    def is_healthy(self) -> bool:
        """Tell whether every component reports a recent heartbeat."""
        try:
            health = self._session.get(f"{self._url}/api/v2/monitor/health", timeout=REQUEST_SECONDS).json()
        except (requests.ConnectionError, requests.Timeout, requests.JSONDecodeError):
            return False
        return all(health.get(name, {}).get("status") == "healthy" for name in COMPONENTS)

    def wait_for_dag(self, dag: str) -> None:
        """Wait until Airflow has read the DAG, and switch it on."""
        deadline = time.monotonic() + PARSE_SECONDS
        while self._request("GET", f"dags/{dag}", missing_is_none=True) is None:
            self._require_imports()
            if time.monotonic() > deadline:
                raise DemoError(f"Airflow has not found the DAG {dag} after {PARSE_SECONDS:.0f} s.")
            time.sleep(1)
        self._request("PATCH", f"dags/{dag}", json={"is_paused": False})

    def trigger(self, dag: str) -> str:
        """Start the DAG with its default Params and return the run's id."""
        run: str = self._request("POST", f"dags/{dag}/dagRuns", json={"logical_date": None})["dag_run_id"]
        return run

    def run_state(self, dag: str, run: str) -> str:
        """Return the state of a run: queued, running, success or failed."""
        state: str = self._request("GET", f"dags/{dag}/dagRuns/{run}")["state"]
        return state

    def task_instances(self, dag: str, run: str) -> list[dict[str, Any]]:
        """Return every task of a run, mapped ones one by one."""
        found: list[dict[str, Any]] = []
        while True:
            path = f"dags/{dag}/dagRuns/{run}/taskInstances?limit=100&offset={len(found)}"
            page = self._request("GET", path)
            found += page["task_instances"]
            if len(found) >= page["total_entries"] or not page["task_instances"]:
                return found

    def xcom(self, dag: str, run: str, task: str, key: str) -> Any:
        """Return what a task pushed, or None when it pushed nothing."""
        path = f"dags/{dag}/dagRuns/{run}/taskInstances/{task}/xcomEntries/{key}?deserialize=true"
        entry = self._request("GET", path, missing_is_none=True)
        return entry and entry["value"]

    def task_log(self, dag: str, run: str, task: dict[str, Any]) -> list[str]:
        """Return the lines that the last try of a task logged."""
        path = f"dags/{dag}/dagRuns/{run}/taskInstances/{task['task_id']}/logs/{task['try_number']}"
        answer = self._request("GET", f"{path}?map_index={task['map_index']}", missing_is_none=True)
        content = (answer or {}).get("content", [])
        return [_log_line(entry) if isinstance(entry, dict) else str(entry) for entry in content]

    def _require_imports(self) -> None:
        faults = self._request("GET", "importErrors")["import_errors"]
        if faults:
            texts = "\n".join(f"{fault['filename']}:\n{fault['stack_trace']}" for fault in faults)
            raise DemoError(f"Airflow cannot read a DAG file.\n{texts}")

    def _request(self, method: str, path: str, missing_is_none: bool = False, **arguments: Any) -> Any:
        if "Authorization" not in self._session.headers:
            self._sign_in()
        answer = self._answer(method, f"{self._url}/api/v2/{path}", **arguments)
        if answer.status_code == requests.codes.not_found and missing_is_none:
            return None
        if not answer.ok:
            raise DemoError(f"Airflow answered {method} {path} with {answer.status_code}: {answer.text[:500]}")
        return answer.json()

    def _answer(self, method: str, url: str, **arguments: Any) -> requests.Response:
        # A busy machine answers late. Asking again is harmless for a question; a trigger is sent once only.
        attempts = QUESTION_ATTEMPTS if method == "GET" else 1
        refused = 0
        while True:
            attempts -= 1
            try:
                answer = self._session.request(method, url, timeout=REQUEST_SECONDS, **arguments)
            except (requests.ConnectionError, requests.Timeout):
                if attempts == 0:
                    raise DemoError(f"Airflow did not answer {method} {url} within {REQUEST_SECONDS} s.") from None
                continue
            # Airflow's SQLite takes one writer at a time. What it refused so was rolled back: it may be sent again.
            if answer.status_code != DATABASE_ERROR or "Database error" not in answer.text or refused == MOST_REFUSED:
                return answer
            refused += 1
            attempts += 1
            time.sleep(REFUSED_SECONDS)

    def _sign_in(self) -> None:
        answer = self._session.post(f"{self._url}/auth/token", json=self._log_in, timeout=REQUEST_SECONDS)
        if not answer.ok:
            raise DemoError(f"Airflow refused the demo's log-in: {answer.status_code} {answer.text[:500]}")
        self._session.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"


def _log_line(entry: dict[str, Any]) -> str:
    errors = entry.get("error_detail") or []
    return "\n".join([entry["event"], *(f"  {error['exc_type']}: {error['exc_value']}" for error in errors)])
