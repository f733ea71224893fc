"""The daily allowance of API calls: counted, shown on every answer, and refused when it is gone."""

# ruff: noqa: S608 - the names in statements are those of the schema, values are parameters
from __future__ import annotations

from datetime import timedelta
from typing import Any

from twin.salesforce import values
from twin.salesforce.call import Call, Entry, Reply
from twin.salesforce.errors import ApiError
from twin.salesforce.org import Org

ALLOWANCE = 15_000  # a Developer Edition
WINDOW = timedelta(hours=24)
# Largest values of the other limits, as a Developer Edition lists them.
OTHERS = {
    "ConcurrentAsyncGetReportInstances": 200,
    "DailyAsyncApexExecutions": 250_000,
    "DailyBulkApiBatches": 15_000,
    "DailyBulkV2QueryFileStorageMB": 976_562,
    "DailyBulkV2QueryJobs": 10_000,
    "DailyDurableStreamingApiEvents": 10_000,
    "DataStorageMB": 5,
    "FileStorageMB": 20,
    "HourlyODataCallout": 1_000,
    "SingleEmail": 15,
}


def allowance(org: Org) -> int:
    """Return how many calls a rolling day may hold."""
    return int(org.settings.get("daily_limit", ALLOWANCE))


def used(org: Org) -> int:
    """Return how many calls the last 24 hours held."""
    since = values.stamp(org.state.clock.now() - WINDOW)
    total = org.db.execute("SELECT coalesce(sum(calls), 0) FROM sf_usage WHERE hour > ?", (since,)).fetchone()[0]
    return int(total)


def spend(org: Org) -> None:
    """Count one call, or refuse it when the allowance is gone."""
    if used(org) >= allowance(org):
        raise ApiError("REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.", status=403)
    # Counted by the minute: exact enough for a rolling day, and few rows.
    minute = values.stamp(org.state.clock.now().replace(second=0, microsecond=0))
    org.db.execute("INSERT INTO sf_usage VALUES (?, 1) ON CONFLICT (hour) DO UPDATE SET calls = calls + 1", (minute,))


def info(org: Org) -> str:
    """Return the value of the `Sforce-Limit-Info` header."""
    return f"api-usage={used(org)}/{allowance(org)}"


def limits(call: Call) -> Reply:
    """Answer `limits`."""
    most = allowance(call.org)
    left = {"Max": most, "Remaining": max(0, most - used(call.org))}
    others = {name: {"Max": limit, "Remaining": limit} for name, limit in OTHERS.items()}
    return Reply(dict(sorted({"DailyApiRequests": left, **others}.items())))


def record_count(call: Call) -> Reply:
    """Answer `limits/recordCount`."""
    named = [one for one in call.query.get("sObjects", "").split(",") if one] or list(call.org.objects())
    counts: list[dict[str, Any]] = []
    for name in named:
        sobject = call.org.find(name)
        if sobject is not None:
            total = call.org.db.execute(f'SELECT count(*) FROM "sf_{sobject.name}"').fetchone()[0]
            counts.append({"count": total, "name": sobject.name})
    return Reply({"sObjects": counts})


ENTRIES: list[Entry] = [("GET", "limits", limits), ("GET", "limits/recordCount", record_count)]
