"""A person changes a copy of a mapping in the browser: completion, faults at their lines, a trial, two downloads."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import ViewportSize, expect

from tests.browser.airflow_ui import AirflowUi
from tests.browser.conftest import Picture
from tests.browser.sync_page import SyncPage

PHONE = ViewportSize(width=390, height=844)
RATING = "  - {salesforce: Rating, salesmanago: properties.rating}\n"


@pytest.mark.timeout(1800)
def test_a_copy_of_a_mapping_is_changed_tried_and_taken(ui: AirflowUi, mappings: Path, picture: Picture) -> None:
    sync = ui.open_sync_page()
    live = (mappings / "lead.yaml").read_text()
    sync.go("Mapping settings")
    sync.main.locator("a[href$='file=lead.yaml']").first.click()
    draft = sync.main.get_by_label("Draft of lead.yaml")
    expect(draft).to_have_value(live)
    expect(sync.main.locator(".editor pre")).to_contain_text(str(live.count("\n")))

    completes_a_name(sync, live)
    wrong = live.replace("details:", f"{RATING.replace('Rating', 'Ratng')}details:").replace("newest", "newset")
    draft.fill(wrong)
    sync.press("Check")
    sync.shows("2 faults: correct them first", "Did you mean 'Rating'", "Did you mean 'newest'")
    sync.follow(str(wrong[: wrong.index("Ratng")].count("\n") + 1))
    marked = draft.evaluate("area => area.value.slice(area.selectionStart, area.selectionEnd)")
    assert marked == RATING.replace("Rating", "Ratng").rstrip("\n")

    right = live.replace("details:", f"{RATING}details:")
    draft.fill(right)
    sync.press("Try it")
    sync.shows("What it would do", "A full sync of Lead is due", "New fields: properties.rating", "Nothing was written")
    expect(draft).to_have_value(right)
    picture(sync, "page-workbench")
    for button, name in (("Take the file", "lead.yaml"), ("Take the difference", "lead.yaml.diff")):
        with ui.page.expect_download() as taken:
            sync.press(button)
        assert taken.value.suggested_filename == name
        assert RATING in Path(taken.value.path()).read_text()
    assert (mappings / "lead.yaml").read_text() == live

    ui.page.set_viewport_size(PHONE)
    wide = sync.main.evaluate("main => main.ownerDocument.documentElement.scrollWidth - innerWidth")
    assert wide <= 0, "the page must be moved sideways"


def completes_a_name(sync: SyncPage, live: str) -> None:
    """Ctrl + Space completes the name before the cursor, of the side that its key says."""
    draft = sync.main.get_by_label("Draft of lead.yaml")
    for typed, made in (("salesforce: ratin", "salesforce: Rating"), ("salesmanago: birthd", "salesmanago: birthday")):
        draft.fill(f"{live}  - {{{typed}")
        draft.press("Control+End")
        draft.press("Control+Space")
        expect(draft).to_have_value(f"{live}  - {{{made}")
