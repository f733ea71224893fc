"""`airflow salesmanago probe` shows, asks and removes; a sync during and after it takes nobody of it for a person."""

from __future__ import annotations

import pytest

from salesmanago_sync.domain.probe.questions import QUESTIONS
from tests.integration.commands import here
from tests.integration.sync import Sync

LEFT = "salesmanago-sync-probe-0123abcd-"


@pytest.fixture
def account(sync: Sync) -> Sync:
    sync.map("lead")
    return sync


def test_a_person_looks_asks_and_finds_the_answers(account: Sync, airflow: None) -> None:
    looked = here("probe", "--output", "json")
    assert looked.code == 0, looked.err
    assert [row["answer"] for row in looked.rows] == ["open"] * len(QUESTIONS)
    assert "Nothing was sent" in looked.err
    assert "rules" in looked.err.casefold()
    assert account.control.get("/calls")["log"] == []

    asked = here("probe", "--apply", "--output", "json")
    assert asked.code == 0, asked.err
    assert {row["question"]: row["answer"] for row in asked.rows}["Do tags mind case?"] == "upper"
    assert account.cards() == []
    assert account.records("Lead") == []
    secret = account.twin.salesmanago["api_secret"]
    assert secret not in asked.out + asked.err
    assert [row["question"] for row in here("probe", "--output", "json").rows] == [one.asks for one in QUESTIONS]
    doctor = {row["check"]: row for row in here("doctor", "--output", "json").rows}["Answers of the probe"]
    assert (doctor["result"], "12 of 14" in doctor["finding"]) == ("ok", True)
    account.set(probe_days="0")
    assert "upper (old)" in [row["answer"] for row in here("probe", "--output", "json").rows]


def test_the_calls_that_are_announced_are_about_those_that_are_made(account: Sync) -> None:
    looked = here("probe", "--output", "json")
    account.forget_calls()
    here("probe", "--apply")
    made = len(account.control.get("/calls")["log"])
    contacts, calls = (sum(row[name] for row in looked.rows) for name in ("contacts", "calls"))
    assert contacts == len(account.rows("SELECT address FROM probe_contacts"))
    assert abs(calls + 2 * contacts - made) <= made / 8, (calls, contacts, made)


def test_remove_takes_away_what_a_killed_probe_left(account: Sync) -> None:
    here("probe")
    known = "salesmanago-sync-probe-0123abcd-card@example.com"
    account.contact(known)
    connection = account.rows("SELECT account FROM probe_answers")
    assert connection == []
    here("probe", "--apply")
    [hashed] = {row["account"] for row in account.rows("SELECT account FROM probe_answers")}
    account.rows(
        "INSERT INTO probe_contacts (address, account, made_at) VALUES (:address, :account, '2026-01-01')",
        address=known,
        account=hashed,
    )
    assert "1 contacts of an earlier probe" in here("probe").err
    removed = here("probe", "--remove", "--output", "json")
    assert (removed.code, removed.rows) == (0, [{"contacts": 1, "removed": 1, "left": 0}])
    assert account.cards() == []
    assert here("probe", "--remove", "--output", "json").rows == [{"contacts": 0, "removed": 0, "left": 0}]
    assert here("probe", "--apply", "--remove").code == 1


def test_a_sync_beside_a_probe_and_after_one_that_was_killed_leaves_its_contacts_alone(account: Sync) -> None:
    mine = account.contact("anna@example.com", name="Anna Nowak", state="PROSPECT")
    for role in ("card", "out", "CASE"):
        account.contact(f"{LEFT}{role}@example.com", name="p1", state="PROSPECT", optedOut=role == "out")
    assert account.full().green
    account.later(3600)
    for card in account.cards():
        if card["id"] != mine:
            account.edit_card(card["id"], name="p2", tags=["X"])
    assert account.incremental().green
    account.edit_card(mine, name="Anna Maria Nowak")
    for card in account.cards():
        if card["id"] != mine:
            account.purge_card(card["id"])
    assert account.incremental().green
    assert account.full().green
    assert [record["Email"] for record in account.records("Lead")] == ["anna@example.com"]
    assert list(account.bindings().values()) == [mine]
    assert account.issues() == {}


def test_no_rights_no_contacts(account: Sync) -> None:
    account.connect("salesmanago_default", password="wrong-secret-0123456789")
    refused = here("probe", "--apply")
    assert refused.code == 1
    assert "API Secret" in refused.err
    assert "wrong-secret" not in refused.out + refused.err
    assert account.cards() == []
    account.connect("salesmanago_default", owner="<script>@example.com")
    foreign = here("probe", "--apply")
    assert (foreign.code, "Data Owner" in foreign.err) == (1, True)
    assert account.cards() == []


def test_a_domain_that_is_none_is_a_fault(account: Sync) -> None:
    account.set(probe_domain="x@<script>")
    refused = here("probe")
    assert refused.code == 1
    assert "SALESMANAGO_SYNC_PROBE_DOMAIN" in refused.err


def test_the_dag_tells_first_then_asks_and_removes(account: Sync) -> None:
    looked = account.run("salesmanago_probe")
    assert (looked.green, looked.tasks) == (True, dict.fromkeys(("look", "ask", "remove"), "skipped"))
    assert "throw-away contacts" in looked.log
    assert account.writes() == []
    asked = account.run("salesmanago_probe", check_only=False)
    assert (asked.green, asked.tasks) == (True, dict.fromkeys(("look", "ask", "remove"), "success"))
    assert account.cards() == []
    assert account.twin.salesmanago["api_secret"] not in asked.log + account.xcoms()
    assert account.twin.salesmanago["owner"] not in asked.log + account.xcoms()
    alone = account.run("salesmanago_probe", check_only=False, remove_only=True)
    assert (alone.green, alone.tasks["ask"], alone.tasks["remove"]) == (True, "skipped", "success")


def test_the_dag_removes_what_is_left_and_is_red_where_it_cannot(account: Sync) -> None:
    account.fault("salesmanago", "status", "contact/delete", status=500, times=1000)
    red = account.run("salesmanago_probe", check_only=False)
    assert (red.red, red.tasks["ask"]) == ({"remove"}, "success")
    red.says("throw-away contacts are left", "salesmanago-sync-probe-")
    account.control.delete("/faults")
    assert account.run("salesmanago_probe", check_only=False, remove_only=True).green
    assert account.cards() == []
