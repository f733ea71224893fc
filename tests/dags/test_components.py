"""Whatever the pages, the compose file and the extras name can be loaded with the pinned requirements.

A pin that takes away what an executor, a provider or an extra needs is seen here; that the whole starts and works is
seen by `make cluster-test`.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from tests import compose

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")), ROOT / "demo" / "airflow_process.py"]
SERVICES = compose.services(compose.example())
AIRFLOW = {name: service for name, service in SERVICES.items() if "AIRFLOW__CORE__EXECUTOR" in service.environment}
OBJECT = re.compile(r"\bairflow\.providers(?:\.\w+)+")
ADDRESS = re.compile(r"(?:db\+)?(?:postgresql|redis)[\w+]*://\S+")
NOWHERE = [
    "object airflow.providers.celery.executors.nowhere",
    "executor NowhereExecutor",
    "provider apache-airflow-providers-nowhere",
    "package nowhere",
    "address nowhere+://localhost",
    "command nowhere",
]


def objects() -> set[str]:
    # A page may tell of a provider that a person adds, as one with a notifier; the compose file may not.
    in_pages = {name for page in PAGES for name in OBJECT.findall(page.read_text()) if ships(name)}
    return in_pages | set(OBJECT.findall(compose.COMPOSE.read_text()))


def ships(name: str) -> bool:
    pins = re.findall(r"^apache-airflow-providers-([\w-]+)==", (ROOT / "requirements.txt").read_text(), re.M)
    return any(name.startswith(f"airflow.providers.{pin.replace('-', '.')}.") for pin in pins)


def executors() -> set[str]:
    texts = [*(page.read_text() for page in PAGES), compose.COMPOSE.read_text()]
    return {name for text in texts for name in re.findall(r"\b[A-Z][a-z]+Executor\b", text)}


def packages() -> set[str]:
    extras = PROJECT["optional-dependencies"].values()
    return {
        Requirement(text).name for text in (*PROJECT["dependencies"], *(need for extra in extras for need in extra))
    }


def providers() -> set[str]:
    return {name for name in packages() if name.startswith("apache-airflow-providers-")}


def addresses() -> set[str]:
    values = (value for service in AIRFLOW.values() for value in service.environment.values())
    return {value for value in values if ADDRESS.fullmatch(value)}


def commands() -> set[str]:
    scripts = [service.command[-1] for service in AIRFLOW.values() if service.command[0] == "bash"]
    in_scripts = {
        found for script in scripts for found in re.findall(r"\bairflow (\w.*)$", script.replace("\\\n", ""), re.M)
    }
    return in_scripts | {shlex.join(service.command) for service in AIRFLOW.values() if service.command[0] != "bash"}


def named() -> list[str]:
    kinds = {
        "object": objects(),
        "executor": executors(),
        "provider": providers(),
        "package": packages() - providers(),
        "address": addresses(),
        "command": commands(),
    }
    return [f"{kind} {name}" for kind, names in kinds.items() for name in sorted(names)]


@pytest.fixture(scope="module")
def failures(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    # One process for all: Airflow takes seconds to import.
    home = str(tmp_path_factory.mktemp("home"))
    environment = {**os.environ, **SERVICES["scheduler"].environment, "AIRFLOW_HOME": home}
    command = [sys.executable, "-m", "tests.dags.loading"]
    lines = "\n".join(named() + NOWHERE)
    result = subprocess.run(
        command, input=lines, cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stderr
    told: dict[str, str] = json.loads(result.stdout.splitlines()[-1])
    return told


@pytest.mark.slow
def test_everything_that_is_named_can_be_loaded(failures: dict[str, str]) -> None:
    assert {line: why for line, why in failures.items() if line not in NOWHERE} == {}


@pytest.mark.slow
def test_what_cannot_be_loaded_is_told(failures: dict[str, str]) -> None:
    assert set(NOWHERE) <= failures.keys()


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (objects(), "airflow.providers.fab.auth_manager.fab_auth_manager.FabAuthManager"),
        (objects(), "airflow.providers.celery.executors.celery_executor.app"),
        (executors(), "CeleryExecutor"),
        (executors(), "LocalExecutor"),
        (providers(), "apache-airflow-providers-postgres"),
        (packages(), "redis"),
        (commands(), "celery worker"),
        (commands(), "db migrate"),
    ],
)
def test_names_are_found_where_they_stand(found: set[str], expected: str) -> None:
    assert expected in found


def test_every_database_and_broker_is_found() -> None:
    assert {address.split("://")[0] for address in addresses()} == {
        "postgresql+psycopg2",
        "db+postgresql",
        "postgresql",
        "redis",
    }
