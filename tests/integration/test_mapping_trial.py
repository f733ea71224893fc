"""`plan --mappings`: what other mapping files would do to a sample, beside the present ones, with nothing written."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml

from salesmanago_sync.ledger.tables import metadata
from tests.integration.commands import Answer, here
from tests.integration.sync import Sync
from tests.twin_server import ROOT

SOURCE = {"field": "LeadSource", "op": "eq"}
TITLE = {"salesforce": "Rating", "salesmanago": "properties.rating"}


@pytest.fixture
def server(sync: Sync, monkeypatch: pytest.MonkeyPatch) -> Sync:
    monkeypatch.setenv("_AIRFLOW_PROCESS_CONTEXT", "server")
    return sync


@contextmanager
def untouched(sync: Sync) -> Iterator[None]:
    """Check that nothing is written meanwhile: no service, no ledger, no Variable, no lock."""
    # Turns are the rate that all share.
    tables = sorted(set(metadata.tables) - {"turns"})
    state = lambda: (  # noqa: E731 - twice the same reading
        [sync.rows(f"SELECT * FROM {table} ORDER BY 1") for table in tables],  # noqa: S608 - names above
        sync.watermark,
        sync.everything(),
    )
    before = state()
    sync.forget_calls()
    yield
    assert sync.writes() == []
    assert state() == before


def drafted(folder: Path, *lines: dict[str, Any], **changes: Any) -> Path:
    """Write a draft of the shipped mapping of Lead, with changes."""
    folder.mkdir(exist_ok=True)
    shipped = yaml.safe_load((ROOT / "include" / "mappings" / "lead.yaml").read_text(encoding="utf-8"))
    made = {**shipped, **changes, "fields": [*shipped["fields"], *lines]}
    (folder / "lead.yaml").write_text(yaml.safe_dump(made, sort_keys=False), encoding="utf-8")
    return folder


def trial(sync: Sync, folder: Path, *words: str) -> dict[str, Any]:
    with untouched(sync):
        answer = here("plan", "--mappings", str(folder), "--output", "json", *words)
    assert answer.code == 0, answer.err
    [found] = answer.rows
    told: dict[str, Any] = found["trial"]
    return told


def tried(sync: Sync, folder: Path) -> Answer:
    with untouched(sync):
        return here("plan", "--mappings", str(folder))


def test_who_enters_pauses_and_is_created_is_told_and_nothing_is_written(server: Sync, tmp_path: Path) -> None:
    server.map("lead", criteria={"salesforce": {**SOURCE, "value": "Web"}})
    bound = server.lead(LastName="A", Email="a@example.com", LeadSource="Web", Rating="Hot")
    server.full()
    outside = server.lead(LastName="B", Email="b@example.com", LeadSource="Other", Rating="Cold")
    server.contact("c@example.com", name="Jan Maj", state="PROSPECT")
    draft = drafted(tmp_path / "draft", TITLE, criteria={"salesforce": {**SOURCE, "value": "Other"}})
    found = trial(server, draft)
    effects = {one["salesforce_id"] or one["salesmanago_id"]: one["effect"] for one in found["people"]}
    assert effects[bound] == "pauses"
    assert effects[outside] == "created"
    assert sorted(effects.values()) == ["created", "created", "pauses"]
    assert found["criteria"] == [{"object": "Lead", "now": 1, "then": 1, "enter": 1, "leave": 1}]
    mine = {one["field"]: one for one in found["changes"] if one["salesforce_id"] == outside}
    assert (mine["properties.rating"]["then"], mine["properties.rating"]["difference"]) == ("Cold", "new")
    assert (mine["properties.rating"]["now"], mine["email"]["then"]) == (None, "b@example.com")


def test_the_changes_of_the_sample_stand_beside_those_of_the_present_mapping(server: Sync, tmp_path: Path) -> None:
    server.map("lead")
    lead = server.lead(LastName="A", Email="a@example.com", Rating="Hot", City="Kraków", Title="<script>")
    server.full()
    server.edit("Lead", lead, City="Gdańsk", Title="\"'🎉")
    draft = drafted(tmp_path / "draft", TITLE, details=[{"salesforce": "Title", "salesmanago": "rank"}])
    found = trial(server, draft)
    told = {one["field"]: (one["old"], one["now"], one["then"], one["difference"]) for one in found["changes"]}
    assert told["address.city"] == ("Kraków", "Gdańsk", "Gdańsk", "same")
    assert told["properties.rating"] == (None, None, "Hot", "new")
    assert told["properties.rank"] == (None, None, "\"'🎉", "new")
    assert told["properties.job_title"] == ("<script>", "\"'🎉", None, "gone")
    answer = tried(server, draft)
    assert "A full sync of Lead is due" in answer.err
    assert "New fields: properties.rank, properties.rating." in answer.err
    assert "requests to Salesforce" in answer.err


def test_the_same_files_change_nothing(server: Sync, tmp_path: Path) -> None:
    server.map("lead")
    server.lead(LastName="A", Email="a@example.com")
    server.full()
    found = trial(server, drafted(tmp_path / "draft"))
    assert (found["changes"], [one["effect"] for one in found["people"]]) == ([], ["stays"])
    assert "Nothing changes" in tried(server, tmp_path / "draft").err


def test_what_it_costs_is_bounded_and_told(server: Sync, tmp_path: Path) -> None:
    server.map("lead")
    for number in range(60):
        server.lead(LastName="A", Email=f"a{number}@example.com")
    draft = drafted(tmp_path / "draft", criteria={"salesforce": {**SOURCE, "value": "Web"}})
    server.forget_calls()
    found = trial(server, draft, "--sample", "10")
    assert len(found["people"]) <= 20
    assert sum(found["calls"].values()) <= 40
    assert server.control.get("/calls")["total"] >= found["calls"]["salesforce"] > 0


def test_every_fault_of_the_folder_comes_at_once_and_nothing_is_planned(server: Sync, tmp_path: Path) -> None:
    server.map("lead")
    folder = drafted(tmp_path / "draft", {"salesforce": "Ratng", "salesmanago": "properties.rating"}, on_leave="go")
    with untouched(server):
        answer = here("plan", "--mappings", str(folder), "--output", "json")
    assert answer.code == 1
    [found] = answer.rows
    assert {fault["key"] for fault in found["faults"]} == {"on_leave", "fields[14].salesforce"}
    assert found["trial"] is None
    assert here("plan", "--mappings", str(folder)).code == 1
    assert "no mapping file" in here("plan", "--mappings", str(tmp_path / "nowhere"), "--output", "json").out
    assert "--mappings" in here("plan", "--mappings", str(folder), "--run", "last").err


def test_present_mappings_with_faults_hide_nothing_of_the_others(server: Sync, tmp_path: Path) -> None:
    server.map_text("lead.yaml", "object: Lead\n")
    lead = server.lead(LastName="A", Email="a@example.com")
    found = trial(server, drafted(tmp_path / "draft"))
    assert [(one["salesforce_id"], one["effect"]) for one in found["people"]] == [(lead, "created")]
    assert not found["compared"]
    assert "could be compared" in tried(server, tmp_path / "draft").err
