"""The Metadata API as Salesforce's own clients use it: both doors of a deployment, retrieve, read, list, describe."""

from __future__ import annotations

import io
import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest

from salesmanago_sync.domain.setup.package import card_package
from tests.conformance.running_twin import FOLDER, NODE, VERSION, RunningTwin
from tests.conformance.test_salesforce_cli import WAIT_MINUTES, Cli
from tests.twin_server import TwinServer

PACKAGE = card_package(["Lead", "Contact", "Account"], "https://app.example.com")
TESTS = ("--test-level", "RunSpecifiedTests", "--tests", *PACKAGE.tests)
LAYOUT = "Lead-Lead Layout"
# The fields of the setting come with it and are told of too.
SETTING_FIELDS = 4
COMPONENTS = sum(len(names) for names in PACKAGE.members.values()) + SETTING_FIELDS


@pytest.fixture(scope="module")
def org() -> Iterator[RunningTwin]:
    """An org of its own: deployments would change what the other clients see."""
    with TwinServer() as server:
        yield RunningTwin(server.http, server.http_url("control"), server.salesforce)


@pytest.fixture(scope="module")
def sf(org: RunningTwin, tmp_path_factory: pytest.TempPathFactory) -> Cli:
    return Cli(org, tmp_path_factory.mktemp("home"))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    with ZipFile(io.BytesIO(PACKAGE.to_zip(VERSION))) as archive:
        archive.extractall(tmp_path / "package")
    return tmp_path / "package"


def deploy(sf: Cli, folder: Path, *more: str) -> dict[str, Any]:
    command = ("project", "deploy", "start", "--metadata-dir", str(folder), "--wait", WAIT_MINUTES)
    return sf.answer(*command, *TESTS, *more)


@pytest.mark.parametrize("door", ["rest", "soap"])
def test_the_cli_deploys_through_either_door(
    sf: Cli, org: RunningTwin, folder: Path, monkeypatch: pytest.MonkeyPatch, door: str
) -> None:
    monkeypatch.setitem(sf.environment, "SF_ORG_METADATA_REST_DEPLOY", str(door == "rest").lower())
    org.forget_calls()
    answer = deploy(sf, folder, "--dry-run")
    assert answer["status"] == 0, answer
    told = answer["result"]
    assert (told["status"], told["checkOnly"], told["numberComponentsDeployed"]) == ("Succeeded", True, COMPONENTS)
    assert told["numberTestsCompleted"] == 3
    start, *_ = [call["path"] for call in org.calls() if call["method"] == "POST"]
    assert ("deployRequest" in start) == (door == "rest")


def test_the_cli_tells_what_is_wrong_and_where(sf: Cli, folder: Path) -> None:
    page = folder / "pages" / "SALESmanagoLead.page"
    page.write_text(page.read_text().replace("{!frameUrl}", "{!frameAddress}"))
    answer = deploy(sf, folder)
    assert (answer["status"], answer["result"]["status"]) == (1, "Failed")
    failures = answer["result"]["details"]["componentFailures"]
    [first] = [one for one in failures if one["componentType"] == "ApexPage"]
    assert first["problem"] == "Unknown property 'LeadStandardController.frameAddress'"
    assert int(first["lineNumber"]) == 2


def test_the_cli_retrieves_what_it_deployed(sf: Cli, folder: Path, tmp_path: Path) -> None:
    assert deploy(sf, folder)["status"] == 0
    command = ("project", "retrieve", "start", "--target-metadata-dir", str(tmp_path / "back"), "--unzip")
    done = sf.run(*command, "--manifest", str(folder / "package.xml"), "--wait", WAIT_MINUTES)
    assert done["success"] is True
    names = {one["fullName"] for one in done["fileProperties"]}
    assert names == {name for listed in PACKAGE.members.values() for name in listed}
    [card] = (tmp_path / "back").rglob("SALESmanagoCard.cls")
    assert card.read_bytes() == (folder / "classes" / "SALESmanagoCard.cls").read_bytes()


def test_jsforce_deploys_reads_lists_and_describes(org: RunningTwin, tmp_path: Path) -> None:
    file = tmp_path / "package.zip"
    file.write_bytes(PACKAGE.to_zip(VERSION))
    command = [str(NODE), "jsforce.mjs", "metadata", org.url, json.dumps({**org.salesforce, "zip": str(file)})]
    result = subprocess.run(command, cwd=FOLDER, capture_output=True, text=True, check=False, timeout=120)
    assert result.returncode == 0, result.stderr
    found = json.loads(result.stdout)
    assert (found["deployed"]["status"], found["deployed"]["numberComponentsTotal"]) == ("Succeeded", COMPONENTS)
    assert found["layout"]["fullName"] == LAYOUT
    assert found["layout"]["layoutSections"][0]["label"] == "Lead Information"
    assert not any(found["nobody"].values()), "a wrong name gives an empty component, no error"
    assert "Lead.SALESmanago_Score__c" in found["fields"]
    assert {"Layout", "ApexPage", "PermissionSet"} <= set(found["types"])
