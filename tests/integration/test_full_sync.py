"""A full sync of a seeded population, and that the runs after it write nothing."""

from __future__ import annotations

import pytest

from tests.integration.sync import Sync

pytestmark = pytest.mark.airflow

PEOPLE = {"seed": 7, "leads": 14, "contacts": 14, "person_accounts": 8, "salesmanago": 24}
KEYS = ("reason", "object", "salesforce_id", "salesmanago_id", "field")


def test_a_full_sync_reports_what_was_planted_and_then_both_sides_are_at_rest(sync: Sync) -> None:
    sync.control.post("/people", PEOPLE)
    first = sync.full()
    assert first.red == {"report"}, first.log
    seeded = sync.control.get("/seeded")
    assert sync.issues() == seeded["issues"]
    first.says(*seeded["issues"])
    assert sync.variable("salesmanago_first_sync")["status"] == "done"

    before = sync.everything()
    sync.forget_calls()
    second, third = sync.full(), sync.incremental()
    assert second.green, second.log
    assert third.green, third.log
    assert sync.writes() == []
    assert sync.everything() == before
    assert sync.issues() == seeded["issues"], "the known issues stay known"

    secrets = [sync.twin.salesforce[key] for key in ("consumer_secret", "password", "access_token", "security_token")]
    secrets += [sync.twin.salesmanago[key] for key in ("api_secret", "microsite_key")]
    emails = [
        record.get("Email") or record.get("PersonEmail") for record in sync.records("Lead") + sync.records("Contact")
    ]
    emails += [card["email"] for card in before["contacts"]]
    told = (first.log + second.log + third.log + sync.xcoms()).lower()
    assert "people," in told, "the log of the task plan is searched too"
    assert [text for text in secrets if text.lower() in told] == []
    assert [text for text in emails if text and text.strip().lower() in told] == []
