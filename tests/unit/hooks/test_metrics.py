"""Metrics: the numbers of the report, under the names that the page lists."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from airflow.sdk.observability import stats

from salesmanago_sync.domain.certificate.reasons import MEANINGS
from salesmanago_sync.domain.reasons import ISSUES
from salesmanago_sync.hooks.metrics import send_certificate_metrics, send_consent_metrics, send_metrics
from salesmanago_sync.ledger import store
from salesmanago_sync.pair import FIRST

PAGE = (Path(__file__).resolve().parents[3] / "docs" / "reference.md").read_text()
BEGIN = datetime(2026, 1, 31, 10, tzinfo=UTC)
ROW = {"object": "Lead", "read": 9, "unchanged": 4, "created": 2, "updated": 1, "planned": 0, "failed": 1}
TOTALS = {
    "rows": [
        {**ROW, "direction": "to_salesmanago", "skipped": {"SHADOWED": 1}},
        {**ROW, "direction": "to_salesforce", "skipped": {}},
    ],
    "issues": [{"reason": "NO_EMAIL", "count": 3, "new": 1}],
    "full_sync_due": ["Lead"],
}


class Runs:
    """One run."""

    def read(self, run_id: int) -> dict[str, Any]:
        calls = {"salesforce_calls": 7, "salesmanago_calls": 5, "salesforce_calls_today": 70}
        times = {"started_at": BEGIN, "finished_at": BEGIN + timedelta(seconds=9)}
        return {"mode": "full", "salesforce_calls_allowed": None, **calls, **times}


class Ledger:
    """Its runs alone."""

    runs = Runs()


class Backend:
    """Takes metrics as StatsD and OpenTelemetry do."""

    def __init__(self) -> None:
        self.seen: dict[str, Any] = {}

    def incr(self, name: str, count: int = 1, **more: Any) -> None:
        self.seen[name] = self.seen.get(name, 0) + count

    def gauge(self, name: str, value: float, **more: Any) -> None:
        self.seen[name] = value

    def timing(self, name: str, value: timedelta, **more: Any) -> None:
        self.seen[name] = value


@pytest.fixture
def backend() -> Iterator[Backend]:
    made = Backend()
    stats.initialize(factory=lambda: made, export_legacy_names=False)  # type: ignore[arg-type]
    yield made
    from airflow.sdk.observability.metrics.stats_utils import get_stats_factory

    stats.initialize(factory=get_stats_factory(), export_legacy_names=False)


def test_they_are_the_numbers_of_the_report(backend: Backend) -> None:
    send_metrics(FIRST, Ledger(), 1, TOTALS)  # type: ignore[arg-type]
    seen = {name.removeprefix("salesmanago_sync."): value for name, value in backend.seen.items()}
    assert seen["to_salesmanago.created"] == 2
    assert seen["to_salesmanago.skipped"] == 1
    assert seen["to_salesforce.failed"] == 1
    assert (seen["issues.open"], seen["issues.new"], seen["issues.open.no_email"]) == (3, 1, 3)
    assert seen["issues.open.conflict"] == 0, "what is solved goes back to zero"
    assert (seen["api_calls.salesforce"], seen["api_calls.salesmanago"]) == (7, 5)
    assert seen["api_calls.salesforce_today"] == 70
    assert "api_calls.salesforce_allowed" not in seen, "nobody knows it"
    assert seen["duration.full"] == timedelta(seconds=9)


def test_the_page_lists_them_all(backend: Backend, tmp_path: Path) -> None:
    send_metrics(FIRST, Ledger(), 1, TOTALS)  # type: ignore[arg-type]
    ledger = store.Ledger.open(f"sqlite:///{tmp_path}/ledger.db")
    send_consent_metrics(FIRST, ledger, datetime.now(UTC))
    ledger.close()
    send_certificate_metrics(FIRST, dict.fromkeys(("people", "equal", "explained", "unexplained"), 1), {})
    listed = set(re.findall(r"^\| `(salesmanago_sync\.[a-z0-9_.<>]+)` \|", PAGE, re.M))
    choices = {"<direction>": ("to_salesmanago", "to_salesforce"), "<mode>": ("full", "incremental")}
    choices["<reason>"] = tuple(reason.lower() for reason in ISSUES)
    choices["<code>"] = tuple(reason.lower() for reason in MEANINGS)
    spelt = {name for name in listed if "<" not in name}
    for name in listed - spelt:
        [hole] = re.findall("<[a-z]+>", name)
        spelt |= {name.replace(hole, choice) for choice in choices[hole]}
    silent = {"salesmanago_sync.api_calls.salesforce_allowed", "salesmanago_sync.duration.incremental"}
    assert spelt - silent == set(backend.seen)
