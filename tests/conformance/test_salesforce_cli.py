"""`sf`, the command line of Salesforce itself, takes the twin for an org."""

from __future__ import annotations

import csv
import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.conformance.running_twin import FOLDER, NODE, RunningTwin

SF = FOLDER / "node_modules" / "@salesforce" / "cli" / "bin" / "run.js"
QUIET = {
    "SF_USE_GENERIC_UNIX_KEYCHAIN": "true",
    "SF_DISABLE_TELEMETRY": "true",
    "SF_AUTOUPDATE_DISABLE": "true",
    "SF_SKIP_NEW_VERSION_CHECK": "true",
}
WAIT_MINUTES = "5"
PAGE_SIZE = 900


class Cli:
    """One installation of the command line, logged in to the twin."""

    def __init__(self, twin: RunningTwin, home: Path) -> None:
        self._home = home
        self.environment = {
            **os.environ,
            **QUIET,
            "HOME": str(home),
            "SF_ACCESS_TOKEN": twin.salesforce["access_token"],
        }
        self.run("org", "login", "access-token", "--instance-url", twin.url, "--set-default", "--no-prompt")

    def answer(self, *arguments: str) -> dict[str, Any]:
        command = [str(NODE), str(SF), *arguments, "--json"]
        result = subprocess.run(
            command, cwd=self._home, env=self.environment, capture_output=True, text=True, check=False, timeout=240
        )
        return json.loads(result.stdout)

    def run(self, *arguments: str) -> Any:
        answer = self.answer(*arguments)
        assert answer["status"] == 0, answer
        return answer["result"]


@pytest.fixture(scope="module")
def sf(twin: RunningTwin, tmp_path_factory: pytest.TempPathFactory) -> Cli:
    return Cli(twin, tmp_path_factory.mktemp("home"))


def test_it_knows_the_org(sf: Cli, twin: RunningTwin) -> None:
    org = sf.run("org", "display")
    assert org["username"] == twin.salesforce["username"]
    assert org["connectedStatus"] == "Connected"


def test_it_reads_a_query_of_several_pages(sf: Cli, twin: RunningTwin, count_contacts: int) -> None:
    twin.forget_calls()
    found = sf.run("data", "query", "--query", "SELECT Id, LastName, Account.Name FROM Contact")
    assert found["totalSize"] == len({row["Id"] for row in found["records"]}) == count_contacts
    assert len([call for call in twin.calls() if "/query/0r8" in call["path"]]) == 1


def test_it_creates_changes_and_deletes_a_row(sf: Cli) -> None:
    created = sf.run("data", "create", "record", "--sobject", "Contact", "--values", "LastName=Nowak FirstName=Anna")
    of_row = ("--sobject", "Contact", "--record-id", created["id"])
    sf.run("data", "update", "record", *of_row, "--values", "Title=Buyer")
    read = sf.run("data", "get", "record", *of_row)
    assert (read["Name"], read["Title"]) == ("Anna Nowak", "Buyer")
    sf.run("data", "delete", "record", *of_row)
    assert sf.answer("data", "get", "record", *of_row)["status"] != 0


def test_a_refusal_reaches_the_person(sf: Cli) -> None:
    answer = sf.answer("data", "create", "record", "--sobject", "Contact", "--values", "FirstName=Anna")
    assert answer["name"] == "REQUIRED_FIELD_MISSING"
    assert "Required fields are missing: [LastName]" in answer["message"]


def test_it_upserts_in_bulk(sf: Cli, tmp_path: Path) -> None:
    rows = tmp_path / "rows.csv"
    rows.write_text('Conformance_Key__c,LastName,Description\nsf-1,First,"two\nlines"\nsf-2,Second,\n')
    to_contact = ("--sobject", "Contact", "--external-id", "Conformance_Key__c", "--wait", WAIT_MINUTES)
    done = sf.run("data", "upsert", "bulk", *to_contact, "--file", str(rows))
    info = done["jobInfo"]
    assert (info["state"], info["numberRecordsProcessed"], info["numberRecordsFailed"]) == ("JobComplete", 2, 0)
    soql = "SELECT LastName, Description FROM Contact WHERE Conformance_Key__c LIKE 'sf-%' ORDER BY LastName"
    read = sf.run("data", "query", "--query", soql)["records"]
    assert [(row["LastName"], row["Description"]) for row in read] == [("First", "two\nlines"), ("Second", None)]


def test_it_exports_several_pages_in_bulk(sf: Cli, twin: RunningTwin, tmp_path: Path, count_contacts: int) -> None:
    pages = -(-count_contacts // PAGE_SIZE)
    short = {"system": "salesforce", "kind": "short_pages", "path": "jobs/query/.*/results", "size": PAGE_SIZE}
    twin.tell("faults", {**short, "times": pages})
    twin.forget_calls()
    file = tmp_path / "contacts.csv"
    command = ("data", "export", "bulk", "--query", "SELECT Id, LastName, Description FROM Contact")
    done = sf.run(*command, "--output-file", str(file), "--wait", WAIT_MINUTES)
    with file.open(newline="") as lines:
        ids = [row["Id"] for row in csv.DictReader(lines)]
    assert done["totalSize"] == len(ids) == len(set(ids)) == count_contacts
    assert len([call for call in twin.calls() if call["path"].endswith("/results")]) == pages


def test_it_describes_an_object(sf: Cli) -> None:
    lead = sf.run("sobject", "describe", "--sobject", "Lead")
    (company,) = [field for field in lead["fields"] if field["name"] == "Company"]
    assert (company["label"], company["length"]) == ("Company", 255)


def test_it_lists_limits(sf: Cli) -> None:
    limits = {limit["name"]: limit for limit in sf.run("org", "list", "limits")}
    assert 0 < limits["DailyApiRequests"]["remaining"] < limits["DailyApiRequests"]["max"]
