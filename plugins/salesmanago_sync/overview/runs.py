"""Runs as a person is shown them: what each one did, in numbers."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from salesmanago_sync.domain.merge.merge import TO_SALESFORCE, TO_SALESMANAGO
from salesmanago_sync.domain.reasons import SKIPS
from salesmanago_sync.ledger.frames import rows_of
from salesmanago_sync.ledger.runs import ASKS
from salesmanago_sync.ledger.store import Ledger
from salesmanago_sync.steps.start import UNANSWERED

DIRECTIONS = (TO_SALESMANAGO, TO_SALESFORCE)
CHARTED = 30
StillAsks = Callable[[str, str], bool]


@dataclass(frozen=True, slots=True)
class Counts:
    """How many people of a run had which end, in one direction."""

    created: int = 0
    updated: int = 0
    failed: int = 0
    planned: int = 0


@dataclass(frozen=True, slots=True)
class Skipped:
    """How many people of a run were left alone for one reason.

    Attributes:
        object: The object.
        direction: Which side would have been written.
        reason: Reason code.
        meaning: The same in plain words.
        fix: What to do if they should take part.
        people: How many.
    """

    object: str
    direction: str
    reason: str
    meaning: str
    fix: str
    people: int


@dataclass(frozen=True, slots=True)
class RunLine:
    """One run.

    Attributes:
        id: Its number in the ledger.
        dag_id: The DAG.
        dag_run_id: Airflow's name of it.
        mode: `full` or `incremental`.
        dry_run: Whether it only planned.
        restricted: Whether it looked at a part only.
        state: `running`, `committed` (nearly done), `success` or `failed`.
        started_at: When it started.
        finished_at: When it ended.
        note: Its result in one line.
        counts: For each direction.
        new_issues: How many issues were new in it, or came back: with any, its report is red in Airflow.
        records_read: How many records and contacts were read.
        salesforce_calls: Requests to Salesforce.
        salesmanago_calls: Requests to SALESmanago.
        service_words: What a service said when it refused a whole request. May hold personal data.
        waits_until: Until when it waits for the answer to its question; nothing where it does not.
        calls_planned: How many requests to `salesmanago` and to `salesforce` it said that it would make to write;
            nothing where it did not plan.
        skipped: Whom it left alone on purpose, and why; nothing until it has come to its end.
    """

    id: int
    dag_id: str
    dag_run_id: str
    mode: str
    dry_run: bool
    restricted: bool
    state: str
    started_at: datetime
    finished_at: datetime | None
    note: str
    counts: Mapping[str, Counts]
    new_issues: int
    records_read: int
    salesforce_calls: int
    salesmanago_calls: int
    service_words: str
    waits_until: datetime | None = None
    calls_planned: Mapping[str, int] | None = None
    skipped: tuple[Skipped, ...] = ()

    @property
    def asks(self) -> bool:
        """Whether it waits for an answer."""
        return self.state == ASKS

    @property
    def result(self) -> str:
        """Its state; `issues` where it came to its end and found what needs a person."""
        return "issues" if self.state == "success" and self.new_issues else self.state

    @property
    def duration(self) -> timedelta | None:
        """How long it took."""
        return None if self.finished_at is None else self.finished_at - self.started_at

    @property
    def is_over(self) -> bool:
        """Whether it came to its end, well or not."""
        return self.finished_at is not None


def as_kept(dag_id: str, dag_run_id: str) -> bool:
    """Take the ledger's word that the question of a run still waits."""
    return True


def read_runs(
    ledger: Ledger, limit: int = CHARTED, offset: int = 0, *, still_asks: StillAsks = as_kept
) -> list[RunLine]:
    """Read the newest runs first.

    Args:
        ledger: The ledger.
        limit: How many at most.
        offset: How many to leave out.
        still_asks: Tells of a run that asked whether its question can still be answered (`Ports.still_asks`).
    """
    return [_line(row, still_asks) for row in rows_of(ledger.runs.read_newest(limit, offset))]


def read_waiting(ledger: Ledger, now: datetime, still_asks: StillAsks) -> list[RunLine]:
    """Read the runs that wait for the answer to their question, the oldest first; arguments as for `read_runs`."""
    lines = [_line(row, still_asks) for row in ledger.runs.read_waiting(now)]
    return [line for line in lines if line.asks]


def read_run(ledger: Ledger, run_id: int, *, still_asks: StillAsks = as_kept) -> RunLine:
    """Read one run; arguments as for `read_runs`.

    Raises:
        LookupError: There is none.
    """
    return _line(ledger.runs.read(run_id), still_asks)


def _line(row: Mapping[str, Any], still_asks: StillAsks) -> RunLine:
    totals = row["totals"] if isinstance(row["totals"], dict) else {}
    copied = {name: row[name] for name in RunLine.__dataclass_fields__ if name in row}
    counts = {way: _counts(totals.get("rows", []), way) for way in DIRECTIONS}
    line = RunLine(
        counts=counts,
        new_issues=sum(issue["new"] for issue in totals.get("issues", [])),
        skipped=tuple(_skipped(totals.get("rows", []))),
        **copied,
    )
    if not line.asks:
        return line
    if "answer" in row["question"]:
        return replace(line, state="running", waits_until=None)
    if not still_asks(line.dag_id, line.dag_run_id):
        return replace(line, state="failed", note=UNANSWERED, waits_until=None)
    return line


def _skipped(rows: list[dict[str, Any]]) -> Iterator[Skipped]:
    for row in rows:
        for code, people in row.get("skipped", {}).items():
            # A ledger may be older than the code, or newer.
            meaning, fix = (SKIPS[code].meaning, SKIPS[code].fix) if code in SKIPS else ("", "")
            yield Skipped(row["object"], row["direction"], code, meaning, fix, people)


def _counts(rows: list[dict[str, Any]], direction: str) -> Counts:
    mine = [row for row in rows if row["direction"] == direction]
    return Counts(**{name: sum(row[name] for row in mine) for name in Counts.__dataclass_fields__})
