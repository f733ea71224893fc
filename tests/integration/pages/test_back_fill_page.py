"""New lines of a mapping on the pages: named, with their cost, and filled by one button."""

from __future__ import annotations

import re
from datetime import datetime
from pathlib import Path
from urllib.parse import quote

import pandas as pd
import pytest

from salesmanago_sync.domain.mapping_files.mapping import load_mappings
from salesmanago_sync.ledger.store import Ledger
from tests.integration.commands import here
from tests.integration.pages.conftest import Person
from tests.integration.pages.test_first_run import LEAD, fresh, mappings, set_variable, synchronised
from tests.integration.pages.test_permissions import runs

__all__ = ["fresh", "mappings"]

PHONE = "  - {salesforce: Phone, salesmanago: phone, convert: phone}\n"
OFFER = "New in the mapping of Lead"
ASKED = "/force/full?fields=phone"

pytestmark = pytest.mark.usefixtures("connected")


@pytest.fixture(autouse=True)
def new_line(ledger: Ledger, mappings: Path, now: datetime, people: dict[str, Person]) -> None:
    """Somebody is bound, and since the last full sync the mapping got a line."""
    synchronised(ledger, now, "")
    note(ledger, mappings, now)
    bound = {"object": "Lead", "salesforce_id": "00Q000000000001AAA", "salesmanago_id": "m1", "matched_by": "email"}
    ledger.bindings.add(pd.DataFrame([{**bound, "base": "{}"}]), 1, now)
    people["user"].post("/switch/incremental", on="true")
    (mappings / "lead.yaml").write_text(LEAD + PHONE)


def note(ledger: Ledger, folder: Path, now: datetime, *, known: bool = True) -> None:
    [lead] = load_mappings(folder)
    ledger.mapping_state.keep("Lead", lead.digest, now, [line.key for line in lead.lines] if known else None)


def confs() -> list[object]:
    return [conf for _, conf, _ in runs()]


def test_new_fields_are_offered_with_their_cost_and_started(people: dict[str, Person]) -> None:
    for path in ("/", "/force/full", "/force/incremental"):
        page = people["user"].get(path).text
        assert f"{OFFER}: <code>phone</code>." in page, path
        cost = re.search(r"at most about (\d+) requests to Salesforce and (\d+) to SALESmanago", page)
        assert cost is not None
        assert [int(number) > 5 for number in cost.groups()] == [True, True]
        assert 'href="/salesmanago/force/full?fields=phone"' in page
    page = people["user"].get(ASKED).text
    assert "Write <code>phone</code> where it differs" in page
    assert "at most about" in page
    assert 'type="hidden" name="fields" value="phone"' in page
    assert 'name="switch_on" value="true" required' in page, "the DAG is paused"
    assert people["user"].post("/force/full", fields="phone").status_code == 409
    assert runs() == []
    assert people["user"].post("/force/full", fields="phone", switch_on="true").status_code == 303
    assert [name for name, _, _ in runs()] == ["salesmanago_full_sync"]
    assert confs() == [{"fields": ["phone"]}]


def test_whoever_may_not_trigger_is_told_and_offered_no_button(people: dict[str, Person]) -> None:
    page = people["viewer"].get("/").text
    assert OFFER in page
    assert "/force/full" not in page
    assert people["viewer"].get(ASKED).status_code == 403
    assert people["viewer"].post("/force/full", fields="phone", switch_on="true").status_code == 403
    answer = people["user"].post("/force/full", fields="phone", switch_on="true", token="wrong")
    assert answer.status_code == 403
    assert runs() == []


@pytest.mark.parametrize("key", ["fax", "<script>alert(1)</script>", "a'\"&b", "😀", "0"])
def test_a_field_that_is_not_mapped_any_more_is_not_started(people: dict[str, Person], key: str) -> None:
    page = people["user"].get(f"/force/full?fields={quote(key)}").text
    assert "no enabled mapping has the field" in page
    assert "<script>alert" not in page
    assert 'name="fields"' not in page
    answer = people["user"].post("/force/full", fields=["phone", key], switch_on="true")
    assert (answer.status_code, runs()) == (409, [])
    answer = people["user"].post("/force/incremental", fields="phone", switch_on="true")
    assert (answer.status_code, runs()) == (409, [])


def test_nothing_is_offered_where_nobody_knows_the_fields_or_they_are_filled(
    people: dict[str, Person], ledger: Ledger, mappings: Path, now: datetime
) -> None:
    (mappings / "lead.yaml").write_text(LEAD)
    note(ledger, mappings, now, known=False)
    (mappings / "lead.yaml").write_text(LEAD + PHONE)
    page = people["user"].get("/").text
    assert "Full sync due" in page
    assert OFFER not in page
    note(ledger, mappings, now)
    page = people["user"].get("/").text
    assert "Full sync due" not in page
    assert OFFER not in page


def test_what_else_changed_is_told(people: dict[str, Person], mappings: Path) -> None:
    (mappings / "lead.yaml").write_text(f"conflict: salesforce\n{LEAD}{PHONE}")
    assert "a full sync stays due" in people["user"].get("/").text


def test_the_command_tells_the_cost_before_it_starts(api: str) -> None:
    answer = here("sync", "--full", "--fields", "name, phone", "--no-wait", "--unpause", "--output", "json")
    assert answer.code == 0, answer
    cost, started = answer.err.index("takes at most about"), answer.err.index("Started salesmanago_full_sync")
    assert cost < started
    assert confs() == [{"fields": ["name", "phone"]}]
    assert here("sync", "--fields", "phone", "--no-wait").code != 0
    assert "no enabled mapping has the field fax" in here("sync", "--full", "--fields", "fax", "--no-wait").err
    for nothing in ("", ",", "name,,phone"):
        assert here("sync", "--full", "--fields", nothing, "--no-wait").code == 2, "it would mean everything"
    assert len(runs()) == 1


def test_variables_are_read_first(people: dict[str, Person]) -> None:
    set_variable("salesmanago_last_sync", "never")
    assert people["user"].post("/force/full", fields="phone", switch_on="true").status_code == 409
