"""What tests share."""

from __future__ import annotations

import atexit
import gc
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings
from xdist.scheduler import LoadFileScheduling

from tests.twin_server import TwinServer

ROOT = Path(__file__).parent.parent
MEMORY = Path("/dev/shm")  # noqa: S108 - what is made there has a name of its own, as in /tmp
ROOM = 4 * 1024**3


def _has_room() -> bool:
    try:
        found = os.statvfs(MEMORY)
    except OSError:
        return False
    return found.f_bavail * found.f_frsize >= ROOM and not found.f_flag & os.ST_NOEXEC and os.access(MEMORY, os.W_OK)


# What tests store is not waited for: a run commits to its ledger some forty times, and each waits for the disk.
if "TMPDIR" not in os.environ and _has_room():
    os.environ["TMPDIR"] = tempfile.tempdir = str(MEMORY)
HOME = tempfile.mkdtemp(prefix="airflow-home-")
atexit.register(shutil.rmtree, HOME, ignore_errors=True)
# Compiled files are kept, whatever a build machine says: every process that a test starts would compile Airflow anew.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False
# Airflow reads its settings, and writes some, when it is imported: a test's must not be the developer's.
os.environ |= {
    "AIRFLOW_HOME": HOME,
    "AIRFLOW__CORE__DAGS_FOLDER": str(ROOT / "dags"),
    "AIRFLOW__CORE__PLUGINS_FOLDER": str(ROOT / "plugins"),
    "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
}
# The same cases each time, on any machine: what is red is red again. `--hypothesis-profile=default` tries others.
settings.register_profile("suite", derandomize=True, deadline=None)
settings.load_profile("suite")

# Side by side, the files that take longest begin, so that no worker ends long after the others.
FIRST = ("browser", "wheel", "benchmarks", "histories", "integration")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if "PYTEST_XDIST_WORKER" in os.environ:
        items.sort(key=_turn)


def pytest_collection_finish() -> None:
    """Look for garbage less often, and not in what was imported: that is there to the end."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> LoadFileScheduling:
    return _Scheduling(config, log)


class _Scheduling(LoadFileScheduling):
    """A file in one process, and the files that share an Airflow with its browser in the same."""

    def _split_scope(self, nodeid: str) -> str:
        shared = "tests/browser/"
        return shared if nodeid.startswith(shared) else str(super()._split_scope(nodeid))


def _turn(item: pytest.Item) -> int:
    folder = item.path.relative_to(ROOT / "tests").parts[0]
    return FIRST.index(folder) if folder in FIRST else len(FIRST)


@pytest.fixture(scope="session")
def twin_process() -> Iterator[TwinServer]:
    """One twin for all tests; whoever uses it directly finds what earlier tests left."""
    with TwinServer() as server:
        yield server


@pytest.fixture
def twin(twin_process: TwinServer) -> TwinServer:
    """The twin, empty and with its first settings."""
    twin_process.control.post("/reset")
    return twin_process
