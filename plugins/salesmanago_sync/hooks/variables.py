"""Airflow Variables that hold JSON."""

from __future__ import annotations

import json
from typing import Any

from airflow.sdk import Variable

from salesmanago_sync.pair import Pair


class JsonVariables:
    """Reads and writes Airflow Variables as JSON.

    Args:
        pair: Whose they are; it has its own for each name of the first pair.
    """

    def __init__(self, pair: Pair) -> None:
        self._pair = pair

    def get(self, name: str) -> Any:
        """Read one; None where there is none.

        Raises:
            ValueError: It holds no JSON.
        """
        # Airflow answers "not found" for a Variable whose JSON it cannot read; to us that is a fault.
        text = Variable.get(self._pair.own(name), default=None)
        return None if text is None else json.loads(text)

    def set(self, name: str, value: Any) -> None:
        """Write one."""
        Variable.set(self._pair.own(name), value, serialize_json=True)


class ServedVariables(JsonVariables):
    """Likewise, in a process that may use Airflow's database: tasks alone have a supervisor that writes for them."""

    def set(self, name: str, value: Any) -> None:
        """Write one."""
        from airflow.models.variable import Variable as Stored

        Stored.set(self._pair.own(name), value, serialize_json=True)
