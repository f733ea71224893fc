"""Choices: decisions about held conflicts, kept as they were made, on SQLite and on PostgreSQL."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any

import pandas as pd
import pytest

from salesmanago_sync.domain.merge.choices import FALLEN, MET, OUTCOMES, RULES
from salesmanago_sync.ledger.choices import Choice
from salesmanago_sync.ledger.forgetting import PersonIds
from salesmanago_sync.ledger.store import Ledger

RECORD, CONTACT, FIELD = "00Q000000000001AAA", "m1", "address.city"
ODD = ["0", "false", "\0", "'; DROP TABLE choices; --", "Łódź 🎉", "x" * 100_000, None]


def conflict(ledger: Ledger, now: datetime, field: str = FIELD, text: str = "", reason: str = "CONFLICT") -> int:
    """Report a conflict of one person; give its number."""
    row = {"object": "Lead", "salesforce_id": RECORD, "salesmanago_id": CONTACT, "field": field, "reason": reason}
    ledger.issues.report(1, pd.DataFrame([row | {"fingerprint": f"print{text}", "text": text}]), now)
    frame = ledger.issues.find("", reason, "", "")
    return int(frame.loc[frame["field"].eq(field), "id"].iloc[0])


def choice(issue: int, value: str | None = "c", **how: Any) -> Choice:
    return Choice(
        **{"issue_id": issue, "fingerprint": "print", "chosen": "other", "held": ("a", "m"), "value": value} | how
    )


def waiting(ledger: Ledger) -> list[dict[str, Any]]:
    frame = ledger.choices.read_waiting([RECORD]).drop(columns="at")
    return frame.astype("object").where(frame.notna(), None).to_dict("records")


def write(ledger: Ledger, side: str, new: str | None, source: str | None = "c", rule: str = RULES["other"]) -> None:
    """Let a change go through."""
    row = {"object": "Lead", "salesforce_id": RECORD, "salesmanago_id": CONTACT, "field": FIELD, "rule": rule}
    ledger.choices.note_written(pd.DataFrame([row | {"direction": f"to_{side}", "new": new, "source": source}]))


@pytest.mark.parametrize("value", ODD, ids=lambda value: repr(value)[:20])
def test_a_choice_is_kept_as_it_was_made(ledger: Ledger, noon: datetime, value: str | None) -> None:
    issue = conflict(ledger, noon)
    assert not ledger.choices.any_waiting()
    assert ledger.choices.keep([choice(issue, value, held=(value, None))], noon, "anna") == [issue]
    assert ledger.choices.any_waiting()
    assert waiting(ledger) == [
        {
            "issue_id": issue,
            "object": "Lead",
            "salesforce_id": RECORD,
            "salesmanago_id": CONTACT,
            "field": FIELD,
            "chosen": "other",
            "salesforce_held": value,
            "salesmanago_held": None,
            "value": value,
            "salesforce_written": False,
            "salesmanago_written": False,
        }
    ]
    [decided] = ledger.decisions.read_newest().to_dict("records")
    assert (decided["action"], decided["who"], decided["about"]) == ("decide", "anna", json.dumps([str(issue)]))
    assert list(ledger.issues.read_due(noon)["id"]) == [issue], "the next run looks at it"


def test_what_is_not_as_it_was_shown_or_no_open_conflict_is_not_decided(ledger: Ledger, noon: datetime) -> None:
    issue, locked = conflict(ledger, noon), conflict(ledger, noon, reason="LOCKED")
    made = [choice(issue, fingerprint="another"), choice(locked), choice(0), choice(2**40), choice(999)]
    assert ledger.choices.keep(made, noon, "anna") == []
    ledger.issues.close(1, [issue], noon)
    assert ledger.choices.keep([choice(issue)], noon, "anna") == []
    assert ledger.decisions.read_newest().empty


def test_the_later_decision_wins(ledger: Ledger, noon: datetime) -> None:
    issue = conflict(ledger, noon)
    for value in ("first", "second"):
        ledger.choices.keep([choice(issue, value)], noon, "anna")
    assert [row["value"] for row in waiting(ledger)] == ["second"]


def test_a_dismissed_conflict_is_opened_by_a_decision_and_a_dismissal_takes_it_back(
    ledger: Ledger, noon: datetime
) -> None:
    issue = conflict(ledger, noon)
    ledger.issues.dismiss([issue], noon, "anna")
    assert ledger.choices.keep([choice(issue)], noon, "anna") == [issue]
    assert list(ledger.issues.read_open()["id"]) == [issue]
    ledger.issues.retry([issue], noon, "anna")
    assert ledger.choices.any_waiting(), "to try again is no other decision"
    ledger.issues.dismiss([issue], noon, "anna")
    assert not ledger.choices.any_waiting()


def test_it_is_gone_once_both_sides_were_written(ledger: Ledger, noon: datetime) -> None:
    issue = conflict(ledger, noon)
    ledger.choices.keep([choice(issue)], noon, "anna")
    write(ledger, "salesmanago", "x", rule="changed in Salesforce")
    assert waiting(ledger)[0]["salesmanago_held"] == "m", "an ordinary change says nothing of it"
    write(ledger, "salesmanago", "c")
    [half] = waiting(ledger)
    assert (half["salesmanago_held"], half["salesmanago_written"], half["salesforce_written"]) == ("c", True, False)
    # Salesforce took a part of it, as the mapping allows.
    write(ledger, "salesforce", "cut", source="c")
    assert waiting(ledger) == []


@pytest.mark.parametrize("value", [None, "0", ""])
def test_one_write_is_enough_where_the_other_side_has_the_value(
    ledger: Ledger, noon: datetime, value: str | None
) -> None:
    issue = conflict(ledger, noon)
    ledger.choices.keep([choice(issue, value, held=(value, "m"), chosen="salesforce")], noon, "anna")
    write(ledger, "salesmanago", value, source=value, rule=RULES["salesforce"])
    assert waiting(ledger) == []


def test_what_an_earlier_decision_writes_meanwhile_is_what_the_side_holds_for_the_later_one(
    ledger: Ledger, noon: datetime
) -> None:
    issue = conflict(ledger, noon)
    ledger.choices.keep([choice(issue, "m", chosen="salesmanago")], noon, "anna")
    # A run that knows of an earlier one writes: the value of Salesforce.
    write(ledger, "salesmanago", "a", source="a", rule=RULES["salesforce"])
    [row] = waiting(ledger)
    assert (row["salesmanago_held"], row["salesmanago_written"], row["value"]) == ("a", False, "m")


def test_one_that_has_fallen_says_why_and_keeps_no_value(ledger: Ledger, noon: datetime) -> None:
    fallen, met = conflict(ledger, noon), conflict(ledger, noon, field="phone")
    ledger.choices.keep([choice(fallen), choice(met)], noon, "anna")
    rows = [(fallen, FALLEN, "both sides have been edited since"), (met, MET, "")]
    ledger.choices.settle(OUTCOMES.frame(rows))
    assert waiting(ledger) == []
    told = ledger.issues.find("", "", "", "").set_index("id")
    assert told.at[fallen, "choice_state"] == FALLEN
    assert told.at[fallen, "choice_why"] == "both sides have been edited since"
    assert told.at[fallen, "chosen_value"] == "null"
    assert pd.isna(told.at[met, "chosen"])
    # Decided anew, it counts.
    ledger.choices.keep([choice(fallen)], noon, "anna")
    assert len(waiting(ledger)) == 1


def test_it_goes_with_its_issue(ledger: Ledger, noon: datetime) -> None:
    issue = conflict(ledger, noon)
    ledger.choices.keep([choice(issue)], noon, "anna")
    ledger.issues.close(1, [issue], noon)
    assert not ledger.choices.any_waiting()
    assert conflict(ledger, noon) == issue
    ledger.choices.keep([choice(issue, "anna@example.com")], noon, "anna")
    assert ledger.people.ids_of_addresses(["anna@example.com"]) == PersonIds(frozenset([RECORD]), frozenset([CONTACT]))
    ledger.people.forget(PersonIds(salesforce=frozenset([RECORD])), "anna", noon)
    assert not ledger.choices.any_waiting()
    assert ledger.issues.find("", "", "", "").empty


def test_a_decision_that_is_not_carried_out_is_tried_less_often(ledger: Ledger, noon: datetime) -> None:
    issue = conflict(ledger, noon)
    ledger.choices.keep([choice(issue)], noon, "anna")
    for _ in range(10):
        ledger.issues.wait_on([issue], noon)
        assert list(ledger.issues.read_due(noon)["id"]) == [issue]
    ledger.issues.wait_on([issue], noon)
    assert ledger.issues.read_due(noon).empty
    assert list(ledger.issues.read_due(noon + timedelta(days=1))["id"]) == [issue]
