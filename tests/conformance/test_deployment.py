"""One package, deployed by our client and by Salesforce's own command line: both leave the same org."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from simple_salesforce.api import Salesforce as Connection

from salesmanago_sync.clients.salesforce import Salesforce
from salesmanago_sync.domain.setup.card import SHOWN, page_of
from salesmanago_sync.domain.setup.layout import add_section
from salesmanago_sync.domain.setup.package import Package, card_package
from tests.conformance.running_twin import RunningTwin
from tests.conformance.test_salesforce_cli import Cli
from tests.twin_server import TwinServer

LAYOUTS = {
    "Lead-Lead Layout": "Lead",
    "Contact-Contact Layout": "Contact",
    "PersonAccount-Person Account Layout": "Account",
}
WAIT_MINUTES = "5"


@pytest.fixture
def ours() -> Iterator[TwinServer]:
    with TwinServer() as server:
        yield server


@pytest.fixture
def theirs() -> Iterator[TwinServer]:
    with TwinServer() as server:
        yield server


def client(server: TwinServer) -> Salesforce:
    session = requests.Session()
    session.trust_env = False
    session.verify = server.ca
    token = server.salesforce["access_token"]
    return Salesforce(lambda: Connection(session_id=token, instance_url=server.https, version="66.0", session=session))


def command_line(server: TwinServer, home: Path) -> Cli:
    return Cli(RunningTwin(server.http, server.http_url("control"), server.salesforce), home)


def package(server: TwinServer) -> Package:
    """The card and every layout with its section, as the set-up builds them."""
    card = card_package(("Lead", "Contact", "Account"), "https://app2.salesmanago.com")
    found = client(server).metadata.retrieve({"Layout": tuple(LAYOUTS)})
    edited = {
        f"layouts/{name}.layout": add_section(found[f"layouts/{name}.layout"], SHOWN, page_of(sobject)).edited
        for name, sobject in LAYOUTS.items()
    }
    return card.joined(Package({"Layout": tuple(LAYOUTS)}, edited, {}))


def everything(server: TwinServer, deployed: Package) -> dict[str, bytes]:
    members = {**deployed.members, "CustomObject": (*deployed.members["CustomObject"], "Lead", "Contact", "Account")}
    return client(server).metadata.retrieve(members)


def unpack(archive: bytes, folder: Path) -> Path:
    with zipfile.ZipFile(io.BytesIO(archive)) as opened:
        opened.extractall(folder)
    return folder


def described(server: TwinServer) -> list[str]:
    fields = client(server).describe("Lead")["fields"]
    return sorted(field["name"] for field in fields)


def test_both_leave_the_same_org(ours: TwinServer, theirs: TwinServer, tmp_path: Path) -> None:
    deployed = package(ours)
    archive = deployed.to_zip("66.0")
    done = client(ours).metadata.deploy(archive, check_only=False, tests=deployed.tests)
    assert done.ok, done.problems

    sf = command_line(theirs, tmp_path)
    folder = unpack(archive, tmp_path / "package")
    tests = ("--test-level", "RunSpecifiedTests", "--tests", *deployed.tests)
    told = sf.run("project", "deploy", "start", "--metadata-dir", str(folder), "--wait", WAIT_MINUTES, *tests)
    assert told["success"] is True
    assert told["numberComponentsDeployed"] == done.components

    here, there = everything(ours, deployed), everything(theirs, deployed)
    assert here == there
    assert b"<label>SALESmanago</label>" in here["layouts/Lead-Lead Layout.layout"]
    assert described(ours) == described(theirs)


def test_both_hear_the_same_refusal(ours: TwinServer, theirs: TwinServer, tmp_path: Path) -> None:
    good = package(ours)
    path = "layouts/Lead-Lead Layout.layout"
    twice = good.files[path].replace(b"SALESmanago_State__c", b"SALESmanago_Score__c")
    archive = Package(good.members, {**good.files, path: twice}, {}).to_zip("66.0")
    done = client(ours).metadata.deploy(archive, check_only=False, tests=good.tests)

    sf = command_line(theirs, tmp_path)
    folder = unpack(archive, tmp_path / "package")
    answer = sf.answer("project", "deploy", "start", "--metadata-dir", str(folder), "--wait", WAIT_MINUTES)
    told = {row["problem"] for row in answer["result"]["details"]["componentFailures"]}
    assert not done.ok
    assert told == {problem.text for problem in done.problems}
    assert any("appears more than once" in text for text in told)
    assert everything(ours, good) == everything(theirs, good), "all or nothing"
