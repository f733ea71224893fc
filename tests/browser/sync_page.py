"""The page "SALESmanago" as a person uses it, framed by Airflow."""

from __future__ import annotations

import re
from pathlib import Path

from playwright.sync_api import FrameLocator, Locator, Page, expect

FRAME = "iframe[title='CRM sync']"
RUN_MILLISECONDS = 1_200_000


class SyncPage:
    """The frame that holds the page."""

    def __init__(self, page: Page) -> None:
        self._page = page
        self.frame: FrameLocator = page.frame_locator(FRAME)
        self.shows("Current status")

    @property
    def main(self) -> Locator:
        """What stands below the menu."""
        return self.frame.get_by_role("main")

    def shows(self, *texts: str | re.Pattern[str]) -> None:
        """Check that all the texts can be read."""
        for text in texts:
            expect(self.main).to_contain_text(text)

    def go(self, name: str) -> None:
        """Choose an entry of the menu."""
        self.frame.get_by_role("navigation", name="SALESmanago").get_by_role("link", name=name).click()
        expect(self.frame.get_by_role("heading", level=1, name=name)).to_be_visible()

    def follow(self, link: str) -> None:
        """Follow a link of the page."""
        self.main.get_by_role("link", name=link, exact=True).click()

    def press(self, button: str) -> None:
        """Press a button."""
        self.main.get_by_role("button", name=button, exact=True).click()

    def force(self, mode: str, *promised: str) -> None:
        """Start a run, after reading what it will do."""
        link = self.main.get_by_role("link", name=mode, exact=True)
        if not link.count():  # where it is open, it would be loaded again while the link is followed
            self.go("Synchronization Information")
        link.click()
        self.shows("What it will do", *promised)
        switch = self.main.get_by_label("The DAG is paused: switch it on")
        if switch.count():
            switch.check()
        self.press(f"Start {mode} synchronization")
        self.shows("Current status")

    def wait_for_run(self, *on_the_way: str | re.Pattern[str]) -> None:
        """Watch a run to its end, without loading the page again."""
        for text in on_the_way:
            expect(self.main).to_contain_text(text, timeout=RUN_MILLISECONDS)
        expect(self.main).to_contain_text("Nothing is running.", timeout=RUN_MILLISECONDS)
        self.shows("Last run")

    def choose(self, label: str, value: str) -> None:
        """Choose a value of a filter."""
        self.main.get_by_label(label, exact=True).select_option(value)

    def filter(self) -> None:
        """Press Filter, and wait for the page that it gives: the one before may look the same."""
        self.main.evaluate("main => main.setAttribute('data-left', '')")
        self.press("Filter")
        expect(self.frame.locator("main:not([data-left])")).to_be_visible()

    def rows(self) -> Locator:
        """The rows of the first table."""
        return self.main.locator("table").first.locator("tbody tr")

    def picture(self, file: Path, part: Locator | None = None) -> None:
        """Keep what is on the screen, or a part of it."""
        expect(self.main).to_be_visible()
        if part is None:
            self._page.screenshot(path=file)
        else:
            part.screenshot(path=file)
