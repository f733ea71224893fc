"""Undo: what a run wrote put back where it is still there, and nothing else touched."""

from __future__ import annotations

from typing import Any

import pytest

from tests.integration.sync import Done, Sync

UNDO = "salesmanago_undo"
# What moves by itself (a tag that is given again is younger), and the link, which stays.
CLOCKS = {"LastModifiedDate", "SystemModstamp", "LastModifiedById", "modifiedOn", "createdOn", "externalId"}


def still(value: Any) -> Any:
    """Both services without clocks."""
    if isinstance(value, dict):
        return {key: still(one) for key, one in value.items() if key not in CLOCKS}
    return [still(one) for one in value] if isinstance(value, list) else value


def snapshot(sync: Sync) -> Any:
    """What people hold on both sides."""
    return still(sync.everything())


def differences(before: Any, after: Any) -> list[tuple[str, Any, Any]]:
    """Name every value that is not the same in two snapshots."""
    found = []
    for name, rows in before.items():
        for was, now in zip(rows, after[name], strict=True):
            found += [(key, was.get(key), now.get(key)) for key in {*was, *now} if was.get(key) != now.get(key)]
    return sorted(found, key=str)


def last_run(sync: Sync) -> int:
    """The number of the newest run."""
    return int(sync.rows("SELECT max(id) AS id FROM runs")[0]["id"])


def undo(sync: Sync, run: int, **how: Any) -> Done:
    """Undo a run, for real."""
    done = sync.run(UNDO, run=run, dry_run=False, **how)
    assert done.green, done.log
    return done


def left(sync: Sync) -> dict[str, str | None]:
    """What the newest undo left, by field, and why."""
    rows = sync.rows("SELECT field, reason FROM changes WHERE state = 'dropped' AND run_id = :run", run=last_run(sync))
    return {row["field"]: row["reason"] for row in rows}


def at_rest(sync: Sync) -> tuple[str, str, str, str]:
    """Two people on both sides, equal; return their Leads and contacts."""
    anna = sync.lead(
        Email="anna@example.com", FirstName="Anna Maria", LastName="Nowak", Phone="22 123 45 67", City="Łódź"
    )
    jan = sync.lead(Email="jan@example.com", FirstName="Jan", City="Kraków", Country="Poland")
    assert sync.full().green
    assert sync.incremental().green
    bound = sync.bindings()
    return anna, jan, bound[anna], bound[jan]


def edit_both(sync: Sync, people: tuple[str, str, str, str]) -> None:
    """Change names, numbers, addresses and details on either side; some are emptied before."""
    anna, jan, contact, other = people
    sync.edit("Lead", anna, Phone="(22) 765-43-21", Title="Buyer", Street="Prosta 1")
    sync.edit("Lead", jan, FirstName="Jan Piotr")
    sync.edit_card(contact, name="Ewa Anna Kowalska Maj", address={"city": "Gdańsk"})
    sync.edit_card(other, fax="+48 22 111 22 33")


def test_an_undo_right_after_a_run_restores_both_sides_and_nothing_is_redone(sync: Sync) -> None:
    people = at_rest(sync)
    edit_both(sync, people)
    before = snapshot(sync)
    sync.forget_calls()
    assert sync.incremental().green
    run, written = last_run(sync), snapshot(sync)
    assert written != before
    # Shown first.
    sync.forget_calls()
    assert sync.run(UNDO, run=run).green
    assert sync.writes() == []
    shown = sync.changes()
    done = undo(sync, run)
    done.says("Values that went back: ")
    assert "Kowalska" not in done.log
    assert snapshot(sync) == before
    assert [(way, field) for way, field, _ in sync.changes()] == [(way, field) for way, field, _ in shown]
    undone = last_run(sync)
    # Both sides differ now, and have agreed to.
    sync.forget_calls()
    assert sync.incremental().green
    assert sync.full().green
    assert sync.writes() == []
    audit = sync.run("salesmanago_audit")
    assert audit.green, audit.log
    audit.says("UNDONE")
    # An undo of the undo restores what the run had written.
    undo(sync, undone)
    assert snapshot(sync) == written
    sync.forget_calls()
    assert sync.incremental().green
    assert sync.writes() == []


def test_what_somebody_edited_since_is_left_and_listed_with_both_values(sync: Sync) -> None:
    anna, _, contact, other = people = at_rest(sync)
    edit_both(sync, people)
    assert sync.incremental().green
    run = last_run(sync)
    sync.edit_card(contact, phone="+48 600 100 200")
    sync.edit("Lead", anna, City="Sopot")
    before = snapshot(sync)
    undo(sync, run, record=contact)
    assert left(sync) == {"phone": "EDITED", "address.city": "EDITED"}
    [row] = sync.rows("SELECT old, new FROM changes WHERE field = 'phone' AND run_id = :run", run=last_run(sync))
    assert row == {"old": "+48600100200", "new": "22 123 45 67"}
    after = snapshot(sync)
    was = {card["id"]: card for card in before["contacts"]}
    changed = {card["id"] for card in after["contacts"] if card != was[card["id"]]}
    # Of one person, and only of her.
    assert changed == {contact}
    assert sync.card(contact)["phone"] == "+48 600 100 200"
    # A person's later decision travels as ever.
    assert sync.incremental().green
    assert sync.card(contact)["address"]["city"] == "Sopot"
    assert sync.card(other)["fax"] == "+48 22 111 22 33"


def test_what_a_person_has_not_seen_does_not_go_back(sync: Sync, monkeypatch: pytest.MonkeyPatch) -> None:
    _, _, contact, _ = people = at_rest(sync)
    edit_both(sync, people)
    assert sync.incremental().green
    run, written = last_run(sync), sync.card(contact)["phone"]
    sync.edit_card(contact, phone="+48 600 100 200")
    assert sync.run(UNDO, run=run, record=contact, dry_run=True).green
    shown = last_run(sync)
    assert left(sync) == {"phone": "EDITED"}
    # Somebody takes the edit back: now this would go back, too, and nobody has seen that.
    sync.edit_card(contact, phone=written)
    # Beyond the limits of a run, too: a person has seen it.
    monkeypatch.setenv("SALESMANAGO_SYNC_LIMIT_BLANKS", "0")
    undo(sync, run, record=contact, shown=shown)
    assert left(sync) == {"phone": "NOT_SHOWN"}
    assert sync.card(contact)["phone"] == written
    assert sync.card(contact)["address"]["streetAddress"] is None
    refused = sync.run(UNDO, run=run, dry_run=False, shown=run)
    assert not refused.green
    assert f"Param shown: run {run} is no dry run of an undo." in refused.log


def test_one_field_is_undone_alone(sync: Sync) -> None:
    anna, _, contact, _ = people = at_rest(sync)
    edit_both(sync, people)
    assert sync.incremental().green
    undo(sync, last_run(sync), field="phone")
    assert {field for _, field, _ in sync.changes()} == {"phone"}
    assert sync.card(contact)["phone"] == "22 123 45 67"
    assert sync.read("Lead", anna)["City"] == "Gdańsk"
    # Asked for once more, everything is back already.
    run = int(sync.rows("SELECT max(id) AS id FROM runs WHERE mode = 'incremental'")[0]["id"])
    sync.forget_calls()
    undo(sync, run, field="phone")
    assert left(sync) == {"phone": "BACK"}
    assert sync.writes() == []


def test_opt_outs_are_never_undone(sync: Sync) -> None:
    anna, _, contact, _ = at_rest(sync)
    sync.edit_card(contact, optedOut=True)
    assert sync.incremental().green
    undo(sync, last_run(sync))
    assert left(sync) == {"optedOut": "OPT_OUT"}
    assert sync.read("Lead", anna)["HasOptedOutOfEmail"] is True


def test_what_was_created_is_deleted_on_request_only_and_no_policy_follows(sync: Sync) -> None:
    sync.map("lead", on_delete={"in_salesmanago": "delete", "in_salesforce": "delete"})
    anna, _, _, _ = at_rest(sync)
    sync.edit("Lead", anna, City="Sopot")
    eva = sync.lead(Email="eva@example.com", LastName="Maj")
    assert sync.incremental().green
    run = last_run(sync)
    undo(sync, run)
    assert left(sync)[""] == "CREATED"
    assert sync.card_of("eva@example.com")["deleted"] is False
    undo(sync, run, delete_created=True)
    assert [card for card in sync.cards() if card["email"] == "eva@example.com" and not card["deleted"]] == []
    for _ in range(2):
        assert sync.incremental().green
    assert sync.full().green
    assert sync.read("Lead", eva)["IsDeleted"] is False
    assert [card for card in sync.cards() if card["email"] == "eva@example.com" and not card["deleted"]] == []


def test_a_run_that_wrote_nothing_cannot_be_undone(sync: Sync) -> None:
    at_rest(sync)
    sync.incremental(dry_run=True)
    for run, words in ((last_run(sync), "was a dry run"), (999, "has no run 999")):
        done = sync.run(UNDO, run=run, dry_run=False)
        assert "guard" in done.red
        done.says(words)
    # The lock is free, whatever happened.
    assert sync.incremental().green


INTERESTS = {"name": "Interests__c", "type": "multipicklist", "length": 4099, "picklist": ["Golf", "Tennis", "Chess"]}
TAGS = {"salesforce": "Interests__c", "salesmanago": "tags", "convert": "tags", "values": ["Golf", "Tennis", "Chess"]}
FAX = "22 111 22 33"
# What a person may do to one of them, on either side.
EDITS: list[tuple[str, dict[str, Any]]] = [
    ("Lead", {"FirstName": "Maria Anna"}),
    ("Lead", {"FirstName": None, "LastName": "van der Berg"}),
    ("Lead", {"Phone": "(22) 765-43-21", "Fax": FAX}),
    ("Lead", {"Company": "Kowalska i Córki", "Title": "Buyer"}),
    ("Lead", {"Interests__c": "Golf;Chess"}),
    ("Lead", {"Country": "PL", "Street": "Prosta 1\nm. 2", "City": None}),
    ("Lead", {"Description": "a\n'quoted' \"note\""}),
    ("card", {"name": "Maria Nowak de la Cruz"}),
    ("card", {"phone": "0048 22 7654321", "fax": FAX}),
    ("card", {"company": "Nowak & Syn"}),
    ("card", {"tags": ["GOLF", "VIP"]}),
    ("card", {"address": {"country": "Germany", "city": "Köln"}}),
]


def test_whatever_a_run_wrote_is_restored_for_everybody(sync: Sync) -> None:
    sync.control.post("/salesforce/fields", {"sobject": "Lead", "field": INTERESTS})
    sync.control.post("/salesmanago/settings", {"tags_move_clock": True})
    sync.map("lead", TAGS)
    started = {"City": "Łódź", "Country": "Poland", "Fax": "+48 22 000 00 00", "Interests__c": "Tennis"}
    # Each edit of one side beside an edit of the other, of other fields.
    count = len(EDITS)
    leads = [sync.lead(Email=f"p{number}@example.com", FirstName="Jan", **started) for number in range(count)]
    assert sync.full().green
    assert sync.incremental().green
    bound = sync.bindings()
    for number, lead in enumerate(leads):
        for where, what in (EDITS[number], EDITS[(number + 7) % count]):
            if where == "Lead":
                sync.edit("Lead", lead, **what)
            else:
                sync.edit_card(bound[lead], **what)
    before = snapshot(sync)
    assert sync.incremental().green
    run, written = last_run(sync), snapshot(sync)
    done = sync.rows("SELECT count(*) AS n FROM changes WHERE run_id = :run AND state = 'done'", run=run)[0]["n"]
    undo(sync, run)
    assert left(sync) == {}
    assert len(sync.changes()) == done > 2 * count
    assert differences(before, snapshot(sync)) == []
    assert differences(before, written) != []
    sync.forget_calls()
    assert sync.incremental().green
    assert sync.writes() == []
