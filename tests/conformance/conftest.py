"""A twin of its own for the clients, over plain http."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conformance.running_twin import RunningTwin

ROOT = Path(__file__).resolve().parents[2]
PEOPLE = "leads=60,contacts=2100,person_accounts=20,salesmanago=50"  # more Contacts than the largest page
KEY_FIELD = {"name": "Conformance_Key__c", "type": "string", "length": 40, "externalId": True, "unique": True}


@pytest.fixture(scope="session")
def twin() -> Iterator[RunningTwin]:
    command = [sys.executable, "-m", "twin", "--people", PEOPLE]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout
            ready = json.loads(process.stdout.readline())
            running = RunningTwin(ready["http"], ready["control"], ready["salesforce"])
            running.tell("salesforce/fields", {"sobject": "Contact", "field": KEY_FIELD})
            yield running
        finally:
            process.terminate()


@pytest.fixture
def count_contacts(twin: RunningTwin) -> int:
    return int(twin.rest("GET", "query", params={"q": "SELECT COUNT() FROM Contact"}).json()["totalSize"])
