"""Issues and plans on the command line: the numbers of the ledger, and what a person decides about them."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest
import yaml

from tests.integration.commands import here, process
from tests.integration.sync import Sync


@pytest.fixture
def refused(sync: Sync) -> Sync:
    """A first sync that has left two people without an address, one whose company is too long, and a good one."""
    sync.map("lead")
    sync.control.post("/salesmanago/settings", {"max_length": 40})
    sync.lead(LastName="=HYPERLINK(1)", Email=None)
    sync.lead(LastName="Nobody", Email=None)
    sync.lead(Email="bad@example.com", Company="x" * 60)
    sync.lead(Email="good@example.com")
    run = sync.full()
    assert run.red == {"report"}, run.log
    return sync


def test_issues_and_plans_are_shown_as_the_ledger_has_them(refused: Sync, tmp_path: Path) -> None:
    answer = process("issues", "--output", "json")
    assert answer.code == 0, answer.err
    kept = refused.rows("SELECT id, reason, salesforce_id, attempts FROM issues WHERE state = 'open' ORDER BY id")
    listed = [{name: row[name] for name in kept[0]} for row in answer.rows]
    assert sorted(listed, key=lambda row: row["id"]) == kept
    assert all(row["meaning"] and row["fix"] for row in answer.rows)
    [missing] = [row for row in yaml.safe_load(here("issues", "count", "--output", "yaml").out) if row["open"] == 2]
    assert (missing["reason"], missing["dismissed"]) == ("NO_EMAIL", 0)
    shown = here("issues", "--reason", "NO_EMAIL", "--object", "Lead")
    assert shown.out.count("NO_EMAIL") == 2
    assert here("issues", "--state", "dismissed").out.strip() == "No data found"

    # A CSV file holds every issue and no formula.
    refused.rows("UPDATE issues SET text = '=cmd()' WHERE reason = 'NO_EMAIL'")
    file = tmp_path / "issues.csv"
    assert here("issues", "--csv", str(file)).code == 0
    printed = here("issues", "--csv", "-").out
    rows = list(csv.DictReader(io.StringIO(file.read_text())))
    assert len(rows) == sum(refused.issues().values())
    assert list(csv.DictReader(io.StringIO(printed))) == rows
    assert {row["text"] for row in rows if row["reason"] == "NO_EMAIL"} == {"'=cmd()"}

    # The plan of the run, field by field.
    answer = here("plan", "--run", "last", "--output", "json")
    assert answer.code == 0, answer.err
    planned = refused.rows("SELECT field, new, state FROM changes ORDER BY id")
    assert [{name: row[name] for name in ("field", "new", "state")} for row in answer.rows] == planned
    assert f"{len(planned)} of {len(planned)} changes" in answer.err
    [company] = here("plan", "--run", "1", "--field", "company", "--state", "done", "--output", "json").rows
    assert company["new"] == "Nowak i Synowie"
    limited = here("plan", "--run", "last", "--limit", "1")
    assert f"1 of {len(planned)} changes" in limited.err


def test_issues_are_dismissed_by_reason_and_tried_again_singly(airflow: None, refused: Sync) -> None:
    dismissed = here("issues", "dismiss", "--reason", "NO_EMAIL", "--output", "json")
    assert dismissed.code == 0, dismissed.err
    assert "2 issues are neither tried nor reported" in dismissed.err
    assert "NO_EMAIL" not in refused.issues()
    one = dismissed.rows[0]["id"]
    again = here("issues", "retry", "--id", str(one))
    assert "1 issue is tried by the next run" in again.err
    assert refused.issues()["NO_EMAIL"] == 1


def test_nothing_is_done_to_issues_that_nobody_named(sync: Sync) -> None:
    for action in ("retry", "dismiss"):
        unnamed = here("issues", action)
        assert unnamed.code == 1
        assert "Name issues with --id" in unnamed.err
        unknown = here("issues", action, "--id", "999999")
        assert unknown.code == 1
        assert "no issue 999999" in unknown.err


def test_a_wrong_word_is_told_with_the_choices() -> None:
    answer = process("issues", "delete")
    assert answer.code == 2
    assert "'list', 'count', 'retry', 'dismiss'" in answer.err


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("issues --reason NOSUCH", "'NOSUCH' is no reason"),
        ("issues dismiss --reason NO_EMIAL", "Did you mean 'NO_EMAIL'"),
        ("issues --csv /nowhere/x.csv", "/nowhere/x.csv cannot be written: No such file or directory"),
        ("plan --run last --field phoen", "Did you mean 'phone'"),
        ("plan --run last --rule nosuch", "'nosuch' is no rule of this run"),
        ("sync --since 2026-01-01", "as 2026-01-31T12:00:00Z"),
        ("sync --id nonsense", "not all of them are Salesforce Ids"),
        ("explain nonsense", "1 fault to correct"),
    ],
)
def test_a_typo_is_a_fault_that_names_what_is_right(refused: Sync, words: str, told: str) -> None:
    answer = here(*words.split())
    assert answer.code == 1
    assert told in answer.err


def test_a_field_that_is_mapped_and_did_not_change_is_no_typo(refused: Sync) -> None:
    answer = here("plan", "--run", "last", "--field", "properties.note", "--output", "json")
    assert (answer.code, answer.rows) == (0, [])


@pytest.mark.parametrize("limit", ["0", "-1", "99999999999999999999", "many"])
def test_a_limit_is_a_number_of_rows(limit: str) -> None:
    assert here("issues", "--limit", limit).code == 2


@pytest.mark.parametrize("run", ["999", "first"])
def test_a_run_that_does_not_exist_is_told_with_those_that_do(sync: Sync, run: str) -> None:
    answer = here("plan", "--run", run)
    assert answer.code == 1
    assert "Newest runs: none yet" in answer.err
