"""Synchronisation information: what the sync is doing, what it did, and what it will do next."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from salesmanago_sync.errors import ConfigurationError
from salesmanago_sync.ledger.store import Ledger
from salesmanago_sync.overview.consent import ConsentAges, read_consent_ages
from salesmanago_sync.overview.issues import ReasonCount, count_reasons
from salesmanago_sync.overview.progress import Progress, read_progress
from salesmanago_sync.overview.runs import DIRECTIONS, RunLine, StillAsks, as_kept, read_runs, read_waiting
from salesmanago_sync.settings import Settings
from salesmanago_sync.steps.ports import Variables
from salesmanago_sync.steps.reserve import stopped_until
from salesmanago_sync.steps.watermark import FirstSync, read_first_sync, read_watermark

DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class ActiveRun:
    """A DAG run that is queued or running in Airflow."""

    dag_id: str
    dag_run_id: str
    state: str
    since: datetime | None


@dataclass(frozen=True, slots=True)
class Automatic:
    """The automatic synchronisation, as Airflow plans it.

    Attributes:
        known: Whether Airflow has read the DAG file.
        schedule: The interval in words or as a cron expression; None when it is switched off.
        paused: Whether the DAG is paused.
        next_run: When the next run starts.
        active: Runs of both DAGs that wait or are at work.
    """

    known: bool = False
    schedule: str | None = None
    paused: bool = False
    next_run: datetime | None = None
    active: tuple[ActiveRun, ...] = ()


@dataclass(frozen=True, slots=True)
class Delay:
    """How long changes took from a person's edit to the other side, in incremental runs.

    Attributes:
        direction: Where they went.
        people: How many were measured.
        p50: Half of them were faster.
        p95: All but 5 % were faster.
    """

    direction: str
    people: int
    p50: timedelta
    p95: timedelta


@dataclass(frozen=True, slots=True)
class Calls:
    """API calls.

    Attributes:
        salesforce_used: Calls of the whole org in 24 hours, as Salesforce last said.
        salesforce_allowed: How many it allows.
        salesforce_ours: Calls of the runs that started in the last 24 hours.
        salesmanago_ours: Likewise.
        salesmanago_allowed: What the account's contract allows a day, if a person has set it.
        stopped_until: Until when runs stop for want of calls of Salesforce; nothing where they do not.
    """

    salesforce_used: int | None
    salesforce_allowed: int | None
    salesforce_ours: int
    salesmanago_ours: int
    salesmanago_allowed: int | None
    stopped_until: datetime | None


@dataclass(frozen=True, slots=True)
class Status:
    """Everything on one page.

    Attributes:
        first_sync: How far the first full sync is.
        progress: The run at work.
        waiting: Runs that wait for an answer.
        runs: The newest runs first.
        reasons: Issues by reason, the most frequent first.
        last_sync: Up to when each side was read.
        automatic: The automatic synchronisation.
        delays: From change to arrival, for each direction that was measured.
        calls: API calls.
        consent: How fast opt-outs travel.
        bound: How many people are bound.
        faults: What could not be read, in plain words.
    """

    first_sync: FirstSync
    progress: Progress | None
    waiting: Sequence[RunLine]
    runs: Sequence[RunLine]
    reasons: Sequence[ReasonCount]
    last_sync: Mapping[str, datetime]
    automatic: Automatic
    delays: Sequence[Delay]
    calls: Calls
    consent: ConsentAges
    bound: int
    faults: Sequence[str]

    @property
    def open_issues(self) -> int:
        """How many issues are open."""
        return sum(reason.open for reason in self.reasons)


def read_status(
    ledger: Ledger,
    variables: Variables,
    automatic: Automatic,
    now: datetime,
    settings: Settings,
    still_asks: StillAsks = as_kept,
) -> Status:
    """Read everything on one page.

    Args:
        ledger: The ledger.
        variables: Airflow Variables.
        automatic: What Airflow plans.
        now: The time.
        settings: The settings.
        still_asks: As for `read_runs`.
    """
    faults: list[str] = []
    return Status(
        first_sync=_first_sync(variables, faults),
        progress=read_progress(ledger, now),
        waiting=read_waiting(ledger, now, still_asks),
        runs=read_runs(ledger, still_asks=still_asks),
        reasons=count_reasons(ledger, now),
        last_sync=_last_sync(variables, faults),
        automatic=automatic,
        delays=read_delays(ledger),
        consent=read_consent_ages(ledger, now),
        calls=read_calls(ledger, now, settings),
        bound=sum(ledger.bindings.count_living().values()),
        faults=faults,
    )


def _first_sync(variables: Variables, faults: list[str]) -> FirstSync:
    try:
        return read_first_sync(variables)
    except ConfigurationError as error:
        faults += [str(fault) for fault in error.faults]
        return FirstSync("never", None)


def _last_sync(variables: Variables, faults: list[str]) -> dict[str, datetime]:
    try:
        found = read_watermark(variables)
    except ConfigurationError as error:
        faults += [str(fault) for fault in error.faults]
        return {}
    return {} if found is None else {"salesforce": found.salesforce, "salesmanago": found.salesmanago}


def read_delays(ledger: Ledger) -> list[Delay]:
    """Measure how long the newest changes took, for each direction that has any."""
    frame = ledger.changes.delays()
    found = []
    for direction in DIRECTIONS:
        seconds = frame.loc[frame["direction"].eq(direction), "delay_seconds"].astype("float64")
        if len(seconds):
            half, most = (timedelta(seconds=float(seconds.quantile(share))) for share in (0.5, 0.95))
            found.append(Delay(direction, len(seconds), half, most))
    return found


def read_calls(ledger: Ledger, now: datetime, settings: Settings) -> Calls:
    """Add up the API calls of the last 24 hours."""
    runs = ledger.runs.read_since(now - DAY)
    told = ledger.runs.last_usage()
    return Calls(
        salesforce_used=None if told is None else told.used,
        salesforce_allowed=None if told is None else told.allowed,
        salesforce_ours=int(runs["salesforce_calls"].sum()),
        salesmanago_ours=int(runs["salesmanago_calls"].sum()),
        salesmanago_allowed=settings.salesmanago_calls_per_day,
        stopped_until=stopped_until(ledger, settings, now),
    )
