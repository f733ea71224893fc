from __future__ import annotations

import signal
from pathlib import Path

import pytest
import requests

from tests.twin_server import TwinServer
from twin.__main__ import main

# Nearly each starts a process.
pytestmark = pytest.mark.slow


def test_help_names_every_option(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--help"])
    assert ended.value.code == 0
    told = capsys.readouterr().out
    for option in ("--http-port", "--https-port", "--control-port", "--state", "--seed", "--people", "--certificates"):
        assert option in told


@pytest.mark.parametrize("people", ["leads=many", "cats=3", "leads=-1", "leads"])
def test_people_that_cannot_be_read_end_it_with_a_message(people: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--people", people])
    assert ended.value.code == 2
    assert "--people" in capsys.readouterr().err


def test_the_ready_line_has_everything_a_client_needs(twin_process: TwinServer) -> None:
    ready = twin_process.ready
    assert set(ready) == {"http", "https", "control", "ca", "salesforce", "salesmanago", "connections"}
    assert Path(ready["ca"]).read_text().startswith("-----BEGIN CERTIFICATE-----")
    assert Path(ready["salesforce"]["private_key_file"]).read_text().startswith("-----BEGIN PRIVATE KEY-----")
    assert ready["salesforce"]["domain"].endswith("/sb")
    assert ready["connections"]["salesforce_default"]["extra"]["version"] == "66.0"
    assert ready["connections"]["salesmanago_default"]["extra"]["owner"] == ready["salesmanago"]["owner"]


def test_a_state_file_and_its_people_outlive_the_process(tmp_path: Path) -> None:
    options = ("--state", str(tmp_path / "twin.db"), "--people", "leads=12,salesmanago=12", "--seed", "3")
    with TwinServer(*options) as server:
        before = [server.control.get(path) for path in ("/salesforce/Lead", "/salesmanago/contacts")]
        folder = Path(server.ca).parent
    assert not folder.exists()
    with TwinServer(*options) as server:
        assert [server.control.get(path) for path in ("/salesforce/Lead", "/salesmanago/contacts")] == before
        server.control.post("/salesforce/Lead", {"LastName": "Nowak"})
        assert len(server.control.get("/salesforce/Lead")) == 13


def test_keys_go_into_the_folder_that_is_given(tmp_path: Path) -> None:
    with TwinServer("--certificates", str(tmp_path / "keys")) as server:
        assert Path(server.ca) == tmp_path / "keys" / "ca.pem"
    assert {file.name for file in (tmp_path / "keys").iterdir()} == {"ca.pem", "server.pem", "server.key", "jwt.key"}


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_signals_end_it_cleanly_with_connections_open(number: signal.Signals) -> None:
    with TwinServer() as server, requests.Session() as session:
        session.trust_env = False
        session.get(f"{server.http}/services/data", timeout=30)
        assert server.signal(number) == 0
        assert server.log() == ""
