"""The twin as a process of its own, for tests."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from types import TracebackType
from typing import IO, Any

import requests
from requests.adapters import HTTPAdapter

from tests.control_port import ControlPort

ROOT = Path(__file__).parent.parent
STOP_SECONDS = 15
CONTROL_SECONDS = 120


class Control(ControlPort):
    """The control port over HTTP."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._session = requests.Session()
        self._session.trust_env = False  # a proxy of the machine is not for the twin

    def close(self) -> None:
        """Close the connection."""
        self._session.close()

    def _call(self, method: str, path: str, body: object = None) -> Any:
        answer = self._session.request(method, self.url + path, json=body, timeout=CONTROL_SECONDS)
        if not answer.ok:
            raise RuntimeError(f"{method} {path}: {answer.status_code} {answer.text}")
        return answer.json()


class TwinServer:
    """A running twin.

    Attributes:
        ready: The line that it printed when it was ready.
        control: Its control port.
    """

    def __init__(self, *options: str) -> None:
        self._log: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - closed by stop()
        command = [sys.executable, "-m", "twin", *options]
        self._process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=self._log)
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            self._process.wait(STOP_SECONDS)
            raise RuntimeError(f"the twin did not start:\n{self.log()}")
        self.ready: dict[str, Any] = json.loads(line)
        self.control = Control(self.http_url("control"))

    def __enter__(self) -> TwinServer:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def http_url(self, name: str) -> str:
        """Return one of the URLs of the ready line."""
        return str(self.ready[name])

    @property
    def http(self) -> str:
        """Both systems over http."""
        return self.http_url("http")

    @property
    def https(self) -> str:
        """Both systems over https."""
        return self.http_url("https")

    @property
    def ca(self) -> str:
        """File of the certificate authority to trust."""
        return self.http_url("ca")

    @property
    def salesforce(self) -> dict[str, str]:
        """Credentials of Salesforce."""
        return dict(self.ready["salesforce"])

    @property
    def salesmanago(self) -> dict[str, str]:
        """Credentials of SALESmanago."""
        return dict(self.ready["salesmanago"])

    @property
    def connections(self) -> dict[str, dict[str, Any]]:
        """Airflow connections, by id, as JSON objects."""
        return dict(self.ready["connections"])

    def adapter(self) -> HTTPAdapter:
        """Make what carries requests to it."""
        return HTTPAdapter()

    def log(self) -> str:
        """Return what it wrote to standard error."""
        self._log.seek(0)
        return self._log.read().decode(errors="replace")

    def signal(self, number: int) -> int:
        """Send a signal that ends it and return its exit status."""
        self._process.send_signal(number)
        return self._process.wait(STOP_SECONDS)

    def stop(self) -> None:
        """Stop it and close what is open."""
        self._process.terminate()
        try:
            self._process.wait(STOP_SECONDS)
        finally:
            self._process.kill()
            if self._process.stdout is not None:
                self._process.stdout.close()
            self.control.close()
            self._log.close()
