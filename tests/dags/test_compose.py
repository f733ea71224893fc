from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from salesmanago_sync.settings import PREFIX, Settings
from tests import compose as reader
from twin.ready import Address, ready_line
from twin.state import State

ROOT = Path(__file__).resolve().parents[2]
COMPOSE = ROOT / "docker-compose.yaml"
SCHEMA = "vendor.compose-spec"
LONG_RUNNING = {"postgres", "redis", "api-server", "scheduler", "dag-processor", "triggerer", "worker", "twin"}
AIRFLOW = LONG_RUNNING - {"postgres", "redis", "twin"} | {"init"}
SECRET_NAMES = re.compile(r"PASSWORD|SECRET|_KEY$|SQL_ALCHEMY_CONN|RESULT_BACKEND|BROKER_URL|AUTH$|CONN_SYNC_LEDGER")


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    return yaml.safe_load(COMPOSE.read_text())


@pytest.fixture(scope="module")
def services(compose: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return compose["services"]


def check(path: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", SCHEMA, str(path)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_the_file_meets_the_compose_specification() -> None:
    result = check(COMPOSE)
    assert result.returncode == 0, result.stdout


def test_the_check_sees_a_misspelt_key(tmp_path: Path) -> None:
    broken = tmp_path / "docker-compose.yaml"
    broken.write_text(COMPOSE.read_text().replace("healthcheck:", "healthchek:", 1))
    assert check(broken).returncode != 0


def test_every_part_of_the_production_topology_is_there(services: dict[str, dict[str, Any]]) -> None:
    assert set(services) == LONG_RUNNING | {"init"}


def test_everything_that_keeps_running_has_a_health_check(services: dict[str, dict[str, Any]]) -> None:
    assert {name for name, service in services.items() if "test" in service.get("healthcheck", {})} == LONG_RUNNING


def test_only_the_twin_is_behind_the_demo_profile(services: dict[str, dict[str, Any]]) -> None:
    assert {name: service["profiles"] for name, service in services.items() if "profiles" in service} == {
        "twin": ["demo"]
    }


def test_workers_can_be_scaled(services: dict[str, dict[str, Any]]) -> None:
    assert [name for name, service in services.items() if "container_name" in service] == []
    assert "ports" not in services["worker"]


def test_every_image_has_a_version(services: dict[str, dict[str, Any]]) -> None:
    images = {service["image"] for service in services.values()}
    assert [image for image in images if not re.search(r":[\w-]*\d+\.\d+", image) or "latest" in image] == []
    assert re.search(
        r"^FROM apache/airflow:slim-\d+\.\d+\.\d+-python3\.\d+ AS production$", (ROOT / "Dockerfile").read_text(), re.M
    )


def test_the_image_runs_the_airflow_of_the_requirements() -> None:
    pinned = re.search(r"^apache-airflow==(.+)$", (ROOT / "requirements.txt").read_text(), re.M)
    assert pinned
    assert f"slim-{pinned[1]}-" in (ROOT / "Dockerfile").read_text()


def test_no_secret_stands_in_the_file(services: dict[str, dict[str, Any]]) -> None:
    secrets = {
        name: value
        for service in services.values()
        for name, value in service.get("environment", {}).items()
        if SECRET_NAMES.search(name)
    }
    assert len(secrets) >= 8
    assert [name for name, value in secrets.items() if not re.search(r"\$\{\w+:\?", value)] == []


def test_every_secret_asked_for_is_explained_in_the_example() -> None:
    asked = set(re.findall(r"\$\{(\w+)", COMPOSE.read_text()))
    explained = set(re.findall(r"^(?:# )?([A-Z_]+)=", (ROOT / ".env.example").read_text(), re.M))
    assert asked - explained - {"SALESMANAGO_SYNC_IMAGE", "HOSTNAME"} == set()


def test_the_example_holds_no_secret() -> None:
    lines = (ROOT / ".env.example").read_text().splitlines()
    assert [line for line in lines if not line.startswith("#") and re.search(r"=\S", line)] == []


def test_airflow_waits_for_its_databases(services: dict[str, dict[str, Any]]) -> None:
    for name in AIRFLOW:
        needs = services[name]["depends_on"]
        assert needs["postgres"]["condition"] == needs["redis"]["condition"] == "service_healthy"
        assert name == "init" or needs["init"]["condition"] == "service_completed_successfully"


def test_state_is_kept_in_named_volumes(compose: dict[str, Any]) -> None:
    assert {"postgres", "redis", "logs", "staging"} <= set(compose["volumes"])
    assert "postgres:/var/lib/postgresql/data" in compose["services"]["postgres"]["volumes"]


@pytest.mark.parametrize("name", sorted(AIRFLOW))
def test_every_airflow_component_sees_the_project(services: dict[str, dict[str, Any]], name: str) -> None:
    mounted = {volume.split(":")[1] for volume in services[name]["volumes"]}
    assert {f"/opt/airflow/{folder}" for folder in ("dags", "plugins", "include", "staging", "logs")} <= mounted


@pytest.mark.parametrize("name", sorted(AIRFLOW))
def test_every_airflow_component_has_the_settings_of_a_cluster(services: dict[str, dict[str, Any]], name: str) -> None:
    environment = services[name]["environment"]
    assert environment["AIRFLOW__CORE__EXECUTOR"] == "CeleryExecutor"
    assert environment["AIRFLOW__CORE__EXECUTION_API_SERVER_URL"] == "http://api-server:8080/execution/"
    assert environment["AIRFLOW_CONN_SYNC_LEDGER"].endswith("@postgres/ledger")
    assert environment["SALESMANAGO_SYNC_STAGING"].endswith("file:///opt/airflow/staging}")
    assert {f"{PREFIX}{setting.upper()}" for setting in Settings.model_fields} <= environment.keys()


def test_the_ledger_has_a_database_of_its_own(compose: dict[str, Any]) -> None:
    script = compose["configs"]["ledger-database"]["content"]
    assert "CREATE DATABASE ledger OWNER ledger" in script
    assert services_config(compose) == "/docker-entrypoint-initdb.d/ledger.sh"


def services_config(compose: dict[str, Any]) -> str:
    return compose["services"]["postgres"]["configs"][0]["target"]


def test_the_example_leads_to_the_twin_of_the_demo_profile(services: dict[str, dict[str, Any]]) -> None:
    options = dict(option.lstrip("-").split("=", 1) for option in services["twin"]["command"] if "=" in option)
    ports = (int(options[f"{kind}-port"]) for kind in ("http", "https", "control"))
    address = Address(options["host"], options["name"], *ports)
    ready = json.loads(ready_line(State(":memory:"), address, Path("ca.pem"), Path("jwt.key")))
    example = (ROOT / ".env.example").read_text()
    for name, connection in ready["connections"].items():
        assert f"# AIRFLOW_CONN_{name.upper()}='{json.dumps(connection)}'\n" in example
    assert f"REQUESTS_CA_BUNDLE={options['certificates']}/ca.pem\n" in example


def test_nobody_gains_rights_or_starts_with_more_than_it_needs(services: dict[str, dict[str, Any]]) -> None:
    assert {
        name for name, service in services.items() if service.get("security_opt") != ["no-new-privileges:true"]
    } == set()
    assert {name for name, service in services.items() if service.get("cap_drop") != ["ALL"]} == set()
    assert {name for name, service in services.items() if "cap_add" in service} == {"postgres", "redis"}
    assert {name for name, service in services.items() if service.get("privileged") or "devices" in service} == set()


def test_the_image_of_production_has_no_twin(services: dict[str, dict[str, Any]]) -> None:
    production, _, rest = (ROOT / "Dockerfile").read_text().partition("FROM production AS twin")
    assert rest.rstrip().endswith("FROM production")
    assert "/twin " not in production
    assert {services[name]["build"]["target"] for name in AIRFLOW} == {"production"}
    assert services["twin"]["build"]["target"] == "twin"
    assert services["twin"]["image"] not in {services[name]["image"] for name in AIRFLOW}
    pinned = (ROOT / "requirements-image.txt").read_text()
    assert [name for name in ("faker", "lark", "trustme") if f"\n{name}==" in pinned] == []


def test_what_is_published_is_published_on_this_machine_alone(services: dict[str, dict[str, Any]]) -> None:
    published = reader.fill_in({name: service.get("ports", []) for name, service in services.items()}, {})
    assert {name: ports for name, ports in published.items() if ports} == {"api-server": ["127.0.0.1:8080:8080"]}
    asked = reader.fill_in(services["api-server"]["ports"], {"AIRFLOW_LISTEN": "10.0.0.7", "AIRFLOW_PORT": "80"})
    assert asked == ["10.0.0.7:80:8080"]


def test_no_secret_is_on_a_command_line() -> None:
    variables = reader.example()
    secrets = [variables[name] for name in reader.ASKED_FOR.findall(reader.EXAMPLE.read_text())]
    assert len(secrets) == len(set(secrets)) >= 7
    for name, service in reader.services(variables).items():
        words = " ".join([*service.command, *service.health])
        assert [secret for secret in secrets if secret in words] == [], name
        # What a shell fills in is on the command line of what it starts; printf it does itself.
        lines = "\n".join([*service.command, *service.files.values()]).splitlines()
        shown = [line for line in lines if re.search(r"\$\{?\w*(PASSWORD|SECRET|KEY)", line)]
        assert [line for line in shown if not line.lstrip().startswith("printf ")] == [], name
