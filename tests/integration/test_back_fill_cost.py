"""New lines are offered, with what filling them costs at most; once filled they are offered no more."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import yaml

from salesmanago_sync.overview.back_fill import BackFill, NewLines, check_fields, foretell, read_back_fill
from tests.integration.direct import Direct

NAME = {"salesforce": "LastName", "salesmanago": "name"}
EMAIL = {"salesforce": "Email", "salesmanago": "email"}
CITY = {"salesforce": "City", "salesmanago": "address.city"}
TITLE = {"salesforce": "Title", "salesmanago": "job_title"}
WEB = {"field": "Company", "op": "eq", "value": "Acme"}


class Bench:
    """Leads, and perhaps contacts of SALESmanago, synchronised with a name and an address alone."""

    def __init__(self, direct: Direct, folder: Path) -> None:
        self.direct, self.folder = direct, folder
        folder.mkdir()
        direct.settings = direct.settings.model_copy(update={"mappings": folder})

    def map(self, *lines: dict[str, Any], name: str = "Lead", **keys: Any) -> None:
        mapping = {"object": name, "create": {"in_salesmanago": True}, "fields": [NAME, EMAIL, *lines], **keys}
        (self.folder / f"{name.lower()}.yaml").write_text(yaml.safe_dump(mapping))

    def leads(self, count: int) -> None:
        rows = [
            {"LastName": f"L{n}", "Company": "Acme", "City": "Łódź", "Email": f"l{n}@example.com"} for n in range(count)
        ]
        self.direct.control.post("/salesforce/Lead", rows)

    def offered(self) -> BackFill | None:
        return read_back_fill(self.direct.ports("full"))

    def made(self) -> dict[str, int]:
        """Count the requests since the last run began; log-ins excepted."""
        log = self.direct.control.get("/calls")["log"]
        return dict(Counter(call["system"] for call in log if "/oauth2/token" not in call["path"]))


@pytest.fixture
def bench(direct: Direct, tmp_path: Path) -> Bench:
    return Bench(direct, tmp_path / "mappings")


@pytest.mark.parametrize("people", [1, 300])
@pytest.mark.parametrize("kind", ["alone", "with strangers, criteria and another object", "from the other side"])
def test_what_is_said_is_enough_and_at_most_double(bench: Bench, people: int, kind: str) -> None:
    keys: dict[str, Any] = {}
    if kind.startswith("with"):
        keys = {"criteria": {"salesforce": WEB}}
        bench.map(name="Contact")
        strangers = [{"email": f"s{n}@example.com", "name": f"S{n}"} for n in range(people // 3)]
        bench.direct.control.post("/salesmanago/contacts", strangers)
    bench.map(**keys)
    bench.leads(people)
    bench.direct.sync("full")
    if kind.startswith("from"):
        for number, card in enumerate(bench.direct.cards().values()):
            bench.direct.control.patch(f"/salesmanago/contacts/{card['id']}", {"address": {"city": f"City {number}"}})
        for name in bench.direct.records("Lead"):
            bench.direct.control.patch(f"/salesforce/Lead/{name}", {"City": None})
    bench.map(CITY, **keys)
    found = bench.offered()
    assert found is not None
    assert found.lines == (NewLines("Lead", ("address.city",), alone=True),)
    bench.direct.sync("full", fields=found.fields)
    made = bench.made()
    assert {way: count for way, count in made.items() if not count <= found.calls[way] <= 2 * count} == {}, (
        found.calls,
        made,
    )
    held = {card["address"]["city"] for card in bench.direct.cards().values() if card["email"].startswith("l")}
    assert "" not in held
    assert None not in held
    assert bench.offered() is None


def test_people_who_are_written_on_both_sides_are_counted(bench: Bench) -> None:
    bench.map()
    bench.leads(300)
    bench.direct.sync("full")
    for card in bench.direct.cards():
        bench.direct.control.patch(f"/salesmanago/contacts/{card}", {"address": {"streetAddress": "Long 1"}})
    bench.map(CITY, {"salesforce": "Street", "salesmanago": "address.streetAddress"})
    found = bench.offered()
    assert found is not None
    bench.direct.sync("full", fields=found.fields)
    made = bench.made()
    assert len(bench.direct.ledger.changes.read(2, state="done")) == 600
    assert {way: count for way, count in made.items() if not count <= found.calls[way] <= 2 * count} == {}


def test_opt_outs_are_written_by_themselves_and_counted(bench: Bench) -> None:
    bench.map()
    bench.leads(120)
    bench.direct.sync("full")
    for name in bench.direct.records("Lead"):
        bench.direct.control.patch(f"/salesforce/Lead/{name}", {"HasOptedOutOfEmail": True})
    bench.map(CITY, {"salesforce": "HasOptedOutOfEmail", "salesmanago": "optedOut", "convert": "consent"})
    found = bench.offered()
    assert found is not None
    bench.direct.sync("full", fields=found.fields)
    made = bench.made()
    assert all(card["optedOut"] and card["address"]["city"] for card in bench.direct.cards().values())
    assert {way: count for way, count in made.items() if count > found.calls[way]} == {}, (found.calls, made)


def test_new_lines_are_named_for_each_object_and_what_is_not_new_is_not(bench: Bench) -> None:
    bench.map()
    bench.map(name="Contact")
    bench.leads(1)
    assert bench.offered() is None, "there was no full sync"
    bench.direct.sync("full")
    assert bench.offered() is None
    bench.map(CITY, details=[TITLE])
    bench.map(name="Contact", fields=[NAME, EMAIL, TITLE | {"salesmanago": "company"}], conflict="salesforce")
    found = bench.offered()
    assert found is not None
    assert found.lines == (
        NewLines("Lead", ("address.city", "properties.job_title"), alone=True),
        NewLines("Contact", ("company",), alone=False),
    )
    assert found.fields == ("address.city", "properties.job_title", "company")
    bench.direct.sync("full", fields=found.fields)
    assert bench.offered() is None, "they are filled, though a full sync stays due for Contact"
    bench.map(name="Contact", fields=[NAME, EMAIL], enabled=False)
    bench.map(CITY, {"salesforce": "Street", "salesmanago": "address.streetAddress"})
    found = bench.offered()
    assert found is not None
    assert found.lines == (NewLines("Lead", ("address.streetAddress",), alone=False),), "and a detail is gone"


def test_nothing_is_offered_where_nobody_knows_or_a_file_has_a_fault(bench: Bench) -> None:
    bench.map()
    bench.leads(1)
    bench.direct.sync("full")
    state = bench.direct.ledger.mapping_state.read()["Lead"]
    bench.map(CITY)
    assert bench.offered() is not None
    (bench.folder / "contact.yaml").write_text("object: Contact\nfields: []\n")
    assert bench.offered() is None
    assert "contact.yaml" in str(check_fields(bench.direct.ports("full"), "full", ["address.city"])[0])
    (bench.folder / "contact.yaml").unlink()
    bench.direct.ledger.mapping_state.keep("Lead", state.digest, state.full_sync_at)
    assert bench.offered() is None, "a ledger of an earlier version"


def test_fields_that_no_mapping_has_are_told(bench: Bench) -> None:
    bench.map(CITY)
    ports = bench.direct.ports("full")
    assert check_fields(ports, "full", ["address.city"]) == ()
    [fault] = check_fields(ports, "full", ["address.city", "<script>"])
    assert "no enabled mapping has the field <script>" in str(fault)
    assert "belong to a full sync" in str(check_fields(ports, "incremental", ["address.city"])[0])
    assert min(foretell(ports, ["address.city"]).values()) > 0, "also before anybody is bound"
