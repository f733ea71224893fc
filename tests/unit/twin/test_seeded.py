"""What the twin says a first full sync must report is what the plan of the shipped mappings finds."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
import pytest
import requests
from simple_salesforce.api import Salesforce as Connection

from salesmanago_sync.clients.salesforce import Salesforce
from salesmanago_sync.domain.frames import salesforce_frame, salesmanago_frame
from salesmanago_sync.domain.mapping_files.mapping import Mapping, load_mappings
from salesmanago_sync.domain.org.schema import Schema
from salesmanago_sync.domain.people.identities import ObjectInput
from salesmanago_sync.domain.plan.plan import Plan, PlanInput, plan
from salesmanago_sync.ledger.store import Ledger
from salesmanago_sync.steps.reading import Source, details
from tests.twin_server import ROOT, TwinServer

PEOPLE = {"seed": 5, "leads": 400, "contacts": 300, "person_accounts": 100, "salesmanago": 500}


@pytest.fixture
def salesforce(twin: TwinServer) -> Iterator[Salesforce]:
    with requests.Session() as session:
        session.verify = twin.ca
        session.trust_env = False
        token = twin.salesforce["access_token"]
        yield Salesforce(lambda: Connection(instance_url=twin.https, session_id=token, session=session, version="66.0"))


def read(salesforce: Salesforce, mapping: Mapping) -> ObjectInput:
    source = Source(mapping, Schema.from_describe(salesforce.describe(mapping.sobject)))
    pages = salesforce.matching(mapping.sobject, source.fields, source.kind)
    records = salesforce_frame([row for page in pages for row in page], source.fields)
    return ObjectInput(mapping, source.schema, records.assign(in_scope=True))


def first_plan(twin: TwinServer, salesforce: Salesforce, bindings: pd.DataFrame) -> Plan:
    mappings = load_mappings(ROOT / "include" / "mappings")
    cards = salesmanago_frame(twin.control.get("/salesmanago/contacts"), details(mappings)).assign(in_scope=True)
    objects = [read(salesforce, mapping) for mapping in mappings]
    scope = frozenset(mapping.object for mapping in mappings)
    return plan(PlanInput(objects, scope, cards, bindings, "both", datetime.now(UTC)))


@pytest.mark.slow
def test_the_seeded_issues_are_those_of_the_first_plan(
    twin: TwinServer, salesforce: Salesforce, tmp_path: Path
) -> None:
    twin.control.post("/people", PEOPLE)
    issues = first_plan(twin, salesforce, Ledger.open(f"sqlite:///{tmp_path}/ledger.db").bindings.read()).issues
    keys = ["reason", "object", "salesforce_id", "salesmanago_id", "field"]
    expected = pd.DataFrame(twin.control.get("/seeded")["records"])[keys].fillna("")
    found = issues[keys].fillna("")
    assert sorted(found.itertuples(index=False, name=None)) == sorted(expected.itertuples(index=False, name=None))
    assert set(found["reason"]) == {"NO_EMAIL", "AMBIGUOUS_MATCH", "VALUE_TOO_LONG"}
