"""Forget: afterwards nobody finds the person in the ledger, in staging, in logs, in XComs or in Airflow's database."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import sqlalchemy as sa

from salesmanago_sync.ledger.forgetting import PersonIds
from tests.integration.commands import here
from tests.integration.direct import Direct
from tests.integration.sync import Sync
from tests.integration.test_privacy import everything_of_airflow, found_in

# What Airflow itself keeps of a person is in its database.
pytestmark = pytest.mark.airflow

EMAIL = "zofia.o'quill@planted.example.com"
PLANTED = [
    EMAIL, "Zofia", "Quillenstein", "+48601657778", "Planted Street 17", "Plantedville", "00-977", "planted note one",
    *(f"planted detail {number}" for number in range(12)),
]  # fmt: skip


def stored(folder: Path) -> str:
    """Give every file of the ledger and of staging as text."""
    return "\n".join(path.read_bytes().decode(errors="replace") for path in folder.rglob("*") if path.is_file())


@pytest.fixture
def person(sync: Sync, tmp_path: Path) -> tuple[str, str]:
    """Somebody on both sides whose values went to and fro, and of whom a run that failed left frames in staging."""
    sync.map("lead")
    lead = sync.lead(
        Email=EMAIL, FirstName="Zofia", LastName="Quillenstein", Phone="+48601657778", Street="Planted Street 17",
        City="Plantedville", PostalCode="00-977", Description="planted note one",
    )  # fmt: skip
    first = sync.full()
    assert first.green, first.log
    for number in range(12):
        sync.edit("Lead", lead, Description=f"planted detail {number}")
        if number % 6 == 0:
            sync.incremental(ids=[lead])
    sync.fault("salesmanago", "status", "upsert", status=500, times=None)
    assert not sync.incremental(emails=[EMAIL]).green
    sync.control.delete("/faults")
    [card] = sync.cards()
    return lead, str(card["id"])


def test_nothing_is_left_of_who_is_forgotten(sync: Sync, person: tuple[str, str], tmp_path: Path) -> None:
    lead, contact = person
    used = [value for value in PLANTED if not re.fullmatch(r"planted detail ([1-57-9]|10)", value)]
    before = found_in(stored(tmp_path), used)
    assert {EMAIL, "Quillenstein", "planted detail 0", "planted detail 11"} <= set(before)
    assert sync.run("salesmanago_undo", run=1, record=lead).green
    sync.purge("Lead", lead)
    sync.purge_card(contact)

    told = here("forget", "-", input=f"{EMAIL}\n")
    assert told.code == 0, told.err
    assert lead in told.out
    assert contact in told.out
    # Airflow keeps Params that name people: it is said which, and how to remove them.
    [kept] = [line for line in told.err.splitlines() if "Params of the run" in line and "incremental" in line][-1:]
    assert "delete that run" in kept
    assert "salesmanago_undo" in told.err
    assert found_in(told.out + told.err, PLANTED) == []
    # Nothing else of Airflow has them: neither XComs nor rendered fields nor logs.
    assert found_in(everything_of_airflow(but="dag_run") + sync.xcoms(), PLANTED) == []
    assert found_in(everything_of_airflow(), [EMAIL]) == [EMAIL]
    _delete_runs_with_addresses()

    assert found_in(stored(tmp_path), PLANTED) == []
    assert found_in(everything_of_airflow() + sync.xcoms(), PLANTED) == []
    assert sync.rows("SELECT who FROM decisions WHERE action = 'forget'") != []


def _delete_runs_with_addresses() -> None:
    """Do what the command says, in Airflow's database."""
    from airflow.models.dagrun import DagRun
    from airflow.utils.session import create_session

    with create_session() as session:
        for run in session.scalars(sa.select(DagRun)).all():
            if EMAIL in json.dumps(run.conf):
                session.delete(run)


def test_who_was_deleted_and_forgotten_is_not_created_again(sync: Sync, person: tuple[str, str]) -> None:
    lead, contact = person
    sync.delete("Lead", lead)
    sync.delete_card(contact)
    assert sync.full().green
    assert here("forget", lead).code == 0
    assert sync.full().green
    sync.purge_card(contact)
    sync.contact(EMAIL, name="Zofia", state="PROSPECT", company="Nowak")
    again = sync.full()
    assert again.green, again.log
    again.says("TOMBSTONE")
    assert sync.records("Lead") == []


def test_nobody_is_forgotten_while_a_run_is_at_work_and_unknown_people_are_told(sync: Sync) -> None:
    sync.map("lead")
    refused: list[str] = []
    lead = sync.lead(Email=EMAIL)
    sync.full(before={"commit": lambda: refused.append(here("forget", lead).err)})
    assert "is at work" in refused[0]
    unknown = here("forget", "00Q000000000009AAA")
    assert (unknown.code, "knows nobody" in unknown.err) == (1, True)
    wrong = here("forget", "not an id")
    assert (wrong.code, "neither an address nor an id" in wrong.err) == (1, True)


def test_a_run_of_some_people_by_id_looks_at_them_only(sync: Sync) -> None:
    sync.map("lead")
    sync.lead(Email="one@example.com")
    assert sync.full().green
    before = {side: (sync.watermark or {})[side] for side in ("salesforce", "salesmanago")}
    lead = sync.lead(Email="two@example.com")
    sync.lead(Email="three@example.com")
    contact = sync.contact("four@example.com", state="PROSPECT", company="x", name="Four Four")
    sync.later(3600)
    run = sync.incremental(ids=[lead[:15], contact], since="2030-01-01T00:00:00Z")
    assert run.green, run.log
    assert sorted(card["email"] for card in sync.cards()) == ["four@example.com", "one@example.com", "two@example.com"]
    assert {side: (sync.watermark or {})[side] for side in before} == before
    wrong = sync.incremental(ids=["nonsense"])
    wrong.says("Param ids", "Salesforce Ids of 15 or 18 characters")


def test_who_is_gone_rests_before_and_after_being_forgotten(direct: Direct) -> None:
    lead = direct.record("Lead", Email=EMAIL, LastName="Quillenstein", Company="x")
    direct.sync("full")
    [contact] = direct.cards()
    direct.control.delete(f"/salesforce/Lead/{lead}")
    direct.control.patch(f"/salesmanago/contacts/{contact}", {"deleted": True})
    direct.sync("full")

    def row() -> dict[str, object]:
        found = direct.ledger.bindings.read(salesforce_ids=[lead])
        return dict(found[["status", "updated_at"]].iloc[0])

    gone = row()
    assert gone["status"] == "deleted"
    assert direct.sync("full") == []
    assert row() == gone, "nothing new is learnt of who is gone"
    direct.ledger.people.forget(direct.ledger.people.all_ids(PersonIds(frozenset({lead}))), "anna", direct.now())
    assert direct.sync("full") == []
    assert row() == gone
    direct.control.post(f"/salesforce/Lead/{lead}/undelete")
    direct.sync("full")
    assert len(direct.ledger.bindings.read()) == 1, "who comes back is the same person"
