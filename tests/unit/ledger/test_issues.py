from __future__ import annotations

from datetime import datetime, timedelta

import pandas as pd

from salesmanago_sync.ledger.store import Ledger

MINUTES = timedelta(minutes=15)


def refusal(fingerprint: str = "f1", **columns: object) -> pd.DataFrame:
    row = {"object": "Lead", "salesforce_id": "q1", "reason": "REFUSED_BY_SALESMANAGO", "fingerprint": fingerprint}
    return pd.DataFrame([row | columns])


def test_an_issue_is_new_once(ledger: Ledger, noon: datetime) -> None:
    assert ledger.report_issues(1, refusal(text="no"), noon)["text"].tolist() == ["no"]
    assert ledger.report_issues(2, refusal(text="still no"), noon + MINUTES).empty
    issue = ledger.open_issues().iloc[0]
    assert (issue["first_seen"], issue["last_seen"]) == (noon, noon + MINUTES)
    assert (issue["first_run"], issue["last_run"], issue["attempts"]) == (1, 2, 2)
    assert issue["text"] == "still no"
    assert ledger.new_issues(2).empty
    assert len(ledger.new_issues(1)) == 1


def test_a_report_that_is_repeated_in_one_run_counts_one_attempt(ledger: Ledger, noon: datetime) -> None:
    ledger.report_issues(1, refusal(), noon)
    assert len(ledger.report_issues(1, refusal(), noon)) == 1
    assert ledger.open_issues()["attempts"].tolist() == [1]


def test_the_same_record_may_have_issues_by_field_and_reason(ledger: Ledger, noon: datetime) -> None:
    both = pd.concat([refusal(field="phone", values='{"salesforce": "0"}'), refusal(field="name"), refusal()])
    assert len(ledger.report_issues(1, both, noon)) == 3
    assert ledger.open_issues()["values"].fillna("-").tolist() == ['{"salesforce": "0"}', "-", "-"]


def test_two_rows_about_one_issue_are_one_issue(ledger: Ledger, noon: datetime) -> None:
    twice = pd.concat([refusal(text="first"), refusal(text="last")])
    assert ledger.report_issues(1, twice, noon)["text"].tolist() == ["last"]


def test_nothing_reported_is_nothing_new(ledger: Ledger, noon: datetime) -> None:
    assert ledger.report_issues(1, refusal().head(0), noon).empty


def test_a_closed_issue_comes_back(ledger: Ledger, noon: datetime) -> None:
    key = ledger.report_issues(1, refusal(), noon)["id"]
    ledger.close_issues(2, key, noon + MINUTES)
    assert ledger.open_issues().empty
    back = ledger.report_issues(3, refusal(), noon + 2 * MINUTES)
    assert back[["came_back", "attempts", "first_run"]].to_numpy().tolist() == [[True, 1, 1]]
    assert back["closed_at"].isna().all()
    assert len(ledger.new_issues(3)) == 1
    assert ledger.report_issues(4, refusal(), noon + 3 * MINUTES).empty
    assert ledger.new_issues(4).empty


def test_issues_close_by_any_of_their_keys(ledger: Ledger, noon: datetime) -> None:
    some = pd.concat(
        [
            refusal(field="phone"),
            refusal(field="name"),
            refusal(salesforce_id=None, salesmanago_id="m1"),
            refusal(object="Contact"),
        ]
    )
    ledger.report_issues(1, some, noon)
    ledger.close_issues(2, pd.DataFrame({"salesforce_id": ["q1"], "field": ["name"]}), noon)
    assert len(ledger.open_issues()) == 3
    ledger.close_issues(2, pd.DataFrame({"object": ["Lead"], "salesmanago_id": ["m1"]}), noon)
    assert ledger.open_issues()["object"].tolist() == ["Lead", "Contact"]
    ledger.close_issues(2, [], noon)
    ledger.close_issues(2, pd.DataFrame({"salesforce_id": ["q1"]}), noon)
    assert ledger.open_issues().empty


def test_ten_attempts_are_made_run_by_run_and_then_one_a_day(ledger: Ledger, noon: datetime) -> None:
    for run in range(1, 11):
        ledger.report_issues(run, refusal(), noon)
        assert len(ledger.due_issues(noon)) == 1, run
    ledger.report_issues(11, refusal(), noon)
    day = timedelta(days=1)
    assert ledger.due_issues(noon + day - MINUTES).empty
    assert ledger.due_issues(noon + day)["attempts"].tolist() == [11]
    ledger.report_issues(12, refusal(), noon + day)
    assert ledger.due_issues(noon + 2 * day - MINUTES).empty


def test_a_changed_record_is_tried_eagerly_again(ledger: Ledger, noon: datetime) -> None:
    for run in range(1, 13):
        ledger.report_issues(run, refusal(), noon)
    assert ledger.report_issues(13, refusal("f2"), noon).empty
    assert ledger.due_issues(noon)["attempts"].tolist() == [1]


def test_a_dismissed_issue_stays_so_until_what_is_tried_changes(ledger: Ledger, noon: datetime) -> None:
    key = ledger.report_issues(1, refusal(), noon)["id"]
    ledger.dismiss(key, noon, "anna")
    assert ledger.report_issues(2, refusal(), noon).empty
    assert ledger.open_issues().empty
    assert ledger.due_issues(noon).empty
    assert ledger.report_issues(3, refusal("f2"), noon)["came_back"].tolist() == [True]


def test_a_dismissed_issue_that_nobody_meets_again_keeps_its_decision_and_no_value(
    ledger: Ledger, noon: datetime
) -> None:
    planted = refusal(text="Quillenstein is refused", values='{"sent": "Quillenstein"}')
    key = ledger.report_issues(1, planted, noon)["id"]
    ledger.dismiss(key, noon, "anna")
    for later, kept in ((-1, "Quillenstein is refused"), (1, "")):
        ledger.prune(noon + later * MINUTES, noon + 2 * MINUTES)
        [issue] = ledger.find_issues("dismissed", "", "", "").to_dict("records")
        assert (issue["text"], pd.isna(issue["values"])) == (kept, kept == "")
    assert ledger.report_issues(2, planted, noon + 3 * MINUTES).empty, "it is still dismissed"


def test_a_dismissed_issue_is_not_closed_by_success(ledger: Ledger, noon: datetime) -> None:
    key = ledger.report_issues(1, refusal(), noon)["id"]
    ledger.dismiss(key, noon, "anna")
    ledger.close_issues(2, key, noon)
    assert ledger.report_issues(3, refusal(), noon).empty


def test_a_person_can_have_an_issue_tried_at_once(ledger: Ledger, noon: datetime) -> None:
    key = ledger.report_issues(1, refusal(), noon)["id"]
    for run in range(2, 13):
        ledger.report_issues(run, refusal(), noon)
    assert ledger.due_issues(noon).empty
    ledger.retry(key, noon, "anna")
    assert ledger.due_issues(noon)["id"].tolist() == key.tolist()


def test_open_issues_of_a_run_are_those_it_met(ledger: Ledger, noon: datetime) -> None:
    ledger.report_issues(1, refusal(), noon)
    ledger.report_issues(2, refusal(salesforce_id="q2"), noon)
    assert ledger.open_issues(2)["salesforce_id"].tolist() == ["q2"]
    assert len(ledger.open_issues()) == 2
