from __future__ import annotations

import csv
from datetime import datetime, timedelta

import pandas as pd
import pytest

from salesmanago_sync.ledger.store import Ledger
from salesmanago_sync.overview.issues import IssueFilter, count_found, count_reasons, read_issues, to_csv
from salesmanago_sync.visible import visible

DAY = timedelta(days=1)


def report(ledger: Ledger, when: datetime, *rows: dict[str, str]) -> None:
    ledger.issues.report(1, pd.DataFrame(rows), when)


def issue(reason: str = "NO_EMAIL", number: int = 1, **more: str) -> dict[str, str]:
    return {"object": "Lead", "salesforce_id": f"00Q{number:015}", "reason": reason, **more}


def test_reasons_are_counted_with_their_history(ledger: Ledger, noon: datetime) -> None:
    report(ledger, noon - 10 * DAY, issue(), issue(number=2))
    report(ledger, noon - 2 * DAY, issue(number=3), issue("LOCKED"))
    [first] = [one.id for one in read_issues(ledger, IssueFilter(reason="NO_EMAIL"))][-1:]
    ledger.issues.close(2, [first], noon - DAY)
    reasons = count_reasons(ledger, noon)
    assert [(one.reason, one.open) for one in reasons] == [("NO_EMAIL", 2), ("LOCKED", 1)]
    assert reasons[0].trend == (0, 0, 0, 2, 2, 2, 2, 2, 2, 2, 2, 3, 2, 2)
    assert (reasons[0].change, reasons[1].change) == (0, 1)
    assert "usable e-mail" in reasons[0].meaning


def test_a_reason_whose_issues_are_all_solved_is_not_shown(ledger: Ledger, noon: datetime) -> None:
    report(ledger, noon - DAY, issue())
    ledger.issues.close(1, pd.DataFrame([{"reason": "NO_EMAIL"}]), noon)
    assert count_reasons(ledger, noon) == []


def test_dismissed_issues_are_counted_apart(ledger: Ledger, noon: datetime) -> None:
    report(ledger, noon - DAY, issue(), issue(number=2))
    ledger.issues.dismiss([1], noon, "anna")
    [reason] = count_reasons(ledger, noon)
    assert (reason.open, reason.dismissed) == (1, 1)


@pytest.mark.parametrize(
    ("which", "found"),
    [
        (IssueFilter(), [1, 2, 3]),
        (IssueFilter(reason="LOCKED"), [3]),
        (IssueFilter(object="Contact"), [2]),
        (IssueFilter(search="000002"), [2]),
        (IssueFilter(search="ROW LOCK 100%"), [3]),
        (IssueFilter(search="0_%"), []),
        (IssueFilter(state="dismissed"), [4]),
        (IssueFilter(state=""), [1, 2, 3, 4]),
    ],
)
def test_filters(ledger: Ledger, noon: datetime, which: IssueFilter, found: list[int]) -> None:
    rows = [issue(), issue(number=2, object="Contact"), issue("LOCKED", 3, text="row lock 100% sure"), issue(number=4)]
    report(ledger, noon, *rows)
    ledger.issues.dismiss([4], noon, "anna")
    assert sorted(one.id for one in read_issues(ledger, which)) == found
    assert count_found(ledger, which) == len(found)


def test_pages_go_on_where_the_last_one_ended(ledger: Ledger, noon: datetime) -> None:
    report(ledger, noon, *(issue(number=number) for number in range(5)))
    ids = [one.id for start in (0, 2, 4) for one in read_issues(ledger, IssueFilter(), start, 2)]
    assert sorted(ids) == [1, 2, 3, 4, 5]


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1"])
def test_no_cell_of_the_file_is_a_formula(ledger: Ledger, noon: datetime, text: str) -> None:
    report(ledger, noon, issue(text=text, field="=A1"))
    [row] = csv.DictReader(to_csv(read_issues(ledger, IssueFilter())))
    assert (row["text"], row["field"]) == (f"'{visible(text)}", "'=A1")


def test_the_file_keeps_quotes_and_commas(ledger: Ledger, noon: datetime) -> None:
    report(ledger, noon, issue(text='"a", <script>', values='{"salesforce": "x"}'))
    [row] = csv.DictReader(to_csv(read_issues(ledger, IssueFilter())))
    assert row["text"] == '"a", <script>'
    assert row["values"] == '{"salesforce": "x"}'
    assert row["first_seen"] == "2026-01-31T12:00:00+00:00"


def test_a_reason_of_another_version_is_shown_all_the_same(ledger: Ledger, noon: datetime) -> None:
    report(ledger, noon, issue("FROM_THE_FUTURE"))
    [shown] = read_issues(ledger, IssueFilter())
    assert shown.reason == "FROM_THE_FUTURE"
    assert shown.meaning
