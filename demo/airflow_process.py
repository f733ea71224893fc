"""A whole Airflow on this machine: scheduler, DAG processor, triggerer and API server, on an embedded SQLite."""

from __future__ import annotations

import base64
import json
import os
import secrets
import shlex
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from demo.airflow_api import AirflowApi
from demo.child_process import ChildProcess, ProcessGroup, free_port
from demo.errors import DemoError

if TYPE_CHECKING:
    from collections.abc import Mapping

PROJECT = Path(__file__).resolve().parent.parent
USER = "admin"
PASSWORD = "admin"  # noqa: S105 - serves this machine only, while the demo runs
UI_PORT = 8080
COMPONENTS = ("api-server", "scheduler", "dag-processor", "triggerer")
MIGRATE_SECONDS = 300.0
START_SECONDS = 300.0
# A person's own settings must not decide what the demo does.
FOREIGN_PREFIXES = ("AIRFLOW", "SALESMANAGO_SYNC_", "_AIRFLOW")
# This machine is never asked through a proxy; curl reads the lower case alone.
NO_PROXY = dict.fromkeys(("NO_PROXY", "no_proxy"), "localhost,127.0.0.1")


class Airflow:
    """A running Airflow.

    Attributes:
        url: Where its UI is.
        api: Its public REST API.
        settings: A file that gives a shell its settings and connections.
    """

    def __init__(
        self,
        processes: ProcessGroup,
        folder: Path,
        connections: Mapping[str, Any],
        ca: str,
        dags: Path,
        settings: Mapping[str, str] | None = None,
    ) -> None:
        self._processes = processes
        self._logs = folder / "logs"
        port = free_port(UI_PORT)
        self.url = f"http://localhost:{port}"
        self.api = AirflowApi(f"http://127.0.0.1:{port}", USER, PASSWORD)
        home = folder / "airflow"
        home.mkdir()
        passwords = home / "passwords.json"
        passwords.write_text(json.dumps({USER: PASSWORD}))
        own = {
            **airflow_settings(home, dags, passwords, port),
            **connection_variables(connections),
            "REQUESTS_CA_BUNDLE": ca,
            "SALESMANAGO_SYNC_SCHEDULE": "none",
            # It has nobody to ask, and the twin's people are nobody's.
            "SALESMANAGO_SYNC_ASK": "never",
            # The twin on this machine needs no gentle pace.
            "SALESMANAGO_SYNC_REQUESTS_PER_SECOND": "200",
            **(settings or {}),
        }
        self._environment = {**clean_environment(), **own}
        self.settings = folder / "airflow.env"
        write_settings(self.settings, {**own, **NO_PROXY})

    def start(self) -> None:
        """Create the database, start every component and wait until all are healthy."""
        self._launch("db-migrate", "db", "migrate").wait(MIGRATE_SECONDS)
        children = [self._launch(name, name) for name in COMPONENTS]
        self._scheduler = children[COMPONENTS.index("scheduler")]
        deadline = time.monotonic() + START_SECONDS
        while not self.api.is_healthy():
            for child in children:
                child.require_running()
            if time.monotonic() > deadline:
                raise DemoError("\n".join([f"Airflow is not healthy after {START_SECONDS:.0f} s.", children[0].tail()]))
            time.sleep(0.5)

    def explain(self) -> str:
        """Return the end of the log that tells why no task starts."""
        return self._scheduler.tail()

    def _launch(self, name: str, *arguments: str) -> ChildProcess:
        command = [sys.executable, "-m", "airflow", *arguments]
        log = self._logs / f"{name}.log"
        return self._processes.add(ChildProcess(f"Airflow's {name}", command, self._environment, log))


def write_settings(file: Path, settings: Mapping[str, str]) -> None:
    """Write settings as a shell takes them: `. .demo/airflow.env`."""
    file.touch(mode=0o600)  # secrets, if only those of local servers
    file.write_text("".join(f"export {name}={shlex.quote(value)}\n" for name, value in settings.items()))


def clean_environment() -> dict[str, str]:
    """Return this process's environment without settings of another Airflow, and with this machine never proxied."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(FOREIGN_PREFIXES)}
    return {**kept, **NO_PROXY, "PYTHONUNBUFFERED": "1"}


def airflow_settings(home: Path, dags: Path, passwords: Path, port: int) -> dict[str, str]:
    """Return the whole configuration as environment variables."""
    return {
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__CORE__DAGS_FOLDER": str(dags),
        "AIRFLOW__CORE__PLUGINS_FOLDER": str(PROJECT / "plugins"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__EXECUTOR": "LocalExecutor",
        "AIRFLOW__CORE__PARALLELISM": "4",
        "AIRFLOW__CORE__FERNET_KEY": base64.urlsafe_b64encode(secrets.token_bytes(32)).decode(),
        "AIRFLOW__CORE__TEST_CONNECTION": "Enabled",
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS": f"{USER}:admin",
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(passwords),
        "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"http://127.0.0.1:{port}/execution/",
        "AIRFLOW__API__HOST": "127.0.0.1",
        "AIRFLOW__API__PORT": str(port),
        "AIRFLOW__API__BASE_URL": f"http://localhost:{port}",
        "AIRFLOW__API__WORKERS": "1",
        "AIRFLOW__API__SECRET_KEY": secrets.token_hex(32),
        "AIRFLOW__API_AUTH__JWT_SECRET": secrets.token_hex(32),
        "AIRFLOW__LOGGING__WORKER_LOG_SERVER_PORT": str(free_port()),
        "AIRFLOW__LOGGING__TRIGGER_LOG_SERVER_PORT": str(free_port()),
    }


def connection_variables(connections: Mapping[str, Any]) -> dict[str, str]:
    """Return Airflow connections as environment variables."""
    return {f"AIRFLOW_CONN_{name.upper()}": json.dumps(connection) for name, connection in connections.items()}
