"""The certificate: both sides read whole, every difference explained or found, and only those found repaired."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.integration.sync import Sync

AUDIT = "salesmanago_audit"


@pytest.fixture
def folder(sync: Sync, tmp_path: Path) -> Path:
    """Where certificates are kept."""
    sync.set(certificates=str(tmp_path / "certificates"))
    return tmp_path / "certificates"


def certificate(folder: Path) -> dict[str, Any]:
    """The newest certificate; its page names the same verdict."""
    newest = max(folder.glob("*.json"), key=lambda path: int(path.stem.rpartition("-")[2]))
    found: dict[str, Any] = json.loads(newest.read_text(encoding="utf-8"))
    page = newest.with_suffix(".html").read_text(encoding="utf-8")
    assert ("Every difference is explained." in page) is (found["totals"]["unexplained"] == 0)
    return found


def named(found: dict[str, Any]) -> set[tuple[str, str]]:
    """Whom and which fields a certificate calls unexplained."""
    return {(one["salesforce_id"] or one["salesmanago_id"], one["field"]) for one in found["unexplained"]}


def at_rest(sync: Sync) -> tuple[str, str]:
    """Synchronise two people until nothing is left to do; return the Lead of each."""
    anna = sync.lead(Email="anna@example.com", FirstName="Anna", City="Łódź", Phone="+48221234567")
    jan = sync.lead(Email="jan@example.com", FirstName="Jan", City="Kraków")
    assert sync.full().green
    assert sync.incremental().green
    return anna, jan


def test_where_the_sync_has_done_its_work_everything_is_explained(sync: Sync, folder: Path) -> None:
    at_rest(sync)
    sync.forget_calls()
    run = sync.run(AUDIT)
    assert run.green, run.log
    assert sync.writes() == []
    found = certificate(folder)
    assert found["totals"]["people"] == 2
    assert found["totals"]["unexplained"] == 0
    assert found["reasons"]["EQUAL"]["count"] == found["totals"]["equal"] > 20
    assert set(found["mappings"]) >= {"Lead"}
    assert len(found["ledger"]["digest"]) == 64
    # Nobody's data: ids would be there only of what is unexplained.
    assert "anna" not in json.dumps(found)


def test_it_reads_no_more_than_a_full_sync(sync: Sync, folder: Path) -> None:
    at_rest(sync)
    sync.forget_calls()
    sync.full()
    full = len(sync.control.get("/calls")["log"])
    sync.forget_calls()
    sync.run(AUDIT)
    assert len(sync.control.get("/calls")["log"]) <= full


def test_an_edit_after_the_last_synchronisation_is_newer(sync: Sync, folder: Path) -> None:
    anna, _ = at_rest(sync)
    sync.edit("Lead", anna, City="Gdańsk")
    assert sync.run(AUDIT).green
    assert certificate(folder)["reasons"]["NEWER"]["count"] == 1


def test_what_is_lost_without_a_trace_is_found_and_repaired(sync: Sync, folder: Path) -> None:
    """A base that says what is not so hides a difference from the merge, but not from the certificate."""
    anna, jan = at_rest(sync)
    contact = sync.bindings()[anna]
    sync.control.post("/lies", {"system": "salesmanago", "id": contact, "field": "phone", "raw": '"+48229999999"'})
    [base] = [row["base"] for row in sync.rows("SELECT base FROM bindings WHERE salesforce_id = :id", id=anna)]
    lied = json.loads(base) | {"phone": ["+48221234567", "+48229999999"]}
    sync.rows("UPDATE bindings SET base = :base WHERE salesforce_id = :id", base=json.dumps(lied), id=anna)
    sync.edit("Lead", jan, City="Sopot")
    run = sync.run(AUDIT)
    assert run.red == {"tell"}
    run.says("Unexplained differences: 1.", f"{anna} phone")
    assert named(certificate(folder)) == {(anna, "phone")}
    assert "anna@example.com" not in run.log + sync.xcoms()
    run = sync.run(AUDIT, repair=True)
    assert run.red == {"tell"}
    run.says(f"Triggering salesmanago_incremental_sync: {{'ids': ['{anna}']}}")
    sync.forget_calls()
    assert sync.incremental(ids=[anna]).green
    # Only what was unexplained: the other edit waits for its own run.
    assert len(sync.writes()) == 1
    sync.control.delete("/lies")
    assert sync.run(AUDIT).green
    found = certificate(folder)
    assert found["totals"]["unexplained"] == 0
    assert found["reasons"]["NEWER"]["count"] == 1


def test_before_the_first_synchronisation_there_is_nothing_to_certify(sync: Sync, folder: Path) -> None:
    run = sync.run(AUDIT)
    run.says("salesmanago_full_sync")
    assert not run.green
    assert not folder.exists()


def test_the_certificate_of_nobody(sync: Sync) -> None:
    assert sync.full().green
    done = sync.run(AUDIT)
    assert done.green, done.tasks
    done.says("0 people: 0 equal, 0 different for a stated reason, 0 unexplained.")
