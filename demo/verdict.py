"""Whether the demo showed what it promises: expected reds only, seeded issues only, nothing left to write."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from demo.dag_run import REPORT_TASK

if TYPE_CHECKING:
    from demo.dag_run import DagRun


def full_sync_faults(run: DagRun, seeded: dict[str, int]) -> list[str]:
    """Return what is wrong with the full sync; the report task alone is red, and exactly for the seeded records."""
    bad = {task["task_id"]: str(task["state"]) for task in run.bad_tasks()}
    faults = [f"{run.dag}: task {task} is {state}." for task, state in bad.items() if task != REPORT_TASK]
    if seeded and bad.get(REPORT_TASK) != "failed":
        faults.append(f"{run.dag}: the {REPORT_TASK} task is not red although bad records were seeded.")
    if not seeded and REPORT_TASK in bad:
        faults.append(f"{run.dag}: the {REPORT_TASK} task is red although no bad record was seeded.")
    return faults + issue_faults(run, seeded)


def issue_faults(run: DagRun, seeded: dict[str, int]) -> list[str]:
    """Return where the open issues differ from the seeded ones."""
    found = run.issues()
    return [
        f"{run.dag}: {found.get(reason, 0)} open issues {reason}, but {seeded.get(reason, 0)} such records were seeded."
        for reason in sorted(found.keys() | seeded.keys())
        if found.get(reason, 0) != seeded.get(reason, 0)
    ]


def incremental_sync_faults(
    run: DagRun, seeded: dict[str, int], before: dict[str, Any], after: dict[str, Any]
) -> list[str]:
    """Return what is wrong with the incremental sync: it is green, knows the issues, and has nothing to write."""
    faults = [f"{run.dag}: task {task['task_id']} is {task['state']}." for task in run.bad_tasks()]
    if run.written():
        faults.append(f"{run.dag}: it says it wrote {run.written()} records, though nothing had changed.")
    for path in before:
        if before[path] != after[path]:
            faults.append(f"{run.dag}: it changed records of {path}, though nothing had changed.")
    return faults + issue_faults(run, seeded)
