"""The wheel alone, installed where nothing of the repository is, lays out a folder and synchronises with it.

With what the official constraints of the oldest Airflow hold, and with the newest that is known. Beside the wheel the
oldest runs the tests of what touches Airflow itself: all other tests know the newest alone.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Iterator, Sequence
from configparser import ConfigParser
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from packaging.requirements import Requirement

from demo.airflow_process import clean_environment, connection_variables
from tests.twin_server import TwinServer

ROOT = Path(__file__).resolve().parents[2]
UV = Path(sys.executable).with_name("uv")
PACKAGE = "salesmanago_sync"
CONSTRAINTS = ROOT / "tests" / "wheel" / "constraints-3.3.1.txt"
# What a person's constraints are, and the Airflow that they belong to.
OPENLINEAGE = "apache-airflow-providers-openlineage==2.20.3"
AIRFLOWS = {
    "oldest": (CONSTRAINTS, "apache-airflow==3.3.1"),
    "newest": (ROOT / "requirements.txt", "apache-airflow", OPENLINEAGE),
}

# What touches Airflow's own interfaces, in some two minutes. A run in Airflow comes last: its Variables stay.
PAGES = ("pages", "permissions", "json_routes", "pairs", "first_run", "commands_on_paused_dags", "routes_and_commands")
WITH_AIRFLOW = (
    *(f"tests/dags/test_{name}.py" for name in ("integrity", "pairs", "setup")),
    "tests/unit/hooks",
    "tests/unit/cli",
    "tests/unit/test_schedules.py",
    *(f"tests/integration/pages/test_{name}.py" for name in PAGES),
    "tests/integration/test_airflow_screens.py",
)
TEST_TOOLS = ("hypothesis", "pytest", "pytest-timeout", "pytest-xdist")


@contextmanager
def links_that_tests_leave() -> Iterator[None]:
    """Lay links to the folders of the package where a stopped cluster of tests/cluster has them."""
    kept = ROOT / ".test"
    kept.mkdir(exist_ok=True)
    with TemporaryDirectory(dir=kept) as left:
        for name in ("dags", "include", "plugins"):
            Path(left, name).symlink_to(ROOT / name)
        yield


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dist")
    with links_that_tests_leave():
        subprocess.run(["make", "dist", f"DIST={folder}"], cwd=ROOT, check=True)
    [source] = folder.glob("*.tar.gz")
    [found] = folder.glob("*.whl")
    assert source.name.removesuffix(".tar.gz") == "-".join(found.name.split("-")[:2])
    return found


@pytest.fixture(scope="module")
def names(wheel: Path) -> set[str]:
    return set(zipfile.ZipFile(wheel).namelist())


@pytest.mark.slow
def test_it_has_one_package_and_nothing_else(names: set[str]) -> None:
    assert {name.split("/")[0].split("-")[0] for name in names} == {PACKAGE}
    assert {name.split("/")[0] for name in names if "dist-info" not in name} == {PACKAGE}


@pytest.mark.slow
def test_it_has_every_file_of_the_package_and_what_is_shipped_beside_it(names: set[str]) -> None:
    tree = ["git", "ls-files", "plugins/salesmanago_sync", "dags", "include"]
    listed = subprocess.run(tree, cwd=ROOT, capture_output=True, text=True, check=True).stdout.splitlines()
    places = {"plugins/": "", "dags/": f"{PACKAGE}/shipped/dags/", "include/": f"{PACKAGE}/shipped/"}
    wanted = {places[name[: name.index("/") + 1]] + name.partition("/")[2] for name in listed}
    assert len(wanted) > 200
    assert wanted - names == set()
    assert {name for name in names - wanted if "dist-info" not in name} == set()


@pytest.mark.slow
def test_what_the_image_copies_is_enough_to_install_it(tmp_path: Path) -> None:
    production, _ = (ROOT / "Dockerfile").read_text().split("FROM production AS twin")
    copied = [name for line in re.findall(r"^COPY --chown=\S+ (.+) \S+$", production, re.M) for name in line.split()]
    for name in copied:
        place = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        place(ROOT / name, tmp_path / name)
    subprocess.run([str(UV), "venv", "--quiet", "--python", sys.executable, "venv"], cwd=tmp_path, check=True)
    python = tmp_path / "venv" / "bin" / "python"
    install = ["pip", "install", "--quiet", "--python", str(python), "--no-deps", "--editable", str(tmp_path)]
    done = subprocess.run([str(UV), *install], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    code = "from salesmanago_sync import shipped; print(shipped.DAG_FILES, shipped.MAPPINGS, shipped.EXAMPLE)"
    shown = subprocess.run([python, "-I", "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert shown == [str(tmp_path / name) for name in ("dags", "include/mappings", "include/example.env")]
    assert all(Path(place).exists() for place in shown)


@pytest.mark.slow
def test_airflow_finds_provider_and_plugin(wheel: Path) -> None:
    entries = ConfigParser()
    with zipfile.ZipFile(wheel) as archive:
        [name] = [name for name in archive.namelist() if name.endswith("entry_points.txt")]
        entries.read_string(archive.read(name).decode())
    assert {group: dict(entries[group]) for group in entries.sections()} == {
        "apache_airflow_provider": {"provider_info": f"{PACKAGE}.provider:get_provider_info"},
        "airflow.plugins": {PACKAGE: f"{PACKAGE}.plugin:SalesmanagoPlugin"},
    }


class Elsewhere:
    """An Airflow in a clean environment and an empty folder, with the wheel and what it requires."""

    def __init__(self, folder: Path, twin: TwinServer, wheel: Path, constraints: Path, *packages: str) -> None:
        self.folder, self._bin, self.packages = folder, folder / "venv" / "bin", packages
        self.dags = folder / "home" / "dags"
        foreign = ("PYTHONPATH", "VIRTUAL_ENV", "PYTEST_")
        self._bare = {
            **{name: value for name, value in clean_environment().items() if not name.startswith(foreign)},
            "PATH": os.pathsep.join([str(self._bin), os.environ["PATH"]]),
        }
        self._environment = {
            **self._bare,
            **connection_variables(twin.connections),
            "AIRFLOW_HOME": str(folder / "home"),
            "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
            "REQUESTS_CA_BUNDLE": twin.ca,
            "SALESMANAGO_SYNC_ASK": "never",
            "AIRFLOW_CONN_SYNC_LEDGER": f"sqlite:///{folder / 'ledger.db'}",
            "AIRFLOW__OPENLINEAGE__TRANSPORT": json.dumps(
                {"type": "file", "log_file_path": str(folder / "lineage.json"), "append": True}
            ),
        }
        self.run(str(UV), "venv", "--quiet", "--python", sys.executable, "venv")
        self._wheel, self._constraints = wheel, constraints
        self.install(*packages, str(wheel))

    def install(self, *packages: str) -> None:
        """Install packages as far as the constraints let it."""
        where = ["--quiet", "--python", str(self._bin / "python"), "--constraints", str(self._constraints)]
        self.run(str(UV), "pip", "install", *where, *packages)

    def run(self, *command: str) -> str:
        """Run a command, and return what it printed."""
        return self._ended(command, self.folder, self._environment)

    def pytest(self, *tests: str) -> str:
        """Run tests of the repository, as they are run there."""
        listed = (ROOT / "requirements-dev.txt").read_text().splitlines()
        self.install(
            f"{self._wheel}[cluster,twin]", *(line for line in listed if line.partition("==")[0] in TEST_TOOLS)
        )
        # The plugin of an older anyio warns of a newer pytest.
        options = ["-q", "-p", "no:anyio", "-p", "no:cacheprovider", "-n", "2", "--dist", "loadfile"]
        command = ("python", "-m", "pytest", *options, "--no-loadscope-reorder", *tests)
        return self._ended(command, ROOT, self._bare)

    @staticmethod
    def _ended(command: Sequence[str], folder: Path, environment: dict[str, str]) -> str:
        done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"{command}\n{done.stdout[-4000:]}\n{done.stderr[-4000:]}"
        return done.stdout

    def airflow(self, *words: str) -> str:
        """Run a command of Airflow."""
        return self.run("airflow", *words)

    def lineage(self) -> list[dict[str, Any]]:
        """Give the events that OpenLineage was sent."""
        file = self.folder / "lineage.json"
        return [json.loads(line) for line in file.read_text().splitlines()] if file.is_file() else []


def data_sets(events: list[dict[str, Any]], kind: str) -> dict[str, set[tuple[str, str]]]:
    """Give the namespaces and names of what tasks, by id, have as `inputs` or `outputs`."""
    found: dict[str, set[tuple[str, str]]] = {}
    for event in events:
        for one in event[kind]:
            found.setdefault(event["job"]["name"].rpartition(".")[2], set()).add((one["namespace"], one["name"]))
    return found


@pytest.fixture(scope="module", params=AIRFLOWS)
def elsewhere(
    request: pytest.FixtureRequest, wheel: Path, twin_process: TwinServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Elsewhere]:
    folder = tmp_path_factory.mktemp(request.param)
    yield Elsewhere(folder, twin_process, wheel, *AIRFLOWS[request.param])
    shutil.rmtree(folder)


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_the_wheel_alone_lays_out_a_folder_and_synchronises(elsewhere: Elsewhere, twin: TwinServer) -> None:
    folder = elsewhere.dags / "team" / "crm"
    laid_out = json.loads(elsewhere.airflow("salesmanago", "init", str(folder), "--output", "json"))
    assert {row["result"] for row in laid_out} == {"new"}
    (folder / "mappings" / "contact.yaml").unlink()  # the files of this folder count, not those in the package
    twin.control.post("/salesforce/Lead", {"LastName": "Nowak", "Company": "Nowak i Synowie", "Email": "a@example.com"})
    twin.control.post("/salesforce/Contact", {"LastName": "Kowalska", "Email": "b@example.com"})
    twin.control.post("/clock", {"advance": 60})

    elsewhere.airflow("db", "migrate")
    elsewhere.airflow("dags", "test", "salesmanago_full_sync")

    cards = twin.control.get("/salesmanago/contacts")
    assert [card["email"] for card in cards] == ["a@example.com"]
    assert (elsewhere.folder / "ledger.db").is_file()
    # A command has no DAG file: Airflow's database says where it is.
    checked = json.loads(elsewhere.airflow("salesmanago", "mapping", "check", "--output", "json"))
    assert [(row["result"], Path(row["file"]).name) for row in checked] == [
        ("ok", "lead.yaml"),
        ("ok", "person_account.yaml"),
    ]

    events = elsewhere.lineage()
    if OPENLINEAGE not in elsewhere.packages:
        assert events == []
        return
    salesforce, salesmanago = (
        ("salesforce://salesforce_default", "people"),
        ("salesmanago://salesmanago_default", "people"),
    )
    assert data_sets(events, "inputs") == {
        "extract_salesforce": {salesforce},
        "extract_salesmanago": {salesmanago},
        "gather_counterparts": {salesforce, salesmanago},
        "follow_up": {salesforce, salesmanago},
    }
    assert data_sets(events, "outputs") == {"follow_up": {salesforce, salesmanago}}
    assert [word for word in ("@", "Nowak", "Kowalska", *twin.salesforce.values()) if word in json.dumps(events)] == []


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("elsewhere", ["oldest"], indirect=True)
def test_what_touches_airflow_works_with_the_oldest(elsewhere: Elsewhere) -> None:
    last = elsewhere.pytest(*WITH_AIRFLOW).splitlines()[-1]
    assert re.fullmatch(r"\d{3,} passed in .*", last), last


@pytest.mark.slow
@pytest.mark.parametrize(
    ("python", "airflow"), [("3.11", "3.3.0"), ("3.11", "3.3.1"), ("3.12", "3.3.1"), ("3.14", "3.3.1")]
)
def test_what_the_package_asks_for_can_be_had(python: str, airflow: str, tmp_path: Path) -> None:
    wanted = tmp_path / "wanted.txt"
    wanted.write_text(f"apache-airflow=={airflow}\n")
    held = ["--constraints", str(CONSTRAINTS)] if airflow in CONSTRAINTS.name else []
    # Metadata alone is read; nothing is installed.
    command = [str(UV), "pip", "compile", "--quiet", "--python-version", python, "--extra", "cluster", *held]
    done = subprocess.run([*command, "pyproject.toml", wanted], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert f"apache-airflow=={airflow}\n" in done.stdout
    assert ("apache-airflow-providers-salesforce==5.14.2\n" in done.stdout) is bool(held)


def test_no_minor_version_of_airflow_is_shut_out() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    [airflow] = [need for text in project["dependencies"] if (need := Requirement(text)).name == "apache-airflow"]
    assert [airflow.specifier.contains(version) for version in ("3.2.9", "3.3.0", "3.4.0", "3.10.0")] == [
        False,
        True,
        True,
        True,
    ]
