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

    with console_ports() as ports:
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
