"""How long opt-outs wait, from when they were seen first."""

from __future__ import annotations

from datetime import datetime, timedelta

import pandas as pd
import pytest

from salesmanago_sync.ledger.store import Ledger
from salesmanago_sync.overview.consent import consent_ages, read_consent_ages

HOUR = timedelta(hours=1)


def keep(ledger: Ledger, who: str, seen: datetime, acknowledged: datetime | None, *, sent: bool = True) -> None:
    row = {"salesforce_id": who, "channel": "email", "side": "salesforce", "seen_at": seen, "note": "opted out"}
    times = {"sent_at": seen if sent else None, "acknowledged_at": acknowledged}
    ledger.consent.add(1, pd.DataFrame([{**row, **times}]))


def test_nothing_waits_and_nothing_took_any_time(ledger: Ledger, noon: datetime) -> None:
    ages = read_consent_ages(ledger, noon)
    assert (ages.count, ages.p95, ages.longest, ages.oldest) == (0, None, None, None)
    assert set(consent_ages(ledger, noon).values()) == {0.0}


def test_all_but_the_slowest_are_told_apart_from_the_slowest(ledger: Ledger, noon: datetime) -> None:
    for number in range(1, 101):
        keep(ledger, f"00Q{number}", noon - HOUR, noon - HOUR + timedelta(seconds=number))
    ages = read_consent_ages(ledger, noon)
    assert (ages.count, ages.longest, ages.oldest) == (100, timedelta(seconds=100), None)
    assert ages.p95 is not None
    assert ages.p95.total_seconds() == pytest.approx(95, abs=0.1)


def test_who_is_refused_again_and_again_waits_since_the_opt_out_was_seen_first(ledger: Ledger, noon: datetime) -> None:
    keep(ledger, "00Q1", noon - 300 * HOUR, noon - 300 * HOUR)  # an earlier one, which arrived
    for hours in (200, 5, 3, 1):
        keep(ledger, "00Q1", noon - hours * HOUR, None)
    keep(ledger, "00Q2", noon - 8 * HOUR, None, sent=False)
    assert read_consent_ages(ledger, noon).oldest == 200 * HOUR
    assert consent_ages(ledger, noon)["oldest_waiting"] == 200 * 3600
    keep(ledger, "00Q1", noon - HOUR / 2, noon)
    ages = read_consent_ages(ledger, noon)
    assert (ages.count, ages.longest, ages.oldest) == (1, 200 * HOUR, None)


def plan(ledger: Ledger, at: datetime, *, dry: bool = False) -> int:
    run = ledger.runs.start("salesmanago_incremental_sync", str(at), "incremental", dry, False, at)
    row = {"object": "Lead", "direction": "to_salesmanago", "action": "update", "new": "true", "field": "optedOut"}
    ledger.changes.plan(run, pd.DataFrame([{**row, "salesforce_id": "00Q1", "salesmanago_id": "c1"}]), at)
    return run


def test_what_runs_planned_and_did_not_come_to_send_waits_since_the_first_of_them(
    ledger: Ledger, noon: datetime
) -> None:
    plan(ledger, noon - 9 * HOUR, dry=True)
    plan(ledger, noon - 5 * HOUR)
    last = plan(ledger, noon - 3 * HOUR)
    assert read_consent_ages(ledger, noon).oldest == 5 * HOUR
    keep(ledger, "00Q1", noon - 4 * HOUR, noon - 4 * HOUR)  # by the consent lane, after the first of them
    assert read_consent_ages(ledger, noon).oldest == 3 * HOUR
    ledger.runs.finish(last, "success", noon)
    assert read_consent_ages(ledger, noon).oldest is None
