"""A ledger that is lost is built anew, and what the sync itself had written is nobody's edit and nobody's opt-out."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from salesmanago_sync.errors import FatalError
from salesmanago_sync.ledger.store import Ledger
from salesmanago_sync.steps.binding import bind_people
from salesmanago_sync.steps.close import close
from salesmanago_sync.steps.consent_lane import carry_opt_outs
from salesmanago_sync.steps.preflight import preflight
from salesmanago_sync.steps.undoing import end, undo_run
from salesmanago_sync.steps.watermark import LAST_SYNC
from salesmanago_sync.steps.writing import write_batches
from tests.integration.direct import SETTLED_SECONDS, Direct, plan_everybody, read_everybody
from tests.twin_in_process import TwinInProcess

EMAIL = "person@example.com"


@pytest.fixture
def direct(empty_ledger: Path, tmp_path: Path) -> Iterator[Direct]:
    """An account that opts out whom the API creates, and cuts what is long."""
    made = Direct(TwinInProcess(), tmp_path, empty_ledger)
    made.control.post("/salesmanago/settings", {"new_opted_out": True})
    yield made
    made.close()


def lead(direct: Direct, **fields: Any) -> str:
    """Make a Lead and synchronise it."""
    made = direct.record("Lead", **{"LastName": "Nowak", "Company": "Acme", "Email": EMAIL, "City": "Łódź", **fields})
    direct.sync("full")
    direct.later(3600)
    direct.sync()
    return made


def lose(direct: Direct, empty_ledger: Path, tmp_path: Path, *, variables: bool) -> Direct:
    """Lose the ledger, and with it the Variables or not."""
    direct.later(3600)
    folder = tmp_path / "again"
    folder.mkdir()
    again = Direct(direct.twin, folder, empty_ledger)
    if not variables:
        again.variables = direct.variables
    return again


def answered(direct: Direct, answer: str) -> Direct:
    """Say whose the opt-outs of contacts are that nobody has edited."""
    direct.settings = direct.settings.model_copy(update={"untouched_opt_outs": answer})
    return direct


@pytest.mark.parametrize("variables", [False, True], ids=["ledger", "ledger and Variables"])
def test_the_default_of_an_account_is_nobodys_opt_out_and_salesforce_keeps_its_values(
    direct: Direct, empty_ledger: Path, tmp_path: Path, variables: bool
) -> None:
    mine = lead(direct)
    [card] = direct.cards().values()
    assert (card["optedOut"], direct.records("Lead")[mine]["HasOptedOutOfEmail"]) == (True, False)
    # What the service made of our own write, within the moment of it.
    clock = {"modifiedOn": card["modifiedOn"], "createdOn": card["createdOn"]}
    direct.control.patch(f"/salesmanago/contacts/{card['id']}", {"address": {"city": "Lodz"}, **clock})
    again = lose(direct, empty_ledger, tmp_path, variables=variables)
    if variables:
        for dry_run in (True, False):
            with pytest.raises(FatalError, match="1 of 1 contacts that nobody has edited"):
                again.sync("full", dry_run=dry_run)
        assert again.records("Lead")[mine]["HasOptedOutOfEmail"] is False
        answered(again, "default")
    again.sync("full")
    answered(again, "ask")
    record = again.records("Lead")[mine]
    assert (record["HasOptedOutOfEmail"], record["City"]) == (False, "Łódź")
    again.later(3600)
    again.sync()
    record = again.records("Lead")[mine]
    assert (record["HasOptedOutOfEmail"], record["City"]) == (False, "Łódź"), "nor later"
    assert again.sync() == []
    again.close()


@pytest.mark.parametrize("mode", ["full", "incremental"])
def test_so_it_is_of_whom_the_last_run_made(direct: Direct, empty_ledger: Path, tmp_path: Path, mode: Any) -> None:
    if mode == "incremental":
        direct.sync("full")
        direct.later(3600)
    mine = direct.record("Lead", LastName="Nowak", Company="Acme", Email=EMAIL, City="Łódź")
    direct.sync(mode)
    [card] = direct.cards().values()
    assert card["optedOut"] is True
    again = lose(direct, empty_ledger, tmp_path, variables=False)
    again.sync("full")
    assert again.records("Lead")[mine]["HasOptedOutOfEmail"] is False
    # Who opts out later does so, whatever was taken for the default before.
    again.later(3600)
    again.sync()
    again.control.patch(f"/salesmanago/contacts/{card['id']}", {"optedOutPhone": True})
    again.sync()
    assert again.records("Lead")[mine]["DoNotCall"] is True
    assert again.sync() == []
    again.close()


@pytest.mark.parametrize("last", ["incremental", "restricted", "failed", "lane", "undo"])
def test_so_it_is_of_whom_the_last_run_wrote(direct: Direct, empty_ledger: Path, tmp_path: Path, last: str) -> None:
    """A run writes after the time until which it has synchronised: its own writes look like the newest edits."""
    mine = lead(direct)
    direct.later(3600)
    write_once_more(direct, mine, last)
    [card] = direct.cards().values()
    synchronised = datetime.fromisoformat(direct.variables.get(LAST_SYNC)["salesmanago"]).timestamp()
    assert card["modifiedOn"] / 1000 > synchronised
    # What the service made of our own write, within the moment of it.
    clock = {"modifiedOn": card["modifiedOn"]}
    direct.control.patch(f"/salesmanago/contacts/{card['id']}", {"address": {"city": "Lodz"}, **clock})
    again = lose(direct, empty_ledger, tmp_path, variables=False)
    again.sync("full")
    record = again.records("Lead")[mine]
    assert (record["HasOptedOutOfEmail"], record["City"]) == (False, "Łódź")
    assert again.sync() == []
    again.close()


def write_once_more(direct: Direct, mine: str, last: str) -> None:
    """Write the contact of a Lead: by a run, by one that moves no watermark, by the consent lane, or by an undo."""
    field = {"DoNotCall": True} if last == "lane" else {"Phone": "+48500600700"}
    direct.control.patch(f"/salesforce/Lead/{mine}", field)
    direct.later(SETTLED_SECONDS)
    if last == "lane":
        assert carry_opt_outs(direct.ports("incremental"), direct.account)["written"] == 1
    elif last == "failed":
        ports = direct.begun("incremental")
        read_everybody(direct, ports)
        plan_everybody(ports)
        for work in bind_people(ports):
            write_batches(ports, work)
        close(ports)
    elif last == "undo":
        direct.sync()
        number = int(direct.ledger.runs.read_newest(1)["id"].iloc[0])
        direct.later(3600)
        direct.sync()
        undoing = direct.begun("undo", run=number)  # type: ignore[arg-type]
        preflight(undoing, direct.account, lambda settings: None)
        end(undoing, undo_run(undoing))
    else:
        direct.sync(**({"ids": [mine]} if last == "restricted" else {}))


@pytest.mark.parametrize("later", [False, True], ids=["by the last run", "before the last run"])
def test_an_older_copy_knows_nothing_of_what_was_written_since(direct: Direct, tmp_path: Path, later: bool) -> None:
    mine = lead(direct)
    ledger, copy = tmp_path / "ledger.db", tmp_path / "copy.db"
    copied(direct, ledger, copy)
    direct.control.patch(f"/salesforce/Lead/{mine}", {"City": "Gdańsk"})
    direct.later(3600)
    direct.sync()
    [card] = direct.cards().values()
    clock = {"modifiedOn": card["modifiedOn"]}
    direct.control.patch(f"/salesmanago/contacts/{card['id']}", {"address": {"city": "Gdansk"}, **clock})
    if later:
        direct.later(3600)
        direct.sync()
    direct.later(3600)
    copied(direct, copy, ledger)
    direct.sync("full")
    record = direct.records("Lead")[mine]
    assert (record["HasOptedOutOfEmail"], record["City"]) == (False, "Gdańsk")
    assert direct.sync() == []


def test_an_opt_out_that_the_consent_lane_carries_meanwhile_brings_no_other_with_it(
    direct: Direct, tmp_path: Path
) -> None:
    """It binds whom the older copy does not know, and knows nothing but this one opt-out of them."""
    direct.record("Lead", LastName="Maj", Company="Acme", Email="other@example.com")
    direct.sync("full")
    ledger, copy = tmp_path / "ledger.db", tmp_path / "copy.db"
    copied(direct, ledger, copy)
    mine = lead(direct)
    direct.later(3600)
    copied(direct, copy, ledger)
    direct.control.patch(f"/salesforce/Lead/{mine}", {"DoNotCall": True})
    direct.later(3600)
    assert carry_opt_outs(direct.ports("incremental"), direct.account)["written"] == 1
    direct.sync("full")
    assert direct.records("Lead")[mine]["HasOptedOutOfEmail"] is False
    assert direct.sync() == []


def copied(direct: Direct, one: Path, other: Path) -> None:
    """Copy the ledger aside, or put the copy back; nothing is at work meanwhile."""
    direct.ledger.close()
    shutil.copy(one, other)
    direct.ledger = Ledger.open(f"sqlite:///{one.parent}/ledger.db")


@pytest.mark.parametrize("mode", ["full", "incremental"])
def test_of_whom_somebody_else_made_it_counts_while_the_ledger_is_there(direct: Direct, mode: Any) -> None:
    direct.sync("full")
    direct.later(3600)
    # As an import does that knows the ids of Salesforce.
    mine = direct.record("Lead", LastName="Nowak", Company="Acme", Email=EMAIL)
    direct.contact(EMAIL, name="Nowak", company="Acme", externalId=mine, optedOut=True)
    direct.sync(mode)
    assert direct.records("Lead")[mine]["HasOptedOutOfEmail"] is True


@pytest.mark.parametrize("answer", ["person", "default", "ask"])
def test_whose_an_opt_out_is_that_no_clock_tells_may_be_said_beforehand(
    direct: Direct, empty_ledger: Path, tmp_path: Path, answer: str, caplog: pytest.LogCaptureFixture
) -> None:
    direct.control.post("/salesmanago/settings", {"new_opted_out": False, "optout_moves_clock": False})
    direct.record("Lead", LastName="Maj", Company="Acme", Email="other@example.com")
    mine = lead(direct)
    again = lose(direct, empty_ledger, tmp_path, variables=False)
    [card] = [card for card in again.cards().values() if card["email"] == EMAIL]
    again.control.patch(f"/salesmanago/contacts/{card['id']}", {"optedOutPhone": True})
    answered(again, answer).sync("full")
    assert ("1 of 2 contacts that the ledger does not know" in caplog.text) is (answer == "ask")
    assert again.records("Lead")[mine]["DoNotCall"] is (answer == "person")
    assert again.sync() == []
    again.close()


def test_what_a_person_edited_later_counts(direct: Direct, empty_ledger: Path, tmp_path: Path) -> None:
    mine = lead(direct)
    direct.control.patch(f"/salesforce/Lead/{mine}", {"Phone": "+48500600700"})
    direct.sync()
    [card] = direct.cards().values()
    direct.later(120)
    direct.control.patch(f"/salesmanago/contacts/{card['id']}", {"address": {"city": "Gdynia"}, "optedOut": True})
    again = lose(direct, empty_ledger, tmp_path, variables=False)
    again.sync("full")
    record = again.records("Lead")[mine]
    assert (record["HasOptedOutOfEmail"], record["City"]) == (True, "Gdynia")
    again.close()


def test_an_opt_out_in_salesforce_travels(direct: Direct, empty_ledger: Path, tmp_path: Path) -> None:
    direct.control.post("/salesmanago/settings", {"new_opted_out": False})
    mine = lead(direct)
    again = lose(direct, empty_ledger, tmp_path, variables=False)
    again.control.patch(f"/salesforce/Lead/{mine}", {"HasOptedOutOfEmail": True, "City": "Opole"})
    again.sync("full")
    [card] = again.cards().values()
    assert (card["optedOut"], card["address"]["city"]) == (True, "Opole")
    again.close()


def test_a_contact_that_another_system_made_is_merged_by_the_ordinary_rules(direct: Direct) -> None:
    mine = direct.record("Lead", LastName="Nowak", Company="Acme", Email=EMAIL)
    direct.later(3600)
    card = direct.contact(EMAIL, state="PROSPECT", optedOut=True)
    direct.later(3600)
    direct.control.patch(f"/salesmanago/contacts/{card}", {"externalId": mine})
    direct.sync("full")
    assert direct.records("Lead")[mine]["HasOptedOutOfEmail"] is True


@pytest.mark.parametrize("answer", ["person", "default", "ask"])
def test_an_opt_out_of_before_the_first_sync_is_a_persons_unless_all_look_like_a_default(
    direct: Direct, answer: str
) -> None:
    """An earlier integration made the contacts, each with the id of its record, and nobody edited them since."""
    count = 12
    leads = [{"LastName": "Nowak", "Company": "Acme", "Email": f"p{number}@example.com"} for number in range(count)]
    ids = direct.control.post("/salesforce/Lead", leads)["ids"]
    for number, identifier in enumerate(ids):
        out = answer != "ask" or number == 0
        direct.contact(f"p{number}@example.com", state="PROSPECT", externalId=identifier, optedOut=out)
    direct.later(3600)
    answered(direct, answer).sync("full")
    out = [row["HasOptedOutOfEmail"] for row in direct.records("Lead").values()]
    assert sum(out) == {"person": count, "default": 0, "ask": 1}[answer]
    assert direct.sync() == []
    assert direct.sync("full") == []


@pytest.mark.parametrize("purged", [False, True], ids=["in the bin", "purged"])
def test_who_was_deleted_does_not_come_back_once_the_ledger_is_lost(
    direct: Direct, empty_ledger: Path, tmp_path: Path, purged: bool
) -> None:
    mine = lead(direct)
    direct.control.delete(f"/salesforce/Lead/{mine}")
    if purged:
        direct.control.post(f"/salesforce/Lead/{mine}/purge")
    again = lose(direct, empty_ledger, tmp_path, variables=False)
    for mode in ("full", "incremental", "full"):
        again.sync(mode)
        assert len(again.records("Lead")) == (1 if purged else 0), "of a record that was purged nothing is known"
        again.later(3600)
    again.close()


def test_a_contact_that_was_deleted_is_not_made_anew_when_its_record_moves(
    direct: Direct, empty_ledger: Path, tmp_path: Path
) -> None:
    """The full sync saw whose contact it had been; a later run sees the record alone."""
    mine = lead(direct)
    [card] = direct.cards()
    direct.control.patch(f"/salesmanago/contacts/{card}", {"deleted": True})
    again = lose(direct, empty_ledger, tmp_path, variables=False)
    again.sync("full")
    again.later(3600)
    again.control.patch(f"/salesforce/Lead/{mine}", {"Email": "new@example.com", "City": "Opole"})
    for mode in ("incremental", "full"):
        again.sync(mode)
        assert [one["deleted"] for one in again.cards().values()] == [True]
    again.close()
