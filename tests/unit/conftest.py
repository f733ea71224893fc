"""A ledger in a file of its own, and a time; a folder may have others."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from salesmanago_sync.ledger.store import Ledger

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    opened = Ledger.open(f"sqlite:///{tmp_path}/ledger.db")
    yield opened
    opened.close()


@pytest.fixture
def noon() -> datetime:
    return NOON
