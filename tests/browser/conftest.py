"""A whole Airflow and the twin, shared by the tests of this folder, and a browser to look at them."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Generator, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, ViewportSize, sync_playwright

from demo import airflow_process
from demo.airflow_process import PASSWORD, PROJECT, USER, Airflow, clean_environment
from demo.child_process import ProcessGroup
from demo.twin_process import Twin
from tests.browser.airflow_ui import AirflowUi
from tests.browser.sync_page import SyncPage
from tests.twin_server import Control

Picture = Callable[..., None]
IMAGES = PROJECT / "docs" / "images"
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
# A further pair of accounts: its connections are there, its files only where a test lays them out.
PAIR = "sandbox"
RED = pytest.StashKey[bool]()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    for node in (item, item.session):
        node.stash[RED] = node.stash.get(RED, False) or report.failed
    return report


@pytest.fixture(scope="session")
def folder(request: pytest.FixtureRequest) -> Iterator[Path]:
    """Where everything is written; it stays when a test fails, with the end of every log in one file."""
    shutil.rmtree(KEPT, ignore_errors=True)
    (KEPT / "logs").mkdir(parents=True)
    yield KEPT
    if not request.session.stash.get(RED, True):
        shutil.rmtree(KEPT)
        return
    ends = [f"== {log.name}\n{tail(log)}" for log in sorted((KEPT / "logs").iterdir())]
    (KEPT / "tails.txt").write_text("\n".join(ends))
    print(f"Logs, their ends in tails.txt, and screens are in {KEPT}")  # noqa: T201 - shown with the failure


def tail(log: Path) -> str:
    return "\n".join(log.read_text(errors="replace").splitlines()[-TAIL_LINES:])


@pytest.fixture(scope="session")
def chromium() -> str:
    found = next((path for path in map(shutil.which, NAMES) if path), None)
    if found is None:
        pytest.fail("The browser test needs Chromium: 'make chromium' installs it, and so does 'make test'.")
    return found


@pytest.fixture(scope="session")
def processes(folder: Path) -> Iterator[ProcessGroup]:
    with ProcessGroup() as group:
        yield group


@pytest.fixture(scope="session")
def twin(processes: ProcessGroup, folder: Path) -> Twin:
    return Twin(processes, clean_environment(), folder / "logs", PEOPLE)


@pytest.fixture
def control(twin: Twin) -> Iterator[Control]:
    """The twin, as a person works in both services."""
    opened = Control(twin.ready["control"])
    yield opened
    opened.close()


@pytest.fixture(scope="session")
def mappings(folder: Path) -> Path:
    """The shipped mappings, in a folder where the last part of a test may edit them."""
    return Path(shutil.copytree(PROJECT / "include" / "mappings", folder / "mappings"))


@pytest.fixture(scope="session")
def dags(folder: Path) -> Path:
    """The shipped DAG files, in a folder where a test may put those of a further pair."""
    copied = Path(shutil.copytree(PROJECT / "dags", folder / "dags"))
    (copied / "pairs").mkdir()
    return copied


@pytest.fixture(scope="session")
def airflow(processes: ProcessGroup, folder: Path, twin: Twin, mappings: Path, dags: Path) -> Airflow:
    settings = {
        "SALESMANAGO_SYNC_MAPPINGS": str(mappings),
        "SALESMANAGO_SYNC_PAIRS": str(dags / "pairs"),
        "AIRFLOW__DAG_PROCESSOR__REFRESH_INTERVAL": "10",  # seconds until a new DAG file is found
    }
    known = twin.connections
    own = {f"{name.removesuffix('_default')}_{PAIR}": connection for name, connection in known.items()}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(airflow_process, "UI_PORT", 0)  # the demo may be running
        started = Airflow(processes, folder, known | own, twin.ready["ca"], dags, settings)
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
        if request.node.stash[RED]:
            opened.screenshot(path=folder / f"{request.node.name}.png")


@pytest.fixture
def picture() -> Picture:
    """Keep a picture for the documentation, when asked to."""

    def keep(screen: SyncPage | AirflowUi, name: str, part: Locator | None = None) -> None:
        if os.environ.get("UPDATE_IMAGES"):
            screen.picture(IMAGES / f"{name}.png", *[part] if part else [])

    return keep


@pytest.fixture
def ui(page: Page, airflow: Airflow) -> AirflowUi:
    made = AirflowUi(page, airflow.url)
    made.sign_in(USER, PASSWORD)
    return made
