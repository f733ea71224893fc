from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
import pytest

from salesmanago_sync.ledger.store import Ledger
from tests.postgres import empty_postgres, postgres

__all__ = ["empty_postgres", "postgres"]

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Name an empty database of either kind."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/ledger.db"
    return str(request.getfixturevalue("empty_postgres"))


@pytest.fixture
def ledger(url: str) -> Iterator[Ledger]:
    opened = Ledger.open(url)
    yield opened
    opened.close()


@pytest.fixture
def noon() -> datetime:
    return NOON


@pytest.fixture
def pairs() -> pd.DataFrame:
    """Three people, the second of whom has a name in the base."""
    return pd.DataFrame(
        {
            "object": ["Lead", "Contact", "Contact"],
            "salesforce_id": ["00Q000000000001AAA", "003000000000001AAA", "003000000000002AAA"],
            "salesmanago_id": ["m1", "m2", "m3"],
            "matched_by": ["email", "external_id", "created"],
            "base": ["{}", '{"name": ["Ada", "Ada"]}', "{}"],
        }
    )
