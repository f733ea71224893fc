"""Calls of the org that are kept for others: a run stops, opt-outs travel, and a later run goes on."""

from __future__ import annotations

import json
from collections import Counter
from datetime import UTC, datetime, timedelta

from tests.integration.sync import Done, Sync

HOUR = 3600
DAY = 24 * HOUR
NEWCOMERS = 401
# A task learns only from its first answer how many calls are used.
TASKS = 15


def allowed_more(sync: Sync, more: int) -> int:
    """Let so many more calls be made before those begin that are kept for others, and say how many may be used."""
    [told] = sync.rows("SELECT salesforce_calls_today AS used FROM runs ORDER BY id DESC LIMIT 1")
    most = int(told["used"]) + more
    sync.control.post("/salesforce/settings", {"daily_limit": most * 2})
    return most


def used(sync: Sync) -> int:
    """How many calls the org has counted, as Salesforce said last."""
    [told] = sync.rows("SELECT max(salesforce_calls_today) AS used FROM runs")
    return int(told["used"])


def stopped(sync: Sync) -> tuple[str, Done]:
    """Synchronise somebody; then let many newcomers come, and too few calls be left to write them all."""
    sync.set(people_per_task="200", ask="never", salesforce_reserve_percent="50")
    anna = sync.lead(Email="anna@example.com")
    assert sync.full().green
    sync.control.post(
        "/salesmanago/contacts",
        [
            {"email": f"p{number}@example.com", "name": f"P {number}", "state": "PROSPECT"}
            for number in range(NEWCOMERS)
        ],
    )
    most = allowed_more(sync, 17)
    sync.later(HOUR)
    done = sync.incremental()
    assert used(sync) <= most + TASKS
    return anna, done


def test_a_run_stops_at_the_reserve_and_a_later_one_goes_on(sync: Sync) -> None:
    anna, done = stopped(sync)
    mark = sync.watermark
    earlier = dict.fromkeys(("salesforce", "salesmanago"), (datetime.now(UTC) - timedelta(hours=1)).isoformat())
    assert any(name.startswith("write[") for name in done.red)
    done.says("are kept for others", "Runs go on again, at the latest at")
    written = len(sync.records("Lead")) - 1
    assert 0 < written < NEWCOMERS

    sync.forget_calls()
    skipped = sync.incremental(scheduled=True)
    assert skipped.tasks["start"] == "skipped"
    assert not [call for call in sync.control.get("/calls")["log"] if call["system"] == "salesforce"]
    assert sync.watermark == mark

    sync.edit_card(sync.card_of("anna@example.com")["id"], optedOut=True)
    # As long ago as the lane lets ordinary runs take: the clock of this machine stands still.
    sync.edit_variable("salesmanago_last_sync", json.dumps({**(mark or {}), **earlier}))
    lane = sync.run("salesmanago_consent")
    assert lane.tasks == {"carry_opt_outs": "success"}, lane.log[-1500:]
    assert sync.read("Lead", anna)["HasOptedOutOfEmail"] is True

    sync.later(DAY)
    assert sync.incremental().green
    there = Counter(record["Email"] for record in sync.records("Lead"))
    assert set(there.values()) == {1}
    assert len(there) == NEWCOMERS + 1
    assert mark
    assert sync.watermark
    assert mark["salesforce"] < sync.watermark["salesforce"]
