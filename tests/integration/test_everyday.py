"""What people change from day to day, on both sides at once, with the ledger in PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.integration.conftest import opened
from tests.integration.sync import Done, Sync
from tests.twin_server import TwinServer

INTERESTS = {
    "name": "Interests__c",
    "type": "multipicklist",
    "length": 4099,
    "picklist": ["Golf", "Tennis", "Chess"],
}
TAGS = {"salesforce": "Interests__c", "salesmanago": "tags", "convert": "tags", "values": ["Golf", "Tennis", "Chess"]}
FILLED = "[not provided]"


@dataclass
class Story:
    """Runs of one small population, and what each side held in the end.

    Attributes:
        sync: The sync.
        leads: Lead ids by person.
        runs: The runs by name.
        seen: What was looked at on the way.
    """

    sync: Sync
    leads: dict[str, str]
    runs: dict[str, Done]
    seen: dict[str, Any]

    def lead(self, person: str) -> dict[str, Any]:
        """The Lead of a person."""
        return self.sync.read("Lead", self.leads[person])

    def card(self, person: str) -> dict[str, Any]:
        """The contact of a person."""
        return self.sync.card(self.sync.bindings()[self.leads[person]])


def _plant(sync: Sync) -> dict[str, str]:
    sync.control.post("/salesforce/fields", {"sobject": "Lead", "field": INTERESTS})
    sync.control.post("/salesmanago/settings", {"tags_move_clock": True})
    people: dict[str, dict[str, Any]] = {
        "name": {"FirstName": "Anna Maria", "LastName": "Kowalska"},
        "detail": {"Title": "Buyer"},
        "address": {"Street": "Prosta 1", "City": "Łódź", "PostalCode": "00-950"},
        "tags": {"Interests__c": "Golf;Tennis"},
        "newest_in_salesforce": {"Fax": "+48221234567"},
        "newest_in_salesmanago": {"Fax": "+48221234567"},
        "opts_out_in_salesforce": {},
        "opts_out_in_salesmanago": {},
        "filled": {"Company": FILLED},
        "moves": {},
    }
    leads = {name: sync.lead(Email=f"{name}@example.com", **fields) for name, fields in people.items()}
    sync.contact("tags@example.com", tags=["VIP", "TENNIS"], name="Nowak")
    sync.contact("newcomer@example.com", name="Ewa Nowa")
    return leads


def _edit(story: Story) -> None:
    sync, leads = story.sync, story.leads
    cards = {name: story.card(name)["id"] for name in leads}
    sync.edit("Lead", leads["newest_in_salesmanago"], Fax="+48221110001")
    sync.edit_card(cards["newest_in_salesforce"], fax="+48221110002")
    sync.later(5)
    sync.edit("Lead", leads["newest_in_salesforce"], Fax="+48221110003")
    sync.edit_card(cards["newest_in_salesmanago"], fax="+48221110004")
    sync.edit_card(cards["name"], name="Anna Maria Nowak")
    sync.edit("Lead", leads["detail"], Title="Head of Purchasing")
    sync.edit_card(cards["address"], address={"city": "Kraków"})
    sync.edit("Lead", leads["address"], Street="Krzywa 2")
    sync.edit_card(cards["tags"], tags=["VIP", "TENNIS", "CHESS"])
    sync.edit("Lead", leads["opts_out_in_salesforce"], HasOptedOutOfEmail=True)
    sync.edit_card(cards["opts_out_in_salesmanago"], optedOut=True, optedOutPhone=True)
    sync.edit_card(cards["filled"], company="Nowa Spółka")
    sync.edit_card(cards["moves"], email="moved@example.com")


@pytest.fixture(scope="module")
def story(
    airflow: None, twin_process: TwinServer, postgres: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Story]:
    """One full sync, edits on both sides, a dry run, an incremental sync, and one more by schedule."""
    twin_process.control.post("/reset")
    folder: Path = tmp_path_factory.mktemp("everyday")
    with opened(twin_process, postgres, folder) as sync:
        sync.map("lead", TAGS)
        told = Story(sync, _plant(sync), {}, {})
        told.runs["full"] = sync.full()
        told.seen["cards after full"] = {card["email"]: card for card in sync.cards()}
        _edit(told)
        before = sync.everything()
        told.seen["watermark"] = sync.watermark
        told.runs["dry"] = sync.incremental(dry_run=True)
        told.seen["plan"] = sync.changes()
        told.seen["dry run wrote"] = sync.everything() != before
        told.seen["watermark after dry run"] = sync.watermark
        told.runs["edited"] = sync.incremental()
        told.seen["changes"] = sync.changes()
        told.seen["watermark after edits"] = sync.watermark
        after = sync.everything()
        sync.forget_calls()
        told.runs["settled"] = sync.incremental(scheduled=True)
        told.seen["writes when settled"] = sync.writes()
        told.seen["settled"] = sync.everything() == after
        yield told


def test_every_run_is_green(story: Story) -> None:
    assert {name: run.state for name, run in story.runs.items()} == dict.fromkeys(story.runs, "success")
    assert story.sync.issues() == {}


def test_a_full_sync_takes_everybody_to_the_other_side(story: Story) -> None:
    cards = story.seen["cards after full"]
    assert set(cards) == {f"{name}@example.com" for name in (*story.leads, "newcomer")}
    assert cards["name@example.com"]["name"] == "Anna Maria Kowalska"
    assert cards["detail@example.com"]["externalId"] == story.leads["detail"]
    [lead] = [one for one in story.sync.records("Lead") if one["Email"] == "newcomer@example.com"]
    assert (lead["FirstName"], lead["LastName"]) == ("Ewa", "Nowa")


def test_an_empty_company_is_filled_in_salesforce_and_stays_empty_in_salesmanago(story: Story) -> None:
    [lead] = [one for one in story.sync.records("Lead") if one["Email"] == "newcomer@example.com"]
    assert lead["Company"] == FILLED
    for person in ("newcomer", "filled"):
        assert not story.seen["cards after full"][f"{person}@example.com"]["company"]


def test_a_filled_company_gives_way_to_a_real_one(story: Story) -> None:
    assert story.lead("filled")["Company"] == "Nowa Spółka"


def test_a_dry_run_writes_nothing_keeps_the_watermark_and_leaves_its_plan_in_the_ledger(story: Story) -> None:
    assert not story.seen["dry run wrote"]
    assert story.seen["watermark after dry run"] == story.seen["watermark"]
    assert story.runs["dry"].tasks["write_consent"] == "skipped"
    planned = {(direction, field) for direction, field, state in story.seen["plan"] if state == "planned"}
    assert {("to_salesforce", "name"), ("to_salesmanago", "properties.job_title")} <= planned
    assert planned == {(direction, field) for direction, field, _ in story.seen["changes"]}, "what is planned is done"


def test_an_incremental_sync_moves_the_watermark(story: Story) -> None:
    assert story.seen["watermark after edits"]["salesforce"] > story.seen["watermark"]["salesforce"]
    assert story.seen["watermark after edits"]["salesmanago"] > story.seen["watermark"]["salesmanago"]


def test_a_new_last_name_keeps_the_known_split(story: Story) -> None:
    assert (story.lead("name")["FirstName"], story.lead("name")["LastName"]) == ("Anna Maria", "Nowak")


def test_a_detail_arrives_in_salesmanago(story: Story) -> None:
    assert {"name": "job_title", "value": "Head of Purchasing"}.items() <= story.card("detail")["properties"][0].items()


def test_parts_of_an_address_travel_alone(story: Story) -> None:
    address = {"streetAddress": "Krzywa 2", "zipCode": "00-950", "city": "Kraków"}
    assert address.items() <= story.card("address")["address"].items()
    assert [story.lead("address")[key] for key in ("Street", "PostalCode", "City")] == ["Krzywa 2", "00-950", "Kraków"]


def test_tags_are_merged_one_by_one_and_foreign_ones_stay(story: Story) -> None:
    assert sorted(story.lead("tags")["Interests__c"].split(";")) == ["Chess", "Tennis"]
    assert sorted(tag["tag"] for tag in story.card("tags")["contactTags"]) == ["CHESS", "TENNIS", "VIP"]


def test_of_two_edits_the_newest_wins(story: Story) -> None:
    for person, fax in (("newest_in_salesforce", "+48221110003"), ("newest_in_salesmanago", "+48221110004")):
        assert (story.lead(person)["Fax"], story.card(person)["fax"]) == (fax, fax)


def test_an_opt_out_arrives_on_the_other_side(story: Story) -> None:
    assert story.card("opts_out_in_salesforce")["optedOut"] is True
    assert story.card("opts_out_in_salesforce")["optedOutPhone"] is False
    lead = story.lead("opts_out_in_salesmanago")
    assert (lead["HasOptedOutOfEmail"], lead["DoNotCall"]) == (True, True)


def test_a_new_address_arrives_and_the_person_stays_one(story: Story) -> None:
    assert story.lead("moves")["Email"] == "moved@example.com"
    assert len(story.sync.cards()) == len(story.sync.records("Lead")) == len(story.sync.bindings())


def test_the_next_scheduled_run_writes_nothing(story: Story) -> None:
    assert story.seen["writes when settled"] == []
    assert story.seen["settled"]
