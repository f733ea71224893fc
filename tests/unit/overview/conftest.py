from __future__ import annotations

from typing import Any

import pytest


class Shelf:
    """Airflow Variables, on a shelf of our own."""

    def __init__(self) -> None:
        self.values: dict[str, Any] = {}

    def get(self, name: str) -> Any:
        value = self.values.get(name)
        if isinstance(value, Exception):
            raise value
        return value

    def set(self, name: str, value: Any) -> None:
        self.values[name] = value


@pytest.fixture
def variables() -> Shelf:
    return Shelf()
