"""Conflicts that the mapping holds, decided by a person and carried out by the next run."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from salesmanago_sync.domain.merge.choices import MOVED
from salesmanago_sync.ledger.forgetting import PersonIds
from salesmanago_sync.overview.issues import IssueFilter, IssueRow, read_issues
from salesmanago_sync.steps.choosing import Chosen, Side, decide_conflicts
from salesmanago_sync.steps.close import close
from salesmanago_sync.steps.explaining import explain_person
from salesmanago_sync.steps.undoing import end, undo_run
from tests.integration.direct import Direct, plan_everybody, read_everybody, write_everybody
from tests.integration.sync import SETTLED_SECONDS
from tests.twin_in_process import TwinInProcess

MAPPING = {
    "object": "Lead",
    "enabled": True,
    "last_name_when_empty": {"action": "fill"},
    "company_when_empty": {"action": "fill"},
    "create": {"in_salesmanago": True, "in_salesforce": False},
    "conflict": "hold",
    "fields": [
        {"salesforce": "LastName", "salesmanago": "name"},
        {"salesforce": "Email", "salesmanago": "email"},
        {"salesforce": "City", "salesmanago": "address.city"},
        {"salesforce": "Description", "salesmanago": "properties.note", "blank": "propagate"},
    ],
}
BOTH = {"to_salesforce", "to_salesmanago"}

pytestmark = pytest.mark.slow


class Desk:
    """One person on both sides, and whoever decides.

    Attributes:
        lead: The record.
        card: The contact.
    """

    def __init__(self, direct: Direct) -> None:
        self.direct = direct
        self.lead = direct.record("Lead", Email="ann@example.com", LastName="Nowak", City="Łódź", Description="old")
        direct.sync("full")
        [self.card] = direct.cards()

    def edit(self, side: str, **values: str | None) -> None:
        """Edit city or note on one side."""
        self.direct.later(5)
        if side == "salesforce":
            names = {"city": "City", "note": "Description"}
            self.direct.control.patch(
                f"/salesforce/Lead/{self.lead}", {names[key]: value for key, value in values.items()}
            )
            return
        cards: dict[str, Callable[[Any], dict[str, Any]]] = {
            "city": lambda value: {"address": {"city": value}},
            "note": lambda value: {"properties": {"note": value}},
        }
        for key, value in values.items():
            self.direct.control.patch(f"/salesmanago/contacts/{self.card}", cards[key](value))

    def cities(self) -> tuple[Any, Any]:
        """What both sides hold."""
        record, card = self.direct.records("Lead")[self.lead], self.direct.cards()[self.card]
        return record["City"], card["address"]["city"]

    def notes(self) -> tuple[Any, Any]:
        """What both sides hold."""
        record, card = self.direct.records("Lead")[self.lead], self.direct.cards()[self.card]
        notes = {one["name"]: one["value"] for one in card["properties"] or []}
        return record["Description"], notes.get("note")

    def conflicts(self, state: str = "open") -> list[IssueRow]:
        """The conflicts as a person is shown them."""
        return read_issues(self.direct.ledger, IssueFilter(state, "CONFLICT"), limit=None)

    def decide(self, side: Side, typed: str = "") -> Chosen:
        """Decide every conflict that is there."""
        return decide_conflicts(self.direct.ports(), self.conflicts(), side, typed, "anna")

    def written(self) -> set[str]:
        """The sides to which the last run wrote values."""
        run = int(self.direct.ledger.runs.read_newest(1)["id"].max())
        changes = self.direct.ledger.changes.read(run, state="done")
        return set(changes.loc[changes["field"].isin(["address.city", "properties.note"]), "direction"])


@pytest.fixture
def direct(empty_ledger: Path, tmp_path: Path) -> Iterator[Direct]:
    """The steps of the sync on services in this process, where time passes only when it is told to."""
    folder = tmp_path / "mappings"
    folder.mkdir()
    (folder / "lead.yaml").write_text(yaml.safe_dump(MAPPING, sort_keys=False), encoding="utf-8")
    made = Direct(TwinInProcess(), tmp_path, empty_ledger, folder)
    yield made
    made.close()


@pytest.fixture
def desk(direct: Direct) -> Desk:
    """A conflict of the city."""
    made = Desk(direct)
    made.edit("salesforce", city="Gdynia")
    made.edit("salesmanago", city="Sopot")
    direct.sync()
    assert len(made.conflicts()) == 1
    return made


def at_rest(desk: Desk) -> None:
    """Nothing is open, nothing waits, and nothing more is written."""
    assert desk.conflicts() == []
    assert not desk.direct.ledger.choices.any_waiting()
    assert desk.direct.sync() == []


@pytest.mark.parametrize(
    ("side", "typed", "held", "written"),
    [
        ("salesforce", "", "Gdynia", {"to_salesmanago"}),
        ("salesmanago", "", "Sopot", {"to_salesforce"}),
        ("other", " Hel <b>\"'🎉 ", "Hel <b>\"'🎉", BOTH),
        ("other", "0", "0", BOTH),
        ("other", "Gdynia", "Gdynia", {"to_salesmanago"}),
    ],
)
def test_the_next_run_carries_a_decision_out(desk: Desk, side: Side, typed: str, held: str, written: set[str]) -> None:
    assert len(desk.decide(side, typed).done) == 1
    [issue] = desk.conflicts()
    assert issue.decision.startswith("anna decided on ")
    # A dry run shows it, and decides nothing.
    desk.direct.sync(dry_run=True)
    assert desk.direct.ledger.choices.any_waiting()
    desk.direct.sync()
    assert desk.written() == written
    assert desk.cities() == (held, held)
    at_rest(desk)


def test_what_a_service_makes_of_it_is_no_edit(desk: Desk) -> None:
    desk.direct.control.post("/salesmanago/settings", {"keeps": "upper"})
    desk.direct.control.post("/salesforce/settings", {"keeps": "upper"})
    desk.decide("other", "Hel")
    desk.direct.sync()
    assert desk.cities() == ("HEL", "HEL")
    at_rest(desk)


@pytest.mark.parametrize("chosen", ["salesforce", "salesmanago"])
def test_a_side_that_holds_nothing_can_be_chosen_where_the_mapping_empties(direct: Direct, chosen: Side) -> None:
    desk = Desk(direct)
    desk.edit("salesforce", note=None)
    desk.edit("salesmanago", note="new")
    direct.sync()
    assert len(desk.decide(chosen).done) == 1
    direct.sync()
    assert [value or None for value in desk.notes()] == [None if chosen == "salesforce" else "new"] * 2
    at_rest(desk)


@pytest.mark.parametrize(
    ("side", "chosen", "typed"),
    [
        ("salesforce", "salesforce", ""),
        ("salesmanago", "salesforce", ""),
        ("salesforce", "other", "Hel"),
        ("salesmanago", "other", "Hel"),
    ],
)
def test_an_edit_before_the_run_is_not_lost(desk: Desk, side: str, chosen: Side, typed: str) -> None:
    desk.decide(chosen, typed)
    desk.edit(side, city="Kraków")
    desk.direct.sync()
    assert "Kraków" in desk.cities()
    assert desk.written() == set()
    [issue] = desk.conflicts()
    assert MOVED[side == "salesforce", side == "salesmanago"] in issue.decision
    assert "Nothing was overwritten" in issue.decision
    # It still says so after another run, and can be decided anew.
    desk.direct.sync()
    [issue] = desk.conflicts()
    assert "no longer counts" in issue.decision
    desk.decide("other", "Hel")
    desk.direct.sync()
    assert desk.cities() == ("Hel", "Hel")
    at_rest(desk)


@pytest.mark.parametrize(
    ("side", "chosen", "typed"),
    [("salesmanago", "salesforce", ""), ("salesforce", "salesmanago", ""), ("salesforce", "other", "Hel")],
)
def test_an_edit_in_the_middle_of_the_run_is_not_lost(desk: Desk, side: str, chosen: Side, typed: str) -> None:
    desk.decide(chosen, typed)
    ports = desk.direct.begun()
    desk.direct.later(SETTLED_SECONDS)
    window = read_everybody(desk.direct, ports)
    plan_everybody(ports)
    desk.edit(side, city="Kraków")
    write_everybody(ports, window)
    close(ports)
    assert "Kraków" in desk.cities()
    desk.direct.sync()
    assert "Kraków" in desk.cities()
    assert len(desk.conflicts()) == 1


def test_a_decision_in_the_middle_of_a_run_is_left_to_the_next_one(desk: Desk) -> None:
    ports = desk.direct.begun()
    desk.direct.later(SETTLED_SECONDS)
    window = read_everybody(desk.direct, ports)
    desk.direct.later(1)
    desk.decide("salesmanago")
    plan_everybody(ports)
    write_everybody(ports, window)
    close(ports)
    assert desk.cities() == ("Gdynia", "Sopot")
    desk.direct.sync()
    assert desk.cities() == ("Sopot", "Sopot")
    at_rest(desk)


def test_decided_anew_while_a_run_writes_the_later_decision_wins(desk: Desk) -> None:
    desk.decide("salesforce")
    ports = desk.direct.begun()
    desk.direct.later(SETTLED_SECONDS)
    window = read_everybody(desk.direct, ports)
    plan_everybody(ports)
    desk.decide("salesmanago")
    write_everybody(ports, window)
    close(ports)
    desk.direct.sync()
    assert desk.cities() == ("Sopot", "Sopot")
    at_rest(desk)


def test_one_side_at_a_time_is_no_obstacle(desk: Desk) -> None:
    desk.decide("other", "Hel")
    desk.direct.sync(direction="to_salesmanago")
    assert desk.cities() == ("Gdynia", "Hel")
    assert len(desk.conflicts()) == 1, "half of it is still to be done"
    desk.direct.sync()
    assert desk.cities() == ("Hel", "Hel")
    at_rest(desk)


@pytest.mark.parametrize("after", [True, False])
def test_a_worker_that_dies_at_any_call_of_the_ledger_loses_no_decision(desk: Desk, after: bool) -> None:
    desk.decide("other", "Hel")
    for at in (80, 100, 115):
        desk.direct.crash("incremental", at, after=after, killed=False)
        assert set(desk.cities()) <= {"Gdynia", "Sopot", "Hel"}
    desk.direct.sync()
    assert desk.cities() == ("Hel", "Hel")
    at_rest(desk)


def test_a_run_that_carried_it_out_is_undone_as_any_other(desk: Desk) -> None:
    desk.decide("other", "Hel")
    desk.direct.sync()
    run = int(desk.direct.ledger.runs.read_newest(1)["id"].max())
    ports = desk.direct.ports("undo", run=run)  # type: ignore[arg-type]
    began = desk.direct.start(ports)
    assert began is not None
    ports = replace(ports, run=ports.run.model_copy(update=began))
    read_everybody_for_undo(desk.direct, ports)
    end(ports, undo_run(ports))
    assert desk.cities() == ("Gdynia", "Sopot")
    assert desk.direct.sync() == []
    assert desk.cities() == ("Gdynia", "Sopot"), "both sides have agreed to differ"


def read_everybody_for_undo(direct: Direct, ports: Any) -> None:
    from salesmanago_sync.steps.preflight import preflight

    preflight(ports, direct.account, lambda settings: None)


def test_an_explanation_tells_that_a_decision_waits(desk: Desk) -> None:
    desk.decide("other", "Hel")
    told = explain_person(desk.direct.ports(), desk.lead, desk.direct.account)
    [story] = told.stories
    [issue] = [one for one in story.issues if one.state == "open"]
    assert "anna decided on" in issue.decision
    [city] = [one for one in story.fields if one.field == "address.city"]
    assert (city.winner, city.rule) == ("a person", "a person decided: another value")
    assert {(one.direction, one.new) for one in story.planned} == {(way, "Hel") for way in BOTH}
    assert "The next incremental run looks at this person." in story.outlook


def test_whoever_is_forgotten_is_decided_no_more(desk: Desk) -> None:
    desk.decide("other", "Hel")
    ledger = desk.direct.ledger
    ledger.people.forget(PersonIds(frozenset([desk.lead]), frozenset([desk.card])), "anna", desk.direct.now())
    assert not ledger.choices.any_waiting()


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"direction": "to_salesmanago"}, "both ways"),
        ({"salesmanago": "properties.town"}, "no longer has the field"),
    ],
)
def test_a_mapping_that_no_longer_has_the_conflict_drops_the_decision(
    desk: Desk, tmp_path: Path, change: dict[str, str], why: str
) -> None:
    desk.decide("salesmanago")
    lines = [*MAPPING["fields"]]  # type: ignore[misc]
    lines[2] = lines[2] | change
    text = yaml.safe_dump(MAPPING | {"fields": lines}, sort_keys=False)
    (tmp_path / "mappings" / "lead.yaml").write_text(text, encoding="utf-8")
    refused = desk.decide("salesforce")
    assert [why in reason for reason in refused.refused.values()] == [True]
    desk.direct.sync()
    assert not desk.direct.ledger.choices.any_waiting()
