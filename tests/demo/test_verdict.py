from __future__ import annotations

from typing import Any

from demo.dag_run import DagRun
from demo.verdict import full_sync_faults, incremental_sync_faults

SEEDED = {"NO_EMAIL": 3}
SAME = {"salesforce/Lead": [{"Id": "1"}]}


def finished(states: dict[str, str], issues: dict[str, int], written: int = 0) -> DagRun:
    tasks: list[dict[str, Any]] = [{"task_id": task, "state": state} for task, state in states.items()]
    rows = [{"created": written, "updated": 0}]
    found = [{"reason": reason, "count": count} for reason, count in issues.items()]
    return DagRun("a_sync", "run", "failed", tasks, {"rows": rows, "issues": found})


GOOD_FULL = {"plan": "success", "apply": "skipped", "report": "failed"}
GOOD_INCREMENTAL = {"plan": "success", "report": "success"}


def test_a_red_report_on_the_seeded_records_is_what_a_full_sync_shows() -> None:
    assert full_sync_faults(finished(GOOD_FULL, SEEDED), SEEDED) == []


def test_any_other_red_task_is_a_fault() -> None:
    (fault,) = full_sync_faults(finished({**GOOD_FULL, "apply": "upstream_failed"}, SEEDED), SEEDED)
    assert "apply is upstream_failed" in fault


def test_a_green_report_on_bad_records_is_a_fault() -> None:
    (fault,) = full_sync_faults(finished(GOOD_INCREMENTAL, SEEDED), SEEDED)
    assert "not red" in fault


def test_a_red_report_without_bad_records_is_a_fault() -> None:
    (fault,) = full_sync_faults(finished(GOOD_FULL, {}), {})
    assert "no bad record was seeded" in fault


def test_issues_other_than_the_seeded_ones_are_faults_both_ways() -> None:
    faults = full_sync_faults(finished(GOOD_FULL, {"NO_EMAIL": 2, "CONFLICT": 1}), SEEDED)
    assert [fault.split(": ")[1].split(",")[0] for fault in faults] == [
        "1 open issues CONFLICT",
        "2 open issues NO_EMAIL",
    ]


def test_a_green_incremental_sync_that_writes_nothing_is_settled() -> None:
    assert incremental_sync_faults(finished(GOOD_INCREMENTAL, SEEDED), SEEDED, SAME, SAME) == []


def test_an_incremental_sync_that_says_it_wrote_is_a_fault() -> None:
    (fault,) = incremental_sync_faults(finished(GOOD_INCREMENTAL, SEEDED, written=2), SEEDED, SAME, SAME)
    assert "wrote 2 records" in fault


def test_an_incremental_sync_that_changed_a_record_is_a_fault_whatever_it_says() -> None:
    other = {"salesforce/Lead": [{"Id": "1", "Title": "x"}]}
    (fault,) = incremental_sync_faults(finished(GOOD_INCREMENTAL, SEEDED), SEEDED, SAME, other)
    assert "changed records of salesforce/Lead" in fault


def test_a_red_incremental_sync_is_a_fault() -> None:
    (fault,) = incremental_sync_faults(finished(GOOD_FULL, SEEDED), SEEDED, SAME, SAME)
    assert "report is failed" in fault
