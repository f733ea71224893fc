"""The sync goes by the answers of the probe; without one, or with an old one, it does what it always did."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from salesmanago_sync.clients.salesmanago import Salesmanago
from salesmanago_sync.domain.probe.answers import AccountAnswer, Conclusion
from salesmanago_sync.errors import FatalError
from tests.integration.direct import Direct
from tests.twin_in_process import TwinInProcess
from tests.twin_server import ROOT

# How old an answer is, in days, that counts no longer, and one that does.
OLD, YOUNG = 181, 179


@pytest.fixture
def direct(empty_ledger: Path, tmp_path: Path) -> Iterator[Direct]:
    """The steps of the sync, between services in this process."""
    made = Direct(TwinInProcess(), tmp_path, empty_ledger)
    yield made
    made.close()


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """The rows that are sent to SALESmanago."""
    rows: list[dict[str, Any]] = []
    upsert = Salesmanago.upsert
    monkeypatch.setattr(Salesmanago, "upsert", lambda client, some: rows.extend(some) or upsert(client, some))
    return rows


def answer(direct: Direct, question: str, said: str, number: int | None = None, days: int = YOUNG) -> None:
    """Let the probe have answered, so many days ago."""
    found = AccountAnswer(question, Conclusion(said, number=number), direct.now() - timedelta(days=days))
    direct.ledger.probe_answers.keep(direct._salesmanago().account, found)


def propagate(direct: Direct, folder: Path, *lines: str) -> None:
    """Let blanks of these Salesforce fields travel."""
    shutil.copytree(ROOT / "include" / "mappings", folder)
    text = (folder / "lead.yaml").read_text(encoding="utf-8")
    for line in lines:
        text = text.replace(f"{{salesforce: {line}, ", f"{{salesforce: {line}, blank: propagate, ")
    (folder / "lead.yaml").write_text(text, encoding="utf-8")
    direct.settings = direct.settings.model_copy(update={"mappings": folder})


def paths(direct: Direct) -> list[str]:
    return [call["path"] for call in direct.control.get("/calls")["log"] if call["system"] == "salesmanago"]


@pytest.mark.parametrize(("days", "holds"), [(None, True), (OLD, True), (YOUNG, False)])
def test_an_account_that_null_empties_is_sent_null(
    direct: Direct, tmp_path: Path, days: int | None, holds: bool
) -> None:
    propagate(direct, tmp_path / "mappings", "Fax", "City", "Description")
    direct.control.post("/salesmanago/settings", {"clear": "null"})
    if days is not None:
        for question in ("empty_field", "empty_address", "empty_detail"):
            answer(direct, question, "null", days=days)
    full = {"Fax": "+48221234567", "City": "Gdynia", "Description": "<script>"}
    record = direct.record("Lead", LastName="Nowak", Company="Acme", Email="nowak@example.com", **full)
    direct.sync("full")
    direct.control.patch(f"/salesforce/Lead/{record}", dict.fromkeys(full))
    direct.sync()
    [card] = direct.cards().values()
    kept = [card["fax"], card["address"]["city"], any(one["name"] == "note" for one in card["properties"])]
    assert [value not in (None, False) for value in kept] == [holds] * 3


@pytest.mark.parametrize(("days", "parts"), [(None, 2), (OLD, 2), (YOUNG, 1)])
def test_an_account_that_keeps_what_is_left_out_is_sent_changed_parts_only(
    direct: Direct, sent: list[dict[str, Any]], days: int | None, parts: int
) -> None:
    if days is not None:
        answer(direct, "address_parts", "kept", days=days)
    where = {"City": "Gdynia", "Street": "Long 1"}
    record = direct.record("Lead", LastName="Nowak", Company="Acme", Email="nowak@example.com", **where)
    direct.sync("full")
    sent.clear()
    direct.control.patch(f"/salesforce/Lead/{record}", {"City": "Sopot"})
    direct.sync()
    assert [len(row["contact"]["address"]) for row in sent if "address" in row["contact"]] == [parts]
    [card] = direct.cards().values()
    assert (card["address"]["city"], card["address"]["streetAddress"]) == ("Sopot", "Long 1")


@pytest.mark.parametrize(
    ("said", "days", "asks"), [("refused", YOUNG, False), ("refused", OLD, True), ("there", 1, True)]
)
def test_an_account_without_an_export_is_not_asked_for_one(direct: Direct, said: str, days: int, asks: bool) -> None:
    answer(direct, "export", said, days=days)
    card = direct.contact("nowak@example.com", state="PROSPECT", name="Anna Nowak")
    direct.sync("full")
    assert any("Export" in path or "export" in path for path in paths(direct)) is asks
    assert [record["LastName"] for record in direct.records("Lead").values()] == ["Nowak"], card


@pytest.mark.parametrize("known", [False, True])
def test_pages_that_are_cut_far_down_lose_nobody_once_that_is_known(direct: Direct, known: bool) -> None:
    # A page is asked for again in halves down to 125: below that only the answer of the probe helps.
    direct.control.post("/salesmanago/settings", {"page_limit": 50, "export": "refused"})
    people = [{"email": f"n{number}@example.com", "name": f"N {number}"} for number in range(120)]
    direct.control.post("/salesmanago/contacts", people)
    if known:
        answer(direct, "page_cut", "cut", 50)
    direct.sync("full")
    assert len(direct.records("Lead")) == (120 if known else 50)


@pytest.mark.parametrize("known", [False, True])
def test_a_list_that_is_cut_far_down_loses_nobody_once_that_is_known(direct: Direct, known: bool) -> None:
    direct.sync("full")
    direct.later(3600)
    for number in range(60):
        direct.contact(f"n{number}@example.com", name=f"N {number}")
        direct.later(2)
    # Only the list of new contacts names them: as in an account that does not mark new ones as modified.
    for number, card in enumerate(direct.cards()):
        direct.control.patch(f"/salesmanago/contacts/{card}", {"modifiedOn": 1_000_000 + number})
    direct.control.post("/salesmanago/settings", {"list_limit": 50})
    if known:
        answer(direct, "list_cut", "cut", 50)
    direct.sync()
    assert len(direct.records("Lead")) == (60 if known else 50)


@pytest.mark.parametrize(("days", "named"), [(None, False), (OLD, False), (YOUNG, True)])
def test_a_run_that_stops_at_opt_outs_names_what_the_probe_found_and_stops_all_the_same(
    direct: Direct, days: int | None, named: bool
) -> None:
    for number in range(12):
        record = direct.record("Lead", LastName="N", Company="C", Email=f"n{number}@example.com")
        direct.contact(f"n{number}@example.com", state="PROSPECT", externalId=record, optedOut=True)
    direct.later(3600)
    if days is not None:
        answer(direct, "new_consent", "out", days=days)
    with pytest.raises(FatalError) as caught:
        direct.sync("full")
    assert ("New contacts of it are opted out (probe of 20" in str(caught.value)) is named
