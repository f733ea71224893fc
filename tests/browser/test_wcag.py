"""Nobody is kept from using a page: with a screen reader, a keyboard, in either colours, on a phone."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from demo.airflow_process import Airflow
from tests.browser.accessibility import LOOKS, barriers
from tests.browser.airflow_ui import AirflowUi

PAGES = {
    "": "Synchronization Information",
    "force/full": "Force synchronization: Initial",
    "force/incremental": "Force synchronization: Instant",
    "last": "Date of the last synchronization",
    "issues": "Issues",
    "issues?state=dismissed": "Issues",
    "issues?search=%3Cscript%3E": "Issues",
    "plan": "Plan",
    "explain": "Explain",
    "certificate": "Certificate",
    "mappings": "Mapping settings",
    "workbench?file=lead.yaml": "Mapping workbench",
    "doctor": "Doctor",
    "probe": "Probe",
    "nowhere": "Not found",
}
PLANTED = """<!doctype html><html lang="en"><title>Planted</title><main style="width: 3000px">
<p style="color: #999; background: #fff">pale</p><input></main></html>"""


@pytest.mark.timeout(1800)
def test_no_page_keeps_anybody_out(ui: AirflowUi, airflow: Airflow) -> None:
    found: list[str] = []
    for path, title in PAGES.items():
        ui.page.goto(f"{airflow.url}/salesmanago/{path}")
        expect(ui.page.get_by_role("heading", level=1)).to_have_text(title)
        found += barriers(ui.page, path)
    for answered in (checked, with_faults, tried, explained):
        answered(ui.page, f"{airflow.url}/salesmanago")
        found += barriers(ui.page, answered.__name__)
    assert not found, "\n".join(found)


def checked(page: Page, root: str) -> None:
    """Doctor, with every check."""
    page.goto(f"{root}/doctor")
    page.get_by_role("button", name="Check").click()
    expect(page.get_by_role("status")).to_contain_text("No fault")


def with_faults(page: Page, root: str) -> None:
    """The workbench, with a draft that has faults."""
    page.goto(f"{root}/workbench?file=lead.yaml")
    draft = page.get_by_label("Draft of lead.yaml")
    draft.fill(draft.input_value().replace("newest", "newset"))
    page.get_by_role("button", name="Check").click()
    expect(page.get_by_role("heading", level=2).first).to_contain_text("1 fault")


def tried(page: Page, root: str) -> None:
    """The workbench, with what a draft would do."""
    page.goto(f"{root}/workbench?file=lead.yaml")
    rating = "  - {salesforce: Rating, salesmanago: properties.rating}\n"
    draft = page.get_by_label("Draft of lead.yaml")
    draft.fill(draft.input_value().replace("details:", f"{rating}details:"))
    page.get_by_role("button", name="Try it").click()
    expect(page.get_by_role("heading", name="What it would do")).to_be_attached()


def explained(page: Page, root: str) -> None:
    """Explain, with an answer: nobody has this id."""
    page.goto(f"{root}/explain")
    page.get_by_label("E-mail address, Salesforce Id or SALESmanago contactId").fill("<script>00Q")
    page.get_by_role("button", name="Explain").click()
    expect(page.locator(".big, [role=alert]").first).to_be_visible()


def test_what_keeps_people_out_is_found(page: Page) -> None:
    page.route("**/planted", lambda route: route.fulfill(body=PLANTED, content_type="text/html"))
    page.goto("http://localhost/planted")  # colours are kept for an origin, and a page without an address has none
    found = barriers(page, "planted")
    for look in LOOKS:
        assert any(one.startswith(f"planted, {look}: color-contrast") for one in found), look
    for said in ("planted, light: label", "planted, phone: must be moved sideways"):
        assert any(one.startswith(said) for one in found), said
