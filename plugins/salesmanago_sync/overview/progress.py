"""Progress of the run that is at work: its step, how far it is, how fast it goes and how long it will take."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from salesmanago_sync.ledger.frames import rows_of
from salesmanago_sync.ledger.store import Ledger
from salesmanago_sync.overview.runs import RunLine, read_runs

# The tasks of a run in their order, in plain words.
STEPS = {
    "start": "Starting",
    "preflight": "Checking connections, permissions and mappings",
    "fix_window": "Fixing the time span to read",
    "extract_salesforce": "Reading Salesforce",
    "extract_salesmanago": "Listing the contacts of SALESmanago",
    "extract_contacts": "Reading SALESmanago",
    "gather_counterparts": "Reading the other side of everybody who was read",
    "match": "Finding who belongs together",
    "plan": "Planning",
    "guard": "Holding the plan against the limits",
    "ask": "Asking whether to write",
    "resume": "Waiting for its turn",
    "bind": "Binding people",
    "write_consent": "Writing opt-outs",
    "canary": "Writing the first people, and reading them back",
    "write": "Writing changes",
    "follow_up": "Reading newcomers once more",
    "commit": "Closing what was solved",
    "close": "Adding up",
    "report": "Reporting",
}
# Of an audit and an undo: in words, and which step of a run they stand for.
ELSEWHERE = {
    "compare": ("Comparing both sides", "plan"),
    "certify": ("Adding up", "commit"),
    "alarm": ("Telling what is unexplained", "commit"),
    "repair": ("Preparing the repair", "commit"),
    "undo": ("Putting values back", "write"),
    "tell": ("Reporting", "report"),
}
READING = ("extract_salesforce", "extract_salesmanago", "extract_contacts")
WRITING = ("write_consent", "write")
# A rate measured over less than this says nothing.
SHORTEST = timedelta(seconds=2)


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a run has come.

    Attributes:
        run: The run.
        step: Its task.
        words: What it does there, in plain words.
        position: Number of the step, from 1.
        steps: How many there are.
        started_at: When the step began.
        unit: What is counted: `records read` or `people written`; empty where nothing is.
        done: How many are done.
        total: How many there are; None where nobody knows. While reading it is what the last such run read.
        per_minute: How many a minute; None until there is something to measure.
        left: How long the step will take from now.
    """

    run: RunLine
    step: str
    words: str
    position: int
    steps: int
    started_at: datetime | None
    unit: str
    done: int
    total: int | None
    per_minute: float | None
    left: timedelta | None


def read_progress(ledger: Ledger, now: datetime) -> Progress | None:
    """Read how far the run at work has come.

    Args:
        ledger: The ledger.
        now: The time.

    Returns:
        None when no run holds the lock.
    """
    holder = ledger.lock.holder(now)
    if holder is None:
        return None
    at_work = [run for run in read_runs(ledger) if f"{run.dag_id}/{run.dag_run_id}" == holder.owner]
    return _progress(ledger, at_work[0], now) if at_work else None


def _progress(ledger: Ledger, run: RunLine, now: datetime) -> Progress:
    row = ledger.runs.read(run.id)
    step, began = str(row["step"]), row["step_at"]
    unit, done, total = _counted(ledger, run, step)
    rate = _per_minute(done, began, now)
    left = None
    if rate and total is not None:
        left = timedelta(minutes=max(total - done, 0) / rate)
    names = list(STEPS)
    words, step = ELSEWHERE.get(step, (STEPS.get(step, "Starting"), step))
    return Progress(
        run=run,
        step=step,
        words=words,
        position=names.index(step) + 1 if step in STEPS else 1,
        steps=len(names),
        started_at=began,
        unit=unit,
        done=done,
        total=total,
        per_minute=rate,
        left=left,
    )


def _counted(ledger: Ledger, run: RunLine, step: str) -> tuple[str, int, int | None]:
    if step in READING:
        return "records read", run.records_read, _read_before(ledger, run)
    if step in WRITING:
        total, pending = ledger.changes.count_people(run.id)
        return "people written", total - pending, total
    return "", 0, None


def _read_before(ledger: Ledger, run: RunLine) -> int | None:
    """How many the last run of this mode read: nobody knows the number before everything is read."""
    like: list[dict[str, Any]] = [
        row
        for row in rows_of(ledger.runs.read_newest())
        if row["mode"] == run.mode and row["state"] == "success" and row["restricted"] == run.restricted
    ]
    return int(like[0]["records_read"]) if like and run.mode == "full" else None


def _per_minute(done: int, began: datetime | None, now: datetime) -> float | None:
    if began is None or done == 0 or now - began < SHORTEST:
        return None
    return done / ((now - began) / timedelta(minutes=1))
