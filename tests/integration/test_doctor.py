"""`airflow salesmanago doctor`: every check with its result and its fix."""

from __future__ import annotations

import pytest

from tests.integration.commands import here, process
from tests.integration.sync import Sync

CHECKS = [
    "Pairs of accounts",
    "Settings",
    "Notifier",
    "Mapping files",
    "Environment variables",
    "Ledger and staging",
    "Connection salesmanago_default",
    "Connection salesforce_default",
    "SALESmanago: log-in and Data Owner",
    "Salesforce: log-in and edition",
    "Lead against the org",
    "Salesforce: API calls left",
    "Account Name, for new Contacts",
    "Objects of the sync",
    "Watermark",
    "First synchronisation",
    "Answers of the probe",
]


@pytest.fixture
def account(sync: Sync) -> Sync:
    """An account where all is well."""
    sync.map("lead")
    return sync


def results(rows: list[dict[str, str]]) -> dict[str, str]:
    return {row["check"]: row["result"] for row in rows}


@pytest.mark.airflow  # a process of its own reads Airflow's Variables from its database
def test_a_person_reads_every_check_and_a_script_reads_json(account: Sync) -> None:
    shown = process("doctor")
    assert shown.code == 0, shown.err
    assert [name for name in CHECKS if name not in shown.out] == []
    read = process("doctor", "--output", "json")
    assert read.code == 0, read.err
    assert results(read.rows) == {**dict.fromkeys(CHECKS, "ok"), "First synchronisation": "warning"}
    assert next(row for row in read.rows if row["result"] == "warning")["fix"].startswith("Start with a dry run")
    assert account.writes() == []
    assert account.rows("SELECT * FROM run_lock") == [], "a command holds up no run"
    assert account.rows("SELECT * FROM runs") == []


def test_every_fault_is_told_with_its_fix_and_hides_no_other(account: Sync) -> None:
    account.map_text("broken.yaml", "object: Contact\nfields: [")
    account.connect("salesmanago_default", owner="nobody@example.com", password="wrong-secret-0123456789")
    account.control.post("/salesforce/settings", {"api_enabled": False})
    account.set(notifier="no.such.Notifier")
    answer = here("doctor", "--output", "json")
    assert answer.code == 1
    assert {name for name, result in results(answer.rows).items() if result == "fault"} == {
        "Notifier",
        "Mapping files",
        "SALESmanago: log-in and Data Owner",
        "Salesforce: log-in and edition",
    }
    assert "broken.yaml:2" in answer.out
    assert "API Secret" in answer.out
    assert "wrong-secret" not in answer.out + answer.err
    assert "nobody@example.com" not in answer.out + answer.err


def test_a_misspelt_variable_and_a_wrong_schedule_are_told_with_what_to_write(account: Sync) -> None:
    account.set(schedule="every hour", limit_create="10")
    answer = here("doctor", "--output", "json")
    assert answer.code == 1
    told = {row["finding"]: row["fix"] for row in answer.rows if row["result"] == "fault"}
    assert [finding.split(":")[0] for finding in told] == ["SALESMANAGO_SYNC_LIMIT_CREATE", "SALESMANAGO_SYNC_SCHEDULE"]
    assert "Did you mean SALESMANAGO_SYNC_LIMIT_CREATES?" in next(iter(told.values()))


def test_a_missing_connection_does_not_hide_the_other(account: Sync) -> None:
    account.disconnect("salesforce_default")
    answer = here("doctor", "--output", "json")
    assert answer.code == 1
    found = results(answer.rows)
    assert found["Connection salesforce_default"] == "fault"
    assert found["SALESmanago: log-in and Data Owner"] == "ok"
    assert "Salesforce: log-in and edition" not in found


def test_a_service_that_does_not_answer_is_a_fault_and_not_a_crash(account: Sync) -> None:
    account.connect("salesmanago_default", host="http://127.0.0.1:9")
    answer = here("doctor", "--output", "json")
    assert answer.code == 1
    assert results(answer.rows)["SALESmanago: log-in and Data Owner"] == "fault"
    assert "Traceback" not in answer.out + answer.err


def test_a_wrong_setting_is_told_and_ends_the_checks(account: Sync) -> None:
    account.set(fail_on="sometimes")
    answer = here("doctor", "--output", "yaml")
    assert answer.code == 1
    assert "SALESMANAGO_SYNC_FAIL_ON" in answer.out
