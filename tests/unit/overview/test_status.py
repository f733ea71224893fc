from __future__ import annotations

from datetime import datetime, timedelta

import pandas as pd

from salesmanago_sync.ledger.store import Ledger
from salesmanago_sync.overview.progress import READING, STEPS, WRITING, read_progress
from salesmanago_sync.overview.runs import Counts, read_runs
from salesmanago_sync.overview.status import Automatic, read_calls, read_delays, read_status
from salesmanago_sync.settings import Settings
from tests.unit.overview.conftest import Shelf

TTL = timedelta(minutes=15)
MINUTE = timedelta(minutes=1)


def started(ledger: Ledger, noon: datetime, name: str = "one", mode: str = "full") -> int:
    dag_id = f"salesmanago_{mode}_sync"
    ledger.lock.take(f"{dag_id}/{name}", noon, TTL)
    return ledger.runs.start(dag_id, name, mode, False, False, noon)


def finished(ledger: Ledger, run: int, noon: datetime, rows: list[dict[str, object]]) -> None:
    ledger.runs.finish(run, "success", noon + MINUTE, {"rows": rows}, "done")
    assert any(line.id == run for line in read_runs(ledger))
    ledger.lock.free(ledger.lock.last_attempt())


def changes(people: int, direction: str = "to_salesmanago") -> pd.DataFrame:
    ids = [f"00Q{number:015}" for number in range(people)]
    frame = pd.DataFrame({"salesforce_id": ids}).merge(pd.DataFrame({"field": ["name", "phone"]}), how="cross")
    return frame.assign(object="Lead", direction=direction, action="update", salesmanago_id="")


def settled(frame: pd.DataFrame, people: int, state: str = "done", **told: object) -> pd.DataFrame:
    return frame[frame["salesforce_id"].isin(frame["salesforce_id"].unique()[:people])].assign(state=state, **told)


def test_nothing_is_at_work_without_a_lock(ledger: Ledger, noon: datetime) -> None:
    run = started(ledger, noon)
    assert read_progress(ledger, noon) is not None
    assert read_progress(ledger, noon + TTL) is None, "the worker was killed"
    finished(ledger, run, noon, [])
    assert read_progress(ledger, noon) is None


def test_a_run_whose_report_is_red_is_not_simply_done(ledger: Ledger, noon: datetime) -> None:
    results = []
    for name, state, new in (("one", "success", 2), ("two", "success", 0), ("three", "failed", 1)):
        run = started(ledger, noon, name)
        issues = [{"reason": "NO_EMAIL", "count": 2, "new": new}]
        ledger.runs.finish(run, state, noon + MINUTE, {"rows": [], "issues": issues}, "")
        ledger.lock.free(ledger.lock.last_attempt())
        results.append(read_runs(ledger)[0].result)
    assert results == ["issues", "success", "failed"]


def test_writing_counts_people_of_the_plan_once_for_each_direction(ledger: Ledger, noon: datetime) -> None:
    run = started(ledger, noon)
    there, back = changes(30), changes(10, "to_salesforce")
    ledger.changes.plan(run, pd.concat([there, back]), noon)
    ledger.runs.begin_step(run, "write", noon)
    ledger.runs.begin_step(run, "write", noon + MINUTE)
    ledger.changes.settle(run, settled(there, 18))
    ledger.changes.settle(run, settled(back, 2, "failed"))
    progress = read_progress(ledger, noon + 2 * MINUTE)
    assert progress is not None
    assert (progress.step, progress.done, progress.total, progress.unit) == ("write", 20, 40, "people written")
    assert progress.started_at == noon, "a second batch goes on with the step"
    assert (progress.per_minute, progress.left) == (10.0, 2 * MINUTE)
    assert (progress.position, progress.steps) == ([*STEPS].index("write") + 1, len(STEPS))


def test_what_was_dropped_counts_neither_as_done_nor_as_to_do(ledger: Ledger, noon: datetime) -> None:
    run = started(ledger, noon)
    plan = changes(10)
    ledger.changes.plan(run, plan, noon)
    ledger.runs.begin_step(run, "write", noon)
    ledger.changes.settle(run, settled(plan, 4, "dropped"))
    progress = read_progress(ledger, noon + MINUTE)
    assert progress is not None
    assert (progress.done, progress.total, progress.per_minute, progress.left) == (0, 6, None, None)


def test_reading_is_measured_against_the_last_full_run(ledger: Ledger, noon: datetime) -> None:
    first = started(ledger, noon)
    ledger.runs.begin_step(first, "extract_salesforce", noon)
    ledger.runs.add_to(first, records_read=600)
    progress = read_progress(ledger, noon + MINUTE)
    assert progress is not None
    assert (progress.done, progress.total, progress.left) == (600, None, None), "nobody knows how many come"
    finished(ledger, first, noon, [])
    second = started(ledger, noon, "two")
    ledger.runs.begin_step(second, "extract_salesmanago", noon)
    ledger.runs.add_to(second, records_read=200)
    progress = read_progress(ledger, noon + MINUTE)
    assert progress is not None
    assert (progress.done, progress.total, progress.left) == (200, 600, 2 * MINUTE)


def test_every_step_of_the_progress_is_known() -> None:
    assert set(READING) | set(WRITING) <= set(STEPS)


def test_who_is_gone_is_not_counted_as_bound(ledger: Ledger, noon: datetime, variables: Shelf) -> None:
    ids = {"salesforce_id": ["00Q1", "00Q2"], "salesmanago_id": ["c1", "c2"]}
    bound = ledger.bindings.add(
        pd.DataFrame({"object": "Lead", "matched_by": "email", **ids}), started(ledger, noon), noon
    )
    ledger.bindings.update(bound[["id"]].head(1).assign(status="deleted"), noon)
    assert read_status(ledger, variables, Automatic(), noon, Settings()).bound == 1


def test_a_run_shows_the_sums_of_its_totals(ledger: Ledger, noon: datetime) -> None:
    row = {"created": 1, "updated": 2, "failed": 3, "planned": 0, "read": 9}
    rows = [{**row, "object": name, "direction": "to_salesforce"} for name in ("Lead", "Contact")]
    finished(ledger, started(ledger, noon), noon, rows)
    [line] = read_runs(ledger)
    assert line.counts == {"to_salesmanago": Counts(), "to_salesforce": Counts(created=2, updated=4, failed=6)}
    assert line.duration == MINUTE
    assert line.is_over


def test_a_delay_is_one_persons_and_of_incremental_runs_only(ledger: Ledger, noon: datetime) -> None:
    for mode, seconds in (("full", 9_000_000), ("incremental", 60)):
        run = started(ledger, noon, mode, mode)
        plan = changes(20)
        ledger.changes.plan(run, plan, noon)
        ledger.changes.settle(run, settled(plan, 19, delay_seconds=seconds))
        ledger.changes.settle(run, plan.tail(2).assign(state="done", delay_seconds=600))
        finished(ledger, run, noon, [])
    [delay] = read_delays(ledger)
    assert (delay.direction, delay.people, delay.p50) == ("to_salesmanago", 20, MINUTE)
    assert MINUTE < delay.p95 < 10 * MINUTE


def test_calls_are_those_of_a_day(ledger: Ledger, noon: datetime) -> None:
    for hours, number in ((30, 1000), (2, 30), (1, 4)):
        run = started(ledger, noon - timedelta(hours=hours), str(hours))
        ledger.runs.add_to(run, salesforce_calls=number, salesmanago_calls=2 * number)
        ledger.runs.update(run, salesforce_calls_today=number, salesforce_calls_allowed=15000)
        ledger.lock.free(ledger.lock.last_attempt())
    calls = read_calls(ledger, noon, Settings())
    assert (calls.salesforce_ours, calls.salesmanago_ours) == (34, 68)
    assert (calls.salesforce_used, calls.salesforce_allowed) == (4, 15000)
    assert calls.salesmanago_allowed is None


def test_an_empty_ledger_has_a_status(ledger: Ledger, variables: Shelf, noon: datetime) -> None:
    status = read_status(ledger, variables, Automatic(), noon, Settings())
    assert (status.first_sync.status, status.progress, list(status.runs), status.open_issues) == ("never", None, [], 0)
    assert not status.faults


def test_variables_say_when_each_side_was_synchronised(ledger: Ledger, variables: Shelf, noon: datetime) -> None:
    later = noon + MINUTE
    variables.set("salesmanago_last_sync", {"salesforce": noon.isoformat(), "salesmanago": later.isoformat()})
    variables.set("salesmanago_first_sync", {"status": "done", "finished_at": noon.isoformat()})
    status = read_status(ledger, variables, Automatic(), noon, Settings())
    assert status.last_sync == {"salesforce": noon, "salesmanago": later}
    assert status.first_sync == ("done", noon)


def test_a_variable_that_cannot_be_read_is_told_and_hides_nothing_else(
    ledger: Ledger, variables: Shelf, noon: datetime
) -> None:
    variables.set("salesmanago_last_sync", ValueError("no JSON"))
    variables.set("salesmanago_first_sync", {"status": "done", "finished_at": "yesterday"})
    status = read_status(ledger, variables, Automatic(), noon, Settings())
    assert [fault.split(":")[0] for fault in status.faults] == ["Variable salesmanago_last_sync"]
    assert (status.last_sync, status.first_sync) == ({}, ("done", None))
