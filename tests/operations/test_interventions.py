"""A real scheduler, and people who set runs to failed, clear tasks and mark them: nobody is harmed, nothing is stuck.

The tests build on one another, because each run in a real Airflow takes most of a minute.
"""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from salesmanago_sync.ledger.store import Ledger
from tests.operations.conftest import INCREMENTAL, last_run, settle
from tests.operations.operator_api import OperatorApi
from tests.twin_server import Control

pytestmark = pytest.mark.timeout(1800)

OVERTAKEN = "is no longer the current one"
LIMIT = [{"errorCode": "REQUEST_LIMIT_EXCEEDED", "message": "TotalRequests Limit exceeded."}]


def prospect(control: Control, name: str) -> str:
    card = {"email": f"{name}@example.com", "name": "Ewa Nowa", "company": "Nowa Spółka", "state": "PROSPECT"}
    return str(control.post("/salesmanago/contacts", card)["ids"][0])


def leads(control: Control) -> list[str]:
    return sorted(row["Email"] for row in control.get("/salesforce/Lead"))


def opted_out(control: Control) -> int:
    flags = [row["HasOptedOutOfEmail"] for row in control.get("/salesforce/Lead")]
    return sum(flags) + sum(card["optedOut"] for card in control.get("/salesmanago/contacts"))


def test_a_run_that_is_set_to_failed_frees_the_lock(
    api: OperatorApi, control: Control, anna: str, ledger: Ledger
) -> None:
    settle(control)
    control.post(
        "/faults",
        {"system": "salesmanago", "kind": "latency", "path": "paginatedModifiedContacts", "seconds": 60, "times": 1},
    )
    run = api.trigger(INCREMENTAL)
    api.reached(INCREMENTAL, run, "extract_salesmanago")
    api.set_failed(INCREMENTAL, run)
    assert api.ended(INCREMENTAL, run) == "failed"
    assert api.states(INCREMENTAL, run)["close"] == "success"
    control.delete("/faults")
    assert ledger.lock.holder(datetime.now(UTC)) is None
    assert last_run(ledger)["state"] == "failed"


def refuse_creates(control: Control) -> None:
    fault = {"system": "salesforce", "kind": "status", "method": "POST", "path": "composite/sobjects", "status": 403}
    control.post("/faults", {**fault, "body": LIMIT, "times": None})


def test_a_failed_task_that_is_cleared_with_what_comes_after_it_goes_on(
    api: OperatorApi, control: Control, anna: str
) -> None:
    prospect(control, "ewa")
    settle(control)
    refuse_creates(control)
    run = api.run(INCREMENTAL)
    assert api.states(INCREMENTAL, run)["write"] == "failed"
    control.delete("/faults")
    api.clear_task(INCREMENTAL, run, "write", downstream=True)
    assert api.ended(INCREMENTAL, run) == "success", api.states(INCREMENTAL, run)
    assert leads(control) == ["anna@example.com", "ewa@example.com"]


def test_failed_tasks_that_are_cleared_after_a_newer_run_carry_no_old_plan_out(
    api: OperatorApi, control: Control, anna: str, ledger: Ledger
) -> None:
    prospect(control, "jan")
    settle(control)
    refuse_creates(control)
    old = api.run(INCREMENTAL)
    assert api.states(INCREMENTAL, old)["write"] == "failed"
    control.delete("/faults")

    newer = api.run(INCREMENTAL)
    assert api.run_state(INCREMENTAL, newer) == "success"
    assert leads(control) == ["anna@example.com", "ewa@example.com", "jan@example.com"]
    watermark = last_run(ledger)["window"]

    api.clear_failed(INCREMENTAL, old)
    assert api.ended(INCREMENTAL, old) == "failed"
    assert OVERTAKEN in api.log(INCREMENTAL, old, "write")
    assert ledger.lock.holder(datetime.now(UTC)) is None

    api.clear_task(INCREMENTAL, old, "plan", downstream=False)
    assert api.ended(INCREMENTAL, old) == "failed"
    assert "is not staged" in api.log(INCREMENTAL, old, "plan")
    assert ledger.lock.holder(datetime.now(UTC)) is None

    api.clear_all(INCREMENTAL, old)
    assert api.ended(INCREMENTAL, old) == "success"
    assert leads(control) == ["anna@example.com", "ewa@example.com", "jan@example.com"]
    assert opted_out(control) == 0
    assert last_run(ledger)["window"] == watermark, "the newer run's own line is as it was"
    assert ledger.lock.holder(datetime.now(UTC)) is None


def test_a_write_that_is_marked_by_hand_moves_no_watermark(
    api: OperatorApi, control: Control, anna: str, ledger: Ledger
) -> None:
    control.patch(f"/salesforce/Lead/{anna}", {"City": "Łódź"})
    settle(control)
    control.post("/faults", {"system": "salesmanago", "kind": "latency", "path": "upsert", "seconds": 120, "times": 1})
    run = api.trigger(INCREMENTAL)
    write = api.reached(INCREMENTAL, run, "write")
    api.mark_success(INCREMENTAL, run, write)
    assert api.ended(INCREMENTAL, run) == "failed"
    control.delete("/faults")
    states = api.states(INCREMENTAL, run)
    assert (states["write"], states["commit"], states["close"], states["report"]) == (
        "success",
        "failed",
        "success",
        "failed",
    )
    assert "planned changes were never written" in api.log(INCREMENTAL, run, "commit")
    assert ledger.lock.holder(datetime.now(UTC)) is None
