from __future__ import annotations

import os
import re
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from playwright.sync_api import Locator, ViewportSize, expect

from demo.airflow_process import PROJECT, Airflow
from demo.twin_process import Twin
from salesmanago_sync.domain.reasons import ISSUES
from salesmanago_sync.ledger.store import Ledger
from salesmanago_sync.overview.issues import IssueFilter, count_reasons, read_issues
from salesmanago_sync.overview.runs import read_runs
from tests.browser.airflow_ui import AirflowUi
from tests.browser.sync_page import SyncPage
from tests.twin_server import Control

IMAGES = PROJECT / "docs" / "images"
# More than the sync waits for late commits.
SETTLED_SECONDS = 120
PHONE = ViewportSize(width=390, height=844)
# Tall enough for a page of issues, runs and numbers in one picture.
SCREEN = ViewportSize(width=1400, height=1250)
Picture = Callable[..., None]


@pytest.fixture
def picture() -> Picture:
    """Keep a picture for the documentation, when asked to."""

    def keep(sync: SyncPage, name: str, part: Locator | None = None) -> None:
        if os.environ.get("UPDATE_IMAGES"):
            sync.picture(IMAGES / f"page-{name}.png", part)

    return keep


@pytest.mark.timeout(3600)
def test_a_person_runs_and_understands_the_sync_from_its_page(
    twin: Twin,
    airflow: Airflow,
    ui: AirflowUi,
    folder: Path,
    mappings: Path,
    picture: Picture,
) -> None:
    control = Control(twin.ready["control"])
    seeded = control.get("/seeded")
    airflow.api.wait_for_dag("salesmanago_incremental_sync")
    ui.page.set_viewport_size(SCREEN)
    sync = ui.open_sync_page()
    sync.shows("Not done yet", "Nothing is running.")

    sync.force("Initial", "Read everybody who meets the criteria", "This is the first synchronization")
    sync.wait_for_run(re.compile(r"Step \d+ of 15"), re.compile(r"Reading S"), "Writing")
    number = len(seeded["records"])
    sync.shows("Done", f"{number} open issues, {number} of them new", f"Synchronization issues: {number} open")

    # The page, the ledger and the twin agree.
    ledger = Ledger.open(f"sqlite:///{folder / 'airflow' / 'salesmanago_sync_ledger.db'}")
    counted = {one.reason: one.open for one in count_reasons(ledger, datetime.now(UTC))}
    assert counted == seeded["issues"]
    shown = {row.locator("code").inner_text(): row.locator("td.n").first.inner_text() for row in sync.rows().all()}
    assert shown == {reason: str(count) for reason, count in counted.items()}
    [run] = read_runs(ledger)
    sync.main.get_by_text("The same as a table").click()
    for way in run.counts.values():
        sync.shows(f"{way.created} created, {way.updated} updated, {way.failed} failed")

    # One issue less to look at.
    sync.go("Issues")
    picture(sync, "issues")
    sync.choose("Reason", "VALUE_TOO_LONG")
    sync.press("Filter")
    found = sync.rows()
    expect(found).to_have_count(counted["VALUE_TOO_LONG"])
    sync.shows(ISSUES["VALUE_TOO_LONG"].fix)
    found.first.get_by_role("checkbox").check()
    sync.press("Dismiss")
    expect(found).to_have_count(counted["VALUE_TOO_LONG"] - 1)
    sync.choose("State", "dismissed")
    sync.press("Filter")
    expect(sync.rows()).to_have_count(1)
    [dismissed] = read_issues(ledger, IssueFilter(state="dismissed"))
    assert dismissed.reason == "VALUE_TOO_LONG"

    # A person edits a Lead; the change arrives, and its delay is measured.
    lead = control.get(f"/salesforce/Lead/{ledger.bindings(objects=['Lead'])['salesforce_id'].iloc[0]}")
    control.patch(f"/salesforce/Lead/{lead['Id']}", {"Company": "Nowak & <b>Synowie</b>"})
    control.post("/clock", {"advance": SETTLED_SECONDS})
    sync.force("Instant", "Read what changed since the last synchronization")
    sync.wait_for_run()
    sync.shows("Salesforce → SALESmanago", "Half within", re.compile(r"[\d ]+ of [\d ]+"))
    picture(sync, "status")

    # What was written to whom.
    sync.go("Plan")
    sync.choose("Direction", "to_salesmanago")
    sync.choose("Field", "company")
    sync.press("Filter")
    expect(sync.rows()).to_have_count(1)
    sync.shows("Nowak & <b>Synowie</b>")
    assert sync.main.locator("b").count() == 0, "a value became part of the page"
    sync.choose("Run", str(run.id))
    sync.choose("Field", "")
    sync.press("Filter")
    sync.shows("Page 1 of", "Initial")
    picture(sync, "plan")

    # The whole story of one person.
    sync.go("Explain")
    sync.main.get_by_label("E-mail address, Salesforce Id or SALESmanago contactId").fill(lead["Email"])
    sync.press("Explain")
    sync.shows(lead["Id"], "Next run", "Fields", "Nowak & <b>Synowie</b>")
    assert lead["Email"] not in ui.page.url
    picture(sync, "explain")

    # A mapping with a fault.
    sync.go("Mapping settings")
    sync.shows("takes part", "Criteria", "Coverage")
    file = mappings / "lead.yaml"
    file.write_text(file.read_text().replace("convert: phone", "convert: phnoe", 1))
    sync.go("Mapping settings")
    sync.shows("no run starts before it is corrected", re.compile(r"lead\.yaml:\d+"), "phnoe", "phone")
    picture(sync, "fault", sync.main.locator("section").first)

    dark_and_small(ui, sync, picture)
    ledger.close()
    control.close()


def dark_and_small(ui: AirflowUi, sync: SyncPage, picture: Picture) -> None:
    """The page follows Airflow's colours and fits a phone."""
    assert background(sync) == "rgb(255, 255, 255)"
    ui.use_colours("dark")
    sync = ui.open_sync_page()
    assert background(sync) == "rgb(17, 18, 20)"
    picture(sync, "dark")
    ui.use_colours("light")
    ui.page.set_viewport_size(PHONE)
    for name in ("Issues", "Plan", "Explain", "Mapping settings", "Synchronization Information"):
        sync = ui.open_sync_page()
        if name != "Synchronization Information":  # it is open; chosen again, it would be loaded while it is measured
            sync.go(name)
        wide = sync.main.evaluate("main => main.ownerDocument.documentElement.scrollWidth - innerWidth")
        assert wide <= 0, f"{name} must be moved sideways"
    picture(sync, "phone")


def background(sync: SyncPage) -> str:
    colour: str = sync.main.evaluate("main => getComputedStyle(main.ownerDocument.body).backgroundColor")
    return colour
