"""A run whose plan goes beyond the limits asks, holds nothing meanwhile, and writes what was approved."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.integration.sync import Sync
from tests.integration.walk import PERSON, Answer
from tests.unit.hooks.test_notification import PATH as POSTCARD

APPROVED: Answer = (["Approve"], {})
REJECTED: Answer = (["Reject"], {})
NOT_ANSWERED: Answer = ([], {})


class Person:
    """Somebody who answers questions.

    Attributes:
        asked: The questions.
    """

    def __init__(self, answer: Answer, meanwhile: Callable[[], object] = lambda: None) -> None:
        self.asked: list[Any] = []
        self._answer, self._meanwhile = answer, meanwhile

    def __call__(self, question: Any) -> Answer:
        self.asked.append(question)
        self._meanwhile()
        return self._answer


def lead(sync: Sync, name: str) -> str:
    return sync.lead(LastName="Nowak", Company="Nowak i Synowie", Email=f"{name}@example.com")


def emails(sync: Sync) -> list[str]:
    return sorted(card["email"] for card in sync.cards())


def states(sync: Sync, run: str) -> dict[tuple[str, str], str]:
    """Say what became of the changes of a run, by record and field."""
    query = (
        "SELECT salesforce_id, field, state FROM changes WHERE action <> 'follow_up' AND run_id = "
        "(SELECT id FROM runs WHERE dag_run_id = :run)"
    )
    return {(row["salesforce_id"], row["field"]): row["state"] for row in sync.rows(query, run=run)}


def decisions(sync: Sync) -> list[tuple[str, str]]:
    return [(row["action"], row["who"]) for row in sync.rows("SELECT action, who FROM decisions ORDER BY id")]


def test_the_first_full_sync_asks_and_writes_what_was_approved(sync: Sync, tmp_path: Path) -> None:
    told = tmp_path / "told"
    postcard = {"text": "{{ dag_run.dag_id }}: {{ sync_note }}", "file": str(told)}
    sync.set(ask="first", notifier=POSTCARD, notifier_arguments=json.dumps(postcard))
    one = lead(sync, "one")
    person = Person(APPROVED)
    run = sync.full(answer=person)
    assert run.green, run.log
    [question] = person.asked
    assert question.options == ["Approve", "Reject"]
    assert question.defaults == ["Reject"], "whoever does not answer has not approved"
    assert f"The first full sync asks before it writes. For example {one}." in question.body
    assert "| Lead | Salesforce → SALESmanago | 1 | 0 | 0 |" in question.body
    assert "/salesmanago/plan?run=1" in question.body
    note = (
        r"salesmanago_full_sync: May the full sync write\? People 1 created. It waits for an answer until \S+Z: http\S+"
    )
    assert re.fullmatch(rf"{note}/salesmanago/plan\?run=1", told.read_text())
    assert "example.com" not in question.body
    assert emails(sync) == ["one@example.com"]
    assert set(states(sync, run.run_id)) >= {(one, "email")}
    assert set(states(sync, run.run_id).values()) == {"done"}
    assert decisions(sync) == [("approve", PERSON)]
    again = Person(REJECTED)
    assert sync.full(answer=again).green
    assert again.asked == [], "only the first asks"


@pytest.mark.parametrize(("answer", "green"), [(REJECTED, True), (NOT_ANSWERED, False)])
def test_what_was_not_approved_is_not_written_and_moves_nothing(sync: Sync, answer: Answer, green: bool) -> None:
    sync.set(ask="first")
    one = lead(sync, "one")
    run = sync.full(answer=Person(answer))
    assert run.green is green, run.log
    assert sync.writes() == []
    assert sync.watermark is None
    assert sync.variable("salesmanago_first_sync")["status"] == "never"
    assert {run.tasks[name] for name in ("guard", "ask", "close")} == {"success"}
    assert {run.tasks[name] for name in ("resume", "bind", "write_consent", "follow_up", "commit")} == {"skipped"}
    run.says(f"Rejected by {PERSON}" if green else "Nobody answered")
    assert set(states(sync, run.run_id).values()) == {"dropped"}
    assert decisions(sync) == ([("reject", PERSON)] if green else [])
    sync.set(ask="limits")
    assert sync.full().green
    assert emails(sync) == ["one@example.com"]
    assert set(sync.bindings()) == {one}


def test_a_part_is_approved_and_the_rest_is_planned_again(sync: Sync) -> None:
    sync.set(ask="first")
    lead(sync, "one")
    contact = sync.crm_contact(LastName="Maj", Email="two@example.com")
    run = sync.full(answer=Person((["Approve"], {"objects": ["Lead"], "direction": "both", "fields": []})))
    assert run.green, run.log
    assert emails(sync) == ["one@example.com"]
    assert {state for (record, _), state in states(sync, run.run_id).items() if record == contact} == {"dropped"}
    assert sync.watermark is None, "what was not approved is in no later window"
    assert sync.variable("salesmanago_first_sync")["status"] == "never"
    person = Person(APPROVED)
    assert sync.full(answer=person).green
    assert len(person.asked) == 1
    assert emails(sync) == ["one@example.com", "two@example.com"]


@pytest.fixture
def three(sync: Sync) -> dict[str, str]:
    """Three Leads that are synchronised, and then edited."""
    made = {name: lead(sync, name) for name in ("ann", "bob", "cat")}
    assert sync.full().green
    for identifier in made.values():
        sync.edit("Lead", identifier, Phone="+48 600 100 200", Company="Acme")
    return made


def test_only_some_fields_are_approved(sync: Sync, three: dict[str, str]) -> None:
    sync.set(ask="always")
    new = lead(sync, "dan")
    run = sync.full(answer=Person((["Approve"], {"objects": [], "direction": "both", "fields": ["company"]})))
    assert run.green, run.log
    found = states(sync, run.run_id)
    assert {field for (_, field), state in found.items() if state == "done"} == {"company"}
    assert {state for (record, _), state in found.items() if record == new} == {"dropped"}
    assert {sync.card_of(f"{name}@example.com")["company"] for name in three} == {"Acme"}


def test_other_runs_go_on_while_a_question_waits_and_what_moved_is_left_to_the_next(
    sync: Sync, three: dict[str, str]
) -> None:
    before = sync.watermark

    def meanwhile() -> None:
        """A person edits one, another run writes another, and one stays as it was."""
        assert sync.rows("SELECT owner FROM run_lock") == [{"owner": ""}], "nobody holds the lock"
        sync.set(ask="limits")
        other = sync.incremental(ids=[three["bob"]])
        assert other.green, other.log
        assert sync.card_of("bob@example.com")["company"] == "Acme"
        sync.edit_card(sync.bindings()[three["ann"]], company="Globex")
        sync.forget_calls()

    sync.set(ask="always")
    run = sync.full(answer=Person(APPROVED, meanwhile))
    assert run.green, run.log
    found = states(sync, run.run_id)
    assert found[three["ann"], "company"] == "moved"
    assert found[three["ann"], "phone"] == "done", "what nobody touched is written as approved"
    assert found[three["bob"], "company"] == found[three["bob"], "phone"] == "moved"
    assert found[three["cat"], "company"] == found[three["cat"], "phone"] == "done"
    assert sync.card_of("ann@example.com")["company"] == "Globex", "decided in silence"
    run.says("3 approved changes left to the next run, which moved meanwhile")
    assert (sync.watermark or {})["salesforce"] > (before or {})["salesforce"]
    assert sync.incremental().green
    assert sync.card_of("ann@example.com")["company"] == sync.read("Lead", three["ann"])["Company"]
    sync.forget_calls()
    assert sync.incremental().green
    assert sync.writes() == []


def test_the_watermark_of_a_newer_run_stays(sync: Sync, three: dict[str, str]) -> None:
    newer: list[Any] = []

    def meanwhile() -> None:
        sync.set(ask="limits")
        assert sync.incremental().green
        newer.append({side: (sync.watermark or {})[side] for side in ("salesforce", "salesmanago")})

    sync.set(ask="always")
    assert sync.full(answer=Person(APPROVED, meanwhile)).green
    assert {side: (sync.watermark or {})[side] for side in newer[0]} == newer[0]


def test_a_scheduled_run_asks_once(sync: Sync, three: dict[str, str]) -> None:
    def meanwhile() -> None:
        later = sync.incremental(scheduled=True)
        assert later.tasks["start"] == "skipped"
        later.says("waits for an answer")

    sync.set(ask="always")
    assert sync.incremental(scheduled=True, answer=Person(REJECTED, meanwhile)).green
    person = Person(APPROVED)
    assert sync.incremental(scheduled=True, answer=person).green
    assert len(person.asked) == 1
    assert {sync.card_of(f"{name}@example.com")["company"] for name in three} == {"Acme"}


def test_an_opt_out_that_arrives_while_a_question_waits_stays(sync: Sync, three: dict[str, str]) -> None:
    def meanwhile() -> None:
        sync.edit_card(sync.bindings()[three["ann"]], optedOut=True)

    sync.set(ask="always")
    assert sync.full(answer=Person(APPROVED, meanwhile)).green
    sync.set(ask="limits")
    assert sync.incremental().green
    assert sync.read("Lead", three["ann"])["HasOptedOutOfEmail"] is True
    assert sync.card_of("ann@example.com")["optedOut"] is True
