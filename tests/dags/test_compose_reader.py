"""The reader of the compose file reads it as docker compose does, or says that it cannot."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests import compose
from tests.cluster.addresses import Addresses, declared

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("$A-${A}", "a-a"),
        ("${NONE:-b}${EMPTY:-c}${A:-d}", "bca"),
        ("${NONE-b}", "b"),
        ("${NONE:-${A}}", "a"),
        ("${A:?needed}", "a"),
        ("${A:+there}${NONE:+there}", "there"),
        ("$$A $${A}", "$A ${A}"),
        ("${NONE}", ""),
        ("${NONE:-*/15 * * * *}", "*/15 * * * *"),
        (7, 7),
    ],
)
def test_variables_are_filled_in(text: str | int, expected: str | int) -> None:
    assert compose.fill_in({"key": [text]}, {"A": "a", "EMPTY": ""}) == {"key": [expected]}


@pytest.mark.parametrize("name", compose.ASKED_FOR.findall(compose.EXAMPLE.read_text()))
def test_it_refuses_to_start_without_a_secret(name: str) -> None:
    with pytest.raises(compose.MissingVariableError, match=name):
        compose.services({**compose.example(), name: ""})


def test_a_name_without_a_value_is_absent_until_it_is_given() -> None:
    without = {name: value for name, value in compose.example().items() if name != "REQUESTS_CA_BUNDLE"}
    assert "REQUESTS_CA_BUNDLE" not in compose.services(without)["worker"].environment
    assert compose.services(without | {"REQUESTS_CA_BUNDLE": "/a"})["worker"].environment["REQUESTS_CA_BUNDLE"] == "/a"


def test_what_it_does_not_know_is_an_error() -> None:
    text = compose.COMPOSE.read_text().replace(
        "    stop_grace_period:", "    entrypoint: /bin/sh\n    stop_grace_period:"
    )
    with pytest.raises(ValueError, match="worker: this reader does not know entrypoint"):
        compose.services(compose.example(), text)


@pytest.fixture(scope="module")
def addresses() -> Addresses:
    found = compose.services(compose.example())
    result = Addresses(found)
    result.ports = {("postgres", 5432): 1, ("redis", 6379): 2, ("api-server", 8080): 3, ("scheduler", 8974): 4}
    result.ports |= {("twin", port): port + 1 for port in declared(found["twin"])}
    return result


@pytest.mark.parametrize(
    ("service", "text", "expected"),
    [
        (
            "worker",
            "db+postgresql://airflow:secret@postgres/airflow",
            "db+postgresql://airflow:secret@127.0.0.1:1/airflow",
        ),
        ("worker", "redis://:secret@redis:6379/0", "redis://:secret@127.0.0.1:2/0"),
        ("worker", "http://api-server:8080/execution/", "http://127.0.0.1:3/execution/"),
        ("worker", '{"domain": "twin:8543/sb"}', '{"domain": "127.0.0.1:8544/sb"}'),
        ("worker", '{"host": "http://twin:8180"}', '{"host": "http://127.0.0.1:8181"}'),
        ("worker", "/opt/airflow/twin-state/ca.pem", "/opt/airflow/twin-state/ca.pem"),
        ("worker", "http://localhost:8080", "http://localhost:8080"),
        ("api-server", "http://localhost:8080/health", "http://localhost:3/health"),
        ("twin", "--https-port=8543", "--https-port=8544"),
        ("twin", "--name=twin", "--name=127.0.0.1"),
        ("twin", "--host=0.0.0.0", "--host=127.0.0.1"),
        ("twin", "--state=/opt/airflow/twin-state/twin.db", "--state=/opt/airflow/twin-state/twin.db"),
    ],
)
def test_hosts_and_ports_lead_to_this_machine(addresses: Addresses, service: str, text: str, expected: str) -> None:
    assert addresses.here(text, service) == expected


def test_the_environment_of_the_cluster_test_is_made_as_the_image_is() -> None:
    production, _, _ = (ROOT / "Dockerfile").read_text().partition("FROM production AS twin")
    image = re.findall(r"^RUN pip install --no-cache-dir (.+)$", production, re.M)
    assert image == [
        "--require-hashes --requirement /opt/airflow/requirements-image.txt",
        "--no-deps --editable /opt/airflow",
    ]
    recipe = re.search(r"^\$\(VENV\)/cluster\.stamp:.*\n((?:\t.+\n)+)", (ROOT / "Makefile").read_text(), re.M)
    assert recipe
    assert re.findall(r"pip install --quiet --python \S+ (.+)$", recipe[1], re.M) == [
        "--require-hashes -r requirements-image.txt",
        "--no-deps -e .",
    ]
