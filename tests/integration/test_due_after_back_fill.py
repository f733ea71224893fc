"""A mapping whose new lines were back-filled owes no full sync; whatever else changed in it does."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from salesmanago_sync.domain.mapping_files.mapping import load_mappings
from salesmanago_sync.steps.close import close
from tests.integration.direct import Direct, plan_everybody, read_everybody, write_everybody
from tests.integration.sync import SETTLED_SECONDS

NAME = {"salesforce": ["FirstName", "LastName"], "salesmanago": "name", "convert": "full_name"}
EMAIL = {"salesforce": "Email", "salesmanago": "email"}
CITY = {"salesforce": "City", "salesmanago": "address.city"}
STREET = {"salesforce": "Street", "salesmanago": "address.streetAddress"}
TITLE = {"salesforce": "Title", "salesmanago": "job_title"}


class Bench:
    """A Lead and a Contact, synchronised with a name and an address alone."""

    def __init__(self, direct: Direct, folder: Path) -> None:
        self.direct, self.folder = direct, folder
        folder.mkdir()
        direct.settings = direct.settings.model_copy(update={"mappings": folder})
        self.map("Lead")
        self.map("Contact")
        direct.record("Lead", LastName="Nowak", Company="Acme", Email="ann@example.com", City="Łódź", Street="Long 1")
        direct.record("Contact", LastName="Kos", Email="bob@example.com")
        direct.sync("full")
        assert self.due() == []

    def map(self, name: str, *lines: dict[str, Any], **keys: Any) -> None:
        mapping = {"object": name, "create": {"in_salesmanago": True}, "fields": [NAME, EMAIL, *lines], **keys}
        (self.folder / f"{name.lower()}.yaml").write_text(yaml.safe_dump(mapping))

    def due(self) -> list[str]:
        now = {mapping.object: mapping.digest for mapping in load_mappings(self.folder)}
        return self.direct.ledger.mapping_state.objects_due(now)

    def known(self, name: str = "Lead") -> set[str] | None:
        fields = self.direct.ledger.mapping_state.read()[name].fields
        return None if fields is None else set(fields)


@pytest.fixture
def bench(direct: Direct, tmp_path: Path) -> Bench:
    return Bench(direct, tmp_path / "mappings")


def test_new_lines_are_no_longer_due_once_all_of_them_are_filled(bench: Bench) -> None:
    bench.map("Lead", CITY, STREET, details=[TITLE])
    assert bench.due() == ["Lead"]
    before = bench.direct.ledger.mapping_state.read()["Lead"].full_sync_at
    bench.direct.sync("full", fields=("address.city", "properties.job_title"))
    assert bench.due() == ["Lead"], "the street is still to come"
    assert bench.known() == {"name", "email", "address.city", "properties.job_title"}
    bench.direct.sync("full", fields=("address.streetAddress",))
    assert bench.due() == []
    assert bench.direct.ledger.runs.read_newest(1)["totals"].iloc[0]["full_sync_due"] == []
    assert bench.direct.ledger.mapping_state.read()["Lead"].full_sync_at == before, "it was no full sync"
    assert bench.known("Contact") == {"name", "email"}
    bench.map("Lead", CITY)
    assert bench.due() == ["Lead"], "lines are gone"


OTHERWISE: dict[str, Callable[[Bench], None]] = {
    "other criteria": lambda bench: bench.map(
        "Lead", CITY, criteria={"salesforce": {"field": "City", "op": "eq", "value": "Łódź"}}
    ),
    "another rule": lambda bench: bench.map("Lead", CITY, conflict="salesmanago"),
    "a line less": lambda bench: bench.map("Lead", fields=[EMAIL, CITY]),
    "another line": lambda bench: bench.map("Lead", fields=[{**NAME, "conflict": "salesforce"}, EMAIL, CITY]),
}


@pytest.mark.parametrize("kind", OTHERWISE)
def test_whatever_else_changed_stays_due(bench: Bench, kind: str) -> None:
    OTHERWISE[kind](bench)
    bench.direct.sync("full", fields=("address.city",))
    assert bench.due() == ["Lead"]
    assert bench.known() == {"name", "email", "address.city"}, "the field is filled all the same"
    bench.direct.sync("full")
    assert bench.due() == []


@pytest.mark.parametrize(
    "part", [{"objects": ("Lead",)}, {"direction": "to_salesmanago"}, {"direction": "to_salesforce"}, {"dry_run": True}]
)
def test_a_back_fill_of_a_part_settles_nothing(bench: Bench, part: dict[str, Any]) -> None:
    bench.map("Lead", CITY)
    bench.direct.sync("full", fields=("address.city",), **part)
    assert bench.due() == ["Lead"]
    assert bench.known() == {"name", "email"}


def test_where_nobody_knows_the_fields_a_back_fill_settles_nothing(bench: Bench) -> None:
    state = bench.direct.ledger.mapping_state.read()["Lead"]
    bench.direct.ledger.mapping_state.keep("Lead", state.digest, state.full_sync_at)
    bench.map("Lead", CITY)
    bench.direct.sync("full", fields=("address.city",))
    assert bench.due() == ["Lead"]
    assert bench.known() is None
    bench.direct.sync("full")
    assert (bench.due(), bench.known()) == ([], {"name", "email", "address.city"})


def test_the_mapping_that_the_run_began_with_counts(bench: Bench) -> None:
    bench.map("Lead", CITY)
    bench.direct.later(SETTLED_SECONDS)
    ports = bench.direct.begun("full", fields=("address.city",))
    window = read_everybody(bench.direct, ports)
    bench.map("Lead", CITY, STREET)
    assert plan_everybody(ports)
    write_everybody(ports, window)
    close(ports)
    assert bench.due() == ["Lead"]
    assert bench.known() == {"name", "email", "address.city"}
    bench.map("Lead", CITY)
    assert bench.due() == [], "as the run had found it"
