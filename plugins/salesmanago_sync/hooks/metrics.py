"""Metrics of a run, by Airflow's own way to StatsD or OpenTelemetry: the numbers of the report, and nobody's data.

Names carry what matters, because plain StatsD knows no tags.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from airflow.sdk.observability import stats

from salesmanago_sync.domain.certificate.reasons import MEANINGS
from salesmanago_sync.domain.reasons import ISSUES
from salesmanago_sync.ledger.store import Ledger
from salesmanago_sync.overview.consent import consent_ages
from salesmanago_sync.pair import Pair

# Of each direction: added up over runs.
PEOPLE = ("read", "unchanged", "created", "updated", "planned", "failed")
# What the ledger counted of a run.
CALLS = {"salesforce_calls": "api_calls.salesforce", "salesmanago_calls": "api_calls.salesmanago"}
USAGE = {
    "salesforce_calls_today": "api_calls.salesforce_today",
    "salesforce_calls_allowed": "api_calls.salesforce_allowed",
}


def send_metrics(pair: Pair, ledger: Ledger, run_id: int, totals: dict[str, Any]) -> None:
    """Send the metrics of a run that was added up.

    Args:
        pair: Whose they are.
        ledger: Where it is kept.
        run_id: Its number there.
        totals: What the report tells.
    """
    for name, count, tags in counters(totals):
        stats.incr(f"{pair.pool}.{name}", count, tags=tags)
    for name, value in gauges(totals).items():
        stats.gauge(f"{pair.pool}.{name}", value)
    run = ledger.runs.read(run_id)
    for column, name in CALLS.items():
        stats.incr(f"{pair.pool}.{name}", run[column])
    for column, name in USAGE.items():
        if run[column] is not None:
            stats.gauge(f"{pair.pool}.{name}", run[column])
    if run["finished_at"] is not None:
        stats.timing(f"{pair.pool}.duration.{run['mode']}", run["finished_at"] - run["started_at"])


def send_certificate_metrics(pair: Pair, totals: dict[str, int], by_reason: dict[str, int]) -> None:
    """Send what a certificate says of how much, and how often each reason holds.

    Args:
        pair: Whose it is.
        totals: People, and how much is equal, explained and unexplained.
        by_reason: Counts of the reasons that hold for anybody.
    """
    for name, count in totals.items():
        stats.gauge(f"{pair.pool}.certificate.{name}", count)
    for reason in MEANINGS:
        stats.gauge(f"{pair.pool}.certificate.reasons.{reason.lower()}", by_reason.get(reason, 0))


def send_consent_metrics(pair: Pair, ledger: Ledger, now: datetime) -> None:
    """Send how long opt-outs take, and how long the oldest of those that nobody has acknowledged has been waiting.

    Args:
        pair: Whose they are.
        ledger: Where the evidence is kept.
        now: The time.
    """
    for name, age in consent_ages(ledger, now).items():
        stats.gauge(f"{pair.pool}.consent.{name}_seconds", age)


def counters(totals: dict[str, Any]) -> Iterator[tuple[str, int, dict[str, str]]]:
    """Give what adds up over runs: name, count and tags."""
    for row in totals["rows"]:
        tags = {"object": row["object"]}
        for name in PEOPLE:
            yield f"{row['direction']}.{name}", row[name], tags
        yield f"{row['direction']}.skipped", sum(row["skipped"].values()), tags
    yield "issues.new", sum(issue["new"] for issue in totals["issues"]), {}


def gauges(totals: dict[str, Any]) -> dict[str, int]:
    """Give what is so now: open issues, by reason too, none as 0; and mappings whose full sync is due."""
    counts = {issue["reason"]: issue["count"] for issue in totals["issues"]}
    by_reason = {f"issues.open.{reason.lower()}": counts.get(reason, 0) for reason in ISSUES}
    due = {"full_sync_due": len(totals["full_sync_due"])}
    return {"issues.open": sum(counts.values()), **by_reason, **due}
