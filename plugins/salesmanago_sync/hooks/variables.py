"""Airflow Variables that hold JSON."""

from __future__ import annotations

import json
from typing import Any

from airflow.sdk import Variable


class JsonVariables:
    """Reads and writes Airflow Variables as JSON."""

    def get(self, name: str) -> Any:
        """Read one; None where there is none.

        Raises:
            ValueError: It holds no JSON.
        """
        # Airflow answers "not found" for a Variable whose JSON it cannot read; to us that is a fault.
        text = Variable.get(name, default=None)
        return None if text is None else json.loads(text)

    def set(self, name: str, value: Any) -> None:
        """Write one."""
        Variable.set(name, value, serialize_json=True)
