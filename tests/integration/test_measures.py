"""What a run notes about itself for people: its step, requests, what it read, and how long changes took."""

from __future__ import annotations

from tests.integration.sync import Sync

EDITED_BEFORE_SECONDS = 300


def test_a_run_notes_its_requests_its_progress_and_the_delay_of_changes(sync: Sync) -> None:
    sync.map("lead")
    identifier = sync.lead(Email="anna@example.com", Company="Before")
    sync.control.delete("/calls")
    assert sync.full().green
    asked = [call["system"] for call in sync.control.get("/calls")["log"] if "/oauth2/token" not in call["path"]]
    [full] = sync.rows("SELECT * FROM runs")
    assert (full["salesforce_calls"], full["salesmanago_calls"]) == (
        asked.count("salesforce"),
        asked.count("salesmanago"),
    )
    assert full["salesforce_calls_today"] > 0
    assert full["salesforce_calls_allowed"] > full["salesforce_calls_today"]
    assert full["salesforce_address"].startswith("https://")
    assert (full["records_read"], full["step"]) == (1, "report")

    sync.edit("Lead", identifier, Company="After")
    sync.later(EDITED_BEFORE_SECONDS)
    assert sync.incremental().green
    [delay] = sync.rows("SELECT delay_seconds AS seconds FROM changes WHERE run_id = 2 AND state = 'done'")
    assert delay["seconds"] >= EDITED_BEFORE_SECONDS
    assert sync.rows("SELECT delay_seconds FROM changes WHERE run_id = 2 AND state <> 'done'") == []
