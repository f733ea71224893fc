"""Runs that are interrupted in the middle, and what a person edits while they work; more in `docs/operations.md`."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from salesmanago_sync.errors import FatalError
from salesmanago_sync.settings import Settings
from salesmanago_sync.steps.binding import bind_people
from salesmanago_sync.steps.close import close
from salesmanago_sync.steps.commit import commit
from salesmanago_sync.steps.contacts import list_contacts, read_cards
from salesmanago_sync.steps.extract import extract_salesforce, gather_counterparts
from salesmanago_sync.steps.newcomers import follow_up
from salesmanago_sync.steps.parts import share_out
from salesmanago_sync.steps.planning import plan_part
from salesmanago_sync.steps.ports import Ports
from salesmanago_sync.steps.preflight import preflight
from salesmanago_sync.steps.snapshot import settings_of_run
from salesmanago_sync.steps.tasks import shared_out
from salesmanago_sync.steps.watermark import LAST_SYNC, read_watermark
from salesmanago_sync.steps.window import Window, fix_window
from salesmanago_sync.steps.writing import write_batches, write_consent
from tests.integration.direct import Direct, plan_everybody, read_everybody, write_everybody
from tests.integration.sync import SETTLED_SECONDS, Sync
from tests.twin_server import ROOT


def person(direct: Direct, name: str) -> str:
    return direct.record("Lead", LastName=name, Company="Nowak", Email=f"{name}@example.com")


def write(ports: Ports, window: Window) -> None:
    """Do everything after the reading."""
    plan_everybody(ports)
    write_everybody(ports, window)


def again(direct: Direct, ports: Ports) -> Ports:
    """Clear a run whose attempt has ended: it takes the lock anew."""
    began = direct.start(ports)
    assert began is not None
    return replace(ports, run=ports.run.model_copy(update=began))


def test_a_plan_is_not_made_anew_of_what_was_read_before_the_run_wrote(direct: Direct) -> None:
    person(direct, "anna")
    direct.later(SETTLED_SECONDS)
    ports = direct.begun("full")
    window = read_everybody(direct, ports)
    plan_everybody(ports)
    bind_people(ports)
    with pytest.raises(FatalError, match="has bound and written people since it read them"):
        plan_everybody(ports)
    direct.later(1)
    read_everybody(direct, ports)
    write(ports, window)
    close(ports)
    assert direct.ledger.runs.read(ports.run.id)["state"] == "success"
    assert direct.sync() == []


def test_an_attempt_goes_on_with_what_was_read_while_no_other_run_has_worked(direct: Direct) -> None:
    person(direct, "anna")
    direct.later(SETTLED_SECONDS)
    first = direct.begun("full")
    window = read_everybody(direct, first)
    close(first)
    second = again(direct, first)
    assert second.run.id == first.run.id
    with pytest.raises(FatalError, match="no longer the current one"):
        plan_everybody(first)
    write(second, window)
    close(second)
    assert len(direct.cards()) == 1


def test_an_attempt_after_another_run_forgets_what_it_read_and_planned(direct: Direct) -> None:
    person(direct, "anna")
    direct.later(SETTLED_SECONDS)
    first = direct.begun("full")
    window = read_everybody(direct, first)
    plan_everybody(first)
    close(first)
    direct.sync("full")
    second = again(direct, first)
    for step in (plan_everybody, bind_people, write_consent, follow_up, lambda ports: commit(ports, window)):
        with pytest.raises((KeyError, FatalError)):  # what is staged in memory is missing by its own error, too
            step(second)
    assert direct.ledger.changes.count(second.run.id, state="planned") == 0
    close(second)
    assert direct.ledger.runs.read(second.run.id)["state"] == "failed"
    assert direct.ledger.lock.holder(direct.now()) is None
    assert direct.sync() == []


def test_a_mapping_that_is_edited_while_a_run_works_counts_from_the_next_run_on(direct: Direct, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(ROOT / "include" / "mappings", tmp_path / "mappings"))
    direct.settings = direct.settings.model_copy(update={"mappings": folder})
    direct.record("Lead", LastName="anna", Company="Nowak", Email="anna@example.com", Website="https://example.com")
    direct.later(SETTLED_SECONDS)
    ports = direct.begun("full")
    window = read_everybody(direct, ports)
    lead = folder / "lead.yaml"
    lead.write_text(lead.read_text() + "  - {salesforce: Website, salesmanago: site}\n")
    write(ports, window)
    close(ports)
    [card] = direct.cards().values()
    assert "site" not in {detail["name"] for detail in card["properties"]}
    direct.sync()
    assert direct.ledger.runs.read_newest(1)["totals"].iloc[0]["full_sync_due"] == ["Lead"]
    direct.sync("full")
    [card] = direct.cards().values()
    assert {detail["name"]: detail["value"] for detail in card["properties"]}["site"] == "https://example.com"


def _with(**changes: Any) -> Callable[[Path], None]:
    """Edit keys of a mapping file."""

    def edit(file: Path) -> None:
        file.write_text(yaml.safe_dump({**yaml.safe_load(file.read_text()), **changes}, sort_keys=False))

    return edit


EDITS: dict[str, tuple[Callable[[Path], None], list[str]]] = {
    "details less": (_with(details=[]), ["Lead"]),
    "other criteria": (_with(criteria={"salesforce": {"field": "City", "op": "eq", "value": "Gdynia"}}), ["Lead"]),
    "another rule": (_with(conflict="salesmanago"), ["Lead"]),
    "disabled": (_with(enabled=False), []),
    "removed": (Path.unlink, []),
}


@pytest.mark.parametrize("kind", EDITS)
def test_whatever_is_edited_in_a_mapping_while_a_full_sync_works_is_not_noted_as_done(
    direct: Direct, tmp_path: Path, kind: str
) -> None:
    edit, due = EDITS[kind]
    folder = Path(shutil.copytree(ROOT / "include" / "mappings", tmp_path / "mappings"))
    direct.settings = direct.settings.model_copy(update={"mappings": folder})
    direct.record("Lead", LastName="anna", Company="Nowak", Email="anna@example.com", City="Łódź", Title="Boss")
    direct.later(SETTLED_SECONDS)
    ports = direct.begun("full")
    window = read_everybody(direct, ports)
    edit(folder / "lead.yaml")
    write(ports, window)
    close(ports)
    assert direct.ledger.runs.read(ports.run.id)["state"] == "success"
    [card] = direct.cards().values()
    assert (card["address"]["city"], card["optedOut"]) == ("Łódź", False), "as the run had found its mappings"
    assert "Boss" in {detail["value"] for detail in card["properties"]}
    direct.record("Contact", LastName="ewa", Email="ewa@example.com")
    direct.sync()
    assert direct.ledger.runs.read_newest(1)["totals"].iloc[0]["full_sync_due"] == due
    assert direct.cards()[card["id"]]["optedOut"] is False


def test_a_mapping_that_is_broken_while_a_run_works_does_not_stop_it(direct: Direct, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(ROOT / "include" / "mappings", tmp_path / "mappings"))
    direct.settings = direct.settings.model_copy(update={"mappings": folder})
    person(direct, "anna")
    direct.later(SETTLED_SECONDS)
    ports = direct.begun("full")
    window = read_everybody(direct, ports)
    for file in folder.glob("*.yaml"):
        file.write_text("object: [")
    write(ports, window)
    close(ports)
    assert direct.ledger.runs.read(ports.run.id)["state"] == "success"


def test_a_setting_that_is_edited_while_a_run_works_counts_from_the_next_run_on(direct: Direct) -> None:
    ports = direct.begun("full")
    preflight(ports, direct.account, lambda settings: None)
    edited = Settings(vanished_percent=99, mappings=Path("/other"), requests_per_second=7)
    used = settings_of_run(ports.staging, edited)
    assert used.vanished_percent == ports.settings.vanished_percent
    assert used.mappings == Path("/other"), "where things are is the machine's own affair"


def test_a_watermark_that_a_person_sets_while_a_run_works_stays(direct: Direct) -> None:
    person(direct, "anna")
    direct.sync("full")
    direct.later(SETTLED_SECONDS)
    ports = direct.begun("incremental")
    window = read_everybody(direct, ports)
    mine = {"salesforce": "2026-01-01T00:00:00Z", "salesmanago": "2026-01-02T00:00:00Z"}
    direct.variables.set(LAST_SYNC, mine)
    write(ports, window)
    close(ports)
    found = direct.variables.get(LAST_SYNC)
    assert {side: found[side] for side in mine} == mine


def test_changes_that_nobody_wrote_hold_the_watermark(direct: Direct) -> None:
    lead = person(direct, "anna")
    direct.sync("full")
    before = read_watermark(direct.variables)
    direct.control.patch(f"/salesforce/Lead/{lead}", {"City": "Łódź"})
    direct.later(SETTLED_SECONDS)
    ports = direct.begun("incremental")
    window = read_everybody(direct, ports)
    plan_everybody(ports)
    bind_people(ports)
    with pytest.raises(FatalError, match="1 planned changes were never written"):
        commit(ports, window)
    close(ports)
    now = read_watermark(direct.variables)
    assert before is not None
    assert now is not None
    assert (now.salesforce, now.salesmanago) == (before.salesforce, before.salesmanago)
    assert direct.ledger.runs.read(ports.run.id)["state"] == "failed"
    assert direct.sync() != []
    assert [card["address"]["city"] for card in direct.cards().values()] == ["Łódź"]


@pytest.mark.parametrize(("batches", "most"), [(0, 3), (1, 3), (3, 3), (4, 3), (7, 3), (2_500, 1_024)])
def test_there_are_never_more_write_tasks_than_airflow_allows(batches: int, most: int) -> None:
    found = [{"number": number} for number in range(batches)]
    work = shared_out(found, most)
    assert len(work) <= most
    assert [one for some in work for one in some] == found
    assert all(work)


def test_many_small_tasks_are_no_more_than_airflow_maps(direct: Direct) -> None:
    small = {"people_per_part": 2, "contacts_per_task": 2, "people_per_task": 2}
    direct.settings = direct.settings.model_copy(update=small)
    for number in range(9):
        person(direct, f"lead{number}")
        direct.record("Contact", LastName="Maj", Email=f"contact{number}@example.com")
        direct.contact(f"card{number}@example.com", name="Maj", state=("CUSTOMER", "PROSPECT")[number % 2], company="M")
    direct.later(SETTLED_SECONDS)
    ports = replace(direct.begun("full"), most_tasks=3)
    objects = preflight(ports, direct.account, lambda settings: None)
    window = fix_window(ports)
    for name in objects:
        extract_salesforce(ports, name, window)
    listed = list_contacts(ports, window)
    for slices in listed:
        read_cards(ports, slices)
    gather_counterparts(ports)
    parts = share_out(ports)
    for number in parts:
        plan_part(ports, number)
    work = bind_people(ports)
    write_consent(ports)
    for batches in work:
        write_batches(ports, batches)
    follow_up(ports)
    commit(ports, window)
    close(ports)
    assert all(1 < len(mapped) <= 3 for mapped in (listed, work))
    assert len(parts) <= 3
    assert len(direct.cards()) == len(direct.records("Lead")) + len(direct.records("Contact")) == 27
    assert direct.sync() == []


def test_a_plan_of_more_batches_than_airflow_maps_is_written(sync: Sync, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW__CORE__MAX_MAP_LENGTH", "3")
    sync.map("lead")
    sync.map("contact")
    for number in range(3):
        sync.lead(Email=f"lead{number}@example.com")
        sync.crm_contact(Email=f"contact{number}@example.com")
        sync.contact(f"prospect{number}@example.com", name="Ewa Nowa", company="Nowa", state="PROSPECT")
        sync.contact(f"customer{number}@example.com", name="Ewa Nowa", company="Nowa", state="CUSTOMER")
    run = sync.full()
    assert run.green, run.log
    assert 1 < len([name for name in run.tasks if name.startswith("write[")]) <= 3
    assert len(sync.cards()) == 12
