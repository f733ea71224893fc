"""Runs that die: nobody is made twice, nothing is lost, and one run works at a time."""

from __future__ import annotations

import pytest

from tests.integration.sync import Killed, Sync

pytestmark = pytest.mark.airflow


def people(sync: Sync) -> None:
    """Somebody to be created on either side."""
    sync.map("lead")
    for number in range(2):
        sync.lead(Email=f"lead{number}@example.com", City="Łódź")
        sync.contact(f"contact{number}@example.com", name="Ewa Nowa", company="Nowa Spółka")


def assert_at_rest(sync: Sync) -> None:
    """Everybody is there once, on both sides, and nothing is left to write."""
    everybody = sorted(f"{name}{number}@example.com" for name in ("lead", "contact") for number in range(2))
    assert sorted(lead["Email"] for lead in sync.records("Lead")) == everybody
    assert sorted(card["email"] for card in sync.cards()) == everybody
    assert sync.card_of("lead0@example.com")["address"]["city"] == "Łódź"
    assert len(sync.bindings()) == len(everybody)
    assert sync.issues() == {}
    sync.forget_calls()
    run = sync.incremental()
    assert run.green, run.log
    assert sync.writes() == []


def test_an_answer_that_is_lost_after_a_write_makes_nobody_twice(sync: Sync) -> None:
    people(sync)
    sync.fault("salesmanago", "reset_after", "upsert")
    sync.fault("salesforce", "reset_after", "composite/sobjects$", method="POST")
    run = sync.full()
    assert run.state == "failed"
    assert sync.control.get("/faults") == [], "both faults were met"
    run = sync.full()
    assert run.state == "success", run.log
    assert_at_rest(sync)


def test_a_run_that_dies_between_write_and_commit_is_taken_over_and_finished(sync: Sync) -> None:
    people(sync)

    def die() -> None:
        raise Killed

    with pytest.raises(Killed):
        sync.full(before={"commit": die})
    assert sync.watermark is None
    sync.set(lock_wait_seconds="0")
    waiting = sync.full()
    assert waiting.red >= {"start"}
    waiting.says("The run salesmanago_full_sync/", "holds the lock")
    sync.rows("UPDATE run_lock SET expires_at = heartbeat_at")
    run = sync.full()
    assert run.green, run.log
    assert_at_rest(sync)


def test_a_ledger_that_fails_just_after_a_write_costs_nothing(sync: Sync) -> None:
    people(sync)
    assert sync.full(dry_run=True).green  # makes the tables
    sync.rows("CREATE TRIGGER full_disk BEFORE INSERT ON bindings BEGIN SELECT RAISE(ABORT, 'disk full'); END")
    run = sync.full()
    assert run.state == "failed"
    assert len(sync.cards()) == len(sync.records("Lead")) == 4, "the writes arrived"
    assert sync.bindings() == {}
    sync.rows("DROP TRIGGER full_disk")
    run = sync.full()
    assert run.green, run.log
    assert_at_rest(sync)


def test_a_scheduled_run_gives_way(sync: Sync) -> None:
    people(sync)
    early = sync.incremental(scheduled=True)
    assert (early.state, early.tasks["start"]) == ("success", "skipped")
    early.says("The first full sync was not done yet")
    assert sync.full().green
    sync.rows(
        "UPDATE run_lock SET owner = 'salesmanago_full_sync/other', note = 'full', expires_at = :then",
        then="2999-01-01 00:00:00.000000",
    )
    busy = sync.incremental(scheduled=True)
    assert (busy.state, busy.tasks["start"]) == ("success", "skipped")
    busy.says("The run salesmanago_full_sync/other (full) is still at work")


def test_a_lost_ledger_asks_for_a_full_sync_which_finds_everybody_again(sync: Sync) -> None:
    people(sync)
    assert sync.full().green
    known = sync.bindings()
    for table in ("bindings", "mapping_state"):
        sync.rows(f"DELETE FROM {table}")  # noqa: S608 - names of this test
    sync.forget_calls()
    lost = sync.incremental()
    assert lost.red >= {"start"}
    lost.says("it has been lost", "Run salesmanago_full_sync first")
    run = sync.full()
    assert run.green, run.log
    assert sync.writes() == []
    assert sync.bindings() == known
