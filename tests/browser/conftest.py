"""A whole Airflow, the twin, and a browser to look at them."""

from __future__ import annotations

import shutil
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, ViewportSize, sync_playwright

from demo import airflow_process
from demo.airflow_process import PASSWORD, PROJECT, USER, Airflow, clean_environment
from demo.child_process import ProcessGroup
from demo.twin_process import Twin
from tests.browser.airflow_ui import AirflowUi

# Where each test has a folder of its own: several may run at a time.
KEPT = PROJECT / ".test" / "browser"
PEOPLE = "leads=20,contacts=20,person_accounts=5,salesmanago=30"  # the fewest among whom every flaw is planted
NAMES = ("chromium", "chromium-browser", "google-chrome")
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
SCREEN = ViewportSize(width=1400, height=900)
TAIL_LINES = 60
OUTCOME = pytest.StashKey[bool]()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    item.stash[OUTCOME] = item.stash.get(OUTCOME, True) and report.passed
    return report


@pytest.fixture
def folder(request: pytest.FixtureRequest) -> Iterator[Path]:
    """Where everything is written; it stays when the test fails, with the end of every log in one file."""
    kept = KEPT / request.path.stem
    shutil.rmtree(kept, ignore_errors=True)
    (kept / "logs").mkdir(parents=True)
    yield kept
    if request.node.stash[OUTCOME]:
        shutil.rmtree(kept)
        return
    ends = [f"== {log.name}\n{tail(log)}" for log in sorted((kept / "logs").iterdir())]
    (kept / "tails.txt").write_text("\n".join(ends))
    print(f"Logs, their ends in tails.txt, and screen.png are in {kept}")  # noqa: T201 - shown with the failure


def tail(log: Path) -> str:
    return "\n".join(log.read_text(errors="replace").splitlines()[-TAIL_LINES:])


@pytest.fixture
def chromium() -> str:
    found = next((path for path in map(shutil.which, NAMES) if path), None)
    if found is None:
        pytest.fail("The browser test needs Chromium: 'make chromium' installs it, and so does 'make test'.")
    return found


@pytest.fixture
def processes(folder: Path) -> Iterator[ProcessGroup]:
    with ProcessGroup() as group:
        yield group


@pytest.fixture
def twin(processes: ProcessGroup, folder: Path) -> Twin:
    return Twin(processes, clean_environment(), folder / "logs", PEOPLE)


@pytest.fixture
def mappings(folder: Path) -> Path:
    """The shipped mappings, in a folder where a test may edit them."""
    return Path(shutil.copytree(PROJECT / "include" / "mappings", folder / "mappings"))


@pytest.fixture
def airflow(
    processes: ProcessGroup, folder: Path, twin: Twin, mappings: Path, monkeypatch: pytest.MonkeyPatch
) -> Airflow:
    monkeypatch.setattr(airflow_process, "UI_PORT", 0)  # the demo may be running
    settings = {"SALESMANAGO_SYNC_MAPPINGS": str(mappings)}
    started = Airflow(processes, folder, twin.connections, twin.ready["ca"], PROJECT / "dags", settings)
    started.start()
    return started


@pytest.fixture
def page(chromium: str, tmp_path: Path, folder: Path, request: pytest.FixtureRequest) -> Iterator[Page]:
    with (
        sync_playwright() as playwright,
        playwright.chromium.launch_persistent_context(
            tmp_path, executable_path=chromium, headless=True, args=FLAGS, viewport=SCREEN, color_scheme="light"
        ) as browser,
    ):
        [opened] = browser.pages
        yield opened
        if not request.node.stash[OUTCOME]:
            opened.screenshot(path=folder / "screen.png")


@pytest.fixture
def ui(page: Page, airflow: Airflow) -> AirflowUi:
    made = AirflowUi(page, airflow.url)
    made.sign_in(USER, PASSWORD)
    return made
