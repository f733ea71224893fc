from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from salesmanago_sync.ledger.store import Ledger

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)


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
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    opened = Ledger.open(f"sqlite:///{tmp_path}/ledger.db")
    yield opened
    opened.close()


@pytest.fixture
def variables() -> Shelf:
    return Shelf()


@pytest.fixture
def noon() -> datetime:
    return NOON
