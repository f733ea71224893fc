"""Runs: what they did, in numbers; how far one is; and what the sync is doing now."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from salesmanago_sync.actions.issues import count_issues
from salesmanago_sync.actions.rows import Rows
from salesmanago_sync.errors import FatalError, Fault, UnknownError
from salesmanago_sync.hooks.dag_runs import run_state
from salesmanago_sync.hooks.diagnosis import connection_faults
from salesmanago_sync.hooks.schedule import read_automatic
from salesmanago_sync.overview.issues import ReasonCount
from salesmanago_sync.overview.progress import Progress, read_progress
from salesmanago_sync.overview.readiness import read_readiness
from salesmanago_sync.overview.runs import Counts, RunLine, read_run, read_runs, read_waiting
from salesmanago_sync.overview.status import read_status
from salesmanago_sync.pair import read_dag_id
from salesmanago_sync.steps.ports import Ports


@dataclass(frozen=True, slots=True)
class ToldRun:
    """One run, without anything of a person.

    Attributes:
        id: Its number in the ledger.
        dag_id: The DAG.
        run_id: Airflow's name of it.
        mode: `full`, `incremental`, `consent`, `audit` or `undo`.
        dry_run: Whether it only planned.
        restricted: Whether it looked at a part only.
        result: `running`, `committed`, `success`, `issues` (done, with new issues), `failed`, `asks` or `rejected`.
        started_at: When it started.
        finished_at: When it ended.
        waits_until: Until when it waits for an answer.
        note: Its result in one line.
        counts: People created, updated, failed and planned, for each direction.
        new_issues: How many issues were new in it, or came back.
        records_read: How many records and contacts were read.
        salesforce_calls: Requests to Salesforce.
        salesmanago_calls: Requests to SALESmanago.
    """

    id: int
    dag_id: str
    run_id: str
    mode: str
    dry_run: bool
    restricted: bool
    result: str
    started_at: datetime
    finished_at: datetime | None
    waits_until: datetime | None
    note: str
    counts: Mapping[str, Counts]
    new_issues: int
    records_read: int
    salesforce_calls: int
    salesmanago_calls: int


@dataclass(frozen=True, slots=True)
class FollowedRun:
    """How far a run is that Airflow has started.

    Attributes:
        dag_id: The DAG.
        run_id: Airflow's name of it.
        state: `queued`, `running`, `success` or `failed`.
        failed_tasks: Its tasks that failed themselves.
        paused: Whether the DAG is paused: no further task of the run starts.
        run: Its number in the ledger; nothing until its first task has begun.
        result: As of a run of the ledger; empty until then.
        note: Its result in one line.
        totals: One row for each object and direction, once it has come to its end.
    """

    dag_id: str
    run_id: str
    state: str
    failed_tasks: tuple[str, ...]
    paused: bool
    run: int | None
    result: str
    note: str
    totals: list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Working:
    """The run that is at work.

    Attributes:
        run: The run.
        step: What it does, in plain words.
        position: Number of the step, from 1.
        steps: How many there are.
        unit: What is counted; empty where nothing is.
        done: How many are done.
        of: How many there are; nothing where nobody knows.
        seconds_left: How long the step will take from now; nothing where nobody knows.
    """

    run: ToldRun
    step: str
    position: int
    steps: int
    unit: str
    done: int
    of: int | None
    seconds_left: float | None


@dataclass(frozen=True, slots=True)
class Summary:
    """What the sync is doing, did, and will do next.

    Attributes:
        first_sync: How far the first full sync is: `never`, `running`, `done` or `failed`.
        last_sync: Up to when each side was read.
        bound: How many people are bound.
        open_issues: How many issues are open.
        reasons: Issues by reason.
        schedule: The interval of the automatic synchronisation; nothing where there is none.
        paused: Whether it is paused.
        next_run: When its next run starts.
        working: The run at work.
        waiting: Runs that wait for an answer.
        last_run: The newest run.
        full_sync_due: Objects whose mapping changed since their last full sync.
        faults: What stands in the way of a run, or cannot be read.
    """

    first_sync: str
    last_sync: Mapping[str, datetime]
    bound: int
    open_issues: int
    reasons: list[ReasonCount]
    schedule: str | None
    paused: bool
    next_run: datetime | None
    working: Working | None
    waiting: list[ToldRun]
    last_run: ToldRun | None
    full_sync_due: tuple[str, ...]
    faults: list[str]


def summarise(ports: Ports) -> Rows[Summary]:
    """Say what the sync is doing, did, and will do next; no service is asked."""
    found = read_status(
        ports.ledger, ports.variables, read_automatic(ports.pair), ports.now(), ports.settings, ports.still_asks
    )
    ready = read_readiness(ports, connection_faults(ports.pair))
    summary = Summary(
        first_sync=found.first_sync.status,
        last_sync=found.last_sync,
        bound=found.bound,
        open_issues=found.open_issues,
        reasons=count_issues(ports).rows,
        schedule=found.automatic.schedule,
        paused=found.automatic.paused,
        next_run=found.automatic.next_run,
        working=_working(read_progress(ports.ledger, ports.now())),
        waiting=[told(run) for run in read_waiting(ports.ledger, ports.now(), ports.still_asks)],
        last_run=told(found.runs[0]) if found.runs else None,
        full_sync_due=ready.due,
        faults=[str(fault) for fault in ready.obstacles("full")],
    )
    return Rows[Summary].of([summary])


def list_runs(ports: Ports, offset: int, limit: int) -> Rows[ToldRun]:
    """List runs, the newest first."""
    found = read_runs(ports.ledger, limit, offset, still_asks=ports.still_asks)
    return Rows[ToldRun].of([told(run) for run in found], total=ports.ledger.runs.count())


def show_run(ports: Ports, name: str) -> Rows[ToldRun]:
    """Show one run.

    Raises:
        UnknownError: The ledger has none of that number.
    """
    return Rows[ToldRun].of([told(read_run(ports.ledger, find_run(ports, name), still_asks=ports.still_asks))])


def find_run(ports: Ports, name: str) -> int:
    """Find a run by its number in the ledger, or `last`.

    Raises:
        UnknownError: There is none.
    """
    try:
        if name == "last":
            return int(ports.ledger.runs.read_newest(1)["id"].iloc[0])
        return int(ports.ledger.runs.read(int(name))["id"])
    except (LookupError, ValueError):
        known = ", ".join(str(number) for number in ports.ledger.runs.read_newest(10)["id"]) or "none yet"
        fault = Fault("run", f"the ledger has no run {name!r}.", f"Newest runs: {known}. Or: last.")
        raise UnknownError([fault]) from None


def follow_run(ports: Ports, dag_id: str, run_id: str) -> Rows[FollowedRun]:
    """Say how far a run is that Airflow has started.

    Raises:
        UnknownError: Airflow has no such run, or it is none of this pair of accounts.
    """
    whose = read_dag_id(dag_id)
    if whose is None or whose[0] != ports.pair.name:
        what = f"{dag_id} is no DAG of the pair {ports.pair.name}."
        raise UnknownError([Fault("dag_id", what, f"Such as {ports.pair.full_sync}.")])
    try:
        state = run_state(dag_id, run_id)
    except FatalError as error:
        fix = "Give the DAG and the name that the start of the run answered."
        raise UnknownError([Fault("run_id", str(error), fix)]) from None
    kept = ports.ledger.runs.find(dag_id, run_id)
    totals = (kept or {}).get("totals") or {"rows": [], "note": ""}
    line = None if kept is None else read_run(ports.ledger, int(kept["id"]), still_asks=ports.still_asks)
    followed = FollowedRun(
        dag_id=dag_id,
        run_id=run_id,
        state=state.state,
        failed_tasks=state.failed,
        paused=state.paused,
        run=None if line is None else line.id,
        result="" if line is None else line.result,
        note=totals["note"] or ("" if line is None else line.note),
        totals=rows_of_totals(totals),
    )
    return Rows[FollowedRun].of([followed])


def rows_of_totals(totals: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Lay out the totals of a run: one row for each object and direction."""
    return [
        {**row, "skipped": ", ".join(f"{reason} {count}" for reason, count in row["skipped"].items())}
        for row in totals["rows"]
    ]


def told(run: RunLine) -> ToldRun:
    """Leave out of a run what may be of a person: what a service said."""
    copied = {name: getattr(run, name) for name in ToldRun.__dataclass_fields__ if name != "run_id"}
    return ToldRun(run_id=run.dag_run_id, **copied)


def _working(progress: Progress | None) -> Working | None:
    if progress is None:
        return None
    return Working(
        run=told(progress.run),
        step=progress.words,
        position=progress.position,
        steps=progress.steps,
        unit=progress.unit,
        done=progress.done,
        of=progress.total,
        seconds_left=None if progress.left is None else progress.left.total_seconds(),
    )
