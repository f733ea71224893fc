"""What a sales person sees: the record's page with the section, and in it the landing page of the right person."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
from playwright.sync_api import Locator, Page, expect, sync_playwright

from tests.browser.conftest import FLAGS, chromium
from tests.integration.sync import Sync
from tests.twin_server import ROOT

__all__ = ["chromium"]

PICTURES = ROOT / "docs" / "images"
CONTACT_ID = "SALESmanago_Contact_Id__c"


@pytest.fixture
def page(chromium: str, tmp_path: Path) -> Iterator[Page]:
    with (
        sync_playwright() as playwright,
        playwright.chromium.launch_persistent_context(
            tmp_path / "browser", executable_path=chromium, headless=True, args=FLAGS, color_scheme="light",
            viewport={"width": 1100, "height": 760},
        ) as browser,
    ):  # fmt: skip
        [opened] = browser.pages
        yield opened


def look(page: Page, sync: Sync, path: str) -> None:
    """Open an address of the org as the user of the connection."""
    token = quote(sync.twin.salesforce["access_token"])
    page.goto(f"{sync.twin.http}/secur/frontdoor.jsp?sid={token}&retURL={quote(path)}")


def keep(part: Locator, name: str) -> None:
    if os.environ.get("UPDATE_IMAGES"):
        part.screenshot(path=PICTURES / name)


def test_a_record_shows_the_landing_page_of_its_person_and_of_nobody_else(sync: Sync, page: Page) -> None:
    assert sync.run("salesmanago_setup", check_only=False).green
    sync.map("lead", salesforce_card=True)
    lead = sync.lead(Email="anna@example.com", FirstName="Anna", LastName="Nowak")
    sync.lead(Email="jan@example.com", FirstName="Jan", LastName="Kowalski")
    sync.contact("anna@example.com", name="Anna Nowak", state="PROSPECT", score=73, tags=["NEWSLETTER", "WEBINAR"])
    sync.contact("jan@example.com", name="Jan Kowalski", state="PROSPECT", score=5)
    assert sync.full().green

    look(page, sync, f"/lightning/r/Lead/{lead}/view")
    section = page.locator("section", has=page.get_by_role("heading", name="SALESmanago", exact=True))
    expect(section.locator("[data-field=SALESmanago_Score__c]")).to_have_text("73")
    expect(section.locator("[data-field=SALESmanago_Tags__c]")).to_have_text("NEWSLETTER;WEBINAR")
    framed = section.frame_locator("iframe").frame_locator("iframe")
    expect(framed.get_by_role("heading", name="Anna Nowak")).to_be_visible()
    expect(framed.get_by_text("anna@example.com")).to_be_visible()
    keep(section, "salesforce-card.png")

    addresses = [frame.url for frame in page.frames]
    [signed] = [address for address in addresses if "/ms/" in address]
    [card] = [address for address in addresses if "/apex/" in address]
    key = sync.twin.connections["salesmanago_default"]["extra"]["microsite_key"]
    sources = [frame.content() for frame in page.frames]
    assert [text for text in [*addresses, *sources] if key in text] == [], "the key is in no page and no address"

    jan = sync.card_of("jan@example.com")["id"]
    anna = sync.card_of("anna@example.com")["id"]
    for tampered in (signed.replace(anna, jan), signed[:-1] + ("0" if signed[-1] != "0" else "1")):
        answer = page.goto(tampered)
        assert answer is not None
        assert answer.status == 403
        expect(page.get_by_role("heading", name="Access denied")).to_be_visible()

    # Without a landing page, the card shows the fields; the link opens it in a window of its own.
    sync.connect("salesmanago_default", iframe_name=None)
    assert sync.run("salesmanago_setup", check_only=False).green
    page.goto(card)
    expect(page.get_by_text("73")).to_be_visible()
    assert page.locator("iframe").count() == 0
    keep(page.locator("body"), "salesforce-card-fields.png")
