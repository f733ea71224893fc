"""Airflow Variables that hold JSON."""

from __future__ import annotations

from typing import Any

from airflow.sdk import Variable


class JsonVariables:
    """Reads and writes Airflow Variables as JSON."""

    def get(self, name: str) -> Any:
        """Read one; None where there is none.

        Raises:
            ValueError: It holds no JSON.
        """
        return Variable.get(name, default=None, deserialize_json=True)

    def set(self, name: str, value: Any) -> None:
        """Write one."""
        Variable.set(name, value, serialize_json=True)
