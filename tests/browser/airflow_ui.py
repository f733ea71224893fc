"""Airflow's UI as a person uses it: by what stands on the screen."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from urllib.parse import quote

from playwright.sync_api import Locator, Page, expect
from playwright.sync_api import TimeoutError as NotSeenError
from tenacity import Retrying, retry_if_exception_type, stop_after_delay

from tests.browser.sync_page import SyncPage

# A machine under load needs many times what a free one does.
PAGE_SECONDS = 120
PARSE_SECONDS = 300
RUN_SECONDS = 1200
LOOK_SECONDS = 10
MILLISECONDS = 1000
FINISHED = re.compile(r"^(Success|Failed)$")


class AirflowUi:
    """One browser tab in Airflow."""

    def __init__(self, page: Page, url: str) -> None:
        self.page, self._url = page, url
        self.main = page.get_by_test_id("main-content")
        page.set_default_timeout(PAGE_SECONDS * MILLISECONDS)
        expect.set_options(timeout=PAGE_SECONDS * MILLISECONDS)

    def sign_in(self, user: str, password: str) -> None:
        """Log in and arrive at the home page."""
        self.page.goto(self._url)
        self.page.get_by_label("Username").fill(user)
        self.page.get_by_role("textbox", name="Password").fill(password)
        self.page.get_by_role("button", name="Sign in").click()
        expect(self.page.get_by_test_id("nav-dags-link")).to_be_visible()

    def open_dag(self, dag: str) -> None:
        """Find a DAG in the list, as soon as Airflow has read its file, and open it."""
        link = self.page.get_by_role("link", name=dag, exact=True)
        seen = retry_if_exception_type(NotSeenError)
        for attempt in Retrying(retry=seen, stop=stop_after_delay(PARSE_SECONDS), reraise=True):
            with attempt:
                self.page.goto(f"{self._url}/dags")
                link.wait_for(timeout=LOOK_SECONDS * MILLISECONDS)
        link.click()
        expect(self._header.get_by_role("heading", name=dag)).to_be_visible()

    def open_sync_page(self) -> SyncPage:
        """Open the page of the sync from Airflow's navigation."""
        self.page.goto(self._url)
        self.page.get_by_test_id("nav-sidebar").get_by_role("link", name="CRM sync").click()
        return SyncPage(self.page)

    def use_colours(self, theme: str) -> None:
        """Choose light or dark, as the user menu does."""
        self.page.evaluate("theme => localStorage.setItem('theme', theme)", theme)

    def switch_on(self) -> None:
        """Un-pause the DAG that is open."""
        switch = self._header.get_by_test_id("toggle-pause")
        expect(switch).to_have_attribute("data-state", "unchecked")
        switch.click()
        expect(switch).to_have_attribute("data-state", "checked")

    def open_trigger_form(self) -> Locator:
        """Open the form of the DAG that is open."""
        self.page.get_by_role("button", name="Trigger").click()
        form = self.page.get_by_role("dialog")
        expect(form.get_by_text("Run Parameters")).to_be_visible()
        return form

    def trigger(self, form: Locator) -> None:
        """Send the form and arrive at the run."""
        form.get_by_role("button", name="Trigger").click()
        expect(self.page).to_have_url(re.compile(r"/runs/manual__"))

    def open_run(self, dag: str, run: str) -> None:
        """Open a run of a DAG."""
        self.page.goto(f"{self._url}/dags/{dag}/runs/{quote(run)}")

    def close_form(self, form: Locator) -> None:
        """Leave the form without sending it."""
        form.get_by_label("Close").first.click()
        expect(form).to_be_hidden()

    def wait_for_run(self) -> str:
        """Wait until the run that is open has ended, and return its state."""
        state = self._header.get_by_text(FINISHED)
        expect(state).to_be_visible(timeout=RUN_SECONDS * MILLISECONDS)
        shown = state.inner_text()
        self.page.reload()  # the note of a run comes with its end, and is not fetched again by itself
        expect(state).to_have_text(shown)
        return shown

    def task_states(self, tasks: Iterable[str]) -> dict[str, set[str]]:
        """Return the states of each task of the run that is open, once all of them are listed."""
        rows = self.main.get_by_role("row")
        states: dict[str, set[str]] = {}
        for task in tasks:
            mine = rows.filter(has=self.page.get_by_role("link", name=task, exact=True))
            expect(mine.first).to_be_visible()
            states[task] = {one.get_by_role("cell").nth(3).inner_text().strip() for one in mine.all()}
        return states

    def open_log(self, task: str) -> None:
        """Open the log of a task of the run that is open."""
        self.main.get_by_role("table").get_by_role("link", name=task, exact=True).click()
        expect(self.main.get_by_role("link", name="Rendered Templates")).to_be_visible()
        expect(self.main.get_by_text("Post Execute")).to_be_visible()

    def open_connection_form(self, name: str, kind: str) -> Locator:
        """Begin a new connection of a type."""
        self.page.goto(f"{self._url}/connections")
        self.page.get_by_role("button", name="Add Connection").click()
        form = self.page.get_by_role("dialog")
        form.get_by_label("Connection ID").fill(name)
        form.get_by_role("combobox").first.click()
        self.page.keyboard.type(kind)
        self.page.get_by_role("option", name=kind, exact=True).click()
        return form

    def edit_connection(self, name: str) -> Locator:
        """Open a connection that is there."""
        self.page.goto(f"{self._url}/connections")
        self._connection(name).get_by_role("button", name="Edit Connection").click()
        form = self.page.get_by_role("dialog")
        expect(form.get_by_label("API Secret")).to_be_visible()
        return form

    def save_connection(self, form: Locator) -> None:
        """Save the form and arrive at the list."""
        form.get_by_role("button", name="Save").click()
        expect(form).to_be_hidden()

    def test_connection(self, name: str) -> str:
        """Press the Test button of a connection and return what Airflow says."""
        self.page.goto(f"{self._url}/connections")  # what it said before is gone
        self._connection(name).get_by_role("button", name="Test Connection").click()
        said = self.page.locator("[data-scope=toast][data-part=root]")
        expect(said).to_be_visible()
        return said.inner_text()

    def _connection(self, name: str) -> Locator:
        return self.main.get_by_role("row").filter(has_text=name)

    def reads(self, form: Locator, *texts: str) -> None:
        """Check that a form says all the texts."""
        for text in texts:
            expect(form).to_contain_text(text)

    def shows(self, *texts: str) -> None:
        """Check that all the texts can be read."""
        for text in texts:
            expect(self.main).to_contain_text(text)

    def picture(self, file: Path) -> None:
        """Keep what is on the screen."""
        self.page.screenshot(path=file)

    @property
    def _header(self) -> Locator:
        return self.page.get_by_test_id("header-card")
