"""What a run says, before it writes, of how many requests that takes."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from tests.integration.sync import Done, Sync

CONTACT_ID = "SALESmanago_Contact_Id__c"
PEOPLE = 250
# In percent of what is then asked.
MAY_BE_OFF = 5


@pytest.fixture(autouse=True)
def in_good_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no look be repeated because this machine is busy: what that costs nobody can say beforehand."""
    for name in ("looks.FRESH_FOR", "freshness.FRESH_FOR", "freshness.OLDEST"):
        monkeypatch.setattr(f"salesmanago_sync.steps.{name}", timedelta(hours=1))


def many(sync: Sync, kind: str) -> list[dict[str, Any]]:
    """People who are new on one side."""
    if kind == "Lead":
        return [{"LastName": f"L{n}", "Company": "Acme", "Email": f"l{n}@example.com"} for n in range(PEOPLE)]
    return [{"email": f"c{n}@example.com", "name": f"C{n}", "state": "PROSPECT"} for n in range(PEOPLE)]


def newcomers_of_both_sides(sync: Sync) -> None:
    sync.control.post("/salesforce/Lead", many(sync, "Lead"))
    sync.control.post("/salesmanago/contacts", many(sync, "contact"))


def edits_of_both_sides(sync: Sync) -> None:
    newcomers_of_both_sides(sync)
    assert sync.full().green
    # Until everything is at rest: what a run only remembers of people counts as news of them, and it is read again.
    sync.later(3600)
    assert sync.full().green
    for number, record in enumerate(sync.records("Lead")):
        if number % 2:
            sync.edit("Lead", record["Id"], Phone="+48601657778")
    for card in sync.cards():
        sync.edit_card(card["id"], fax="+48221234567", **({"optedOut": True} if card["id"] < "8" else {}))


def is_said_before(sync: Sync, run: Callable[..., Done], **params: Any) -> None:
    """Run, and check that it said before it wrote how many requests that took."""
    marks: dict[str, int] = {}

    def mark(name: str) -> None:
        marks.setdefault(name, len(sync.control.get("/calls")["log"]))

    done = run(before={name: (lambda name=name: mark(name)) for name in ("bind", "commit")}, **params)
    assert done.green
    calls = sync.control.get("/calls")["log"][marks["bind"] : marks["commit"]]
    made = Counter(call["system"] for call in calls if "/oauth2/token" not in call["path"])
    [run_of_ledger] = sync.rows("SELECT calls_planned FROM runs ORDER BY id DESC LIMIT 1")
    said = json.loads(run_of_ledger["calls_planned"])
    done.says(f"takes {said['salesmanago']} requests to SALESmanago and {said['salesforce']} to Salesforce")
    for system, count in said.items():
        assert abs(count - made[system]) <= max(1, made[system] * MAY_BE_OFF / 100), (said, made)


@pytest.mark.parametrize("people_per_task", ["2000", "200"])
@pytest.mark.parametrize("prepare", [newcomers_of_both_sides, edits_of_both_sides])
def test_a_run_says_how_many_requests_it_will_make(sync: Sync, prepare: Any, people_per_task: str) -> None:
    sync.set(ask="never", people_per_task=people_per_task)
    prepare(sync)
    sync.later(3600)
    is_said_before(sync, sync.full)


@pytest.mark.parametrize("fields", [[], ["fax"]])
def test_an_approved_run_says_it_of_what_was_approved(sync: Sync, fields: list[str]) -> None:
    """Whoever it has written itself is read again: other runs may have written them, too, while it waited."""
    sync.set(ask="never")
    edits_of_both_sides(sync)
    sync.later(3600)
    sync.set(ask="always")
    is_said_before(
        sync, sync.full, answer=lambda question: (["Approve"], {"objects": [], "direction": "both", "fields": fields})
    )


def test_whose_contact_this_run_has_opted_out_is_looked_at_and_not_read_again(sync: Sync) -> None:
    leads = [sync.lead(Email=f"l{number}@example.com") for number in range(4)]
    assert sync.full().green
    for lead in leads:
        sync.edit("Lead", lead, HasOptedOutOfEmail=True, Phone="+48601657778")
    sync.control.delete("/calls")
    is_said_before(sync, sync.incremental)
    again = [call for call in sync.control.get("/calls")["log"] if call["path"].endswith("composite/sobjects/Lead")]
    assert not [call for call in again if call["method"] == "POST"], "records that are read again by id"


def test_whose_contact_this_run_has_moved_is_read_again(sync: Sync) -> None:
    first, second = sync.lead(Email="a@example.com"), sync.lead(Email="b@example.com")
    assert sync.full().green
    sync.edit("Lead", first, Email="c@example.com", Phone="+48601657778")
    sync.edit("Lead", second, Email="a@example.com", Phone="+48601657779")
    is_said_before(sync, sync.incremental)
    assert sorted(card["email"] for card in sync.cards()) == ["a@example.com", "c@example.com"]


@pytest.mark.parametrize("told", [True, False])
def test_records_are_told_the_id_of_their_contact_where_the_mapping_says_so(sync: Sync, told: bool) -> None:
    line = {"salesforce": CONTACT_ID, "salesmanago": "contactId", "direction": "to_salesforce"}
    for sobject, name in (("Lead", "lead"), ("Contact", "contact")):
        field = {"name": CONTACT_ID, "type": "string", "length": 40, "external_id": True, "unique": True}
        sync.control.post("/salesforce/fields", {"sobject": sobject, "field": field})
        sync.map(name, *([line] if told else []))
    sync.lead(Email="anna@example.com")
    sync.crm_contact(Email="jan@example.com")
    is_said_before(sync, sync.full)
    assert [record[CONTACT_ID] is not None for record in sync.records("Lead")] == [told]


@pytest.mark.parametrize("canary", [2, 2000])
def test_the_first_people_and_their_reading_back_are_counted(sync: Sync, canary: int) -> None:
    sync.set(people_per_part="4")
    leads = [sync.lead(Email=f"l{number}@example.com") for number in range(6)]
    assert sync.full().green
    for card in sync.cards():
        sync.edit_card(card["id"], fax="+48601657778")
    for lead in leads[:3]:
        sync.edit("Lead", lead, HasOptedOutOfEmail=True, Title="Boss")
    is_said_before(sync, sync.incremental, canary=canary)
