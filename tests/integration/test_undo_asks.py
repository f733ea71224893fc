"""An undo that goes beyond the limits of a run asks, and writes what was approved of it."""

from __future__ import annotations

import pytest

from tests.integration.sync import Sync
from tests.integration.test_approval import APPROVED, REJECTED, Person
from tests.integration.test_undo import UNDO, at_rest, edit_both, last_run, snapshot


@pytest.fixture
def written(sync: Sync, monkeypatch: pytest.MonkeyPatch) -> tuple[int, str]:
    """A run that wrote to both sides, whose undo would empty a value, and one of its contacts."""
    _, _, contact, _ = people = at_rest(sync)
    edit_both(sync, people)
    assert sync.incremental().green
    monkeypatch.setenv("SALESMANAGO_SYNC_LIMIT_BLANKS", "0")
    sync.set(ask="first")
    return last_run(sync), contact


def told(sync: Sync) -> set[tuple[str, str, str | None]]:
    """What the undo's run says of each field: its state, and the reason."""
    newest = "SELECT max(id) FROM runs WHERE mode = 'undo'"
    rows = sync.rows(f"SELECT field, state, reason FROM changes WHERE run_id = ({newest})")  # noqa: S608 - a constant
    return {(row["field"], row["state"], row["reason"]) for row in rows}


def test_it_says_what_it_goes_beyond_and_a_rejected_one_writes_nothing(sync: Sync, written: tuple[int, str]) -> None:
    before = snapshot(sync)
    person = Person(REJECTED)
    done = sync.run(UNDO, run=written[0], dry_run=False, answer=person)
    assert done.green
    [question] = person.asked
    assert "values are emptied; without asking 0 (`SALESMANAGO_SYNC_LIMIT_BLANKS`)" in question.body
    assert "puts these values back and no others" in question.body
    assert snapshot(sync) == before
    # The lock is free, and later runs have nothing to do.
    assert sync.incremental().green
    assert snapshot(sync) == before


def test_what_was_approved_goes_back_but_for_what_was_edited_meanwhile(sync: Sync, written: tuple[int, str]) -> None:
    run, contact = written

    def meanwhile() -> None:
        sync.edit_card(contact, phone="+48 600 100 200")
        assert sync.incremental().green

    assert sync.run(UNDO, run=run, dry_run=False, answer=Person(APPROVED, meanwhile)).green
    assert {row[1:] for row in told(sync) if row[0] == "phone"} == {("dropped", "EDITED")}
    assert ("address.streetAddress", "done", None) in told(sync)
    card = sync.card(contact)
    assert (card["phone"], card["address"]["streetAddress"]) == ("+48 600 100 200", None)


def test_a_field_alone_can_be_approved(sync: Sync, written: tuple[int, str]) -> None:
    run, contact = written
    answer = (["Approve"], {"objects": [], "direction": "both", "fields": ["phone"]})
    assert sync.run(UNDO, run=run, dry_run=False, answer=Person(answer)).green
    found = told(sync)
    assert {row for row in found if row[1] == "done"} == {("phone", "done", None)}
    assert {row[1:] for row in found if row[0] != "phone"} == {("dropped", "NOT_APPROVED")}
    card = sync.card(contact)
    assert (card["phone"], card["address"]["streetAddress"]) == ("22 123 45 67", "Prosta 1")
