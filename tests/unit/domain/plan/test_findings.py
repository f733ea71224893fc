from __future__ import annotations

import pandas as pd

from salesmanago_sync.domain.plan.findings import issues, issues_of_people, stack
from salesmanago_sync.domain.staged_frames import CHANGES, FOUND_ISSUES

PEOPLE = pd.DataFrame(
    {
        "object": ["Lead", "Lead", "Contact", "Lead"],
        "salesforce_id": ["s1", None, "s3", "s4"],
        "salesmanago_id": [None, "m2", None, None],
        "status": ["issue", "issue", "issue", "skip"],
        "reason": ["NO_EMAIL", "NO_EMAIL", "AMBIGUOUS_MATCH", "SHADOWED"],
        "text": [None, None, "candidates: s3, s4", None],
    }
).astype("str")


def test_an_issue_has_no_missing_values() -> None:
    found = issues(PEOPLE.head(2), "NO_EMAIL")
    FOUND_ISSUES.check(found)
    assert not found.isna().any().any()
    assert found["salesforce_id"].tolist() == ["s1", ""]


def test_the_fingerprint_changes_with_what_was_tried_and_with_nothing_else() -> None:
    def fingerprint(people: pd.DataFrame, text: str, values: str) -> str:
        return str(issues(people, "CONFLICT", text=text, values=values)["fingerprint"].item())

    one, other = PEOPLE.iloc[[0]], PEOPLE.iloc[[2]]
    assert fingerprint(one, "t", "v") == fingerprint(other, "t", "v")
    assert len({fingerprint(one, *pair) for pair in (("t", "v"), ("t", "w"), ("u", "v"), ("tv", ""), ("", "tv"))}) == 5


def test_people_who_could_not_be_matched_become_issues_with_their_text() -> None:
    found = issues_of_people(PEOPLE)
    assert found[["reason", "text"]].to_numpy().tolist() == [
        ["AMBIGUOUS_MATCH", "candidates: s3, s4"],
        ["NO_EMAIL", ""],
        ["NO_EMAIL", ""],
    ]


def test_frames_without_rows_stack_to_one_that_is_as_declared() -> None:
    empty = stack([PEOPLE.head(0)], CHANGES)
    CHANGES.check(empty)
    empty["more"] = 1
    CHANGES.check(stack([], CHANGES))
    assert len(stack([PEOPLE, PEOPLE.head(0), PEOPLE], CHANGES)) == 8
