"""A person runs both syncs, from their own page and from Airflow's, and understands what they did."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import ViewportSize, expect

from demo.airflow_process import Airflow
from salesmanago_sync.domain.probe.questions import QUESTIONS
from salesmanago_sync.domain.reasons import ISSUES
from salesmanago_sync.ledger.store import Ledger
from salesmanago_sync.overview.issues import IssueFilter, count_reasons, read_issues
from salesmanago_sync.overview.runs import RunLine, read_runs
from tests.browser.airflow_ui import AirflowUi
from tests.browser.conftest import Picture
from tests.browser.sync_page import SyncPage
from tests.sync_tasks import TASKS
from tests.twin_server import Control

FULL, INCREMENTAL = "salesmanago_full_sync", "salesmanago_incremental_sync"
# Within the limits nobody is asked, and without its Param there is no canary.
ALL_GREEN = {task: {"Success"} for task in TASKS} | {task: {"Skipped"} for task in ("ask", "resume", "canary")}
# More than the sync waits for late commits.
SETTLED_SECONDS = 120
PHONE = ViewportSize(width=390, height=844)
# Tall enough for a page of issues, runs and numbers in one picture.
SCREEN = ViewportSize(width=1400, height=1250)
Seeded = dict[str, Any]


@pytest.fixture
def ledger(airflow: Airflow, folder: Path) -> Iterator[Ledger]:
    opened = Ledger.open(f"sqlite:///{folder / 'airflow' / 'salesmanago_sync_ledger.db'}")
    yield opened
    opened.close()


@pytest.mark.timeout(3600)
def test_a_person_runs_both_syncs_and_understands_what_they_did(
    ui: AirflowUi, control: Control, ledger: Ledger, mappings: Path, picture: Picture
) -> None:
    seeded = control.get("/seeded")
    assert {"NO_EMAIL", "AMBIGUOUS_MATCH", "VALUE_TOO_LONG"} == set(seeded["issues"])
    ui.open_dag(INCREMENTAL)
    ui.switch_on()
    ui.open_dag(FULL)  # the page knows it when Airflow does; it is switched on there

    run = initial_sync_from_the_page(ui, ledger, seeded)
    the_run_in_airflow(ui, run, seeded, picture)
    issues_on_the_page(ui, ledger, seeded, picture)
    lead = instant_sync_of_an_edit(ui, control, ledger, picture)
    the_plan_of_each_run(ui, run, picture)
    what_the_account_was_asked(ui, picture)
    the_story_of_one_person(ui, lead, picture)
    everything_mended_and_synchronised_from_airflow(ui, control, seeded)
    a_mapping_with_a_fault(ui, mappings, picture)
    dark_and_small(ui, picture)


def initial_sync_from_the_page(ui: AirflowUi, ledger: Ledger, seeded: Seeded) -> RunLine:
    """The page, the ledger and the twin agree on what the first sync did."""
    ui.page.set_viewport_size(SCREEN)
    sync = ui.open_sync_page()
    sync.shows("Not done yet", "Nothing is running.", "2 of 8 done")
    sync.follow("Doctor")
    sync.press("Check everything")
    sync.shows("No fault", "logged in")
    sync.go("Synchronization Information")
    sync.shows("4 of 8 done", "Both are there, and their log-in works.")
    sync.force("Initial", "Read everybody who meets the criteria", "This is the first synchronization")
    sync.wait_for_run(re.compile(rf"Step \d+ of {len(TASKS)}"), re.compile(r"Reading S"), "Writing")
    number = len(seeded["records"])
    sync.shows("Done", f"{number} open issues, {number} of them new", f"Synchronization issues: {number} open")

    counted = {one.reason: one.open for one in count_reasons(ledger, datetime.now(UTC))}
    assert counted == seeded["issues"]
    shown = {row.locator("code").inner_text(): row.locator("td.n").first.inner_text() for row in sync.rows().all()}
    assert shown == {reason: str(count) for reason, count in counted.items()}
    [run] = read_runs(ledger)
    sync.main.get_by_text("The same as a table").click()
    for way in run.counts.values():
        sync.shows(f"{way.created} created, {way.updated} updated, {way.failed} failed")
    return run


def the_run_in_airflow(ui: AirflowUi, run: RunLine, seeded: Seeded, picture: Picture) -> None:
    """Airflow's own screens say that the sync worked, and what is left to do."""
    ui.open_run(FULL, run.dag_run_id)
    assert ui.wait_for_run() == "Failed"
    number = len(seeded["records"])
    ui.shows(f"{number} open issues, {number} of them new")
    assert ui.task_states(TASKS) == {**ALL_GREEN, "report": {"Failed"}}, "the sync worked, some records did not"
    picture(ui, "full-sync")
    ui.open_log("report")
    for reason, count in seeded["issues"].items():
        ui.shows(f"{reason}: {count} ({count} new)", ISSUES[reason].fix)

    ui.open_dag(FULL)
    form = ui.open_trigger_form()
    ui.reads(form, "Objects", "Only these objects", "Direction", "Which side may be written", "Dry run")
    ui.close_form(form)


def issues_on_the_page(ui: AirflowUi, ledger: Ledger, seeded: Seeded, picture: Picture) -> None:
    """One issue less to look at."""
    number = seeded["issues"]["VALUE_TOO_LONG"]
    sync = ui.open_sync_page()
    sync.go("Issues")
    picture(sync, "page-issues")
    sync.choose("Reason", "VALUE_TOO_LONG")
    sync.filter()
    found = sync.rows()
    expect(found).to_have_count(number)
    sync.shows(ISSUES["VALUE_TOO_LONG"].fix)
    found.first.get_by_role("checkbox").check()
    sync.press("Dismiss")
    expect(found).to_have_count(number - 1)
    sync.choose("State", "dismissed")
    sync.filter()
    expect(sync.rows()).to_have_count(1)
    [dismissed] = read_issues(ledger, IssueFilter(state="dismissed"))
    assert dismissed.reason == "VALUE_TOO_LONG"


def instant_sync_of_an_edit(ui: AirflowUi, control: Control, ledger: Ledger, picture: Picture) -> dict[str, Any]:
    """A person edits a Lead; the change arrives, and its delay is measured."""
    lead = dict(control.get(f"/salesforce/Lead/{ledger.bindings.read(objects=['Lead'])['salesforce_id'].iloc[0]}"))
    control.patch(f"/salesforce/Lead/{lead['Id']}", {"Company": "Nowak & <b>Synowie</b>"})
    control.post("/clock", {"advance": SETTLED_SECONDS})
    sync = ui.open_sync_page()
    sync.force("Instant", "Read what changed since the last synchronization")
    sync.wait_for_run()
    sync.shows("Salesforce → SALESmanago", "Half within", re.compile(r"[\d ]+ of [\d ]+"))
    picture(sync, "page-status")
    return lead


def the_plan_of_each_run(ui: AirflowUi, run: RunLine, picture: Picture) -> None:
    """What was written to whom."""
    sync = ui.open_sync_page()
    sync.go("Plan")
    sync.choose("Direction", "to_salesmanago")
    sync.choose("Field", "company")
    sync.filter()
    expect(sync.rows()).to_have_count(1)
    sync.shows("Nowak & <b>Synowie</b>")
    assert sync.main.locator("b").count() == 0, "a value became part of the page"
    sync.choose("Run", str(run.id))
    sync.choose("Field", "")
    sync.filter()
    expect(sync.rows()).not_to_have_count(1)
    sync.shows("Page 1 of", "Initial")
    picture(sync, "page-plan")


def what_the_account_was_asked(ui: AirflowUi, picture: Picture) -> None:
    """Every question is open, with what the sync does meanwhile; nothing is sent by looking."""
    sync = ui.open_sync_page()
    sync.go("Doctor")
    sync.follow("the probe")
    sync.shows(*(question.asks for question in QUESTIONS), QUESTIONS[0].default)
    picture(sync, "page-probe")


def the_story_of_one_person(ui: AirflowUi, lead: dict[str, Any], picture: Picture) -> None:
    """Why the values of one person are what they are."""
    sync = ui.open_sync_page()
    sync.go("Explain")
    sync.main.get_by_label("E-mail address, Salesforce Id or SALESmanago contactId").fill(lead["Email"])
    sync.press("Explain")
    sync.shows(lead["Id"], "Next run", "Fields", "Nowak & <b>Synowie</b>")
    assert lead["Email"] not in ui.page.url
    picture(sync, "page-explain")


def everything_mended_and_synchronised_from_airflow(ui: AirflowUi, control: Control, seeded: Seeded) -> None:
    """After a person has done what the report says, the next run has nothing to report."""
    for record in seeded["records"]:
        mend(control, record)
    control.post("/clock", {"advance": SETTLED_SECONDS})
    ui.open_dag(INCREMENTAL)
    form = ui.open_trigger_form()
    ui.reads(form, "Since", "People", "Only these people")
    ui.trigger(form)
    assert ui.wait_for_run() == "Success"
    ui.shows("0 open issues, 0 of them new")
    assert ui.task_states(TASKS) == ALL_GREEN


def mend(control: Control, record: dict[str, Any]) -> None:
    """Do what the report says: shorten the value, or give the record an address of its own."""
    if record["reason"] == "VALUE_TOO_LONG":
        control.patch(f"/salesmanago/contacts/{record['salesmanago_id']}", {"address": {"city": "Holyhead"}})
        return
    sobject, field = {"PersonAccount": ("Account", "PersonEmail")}.get(record["object"], (record["object"], "Email"))
    address = f"{record['salesforce_id'].lower()}@example.com"
    control.patch(f"/salesforce/{sobject}/{record['salesforce_id']}", {field: address})


def a_mapping_with_a_fault(ui: AirflowUi, mappings: Path, picture: Picture) -> None:
    """The page says where the fault is, and that no run starts before it is corrected."""
    sync = ui.open_sync_page()
    sync.go("Mapping settings")
    sync.shows("takes part", "Criteria", "Coverage")
    file = mappings / "lead.yaml"
    sound = file.read_text()
    file.write_text(sound.replace("convert: phone", "convert: phnoe", 1))
    sync.go("Mapping settings")
    sync.shows("no run starts before it is corrected", re.compile(r"lead\.yaml:\d+"), "phnoe", "phone")
    picture(sync, "page-fault", sync.main.locator("section").first)
    sync.go("Synchronization Information")
    sync.shows("A fault in the mappings", "phnoe")
    file.write_text(sound)


def dark_and_small(ui: AirflowUi, picture: Picture) -> None:
    """The page follows Airflow's colours and fits a phone."""
    assert background(ui.open_sync_page()) == "rgb(255, 255, 255)"
    ui.use_colours("dark")
    sync = ui.open_sync_page()
    assert background(sync) == "rgb(17, 18, 20)"
    picture(sync, "page-dark")
    ui.use_colours("light")
    ui.page.set_viewport_size(PHONE)
    for name in ("Issues", "Plan", "Explain", "Mapping settings", "Synchronization Information"):
        sync = ui.open_sync_page()
        if name != "Synchronization Information":  # it is open; chosen again, it would be loaded while it is measured
            sync.go(name)
        wide = sync.main.evaluate("main => main.ownerDocument.documentElement.scrollWidth - innerWidth")
        assert wide <= 0, f"{name} must be moved sideways"
    picture(sync, "page-phone")


def background(sync: SyncPage) -> str:
    colour: str = sync.main.evaluate("main => getComputedStyle(main.ownerDocument.body).backgroundColor")
    return colour
