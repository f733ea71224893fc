"""Mapping files on the command line and in the overview that pages show: the same faults, the same numbers."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from tests.integration.commands import here, process
from tests.integration.sync import Sync

PICKLIST = {"salesforce": "Rating", "salesmanago": "properties.rating", "convert": "picklist", "values": ["Hot"]}


def overview():
    from salesmanago_sync.hooks.ports import console_ports
    from salesmanago_sync.overview.mappings import read_overview
    from salesmanago_sync.pair import FIRST

    with console_ports(FIRST) as ports:
        return read_overview(ports)


@pytest.fixture
def server(sync: Sync, monkeypatch: pytest.MonkeyPatch) -> Sync:
    monkeypatch.setenv("_AIRFLOW_PROCESS_CONTEXT", "server")
    return sync


def test_every_fault_is_told_with_file_line_and_choices_without_a_connection(sync: Sync) -> None:
    sync.map_text(
        "lead.yaml", "object: Lead\nfields:\n  - {salesforce: Email, salesmanago: emial}\n  - {salesforce: A}\n"
    )
    sync.map("contact")
    sync.disconnect("salesforce_default")
    sync.forget_calls()
    answer = process("mapping", "check", "--output", "json")
    assert answer.code == 1, answer.err
    found = {(row["file"], row["line"], row["key"]) for row in answer.rows if row["result"] == "fault"}
    assert ("lead.yaml", 3, "fields[0].salesmanago") in found
    assert ("lead.yaml", 4, "fields[1].salesmanago") in found
    assert "Did you mean 'email'?" in answer.out
    assert [row["file"] for row in answer.rows if row["result"] == "ok"] == ["contact.yaml"]
    assert sync.control.get("/calls")["total"] == 0


def test_live_finds_what_the_org_does_not_have(server: Sync) -> None:
    server.map("lead", {"salesforce": "Ratng", "salesmanago": "properties.rating"}, enabled=False)
    assert here("mapping", "check").code == 0, "the file alone is in order"
    answer = here("mapping", "check", "--live", "--output", "json")
    assert answer.code == 1
    [row] = [row for row in answer.rows if row["result"] == "fault"]
    assert (row["file"], row["key"]) == ("lead.yaml", "fields[14].salesforce")
    assert "Did you mean 'Rating'" in row["fix"]
    [fault] = overview().faults
    assert (fault.file, fault.line, fault.key, fault.what, fault.fix) == tuple(row.values())[1:]


def test_a_file_that_is_wrong_by_itself_is_compared_with_the_org_in_the_same_go(server: Sync) -> None:
    server.map("lead", {"salesforce": "Ratng", "salesmanago": "properties.rating", "convert": "txt"}, enabled=False)
    server.map("contact", {"salesforce": "Ttle", "salesmanago": "properties.rank"}, enabled=False)
    answer = here("mapping", "check", "--live", "--output", "json")
    found = {(row["file"], row["key"]) for row in answer.rows if row["result"] == "fault"}
    assert found == {
        ("contact.yaml", "fields[15].salesforce"),
        ("lead.yaml", "fields[14].convert"),
        ("lead.yaml", "fields[14].salesforce"),
    }
    assert overview().unread == ()


def test_every_kind_of_fault_of_one_file_is_told_in_one_go(server: Sync) -> None:
    server.map_text(
        "lead.yaml",
        "object: Lead\n"
        "enabled: perhaps\n"
        "on_delete: {in_salesmango: tag}\n"
        "criteria:\n"
        "  salesforce: {all: [{feld: Status, op: eq, value: New}, {field: Statsu, op: eq, value: New}]}\n"
        "  salesmanago: {any: [{field: tags, op: has, value: A}, {field: tgas, op: includes, value: A}]}\n"
        "fields:\n"
        "  - {salesforce: Email, salesmanago: email}\n"
        "  - {salesforce: Phone, salesmanago: phone, convert: number}\n"
        "  - {salesforce: Fxa, salesmanago: fax, convrt: phone}\n"
        "  - {salesforce: Title, salesmanago: properties.a\n"
        "  - {salesforce: Rating, salesmanago: properties.b, direction: [both]}\n"
        "  - {salesforce: City, salesmanago: adress.city, blank: never}\n",
    )
    answer = here("mapping", "check", "--live", "--output", "json")
    assert {(row["line"], row["key"]) for row in answer.rows if row["result"] == "fault"} == {
        (2, "enabled"),
        (3, "on_delete.in_salesmango"),
        (5, "criteria.salesforce.all[0].feld"),
        (5, "criteria.salesforce.all[1].field"),
        (6, "criteria.salesmanago.any[0].op"),
        (6, "criteria.salesmanago.any[1].field"),
        (9, "fields[1].convert"),
        (10, "fields[2].convrt"),
        (10, "fields[2].salesforce"),
        (11, ""),
        (12, "fields[3].direction"),
        (13, "fields[4].blank"),
        (13, "fields[4].salesmanago"),
    }
    told = here("doctor", "--output", "json").out
    assert "Fxa" in told
    assert "convrt" in told


def test_a_file_of_which_nothing_can_be_read_is_said_not_to_be_compared(server: Sync) -> None:
    server.map_text("lead.yaml", "objct: Lead\nfields: []\n")
    server.map("contact", enabled=False)
    assert "Not compared with the org: lead.yaml." in here("mapping", "check", "--live").err
    assert overview().unread == ("lead.yaml",)


def test_an_org_that_does_not_answer_is_told_beside_the_files(server: Sync) -> None:
    server.map("lead")
    server.control.post("/salesforce/settings", {"api_enabled": False})
    answer = here("mapping", "check", "--live")
    assert answer.code == 1
    assert "The org could not be asked" in answer.err
    assert "lead.yaml" in answer.out


def test_criteria_are_counted_in_the_org(server: Sync) -> None:
    server.map("lead", criteria={"salesforce": {"field": "LeadSource", "op": "eq", "value": "Web"}})
    for source in ("Web", "Web", "Phone Inquiry", None):
        server.lead(LeadSource=source)
    [table] = overview().tables
    row = table.criteria[0]
    assert row.words == 'LeadSource is "Web"'
    assert row.soql == "SELECT COUNT() FROM Lead WHERE (LeadSource = 'Web' AND LeadSource != null)"
    assert row.count == 2
    assert server.writes() == []


@pytest.mark.parametrize("people_per_part", ["2", "50000"])
def test_contacts_that_meet_criteria_are_counted_when_everybody_is_read(
    server: Sync, monkeypatch: pytest.MonkeyPatch, people_per_part: str
) -> None:
    monkeypatch.setenv("SALESMANAGO_SYNC_PEOPLE_PER_PART", people_per_part)
    tagged = {"salesmanago": {"field": "tags", "op": "includes", "value": "CRM"}}
    server.map("lead", criteria=tagged)
    for number, (tags, state) in enumerate(
        [("CRM", "PROSPECT"), ("CRM", "CUSTOMER"), ("CRM", "PROSPECT"), ("", "PROSPECT")]
    ):
        server.contact(
            f"c{number}@example.com", name="Jan Nowak", company="x", state=state, tags=[tags] if tags else []
        )
    server.lead(Email="lead@example.com")
    assert [row.count for row in overview().tables[0].criteria] == [1, None, None, None]
    assert server.full(dry_run=True).green
    _, contacts, created, wanted = overview().tables[0].criteria
    assert (contacts.count, created.count, wanted.count) == (3, None, 2)
    assert contacts.counted_at is not None
    server.map("lead", criteria={"salesmanago": {"field": "tags", "op": "includes", "value": "OTHER"}})
    assert overview().tables[0].criteria[1].count is None, "what other criteria let in says nothing"


def test_coverage_counts_values_that_do_not_travel(server: Sync) -> None:
    server.map("lead", PICKLIST)
    server.control.post("/salesmanago/settings", {"max_length": 40})
    server.lead(Email="long@example.com", Company="x" * 60)
    server.lead(Email="cold@example.com", Rating="Cold")
    server.lead(Email="none@example.com")
    server.full()
    [table] = overview().tables
    assert table.coverage is not None
    refused = {(one.field, one.reason): one.count for one in table.coverage.refused}
    issues = server.issues()
    assert sum(count for (_, reason), count in refused.items() if reason != "UNLISTED") == sum(issues.values())
    assert refused["properties.rating", "UNLISTED"] == 1


def test_a_starter_is_written_once_and_fits_the_org(server: Sync, tmp_path: Path) -> None:
    folder = tmp_path / "new"
    missing = here("mapping", "init", "Contact", "--folder", str(folder))
    assert (missing.code, "is not a folder" in missing.err) == (1, True)
    folder.mkdir()
    written = process("mapping", "init", "Contact", "--folder", str(folder), "--output", "yaml")
    assert written.code == 0, written.err
    assert yaml.safe_load(written.out) == [{"object": "Contact", "file": str(folder / "contact.yaml")}]
    assert here("mapping", "check", "--live", "--folder", str(folder)).code == 0
    assert json.loads((folder / "mapping.schema.json").read_text())["title"] == "Mapping"
    (folder / "contact.yaml").write_text("mine")
    again = here("mapping", "init", "Contact", "--folder", str(folder))
    assert again.code == 1
    assert "not overwritten" in again.err.replace("\n", " ")
    assert (folder / "contact.yaml").read_text() == "mine"
    assert here("mapping", "init", "Contact", "--folder", str(folder), "--force").code == 0
    assert "object: Contact" in (folder / "contact.yaml").read_text()
