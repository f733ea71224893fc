"""A real scheduler, and people who answer the question of a run: in time, at once, or with no."""

from __future__ import annotations

import time
from datetime import UTC, datetime

import pytest

from salesmanago_sync.ledger.store import Ledger
from tests.operations.conftest import FULL, INCREMENTAL, MOST_CREATED, last_run, lead, settle
from tests.operations.operator_api import OperatorApi
from tests.twin_server import Control

pytestmark = pytest.mark.timeout(1800)

BEHIND = ("resume", "bind", "write_consent", "write", "follow_up", "commit")
# Longer than a task needs to go to rest once it has asked.
REST_SECONDS = 8


def addresses(control: Control) -> set[str]:
    return {card["email"] for card in control.get("/salesmanago/contacts")}


def plant(control: Control, name: str) -> set[str]:
    """Make more Leads than a run creates without asking."""
    names = [f"{name}{number}" for number in range(MOST_CREATED + 1)]
    for each in names:
        lead(control, each)
    settle(control)
    return {f"{each}@example.com" for each in names}


def wait_for_question(api: OperatorApi, run: str) -> None:
    """Wait until a run has asked and gone to rest."""
    api.reached(FULL, run, "ask", "awaiting_input")
    time.sleep(REST_SECONDS)


def test_a_rejected_run_writes_nothing_and_held_nothing_while_it_waited(
    api: OperatorApi, control: Control, anna: str, ledger: Ledger
) -> None:
    new = plant(control, "first")
    run = api.trigger(FULL)
    wait_for_question(api, run)
    question = api.question(FULL, run) or {}
    assert "4 people are created; without asking 3" in question["body"]
    assert ledger.lock.holder(datetime.now(UTC)) is None
    assert last_run(ledger)["state"] == "asks"

    other = api.trigger_for(INCREMENTAL, ids=[anna])
    assert api.ended(INCREMENTAL, other) == "success", "other runs go on"

    api.answer(FULL, run, "Reject")
    assert api.ended(FULL, run) == "success"
    states = api.states(FULL, run)
    assert {name: states[name] for name in BEHIND} == dict.fromkeys(BEHIND, "skipped")
    assert not new & addresses(control)
    assert ledger.runs.find(FULL, run)["state"] == "rejected"  # type: ignore[index]
    assert ledger.lock.holder(datetime.now(UTC)) is None


def test_an_approved_run_goes_on_under_a_new_number(
    api: OperatorApi, control: Control, anna: str, ledger: Ledger
) -> None:
    new = plant(control, "second")
    run = api.trigger(FULL)
    wait_for_question(api, run)
    asked = last_run(ledger)["attempt"]
    api.answer(FULL, run, "Approve", objects=[], direction="both", fields=[])
    assert api.ended(FULL, run) == "success", api.states(FULL, run)
    assert new <= addresses(control)
    assert last_run(ledger)["attempt"] > asked
    assert last_run(ledger)["state"] == "success"
    assert ledger.lock.holder(datetime.now(UTC)) is None


def test_an_answer_that_comes_at_once_harms_nobody(
    api: OperatorApi, control: Control, anna: str, ledger: Ledger
) -> None:
    """Airflow may fail a task that is answered before it has gone to rest: it asks once more, soon."""
    new = plant(control, "third")
    run = api.trigger(FULL)
    while api.question(FULL, run) is None:
        time.sleep(0.05)
    api.answer(FULL, run, "Approve", objects=[], direction="both", fields=[])
    time.sleep(REST_SECONDS)
    while (state := api.states(FULL, run)["ask"]) not in ("success", "awaiting_input"):
        time.sleep(0.5)
    if state == "awaiting_input":
        assert not new & addresses(control)
        assert ledger.lock.holder(datetime.now(UTC)) is None
        wait_for_question(api, run)
        api.answer(FULL, run, "Approve", objects=[], direction="both", fields=[])
    assert api.ended(FULL, run) == "success"
    assert new <= addresses(control)
    assert ledger.lock.holder(datetime.now(UTC)) is None
