from __future__ import annotations

from datetime import datetime, timedelta

import pandas as pd

from salesmanago_sync.ledger.store import Ledger

MINUTES = timedelta(minutes=15)


def refusal(fingerprint: str = "f1", **columns: object) -> pd.DataFrame:
    row = {"object": "Lead", "salesforce_id": "q1", "reason": "REFUSED_BY_SALESMANAGO", "fingerprint": fingerprint}
    return pd.DataFrame([row | columns])


def test_an_issue_is_new_once(ledger: Ledger, noon: datetime) -> None:
    assert ledger.issues.report(1, refusal(text="no"), noon)["text"].tolist() == ["no"]
    assert ledger.issues.report(2, refusal(text="still no"), noon + MINUTES).empty
    issue = ledger.issues.read_open().iloc[0]
    assert (issue["first_seen"], issue["last_seen"]) == (noon, noon + MINUTES)
    assert (issue["first_run"], issue["last_run"], issue["attempts"]) == (1, 2, 2)
    assert issue["text"] == "still no"
    assert ledger.issues.read_new(2).empty
    assert len(ledger.issues.read_new(1)) == 1


def test_a_report_that_is_repeated_in_one_run_counts_one_attempt(ledger: Ledger, noon: datetime) -> None:
    ledger.issues.report(1, refusal(), noon)
    assert len(ledger.issues.report(1, refusal(), noon)) == 1
    assert ledger.issues.read_open()["attempts"].tolist() == [1]


def test_the_same_record_may_have_issues_by_field_and_reason(ledger: Ledger, noon: datetime) -> None:
    both = pd.concat([refusal(field="phone", values='{"salesforce": "0"}'), refusal(field="name"), refusal()])
    assert len(ledger.issues.report(1, both, noon)) == 3
    assert ledger.issues.read_open()["values"].fillna("-").tolist() == ['{"salesforce": "0"}', "-", "-"]


def test_two_rows_about_one_issue_are_one_issue(ledger: Ledger, noon: datetime) -> None:
    twice = pd.concat([refusal(text="first"), refusal(text="last")])
    assert ledger.issues.report(1, twice, noon)["text"].tolist() == ["last"]


def test_nothing_reported_is_nothing_new(ledger: Ledger, noon: datetime) -> None:
    assert ledger.issues.report(1, refusal().head(0), noon).empty


def test_a_closed_issue_comes_back(ledger: Ledger, noon: datetime) -> None:
    key = ledger.issues.report(1, refusal(), noon)["id"]
    ledger.issues.close(2, key, noon + MINUTES)
    assert ledger.issues.read_open().empty
    back = ledger.issues.report(3, refusal(), noon + 2 * MINUTES)
    assert back[["came_back", "attempts", "first_run"]].to_numpy().tolist() == [[True, 1, 1]]
    assert back["closed_at"].isna().all()
    assert len(ledger.issues.read_new(3)) == 1
    assert ledger.issues.report(4, refusal(), noon + 3 * MINUTES).empty
    assert ledger.issues.read_new(4).empty


def test_issues_close_by_any_of_their_keys(ledger: Ledger, noon: datetime) -> None:
    some = pd.concat(
        [
            refusal(field="phone"),
            refusal(field="name"),
            refusal(salesforce_id=None, salesmanago_id="m1"),
            refusal(object="Contact"),
        ]
    )
    ledger.issues.report(1, some, noon)
    ledger.issues.close(2, pd.DataFrame({"salesforce_id": ["q1"], "field": ["name"]}), noon)
    assert len(ledger.issues.read_open()) == 3
    ledger.issues.close(2, pd.DataFrame({"object": ["Lead"], "salesmanago_id": ["m1"]}), noon)
    assert ledger.issues.read_open()["object"].tolist() == ["Lead", "Contact"]
    ledger.issues.close(2, [], noon)
    ledger.issues.close(2, pd.DataFrame({"salesforce_id": ["q1"]}), noon)
    assert ledger.issues.read_open().empty


def test_ten_attempts_are_made_run_by_run_and_then_one_a_day(ledger: Ledger, noon: datetime) -> None:
    for run in range(1, 11):
        ledger.issues.report(run, refusal(), noon)
        assert len(ledger.issues.read_due(noon)) == 1, run
    ledger.issues.report(11, refusal(), noon)
    day = timedelta(days=1)
    assert ledger.issues.read_due(noon + day - MINUTES).empty
    assert ledger.issues.read_due(noon + day)["attempts"].tolist() == [11]
    ledger.issues.report(12, refusal(), noon + day)
    assert ledger.issues.read_due(noon + 2 * day - MINUTES).empty


def test_a_changed_record_is_tried_eagerly_again(ledger: Ledger, noon: datetime) -> None:
    for run in range(1, 13):
        ledger.issues.report(run, refusal(), noon)
    assert ledger.issues.report(13, refusal("f2"), noon).empty
    assert ledger.issues.read_due(noon)["attempts"].tolist() == [1]


def test_a_dismissed_issue_stays_so_until_what_is_tried_changes(ledger: Ledger, noon: datetime) -> None:
    key = ledger.issues.report(1, refusal(), noon)["id"]
    ledger.issues.dismiss(key, noon, "anna")
    assert ledger.issues.report(2, refusal(), noon).empty
    assert ledger.issues.read_open().empty
    assert ledger.issues.read_due(noon).empty
    assert ledger.issues.report(3, refusal("f2"), noon)["came_back"].tolist() == [True]


def test_a_dismissed_issue_that_nobody_meets_again_keeps_its_decision_and_no_value(
    ledger: Ledger, noon: datetime
) -> None:
    planted = refusal(text="Quillenstein is refused", values='{"sent": "Quillenstein"}')
    key = ledger.issues.report(1, planted, noon)["id"]
    ledger.issues.dismiss(key, noon, "anna")
    for later, kept in ((-1, "Quillenstein is refused"), (1, "")):
        ledger.prune(noon + later * MINUTES, noon + 2 * MINUTES)
        [issue] = ledger.issues.find("dismissed", "", "", "").to_dict("records")
        assert (issue["text"], pd.isna(issue["values"])) == (kept, kept == "")
    assert ledger.issues.report(2, planted, noon + 3 * MINUTES).empty, "it is still dismissed"


def test_a_dismissed_issue_is_not_closed_by_success(ledger: Ledger, noon: datetime) -> None:
    key = ledger.issues.report(1, refusal(), noon)["id"]
    ledger.issues.dismiss(key, noon, "anna")
    ledger.issues.close(2, key, noon)
    assert ledger.issues.report(3, refusal(), noon).empty


def test_a_person_can_have_an_issue_tried_at_once(ledger: Ledger, noon: datetime) -> None:
    key = ledger.issues.report(1, refusal(), noon)["id"]
    for run in range(2, 13):
        ledger.issues.report(run, refusal(), noon)
    assert ledger.issues.read_due(noon).empty
    ledger.issues.retry(key, noon, "anna")
    assert ledger.issues.read_due(noon)["id"].tolist() == key.tolist()


def test_open_issues_of_a_run_are_those_it_met(ledger: Ledger, noon: datetime) -> None:
    ledger.issues.report(1, refusal(), noon)
    ledger.issues.report(2, refusal(salesforce_id="q2"), noon)
    assert ledger.issues.read_open(2)["salesforce_id"].tolist() == ["q2"]
    assert len(ledger.issues.read_open()) == 2
