"""People of whom nothing is left in either service, and of whom no feed tells: the sync finds out, and forgets them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from salesmanago_sync.ledger.forgetting import PersonIds
from tests.integration.direct import Direct
from tests.integration.sync import SETTLED_SECONDS
from tests.integration.test_consent_of_addresses import remap
from tests.integration.test_edits_meanwhile import tasks
from tests.twin_in_process import TwinInProcess

EMAIL = "zofia@planted.example.com"
PLANTED = [EMAIL, "Quillenstein", "601657778", "planted note"]
DAY = 86400


@pytest.fixture
def town(tmp_path: Path, empty_ledger: Path) -> Iterator[Direct]:
    made = Direct(TwinInProcess(), tmp_path, empty_ledger)
    made.sync("full")
    yield made
    made.close()


def person(town: Direct) -> str:
    return town.record(
        "Lead", Email=EMAIL, LastName="Quillenstein", Company="Acme", Phone="+48601657778", Description="planted note"
    )


def purge(town: Direct, lead: str) -> None:
    town.control.post(f"/salesforce/Lead/{lead}/purge")
    for card in town.cards():
        town.control.delete(f"/salesmanago/contacts/{card}")


def stored(town: Direct, folder: Path) -> list[str]:
    """Which planted values the ledger holds."""
    town.ledger.close()
    text = "\n".join(path.read_bytes().decode(errors="replace") for path in folder.glob("ledger.db*"))
    return [value for value in PLANTED if value in text]


@pytest.mark.parametrize("mode", ["incremental", "full"])
def test_who_was_purged_on_both_sides_is_known_to_be_gone_and_wiped_when_history_ends(
    town: Direct, tmp_path: Path, mode: str
) -> None:
    lead = person(town)
    town.sync()
    purge(town, lead)
    # The sweep asks for contacts that were not looked at for half a day.
    town.later(DAY)
    town.sync(mode)  # type: ignore[arg-type]
    assert town.ledger.bindings.read()["status"].tolist() == ["deleted"]
    assert town.sync("full") == []
    assert town.ledger.bindings.read()["status"].tolist() == ["deleted"]
    assert set(stored(town, tmp_path)) == set(PLANTED)
    town.later((town.settings.history_days + 1) * DAY)
    town.sync("full")
    assert stored(town, tmp_path) == []
    # Who was gone is not brought back by a contact of the same address.
    town.contact(EMAIL, name="Zofia", company="Acme", state="PROSPECT")
    town.sync()
    assert town.records("Lead") == {}


def test_who_was_purged_and_forgotten_before_a_run_noticed_is_not_brought_back(town: Direct) -> None:
    lead = person(town)
    town.sync()
    purge(town, lead)
    town.ledger.people.forget(town.ledger.people.all_ids(PersonIds(frozenset({lead}))), "anna", town.now())
    town.contact(EMAIL, name="Zofia", company="Acme", state="PROSPECT")
    town.sync()
    assert town.records("Lead") == {}
    assert town.ledger.bindings.read()["status"].tolist() == ["deleted"]


@pytest.mark.parametrize("policy", ["opt_out", "delete"])
def test_a_record_that_sharing_hides_is_skipped_and_comes_back(town: Direct, tmp_path: Path, policy: str) -> None:
    remap(town, tmp_path / "mappings", lead={"on_delete": {"in_salesmanago": policy}})
    lead = person(town)
    town.sync()
    [card] = town.cards()
    with hidden(town, lead):
        town.later(DAY)
        assert [*town.sync(), *town.sync("full")] == []
        assert town.ledger.bindings.read()["status"].tolist() == ["paused"]
        town.control.patch(f"/salesmanago/contacts/{card}", {"phone": "+48601657779", "optedOut": True})
        assert town.sync() == []
        assert list(town.cards()) == [card]
        assert town.ledger.issues.read_open().empty
    town.sync("full")
    assert town.ledger.bindings.read()["status"].tolist() == ["active"]
    record = town.records("Lead")[lead]
    assert (record["Phone"], record["HasOptedOutOfEmail"]) == ("+48601657779", True)
    # Once it was seen in the recycle bin, who empties that changes nothing.
    town.control.delete(f"/salesforce/Lead/{lead}")
    town.sync()
    town.control.post(f"/salesforce/Lead/{lead}/purge")
    assert town.sync("full") == []
    assert town.ledger.bindings.read()["status"].tolist() == ["deleted"]


@pytest.mark.parametrize("moment", ["extract_salesmanago", "plan", "write"])
def test_a_record_that_sharing_hides_while_a_run_works_is_skipped_and_comes_back(
    town: Direct, tmp_path: Path, moment: str
) -> None:
    remap(town, tmp_path / "mappings", lead={"on_delete": {"in_salesmanago": "delete"}})
    lead = person(town)
    town.sync()
    [card] = town.cards()
    town.control.patch(f"/salesforce/Lead/{lead}", {"Title": "Boss"})
    town.control.patch(f"/salesmanago/contacts/{card}", {"phone": "+48601657779", "optedOut": True})
    town.later(SETTLED_SECONDS)
    with ExitStack() as aside:
        for task in tasks(town, town.begun()):
            if task == moment:
                aside.enter_context(hidden(town, lead))
        assert [list(town.cards()), list(town.records("Lead"))] == [[card], []]
        town.sync("full")
        assert [list(town.cards()), list(town.records("Lead"))] == [[card], []]
    town.sync("full")
    assert town.ledger.bindings.read()["status"].tolist() == ["active"]
    [record] = town.records("Lead").values()
    assert (record["Title"], record["Phone"], record["HasOptedOutOfEmail"]) == ("Boss", "+48601657779", True)


@contextmanager
def hidden(town: Direct, lead: str) -> Iterator[None]:
    """Let the integration user not see a record for a while: no query gives a row of it."""
    assert isinstance(town.twin, TwinInProcess)
    execute = town.twin.twin.state.db.execute
    execute('CREATE TABLE aside AS SELECT * FROM "sf_Lead" WHERE Id = ?', (lead,))
    execute('DELETE FROM "sf_Lead" WHERE Id = ?', (lead,))
    yield
    execute('INSERT INTO "sf_Lead" SELECT * FROM aside')


def test_an_issue_of_a_record_that_was_purged_closes_and_is_forgotten(town: Direct, tmp_path: Path) -> None:
    refusal = {"success": False, "message": ["Quillenstein is refused"]}
    fault = {"system": "salesmanago", "kind": "status", "path": "upsert", "status": 200, "body": refusal}
    town.control.post("/faults", {**fault, "times": None})
    lead = person(town)
    town.sync()
    assert town.ledger.issues.read_open()["salesforce_id"].tolist() == [lead]
    assert town.ledger.bindings.read().empty
    purge(town, lead)
    town.sync()
    assert town.ledger.issues.read_open().empty
    assert "Quillenstein" in stored(town, tmp_path)
    town.later((town.settings.history_days + 1) * DAY)
    town.sync()
    assert stored(town, tmp_path) == []
