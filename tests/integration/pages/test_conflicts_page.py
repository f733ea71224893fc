"""Conflicts decided on the page Issues: side by side, one or all that a filter finds, by whoever may."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import pandas as pd
import pytest

from salesmanago_sync.domain.plan.findings import issues
from salesmanago_sync.ledger.store import Ledger
from tests.integration.pages.conftest import Person
from tests.integration.pages.test_pages import HOSTILE, run_of, tags

SEEN = re.compile(r'name="seen" value="([0-9a-f]+)"')
TEXT = "address.city"


def describe(name: str = "Lead") -> dict[str, Any]:
    """What Salesforce said of itself to the run before: a city of 40 characters."""
    fields = [
        {"name": one, "type": kind, "length": length, "createable": True, "updateable": True, "nillable": True}
        for one, kind, length in (
            ("FirstName", "string", 40),
            ("LastName", "string", 80),
            ("Email", "email", 80),
            ("City", "string", 40),
            ("Company", "string", 255),
        )
    ]
    return {f"describe {name}": {"name": name, "fields": fields}}


def conflict(ledger: Ledger, now: datetime, *held: tuple[str, str], field: str = TEXT) -> list[int]:
    """Report conflicts, one a person; give their numbers."""
    ledger.org_answers.keep("test", describe(), now)
    people = pd.DataFrame(
        {
            "object": "Lead",
            "salesforce_id": [f"00Q{number:012}AAA" for number in range(len(held))],
            "salesmanago_id": [f"m-{number}" for number in range(len(held))],
        }
    )
    values = pd.Series([json.dumps({"salesforce": a, "salesmanago": m}) for a, m in held])
    ledger.issues.report(1, issues(people, "CONFLICT", field=field, values=values), now)
    return sorted(ledger.issues.find("", "CONFLICT", "", "")["id"])


def fingerprints(ledger: Ledger) -> dict[int, str]:
    frame = ledger.issues.find("", "", "", "")
    return dict(zip(frame["id"], frame["fingerprint"], strict=True))


def chosen(ledger: Ledger) -> dict[int, tuple[Any, ...]]:
    """What is decided: by issue the side, the value, and who."""
    frame = ledger.issues.find("", "", "", "").dropna(subset=["chosen"])
    rows: Sequence[Any] = list(frame[["id", "chosen", "chosen_value", "chosen_by"]].itertuples(index=False, name=None))
    return {number: (side, json.loads(value), who) for number, side, value, who in rows}


def decisions(ledger: Ledger) -> list[tuple[str, str, str]]:
    return list(ledger.decisions.read_newest()[["action", "who", "about"]].itertuples(index=False, name=None))


def test_both_sides_stand_side_by_side_and_one_is_decided(
    ledger: Ledger, people: dict[str, Person], now: datetime
) -> None:
    [one, other] = conflict(ledger, now, ("Gdynia", "Sopot"), ("0", ""))
    page = people["user"].get("/issues").text
    assert re.search(r"<dt>Salesforce</dt><dd class=\"text\">Gdynia</dd>", page)
    assert re.search(r"<dt>SALESmanago</dt><dd class=\"text\">Sopot</dd>", page)
    assert re.search(r"<dt>Salesforce</dt><dd class=\"text\">0</dd>", page)
    shown = [f"{number}:{text}" for number, text in fingerprints(ledger).items()]
    answer = people["user"].post("/issues/decide", take="salesmanago", ids=[one], shown=shown)
    assert answer.status_code == 303
    assert answer.headers["Location"].endswith("done=decide&count=1")
    assert chosen(ledger) == {one: ("salesmanago", "Sopot", "user")}
    page = people["user"].get("/issues").text
    assert "user decided on" in page
    assert "the value of SALESmanago. The next run carries it out" in page
    # Decided once more, the later decision counts.
    people["user"].post("/issues/decide", take="other", value=" Hel ", ids=[one])
    assert chosen(ledger) == {one: ("other", "Hel", "user")}
    assert decisions(ledger) == [("decide", "user", f'["{one}"]')] * 2
    # Dismissed, it is taken back.
    people["user"].post("/issues/dismiss", ids=[one])
    assert chosen(ledger) == {}
    assert other


@pytest.mark.parametrize("text", [*HOSTILE, "0", "false", "Łódź 🎉"])
def test_a_value_is_text_and_nothing_else(ledger: Ledger, people: dict[str, Person], now: datetime, text: str) -> None:
    def decided(a: str, m: str, other: str) -> str:
        """The list with both values, and with another value decided."""
        [number] = conflict(ledger, now, (a, m))
        people["user"].post("/issues/decide", take="other", value=other, ids=[number])
        assert chosen(ledger)[number][1] == other
        return people["user"].get("/issues").text

    plain, page = decided("a", "b", "c"), decided(text, f"{text}!", text)
    assert tags_without_values(page) == tags_without_values(plain)
    assert html.unescape(page).count(text) >= 3


def tags_without_values(page: str) -> list[str]:
    """Tags without tokens and fingerprints, which are others each time."""
    return [re.sub(r'value="[^"]*"', "", tag) for tag in tags(page) if not tag.startswith("<time")]


@pytest.mark.parametrize(
    ("typed", "why"),
    [
        ("x" * 41, "City takes 40 characters"),
        ("", "the mapping keeps values (blank: keep): nothing may be emptied"),
        ("   ", "the mapping keeps values (blank: keep): nothing may be emptied"),
        ("a\0b", "the value has a character that no service takes"),
    ],
)
def test_what_cannot_be_written_is_refused_with_words(
    ledger: Ledger, people: dict[str, Person], now: datetime, typed: str, why: str
) -> None:
    [one] = conflict(ledger, now, ("Gdynia", "Sopot"))
    answer = people["user"].post("/issues/decide", take="other", value=typed, ids=[one])
    assert answer.status_code == 200
    assert f"1 issue is not decided: {why}." in answer.text
    assert chosen(ledger) == {}
    assert decisions(ledger) == []


def test_what_has_changed_since_the_page_was_shown_is_not_decided(
    ledger: Ledger, people: dict[str, Person], now: datetime
) -> None:
    [one] = conflict(ledger, now, ("Gdynia", "Sopot"))
    shown = [f"{one}:{fingerprints(ledger)[one]}"]
    conflict(ledger, now, ("Hel", "Sopot"))
    answer = people["user"].post("/issues/decide", take="salesforce", ids=[one], shown=shown)
    assert "1 issue is not decided: changed since it was shown: look again." in answer.text
    assert chosen(ledger) == {}
    ledger.issues.close(1, [one], now)
    people["user"].post("/issues/decide", take="salesforce", ids=[one])
    assert chosen(ledger) == {}, "it is solved"


def test_all_that_a_filter_finds_are_decided_as_they_were_confirmed(
    ledger: Ledger, people: dict[str, Person], now: datetime
) -> None:
    run_of(ledger, now)
    several = [(f"a{number}", f"b{number}") for number in range(120)]
    numbers = conflict(ledger, now, *several)
    ledger.issues.report(1, pd.DataFrame([{"object": "Lead", "salesforce_id": "00Q1", "reason": "LOCKED"}]), now)
    query = "?state=open&reason=CONFLICT"
    asked = people["user"].post(f"/issues/decide{query}", take="salesforce", everything="true")
    assert asked.status_code == 200
    assert "Decide 120 conflicts?" in asked.text
    assert "Both sides get the value of Salesforce" in asked.text
    assert chosen(ledger) == {}
    seen = SEEN.findall(asked.text)[0]
    # Somebody edits meanwhile, and a run has seen it: what is confirmed is no longer what is there.
    conflict(ledger, now, ("edited", "b0"))
    again = people["user"].post(f"/issues/decide{query}", take="salesforce", everything="true", seen=seen)
    assert "Decide 120 conflicts?" in again.text
    assert chosen(ledger) == {}
    seen = SEEN.findall(again.text)[0]
    done = people["user"].post(f"/issues/decide{query}", take="salesforce", everything="true", seen=seen)
    assert done.status_code == 303
    assert set(chosen(ledger)) == set(numbers)
    assert chosen(ledger)[numbers[0]][1] == "edited"


def test_a_filter_that_finds_no_conflict_decides_nothing(
    ledger: Ledger, people: dict[str, Person], now: datetime
) -> None:
    ledger.issues.report(1, pd.DataFrame([{"object": "Lead", "salesforce_id": "00Q1", "reason": "LOCKED"}]), now)
    answer = people["user"].post("/issues/decide", take="salesforce", everything="true")
    assert answer.status_code == 303
    assert "Nothing was changed" in people["user"].get("/issues?done=decide&count=0").text


@pytest.mark.parametrize("form", [{"take": "both"}, {}, {"take": "other", "value": "x" * 131_073}])
def test_a_form_of_another_make_is_refused(
    ledger: Ledger, people: dict[str, Person], now: datetime, form: dict[str, str]
) -> None:
    [one] = conflict(ledger, now, ("Gdynia", "Sopot"))
    assert people["user"].post("/issues/decide", ids=[one], **form).status_code == 400
    assert chosen(ledger) == {}
