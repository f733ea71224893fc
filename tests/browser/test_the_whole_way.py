"""A run is looked at, approved in part and taken back, and both sides are proved to agree, in the pages of a pair."""

from __future__ import annotations

import re
import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import TimeoutError as NotSeenError
from playwright.sync_api import ViewportSize, expect
from tenacity import Retrying, retry_if_exception_type, stop_after_delay, wait_fixed

from demo.airflow_process import PROJECT, Airflow
from tests.browser.accessibility import WIDE, barriers
from tests.browser.airflow_ui import LOOK_SECONDS, MILLISECONDS, RUN_SECONDS, AirflowUi
from tests.browser.conftest import PAIR, Picture
from tests.browser.sync_page import RUN_MILLISECONDS, SyncPage
from tests.twin_server import Control

WAITS = re.compile(r"The plan of run (\d+) waits for an answer")
FULL = f"salesmanago_{PAIR}_full_sync"
PAIR_FILE = f"""\
salesforce: salesforce_{PAIR}
salesmanago: salesmanago_{PAIR}
settings: {{mappings: {PAIR}, schedule: none, consent_schedule: none, ask: first}}
"""
DAG_FILE = f'''"""Airflow DAGs of SALESmanago: those of the pair {PAIR}."""

from salesmanago_sync.dags.pair import salesmanago_pair

dags = salesmanago_pair("{PAIR}", __file__)
'''
MAILING_CITY = "Gdynia"
CITY = "{salesforce: City, salesmanago: address.city}"
# Below that the first page names the file of the pair, which lies elsewhere on each machine.
UPPER = ViewportSize(width=1400, height=690)
# More than the sync waits for late commits.
SETTLED_SECONDS = 120
COMPANY = "Nowak & <b>Synowie</b> 😀"
HELD = ("Toruń", "Bydgoszcz <script>alert(1)</script>")
Record = dict[str, Any]


@pytest.fixture
def pair(dags: Path) -> Iterator[str]:
    """A further pair, which holds conflicts of a Lead's city; it is gone when the test ends."""
    folder = Path(shutil.copytree(PROJECT / "include" / "mappings", dags / "pairs" / PAIR))
    lead = folder / "lead.yaml"
    lead.write_text(lead.read_text().replace(CITY, CITY.replace("}", ", conflict: hold}")))
    laid = {dags / "pairs" / f"{PAIR}.yaml": PAIR_FILE, dags / f"salesmanago_{PAIR}.py": DAG_FILE}
    for file, text in laid.items():
        file.write_text(text)
    yield PAIR
    for file in laid:
        file.unlink()


@pytest.mark.timeout(3600)
def test_a_run_is_approved_in_part_and_taken_back_and_both_sides_are_proved_to_agree(
    ui: AirflowUi, airflow: Airflow, control: Control, pair: str, picture: Picture
) -> None:
    lead, contact, held = edit_people(control)
    ui.open_dag(FULL)  # the page knows it when Airflow does
    sync = pages_of(ui, pair)
    sync.shows("To a sync that runs by itself")
    ui.page.set_viewport_size(UPPER)
    picture(sync, "page-pairs")
    ui.page.set_viewport_size(WIDE)
    run = ask(sync)

    look_at_the_plan(sync)
    found = barriers_of(ui, airflow, "")
    approve(pages_of(ui, pair), ui, "Lead")
    seen_in_the_end(lambda: expect_company(control, lead, COMPANY))
    pages_of(ui, pair).wait_for_run()
    assert card(control, contact)["address"] == contact["address"], "it was not approved"
    decide_the_held_conflict(pages_of(ui, pair), picture)
    found += barriers_of(ui, airflow, "issues?reason=CONFLICT")

    take_back(ui, pair, run)
    seen_in_the_end(lambda: expect_company(control, lead, lead["company"]))
    found += barriers_of(ui, airflow, "plan")

    synchronise_whole(ui, pair)
    seen_in_the_end(lambda: expect_city(control, contact, MAILING_CITY))
    seen_in_the_end(lambda: expect_city(control, held, HELD[0]))
    pages_of(ui, pair).wait_for_run()
    expect_company(control, lead, lead["company"])
    prove(pages_of(ui, pair), picture)
    assert not found, "\n".join(found)


def edit_people(control: Control) -> tuple[Record, Record, Record]:
    """Edit a Lead, a Contact, and one Lead on both sides; give the contacts of all three as they were."""
    cards = {one["email"].lower(): one for one in control.get("/salesmanago/contacts")}
    records = {kind: control.get(f"/salesforce/{kind}") for kind in ("Lead", "Contact")}
    known = Counter((one["Email"] or "").lower() for some in records.values() for one in some)
    both = {
        kind: [one for one in some if known[address := (one["Email"] or "").lower()] == 1 and address in cards]
        for kind, some in records.items()
    }
    lead, held, *_ = both["Lead"]
    contact = both["Contact"][0]
    control.patch(f"/salesforce/Lead/{lead['Id']}", {"Company": COMPANY})
    control.patch(f"/salesforce/Contact/{contact['Id']}", {"MailingCity": MAILING_CITY})
    control.patch(f"/salesforce/Lead/{held['Id']}", {"City": HELD[0]})
    of = {record["Id"]: cards[record["Email"].lower()] for record in (lead, held, contact)}
    control.patch(
        f"/salesmanago/contacts/{of[held['Id']]['id']}", {"address": {**of[held["Id"]]["address"], "city": HELD[1]}}
    )
    control.post("/clock", {"advance": SETTLED_SECONDS})
    return of[lead["Id"]], of[contact["Id"]], of[held["Id"]]


def pages_of(ui: AirflowUi, pair: str) -> SyncPage:
    """Open the first page of the pair, by the chooser."""
    sync = ui.open_sync_page()
    accounts = sync.frame.get_by_role("navigation", name="Pairs of accounts")
    accounts.get_by_role("link", name=pair).click()
    expect(accounts.get_by_role("link", name=pair)).to_have_attribute("aria-current", "true")
    return sync


def ask(sync: SyncPage) -> str:
    """Start a full sync, and wait until it asks; give its number."""
    sync.force("Initial", "Read everybody who meets the criteria", "This is the first synchronization")
    question = sync.main.get_by_text(WAITS)
    expect(question).to_be_visible(timeout=RUN_MILLISECONDS)
    [run] = WAITS.findall(question.inner_text())
    return str(run)


def look_at_the_plan(sync: SyncPage) -> None:
    """What it would write stands there, as text."""
    sync.go("Plan")
    sync.choose("Object", "Lead")
    sync.choose("Field", "company")
    sync.filter()
    sync.shows(COMPANY, "waits for an answer")
    assert sync.main.locator("b").count() == 0, "a value became part of the page"


def approve(sync: SyncPage, ui: AirflowUi, *objects: str) -> None:
    """Answer in Airflow: some objects, and nobody else; all of the plan where none is named."""
    sync.follow("Approve or reject it in Airflow")
    ui.shows("May the full sync write?", "Contact", *objects)
    for name in objects:
        ui.main.locator("#element_objects").get_by_role("combobox").click()
        ui.page.get_by_role("option", name=name, exact=True).click()
    with ui.page.expect_response(lambda answer: answer.request.method == "PATCH") as answered:
        ui.main.get_by_role("button", name="Approve", exact=True).click()
    assert answered.value.ok


def decide_the_held_conflict(sync: SyncPage, picture: Picture) -> None:
    """Both values side by side, each with its button; that of Salesforce is taken."""
    sync.go("Issues")
    sync.choose("Reason", "CONFLICT")
    sync.filter()
    sync.shows(*HELD)
    picture(sync, "page-conflicts")
    sync.main.get_by_role("button", name="Take this").first.click()
    sync.shows("decided on")


def take_back(ui: AirflowUi, pair: str, run: str) -> None:
    """Look what would go back, then put it back."""
    sync = pages_of(ui, pair)
    sync.go("Plan")
    sync.choose("Run", run)
    sync.filter()
    sync.press("Undo this run: show first")
    sync.shows("Nothing is written.")

    def put_back() -> None:
        shown = pages_of(ui, pair)
        shown.go("Plan")
        button = shown.main.get_by_role("button", name="Put these values back")
        button.click(timeout=LOOK_SECONDS * MILLISECONDS)
        shown.shows(f"Putting back what run {run} wrote.")

    seen_in_the_end(put_back)


def synchronise_whole(ui: AirflowUi, pair: str) -> None:
    """Let a full sync write all that it plans; before that there is nothing to prove."""
    sync = pages_of(ui, pair)
    sync.go("Certificate")
    sync.shows("No audit can start", "was not done yet")
    sync.go("Synchronization Information")
    ask(sync)
    approve(sync, ui)


def prove(sync: SyncPage, picture: Picture) -> None:
    """Make a certificate: what differs has its reason."""
    sync.go("Certificate")
    sync.main.get_by_label("The DAG is paused: switch it on").check()
    sync.press("Start an audit")
    sync.shows(re.compile("An audit (waits to start|is at work) since"))

    def look() -> None:
        sync.go("Certificate")
        expect(sync.main).to_contain_text("Every difference is explained.", timeout=MILLISECONDS)

    seen_in_the_end(look)
    sync.shows("0 unexplained", "UNDONE")
    picture(sync, "page-certificate")


def seen_in_the_end(look: Callable[[], None]) -> None:
    """Look again until it is there: a run needs its time."""
    missing = retry_if_exception_type((AssertionError, NotSeenError))
    for attempt in Retrying(retry=missing, stop=stop_after_delay(RUN_SECONDS), wait=wait_fixed(2), reraise=True):
        with attempt:
            look()


def expect_company(control: Control, contact: Record, company: str) -> None:
    assert card(control, contact)["company"] == company


def expect_city(control: Control, contact: Record, city: str) -> None:
    assert card(control, contact)["address"]["city"] == city


def card(control: Control, contact: Record) -> Record:
    return dict(control.get(f"/salesmanago/contacts/{contact['id']}"))


def barriers_of(ui: AirflowUi, airflow: Airflow, path: str) -> list[str]:
    """What keeps people from using a page of the pair."""
    ui.page.goto(f"{airflow.url}/salesmanago/pairs/{PAIR}/{path}")
    found = barriers(ui.page, path)
    ui.page.set_viewport_size(WIDE)
    return found
