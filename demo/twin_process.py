"""The local Salesforce and SALESmanago: one program, and what its control port tells."""

from __future__ import annotations

import json
import sys
import time
from typing import TYPE_CHECKING, Any

import requests

from demo.child_process import ChildProcess, ProcessGroup
from demo.errors import DemoError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

START_SECONDS = 180.0  # seeding 6,000 people takes seconds; a laptop under load takes longer
RECORDS = ("salesforce/Lead", "salesforce/Contact", "salesforce/Account", "salesmanago/contacts")


class Twin:
    """The running twin.

    Attributes:
        ready: The line it prints when it serves: addresses, credentials, connections.
    """

    def __init__(self, processes: ProcessGroup, environment: Mapping[str, str], logs: Path, people: str) -> None:
        options = ["--http-port", "0", "--https-port", "0", "--control-port", "0", "--state", ":memory:"]
        command = [sys.executable, "-m", "twin", *options, "--people", people]
        child = processes.add(ChildProcess("The twin", command, environment, logs / "twin.log"))
        self.ready = _ready_line(child)

    @property
    def connections(self) -> dict[str, dict[str, Any]]:
        """Airflow connections to both systems."""
        connections: dict[str, dict[str, Any]] = self.ready["connections"]
        return connections

    def seeded_issues(self) -> dict[str, int]:
        """Tell what a first full sync must report, by reason code."""
        return {reason: int(count) for reason, count in self._get("seeded")["issues"].items() if count}

    def records(self) -> dict[str, Any]:
        """Return everything both systems hold now."""
        return {path: self._get(path) for path in RECORDS}

    def _get(self, path: str) -> Any:
        answer = requests.get(f"{self.ready['control']}/{path}", timeout=60)
        answer.raise_for_status()
        return answer.json()


def _ready_line(child: ChildProcess) -> dict[str, Any]:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        for line in child.log.read_text(errors="replace").splitlines(keepends=True):
            if line.startswith("{") and line.endswith("\n"):
                ready: dict[str, Any] = json.loads(line)
                return ready
        child.require_running()
        time.sleep(0.1)
    raise DemoError(f"The twin is not ready after {START_SECONDS:.0f} s.\n{child.tail()}")
